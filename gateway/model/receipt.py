"""The application receipt: what the recipient said of a message (KITH AppRec, FHIR MessageHeader.response)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from gateway.model.common import Identifier
from gateway.model.labels import FREE, CertifierDetail, Envelope, coded


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyPerson:
    """A health professional within a party."""

    name: CertifierDetail[str | None] = None
    id: CertifierDetail[str | None] = None
    kind: CertifierDetail[str | None] = None
    additional: CertifierDetail[tuple[Identifier, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """The organisation that sends or gets a receipt."""

    name: Envelope[str | None] = None
    id: Envelope[str | None] = None
    kind: Annotated[Envelope[str | None], coded("party-ident")] = None
    additional: Envelope[tuple[Identifier, ...]] = ()
    person: CertifierDetail[tuple[PartyPerson, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptError:
    """One reason why a message was rejected: a code of kodeverk 8221 or of the recipient's own."""

    code: Envelope[str | None] = None
    system: Envelope[str | None] = None
    display: Annotated[Envelope[str | None], FREE] = None
    text: Annotated[Envelope[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """An application receipt. `original_id` is the id of the message it answers, and the only correlation key."""

    id: Envelope[str | None] = None
    created_at: Envelope[datetime | None] = None
    software: Envelope[str | None] = None
    software_version: Envelope[str | None] = None
    sender: Envelope[Party | None] = None
    receiver: Envelope[Party | None] = None
    status: Annotated[Envelope[str], coded("receipt-status")]
    errors: Envelope[tuple[ReceiptError, ...]] = ()
    original_kind: Envelope[str | None] = None
    original_sent_at: Envelope[datetime | None] = None
    original_id: Envelope[str]
