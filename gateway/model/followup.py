"""The follow-up plan: what an employer and an employee agree on while the employee is on sick leave (aml § 4-6).

Modelled on NAV's Oppfølgingsplan (Oppfoelgingsplan4_utfyllende_info_M/2016) and on the plan of NAV's API for salary and
HR systems (FollowUpPlanDTO, v1). Dates are calendar days without a zone. It is about work, and has no field for health.
Two flags say whom it may be sent to; without a flag it is sent nowhere.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from gateway.model.common import HumanName, Identifier
from gateway.model.envelope import Receiver, Sender, System, personal
from gateway.model.labels import (
    FREE,
    Absence,
    ContactData,
    EmploymentData,
    Envelope,
    Identity,
    PlanData,
)
from gateway.model.labels import (
    Workplace as WorkplaceData,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """The employee on sick leave. `number` is a national number or a D-number, with nothing that says which."""

    name: Identity[HumanName] = HumanName()
    number: Identity[str | None] = None
    telephone: ContactData[str | None] = None

    @property
    def id(self) -> Identifier | None:
        """The number with its kind."""
        return personal(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPerson:
    """Somebody at the employer's: the nearest leader, or another to turn to."""

    family: EmploymentData[str | None] = None
    given: EmploymentData[str | None] = None
    full: EmploymentData[str | None] = None
    telephone: EmploymentData[str | None] = None
    email: EmploymentData[str | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Employer:
    """The employer who makes the plan. `inclusive` and `occupational_health`: has an IA agreement, such a service."""

    name: EmploymentData[str | None] = None
    orgnr: EmploymentData[str | None] = None
    leader: EmploymentData[ContactPerson] = ContactPerson()
    contact: EmploymentData[ContactPerson] = ContactPerson()
    inclusive: EmploymentData[bool | None] = None
    occupational_health: EmploymentData[bool | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAbsence:
    """The absence that the plan is about; `degree` as the sender wrote it."""

    first_day: Absence[date | None] = None
    certified: Absence[date | None] = None
    degree: Absence[str | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """One kind of help with a measure: whether it is asked for, and what."""

    wanted: PlanData[bool | None] = None
    what: Annotated[PlanData[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedMeasure:
    """One measure: what, why, when, who helps, and how it went."""

    what: Annotated[PlanData[str | None], FREE] = None
    goal: Annotated[PlanData[str | None], FREE] = None
    start: PlanData[date | None] = None
    end: PlanData[date | None] = None
    degree: PlanData[str | None] = None
    impossible_tasks: Annotated[WorkplaceData[str | None], FREE] = None
    no_adaptation: Annotated[WorkplaceData[str | None], FREE] = None
    for_certifier: Annotated[PlanData[str | None], FREE] = None
    talks: Annotated[PlanData[str | None], FREE] = None
    advice: PlanData[Help] = Help()
    aids: PlanData[Help] = Help()
    nav_meeting: PlanData[Help] = Help()
    work_measures: PlanData[Help] = Help()
    occupational_health: PlanData[bool | None] = None
    others: PlanData[Help] = Help()
    assessment: Annotated[PlanData[str | None], FREE] = None
    new_measures: PlanData[bool | None] = None
    signed: PlanData[date | None] = None
    signed_on_paper: PlanData[bool | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """The employee's tasks: as usual, and which of them can and cannot be done."""

    usual: Annotated[WorkplaceData[str | None], FREE] = None
    possible: Annotated[WorkplaceData[str | None], FREE] = None
    impossible: Annotated[WorkplaceData[str | None], FREE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facilitation:
    """What has been, will be and could be done at work, and how it is followed up."""

    before: Annotated[PlanData[str | None], FREE] = None
    planned: Annotated[PlanData[str | None], FREE] = None
    other: Annotated[PlanData[str | None], FREE] = None
    follow_up: Annotated[PlanData[str | None], FREE] = None
    evaluated: PlanData[date | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpPlan:
    """A follow-up plan (oppfølgingsplan)."""

    id: Envelope[str | None] = None
    sent_at: Envelope[datetime | None] = None
    receiver: Envelope[Receiver | None] = None
    system: Envelope[System] = System()
    system_email: Envelope[str | None] = None
    patient: Identity[Employee] = Employee()
    employer: EmploymentData[Employer] = Employer()
    position: EmploymentData[str | None] = None
    absence: Absence[PlannedAbsence] = PlannedAbsence()
    tasks: WorkplaceData[Tasks] = Tasks()
    facilitation: PlanData[Facilitation] = Facilitation()
    measures: PlanData[tuple[PlannedMeasure, ...]] = ()
    changed: PlanData[date | None] = None
    share_with_nav: Envelope[bool | None] = None
    share_with_gp: Envelope[bool | None] = None
    nav_help: PlanData[Help] = Help()
    to_gp: Annotated[PlanData[str | None], FREE] = None
    employee_took_part: PlanData[bool | None] = None
    why_not: Annotated[PlanData[str | None], FREE] = None
    more: Annotated[PlanData[str | None], FREE] = None

    @property
    def sender(self) -> Sender | None:
        """The employer as the sender, since a plan has no header."""
        if not self.employer.orgnr:
            return None
        return Sender(name=self.employer.name, identifiers=(Identifier(kind="orgnr", value=self.employer.orgnr),))
