"""What the HTTP edge answers about messages: what would become of one, and what has."""

from collections.abc import Iterable, Mapping
from typing import Any

from adapters.fhir import codec
from gateway import flow
from gateway.core.errors import Issue, Refused, Severity
from gateway.core.line import State
from gateway.core.message import Route
from gateway.core.vocabulary import MessageKind, Purpose, Role
from gateway.edge.gather import Gather
from gateway.edge.identity.access import Caller
from gateway.edge.line import GatewayLine, about
from gateway.edge.rulebook import Rulebook
from gateway.edge.store import statements
from gateway.edge.store.database import Database

PURPOSES: Mapping[Role, Purpose] = {Role.NAV: Purpose.BENEFIT, Role.EMPLOYER: Purpose.SICK_LEAVE_FOLLOW_UP}
"""Whom a certificate is for, and what for."""


class Answers:
    """Answers to senders, from the line, the rules and the store."""

    def __init__(self, line: GatewayLine, rulebook: Rulebook, gather: Gather, database: Database) -> None:
        self._line = line
        self._rulebook = rulebook
        self._gather = gather
        self._database = database

    async def dry_run(self, raw: bytes, format_id: str, caller: Caller) -> Iterable[Issue]:
        """Say what would become of a message: who would get it, and what would be withheld from whom."""
        admitted = self._line.admit(raw, format_id, caller.party.id)
        record = self._line.again(raw, format_id).record
        return [*admitted.issues, *(self._would(record, recipient) for recipient in PURPOSES)]

    def _would(self, record: Any, recipient: Role) -> Issue:
        route = Route(Role.CERTIFIER, recipient, MessageKind.SYKMELDING, PURPOSES[recipient])
        decision = flow.decide(self._rulebook.table, route, self._gather.presumed(about(record)), record)
        try:
            released = flow.minimise(record, decision)
        except Refused as refused:
            what = f"to {recipient}: nothing goes, {refused.why} ({', '.join(refused.rules) or 'no rule permits it'})"
        else:
            classes = ", ".join(sorted({one.data_class for one in released.withheld})) or "nothing"
            what = f"to {recipient}: it goes, withheld of it: {classes}"
        return Issue("informational", "", what, severity=Severity.INFORMATION)

    async def status(self, message_id: str, caller: Caller) -> Mapping[str, Any] | None:
        """Give the FHIR Task of a message, if the party sent it."""
        rows = self._database.rows(statements.INBOUND, id=message_id)
        if not rows or (rows[0].sender != caller.party.id and Role.OFFICER not in caller.party.roles):
            return None
        newest = {row.destination: row for row in self._database.rows(statements.MESSAGES_OF, id=message_id)}
        going = list(newest.values())
        changed = max((row.sealed_at or row.created_at for row in going), default=rows[0].received_at)
        deliveries = [codec.Delivery(row.recipient, State(row.state)) for row in going]
        return codec.message_task(message_id, rows[0].received_at, changed, deliveries)
