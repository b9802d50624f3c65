"""The dialogue between NAV and a certifier about a patient: requests and answers, inquiries, meetings, notices.

Modelled on Dialogmelding 1.0 (KITH, dialog 2006-10-11) and on what 1.1 (2013-01-23) adds. A message has one matter,
and the code system of its topic tells which (Volven 8125 to 8129, 9069, 7321, 7322). Dates are calendar days without a
zone. What NAV writes is of class `authority-note`, what a certifier writes of class `clinical`, so that neither goes
where the other may.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from gateway.model.common import HumanName, Identifier, Telecom
from gateway.model.envelope import Addressee, Attachment, Conversation, Sender, Subject
from gateway.model.labels import (
    FREE,
    AuthorityNote,
    CertifierDetail,
    Clinical,
    Envelope,
    Identity,
    Inherited,
    coded,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """A health professional with a part in the matter (KITH HealthcareProfessional)."""

    name: Inherited[HumanName] = HumanName()
    identifiers: Inherited[tuple[Identifier, ...]] = ()
    telecoms: Inherited[tuple[Telecom, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody outside health care with a part in the matter, as NAV's case worker (KITH Person)."""

    name: Inherited[HumanName] = HumanName()
    telecoms: Inherited[tuple[Telecom, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody with a part in the matter (RollerRelatertNotat): what part, what to the patient, and who."""

    role: Annotated[Inherited[str | None], coded("note-role")] = None
    relation: Annotated[Inherited[str | None], coded("relation")] = None
    who: Inherited[Colleague | Person]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """NAV asks about a patient, or reminds (8129)."""

    topic: Annotated[Envelope[str], coded("nav-request")]
    question: Annotated[AuthorityNote[str | None], FREE] = None
    reason: Annotated[AuthorityNote[str | None], FREE] = None
    start: AuthorityNote[date | None] = None
    end: AuthorityNote[date | None] = None
    document: Envelope[str | None] = None
    participants: AuthorityNote[tuple[Participant, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingInvitation:
    """NAV calls to dialogue meeting 2, or moves it (8125). When and where stand in its text."""

    topic: Annotated[Envelope[str], coded("meeting-invitation")]
    text: Annotated[AuthorityNote[str | None], FREE] = None
    document: Envelope[str | None] = None
    participants: AuthorityNote[tuple[Participant, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingAnswer:
    """The certifier comes, does not come, or asks for another time (8126); `quoted` repeats what is answered."""

    topic: Annotated[Envelope[str], coded("meeting-answer")]
    title: Annotated[AuthorityNote[str | None], FREE] = None
    text: Annotated[AuthorityNote[str | None], FREE] = None
    document: Envelope[str | None] = None
    dated: AuthorityNote[date | None] = None
    quoted: Envelope[MeetingInvitation | None] = None
    participants: AuthorityNote[tuple[Participant, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The certifier answers what NAV asked (9069); `quoted` repeats the question."""

    topic: Annotated[Envelope[str], coded("request-answer")]
    title: Annotated[Clinical[str | None], FREE] = None
    text: Annotated[Clinical[str | None], FREE] = None
    remark: Annotated[Clinical[str | None], FREE] = None
    document: Envelope[str | None] = None
    dated: Clinical[date | None] = None
    quoted: Envelope[Request | None] = None
    participants: Clinical[tuple[Participant, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """The certifier writes to NAV unasked (8128)."""

    topic: Annotated[Envelope[str], coded("inquiry")]
    title: Annotated[Clinical[str | None], FREE] = None
    text: Annotated[Clinical[str | None], FREE] = None
    remark: Annotated[Clinical[str | None], FREE] = None
    document: Envelope[str | None] = None
    dated: Clinical[date | None] = None
    participants: Clinical[tuple[Participant, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """NAV tells the certifier something: a meeting cancelled, a statement returned, minutes, a message (8127)."""

    topic: Annotated[Envelope[str], coded("nav-notice")]
    title: Annotated[AuthorityNote[str | None], FREE] = None
    text: Annotated[AuthorityNote[str | None], FREE] = None
    remark: Annotated[AuthorityNote[str | None], FREE] = None
    document: Envelope[str | None] = None
    dated: AuthorityNote[date | None] = None
    participants: AuthorityNote[tuple[Participant, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CareNote:
    """One health professional writes to another about a patient (7321, 7322); nothing for NAV or an employer."""

    topic: Annotated[Envelope[str], coded("care-note")]
    title: Annotated[Clinical[str | None], FREE] = None
    text: Annotated[Clinical[str | None], FREE] = None
    remark: Annotated[Clinical[str | None], FREE] = None
    document: Envelope[str | None] = None
    dated: Clinical[date | None] = None
    participants: Clinical[tuple[Participant, ...]] = ()


Matter = Request | MeetingInvitation | MeetingAnswer | Answer | Inquiry | Notice | CareNote


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """A dialogue message (dialogmelding), with the envelope it travelled in."""

    id: Envelope[str | None] = None
    sent_at: Envelope[datetime | None] = None
    function: Annotated[Envelope[str | None], coded("dialogue-function")] = None
    conversation: Envelope[Conversation] = Conversation()
    sender: CertifierDetail[Sender | None] = None
    receiver: Envelope[Addressee | None] = None
    patient: Identity[Subject] = Subject()
    matter: Envelope[Matter]
    attachments: Clinical[tuple[Attachment, ...]] = ()
