"""What an employer's systems say of absence: absences, and days that the employee certifies.

There is no common export of absence, so the records hold what all of them mean, with the amount as it was written
beside what it comes to. Dates are calendar days without a zone, both ends included; how many days that is, in calendar
days (self-certification, the employer's period) or working days (statistics), is derived and never stored.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from gateway.model.common import HumanName, Identifier
from gateway.model.envelope import Receiver, Sender
from gateway.model.labels import Absence as AbsenceData
from gateway.model.labels import DiagnosisData, EmploymentData, Envelope, Identity, coded


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """The person who is away: by the employer's own number, by a personal number, or both."""

    name: Identity[HumanName] = HumanName()
    employee: EmploymentData[str | None] = None
    id: Identity[Identifier | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much absence, as the source wrote it: a decimal number with a point, and its unit."""

    value: AbsenceData[str]
    unit: Annotated[AbsenceData[str], coded("absence-unit")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """One absence of one person.

    `end` is absent while the absence goes on. `kind` never says more than the source does: illness that is neither
    certified nor self-certified in the source stays `sick-unspecified`, and only a certificate that is matched to it
    says otherwise. What an absence code tells of health beyond that stands in `cause`,
    which is a diagnosis. `degree` is how much of the work is missed, in per cent, as a decimal number; it is absent
    where that takes the person's schedule to know.
    """

    id: Envelope[str | None] = None
    employer: EmploymentData[str | None] = None
    patient: Identity[Worker] = Worker()
    receiver: Envelope[Receiver | None] = None
    start: AbsenceData[date | None] = None
    end: AbsenceData[date | None] = None
    kind: Annotated[AbsenceData[str | None], coded("absence-kind")] = None
    cause: Annotated[DiagnosisData[str | None], coded("absence-cause")] = None
    degree: AbsenceData[str | None] = None
    amounts: AbsenceData[tuple[Amount, ...]] = ()

    @property
    def sender(self) -> Sender | None:
        """The employer, by its organisation number."""
        return employer_as_sender(self.employer)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedDays:
    """Days that the employee certifies, both ends included."""

    start: AbsenceData[date]
    end: AbsenceData[date]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfCertification:
    """A self-certification (egenmelding, ftrl § 8-23 to 8-27): which days, and when it was given.

    `employer` is whom the employee gives it to, by organisation number.
    """

    id: Envelope[str | None] = None
    sent_at: Envelope[datetime | None] = None
    employer: EmploymentData[str | None] = None
    patient: Identity[Worker] = Worker()
    receiver: Envelope[Receiver | None] = None
    days: AbsenceData[tuple[CertifiedDays, ...]] = ()
    given: AbsenceData[date | None] = None

    @property
    def sender(self) -> Sender | None:
        """Nobody but the employee certifies these days, and no organisation sends them."""
        return None


def employer_as_sender(orgnr: str | None) -> Sender | None:
    """Give the employer as the sender of its own report, since such a report has no header."""
    return Sender(identifiers=(Identifier(kind="orgnr", value=orgnr),)) if orgnr else None
