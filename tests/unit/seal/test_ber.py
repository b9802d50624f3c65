"""The ASN.1 reader alone: what BER allows is read, and each thing that it forbids is told apart."""

import pytest

from gateway.edge.seal import ber
from gateway.edge.seal.ber import OCTET_STRING, SEQUENCE, Malformed, Node

GOOD = {
    "3000": Node(SEQUENCE),
    "30800000": Node(SEQUENCE),
    "0403616263": Node(OCTET_STRING, b"abc"),
    "04810161": Node(OCTET_STRING, b"a"),
    "3080040161040162" + "0000": Node(SEQUENCE, b"", (Node(OCTET_STRING, b"a"), Node(OCTET_STRING, b"b"))),
}
BAD = {
    "": "cut off",
    "30": "cut off",
    "040261": "cut off",
    "3005040161": "cut off",
    "30800401610000ff": "bytes follow",
    "0000": "bytes follow",
    "1f0100": "tag number",
    "0485000000000161": "length is out of range",
    "0484": "length is out of range",
    "0480610000": "no length",
    "30020000": "end of contents",
    "3080" * 30: "too deep",
}


@pytest.mark.parametrize("raw", GOOD)
def test_a_value_is_read(raw):
    assert ber.read(bytes.fromhex(raw)) == GOOD[raw]


@pytest.mark.parametrize("raw", BAD, ids=[f"{what} {raw[:12]}" for raw, what in BAD.items()])
def test_what_is_no_value_is_refused_for_its_own_reason(raw):
    with pytest.raises(Malformed, match=BAD[raw]):
        ber.read(bytes.fromhex(raw))


def test_a_split_string_is_joined_and_holds_nothing_but_strings():
    assert ber.octets(ber.read(bytes.fromhex("2480040161240304016200" + "00"))) == b"ab"
    with pytest.raises(Malformed, match="something else than strings"):
        ber.octets(ber.read(bytes.fromhex("2403020161")))


def test_a_value_of_another_type_than_expected_is_refused():
    with pytest.raises(Malformed, match="another type"):
        Node(SEQUENCE).expect(OCTET_STRING)


def test_indefinite_lengths_are_written_definite():
    assert ber.der(ber.read(bytes.fromhex("30800401610000"))) == bytes.fromhex("3003040161")
    long = Node(OCTET_STRING, bytes(300))
    assert ber.read(ber.der(long)) == long
