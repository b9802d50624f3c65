"""The tree against RFC 6962's definitions written out, its published vectors, and a development oracle."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import merkle
from gateway.core.merkle import Frontier, NotProven

# certificate-transparency/cpp, merkletree/merkle_tree_test.cc: the inputs and roots that RFC 6962's authors test with
INPUTS = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

sizes = st.integers(1, 130)


def leaves(count):
    return [merkle.leaf_hash(str(number).encode()) for number in range(count)]


def mth(hashes):
    """MTH of RFC 6962, § 2.1, as its text has it."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return sha256(b"\x01" + mth(hashes[:k]) + mth(hashes[k:])).digest()


def path(m, hashes):
    """PATH of RFC 6962, § 2.1.1, as its text has it."""
    if len(hashes) == 1:
        return []
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return [*path(m, hashes[:k]), mth(hashes[k:])] if m < k else [*path(m - k, hashes[k:]), mth(hashes[:k])]


@pytest.mark.parametrize("count", range(1, 9))
def test_the_roots_are_those_of_the_published_vectors(count):
    hashes = [merkle.leaf_hash(data) for data in INPUTS[:count]]
    assert merkle.root(hashes).hex() == ROOTS[count - 1]


def test_a_tree_without_leaves_has_the_hash_of_nothing_as_its_root():
    assert Frontier().root().hex() == merkle.EMPTY.hex() == EMPTY


def test_the_example_proofs_of_the_rfc_are_the_nodes_that_it_names():
    d = leaves(7)
    a, b, c, e, f, j = d[0], d[1], d[2], d[4], d[5], d[6]
    g, h = merkle.node_hash(a, b), merkle.node_hash(c, d[3])
    i, k = merkle.node_hash(e, f), merkle.node_hash(g, h)
    top = merkle.node_hash(i, j)
    assert merkle.inclusion_proof(0, d) == (b, h, top)
    assert merkle.inclusion_proof(3, d) == (c, g, top)
    assert merkle.inclusion_proof(4, d) == (f, j, k)
    assert merkle.inclusion_proof(6, d) == (i, k)
    assert merkle.consistency_proof(3, d) == (c, d[3], g, top)
    assert merkle.consistency_proof(4, d) == (top,)
    assert merkle.consistency_proof(6, d) == (i, j, k)


@given(sizes, st.data())
def test_roots_and_paths_are_those_of_the_definitions_written_out(size, data):
    hashes = leaves(size)
    index = data.draw(st.integers(0, size - 1))
    assert merkle.root(hashes) == mth(hashes)
    assert list(merkle.inclusion_proof(index, hashes)) == path(index, hashes)


@given(st.integers(0, 200), st.integers(0, 60))
def test_a_frontier_grown_in_two_goes_and_packed_between_is_the_one_grown_at_once(first, more):
    hashes = leaves(first + more)
    begun = Frontier().grown(hashes[:first])
    ended = merkle.unpacked(begun.size, begun.packed()).grown(hashes[first:])
    assert ended == Frontier().grown(hashes)
    assert ended.root() == mth(hashes)


@given(sizes, st.data())
def test_a_right_inclusion_proof_verifies_and_no_other_leaf_place_size_or_root_does(size, data):
    hashes = leaves(size)
    index = data.draw(st.integers(0, size - 1))
    proof, top = merkle.inclusion_proof(index, hashes), merkle.root(hashes)
    merkle.verify_inclusion(hashes[index], index, size, proof, top)
    wrong = [
        (merkle.leaf_hash(b"x"), index, size, proof, top),
        (hashes[index], index + 1, size, proof, top),
        (hashes[index], index, size, (*proof, top), top),
        (hashes[index], index, size, proof, merkle.leaf_hash(b"x")),
        (hashes[index], -1, size, proof, top),
    ]
    if proof:
        broken = data.draw(st.integers(0, len(proof) - 1))
        wrong += [
            (hashes[index], index, size, proof[:-1], top),
            (hashes[index], index, size, (*proof[:broken], top, *proof[broken + 1 :]), top),
        ]
    for case in wrong:
        with pytest.raises(NotProven):
            merkle.verify_inclusion(*case)


@given(sizes, sizes, st.data())
def test_a_right_consistency_proof_verifies_and_no_other_does(one, other, data):
    old, new = sorted((one, other))
    hashes = leaves(new)
    proof, before, after = merkle.consistency_proof(old, hashes), merkle.root(hashes[:old]), merkle.root(hashes)
    merkle.verify_consistency(old, before, new, after, proof)
    forged = merkle.leaf_hash(b"x")
    wrong = [
        (old, forged, new, after, proof),
        (old, before, new, forged, proof),
        (old, before, new, after, (*proof, forged)),
    ]
    if proof:
        broken = data.draw(st.integers(0, len(proof) - 1))
        wrong += [
            (old, before, new, after, proof[:-1]),
            (old, before, new, after, (*proof[:broken], forged, *proof[broken + 1 :])),
        ]
    for case in wrong:
        with pytest.raises(NotProven):
            merkle.verify_consistency(*case)


@given(sizes, st.data())
def test_a_tree_with_one_leaf_changed_is_never_consistent_with_what_was_before(size, data):
    hashes = leaves(size)
    old = data.draw(st.integers(1, size))
    changed = data.draw(st.integers(0, old - 1))
    rewritten = [*hashes[:changed], merkle.leaf_hash(b"x"), *hashes[changed + 1 :]]
    proof = merkle.consistency_proof(old, rewritten)
    with pytest.raises(NotProven):
        merkle.verify_consistency(old, merkle.root(hashes[:old]), size, merkle.root(rewritten), proof)


def test_a_leaf_cannot_be_taken_for_a_node():
    one, other = leaves(2)
    assert merkle.leaf_hash(one + other) != merkle.node_hash(one, other)


@pytest.mark.parametrize(("size", "packed"), [(3, b""), (0, b"x" * 32), (1, b"x" * 31), (-1, b"")])
def test_a_frontier_that_does_not_fit_its_size_is_not_read(size, packed):
    with pytest.raises(ValueError, match="frontier"):
        merkle.unpacked(size, packed)


@pytest.mark.parametrize("old", [0, 4])
def test_there_is_no_consistency_proof_from_nothing_or_from_a_longer_tree(old):
    with pytest.raises(IndexError):
        merkle.consistency_proof(old, leaves(3))


def test_there_is_no_inclusion_proof_of_a_leaf_that_is_not_there():
    with pytest.raises(IndexError):
        merkle.inclusion_proof(3, leaves(3))


def test_roots_and_proofs_are_those_of_pymerkle():
    pymerkle = pytest.importorskip("pymerkle", reason="pymerkle, a development oracle that is not locked, is not here")
    for count in (1, 2, 3, 5, 8, 21):
        tree = pymerkle.InmemoryTree(algorithm="sha256")
        for number in range(count):
            tree.append_entry(str(number).encode())
        assert (tree.get_root() if hasattr(tree, "get_root") else tree.get_state()) == merkle.root(leaves(count))
