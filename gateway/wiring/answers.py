"""What the HTTP edge answers about messages: what would become of one, and what has."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from adapters.fhir import codec
from gateway import flow
from gateway.core.errors import Issue, Refused, Severity
from gateway.core.line import State
from gateway.core.message import Route
from gateway.core.vocabulary import Role
from gateway.edge.gather import Gather
from gateway.edge.identity.access import Caller
from gateway.edge.line import GatewayLine
from gateway.edge.rulebook import Rulebook
from gateway.edge.store import statements
from gateway.edge.store.database import Database
from gateway.edge.store.review import HELD_OF
from gateway.model.messages import about
from gateway.policy.facts import Facts
from gateway.wiring.preflight import Preflight

Reasons = Callable[[Sequence[str]], Mapping[str, Mapping[str, Any]]]
"""Gives, by outgoing message, an OperationOutcome with what a receipt says against it."""


class Answers:
    """Answers to senders, from the line, the rules and the store."""

    def __init__(
        self,
        line: GatewayLine,
        rulebook: Rulebook,
        gather: Gather,
        database: Database,
        reasons: Reasons,
        checks: Preflight,
    ) -> None:
        self._reasons = reasons
        self._checks = checks
        self._line = line
        self._rulebook = rulebook
        self._gather = gather
        self._database = database

    async def dry_run(self, raw: bytes, format_id: str, caller: Caller, *, paper: bool) -> Iterable[Issue]:
        """Say what would become of a message: who would get it, and what would be withheld from whom."""
        admitted = self._line.admit(raw, format_id, caller.party.id, paper=paper)
        record = self._line.again(raw, format_id).record
        known = about(record)
        if known is None:
            return admitted.issues
        ways = [way.route for role in caller.party.roles for way in self._line.routing.of(known.kind, role)]
        facts = self._gather.presumed(known, record)
        asked_back = self._checks.told(record, self._line.formats[format_id])
        return [*admitted.issues, *asked_back, *(self._would(record, facts, route) for route in ways)]

    def _would(self, record: Any, facts: Facts, route: Route) -> Issue:
        decision = flow.decide(self._rulebook.table, route, facts, record)
        recipient = route.recipient
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
        told = self._reasons([row.id for row in going if row.state == State.DEAD_LETTER.value])
        held = {(row.party, row.purpose) for row in self._database.rows(HELD_OF, inbound=message_id)}
        deliveries = [
            codec.Delivery(
                row.recipient,
                State(row.state),
                told.get(row.id),
                held=row.state == State.REFUSED and (row.destination, row.purpose) in held,
            )
            for row in going
        ]
        return codec.message_task(message_id, rows[0].received_at, changed, deliveries)
