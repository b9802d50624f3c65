"""How collaboration works, in numbers without persons: from the first message of a person to what follows it.

A number under `SMALLEST` is not shown, nor one that could be worked out from others by taking it from a sum. Times are
told as medians of whole days, and only where enough persons stand behind each.
"""

from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from sqlalchemy import bindparam, func, select

from gateway.console.desk import Desk
from gateway.edge.store.schema import inbound, outbound

SMALLEST: Final = 5
SPAN: Final = 365 * 86400.0
DAY: Final = 86400.0
NOTES: Final = ("fhir", "nav-sykmelding")
FIRSTS: Final = (
    select(inbound.c.patient, inbound.c.format, func.min(inbound.c.received_at).label("first"))
    .where(inbound.c.received_at >= bindparam("since"))
    .group_by(inbound.c.patient, inbound.c.format)
)
STATES: Final = select(outbound.c.recipient, outbound.c.state, func.count().label("number")).group_by(
    outbound.c.recipient, outbound.c.state
)


@dataclass(frozen=True, slots=True)
class Followed:
    """What followed a first note: in which format, for how many persons, and after how many days in the middle.

    A number is absent when it is too small to tell.
    """

    format: str
    persons: int | None
    days: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """All of it. `states` are numbers by recipient's role and state, absent when too small."""

    persons: int | None
    followed: tuple[Followed, ...]
    states: tuple[tuple[str, tuple[tuple[str, int | None], ...]], ...]


def of(desk: Desk) -> Told:
    """Give the statistics of the last year."""
    since = desk.database.time() - SPAN
    firsts: dict[str, dict[str, float]] = defaultdict(dict)
    for row in desk.database.rows(FIRSTS, since=since):
        firsts[row.patient][row.format] = row.first
    noted = [(min(of[name] for name in NOTES if name in of), of) for of in firsts.values() if set(NOTES) & set(of)]
    later: dict[str, list[float]] = defaultdict(list)
    for first, of in noted:
        for name, at in of.items():
            if name not in NOTES and at >= first:
                later[name].append((at - first) / DAY)
    return Told(
        persons=_told(len(noted)),
        followed=tuple(
            Followed(name, _told(len(days)), round(median(days)) if len(days) >= SMALLEST else None)
            for name, days in sorted(later.items())
        ),
        states=_states(desk.database.rows(STATES)),
    )


def _states(rows: list[Any]) -> tuple[tuple[str, tuple[tuple[str, int | None], ...]], ...]:
    by_role: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows:
        by_role[row.recipient][row.state] = row.number
    return tuple((role, suppressed(cells)) for role, cells in sorted(by_role.items()))


def suppressed(cells: dict[str, int]) -> tuple[tuple[str, int | None], ...]:
    """Leave out small numbers; where just one is left out, the next smallest too, or a sum would give it away."""
    small = {name for name, number in cells.items() if 0 < number < SMALLEST}
    if len(small) == 1 and len(cells) > 1:
        small.add(min((name for name in cells if name not in small), key=lambda name: cells[name]))
    return tuple((name, None if name in small else number) for name, number in sorted(cells.items()))


def _told(number: int) -> int | None:
    return None if 0 < number < SMALLEST else number
