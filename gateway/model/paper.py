"""The sick note on paper, as a scanner read it (papirsykmelding), and the certificate that it is.

A sheet has a place for each kind of period and for each question, names nobody but the patient and the certifier by
number, and ticks where the form on screen has codes. `certificate` makes what it says into the record that everything
else knows; nothing is guessed. Dates are calendar days without a zone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from gateway.model.certificate import (
    AbsenceReason,
    Answer,
    AnswerGroup,
    Certifier,
    Contact,
    Diagnosis,
    Employment,
    Graded,
    InWork,
    Measures,
    MedicalReason,
    NavNote,
    NotInWork,
    NotPossible,
    Pending,
    Period,
    Prognosis,
    SickLeaveCertificate,
    TravelOnly,
    TreatmentDays,
    WorkplaceReason,
)
from gateway.model.common import Address, Coding, Identifier, Telecom
from gateway.model.envelope import Patient, personal
from gateway.model.labels import (
    FREE,
    Absence,
    AuthorityNote,
    CertifierData,
    CertifierDetail,
    Clinical,
    DiagnosisData,
    EmploymentData,
    Envelope,
    Identity,
    PrognosisData,
    ReturnEstimate,
    Workplace,
)

NOON = time(12, tzinfo=ZoneInfo("Europe/Oslo"))
"""NAV takes noon for the hour that a sheet does not tell."""

GROUP = ("6.2", "Utdypende opplysninger ved 7/8, 17 og 39 uker")
QUESTIONS = {
    "history": ("6.2.1", "Beskriv kort sykehistorie, symptomer og funn i dagens situasjon."),
    "ability": ("6.2.2", "Hvordan påvirker sykdommen arbeidsevnen?"),
    "result": ("6.2.3", "Har behandlingen frem til nå bedret arbeidsevnen?"),
    "planned": ("6.2.4", "Beskriv pågående og planlagt henvisning, utredning og/eller behandling."),
}
"""NAV's numbers and texts for the four questions of the sheet; each is kept from the employer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The first and the last day of a kind of period on the sheet."""

    start: Absence[date]
    end: Absence[date]


@dataclass(frozen=True, slots=True, kw_only=True)
class MedicalTick:
    """Whether medical reasons hinder activity, and what stands beside the tick."""

    ticked: DiagnosisData[bool | None] = None
    text: Annotated[DiagnosisData[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkplaceTick:
    """Whether something at the workplace hinders activity, and what stands beside the tick."""

    ticked: Workplace[bool | None] = None
    text: Annotated[Workplace[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPossibleDays(Days):
    """Days without any activity, and why."""

    medical: DiagnosisData[MedicalTick | None] = None
    workplace: Workplace[WorkplaceTick | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedDays(Days):
    """Days with a degree of incapacity, in per cent; a scanner reads it as a text."""

    degree: Absence[str | None] = None
    travel: Absence[bool | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysOfTreatment(Days):
    """Days within which there is treatment; `count` is NAV's number of days a week."""

    count: Absence[int | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """The answers to the four questions of the sheet."""

    history: Annotated[Clinical[str | None], FREE] = None
    ability: Annotated[Clinical[str | None], FREE] = None
    result: Annotated[Clinical[str | None], FREE] = None
    planned: Annotated[Clinical[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedNote:
    """A sheet, each field where the scanner found it."""

    id: Envelope[str | None] = None
    episode_start: Absence[date | None] = None
    number: Identity[str | None] = None
    employment: EmploymentData[Employment] = Employment()
    main: DiagnosisData[tuple[Coding, ...]] = ()
    others: DiagnosisData[tuple[Coding, ...]] = ()
    reason: Annotated[DiagnosisData[str | None], FREE] = None
    reason_more: Annotated[DiagnosisData[str | None], FREE] = None
    pregnancy: DiagnosisData[bool | None] = None
    injury: DiagnosisData[bool | None] = None
    injury_date: DiagnosisData[date | None] = None
    shielded_for_patient: Envelope[bool | None] = None
    pending: Absence[Days | None] = None
    advice: Annotated[Workplace[str | None], FREE] = None
    graded: Absence[GradedDays | None] = None
    not_possible: Absence[NotPossibleDays | None] = None
    treatment: Absence[DaysOfTreatment | None] = None
    travel: Absence[Days | None] = None
    fit_after: PrognosisData[bool | None] = None
    considerations: Annotated[Workplace[str | None], FREE] = None
    in_work: ReturnEstimate[InWork | None] = None
    not_in_work: ReturnEstimate[NotInWork | None] = None
    questions: Clinical[Questions] = Questions()
    measures: Workplace[Measures] = Measures()
    nav_note: AuthorityNote[NavNote | None] = None
    message_to_employer: Annotated[Workplace[str | None], FREE] = None
    contact_date: AuthorityNote[date | None] = None
    reason_none: Annotated[AuthorityNote[str | None], FREE] = None
    treated: Absence[date | None] = None
    hpr: CertifierDetail[int | None] = None
    telephone: CertifierData[int | None] = None
    address: CertifierDetail[str | None] = None


def astray(note: ScannedNote) -> Iterator[tuple[str, str, str]]:
    """Say what a certificate has no two places for: the field, what is wrong, and how to mend it."""
    if len(note.main) > 1:
        yield "main[1].code", "two main diagnoses stand here", "give one, and the others as further diagnoses"
    if note.in_work and note.not_in_work:
        yield "not_in_work", "an outlook with an employer and one without stand here", "give one of them"
    if note.graded and note.graded.degree and _per_cent(note.graded.degree) is None:
        yield "graded.degree", "a degree that is no whole number stands here", "give it as digits alone"
    if note.advice and not note.pending:
        yield "advice", "advice for a pending note stands here without its days", "give the days, or take it out"


def certificate(note: ScannedNote) -> SickLeaveCertificate:
    """Give the certificate that a sheet is; it was signed on the day that the patient was treated, as NAV has it."""
    treated = datetime.combine(note.treated, NOON) if note.treated else None
    return SickLeaveCertificate(
        id=note.id,
        sent_at=treated,
        episode_start=note.episode_start,
        patient=Patient(id=personal(note.number)),
        employment=note.employment,
        diagnosis=_diagnosis(note),
        shielded_for_patient=note.shielded_for_patient,
        periods=tuple(period for _, period in _periods(note)),
        prognosis=_prognosis(note),
        answers=_answers(note.questions),
        measures=note.measures,
        nav_note=note.nav_note,
        message_to_employer=note.message_to_employer,
        contact=Contact(treated_at=treated, contact_date=note.contact_date, reason_none=note.reason_none),
        certifier=Certifier(
            identifiers=(Identifier(kind="hpr", value=str(note.hpr)),) if note.hpr else (),
            address=Address(street=note.address) if note.address else None,
            telecoms=(Telecom(value=f"tel:{note.telephone}"),) if note.telephone else (),
        ),
    )


def _diagnosis(note: ScannedNote) -> Diagnosis:
    said = [text for text in (note.reason, note.reason_more) if text]
    return Diagnosis(
        main=note.main[0] if note.main else None,
        others=note.others,
        reason=AbsenceReason(text=": ".join(said)) if said else None,
        pregnancy=note.pregnancy,
        injury=note.injury,
        injury_date=note.injury_date,
    )


def _periods(note: ScannedNote) -> Iterator[tuple[str, Period]]:
    """Give each period with the name of its place on the sheet, in the sheet's order."""
    if one := note.pending:
        yield "pending", Period(start=one.start, end=one.end, kind=Pending(advice=note.advice))
    if graded := note.graded:
        kind = Graded(degree=_per_cent(graded.degree), travel=graded.travel)
        yield "graded", Period(start=graded.start, end=graded.end, kind=kind)
    if none := note.not_possible:
        yield "not_possible", Period(start=none.start, end=none.end, kind=_not_possible(none))
    if treated := note.treatment:
        yield "treatment", Period(start=treated.start, end=treated.end, kind=TreatmentDays(per_week=treated.count))
    if one := note.travel:
        yield "travel", Period(start=one.start, end=one.end, kind=TravelOnly(paid=True))


def _per_cent(said: str | None) -> int | None:
    """Give a degree; nothing for what is more or less than up to three digits."""
    digits = (said or "").strip().removesuffix("%").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= len("100") else None


def _not_possible(days: NotPossibleDays) -> NotPossible:
    """Give the kind; a tick says that there is a reason, and never which of the codes."""
    medical, work = days.medical, days.workplace
    return NotPossible(
        medical=MedicalReason(text=medical.text) if medical and (medical.ticked or medical.text) else None,
        workplace=WorkplaceReason(text=work.text) if work and (work.ticked or work.text) else None,
    )


def _prognosis(note: ScannedNote) -> Prognosis | None:
    outlook = note.in_work or note.not_in_work
    if note.fit_after is None and note.considerations is None and outlook is None:
        return None
    return Prognosis(fit_after=note.fit_after, considerations=note.considerations, outlook=outlook)


def _answers(questions: Questions) -> tuple[AnswerGroup, ...]:
    answers = tuple(
        Answer(id=number, question=asked, text=text, restrictions=("employer",))
        for name, (number, asked) in QUESTIONS.items()
        if (text := getattr(questions, name))
    )
    return (AnswerGroup(id=GROUP[0], title=GROUP[1], answers=answers),) if answers else ()


def fields(note: ScannedNote) -> Mapping[str, str]:
    """Give, by each field of a sheet that the certificate has elsewhere, its field there; longer names go first."""
    periods: dict[str, str] = {}
    for i, (name, _) in enumerate(_periods(note)):
        at = f"periods[{i}]"
        periods |= {
            f"{name}.start": f"{at}.start",
            f"{name}.end": f"{at}.end",
            f"{name}.count": f"{at}.kind.per_week",
            f"{name}.medical.ticked": f"{at}.kind.medical",
            f"{name}.workplace.ticked": f"{at}.kind.workplace",
            name: f"{at}.kind",
            **({"advice": f"{at}.kind.advice"} if name == "pending" else {}),
        }
    answered = [name for name in QUESTIONS if getattr(note.questions, name)]
    answers = {f"questions.{name}": f"answers[0].answers[{i}].text" for i, name in enumerate(answered)}
    return {**periods, **answers, **_ELSEWHERE}


_ELSEWHERE = {
    "number": "patient.id.value",
    "main[0]": "diagnosis.main",
    "others": "diagnosis.others",
    "reason_more": "diagnosis.reason.text",
    "reason_none": "contact.reason_none",
    "reason": "diagnosis.reason.text",
    "pregnancy": "diagnosis.pregnancy",
    "injury_date": "diagnosis.injury_date",
    "injury": "diagnosis.injury",
    "fit_after": "prognosis.fit_after",
    "considerations": "prognosis.considerations",
    "in_work": "prognosis.outlook",
    "not_in_work": "prognosis.outlook",
    "contact_date": "contact.contact_date",
    "treated": "contact.treated_at",
    "hpr": "certifier.identifiers[0].value",
    "telephone": "certifier.telecoms[0].value",
    "address": "certifier.address.street",
}
