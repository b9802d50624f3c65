"""The medical statement: what a doctor says, on NAV's request, of somebody who is long unable to work.

Modelled on Legeerklæring (2008-06-06). Dates are calendar days without a zone. Everything about health is of class
`diagnosis`, `clinical` or `return-estimate`, so that nothing of it is shown to the patient when the doctor asks for it
to be withheld (ForbeholdLegeerklaring; pbrl § 5-1 second paragraph), and nothing to an employer ever.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from gateway.model.common import Address, HumanName, Identifier, Telecom
from gateway.model.envelope import Addressee, Attachment, Conversation, Sender, personal
from gateway.model.labels import (
    FREE,
    AuthorityNote,
    CertifierDetail,
    Clinical,
    ContactData,
    DiagnosisData,
    EmploymentData,
    Envelope,
    Identity,
    Inherited,
    ReturnEstimate,
    coded,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Addresses and telephone numbers of one use."""

    use: Annotated[Inherited[str | None], coded("address-use")] = None
    addresses: Inherited[tuple[Address, ...]] = ()
    telecoms: Inherited[tuple[Telecom, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPatient:
    """Whom the statement is about. `number` is a national number or a D-number, with nothing that says which."""

    name: Identity[HumanName] = HumanName()
    number: Identity[str | None] = None
    nav_office: ContactData[str | None] = None
    whereabouts: ContactData[tuple[Whereabouts, ...]] = ()

    @property
    def id(self) -> Identifier | None:
        """The number with its kind."""
        return personal(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """The employer of a job."""

    name: EmploymentData[str | None] = None
    orgnr: EmploymentData[str | None] = None
    whereabouts: EmploymentData[Whereabouts | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job of the patient's."""

    workplace: EmploymentData[Workplace | None] = None
    occupation: EmploymentData[str | None] = None
    occupation_code: EmploymentData[str | None] = None
    primary: Annotated[EmploymentData[str | None], coded("yes-no")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """What the patient was referred to, when, and how many weeks the wait is expected to be."""

    what: Annotated[Clinical[str | None], FREE] = None
    referred: Clinical[date | None] = None
    weeks: Clinical[int | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CarePlan:
    """Examinations and treatment that are planned."""

    examination: Clinical[Referral | None] = None
    treatment: Clinical[Referral | None] = None
    news: Annotated[Clinical[str | None], FREE] = None
    no_more_treatment: Annotated[Clinical[str | None], FREE] = None
    new_assessment: Annotated[Clinical[str | None], FREE] = None
    treatment_plan: Annotated[Clinical[str | None], FREE] = None
    examination_plan: Annotated[Clinical[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedDiagnosis:
    """A diagnosis code, its text, and its place among the diagnoses."""

    code: DiagnosisData[str | None] = None
    display: Annotated[DiagnosisData[str | None], FREE] = None
    rank: DiagnosisData[int | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incapacity:
    """Why the patient cannot work, and since when."""

    system: Annotated[DiagnosisData[str | None], coded("statement-diagnosis-system")] = None
    diagnoses: DiagnosisData[tuple[StatedDiagnosis, ...]] = ()
    injury: Annotated[DiagnosisData[str | None], coded("yes-no")] = None
    injury_date: DiagnosisData[date | None] = None
    status: Annotated[DiagnosisData[str | None], FREE] = None
    symptoms: Annotated[DiagnosisData[str | None], FREE] = None
    start: DiagnosisData[date | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measure that is proposed."""

    kind: Annotated[Clinical[str | None], coded("statement-measure")] = None
    text: Annotated[Clinical[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What limits the measures."""

    text: Annotated[Clinical[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoMeasures:
    """Why no measure is proposed."""

    text: Annotated[Clinical[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is proposed to be done, and what limits it; or why nothing is."""

    proposed: Annotated[Clinical[str | None], coded("yes-no")] = None
    measures: Clinical[tuple[Measure, ...]] = ()
    information: Annotated[Clinical[str | None], FREE] = None
    but: Clinical[Limits | NoMeasures | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the patient does: work, housework, studies, something else."""

    kind: Annotated[Clinical[str | None], coded("work-situation")] = None
    other: Annotated[Clinical[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCapacity:
    """Whether and when the patient can go back to work, or take other work, and what then matters."""

    resume: Annotated[Clinical[str | None], coded("yes-no")] = None
    resume_when: Annotated[Clinical[str | None], coded("now-later")] = None
    other_work: Annotated[Clinical[str | None], coded("yes-no")] = None
    other_work_when: Annotated[Clinical[str | None], coded("now-later")] = None
    unable: Annotated[Clinical[str | None], FREE] = None
    considerations: Annotated[Clinical[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How long it is expected to last, and whether it can be bettered."""

    improvable: Annotated[ReturnEstimate[str | None], coded("yes-no")] = None
    duration: Annotated[ReturnEstimate[str | None], FREE] = None
    function_loss: Annotated[ReturnEstimate[str | None], FREE] = None
    capacity_loss: Annotated[ReturnEstimate[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Whether the patient is to be kept from the statement, and from which part of it."""

    withhold: Annotated[Envelope[str | None], coded("yes-no")] = None
    what: Annotated[Clinical[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Anything else, and whether the doctor wants a copy of what NAV decides."""

    text: Annotated[Clinical[str | None], FREE] = None
    copy_wanted: Annotated[Clinical[str | None], coded("yes-no")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Whom NAV should contact."""

    kind: Annotated[AuthorityNote[str | None], coded("statement-contact")] = None
    other: Annotated[AuthorityNote[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MedicalStatement:
    """A medical statement (legeerklæring), with the envelope it travelled in."""

    id: Envelope[str | None] = None
    sent_at: Envelope[datetime | None] = None
    conversation: Envelope[Conversation] = Conversation()
    sender: CertifierDetail[Sender | None] = None
    receiver: Envelope[Addressee | None] = None
    patient: Identity[StatedPatient] = StatedPatient()
    purposes: Annotated[Envelope[tuple[str, ...]], coded("statement-purpose")] = ()
    job: EmploymentData[Job | None] = None
    several_jobs: Annotated[EmploymentData[str | None], coded("yes-no-unknown")] = None
    plan: Clinical[CarePlan | None] = None
    incapacity: DiagnosisData[Incapacity] = Incapacity()
    proposal: Clinical[Proposal] = Proposal()
    situations: Clinical[tuple[Situation, ...]] = ()
    capacity: Clinical[WorkCapacity | None] = None
    function: Annotated[Clinical[str | None], FREE] = None
    demands: Annotated[Clinical[str | None], FREE] = None
    outlook: ReturnEstimate[Outlook] = Outlook()
    cause: Annotated[Clinical[str | None], FREE] = None
    reservation: Envelope[Reservation] = Reservation()
    remark: Clinical[Remark | None] = None
    contacts: AuthorityNote[tuple[Contact, ...]] = ()
    attachments: Clinical[tuple[Attachment, ...]] = ()

    @property
    def shielded_for_patient(self) -> bool:
        """Whether the patient is to be kept from it: the doctor says yes, or says from what."""
        return self.reservation.withhold == "yes" or bool(self.reservation.what)
