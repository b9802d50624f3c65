"""What other messages about a patient say of one: whether an authority asked for it, if it is withdrawn, who wrote.

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
from gateway.model.intyg import Intyg
from gateway.model.intyg_dialogue import Revocation
from gateway.model.messages import About
from gateway.policy.question import question_of

ASKING = (Role.NAV, Role.FORSAKRINGSKASSAN)
"""Who asks certifiers about their patients."""


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
        """Give what an authority has asked about this patient, if a message says that it answers it. Raises `Busy`."""
        rows = (row for role in ASKING for row in self._named(known, role))
        found = (question_of(self.record(row.id), known.concerns) for row in rows)
        return next((question for question in found if question is not None), None)

    def withdrawn(self, certificate: Intyg) -> bool | None:
        """Whether the care unit of a Swedish certificate has withdrawn or replaced it; nothing when nobody can tell.

        Nobody can when something that came after the certificate was erased, or cannot be read. Raises `Busy`.
        """
        number = certificate.patient.number
        if not number:
            return None
        rows = self._database.rows(statements.EARLIER, who=self._vault.mac("patient", number))
        sure, later = True, True
        for row in rows:  # the newest first
            record = self.record(row.id)
            if record is not None and _takes_back(record, certificate):
                return True
            later = later and row.business_mac != self._vault.mac("business-id", row.sender, certificate.id or "")
            sure = sure and (record is not None or not later)
        return False if sure else None

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

    def record(self, message: str) -> Any:
        """Give the record of a stored message by its id; nothing for one that was erased, or cannot be read.

        Raises `Busy`.
        """
        rows = self._database.rows(statements.SOURCES, ids=[message])
        if not rows:
            return None
        source = inbound(rows[0])
        try:
            raw = self._vault.open("inbound", source.id, source.body, source.wrapped)
            return self._read(raw, source.format).record
        except (Unreadable, NotAcceptable):
            return None


def _takes_back(record: Any, certificate: Intyg) -> bool:
    """Whether a message of the same care unit takes a certificate back, or puts another in its place."""
    if isinstance(record, Revocation):
        named = record.certificate
    elif isinstance(record, Intyg):
        named = record.replaces
    else:
        return False
    ours, theirs = certificate.sender, record.sender
    return named == certificate.id and bool(ours and theirs and ours.hsa and ours.hsa == theirs.hsa)
