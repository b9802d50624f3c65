"""Counts what the log tells, day by day, so that no page has to read it whole.

An entry with a place in the tree never changes, so each is counted once, in the order of places; what is not counted
yet is counted a piece at a time, and a page says how far it has come.
"""

import json
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, select

from gateway.console.words import OSLO
from gateway.core.audit import AuditAction, Outcome
from gateway.edge.audit.tree import TREE
from gateway.edge.store.database import Database
from gateway.edge.store.schema import audit

DAYS: Final = 31
PIECE: Final = 5000
NEXT: Final = (
    select(audit.c.recorded_at, audit.c.action, audit.c.outcome, audit.c.entry, audit.c.tree_index)
    .where(audit.c.tree_index >= bindparam("first"), audit.c.tree_index < bindparam("end"))
    .order_by(audit.c.tree_index)
)
SINCE: Final = (
    select(audit.c.tree_index)
    .where(audit.c.recorded_at >= bindparam("since"), audit.c.tree_index.is_not(None))
    .order_by(audit.c.recorded_at)
    .limit(1)
)


@dataclass(slots=True)
class Day:
    """One day, by the Norwegian clock. `rules` counts the decisions that each rule had a part in."""

    whole: int = 0
    withheld: int = 0
    refused: int = 0
    failed: int = 0
    accepted: int = 0
    sent: int = 0
    receipts: int = 0
    rejected: int = 0
    consents: int = 0
    glass: int = 0
    rules: Counter[str] = field(default_factory=Counter)


class Tally:
    """The counts of the last thirty-one days of one log."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._next: int | None = None
        self._days: dict[date, Day] = defaultdict(Day)
        self.size = 0

    def count(self, seconds: float = 0.05) -> bool:
        """Count on for at most so long; says whether everything is counted. Raises `Busy`."""
        end = time.monotonic() + seconds
        with self._lock:
            [tree] = self._database.rows(TREE)
            self.size = tree.size
            if self._next is None:
                rows = self._database.rows(SINCE, since=self._database.time() - DAYS * 86400)
                self._next = rows[0].tree_index if rows else tree.size
            while self._next < tree.size and time.monotonic() < end:
                self._piece(self._next, min(self._next + PIECE, tree.size))
            self._forget()
            return bool(self._next >= tree.size)

    @property
    def counted(self) -> int:
        """How far the log is counted."""
        return self._next or 0

    def days(self, number: int = 30) -> list[tuple[date, Day]]:
        """Give the last days, the newest last; a day without entries is there too."""
        today = datetime.fromtimestamp(self._database.time(), OSLO).date()
        return [
            (day, self._days.get(day, Day()))
            for day in (today - timedelta(days=back) for back in reversed(range(number)))
        ]

    def rules(self) -> Counter[str]:
        """Give how many decisions each rule had a part in."""
        return sum((day.rules for day in list(self._days.values())), Counter())

    def _piece(self, first: int, end: int) -> None:
        for row in self._database.rows(NEXT, first=first, end=end):
            day = self._days[datetime.fromtimestamp(row.recorded_at, OSLO).date()]
            _count(day, row.action, row.outcome, row.entry)
        self._next = end

    def _forget(self) -> None:
        oldest = datetime.fromtimestamp(self._database.time(), OSLO).date() - timedelta(days=DAYS)
        for day in [day for day in self._days if day < oldest]:
            del self._days[day]


def _count(day: Day, action: str, outcome: str, entry: bytes) -> None:
    match action:
        case AuditAction.DECIDED:
            disclosure = json.loads(entry).get("disclosure", {})
            day.rules.update({*disclosure.get("permitted", ()), *disclosure.get("forbade", ())})
            if outcome == Outcome.DENIED:
                day.refused += 1
            elif outcome == Outcome.FAILURE:
                day.failed += 1
            elif disclosure.get("withheld"):
                day.withheld += 1
            else:
                day.whole += 1
        case AuditAction.ACCEPTED:
            day.accepted += 1
        case AuditAction.DISCLOSED:
            day.sent += 1
        case AuditAction.RECEIPT:
            day.receipts += outcome == Outcome.SUCCESS
            day.rejected += outcome != Outcome.SUCCESS
        case AuditAction.CONSENT:
            day.consents += 1
        case AuditAction.GLASS_OPENED:
            day.glass += 1
