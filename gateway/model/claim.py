"""The benefit claim: what the patient says of work and absence in a period of sick leave (sykepengesøknad).

Modelled on sykepengesoeknadArbeidsgiver v1. Dates are calendar days without a zone; both ends of a span are included.
Hours are decimal numbers, kept as they were written.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from gateway.model.common import HumanName, Identifier
from gateway.model.envelope import Receiver, Sender, personal
from gateway.model.labels import Absence, EmploymentData, Envelope, Identity, coded
from gateway.model.labels import Income as IncomeData


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimant:
    """The person on sick leave. `number` is a national number or a D-number, with nothing that says which."""

    name: Identity[HumanName] = HumanName()
    number: Identity[str | None] = None

    @property
    def id(self) -> Identifier | None:
        """The number with its kind."""
        return personal(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days from `start` to `end`."""

    start: Absence[date]
    end: Absence[date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentage:
    """How much was worked, in per cent."""

    degree: Absence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """How much was worked, in hours, and the per cent that it comes to."""

    hours: Absence[str]
    degree: Absence[int | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """How much was worked in fact, and how long a usual week is, in hours."""

    amount: Absence[Percentage | Hours]
    usual_week: Absence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedPeriod:
    """A part of the period with one degree of sick leave, in per cent."""

    span: Absence[Span]
    degree: Absence[int]
    worked: Absence[Worked | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Abroad:
    """Days outside Norway, and whether the benefit was applied for beforehand."""

    spans: Absence[tuple[Span, ...]] = ()
    applied: Absence[bool | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherIncome:
    """Another source of income, and whether the person is on sick leave from it too. Never to the employer."""

    kind: Annotated[IncomeData[str], coded("other-income")]
    sick: IncomeData[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Studies:
    """Studies beside the sick leave. Not the employer's business."""

    start: IncomeData[date]
    full_time: IncomeData[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitClaim:
    """A benefit claim (sykepengesøknad), as the patient sends it and as the employer gets it."""

    id: Envelope[str | None] = None
    sent_at: Envelope[datetime | None] = None
    sender: Envelope[Sender | None] = None
    receiver: Envelope[Receiver | None] = None
    patient: Identity[Claimant] = Claimant()
    note_id: Envelope[str | None] = None
    corrects: Envelope[str | None] = None
    span: Absence[Span | None] = None
    employer_pays: Annotated[EmploymentData[str | None], coded("yes-no-unknown")] = None
    first_day: Absence[date | None] = None
    sent_to_employer: Envelope[date | None] = None
    sent_to_nav: Envelope[date | None] = None
    note_written: Absence[date | None] = None
    back_at_work: Absence[date | None] = None
    self_certified: Absence[tuple[Span, ...]] = ()
    holiday: Absence[tuple[Span, ...]] = ()
    leave: Absence[tuple[Span, ...]] = ()
    abroad: Absence[Abroad | None] = None
    periods: Absence[tuple[ClaimedPeriod, ...]] = ()
    other_income: IncomeData[tuple[OtherIncome, ...]] = ()
    studies: IncomeData[Studies | None] = None
    duty_confirmed: Envelope[bool | None] = None
    truth_confirmed: Envelope[bool | None] = None
    legal_orgnr: EmploymentData[str | None] = None
    employer_orgnr: EmploymentData[str | None] = None
