"""The kinds of message: which record is which, and what the line must know of one whatever it says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gateway.core.vocabulary import MessageKind
from gateway.model.absence import Absence, SelfCertification
from gateway.model.certificate import SickLeaveCertificate
from gateway.model.claim import BenefitClaim
from gateway.model.common import Identifier
from gateway.model.dialogue import (
    Answer,
    CareNote,
    Dialogue,
    Inquiry,
    MeetingAnswer,
    MeetingInvitation,
    Notice,
    Request,
)
from gateway.model.envelope import PERSONAL
from gateway.model.followup import FollowUpPlan
from gateway.model.income import IncomeReport, IncomeRequest
from gateway.model.intyg import (
    BenefitCertificate,
    EmployerCertificate,
    Intyg,
    SickPayCertificate,
    ToEmployer,
    choice,
    controlled,
)
from gateway.model.intyg_dialogue import CareLetter, InsurerLetter, Letter, OnCertificate, Revocation
from gateway.model.paper import ScannedNote
from gateway.model.receipt import Receipt
from gateway.model.statement import MedicalStatement

DIALOGUE = {
    Request: MessageKind.NAV_REQUEST,
    Notice: MessageKind.NAV_REQUEST,
    MeetingInvitation: MessageKind.DIALOGMOTE,
    MeetingAnswer: MessageKind.DIALOGMOTE,
    Answer: MessageKind.DIALOGMELDING,
    Inquiry: MessageKind.DIALOGMELDING,
    CareNote: MessageKind.CARE_RECORD,
}
"""What a dialogue message is about follows from its matter."""

MESSAGES: Mapping[type, Callable[[Any], MessageKind]] = {
    SickLeaveCertificate: lambda _: MessageKind.SYKMELDING,
    Dialogue: lambda message: DIALOGUE[type(message.matter)],
    MedicalStatement: lambda _: MessageKind.LEGEERKLARING,
    FollowUpPlan: lambda _: MessageKind.OPPFOLGINGSPLAN,
    BenefitClaim: lambda _: MessageKind.SYKEPENGESOKNAD,
    BenefitCertificate: lambda one: MessageKind.FK_COMPLETION if one.completes else MessageKind.FK7804,
    EmployerCertificate: lambda _: MessageKind.AG7804,
    SickPayCertificate: lambda _: MessageKind.AG114,
    IncomeReport: lambda _: MessageKind.INNTEKTSMELDING,
    IncomeRequest: lambda _: MessageKind.INCOME_REQUEST,
    InsurerLetter: lambda _: MessageKind.FK_QUESTION,
    CareLetter: lambda _: MessageKind.FK_LETTER,
    Revocation: lambda _: MessageKind.FK_REVOCATION,
    Absence: lambda _: MessageKind.ABSENCE_EXPORT,
    SelfCertification: lambda _: MessageKind.EGENMELDING,
}
"""Every record that is forwarded, and what kind of message it is. Each has `id`, `sender`, `receiver` and `patient`."""

RECORDS: Mapping[str, type] = {record.__name__: record for record in (*MESSAGES, Receipt, ScannedNote)}
"""Every record that a mapping may make or write, by the name it has there."""


@dataclass(frozen=True, slots=True)
class About:
    """What the line must know of a message: its kind, its sender's id of it, whom it is about, from and to.

    `number` is the patient's, `case` tells one sick-leave case of one patient from another, `senders` and `receivers`
    are the numbers of the organisations that it names. `answers` are the ids of the messages that it follows, and
    `unasked` says that it answers none by its nature. `concerns` is the id of the earlier certificate that it is about.
    """

    kind: MessageKind
    id: str
    number: str
    case: str
    senders: tuple[Identifier, ...]
    receivers: tuple[Identifier, ...]
    answers: tuple[str, ...] = ()
    unasked: bool = False
    concerns: str = ""
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def organisations(self) -> tuple[str, ...]:
        """The organisation numbers and HSA-ids of the sender, and the number of a private person who is an employer."""
        return tuple(one.value for one in self.senders if one.kind in ("orgnr", "hsa", *PERSONAL))


def about(record: Any) -> About | None:
    """Give what the line must know of a record; nothing for one that is no message, or about nobody."""
    kind = MESSAGES.get(type(record))
    if kind is None or record.patient.id is None:
        return None
    number = record.patient.id.value
    return About(
        kind=kind(record),
        id=record.id or "",
        number=number,
        case=f"{number}#{getattr(record, 'episode_start', None)}",
        senders=record.sender.identifiers if record.sender else (),
        receivers=_receivers(record),
        answers=_followed(record),
        unasked=_unasked(record),
        concerns=_concerns(record),
        said=_said(record),
    )


def _receivers(record: Any) -> tuple[Identifier, ...]:
    """Give the numbers of the organisations that a message is for; a service platform routes by one alone."""
    if isinstance(record, Letter) and record.logical_address:
        return tuple(Identifier(kind=kind, value=record.logical_address) for kind in ("hsa", "orgnr"))
    if isinstance(record, IncomeRequest):
        return (Identifier(kind="orgnr", value=record.employer),) if record.employer else ()
    return record.receiver.identifiers if record.receiver else ()


def _unasked(record: Any) -> bool:
    if isinstance(record, CareLetter):
        return not record.follows
    return isinstance(getattr(record, "matter", None), Inquiry)


def _concerns(record: Any) -> str:
    """Give the id of the earlier certificate that a message is about."""
    if isinstance(record, Intyg):
        return record.completes or ""
    return record.certificate or "" if isinstance(record, OnCertificate) else ""


def _said(record: Any) -> dict[str, str]:
    """Give the facts that a message itself tells of its patient's choices."""
    if not isinstance(record, ToEmployer):
        return {}
    chosen = choice(record)
    return {
        "disease-control": "true" if controlled(record) else "false",
        **({"diagnosis-choice": chosen} if chosen else {}),
    }


def _followed(record: Any) -> tuple[str, ...]:
    """Give the ids that a message says it follows: the one that it answers, then the first of the conversation."""
    if isinstance(record, Letter):
        return record.follows
    if isinstance(record, Intyg):
        return (record.answers,) if record.answers else ()
    said = getattr(record, "conversation", None)
    return tuple(dict.fromkeys(one for one in (said.parent, said.conversation) if one)) if said else ()


def absent(record: Any) -> tuple[tuple[date, date], ...]:
    """Give the days that a note or an absence is for, as spans with both ends; none for a record of another kind.

    A span without an end is open: it ends on the last day that there is.
    """
    if isinstance(record, SickLeaveCertificate):
        spans: tuple[Any, ...] = record.periods
    elif isinstance(record, BenefitCertificate | EmployerCertificate):
        spans = record.reductions
    elif isinstance(record, SelfCertification):
        spans = record.days
    else:
        spans = (record,) if isinstance(record, SickPayCertificate | Absence) else ()
    return tuple((one.start, one.end or date.max) for one in spans if one.start is not None)
