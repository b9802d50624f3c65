"""The rows of `mappings/followup/`: points and signals of a sick-leave case, each mistake at its place."""

from pathlib import Path
from typing import TypedDict

from adapters.fhir.care_plan import bundle as as_fhir
from gateway.core.errors import ConfigurationError, Fault
from gateway.mapping.load.yamltext import Block, compose
from gateway.model.timeline import Point, Signal

__all__ = ["as_fhir", "load", "read"]

FILE = frozenset({"points", "signals"})
WORDS = ("id", "basis", "status", "nb", "en")
POINT = (*WORDS, "after-weeks", "who")
SIGNAL = (*WORDS, "at-least", "within-days", "full-weeks")
STATUSES = frozenset({"verified", "memory"})
WHO = frozenset({"employer", "nav", "certifier"})


class _Words(TypedDict):
    id: str
    basis: str
    status: str
    nb: str
    en: str


def read(folder: Path) -> tuple[list[Point], list[Signal], list[Fault]]:
    """Give every point and signal of a folder of mapping data, and everything that is wrong with them."""
    points: list[Point] = []
    signals: list[Signal] = []
    faults: list[Fault] = []
    for path in sorted((folder / "followup").glob("*.yaml")):
        root = compose(path.read_text("utf-8"), f"{folder.name}/{path.relative_to(folder).as_posix()}", faults)
        entries = root.entries(FILE) if root else {}
        points += [_point(row) for row in (entries["points"].list() if "points" in entries else ())]
        signals += [_signal(row) for row in (entries["signals"].list() if "signals" in entries else ())]
    return points, signals, faults


def load(folder: Path) -> tuple[list[Point], list[Signal]]:
    """Give every point and signal. Raises `ConfigurationError`."""
    points, signals, faults = read(folder)
    if faults:
        raise ConfigurationError(faults)
    return points, signals


def _point(row: Block) -> Point:
    entries = row.entries(frozenset(POINT))
    row.demand(POINT, entries)
    if "who" in entries and entries["who"].text() not in WHO:
        entries["who"].fault(f"this is not one of {', '.join(sorted(WHO))}")
    return Point(**_words(entries), weeks=_number(entries.get("after-weeks")), who=_text(entries.get("who")))


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
    )


def _text(block: Block | None) -> str:
    return block.text() if block else ""


def _number(block: Block | None) -> int:
    text = _text(block)
    if block and not (text.isascii() and text.isdigit() and int(text) > 0):
        block.fault("a whole number of at least 1 was expected")
        return 0
    return int(text or 0)
