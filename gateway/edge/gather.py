"""Collects, before a decision, every outside fact that it rests on. What could not be found out is not said.

A fact that is missing is unknown to the rules, and unknown refuses wherever a rule asks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx
import orjson
import structlog

from gateway.core.errors import Busy
from gateway.core.identifiers import ORGANISATION_SYSTEM
from gateway.core.message import Route
from gateway.core.vocabulary import DataClass, MessageKind, Purpose, Role
from gateway.edge.store.register import ConsentRegister
from gateway.edge.store.rows import Destination, Inbound
from gateway.model import SickLeaveCertificate
from gateway.policy.consent import purpose_coding
from gateway.policy.consent_facts import changes_at, consent_facts, patient_act
from gateway.policy.facts import Facts
from gateway.policy.labels import Labels, Security
from gateway.policy.provision import Request

log = structlog.get_logger(__name__)


class AddressRegister(Protocol):
    """Knows whether a person's address is graded (folkeregisterloven § 10-1)."""

    def grading(self, number: str) -> str | None:
        """Give `none`, `fortrolig` or `strengt-fortrolig`, or nothing when it cannot be told."""


class HttpAddressRegister:
    """Asks a register over HTTPS: the number goes in the body, so that no log of addresses ever holds it."""

    def __init__(self, client: httpx.Client, url: str) -> None:
        self._client = client
        self._url = url

    def grading(self, number: str) -> str | None:
        """Ask; anything but a clear answer is none."""
        try:
            answer = self._client.post(self._url, json={"number": number})
            answer.raise_for_status()
            said = answer.json().get("grading")
        except (httpx.HTTPError, ValueError, AttributeError) as error:
            log.warning("address-register-away", error=type(error).__name__)
            return None
        return said if said in ("none", "fortrolig", "strengt-fortrolig") else None


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is known about one message and one recipient: the route, the facts, when it was received, the consents."""

    route: Route
    facts: Facts
    received_at: datetime
    consents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What `gather` must be told of a message itself: the record, the patient's number, the note's id, the sender's."""

    record: SickLeaveCertificate
    number: str
    note: str
    organisations: tuple[str, ...] = ()

    @property
    def case(self) -> str:
        """What tells one sick-leave case from another."""
        return f"{self.number}#{self.record.episode_start}"


@dataclass(frozen=True, slots=True)
class Registers:
    """What is known beyond the gateway: graded addresses, and the numbers of senders whose name tells an illness."""

    addresses: AddressRegister | None = None
    disclosing: frozenset[str] | None = None


class Gather:
    """Gathers facts. `read` gives what must be known of the message itself, from its stored bytes."""

    def __init__(
        self,
        consents: ConsentRegister,
        read: Callable[[Inbound], Asked],
        organisations: Mapping[str, str],
        outside: Registers,
        labels: Labels,
    ) -> None:
        self._consents = consents
        self._read = read
        self._organisations = organisations
        self._addresses = outside.addresses
        self._disclosing = outside.disclosing
        self._labels = labels

    def __call__(self, inbound: Inbound, destination: Destination) -> Gathered:
        """Collect the facts of one decision. Raises `Busy` when the store is away."""
        asked = self._read(inbound)
        now = datetime.now(UTC)
        route = Route(Role.CERTIFIER, Role(destination.recipient), MessageKind.SYKMELDING, Purpose(destination.purpose))
        organisation = self._organisations.get(destination.party, "")
        request = Request(
            purpose=purpose_coding(destination.purpose),
            actors=(f"{ORGANISATION_SYSTEM}|{organisation}",) if organisation else (),
            at=now,
        )
        consents, names = self._of(inbound.patient)
        act = patient_act(consents, request, asked.note)
        facts = Facts(
            {**self.presumed(asked).message, **({} if act is None else {"patient-act": act})},
            consent_facts(consents, request, asked.note, self._security(asked.record)),
            changes_at(consents or (), now),
        )
        received = datetime.fromtimestamp(inbound.received_at, UTC)
        return Gathered(route, facts, received, names)

    def presumed(self, asked: Asked) -> Facts:
        """Give the facts of a message that nobody has sent yet, as it stands before any act of the patient."""
        known = {
            "address-grading": self._addresses.grading(asked.number) if self._addresses else None,
            "sender-discloses": self._discloses(asked.organisations),
            "officer-cleared": "false",
        }
        return Facts({name: value for name, value in known.items() if value is not None})

    def _security(self, note: SickLeaveCertificate) -> dict[str, Security]:
        """Give the security labels of each class of a note, so that a Consent about psychiatry, say, is heard."""
        return {str(one): self._labels.of_class(one, note) for one in DataClass}

    def _of(self, patient: str) -> tuple[list[Any] | None, tuple[str, ...]]:
        """Give every consent in its newest version, and their names; nothing at all when the register is away."""
        try:
            stored = self._consents.for_patient(patient)
        except Busy:
            return None, ()
        consents = [orjson.loads(one.resource) for one in stored]
        return consents, tuple(f"{c.get('id')}/{s.version}" for c, s in zip(consents, stored, strict=True))

    def _discloses(self, organisations: tuple[str, ...]) -> str | None:
        if self._disclosing is None or not organisations:
            return None
        return "true" if any(one in self._disclosing for one in organisations) else "false"
