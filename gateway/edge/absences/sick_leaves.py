"""A person's sick-leave cases as an employer may know them: its own rows, matched with the certificates it has got.

A certificate that the patient has not sent makes no difference, so that nobody learns from a match that there is one.
"""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import select

from gateway.core.errors import NotAcceptable
from gateway.core.line import State
from gateway.core.message import Parsed
from gateway.edge.keys import Unreadable, Vault
from gateway.edge.store import statements
from gateway.edge.store.absences import RECORD
from gateway.edge.store.database import Database
from gateway.edge.store.decide import inbound
from gateway.edge.store.schema import absence, payload
from gateway.model.absence import Absence
from gateway.model.episode import Spell, certified, episodes, spells
from gateway.model.messages import absent

GOT = frozenset({State.DELIVERED.value, State.ACKNOWLEDGED.value})


class SickLeaves:
    """Reads the store. `read` gives the record of stored bytes in a format."""

    def __init__(self, database: Database, vault: Vault, read: Callable[[bytes, str], Parsed[Any]]) -> None:
        self._database, self._vault, self._read = database, vault, read

    def of_employee(self, number: str, party: str, between: int) -> list[list[Spell]]:
        """Give a person's sick-leave cases as an employer may know them: its own rows, matched with what it has got.

        `between` is how many days without illness a case may have in it. Raises `Busy`.
        """
        covered = [span for one in self._got(number, party) for span in absent(one)]
        return episodes(certified(spells(self._absences(number, party)), covered), between)

    def _absences(self, number: str, party: str) -> Iterator[Absence]:
        rows = self._database.rows(
            select(absence.c.record, payload.c.body, payload.c.wrapped)
            .join_from(absence, payload, payload.c.record == absence.c.record)
            .where(absence.c.patient == self._vault.mac("patient", number), absence.c.party == party)
        )
        for row in rows:
            record = self._opened(RECORD, row.record, row, "canonical")
            if isinstance(record, Absence):
                yield record

    def _got(self, number: str, party: str) -> Iterator[Any]:
        for message, record in self._records(number):
            rows = self._database.rows(statements.MESSAGES_OF, id=message)
            if any(row.destination == party and row.state in GOT for row in rows):
                yield record

    def _records(self, number: str) -> Iterator[tuple[str, Any]]:
        for row in self._database.rows(statements.EARLIER, who=self._vault.mac("patient", number)):
            for source in map(inbound, self._database.rows(statements.SOURCES, ids=[row.id])):
                yield row.id, self._opened("inbound", source.id, source, source.format)

    def _opened(self, kind: str, name: str, sealed: Any, format_id: str) -> Any:
        """Give the record of sealed bytes; nothing for bytes that were erased, or cannot be read."""
        try:
            return self._read(self._vault.open(kind, name, sealed.body, sealed.wrapped), format_id).record
        except (Unreadable, NotAcceptable):
            return None
