"""What Försäkringskassan and a care unit write to each other about a Swedish certificate, and its withdrawal.

RIV-TA clinicalprocess:healthcond:certificate: SendMessageToCare 2, SendMessageToRecipient 2 and RevokeCertificate 2.
What Försäkringskassan writes is of class `authority-note`, what the care unit writes of class `clinical`, so that
neither goes where the other may. Days are calendar days without a zone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from gateway.model.common import Identifier
from gateway.model.envelope import Receiver
from gateway.model.intyg import CareUnit, Insured, Signatory
from gateway.model.labels import (
    FREE,
    AuthorityNote,
    CertifierData,
    CertifierDetail,
    Clinical,
    Envelope,
    Identity,
    coded,
)

COMPLETION, REMINDER = "completion", "reminder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What is to be completed (komplettering): the question of the form, which of its answers, and what is asked."""

    question: Envelope[str | None] = None
    answer: Envelope[int | None] = None
    text: Annotated[AuthorityNote[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Insurer:
    """Who writes for Försäkringskassan, in its own words (kontaktInfo, a line each)."""

    contacts: Annotated[AuthorityNote[tuple[str, ...]], FREE] = ()

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """No number: the message names its sender by a code."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCertificate:
    """What all three have: their own id, and the certificate and the person that they are about."""

    id: Envelope[str | None] = None
    sent_at: Envelope[datetime | None] = None
    certificate_root: Envelope[str | None] = None
    certificate: Envelope[str | None] = None
    patient: Identity[Insured] = Insured()
    receiver: Envelope[Receiver | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter(OnCertificate):
    """What a message in either direction has: its topic, whom it is for, what it follows, by when it is answered.

    `logical_address` is the HSA-id or organisation number that the service platform routes by. `answers` and `reminds`
    are the ids of earlier messages; the references are each writer's own name for the matter.
    """

    reference: Envelope[str | None] = None
    logical_address: Envelope[str | None] = None
    topic: Annotated[Envelope[str | None], coded("se-topic")] = None
    reminds: Envelope[str | None] = None
    answers: Envelope[str | None] = None
    answers_reference: Envelope[str | None] = None
    answer_by: Envelope[date | None] = None

    @property
    def follows(self) -> tuple[str, ...]:
        """The ids of the messages that it follows."""
        return tuple(one for one in (self.answers, self.reminds) if one)


@dataclass(frozen=True, slots=True, kw_only=True)
class InsurerLetter(Letter):
    """Försäkringskassan writes to the care unit (SendMessageToCare): a completion request, a question, a reminder."""

    title: Annotated[AuthorityNote[str | None], FREE] = None
    text: Annotated[AuthorityNote[str | None], FREE] = None
    sender: Envelope[Insurer | None] = Insurer()
    remarks: Envelope[tuple[Remark, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CareLetter(Letter):
    """The care unit writes to Försäkringskassan (SendMessageToRecipient): an answer in words, or a question."""

    title: Annotated[Clinical[str | None], FREE] = None
    text: Annotated[Clinical[str | None], FREE] = None
    signatory: CertifierData[Signatory] = Signatory()
    sender: CertifierDetail[CareUnit | None] = CareUnit()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation(OnCertificate):
    """The care unit withdraws a certificate (RevokeCertificate)."""

    text: Annotated[Clinical[str | None], FREE] = None
    signatory: CertifierData[Signatory] = Signatory()
    sender: CertifierDetail[CareUnit | None] = CareUnit()


def astray(letter: Letter) -> Iterator[tuple[str, str, str]]:
    """Give what the topic demands and the letter does not have: the field, what is wrong, and how to mend it."""
    remarks = letter.remarks if isinstance(letter, InsurerLetter) else ()
    if isinstance(letter, InsurerLetter) and letter.topic == COMPLETION and not remarks:
        yield "remarks", "a completion request names no question", "name each question that is to be completed"
    if remarks and letter.topic != COMPLETION:
        yield "remarks", "questions to complete stand in a message of another topic", "make it a completion request"
    if (letter.topic == REMINDER) != bool(letter.reminds):
        what = "a reminder, and only a reminder, names the message that it reminds of"
        yield "reminds", what, "name it, or give the message its own topic"
