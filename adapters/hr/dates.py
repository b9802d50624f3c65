"""Dates as systems write them, read by a form such as `dd.mm.yyyy`; strict: nothing that was not said is accepted."""

import re
from collections.abc import Callable
from datetime import date, timedelta

FORM = re.compile(r"(yyyy|yy|mm|dd|hhmmss|[-./ ])+")
PARTS = {"yyyy": "(?P<yyyy>[0-9]{4})", "yy": "(?P<yy>[0-9]{2})", "mm": "(?P<mm>[0-9]{2})", "dd": "(?P<dd>[0-9]{2})"}
CENTURY = 2000
"""Two digits of a year are of this century: nobody sends absence of the last one."""
MIDNIGHT, END_OF_DAY = "000000", "240000"


class BadForm(ValueError):
    """The form of a date cannot be understood."""


class BadDate(ValueError):
    """A text is not a date of this form."""


def date_form(form: str) -> Callable[[str], date]:
    """Give what reads a date of a form; it raises `BadDate`. Raises `BadForm`.

    `hhmmss` stands for midnight: 000000, or 240000, which some write for the end of the same day.
    """
    if form == "yyyy-mm-dd":
        return _iso
    tokens = re.findall(r"yyyy|yy|mm|dd|hhmmss|.", form)
    if not FORM.fullmatch(form) or any(tokens.count(part) > 1 for part in ("yyyy", "yy", "mm", "dd", "hhmmss")):
        raise BadForm("this is not the form of a date")
    if not {"mm", "dd"} <= set(tokens) or len({"yyyy", "yy"} & set(tokens)) != 1:
        raise BadForm("the form of a date has one year, month and day")
    parts = (
        PARTS.get(one) or (f"(?:{MIDNIGHT}|{END_OF_DAY})" if one == "hhmmss" else re.escape(one)) for one in tokens
    )
    pattern = re.compile("".join(parts))
    short = "yy" in tokens

    def read(text: str) -> date:
        found = pattern.fullmatch(text)
        if not found:
            raise BadDate
        try:
            return date(CENTURY + int(found["yy"]) if short else int(found["yyyy"]), int(found["mm"]), int(found["dd"]))
        except ValueError:
            raise BadDate from None

    return read


def _iso(text: str) -> date:
    if len(text) != len("yyyy-mm-dd") or not text.isascii() or text[4] + text[7] != "--":
        raise BadDate  # fromisoformat reads week dates as well
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadDate from None


def last_of_month(year: int, month: int) -> date:
    """Give the last day of a month."""
    following = date(year + month // 12, month % 12 + 1, 1)
    return following - timedelta(days=1)
