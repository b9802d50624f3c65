"""Just enough ASN.1 to read CMS as it comes: BER with indefinite lengths and split strings, not only DER.

Java senders (NAV's among them) write BER (ITU-T X.690 § 8), which a DER reader refuses. The reader is bounded in depth
and in number of values, so that no input takes more than a moment.
"""

from dataclasses import dataclass

SEQUENCE, SET, INTEGER, OCTET_STRING, OID = 0x30, 0x31, 0x02, 0x04, 0x06
CONSTRUCTED = 0x20

_DEPTH = 24
_VALUES = 20_000
_LENGTH_OCTETS = 4
_INDEFINITE = 0x80
_HIGH_TAG = 0x1F


class Malformed(ValueError):
    """The bytes are not ASN.1 that is read here."""


@dataclass(frozen=True, slots=True)
class Node:
    """One value: identifier octet, and content octets (primitive) or children (constructed)."""

    tag: int
    content: bytes = b""
    children: tuple["Node", ...] = ()

    def expect(self, tag: int) -> "Node":
        """Give the value itself; raise `Malformed` when its tag is another."""
        if self.tag != tag:
            raise Malformed("a value has another type than CMS says")
        return self


def read(raw: bytes) -> Node:
    """Read exactly one value; raise `Malformed` for anything else, trailing bytes included."""
    node, end = _Reader(raw).value(0, len(raw), 0)
    if node is None or end != len(raw):
        raise Malformed("bytes follow the value")
    return node


def der(node: Node) -> bytes:
    """Write the value with definite lengths (X.690 § 10.1); members of a SET keep their order."""
    content = b"".join(map(der, node.children)) if node.tag & CONSTRUCTED else node.content
    return bytes((node.tag,)) + _length(len(content)) + content


def octets(node: Node) -> bytes:
    """Give the octets of a string that may be split into segments (X.690 § 8.7), whatever its implicit tag."""
    if not node.tag & CONSTRUCTED:
        return node.content
    if any(child.tag & ~CONSTRUCTED != OCTET_STRING for child in node.children):
        raise Malformed("a string is made of something else than strings")
    return b"".join(map(octets, node.children))


def oid(dotted: str) -> bytes:
    """Give the content octets of an object identifier (X.690 § 8.19)."""
    first, second, *rest = map(int, dotted.split("."))
    encoded = []
    for arc in (first * 40 + second, *rest):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.insert(0, arc & 0x7F | 0x80)
        encoded += digits
    return bytes(encoded)


def _length(size: int) -> bytes:
    if size < _INDEFINITE:
        return bytes((size,))
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((_INDEFINITE | len(digits),)) + digits


class _Reader:
    """Walks the bytes once, counting values."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.left = _VALUES

    def value(self, at: int, end: int, depth: int) -> tuple[Node | None, int]:
        """Read the value at `at`: the node (absent for end-of-contents) and where the next one begins."""
        self.left -= 1
        if depth > _DEPTH or self.left < 0:
            raise Malformed("too deep or too many values")
        if at + 2 > end:
            raise Malformed("a value is cut off")
        tag = self.raw[at]
        if tag & _HIGH_TAG == _HIGH_TAG:
            raise Malformed("a tag number is out of range")
        size, start = self._size(at + 1, end)
        if size is None:
            return self._indefinite(tag, start, end, depth)
        if start + size > end:
            raise Malformed("a value is cut off")
        if tag == 0 and size == 0:
            return None, start
        if not tag & CONSTRUCTED:
            return Node(tag, self.raw[start : start + size]), start + size
        return Node(tag, b"", self._definite(start, start + size, depth)), start + size

    def _size(self, at: int, end: int) -> tuple[int | None, int]:
        first = self.raw[at]
        if first < _INDEFINITE:
            return first, at + 1
        if first == _INDEFINITE:
            return None, at + 1
        count = first & 0x7F
        if count > _LENGTH_OCTETS or at + 1 + count > end:
            raise Malformed("a length is out of range")
        return int.from_bytes(self.raw[at + 1 : at + 1 + count], "big"), at + 1 + count

    def _definite(self, at: int, end: int, depth: int) -> tuple[Node, ...]:
        children = []
        while at < end:
            child, at = self.value(at, end, depth + 1)
            if child is None:
                raise Malformed("an end of contents stands where none belongs")
            children.append(child)
        return tuple(children)

    def _indefinite(self, tag: int, at: int, end: int, depth: int) -> tuple[Node, int]:
        if not tag & CONSTRUCTED:
            raise Malformed("a primitive value has no length")
        children: list[Node] = []
        while True:
            child, at = self.value(at, end, depth + 1)
            if child is None:
                return Node(tag, b"", tuple(children)), at
            children.append(child)
