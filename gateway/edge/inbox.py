"""The inbox of a recipient that fetches its messages: what is shown is an attempt, and taking it over is its end.

Showing goes through the same transaction as sending does: the permit is looked at once more and the log tells of it
before a byte leaves. What is not taken over in time is shown again; a message waits behind an earlier one of its case.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from gateway.core.line import Event
from gateway.edge.delivery import watch
from gateway.edge.keys import Unreadable, Vault
from gateway.edge.store import statements
from gateway.edge.store.database import Database
from gateway.edge.store.deliver import BEGIN, END
from gateway.edge.store.inbox import ACKNOWLEDGE, Ack
from gateway.edge.store.rows import Attempt, Begin, Ended

SHOWN_FOR = 120.0
"""Seconds after which a message that was shown and not taken over is shown again."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as its recipient gets it. `id` is the same each time it is shown."""

    id: str
    media_type: str
    body: bytes


class Inbox:
    """Shows parties their messages, and hears which they have taken over; `policy` names the rules in force."""

    def __init__(self, database: Database, vault: Vault, policy: Callable[[], str]) -> None:
        self._database, self._vault, self._policy = database, vault, policy

    async def show(self, party: str, count: int) -> list[Shown]:
        """Give up to `count` messages that wait for a party, the oldest first. Raises `Busy`."""
        known = await asyncio.to_thread(self._database.rows, statements.DESTINATIONS)
        if party not in {row.name for row in known}:
            return []
        begun = await self._database.write(BEGIN, Begin(party, count, SHOWN_FOR, self._policy(), 0.0))
        return await self._opened(begun.attempts)

    async def _opened(self, attempts: Sequence[Attempt]) -> list[Shown]:
        shown = []
        for attempt in attempts:
            try:
                body = self._vault.open("outbound", attempt.id, attempt.body, attempt.wrapped)
            except Unreadable as error:
                why = type(error).__name__.lower()
                lost = Ended(attempt=attempt, outcome="unreadable", events=(Event.GAVE_UP,), reason=why)
                await self._database.write(END, lost)
                log.warning("inbox-unreadable", message=attempt.id, error=why)
                continue
            shown.append(Shown(attempt.id, attempt.media_type, body))
            watch.ATTEMPTS.labels(attempt.party, "shown").inc()
        return shown

    async def take(self, party: str, message: str) -> None:
        """Hear that a party has taken over a message. Raises `NotThere` or `Busy`."""
        await self._database.write(ACKNOWLEDGE, Ack(party, message))
        for event in (Event.SENT, Event.RECEIPT_OK):
            watch.EVENTS.labels(event.value).inc()
