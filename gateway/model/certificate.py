"""The sick-leave certificate: what a certifier says about a patient's ability to work, for a span of time.

Modelled on Sykmelding 2013 (HelseOpplysningerArbeidsuforhet 2013-10-01) with FHIR's names, plus what FHIR and the
employer's copy add. Dates are calendar days without a zone; a period's `end` is its last day. `datetime` values keep
the zone they came with, or none. A field is optional unless the record makes no sense without it: what a format
demands is the format's business. A field whose class is stricter than its record's is always optional, so that it can
be withheld.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from gateway.model.common import Address, Coding, HumanName, Identifier, Telecom
from gateway.model.envelope import Conversation, Patient, Receiver, Sender, System
from gateway.model.labels import (
    ESSENTIAL,
    FREE,
    IMPERSONAL,
    Absence,
    AuthorityNote,
    CertifierData,
    CertifierDetail,
    Clinical,
    DiagnosisData,
    EmploymentData,
    Envelope,
    FunctionData,
    Identity,
    PlanData,
    PrognosisData,
    ReturnEstimate,
    Workplace,
    coded,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Employment:
    """The employment that this certificate is about. `percentage` is the position, 100 = full time."""

    has_employer: Annotated[EmploymentData[str | None], coded("has-employer")] = None
    employer_name: EmploymentData[str | None] = None
    occupation: EmploymentData[str | None] = None
    percentage: EmploymentData[int | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceReason:
    """Another statutory reason for absence (ftrl § 8-4 third paragraph)."""

    codes: Annotated[DiagnosisData[tuple[str, ...]], coded("absence-reason")] = ()
    text: Annotated[DiagnosisData[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The medical assessment. Never to an employer in Norway."""

    main: DiagnosisData[Coding | None] = None
    others: DiagnosisData[tuple[Coding, ...]] = ()
    reason: DiagnosisData[AbsenceReason | None] = None
    pregnancy: DiagnosisData[bool | None] = None
    injury: DiagnosisData[bool | None] = None
    injury_date: DiagnosisData[date | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MedicalReason:
    """Why activity is not possible, medically. «Ikke synlig for arbeidsgiver» in the official schema."""

    codes: Annotated[DiagnosisData[tuple[str, ...]], coded("medical-reason")] = ()
    text: Annotated[DiagnosisData[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkplaceReason:
    """Why activity is not possible, for reasons at the workplace. «Synlig for arbeidsgiver»."""

    codes: Annotated[Workplace[tuple[str, ...]], coded("workplace-reason")] = ()
    text: Annotated[Workplace[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Avventende: the person can work if the employer adapts the work as advised."""

    advice: Annotated[Workplace[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """Partly unable to work; `degree` is the percentage of incapacity, 1 to 99."""

    degree: Absence[int | None] = None
    travel: Absence[bool | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPossible:
    """Not able to work at all in the period."""

    medical: DiagnosisData[MedicalReason | None] = None
    workplace: Workplace[WorkplaceReason | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentDays:
    """Away from work on treatment days only; `per_week` is how many."""

    per_week: Absence[int | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelOnly:
    """Able to work with help for the journey (reisetilskudd)."""

    paid: Absence[bool | None] = None


PeriodKind = Pending | Graded | NotPossible | TreatmentDays | TravelOnly


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A span of days, both ends included, and what the person can do in it."""

    start: Absence[date]
    end: Absence[date]
    kind: Absence[PeriodKind]


@dataclass(frozen=True, slots=True, kw_only=True)
class InWork:
    """The outlook for somebody who has a job."""

    own_work: ReturnEstimate[bool | None] = None
    from_date: ReturnEstimate[date | None] = None
    other_work: ReturnEstimate[bool | None] = None
    review_date: ReturnEstimate[date | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotInWork:
    """The outlook for somebody who has no job."""

    fit: ReturnEstimate[bool | None] = None
    fit_from: ReturnEstimate[date | None] = None
    review_date: ReturnEstimate[date | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prognosis:
    """What is expected after the period."""

    fit_after: PrognosisData[bool | None] = None
    considerations: Annotated[Workplace[str | None], FREE] = None
    outlook: ReturnEstimate[InWork | NotInWork | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer to one of NAV's questions, with whom it is not to be shown to (kodeverk 8134)."""

    id: Clinical[str]
    question: Clinical[str]
    text: Annotated[Clinical[str], FREE]
    restrictions: Annotated[Clinical[tuple[str, ...]], coded("restriction")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerGroup:
    """A group of NAV's questions (utdypende opplysninger)."""

    id: Clinical[str]
    title: Clinical[str]
    answers: Annotated[Clinical[tuple[Answer, ...]], ESSENTIAL] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """What the person can and cannot do at work, without why."""

    abilities: Annotated[FunctionData[str | None], FREE] = None
    limitations: Annotated[FunctionData[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Proposed measures: at the workplace, by NAV, and other, medical ones."""

    workplace: Annotated[Workplace[str | None], FREE] = None
    nav: Annotated[AuthorityNote[str | None], FREE] = None
    other: Annotated[Clinical[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the certifier knows of the employer's follow-up plan and the first dialogue meeting."""

    received: PlanData[bool | None] = None
    invited: PlanData[bool | None] = None
    attended: PlanData[bool | None] = None
    reason: Annotated[PlanData[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NavNote:
    """A message to NAV."""

    urgent: AuthorityNote[bool | None] = None
    text: Annotated[AuthorityNote[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """When the certifier and the patient met; `contact_date` and `reason_none` concern back-dating."""

    treated_at: Absence[datetime | None] = None
    contact_date: AuthorityNote[date | None] = None
    reason_none: Annotated[AuthorityNote[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Certifier:
    """The health professional who certifies."""

    name: CertifierData[HumanName | None] = None
    identifiers: CertifierDetail[tuple[Identifier, ...]] = ()
    address: CertifierDetail[Address | None] = None
    telecoms: CertifierData[tuple[Telecom, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SickLeaveCertificate:
    """A sick-leave certificate (sykmelding), with the envelope it travelled in."""

    id: Envelope[str | None] = None
    sent_at: Envelope[datetime | None] = None
    conversation: Envelope[Conversation | None] = None
    sender: CertifierDetail[Sender | None] = None
    receiver: Envelope[Receiver | None] = None
    ruleset: Annotated[Envelope[str | None], IMPERSONAL] = None
    episode_start: Absence[date | None] = None
    patient: Identity[Patient] = Patient()
    employment: EmploymentData[Employment] = Employment()
    diagnosis: DiagnosisData[Diagnosis] = Diagnosis()
    shielded_for_patient: Envelope[bool | None] = None
    periods: Absence[tuple[Period, ...]] = ()
    prognosis: PrognosisData[Prognosis | None] = None
    answers: Clinical[tuple[AnswerGroup, ...]] = ()
    function: FunctionData[Function | None] = None
    measures: Workplace[Measures] = Measures()
    plan: PlanData[Plan | None] = None
    nav_note: AuthorityNote[NavNote | None] = None
    message_to_employer: Annotated[Workplace[str | None], FREE] = None
    contact: Absence[Contact] = Contact()
    certifier: CertifierData[Certifier] = Certifier()
    system: Envelope[System] = System()
    # joined by the gateway or by NAV, not by the certifier
    employer_orgnr: EmploymentData[str | None] = None
    employee_number: EmploymentData[str | None] = None
    legal_orgnr: EmploymentData[str | None] = None
    received_at: Envelope[datetime | None] = None
    self_certified: Absence[tuple[date, ...]] = ()
