"""What would cost more to read than any message is worth, told from its bytes before they are parsed. Pure."""

import re
from itertools import accumulate
from typing import Final

MOST_ATTRIBUTES: Final = 500
"""Attributes of one element; libxml2 looks for doubles among them in the square of their number."""


def crowded(raw: bytes) -> bool:
    """Whether a tag of an XML document may have more attributes than any message has.

    No tag holds a `<`, so that each lies in one piece between two of them; what is counted is every `=` of a piece.
    """
    return any(piece.count(b"=") > MOST_ATTRIBUTES for piece in raw.split(b"<"))


MOST_NESTED: Final = 200
"""Brackets within brackets in a file of ours; libyaml reads them in the square of their depth, and then falls."""

_BRACKET = re.compile(r"[\[{\]}]")


def nested(text: str) -> bool:
    """Whether brackets stand deeper within each other than in any file of ours, those within quotes counted too."""
    steps = (1 if bracket in "[{" else -1 for bracket in _BRACKET.findall(text))
    return max(accumulate(steps), default=0) > MOST_NESTED
