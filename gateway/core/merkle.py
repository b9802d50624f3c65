"""The Merkle tree of RFC 6962, § 2.1 (RFC 9162, § 2.1): roots, proofs, and what verifies them. SHA-256.

A leaf is hashed with 0x00 before it and a node with 0x01, so that neither can be taken for the other. A `Frontier` is
all that appending needs: the roots of the perfect subtrees, from the largest to the smallest, one for each 1 bit of
the size. Hashes are 32 bytes; sizes and indexes count leaves from 0.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

EMPTY: Final = sha256(b"").digest()
"""The root of a tree without leaves (RFC 6962, § 2.1)."""

HASH: Final = 32


class NotProven(Exception):
    """A proof does not show what it was to show."""


def leaf_hash(data: bytes) -> bytes:
    """Hash the data of a leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees together."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree as far as appending and its root need it: at most 64 hashes, whatever the size."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def grown(self, leaves: Iterable[bytes]) -> "Frontier":
        """Give the frontier with leaf hashes appended in order; each costs about two hashes."""
        size, peaks = self.size, list(self.peaks)
        for leaf in leaves:
            node, below = leaf, size
            while below & 1:
                node = node_hash(peaks.pop(), node)
                below >>= 1
            peaks.append(node)
            size += 1
        return Frontier(size, tuple(peaks))

    def root(self) -> bytes:
        """Give the root hash of the tree."""
        return _joined(self.peaks)

    def packed(self) -> bytes:
        """Give the peaks as bytes, one after the other."""
        return b"".join(self.peaks)


def unpacked(size: int, packed: bytes) -> Frontier:
    """Read a frontier that `packed` gave. Raises `ValueError` when there are not as many peaks as the size has."""
    peaks = tuple(packed[at : at + HASH] for at in range(0, len(packed), HASH))
    if size < 0 or len(packed) != HASH * size.bit_count():
        raise ValueError("the frontier does not belong to a tree of its size")
    return Frontier(size, peaks)


def root(leaves: Sequence[bytes]) -> bytes:
    """Give the root of a tree of leaf hashes."""
    return Frontier().grown(leaves).root()


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """Give the audit path of a leaf, from the bottom up (RFC 6962, § 2.1.1). Raises `IndexError`."""
    return Levels(leaves).inclusion_proof(index)


def consistency_proof(old: int, leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """Give what shows that the tree of the first `old` leaves is the beginning of this one (RFC 6962, § 2.1.2)."""
    if not 0 < old <= len(leaves):
        raise IndexError("the older tree has no leaf, or more than the newer one")
    return tuple(_subproof(old, leaves, whole=True))


class Levels:
    """All hashes of a tree, level by level, for many proofs about one tree; twice the memory of its leaves."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._levels: list[list[bytes]] = [list(leaves)]
        while len(below := self._levels[-1]) > 1:
            pairs = [node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
            self._levels.append(pairs + below[len(pairs) * 2 :])

    def inclusion_proof(self, index: int) -> tuple[bytes, ...]:
        """Give the audit path of a leaf, from the bottom up. Raises `IndexError`."""
        if not 0 <= index < len(self._levels[0]):
            raise IndexError("the tree has no such leaf")
        path = []
        for level in self._levels[:-1]:
            sibling = index ^ 1
            if sibling < len(level):
                path.append(level[sibling])
            index >>= 1
        return tuple(path)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> None:
    """Raise `NotProven` unless the proof shows `leaf` at `index` of the tree of `size` (RFC 9162, § 2.1.3.2)."""
    if not 0 <= index < size:
        raise NotProven("the tree has no such leaf")
    place, last, result = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise NotProven("the proof is too long")
        if place & 1 or place == last:
            result = node_hash(step, result)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            result = node_hash(result, step)
        place, last = place >> 1, last >> 1
    if last != 0 or result != expected:
        raise NotProven("the proof does not lead to the root")


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raise `NotProven` unless the proof shows the old tree to be the new one's beginning (RFC 9162, § 2.1.4.2)."""
    if not 0 < old <= new:
        raise NotProven("the older tree has no leaf, or more than the newer one")
    if old == new:
        if proof or old_root != new_root:
            raise NotProven("trees of one size have two roots")
        return
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        raise NotProven("the proof is empty")
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = path[0]
    for step in path[1:]:
        if last == 0:
            raise NotProven("the proof is too long")
        if place & 1 or place == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, step)
        place, last = place >> 1, last >> 1
    if last != 0 or first != old_root or second != new_root:
        raise NotProven("the proof does not lead to both roots")


def _joined(peaks: Sequence[bytes]) -> bytes:
    if not peaks:
        return EMPTY
    result = peaks[-1]
    for peak in reversed(peaks[:-1]):
        result = node_hash(peak, result)
    return result


def _subproof(old: int, leaves: Sequence[bytes], *, whole: bool) -> Iterator[bytes]:
    """SUBPROOF of RFC 6962, § 2.1.2; `whole` is its b: whether the old tree is known as it stands here."""
    size = len(leaves)
    if old == size:
        if not whole:
            yield root(leaves)
        return
    split = 1 << (size - 1).bit_length() - 1
    if old <= split:
        yield from _subproof(old, leaves[:split], whole=whole)
        yield root(leaves[split:])
    else:
        yield from _subproof(old - split, leaves[split:], whole=False)
        yield root(leaves[:split])
