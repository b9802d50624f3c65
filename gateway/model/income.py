"""The income report: what NAV computes sick pay and other benefits from, as the employer tells it (ftrl § 21-4).

Modelled on NAV's Inntektsmelding_M 20181211 and on the income report of NAV's interface for payroll systems (LPS).
Dates are calendar days without a zone, both ends of a span included; a span may lack either. Amounts are Norwegian
kroner and hours are hours, both decimal numbers with a point, kept as they were written.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from gateway.model.common import HumanName, Identifier
from gateway.model.envelope import Receiver, Sender, System, personal
from gateway.model.labels import Absence, EmploymentData, Envelope, Identity, coded
from gateway.model.labels import Income as IncomeData


@dataclass(frozen=True, slots=True, kw_only=True)
class Earner:
    """The employee. `number` is a national number or a D-number, with nothing that says which; `full` is the name."""

    name: Identity[HumanName] = HumanName()
    full: Identity[str | None] = None
    number: Identity[str | None] = None

    @property
    def id(self) -> Identifier | None:
        """The number with its kind."""
        return personal(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """An organisation that employs, and whom NAV may ask there."""

    orgnr: EmploymentData[str | None] = None
    name: EmploymentData[str | None] = None
    contact: EmploymentData[str | None] = None
    telephone: EmploymentData[str | None] = None

    @property
    def id(self) -> Identifier | None:
        """The number with its kind."""
        return Identifier(kind="orgnr", value=self.orgnr) if self.orgnr else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateEmployer:
    """A private person who employs. `number` is a national number or a D-number."""

    number: EmploymentData[str | None] = None
    contact: EmploymentData[str | None] = None
    telephone: EmploymentData[str | None] = None

    @property
    def id(self) -> Identifier | None:
        """The number with its kind."""
        return personal(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Days from `start` to `end`."""

    start: Absence[date | None] = None
    end: Absence[date | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Why income changed, since when, and when that was known; `reason` is the sender's word."""

    reason: IncomeData[str | None] = None
    since: IncomeData[date | None] = None
    known: IncomeData[date | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Earnings:
    """The reckoned monthly income, by which day it is reckoned, and why it is not what was reported earlier.

    `changed` is a word of NAV's XML, `reasons` those of its interface for payroll systems.
    """

    monthly: IncomeData[str | None] = None
    day: IncomeData[date | None] = None
    changed: Annotated[IncomeData[str | None], coded("income-change")] = None
    reasons: IncomeData[tuple[Change, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed:
    """Days for which parental benefit is put off, and why."""

    days: Absence[Days | None] = None
    reason: Annotated[IncomeData[str | None], coded("postponement-reason")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartTime:
    """Days of parental benefit with some work, in per cent of full time."""

    days: Absence[Days | None] = None
    percent: Absence[int | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The employment that the report is about."""

    id: EmploymentData[str | None] = None
    first_day: Absence[date | None] = None
    earnings: IncomeData[Earnings] = Earnings()
    holiday: Absence[tuple[Days, ...]] = ()
    postponed: Absence[tuple[Postponed, ...]] = ()
    part_time: Absence[tuple[PartTime, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundChange:
    """Another monthly refund from a day on."""

    day: IncomeData[date | None] = None
    monthly: IncomeData[str | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """What the employer, who pays on, asks back each month, and until which day."""

    monthly: IncomeData[str | None] = None
    ends: IncomeData[date | None] = None
    changes: IncomeData[tuple[RefundChange, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployerPeriod:
    """The period in which the employer pays (ftrl § 8-19), what was paid, and why not all of it.

    `self_certified` are the days in it that the employee certified.
    """

    days: Absence[tuple[Days, ...]] = ()
    self_certified: Absence[tuple[Days, ...]] = ()
    paid: IncomeData[str | None] = None
    reduced: Annotated[IncomeData[str | None], coded("pay-reduction")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InKind:
    """A benefit in kind, from which day on it is lost or had again, and its monthly worth."""

    kind: Annotated[IncomeData[str | None], coded("benefit-in-kind")] = None
    day: IncomeData[date | None] = None
    monthly: IncomeData[str | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOfDay:
    """Hours of absence on one day."""

    day: Absence[date | None] = None
    hours: Absence[str | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CareDays:
    """Care benefit: whether the employer's own days are paid, and the absence in whole days and in parts."""

    duty_paid: IncomeData[bool | None] = None
    absences: Absence[tuple[Days, ...]] = ()
    parts: Absence[tuple[PartOfDay, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomeReport:
    """An income report (inntektsmelding).

    `answers` is NAV's request that it answers, and `certified` are the days of the sick notes.
    """

    id: Envelope[str | None] = None
    sent_at: Envelope[datetime | None] = None
    receiver: Envelope[Receiver | None] = None
    answers: Envelope[str | None] = None
    system: Envelope[System] = System()
    benefit: Annotated[IncomeData[str | None], coded("income-benefit")] = None
    purpose: Annotated[Envelope[str | None], coded("income-purpose")] = None
    employer: EmploymentData[Company] = Company()
    private_employer: EmploymentData[PrivateEmployer | None] = None
    patient: Identity[Earner] = Earner()
    close_relation: EmploymentData[bool | None] = None
    job: EmploymentData[Job] = Job()
    certified: Absence[tuple[Days, ...]] = ()
    refund: IncomeData[Refund | None] = None
    employer_period: IncomeData[EmployerPeriod | None] = None
    parental_start: Absence[date | None] = None
    lost: IncomeData[tuple[InKind, ...]] = ()
    resumed: IncomeData[tuple[InKind, ...]] = ()
    nursing: Absence[tuple[Days, ...]] = ()
    care: Absence[CareDays | None] = None

    @property
    def sender(self) -> Sender | None:
        """The employer as the sender, since a report has no header."""
        numbers = tuple(one.id for one in (self.employer, self.private_employer) if one and one.id)
        return Sender(identifiers=numbers) if numbers else None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomeRequest:
    """NAV's request for an income report (forespørsel om inntektsmelding): about whom, of which employer, what for.

    `certified` are the days of the sick notes, `self_certified` those before them that the employee certified. What is
    wanted is said by `period_wanted` (the employer's period) and `income_wanted`.
    """

    id: Envelope[str | None] = None
    sent_at: Envelope[datetime | None] = None
    receiver: Envelope[Receiver | None] = None
    employer: EmploymentData[str | None] = None
    patient: Identity[Earner] = Earner()
    status: Annotated[Envelope[str | None], coded("income-request-status")] = None
    certified: Absence[tuple[Days, ...]] = ()
    self_certified: Absence[tuple[Days, ...]] = ()
    period_wanted: Envelope[bool | None] = None
    income_wanted: Envelope[bool | None] = None

    @property
    def sender(self) -> Sender | None:
        """NAV, which the request does not name."""
        return None
