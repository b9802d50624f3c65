"""How collaboration works, in numbers without persons: how long after the first absence day what followed came.

Numbers are of whole months, so that two visits of a month show the same; they are rounded down to fives, so that no two
of them differ by a person; one under `SMALLEST` is not shown, nor one that could be worked out from others by a sum.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import bindparam, func, select

from gateway.console.desk import Desk
from gateway.console.words import OSLO
from gateway.edge.store.schema import follow_up, outbound

SMALLEST: Final = 5
MONTHS: Final = 12
SPANS: Final = (
    select(follow_up.c.what, follow_up.c.span, func.sum(follow_up.c.number).label("number"))
    .where(follow_up.c.month >= bindparam("since"), follow_up.c.month < bindparam("this"))
    .group_by(follow_up.c.what, follow_up.c.span)
)
STATES: Final = (
    select(outbound.c.recipient, outbound.c.state, func.count().label("number"))
    .where(outbound.c.created_at < bindparam("until"))
    .group_by(outbound.c.recipient, outbound.c.state)
)
RECEIPTS: Final = ("receipt-success", "receipt-failure")


@dataclass(frozen=True, slots=True)
class Followed:
    """What followed: how many, and how long after in the middle (days; hours of a receipt); absent when too small."""

    what: str
    number: int | None
    middle: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """All of it, from the first day `since` until before `until`. `states` are by recipient's role and state."""

    since: date
    until: date
    followed: tuple[Followed, ...]
    receipts: tuple[Followed, ...]
    states: tuple[tuple[str, tuple[tuple[str, int | None], ...]], ...]


def of(desk: Desk) -> Told:
    """Give the statistics of the last twelve whole months."""
    today = datetime.fromtimestamp(desk.database.time(), OSLO)
    until = today.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    since = until.replace(year=until.year - 1)
    spans: dict[str, dict[int, int]] = defaultdict(dict)
    for row in desk.database.rows(SPANS, since=f"{since:%Y-%m}", this=f"{until:%Y-%m}"):
        spans[row.what][row.span] = int(row.number)
    told = [_followed(what, counts) for what, counts in sorted(spans.items())]
    return Told(
        since=since.date(),
        until=until.date(),
        followed=tuple(one for one in told if one.what not in RECEIPTS),
        receipts=tuple(one for one in told if one.what in RECEIPTS),
        states=_states(desk.database.rows(STATES, until=until.timestamp())),
    )


def _followed(what: str, counts: dict[int, int]) -> Followed:
    number = sum(counts.values())
    if number < SMALLEST:
        return Followed(what, None, None)
    return Followed(what, rounded(number), middle(counts))


def middle(counts: dict[int, int]) -> int:
    """Give the lower median of spans, each with how many had it; there is at least one."""
    half, passed = (sum(counts.values()) + 1) // 2, 0
    for span in sorted(counts):
        passed += counts[span]
        if passed >= half:
            return span
    raise ValueError("there is nothing to give the middle of")


def rounded(number: int) -> int:
    """Round down to fives."""
    return number - number % SMALLEST


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
    return tuple((name, None if name in small else rounded(number)) for name, number in sorted(cells.items()))
