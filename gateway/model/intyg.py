"""The Swedish sick-leave certificates: FK 7804 to Försäkringskassan, AG 7804 and AG 1-14 to the employer.

RIV-TA clinicalprocess:healthcond:certificate 3 (RegisterCertificate), whose answers have numbers and no names; each
field here says which question it answers. What an employer may see is decided by the class of the field: findings (35),
treatment (19, 20) and medical reasons (33.2, 37) are clinical, and never go to one.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from gateway.model.common import Coding, Identifier
from gateway.model.envelope import Receiver
from gateway.model.labels import (
    FREE,
    Absence,
    AuthorityNote,
    CertifierData,
    CertifierDetail,
    Clinical,
    ContactData,
    DiagnosisData,
    EmploymentData,
    Envelope,
    FunctionData,
    Identity,
    Inherited,
    PrognosisData,
    Workplace,
    coded,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word of a code system with what stands beside it: a position, a speciality, a licensed profession."""

    code: Inherited[str | None] = None
    display: Inherited[str | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A postal address in three lines, as RIV-TA has it."""

    street: Inherited[str | None] = None
    postal_code: Inherited[str | None] = None
    city: Inherited[str | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Insured:
    """The patient, known by a personnummer or a samordningsnummer of twelve digits."""

    number: Identity[str | None] = None
    number_kind: Annotated[Identity[str | None], coded("se-person-number")] = None
    given: Identity[str | None] = None
    middle: Identity[str | None] = None
    family: Identity[str | None] = None
    address: ContactData[Place] = Place()

    @property
    def id(self) -> Identifier | None:
        """The number with its kind."""
        return Identifier(kind=self.number_kind or "", value=self.number) if self.number else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CareUnit:
    """The unit that the certifier works for (enhet) and the care provider it belongs to (vårdgivare), by HSA-id."""

    hsa: CertifierDetail[str | None] = None
    name: CertifierDetail[str | None] = None
    workplace_code: CertifierDetail[str | None] = None
    address: CertifierDetail[Place] = Place()
    phone: CertifierDetail[str | None] = None
    email: CertifierDetail[str | None] = None
    provider_hsa: CertifierDetail[str | None] = None
    provider_name: CertifierDetail[str | None] = None

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """The numbers that the sender is known by."""
        return tuple(Identifier(kind="hsa", value=one) for one in (self.hsa, self.provider_hsa) if one)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatory:
    """The health professional who signs (skapadAv). The name is empty for one whose identity is protected."""

    hsa: CertifierDetail[str | None] = None
    name: CertifierData[str | None] = None
    prescriber_code: CertifierDetail[str | None] = None
    positions: CertifierDetail[tuple[Term, ...]] = ()
    specialities: CertifierDetail[tuple[Term, ...]] = ()
    professions: CertifierDetail[tuple[Term, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """An earlier certificate that this one follows: it completes, replaces, renews or copies it."""

    kind: Annotated[Envelope[str | None], coded("se-relation")] = None
    id_root: Envelope[str | None] = None
    id: Envelope[str | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the certificate is based on, and from when (questions 1 and 10)."""

    kind: Annotated[Absence[str | None], coded("se-ground")] = None
    day: Absence[date | None] = None
    text: Annotated[Clinical[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwedishDiagnosis(Coding):
    """A diagnosis in ICD-10-SE or KSH97-P, with the certifier's own words for it (questions 4 and 6)."""

    system: Annotated[Inherited[str | None], coded("se-diagnosis-system")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """How much of the ability to work is lost, and when, both days included (question 32)."""

    degree: Annotated[Absence[str | None], coded("se-degree")] = None
    start: Absence[date | None] = None
    end: Absence[date | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplement:
    """An answer to one of Försäkringskassan's questions beyond the form (9001 and on)."""

    id: Clinical[str]
    text: Annotated[Clinical[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intyg:
    """What all three certificates have: the envelope, the patient, the signatory and the unit.

    `answers` is the id of the message that the certificate answers (svarPa), `answers_reference` its writer's own.
    """

    id: Envelope[str | None] = None
    id_root: Envelope[str | None] = None
    version: Envelope[str | None] = None
    signed_at: Envelope[datetime | None] = None
    sent_at: Envelope[datetime | None] = None
    patient: Identity[Insured] = Insured()
    signatory: CertifierData[Signatory] = Signatory()
    sender: CertifierDetail[CareUnit | None] = CareUnit()
    receiver: Envelope[Receiver | None] = None
    relations: Envelope[tuple[Related, ...]] = ()
    answers: Envelope[str | None] = None
    answers_reference: Envelope[str | None] = None

    @property
    def completes(self) -> str | None:
        """The id of the earlier certificate that it completes."""
        return next((one.id for one in self.relations if one.kind == "completes"), None)

    @property
    def replaces(self) -> str | None:
        """The id of the earlier certificate that it stands instead of."""
        return next((one.id for one in self.relations if one.kind == "replaces"), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SickPayCertificate(Intyg):
    """AG 1-14, to the employer for the sick-pay period (days 1 to 14; sjuklönelagen 8 §)."""

    grounds: Absence[tuple[Ground, ...]] = ()  # 10
    occupation: Annotated[EmploymentData[str | None], coded("se-current-work")] = None  # 1.1
    work: Annotated[EmploymentData[str | None], FREE] = None  # 2.1
    wants_diagnosis: Envelope[bool | None] = None  # 3.1
    diagnoses: DiagnosisData[tuple[SwedishDiagnosis, ...]] = ()  # 4
    how_reduced: Annotated[FunctionData[str | None], FREE] = None  # 5.1
    able: FunctionData[bool | None] = None  # 6.1
    ability: Annotated[FunctionData[str | None], FREE] = None  # 6.2
    degree: Absence[int | None] = None  # 7.1, per cent
    start: Absence[date | None] = None  # 7.2
    end: Absence[date | None] = None  # 7.2
    other: Annotated[Workplace[str | None], FREE] = None  # 8.1
    contact_wanted: Workplace[bool | None] = None  # 9.1
    contact_reason: Annotated[Workplace[str | None], FREE] = None  # 9.2

    @property
    def told(self) -> tuple[SwedishDiagnosis, ...]:
        """The diagnoses that it holds."""
        return self.diagnoses


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed(Intyg):
    """What FK 7804 and AG 7804 have in common; the numbers are the questions'."""

    grounds: Absence[tuple[Ground, ...]] = ()  # 1
    disease_control: DiagnosisData[bool | None] = None  # 27.1
    work: Annotated[EmploymentData[str | None], FREE] = None  # 29.1
    diagnosis: DiagnosisData[SwedishDiagnosis] = SwedishDiagnosis()  # 6.1, 6.2
    second_diagnosis: DiagnosisData[SwedishDiagnosis] = SwedishDiagnosis()  # 6.3, 6.4
    third_diagnosis: DiagnosisData[SwedishDiagnosis] = SwedishDiagnosis()  # 6.5, 6.6
    findings: Annotated[Clinical[str | None], FREE] = None  # 35.1
    limitations: Annotated[FunctionData[str | None], FREE] = None  # 17.1
    treatment: Annotated[Clinical[str | None], FREE] = None  # 19.1
    planned_treatment: Annotated[Clinical[str | None], FREE] = None  # 20.1
    occupations: Annotated[EmploymentData[tuple[str, ...]], coded("se-occupation")] = ()  # 28.1
    reductions: Absence[tuple[Reduction, ...]] = ()  # 32
    exceeds_guideline: Annotated[Clinical[str | None], FREE] = None  # 37.1
    other_hours: Workplace[bool | None] = None  # 33.1
    other_hours_reason: Annotated[Clinical[str | None], FREE] = None  # 33.2
    travel: Workplace[bool | None] = None  # 34.1
    outlook: Annotated[PrognosisData[str | None], coded("se-outlook")] = None  # 39.1
    back_within: Annotated[PrognosisData[str | None], coded("se-back-within")] = None  # 39.3
    measures_text: Annotated[Workplace[str | None], FREE] = None  # 44.1
    other: Annotated[Workplace[str | None], FREE] = None  # 25.1

    @property
    def told(self) -> tuple[SwedishDiagnosis, ...]:
        """The diagnoses that it holds."""
        every = (self.diagnosis, self.second_diagnosis, self.third_diagnosis)
        return tuple(one for one in every if one != SwedishDiagnosis())


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitCertificate(Assessed):
    """FK 7804, to Försäkringskassan and to nobody else."""

    measures: Annotated[Workplace[tuple[str, ...]], coded("se-benefit-measure")] = ()  # 40.1
    contact_wanted: AuthorityNote[bool | None] = None  # 26.1
    contact_reason: Annotated[AuthorityNote[str | None], FREE] = None  # 26.2
    supplements: Clinical[tuple[Supplement, ...]] = ()  # 9001 and on


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployerCertificate(Assessed):
    """AG 7804, to the employer from day 15; voluntary, and in the patient's own hand."""

    wants_diagnosis: Envelope[bool | None] = None  # 100.1
    measures: Annotated[Workplace[tuple[str, ...]], coded("se-employer-measure")] = ()  # 40.1
    contact_wanted: Workplace[bool | None] = None  # 103.1
    contact_reason: Annotated[Workplace[str | None], FREE] = None  # 103.2


ToEmployer = SickPayCertificate | EmployerCertificate
"""The certificates that a patient may hand to an employer."""


def choice(record: ToEmployer) -> str | None:
    """Give the patient's choice to pass the diagnosis on, as rules ask for it; nothing when nobody can tell.

    A certificate that copies or renews another has an answer that may be the other's; nobody can tell whether the
    patient was asked again.
    """
    if record.wants_diagnosis is None or any(one.kind in ("copies", "renews") for one in record.relations):
        return None
    return "true" if record.wants_diagnosis else "false"


def says_no_and_tells(record: ToEmployer) -> bool:
    """Whether it holds a diagnosis that its patient has not said yes to."""
    return bool(record.told) and record.wants_diagnosis is not True


def days(record: Intyg) -> tuple[date, date] | None:
    """Give the first and the last day that it says anything of; nothing for one that names no day."""
    named: list[date | None] = [record.signed_at.date() if record.signed_at else None]
    if isinstance(record, SickPayCertificate):
        named += [record.start, record.end]
    elif isinstance(record, Assessed):
        named += [day for part in record.reductions for day in (part.start, part.end)]
    named += [ground.day for ground in getattr(record, "grounds", ())]
    known = [day for day in named if day is not None]
    return (min(known), max(known)) if known else None


def controlled(record: ToEmployer) -> bool:
    """Whether it is a suspension under the Communicable Diseases Act, for which the choice is filled in by the form."""
    return isinstance(record, EmployerCertificate) and bool(record.disease_control)
