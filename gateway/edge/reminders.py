"""Reminds the certifier's system of what an authority asked and nobody has answered: the same request comes once more.

A request is answered by a later message of the certifier's that names it, or the conversation that it is part of. What
was asked, and what was answered, is read from what the store keeps, as a decision reads it; nothing else is remembered.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

from sqlalchemy import Row

from gateway.core.vocabulary import Role
from gateway.edge.conversations import ASKING
from gateway.edge.identity.parties import Registry
from gateway.edge.store import statements
from gateway.edge.store.database import Database
from gateway.edge.store.remind import REMIND, WAITING, Reminder
from gateway.model.dialogue import Dialogue, MeetingInvitation, Request
from gateway.model.intyg_dialogue import REMINDER, InsurerLetter
from gateway.model.messages import about

DAY: Final = 86_400.0
LOOK_AGAIN: Final = 600.0
"""Seconds between two looks; a reminder is a matter of days."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """After how many days without an answer a reminder goes, how many days between two, and how many at most."""

    first: float
    between: float
    most: int


class Reminders:
    """Looks for requests that wait. `record` gives the record of a stored message by its id, if it can be read."""

    def __init__(
        self, database: Database, registry: Registry, record: Callable[[str], Any], intervals: Intervals
    ) -> None:
        self._database = database
        self._registry = registry
        self._record_of = record
        self._intervals = intervals
        self._looked = float("-inf")

    async def remind_some(self) -> int:
        """Remind of what is due, now and then; always give 0, since nothing is left to do at once. Raises `Busy`."""
        if self._intervals.most and time.monotonic() - self._looked > LOOK_AGAIN:
            self._looked = time.monotonic()
            await self.look()
        return 0

    async def look(self) -> int:
        """Remind of every request that is due, and give how many were. Raises `Busy`."""
        due = await asyncio.to_thread(lambda: list(self._due()))
        made = [await self._database.write(REMIND, one) for one in due]
        return sum(map(bool, made))

    def _due(self) -> Iterator[Reminder]:
        now, days = self._database.time(), self._intervals
        rows = self._database.rows(
            WAITING,
            senders=[party for role in ASKING for party in self._parties(role)],
            role=Role.CERTIFIER.value,
            oldest=now - (days.first + days.between * days.most) * DAY,
            newest=now - days.first * DAY,
            quiet=now - days.between * DAY,
        )
        for row in rows:
            if self._waits(row):
                yield Reminder(row.id, row.destination, now - days.between * DAY)

    def _parties(self, role: Role) -> list[str]:
        return [party.id for party in self._registry.in_role(role)]

    def _waits(self, row: Row[Any]) -> bool:
        """Whether a stored message asks for an answer that nobody has given."""
        known = _begun(self._record_of(row.id))
        if not known:
            return False
        certifiers = self._parties(Role.CERTIFIER)
        newest_first = self._database.rows(statements.EARLIER, who=row.patient)
        later = takewhile(lambda one: one.id != row.id, newest_first)
        return not any(known & self._answers(one.id) for one in later if one.sender in certifiers)

    def _answers(self, message: str) -> set[str]:
        said = about(self._record_of(message))
        return set(said.answers) if said else set()


def _begun(asked: Any) -> set[str]:
    """Give the ids that an answer to a message names; none for one that asks for no answer."""
    if isinstance(asked, InsurerLetter) and asked.topic != REMINDER and asked.id:
        return {asked.id}
    if isinstance(asked, Dialogue) and isinstance(asked.matter, Request | MeetingInvitation):
        return {one for one in (asked.id, asked.conversation.conversation) if one}
    return set()
