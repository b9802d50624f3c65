"""The look for a diagnosis in text that is bound for somebody who must not learn it.

A screen, not a proof: it finds code patterns, national numbers, words from a short list, and what the message itself
says of the illness, also when letters are spaced out, words are cut, digits stand for letters, accents are added or
left out.
What it cannot judge (too long, letters of a script it does not know) is unknown, and unknown counts as a hit. A hit
holds that one field back until a person has looked at it.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from yaml.nodes import Node

from gateway.core.identifiers import kind_of
from gateway.policy.nodes import Reader

HIT, CLEAN = "hit", "clean"

_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"\w+")
_SEPARATORS = re.compile(r"[\W_]")
_SPACED_OUT = re.compile(r"\b\w(?:[\W_]{1,3}\w\b){3,}")
_CUT = re.compile(r"(?<=[^\W\d])[-\u2010\u2011]\s*(?=[^\W\d])")
_OTHER_SCRIPT = re.compile(r"[^\W\d_\u0000-\u024F\u0300-\u036F\u1E00-\u1EFF]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_NUMBERS = re.compile(r"(?<!\d)(?:\d{2})?\d{6}[ +-]?(?:\d{5}|\d{4})(?!\d)")
_PARTED = re.compile(r"\d(?:[ .\-/]{0,2}\d){10}(?![ .\-/]{0,2}\d)")
_UUID = re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9A-Za-z])")
_DISGUISED = re.compile(r"[^\W\d_]\w*[0134578$@\u20ac]|[0134578$@\u20ac]\w*[^\W\d_]")
_DISGUISES = str.maketrans("013457$@\u20ac8", "oieastsaeb")
_SHORN = str.maketrans("æøåäö", "aoaao")
_DIGRAPH = re.compile("oe|ae|aa")
"""Letters that keyboards without æ, ø, å, ä and ö lack, and how they are then written."""
_TELLING = 5
"""Letters that a word of the message's own diagnosis has at least, to tell something."""
_TELEPHONE = 8
_NO_DIGIT = re.compile("[^0-9]")
_BRIEF = 80
"""Characters up to which a clinical text is a name for the illness rather than an account of it."""
_HEAD = 3
"""Letters that a stem has at least."""
_SURE = 6
"""Letters that a stem has at least, to be looked for across the blanks of a text."""


@dataclass(frozen=True)
class Own:
    """What a message itself says of the illness and of where the patient lives.

    Stems of the words; and codes and telephone numbers, bare of case and separators.
    """

    stems: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


NOTHING = Own()


@dataclass(frozen=True)
class Screen:
    """What the screen looks for.

    `stems` are parts of words, found at the start, in the middle and at the end; `words` are whole words; `exact` are
    whole words in just this writing; `patterns` are regular expressions for codes. `ordinary` are parts of words that
    say nothing of an illness where a message names it. `longest` is the number of characters beyond which a text is
    left to a person.
    """

    stems: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    longest: int = 4000
    exact: tuple[str, ...] = ()
    ordinary: tuple[str, ...] = ()

    @cached_property
    def _stems(self) -> "_Stems":
        return _Stems(map(_plain, self.stems))

    @cached_property
    def _sure(self) -> "_Stems":
        return _Stems(stem for stem in map(_plain, self.stems) if len(stem) >= _SURE)

    @cached_property
    def _folded(self) -> "_Stems":
        folded = ((stem, stem.translate(_SHORN)) for stem in map(_plain, self.stems))
        return _Stems(shorn for stem, shorn in folded if shorn != stem and len(shorn) >= _TELLING)

    @cached_property
    def _whole(self) -> frozenset[str]:
        return frozenset(map(_plain, self.words))

    @cached_property
    def _exact(self) -> frozenset[str]:
        return frozenset(self.exact)

    @cached_property
    def _ordinary(self) -> tuple[str, ...]:
        return tuple(map(_plain, self.ordinary))

    @cached_property
    def _codes(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{pattern})" for pattern in self.patterns))

    def own(self, said: Iterable[str], lives: Iterable[str] = ()) -> Own:
        """Give what to look for of what a message says: codes and brief texts of the illness, streets, telephones."""
        stems: set[str] = set()
        codes = {number[-_TELEPHONE:] for text in lives if len(number := _NO_DIGIT.sub("", text)) >= _TELEPHONE}
        for text in (*said, *(text for text in lives if not text.startswith("tel:"))):
            plain = _plain(text)
            if _DIGIT.search(text) and len(plain) <= _BRIEF and " " not in plain.strip():
                codes.add(_SEPARATORS.sub("", plain))
            elif len(plain) <= _BRIEF:
                told = (word for word in _WORD.findall(plain) if len(word) >= _TELLING and not word.isdigit())
                stems |= {_stem(word) for word in told if not any(part in word for part in self._ordinary)}
        return Own(tuple(sorted(stems)), tuple(sorted(code for code in codes if len(code) > 2)))  # noqa: PLR2004

    def look(self, text: object, own: Own = NOTHING) -> str | None:
        """Give `hit` or `clean` for one text, or none when it cannot be judged.

        A value that is not a text cannot be judged; an empty text is clean.
        """
        if not isinstance(text, str) or not self.stems or not self.patterns:
            return None
        if len(text) > self.longest or (not text.isascii() and _OTHER_SCRIPT.search(text)):
            return None
        plain = _plain(text)
        if self._names_illness(plain, own) or not self._exact.isdisjoint(_WORD.findall(text)):
            return HIT
        if _DIGIT.search(text) and self._numbers_illness(_western(text)):
            return HIT
        return HIT if self._hides_illness(plain, own) else CLEAN

    def look_at_name(self, text: object, own: Own = NOTHING) -> str | None:
        """Give the same for what names or numbers somebody or something.

        Names hold parts of other words and numbers look like codes: a stem counts at the start of a word alone, and of
        codes only the message's own. An identifier of random digits (RFC 9562) says nothing.
        """
        if not isinstance(text, str) or not self.stems or not self.patterns:
            return None
        rest = _UUID.sub(" ", text)
        if len(rest) > self.longest or (not rest.isascii() and _OTHER_SCRIPT.search(rest)):
            return None
        plain = _plain(rest)
        words = _WORD.findall(plain.replace("_", " "))
        if not self._whole.isdisjoint(words) or any(
            self._stems.begin(word) or word.startswith(own.stems) for word in words
        ):
            return HIT
        return HIT if any(code in _SEPARATORS.sub("", plain) for code in own.codes) else CLEAN

    def _names_illness(self, plain: str, own: Own) -> bool:
        if self._stems.stand_in(plain) or any(stem in plain for stem in own.stems):
            return True
        return not self._whole.isdisjoint(_WORD.findall(plain))

    def _numbers_illness(self, text: str) -> bool:
        if _NUMBERS.search(text) or self._codes.search(text):
            return True
        return any(kind_of(_SEPARATORS.sub("", run)) is not None for run in _PARTED.findall(text))

    def _hides_illness(self, plain: str, own: Own) -> bool:
        """Whether a word or code is there once what parts or disguises it is taken away."""
        squeezed = _SEPARATORS.sub("", plain)
        if self._sure.stand_in(squeezed) or any(code in squeezed for code in own.codes):
            return True
        joined = _SPACED_OUT.sub(lambda run: _SEPARATORS.sub("", run[0]), _CUT.sub("", plain))
        if joined != plain and (self._names_illness(joined, own) or self._codes.search(joined)):
            return True
        if _DISGUISED.search(plain) and self._names_illness(plain.translate(_DISGUISES), own):
            return True
        shorn = _DIGRAPH.sub(lambda two: two[0][0], plain.translate(_SHORN))
        return self._folded.stand_in(shorn) or any(stem.translate(_SHORN) in shorn for stem in own.stems)


class _Stems:
    """Stems by their first letters: one look at each letter of a text, however many stems there are."""

    __slots__ = ("_by_head",)

    def __init__(self, stems: Iterable[str]) -> None:
        by_head: dict[str, tuple[str, ...]] = {}
        for stem in stems:
            by_head[stem[:_HEAD]] = (*by_head.get(stem[:_HEAD], ()), stem)
        self._by_head = by_head

    def begin(self, word: str) -> bool:
        """Whether a word begins with one of them."""
        return word.startswith(self._by_head.get(word[:_HEAD], ()))

    def stand_in(self, text: str) -> bool:
        """Whether one of them stands anywhere in a text."""
        find = self._by_head.get
        for at in range(len(text) - _HEAD + 1):
            stems = find(text[at : at + _HEAD])
            if stems is not None and text.startswith(stems, at):
                return True
        return False


def _stem(word: str) -> str:
    """Take what may be an ending off a word."""
    return word[: max(_TELLING, len(word) - 2)]


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


def _western(text: str) -> str:
    """Write the digits of every script as 0 to 9."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.digit(one)) if one.isdigit() else one for one in unicodedata.normalize("NFKC", text))


_KEYS = {"exact", "longest", "ordinary", "patterns", "stems", "words"}


def read_screen(reader: Reader, node: Node | None) -> Screen:
    """Read `screen.yaml`: a pattern that does not compile, or a longest text that is no number, is a mistake."""
    entries = reader.mapping(node, _KEYS, _KEYS)
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
    for item in reader.sequence(entries.get("stems")):
        if len(reader.text(item)) < _HEAD:
            reader.fault(item, f"a stem has at least {_HEAD} letters; make it a word")
    stems, words, exact, ordinary = (
        tuple(reader.text(item) for item in reader.sequence(entries.get(name)))
        for name in ("stems", "words", "exact", "ordinary")
    )
    return Screen(stems, words, tuple(patterns), int(longest), exact, ordinary)
