"""Characters that are not seen, or that turn the order in which a text is read, told by their numbers."""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

SEEN: Final = frozenset("\n\t")
HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
"""General categories of what is not seen: control, format, private, surrogate and unassigned characters, separators."""
BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that are blank all the same (Unicode, Default_Ignorable_Code_Point, and the empty Braille cell)."""


def visible(text: str, mark: Callable[[str], str] = "[{}]".format, plain: Callable[[str], str] = str) -> str:
    """Give a text in which each such character is a mark with its number, `[U+202E]`; `plain` does all the others."""
    parts: list[str] = []
    run: list[str] = []
    for one in text:
        if one in SEEN or (unicodedata.category(one) not in HIDDEN and not BLANK.match(one)):
            run.append(one)
            continue
        parts += [plain("".join(run)), mark(f"U+{ord(one):04X}")]
        run.clear()
    return "".join([*parts, plain("".join(run))])
