"""How long what messages say is kept, and the stage of the worker that destroys it in time."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import structlog

from gateway.edge.store.database import Database
from gateway.edge.store.retention import ABSENCES, MESSAGES, PURGE, RECEIPTS, WORKERS, Sweep

DAY: Final = 86_400.0
EVERY: Final = 3_600.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Periods:
    """Days that what settled messages and absences said is kept; 0 is for ever."""

    messages: int
    absences: int

    def sweeps(self, at: float, *, destroy: bool = True) -> Iterator[Sweep]:
        """Give the sweeps that are due at a time, in seconds since the epoch, UTC."""
        kinds = {MESSAGES: self.messages, RECEIPTS: self.messages, ABSENCES: self.absences, WORKERS: self.absences}
        return (Sweep(kind, at - days * DAY, destroy=destroy) for kind, days in kinds.items() if days)


class Retention:
    """Goes through the store every hour, a page at a time, and destroys what has been kept for its time."""

    def __init__(self, database: Database, periods: Periods, clock: Callable[[], float] = time.monotonic) -> None:
        self._database, self._periods, self._clock = database, periods, clock
        self._next = float("-inf")
        self._left: list[Sweep] = []

    async def purge_some(self) -> int:
        """Go through one page. A stage of the worker: returns 0 when there is nothing to do now. Raises `Busy`."""
        if not self._left:
            if self._clock() < self._next:
                return 0
            self._next = self._clock() + EVERY
            self._left = list(self._periods.sweeps(self._database.time()))
            return len(self._left)
        swept = await self._database.write(PURGE, self._left[0])
        self._left = following(self._left, swept.last)
        if swept.destroyed:
            log.info("purged", payloads=swept.destroyed)
        return 1

    def count(self, *, destroy: bool) -> int:
        """Go through all of it now, from a thread without an event loop; give how many payloads went, or would."""
        left, total = list(self._periods.sweeps(self._database.time(), destroy=destroy)), 0
        while left:
            swept = self._database.write_now(PURGE, left[0])
            left, total = following(left, swept.last), total + swept.destroyed
        if destroy and total:
            self._database.forget_free_pages()
        return total


def following(left: list[Sweep], last: str) -> list[Sweep]:
    """Give what is left of sweeps when a page of the first one ended at `last`; empty is its end."""
    first, *others = left
    return [Sweep(first.kind, first.before, last, first.destroy), *others] if last else others
