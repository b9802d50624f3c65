"""Verifies the whole log of an installation: once a day by itself, or at somebody's word; what was found is kept.

After a verification that found anything, nothing is signed until one finds the log whole again (`tree`).
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import structlog
from sqlalchemy import func, select

from gateway.core.checkpoint import Verifier
from gateway.edge.audit.anchors import Anchors
from gateway.edge.audit.stamps import BadStamp, Stamps
from gateway.edge.audit.verify import Flaw, Verified, verify
from gateway.edge.store.database import Database
from gateway.edge.store.schema import log_checkpoint
from gateway.edge.store.verifications import KEEP, NEWEST, Checked, checked

DAY: Final = 86_400.0
LOOKS: Final = 60.0
"""Seconds between looks at whether a verification is due."""
FIRST: Final = select(func.min(log_checkpoint.c.at).label("at"))
ITSELF: Final = "gateway"

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class LogGuard:
    """Verifies one log against its checkpoints, its anchors and, where roots are set, their time stamps."""

    database: Database
    key: Verifier
    anchors: Anchors
    stamps: Stamps | None = None
    _again: float = field(default=0.0)

    async def watch(self) -> int:
        """Verify the log when that was last done a day ago; a stage of the worker. Always 0. Raises `Busy`."""
        if time.monotonic() >= self._again:
            self._again = time.monotonic() + LOOKS
            if await asyncio.to_thread(self._due):
                await asyncio.to_thread(self.alerting, ITSELF)
        return 0

    def _due(self) -> bool:
        last = self.last()
        since = last.at if last else self.database.rows(FIRST)[0].at
        return since is not None and self.database.time() - since >= DAY

    def last(self) -> Checked | None:
        """Give the last verification. Raises `Busy`."""
        return next(iter(self.history(1)), None)

    def history(self, number: int) -> list[Checked]:
        """Give the last verifications, the newest first. Raises `Busy`."""
        return [checked(row) for row in self.database.rows(NEWEST, limit=number)]

    def check(self, actor: str, notes: Sequence[str] = (), tell: Callable[[int, int], None] | None = None) -> Verified:
        """Verify the log, also against `notes` that somebody kept, and keep what was found. Raises `Busy`."""
        outside = [*notes, *self.anchors.notes()]
        found = verify(self.database, self.key, outside, self.anchors.leaves(self.key), tell)
        found = replace(found, flaws=(*found.flaws, *self._stamped()))
        lines = tuple(str(flaw) for flaw in found.flaws)
        at = self.database.time()
        self.database.write_now(KEEP, Checked(at, actor, found.size, found.checkpoints, lines))
        return found

    def alerting(self, actor: str, tell: Callable[[int, int], None] | None = None) -> Verified:
        """Verify the log in a process that serves, whose own log tells the operator of what was found."""
        found = self.check(actor, tell=tell)
        if found.flaws:
            log.critical("log-altered", flaws=len(found.flaws))
        return found

    def _stamped(self) -> Iterator[Flaw]:
        """Say which of the anchors' time stamps are not right; without roots to hold them against, nothing."""
        if self.stamps is None:
            return
        for size, note, stamp in self.anchors.stamps():
            try:
                self.stamps.opened(stamp, note)
            except BadStamp as wrong:
                yield Flaw("time-stamp", f"the checkpoint of {size} outside: {wrong}")
