"""The rows of `mappings/followup/`: points and signals of a sick-leave case, each mistake at its place."""

import re
from datetime import date
from pathlib import Path
from typing import TypedDict

from adapters.fhir.care_plan import bundle as as_fhir
from gateway.core.errors import ConfigurationError, Fault
from gateway.mapping.load.yamltext import Block, compose
from gateway.model.episode import Calendar
from gateway.model.timeline import Law, Point, Signal

__all__ = ["as_fhir", "load", "read"]

FILE = frozenset({"days-between", "sick-pay-days", "days-off", "points", "signals"})
DAYS_OFF = frozenset({"dates", "easter", "first"})
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NO_LEAP_YEAR = 2001
WORDS = ("id", "basis", "status", "nb", "en")
AFTER = {"after-weeks": 7, "after-days": 1, "after-sick-pay-days": 1}
POINT = (*WORDS, "sv", *AFTER, "who")
SIGNAL = (*WORDS, "sv", "at-least", "within-days", "full-weeks")
STATUSES = frozenset({"verified", "memory"})
WHO = frozenset({"employer", "nav", "certifier", "patient", "forsakringskassan"})


class _Words(TypedDict):
    id: str
    basis: str
    status: str
    nb: str
    en: str
    sv: str


def read(folder: Path) -> tuple[dict[str, Law], list[Fault]]:
    """Give the law of each country in a folder of mapping data, by its file's name, and everything that is wrong."""
    laws: dict[str, Law] = {}
    faults: list[Fault] = []
    for path in sorted((folder / "followup").glob("*.yaml")):
        root = compose(path.read_text("utf-8"), f"{folder.name}/{path.relative_to(folder).as_posix()}", faults)
        entries = root.entries(FILE) if root else {}
        if root:
            root.demand(("days-between", "days-off", "points"), entries)
        laws[path.stem] = Law(
            between=_number(entries.get("days-between")),
            points=tuple(_point(row) for row in (entries["points"].list() if "points" in entries else ())),
            signals=tuple(_signal(row) for row in (entries["signals"].list() if "signals" in entries else ())),
            sick_pay_days=_number(entries.get("sick-pay-days")),
            calendar=_calendar(entries.get("days-off")),
        )
    return laws, faults


def load(folder: Path, law: str) -> Law:
    """Give the law of a country. Raises `ConfigurationError`."""
    laws, faults = read(folder)
    if faults:
        raise ConfigurationError(faults)
    if law not in laws:
        raise ConfigurationError([f"{folder.name}/followup: there is no law of {law}"])
    return laws[law]


def _calendar(block: Block | None) -> Calendar:
    entries = block.entries(DAYS_OFF) if block else {}
    listed = {name: entries[name].list() if name in entries else () for name in DAYS_OFF}
    easter = (_matched(one, r"-?\d{1,3}", "days from Easter Sunday") for one in listed["easter"])
    first = [
        _matched(one, rf"({'|'.join(WEEKDAYS)}) from \d\d-\d\d", "a weekday from MM-DD") for one in listed["first"]
    ]
    named = (one.split(" from ") for one in first if one)
    return Calendar(
        dates=frozenset(_month_day(one) for one in listed["dates"]),
        easter=frozenset(int(one) for one in easter if one),
        first=frozenset((WEEKDAYS.index(weekday), *_split(day)) for weekday, day in named),
    )


def _month_day(block: Block) -> tuple[int, int]:
    return _split(_matched(block, r"\d\d-\d\d", "MM-DD") or "01-01")


def _split(day: str) -> tuple[int, int]:
    month, number = day.split("-")
    return int(month), int(number)


def _matched(block: Block, pattern: str, what: str) -> str:
    text = block.text()
    if re.fullmatch(pattern, text) and all(_is_day(day) for day in re.findall(r"\d\d-\d\d", text)):
        return text
    block.fault(f"{what} was expected")
    return ""


def _is_day(text: str) -> bool:
    try:
        date(NO_LEAP_YEAR, *_split(text))
    except ValueError:
        return False
    return True


def _point(row: Block) -> Point:
    entries = row.entries(frozenset(POINT))
    row.demand((*WORDS, "who"), entries)
    after = [key for key in AFTER if key in entries]
    if len(after) != 1:
        row.fault(f"a point has one of {', '.join(AFTER)}")
    days = sum(_number(entries[key]) * AFTER[key] for key in after)
    if "who" in entries and entries["who"].text() not in WHO:
        entries["who"].fault(f"this is not one of {', '.join(sorted(WHO))}")
    sick_pay = after == ["after-sick-pay-days"]
    return Point(**_words(entries), days=days, who=_text(entries.get("who")), after_sick_pay=sick_pay)


def _signal(row: Block) -> Signal:
    entries = row.entries(frozenset(SIGNAL))
    row.demand(WORDS, entries)
    if ("at-least" in entries) != ("within-days" in entries) or ("at-least" in entries) == ("full-weeks" in entries):
        row.fault("a signal has at-least and within-days, or full-weeks")
    return Signal(
        **_words(entries),
        at_least=_number(entries.get("at-least")),
        within_days=_number(entries.get("within-days")),
        full_weeks=_number(entries.get("full-weeks")),
    )


def _words(entries: dict[str, Block]) -> _Words:
    if "status" in entries and entries["status"].text() not in STATUSES:
        entries["status"].fault(f"this is not one of {', '.join(sorted(STATUSES))}")
    return _Words(
        id=_text(entries.get("id")),
        basis=_text(entries.get("basis")),
        status=_text(entries.get("status")),
        nb=_text(entries.get("nb")),
        en=_text(entries.get("en")),
        sv=_text(entries.get("sv")),
    )


def _text(block: Block | None) -> str:
    return block.text() if block else ""


def _number(block: Block | None) -> int:
    text = _text(block)
    if block and not (text.isascii() and text.isdigit() and int(text) > 0):
        block.fault("a whole number of at least 1 was expected")
        return 0
    return int(text or 0)
