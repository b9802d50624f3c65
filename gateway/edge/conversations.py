"""What earlier messages about a patient say of a new one: whether NAV asked for it, and who has written before.

Earlier messages are found by keyed pseudonyms of the patient's number and of the ids that the new one names, as
MsgHead's ConversationRef has them. They are kept as long as the store keeps messages, which may be years.
"""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Row

from gateway.core.decision import Question
from gateway.core.errors import NotAcceptable
from gateway.core.message import Parsed
from gateway.core.vocabulary import Role
from gateway.edge.identity.parties import Registry
from gateway.edge.keys import Unreadable, Vault
from gateway.edge.store import statements
from gateway.edge.store.database import Database
from gateway.edge.store.decide import inbound
from gateway.model.messages import About
from gateway.policy.question import question_of


class Conversations:
    """Looks back. `read` gives the record of stored bytes in a format."""

    def __init__(
        self, database: Database, vault: Vault, registry: Registry, read: Callable[[bytes, str], Parsed[Any]]
    ) -> None:
        self._database = database
        self._vault = vault
        self._registry = registry
        self._read = read

    def asked(self, known: About) -> Question | None:
        """Give what NAV has asked about this patient, if a message says that it answers it. Raises `Busy`."""
        found = (self._question(row) for row in self._named(known, Role.NAV))
        return next((question for question in found if question is not None), None)

    def writers(self, known: About, role: Role) -> tuple[str, ...]:
        """Give the parties in a role that wrote in the conversation of a message, the newest first.

        A message that names no conversation is asked about the patient at large. Raises `Busy`.
        """
        rows = self._named(known, role) if known.answers else self._of(known, role)
        return tuple(dict.fromkeys(row.sender for row in rows))

    def _of(self, known: About, role: Role) -> Iterator[Row[Any]]:
        parties = {party.id for party in self._registry.in_role(role)}
        for row in self._database.rows(statements.EARLIER, who=self._vault.mac("patient", known.number)):
            if row.sender in parties:
                yield row

    def _named(self, known: About, role: Role) -> Iterator[Row[Any]]:
        for row in self._of(known, role):
            if row.business_mac in {self._vault.mac("business-id", row.sender, one) for one in known.answers}:
                yield row

    def _question(self, row: Row[Any]) -> Question | None:
        """Give what a stored message asks; nothing for one that was erased, or cannot be read."""
        rows = self._database.rows(statements.SOURCES, ids=[row.id])
        if not rows:
            return None
        source = inbound(rows[0])
        try:
            raw = self._vault.open("inbound", source.id, source.body, source.wrapped)
            return question_of(self._read(raw, source.format).record)
        except (Unreadable, NotAcceptable):
            return None
