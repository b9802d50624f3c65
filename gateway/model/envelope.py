"""The envelope of a message: what every message record says of itself, its sender, its receiver and its patient.

KITH's MsgHead 1.2 (MsgInfo) with FHIR's names (MessageHeader, Organization, Practitioner, Patient).
"""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from gateway.model.common import Address, HumanName, Identifier, Telecom
from gateway.model.labels import FREE, IMPERSONAL, CertifierDetail, Clinical, ContactData, Envelope, Identity

PERSONAL = ("national-number", "d-number")
"""The kinds of number that name a person."""


def personal(number: str | None) -> Identifier | None:
    """Give a person's number with its kind: the first digit of a D-number is 4 more than a day's."""
    if not number:
        return None
    return Identifier(kind="d-number" if number[0] in "4567" else "national-number", value=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Which earlier message this one follows (MsgHead ConversationRef)."""

    parent: Envelope[str | None] = None
    conversation: Envelope[str | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """The department within the sending organisation."""

    name: CertifierDetail[str | None] = None
    identifiers: CertifierDetail[tuple[Identifier, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Professional:
    """The health professional named in the message header, who need not be the certifier."""

    name: CertifierDetail[HumanName] = HumanName()
    fnr: CertifierDetail[str | None] = None
    hpr: CertifierDetail[str | None] = None
    her: CertifierDetail[str | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The organisation that sends the message."""

    name: CertifierDetail[str | None] = None
    identifiers: CertifierDetail[tuple[Identifier, ...]] = ()
    address: CertifierDetail[Address | None] = None
    telecoms: CertifierDetail[tuple[Telecom, ...]] = ()
    unit: CertifierDetail[Unit | None] = None
    professional: CertifierDetail[Professional | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """The organisation that the message is addressed to."""

    name: Annotated[Envelope[str | None], IMPERSONAL] = None
    identifiers: Envelope[tuple[Identifier, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """The person on sick leave."""

    name: Identity[HumanName | None] = None
    id: Identity[Identifier | None] = None
    birth_date: Identity[date | None] = None
    address: ContactData[Address | None] = None
    telecoms: ContactData[tuple[Telecom, ...]] = ()
    gp_name: CertifierDetail[str | None] = None
    nav_office: ContactData[str | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The program that the certificate was written in."""

    name: Annotated[Envelope[str | None], IMPERSONAL] = None
    version: Annotated[Envelope[str | None], IMPERSONAL] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a message is about, as its header says it (FHIR Patient)."""

    name: Identity[HumanName] = HumanName()
    identifiers: Identity[tuple[Identifier, ...]] = ()
    address: ContactData[Address | None] = None
    telecoms: ContactData[tuple[Telecom, ...]] = ()

    @property
    def id(self) -> Identifier | None:
        """The number that the person is known by: the first that is a national number or a D-number."""
        return next((one for one in self.identifiers if one.kind in PERSONAL), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The local office of an authority, with its own number of it; where a person belongs tells where they live."""

    name: ContactData[str | None] = None
    number: ContactData[str | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee(Receiver):
    """The organisation that a message is addressed to, with the office or the professional in it."""

    office: ContactData[Office | None] = None
    professional: CertifierDetail[Professional | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A document that came along, as base64. Whatever it is, it is health information as much as the text is."""

    title: Annotated[Clinical[str | None], FREE] = None
    media_type: Clinical[str | None] = None
    content: Clinical[str]
