"""The look for a diagnosis in free text that is bound for somebody who must not learn it.

A screen, not a proof: it finds code patterns, national numbers and words from a short list, also when letters are
spaced out or accents added. What it cannot judge (too long, letters of a script it does not know) is unknown, and
unknown counts as a hit. A hit holds that one field back until a person has looked at it.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from yaml.nodes import Node

from gateway.policy.nodes import Reader

HIT, CLEAN = "hit", "clean"

_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"\w+")
_SEPARATORS = re.compile(r"[\W_]")
_SPACED_OUT = re.compile(r"\b\w(?:[\W_]{1,3}\w\b){3,}")
_OTHER_SCRIPT = re.compile(r"[^\W\d_\u0000-\u024F\u0300-\u036F\u1E00-\u1EFF]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_NUMBERS = re.compile(r"(?<!\d)(?:\d{2})?\d{6}[ +-]?(?:\d{5}|\d{4})(?!\d)")


@dataclass(frozen=True)
class Screen:
    """What the screen looks for.

    `stems` are parts of words, found at the start, in the middle and at the end; `words` are whole words; `patterns`
    are regular expressions for codes. `longest` is the number of characters beyond which a text is left to a person.
    """

    stems: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    longest: int = 4000

    @cached_property
    def _stems(self) -> tuple[str, ...]:
        return tuple(map(_plain, self.stems))

    @cached_property
    def _whole(self) -> frozenset[str]:
        return frozenset(map(_plain, self.words))

    @cached_property
    def _codes(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{pattern})" for pattern in self.patterns))

    def look(self, text: object) -> str | None:
        """Give `hit` or `clean` for one text, or none when it cannot be judged.

        A value that is not a text cannot be judged; an empty text is clean.
        """
        if not isinstance(text, str) or not self.stems or not self.patterns:
            return None
        if len(text) > self.longest or (not text.isascii() and _OTHER_SCRIPT.search(text)):
            return None
        if _DIGIT.search(text) and (_NUMBERS.search(text) or self._codes.search(text)):
            return HIT
        plain = _plain(text)
        if self._names_illness(plain):
            return HIT
        joined = _SPACED_OUT.sub(lambda run: _SEPARATORS.sub("", run[0]), plain)
        if joined != plain and (self._names_illness(joined) or self._codes.search(joined)):
            return HIT
        return CLEAN

    def _names_illness(self, plain: str) -> bool:
        for stem in self._stems:  # a loop, because it is three times as fast as a regular expression or any()
            if stem in plain:
                return True
        return not self._whole.isdisjoint(_WORD.findall(plain))


class _Bare(dict[int, str]):
    """A translation table that takes accents off letters, filled as letters are met; æ, ø, å, ä and ö stay."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        parts = unicodedata.normalize("NFD", letter)
        bare = letter if letter in "æøåäö" else "".join(part for part in parts if not unicodedata.combining(part))
        self[code] = bare
        return bare


_BARE = _Bare()


def _plain(text: str) -> str:
    """Fold case, drop invisible characters, and take accents off."""
    if text.isascii():
        return text.casefold()
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold().translate(_BARE)


def read_screen(reader: Reader, node: Node | None) -> Screen:
    """Read `screen.yaml`: a pattern that does not compile, or a longest text that is no number, is a mistake."""
    entries = reader.mapping(node, {"longest", "patterns", "stems", "words"}, {"longest", "patterns", "stems", "words"})
    patterns = []
    for item in reader.sequence(entries.get("patterns")):
        try:
            patterns.append(re.compile(reader.text(item)).pattern)
        except re.error as error:
            reader.fault(item, f"not a regular expression: {error.msg}")
    longest = reader.text(entries.get("longest"))
    if not longest.isdigit() or int(longest) < 1:
        where = entries.get("longest", node)
        if where is not None:
            reader.fault(where, "a number of characters is expected")
        longest = "1"
    stems = tuple(reader.text(item) for item in reader.sequence(entries.get("stems")))
    words = tuple(reader.text(item) for item in reader.sequence(entries.get("words")))
    return Screen(stems, words, tuple(patterns), int(longest))
