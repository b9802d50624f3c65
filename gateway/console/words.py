"""The texts of the pages, by language: one YAML file each under `texts/`, all with the same names.

A text is in bokmål where a language lacks it, so that a file can be added a sentence at a time.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml

FOLDER: Final = Path(__file__).parent / "texts"
OSLO: Final = ZoneInfo("Europe/Oslo")
FIRST: Final = "nb"
SPACE: Final = "\N{NO-BREAK SPACE}"


class Words:
    """The texts of one language."""

    def __init__(self, language: str, texts: Mapping[str, Any], fallback: Mapping[str, Any]) -> None:
        self.language = language
        self._texts, self._fallback = texts, fallback

    @property
    def name(self) -> str:
        """The language's own name."""
        return str(self._texts["language"])

    def __call__(self, name: str, /, **values: Any) -> str:
        """Give a text by its name, with values put in. Raises `KeyError` when no language has it."""
        text = _at(self._texts, name) or _at(self._fallback, name)
        if text is None:
            raise KeyError(name)
        return text.format(**values) if values else text

    def word(self, list_: str, code: str) -> str:
        """Give a code of a list in words, or the code itself when nobody has put it into words."""
        return _at(self._texts, f"{list_}.{code}") or _at(self._fallback, f"{list_}.{code}") or code

    def field(self, path: str) -> str:
        """Give a field of a message in words, or its path when nobody has put it into words."""
        code = re.sub(r"\[\d+\]", "", path).replace(".", "-")
        known = self.word("held_fields", code)
        return (
            path if known == code else " ".join([known, *(str(int(one) + 1) for one in re.findall(r"\[(\d+)\]", path))])
        )

    def count(self, number: int) -> str:
        """Give a number as one reads it: `412 907`."""
        return f"{number:,}".replace(",", SPACE)

    def day(self, at: float) -> str:
        """Give the day of a moment (epoch seconds), by the Norwegian clock."""
        return self.day_of(datetime.fromtimestamp(at, OSLO).date())

    def day_of(self, day: date) -> str:
        """Give a day."""
        return self("day", day=day.day, month=self.word("months", str(day.month)), year=day.year)

    def moment(self, at: float) -> str:
        """Give a moment, with day and clock."""
        return self("moment", day=self.day(at), clock=self.clock(at))

    def stamp(self, at: float) -> str:
        """Give a moment as short as it can be told, for tables."""
        moment = datetime.fromtimestamp(at, OSLO)
        clock = {"hour": f"{moment.hour:02}", "minute": f"{moment.minute:02}"}
        return self("stamp", day=moment.day, month=moment.month, year=moment.year, **clock)

    def clock(self, at: float) -> str:
        """Give the hour of a moment."""
        moment = datetime.fromtimestamp(at, OSLO)
        return self("clock", hour=f"{moment.hour:02}", minute=f"{moment.minute:02}", second=f"{moment.second:02}")


def languages() -> tuple[str, ...]:
    """Give the languages that there are texts in, the first one being the usual one."""
    found = sorted(path.stem for path in FOLDER.glob("*.yaml"))
    return (FIRST, *(one for one in found if one != FIRST))


@cache
def words(language: str) -> Words:
    """Give the texts of a language, or of the usual one when it is not here."""
    chosen = language if language in languages() else FIRST
    return Words(chosen, _texts(chosen), _texts(FIRST))


def preferred(header: str) -> str:
    """Give the language that an `Accept-Language` names first of those that there are (RFC 9110 § 12.5.4)."""
    norwegian = {"no": "nb", "nn": "nb"}
    known = languages()
    for part in header.split(","):
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if norwegian.get(tag, tag) in known:
            return norwegian.get(tag, tag)
    return FIRST


@cache
def _texts(language: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load((FOLDER / f"{language}.yaml").read_text("utf-8"))
    return found


def _at(texts: Mapping[str, Any], name: str) -> str | None:
    node: Any = texts
    for part in name.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    return node if isinstance(node, str) else None
