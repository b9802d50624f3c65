"""The pure line as storing and delivering use it: formats, rules and parties of this installation put around `flow`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

from gateway import flow
from gateway.core.audit import Disclosure
from gateway.core.decision import Decision
from gateway.core.errors import Issue, NotAcceptable, Severity
from gateway.core.message import Parsed, Released, Rendered, Route
from gateway.core.ports import Format
from gateway.core.vocabulary import MessageKind, Role
from gateway.edge.delivery.ports import Admitted, ReceiptSeen, Sealed
from gateway.edge.gather import Gathered
from gateway.edge.identity.parties import Party, Registry
from gateway.edge.nav_rules import NavRulebook
from gateway.edge.rulebook import Rulebook
from gateway.edge.store.rows import Destination
from gateway.model import Identifier, Receipt
from gateway.model.messages import About, about
from gateway.model.walk import values_of
from gateway.policy.routing import How, Routing, Way

Earlier = Callable[[About, Role], tuple[str, ...]]
"""Gives the parties in a role that wrote before in a message's conversation, or about its patient; newest first."""

RECURRING = frozenset({MessageKind.INNTEKTSMELDING, MessageKind.INCOME_REQUEST})
"""Kinds whose id is of a matter rather than of a message: a request comes with another status, a row corrected."""

Addressing = Callable[[str, bytes, str], str]
"""Gives the media type of a document for a party, with what its transport has to know of it."""


class Envelope(Protocol):
    """What messages to and from a party travel in."""

    def close(self, party: str, rendered: Rendered) -> Rendered:
        """Sign and seal what goes to a party, as far as it demands."""

    def open(self, party: str, raw: bytes) -> bytes:
        """Give what a party has signed and sealed. Raises `NotAcceptable` when it does not hold."""


class GatewayLine:
    """Implements `delivery.ports.Line` for the parties of a register."""

    def __init__(
        self,
        formats: Mapping[str, Format],
        rulebook: Rulebook,
        routing: Routing,
        registry: Registry,
        envelope: Envelope,
        nav_rules: NavRulebook,
    ) -> None:
        self.formats = formats
        self.rulebook = rulebook
        self.routing = routing
        self._registry = registry
        self._envelope = envelope
        self._nav_rules = nav_rules
        self.earlier: Earlier = lambda _known, _role: ()
        self.address: Addressing = lambda _party, _document, media_type: media_type

    @property
    def policy(self) -> str:
        """Version and digest of the rule set that decides."""
        return self.rulebook.version

    def admit(self, raw: bytes, format_id: str, sender: str, *, paper: bool = False) -> Admitted:
        """Read a message, and hold it against everything that would stop it later on the line.

        `paper` asks what NAV would do with it if it came on paper.
        """
        source = self._source(format_id)
        parsed = flow.named(flow.parse(source, raw), source, raw)
        if flow.deliverable(parsed):
            raise NotAcceptable(flow.deliverable(flow.named(flow.parse(source, raw, report=True), source, raw)))
        known = about(parsed.record)
        if known is None:
            raise NotAcceptable([Issue("not-supported", "", "this is no message about a patient")])
        party = self._registry.parties[sender]
        wrong = [*self._not_for(known, source, party, raw)]
        destinations = () if wrong else self.destinations(known, type(parsed.record).__name__, party)
        fitted = [self._fitted(parsed.record, source, one) for one in destinations]
        destinations = tuple(one for one, _ in fitted)
        wrong += [issue for _, missing in fitted for issue in missing]
        to_nav = Role.NAV in {to.recipient for to in destinations}
        told = self._nav_says(parsed, source, raw, paper=paper) if to_nav else ()
        wrong += [issue for issue in told if issue.severity is Severity.ERROR]
        if wrong:
            raise NotAcceptable(wrong)
        return Admitted(
            business_id=known.id,
            case=known.case,
            patient=known.number,
            destinations=destinations,
            issues=(*parsed.issues, *told),
            id_at=source.places.get("id", ""),
            recurs=known.kind in RECURRING,
        )

    def _nav_says(self, parsed: Parsed[Any], source: Format, raw: bytes, *, paper: bool) -> tuple[Issue, ...]:
        """Give what NAV's own rules will answer, at exact places when it is more than what they check besides."""
        told = self._nav_rules.on_arrival(parsed, source, paper=paper)
        if all(issue.severity is Severity.INFORMATION for issue in told):
            return told
        return self._nav_rules.on_arrival(flow.parse(source, raw, report=True), source, paper=paper)

    @staticmethod
    def _not_for(known: About, source: Format, party: Party, raw: bytes) -> Iterator[Issue]:
        """Say so when the party may not send this kind of message, or not for the sender that it states.

        A scan of a sheet goes nowhere: nobody has signed it, and NAV and the employer get the sheet itself.
        """
        if source.on_paper:
            what = "a note on paper is read here and not forwarded; NAV gets the sheet itself"
            yield Issue("not-supported", "", what, "send NAV the sheet, or write the note in the record system")
        if known.kind not in party.sends:
            what = f"this party may not send messages of the kind {known.kind}"
            yield Issue("forbidden", "", what, "have the register of parties say that you may")
        if not set(known.organisations) <= party.behalf:
            what = "the message's sender is an organisation that this party may not send for"
            mend = "send for your own organisation, or have the register say that you may send for this one"
            yield Issue("forbidden", _place_of(set(known.organisations) - party.behalf, source, raw), what, mend)

    def _fitted(self, record: Any, source: Format, to: Destination) -> tuple[Destination, tuple[Issue, ...]]:
        """Give a destination in the first of its party's formats that has all it demands, or what is missing.

        That is what the format misses for which least has to be given that the sender's own has no place for.
        """
        lacking: list[tuple[Issue, ...]] = []
        for name in self._written_for(self._registry.parties[to.party], type(record).__name__):
            missing = flow.missing_for(record, source, self.formats[name], self.addressee(to.party, None))
            if not missing:
                return replace(to, format=name), ()
            lacking.append(missing)
        return to, min(lacking, key=lambda missing: (sum(not issue.at for issue in missing), len(missing)))

    def destinations(self, known: About, model: str, sender: Party) -> tuple[Destination, ...]:
        """Give whom a message goes to when it comes: by law, and those it is addressed to.

        Raises `NotAcceptable` when it goes to nobody, now or by a later act of the patient.
        """
        ways = [way for role in sender.roles for way in self.routing.of(known.kind, role)]
        found = [(way, party) for way in ways for party in self._parties(way, known)]
        if not found and not any(way.how is How.BY_ACT for way in ways):
            what = f"no recipient of this {known.kind} is known here"
            mend = "name a receiver (HER-id, organisation number or HSA-id) that the register of parties has"
            raise NotAcceptable([Issue("not-found", "", what, mend)])
        return tuple(self.destination(way, party, model) for way, party in found)

    def _parties(self, way: Way, known: About) -> list[Party]:
        everyone = self._registry.in_role(way.route.recipient)
        if way.how is How.BY_LAW:
            return everyone
        if way.how is How.ADDRESSED:
            named = [one for one in everyone if one.is_named(known.receivers)]
            return named or (self._before(way, known) if known.answers else [])
        return self._before(way, known)[:1] if way.how is How.BY_CASE else []

    def _before(self, way: Way, known: About) -> list[Party]:
        return [self._registry.parties[one] for one in self.earlier(known, way.route.recipient)]

    def destination(self, way: Way, party: Party, model: str) -> Destination:
        """Give a party as the destination of a record: in the first of the party's formats that we write it in.

        Raises `NotAcceptable` when there is none.
        """
        for name in self._written_for(party, model):
            return Destination(party.id, way.route.recipient, name, way.route.purpose)
        what = f"no format that this {way.route.recipient} reads has a place for a {model}"
        raise NotAcceptable([Issue("not-supported", "", what, "have the register of parties name one")])

    def _written_for(self, party: Party, model: str) -> Iterator[str]:
        """Give those of a party's formats that we write a record in, in the party's order."""
        for name in party.formats:
            known = self.formats.get(name)
            if known is not None and known.render is not None and model in known.models:
                yield name

    def by_act(self, record: Any, organisation: str) -> Destination | None:
        """Give where a message goes when its patient sends it to an organisation; nothing when no way leads there."""
        known = about(record)
        for way in self.routing.of(known.kind) if known else ():
            for party in self._registry.in_role(way.route.recipient):
                if way.how is How.BY_ACT and party.organisation and party.organisation == organisation:
                    return self.destination(way, party, type(record).__name__)
        return None

    def process(self, parsed: Parsed[Any], destination: Destination, facts: Gathered) -> Sealed:
        """Take a message that was read to sealed bytes. Raises `Refused` or `NotAcceptable`."""
        to = replace(self.addressee(destination.party, facts.received_at), employee=facts.employee)
        done = flow.forward(parsed, self.formats[destination.format], self.rules(facts.route), facts.facts, to)
        sealed = self._envelope.close(destination.party, done.rendered)
        return Sealed(
            body=sealed.body,
            media_type=self.address(destination.party, done.rendered.body, sealed.media_type),
            business_id=done.released.record.id or "",
            disclosure=self.disclosure(done.decision, done.released, facts.consents),
            valid_until=done.decision.valid_until.timestamp() if done.decision and done.decision.valid_until else None,
            held=done.released.held,
        )

    def again(self, raw: bytes, format_id: str) -> Parsed[Any]:
        """Read a message that was accepted before. Raises `NotAcceptable` when it is not acceptable any longer."""
        source = self._source(format_id)
        parsed = source.parse.again(raw) if source.parse else Parsed(None)
        if parsed.record is None:
            raise NotAcceptable(parsed.issues)
        return flow.named(parsed, source, raw)

    def party(self, name: str) -> Party | None:
        """Give a party of the register by its id; nothing for one that is not there any more."""
        return self._registry.party(name)

    def acting_for(self, organisation: str) -> list[Party]:
        """Give the parties that may send for an organisation (a number or an HSA-id)."""
        return [one for one in self._registry.parties.values() if organisation in one.behalf]

    def rules(self, route: Route) -> flow.Rules:
        """Give the rules of a route."""
        return self.rulebook.of(route)

    def open(self, party: str, raw: bytes) -> bytes:
        """Give what a party has signed and sealed. Raises `NotAcceptable` when it does not hold."""
        return self._envelope.open(party, raw)

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
        return replace(_addressee(self._registry.parties[party]), received_at=received_at or datetime.now(UTC))


def _addressee(party: Party) -> flow.Addressee:
    if Role.EMPLOYER in party.roles:
        return flow.Addressee(employer=party.organisation)
    numbers = (("her", party.her_id), ("orgnr", party.organisation))
    identifiers = tuple(Identifier(kind=kind, value=value) for kind, value in numbers if value)
    return flow.Addressee(name=party.name, identifiers=identifiers)


def _place_of(strangers: set[str], source: Format, raw: bytes) -> str:
    """Give the exact place of the first of these numbers in the message's sender."""
    parsed = flow.parse(source, raw, report=True)
    fields = [path for path, value, _ in values_of(parsed.record) if path.startswith("sender.") and value in strangers]
    places = {row.field: row.at for row in parsed.rows if row.outcome == "carried"}
    return next((places[path] for path in fields if path in places), "")
