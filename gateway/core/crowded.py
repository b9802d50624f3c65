"""What would cost more to read than any message is worth, told from its bytes before they are parsed. Pure."""

from typing import Final

MOST_ATTRIBUTES: Final = 500
"""Attributes of one element; libxml2 looks for doubles among them in the square of their number."""


def crowded(raw: bytes) -> bool:
    """Whether a tag of an XML document may have more attributes than any message has.

    No tag holds a `<`, so that each lies in one piece between two of them; what is counted is every `=` of a piece.
    """
    return any(piece.count(b"=") > MOST_ATTRIBUTES for piece in raw.split(b"<"))
