"""Collects, before a decision, every outside fact that it rests on. What could not be found out is not said.

A fact that is missing is unknown to the rules, and unknown refuses wherever a rule asks.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import orjson

from gateway.core.decision import Question
from gateway.core.errors import Busy, Issue, NotAcceptable
from gateway.core.identifiers import ORGANISATION_SYSTEM
from gateway.core.message import Route
from gateway.core.vocabulary import DataClass, MessageKind, Purpose, Role
from gateway.edge.addresses import AWAY, GRADINGS, AddressRegister
from gateway.edge.care_services import CareServices, Reader, own_unit
from gateway.edge.identity.parties import Registry
from gateway.edge.store.register import ConsentVersion
from gateway.edge.store.rows import Destination, Inbound
from gateway.model.intyg import Intyg
from gateway.model.messages import About, about
from gateway.policy.consent import purpose_coding
from gateway.policy.consent_facts import changes_at, consent_facts, patient_act
from gateway.policy.facts import Facts
from gateway.policy.labels import Labels
from gateway.policy.provision import Request
from gateway.policy.routing import Routing
from gateway.policy.rules import UNKNOWN

OLD: Final = timedelta(hours=24)
"""How long a message waits for a register that is away, before it is decided without it."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is known about one message and one recipient: the route, the facts, when it was received, the consents.

    `employee` is the recipient's own number of the patient, where its form needs one and its files have told it.
    """

    route: Route
    facts: Facts
    received_at: datetime
    consents: tuple[str, ...] = ()
    employee: str = ""


Cleared = Callable[[Collection[str]], Mapping[tuple[str, str, str], frozenset[str]]]
"""Gives what officers have cleared of messages, under the rules in force: by id, party and purpose. Raises `Busy`."""


class Consents(Protocol):
    """Gives the newest version of each consent of patients, by pseudonym. Raises `Busy`."""

    def of_patients(self, patients: Collection[str]) -> Mapping[str, list[ConsentVersion]]:
        """Give them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Consents and gradings that were asked for ahead, in the place of whoever gave them."""

    known: Mapping[str, Any]

    def gradings(self, numbers: Collection[str]) -> Mapping[str, str]:
        """Give what is known of these persons' addresses."""
        return {one: self.known[one] for one in numbers if one in self.known}

    def of_patients(self, patients: Collection[str]) -> Mapping[str, list[ConsentVersion]]:
        """Give what is known of these patients' consents."""
        return {one: self.known[one] for one in patients if one in self.known}


@dataclass(frozen=True, slots=True)
class Registers:
    """What is asked besides consents: graded addresses, senders whose name tells an illness (by number), and officers.

    `asked` gives what an authority has asked, if a message says that it answers it, and `withdrawn` whether a Swedish
    certificate is taken back. `care` are the Swedish services for blocks and consents.
    """

    addresses: AddressRegister | None = None
    disclosing: frozenset[str] | None = None
    asked: Callable[[About], Question | None] | None = None
    withdrawn: Callable[[Intyg], bool | None] | None = None
    cleared: Cleared | None = None
    care: CareServices | None = None
    employee: Callable[[Destination, str], str] | None = None


class Gather:
    """Gathers facts about messages, for the parties of a register."""

    def __init__(
        self, consents: Consents, registry: Registry, routing: Routing, outside: Registers, labels: Labels
    ) -> None:
        self._consents = consents
        self._registry = registry
        self._routing = routing
        self._outside = outside
        self._addresses = outside.addresses
        self._disclosing = outside.disclosing
        self._asked = outside.asked
        self._withdrawn = outside.withdrawn
        self._cleared = outside.cleared
        self._care = outside.care
        self._labels = labels

    def ahead(self, messages: Sequence[tuple[Inbound, Any]]) -> "Gather":
        """Give one that has asked already, once, all that it will be asked of these messages and their records.

        What it knows is of this moment: use it for what is decided now. A store that is away is asked again by each.
        """
        consents, outside = self._consents, self._outside
        if self._addresses:
            persons = {known.number for _, record in messages if (known := about(record))}
            outside = replace(outside, addresses=Asked(self._addresses.gradings(persons)))
        with suppress(Busy):
            consents = Asked(consents.of_patients({inbound.patient for inbound, _ in messages}))
        if self._cleared:
            with suppress(Busy):
                cleared = self._cleared({inbound.id for inbound, _ in messages})
                outside = replace(outside, cleared=lambda _messages: cleared)
        return Gather(consents, self._registry, self._routing, outside, self._labels)

    def __call__(self, inbound: Inbound, destination: Destination, record: Any) -> Gathered:
        """Collect the facts of one decision on a record.

        Raises `Busy` when the store is away, or the register of addresses is, for a message that is not yet `OLD`, and
        `NotAcceptable` for a record that no longer goes this way.
        """
        asked = about(record)
        route = self._route(asked, inbound, destination)
        if asked is None or route is None:
            what = "there is no way for this message from its sender to this recipient"
            raise NotAcceptable([Issue("not-supported", "", what)])
        now, received = datetime.now(UTC), datetime.fromtimestamp(inbound.received_at, UTC)
        if now - received < OLD and self._said_of(asked.number) == AWAY:
            raise Busy("the register of addresses is away")
        organisation = self._organisation(destination.party)
        request = Request(
            purpose=purpose_coding(destination.purpose),
            actors=(f"{ORGANISATION_SYSTEM}|{organisation}",) if organisation else (),
            at=now,
        )
        consents, names = self._of(inbound.patient)
        act = patient_act(consents, request, _acted_on(asked))
        presumed = self.presumed(asked, record)
        facts = Facts(
            {**presumed.message, **({} if act is None else {"patient-act": act})},
            consent_facts(consents, request, asked.id, self._labels.by_class(record) if consents else None),
            changes_at(consents or (), now),
            self._cleared_of(inbound.id, destination),
            presumed.question,
        )
        employee = self._outside.employee(destination, inbound.patient) if self._outside.employee else ""
        return Gathered(route, facts, received, names, employee)

    def presumed(self, asked: About, record: Any) -> Facts:
        """Give the facts of a message that nobody has sent yet, as it stands before any act of the patient."""
        question = self._question(asked)
        known = {
            **asked.said,
            **self._taken_back(record),
            "address-grading": self._grading(asked.number),
            "sender-discloses": self._discloses(asked.organisations),
            "officer-cleared": "false",
            "request-scope": "no-request" if asked.unasked else "specified" if question else None,
        }
        return Facts({name: value for name, value in known.items() if value is not None}, question=question)

    def _cleared_of(self, message: str, to: Destination) -> frozenset[str]:
        known = self._cleared([message]) if self._cleared else {}
        return known.get((message, to.party, to.purpose), frozenset())

    def _grading(self, number: str) -> str | None:
        said = self._said_of(number)
        return said if said in GRADINGS else None

    def _said_of(self, number: str) -> str | None:
        return self._addresses.gradings([number]).get(number) if self._addresses else None

    def treating(self, certificates: Sequence[Intyg], patient: str, reader: Reader) -> list[Facts]:
        """Give the facts of showing each of a patient's Swedish certificates to one who treats the patient.

        `patient` is a pseudonym. The consent is the one that the consent service knows, unless a Consent here says no
        or cannot be read; what the reader's own unit has issued needs none, and none is asked for. The block service is
        asked where something might be shown. In Sweden an objection to sharing is a block, so that the answer about
        blocks says both. Raises `NotAcceptable` for a certificate about nobody.
        """
        own = [own_unit(one, reader) for one in certificates]
        others = self._care is not None and any(one != "true" for one in own)
        consent = self._care.consent(certificates[0].patient, reader) if self._care and others else None
        blocks: list[str | None] = [None] * len(certificates)
        if self._care and ("true" in own or consent == "permit"):
            blocks = self._care.blocks(certificates, reader)
        each = zip(certificates, blocks, strict=True)
        return [self._treating(one, block, patient, reader, consent) for one, block in each]

    def _treating(
        self, certificate: Intyg, block: str | None, patient: str, reader: Reader, consent: str | None
    ) -> Facts:
        known = about(certificate)
        if known is None:
            raise NotAcceptable([Issue("required", "", "the certificate is about nobody")])
        own = own_unit(certificate, reader)
        said = {
            "law": "sweden",
            "glass": "closed",
            "own-unit": own,
            "block": block,
            "objection": {"active": "raised", "none": "none"}.get(block or ""),
            "work-reason": "true" if reader.treats else "false",
        }
        message = {name: value for name, value in said.items() if value is not None}
        by_class = self._agreed(certificate, known, patient, reader, "none" if own == "true" else consent)
        return Facts({**self.presumed(known, certificate).message, **message}, by_class)

    def _agreed(
        self, certificate: Intyg, known: About, patient: str, reader: Reader, consent: str | None
    ) -> dict[str, dict[str, str]]:
        """Give the consent for each data class: a no here goes before a yes at the service."""
        organisation = self._organisation(reader.party)
        actors = (f"{ORGANISATION_SYSTEM}|{organisation}",) if organisation else ()
        request = Request(purpose=purpose_coding(Purpose.TREATMENT), actors=actors, at=datetime.now(UTC))
        consents, _ = self._of(patient)
        labels = self._labels.by_class(certificate) if consents else None
        here = consent_facts(consents, request, known.id, labels)
        ours = {one: here.get(one, {}).get("consent", UNKNOWN) for one in DataClass}
        asked = consent or UNKNOWN
        return {one: {"consent": own if own in ("deny", UNKNOWN) else asked} for one, own in ours.items()}

    def _taken_back(self, record: Any) -> dict[str, str]:
        """Say whether a Swedish certificate is withdrawn; nothing of other messages, and when nobody can tell."""
        if not isinstance(record, Intyg) or self._withdrawn is None:
            return {}
        try:
            found = self._withdrawn(record)
        except Busy:
            return {}
        return {} if found is None else {"withdrawn": "true" if found else "false"}

    def _question(self, asked: About) -> Question | None:
        """Give what an authority has asked; nothing for a message that is written unasked, or when nobody can tell."""
        try:
            return self._asked(asked) if asked.answers and not asked.unasked and self._asked else None
        except Busy:
            return None

    def _route(self, asked: About | None, inbound: Inbound, destination: Destination) -> Route | None:
        sender = self._registry.party(inbound.sender)
        if asked is None or sender is None:
            return None
        ways = self._routing.of(asked.kind, recipient=Role(destination.recipient))
        routes = (way.route for way in ways if way.route.sender in sender.roles)
        return next((route for route in routes if route.purpose == destination.purpose), None)

    def _organisation(self, party: str) -> str:
        known = self._registry.party(party)
        return known.organisation if known else ""

    def _of(self, patient: str) -> tuple[list[Any] | None, tuple[str, ...]]:
        """Give every consent in its newest version, and their names; nothing at all when the register is away."""
        try:
            stored = self._consents.of_patients([patient]).get(patient, [])
        except Busy:
            return None, ()
        consents = [orjson.loads(one.resource) for one in stored]
        return consents, tuple(f"{c.get('id')}/{s.version}" for c, s in zip(consents, stored, strict=True))

    def _discloses(self, organisations: tuple[str, ...]) -> str | None:
        if self._disclosing is None or not organisations:
            return None
        return "true" if any(one in self._disclosing for one in organisations) else "false"


def _acted_on(asked: About) -> str:
    """Give the id of what the patient has sent: the message itself, or the certificate that it withdraws."""
    return asked.concerns if asked.kind is MessageKind.FK_REVOCATION else asked.id
