"""The pure line as storing and delivering use it: formats, rules and parties of this installation put around `flow`."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from gateway import flow
from gateway.core.audit import Disclosure
from gateway.core.decision import Decision
from gateway.core.errors import Issue, NotAcceptable
from gateway.core.message import Parsed, Released, Rendered, Route
from gateway.core.ports import Format
from gateway.core.vocabulary import Role
from gateway.edge.delivery.ports import Admitted, ReceiptSeen, Sealed
from gateway.edge.gather import Asked, Gathered
from gateway.edge.rulebook import Rulebook
from gateway.edge.store.rows import Destination
from gateway.model import Identifier, Receipt, SickLeaveCertificate

Seal = Callable[[str, Rendered], Rendered]
"""Signs what goes to a party, where the party's format demands it; the same bytes each time for the same message."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A party that messages go to: its name and numbers, as they stand in messages to it."""

    name: str
    role: Role
    organisation: str = ""
    her_id: str = ""

    def addressee(self) -> flow.Addressee:
        """Give it as the flow adds it to a note."""
        if self.role is Role.EMPLOYER:
            return flow.Addressee(employer=self.organisation)
        numbers = (("her", self.her_id), ("orgnr", self.organisation))
        identifiers = tuple(Identifier(kind=kind, value=value) for kind, value in numbers if value)
        return flow.Addressee(name=self.name, identifiers=identifiers)


class GatewayLine:
    """Implements `delivery.ports.Line`.

    `statutory` are the destinations of every sick note, by law; `behalf` gives, by party, the organisation numbers that
    it may send for.
    """

    def __init__(
        self,
        formats: Mapping[str, Format],
        rulebook: Rulebook,
        recipients: Mapping[str, Recipient],
        statutory: tuple[Destination, ...],
        behalf: Mapping[str, Collection[str]],
        seal: Seal,
    ) -> None:
        self.formats = formats
        self.rulebook = rulebook
        self.recipients = recipients
        self.statutory = statutory
        self._behalf = behalf
        self._seal = seal

    @property
    def policy(self) -> str:
        """Version and digest of the rule set that decides."""
        return self.rulebook.version

    def admit(self, raw: bytes, format_id: str, sender: str) -> Admitted:
        """Read a message, and hold it against everything that would stop it later on the line."""
        source = self._source(format_id)
        parsed = flow.parse(source, raw)
        issues = self._against(parsed, source, raw) or self._not_for(parsed.record, source, sender)
        if issues:
            raise NotAcceptable(issues)
        asked = about(parsed.record)
        return Admitted(
            business_id=asked.note,
            case=asked.case,
            patient=asked.number,
            destinations=self.statutory,
            issues=parsed.issues,
        )

    def _against(self, parsed: Parsed[Any], source: Format, raw: bytes) -> tuple[Issue, ...]:
        wrong = flow.deliverable(parsed)
        if wrong:
            return flow.deliverable(flow.parse(source, raw, report=True))
        return tuple(
            issue
            for destination in self.statutory
            for issue in flow.missing_for(
                parsed.record, source, self.formats[destination.format], self.addressee(destination.party, None)
            )
        )

    def _not_for(self, record: Any, source: Format, sender: str) -> tuple[Issue, ...]:
        """Say so when the message states another sender than the party may send for."""
        stated = {one.value for one in record.sender.identifiers if one.kind == "orgnr"} if record.sender else set()
        if stated <= set(self._behalf.get(sender, ())):
            return ()
        what = "the message's sender is an organisation that this party may not send for"
        mend = "send for your own organisation, or have the register say that you may send for this one"
        return (Issue("forbidden", source.places.get("sender.identifiers.value", ""), what, mend),)

    def process(self, raw: bytes, format_id: str, destination: Destination, facts: Gathered) -> Sealed:
        """Take a stored message from its bytes to sealed bytes. Raises `Refused` or `NotAcceptable`."""
        parsed = self.again(raw, format_id)
        to = self.addressee(destination.party, facts.received_at)
        done = flow.forward(parsed, self.formats[destination.format], self.rules(facts.route), facts.facts, to)
        sealed = self._seal(destination.party, done.rendered)
        return Sealed(
            body=sealed.body,
            media_type=sealed.media_type,
            business_id=done.released.record.id or "",
            disclosure=self.disclosure(done.decision, done.released, facts.consents),
            valid_until=done.decision.valid_until.timestamp() if done.decision and done.decision.valid_until else None,
        )

    def again(self, raw: bytes, format_id: str) -> Parsed[Any]:
        """Read a message that was accepted before. Raises `NotAcceptable` when it is not acceptable any longer."""
        source = self._source(format_id)
        parsed = source.parse.again(raw) if source.parse else Parsed(None)
        if parsed.record is None:
            raise NotAcceptable(parsed.issues)
        return parsed

    def rules(self, route: Route) -> flow.Rules:
        """Give the rules of a route."""
        return self.rulebook.of(route)

    def read_receipt(self, body: bytes) -> ReceiptSeen | None:
        """Read an AppRec; nothing when the bytes are no receipt."""
        source = self.formats["nav-apprec"].parse
        parsed = source(body) if source and body.lstrip()[:1] == b"<" else Parsed(None)
        receipt = parsed.record
        if not isinstance(receipt, Receipt):
            return None
        return ReceiptSeen(
            receipt.original_id,
            receipt.status in ("ok", "ok-with-errors"),
            tuple(error.code for error in receipt.errors if error.code),
        )

    def disclosure(self, decision: Decision | None, released: Released[Any], consents: tuple[str, ...]) -> Disclosure:
        """Say why something was released, for the disclosure log: ids, paths and versions."""
        permitted = {rule for rules in released.rules.values() for rule in rules}
        forbade = {rule for one in released.withheld for rule in one.rules}
        return Disclosure(
            policy=self.policy,
            permitted=tuple(sorted(permitted)),
            forbade=tuple(sorted(forbade - permitted)),
            obligations=tuple(sorted(decision.obligations)) if decision else (),
            withheld=tuple(one.field for one in released.withheld),
            consents=consents,
        )

    def _source(self, format_id: str) -> Format:
        source = self.formats.get(format_id)
        if source is None or source.parse is None:
            raise NotAcceptable([Issue("not-supported", "", f"messages in format {format_id} are not read")])
        return source

    def addressee(self, party: str, received_at: datetime | None) -> flow.Addressee:
        """Give what is added to a message to a party."""
        return replace(self.recipients[party].addressee(), received_at=received_at or datetime.now(UTC))


def about(record: Any) -> Asked:
    """Give what `gather` and the store need to know of a note; raises `NotAcceptable` for what is no sick note."""
    if not isinstance(record, SickLeaveCertificate) or record.patient.id is None:
        raise NotAcceptable([Issue("not-supported", "", "only sick notes are forwarded")])
    organisations = record.sender.identifiers if record.sender else ()
    numbers = tuple(one.value for one in organisations if one.kind == "orgnr")
    return Asked(record, record.patient.id.value, record.id or "", numbers)
