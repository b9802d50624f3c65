"""What an employer gets of certificates and self-certifications, in the form of its own payroll system. Pure.

A profile says how a system writes absences, and so how they are written for it. Only who is away, when, and how much
is read of what was released; there is no way into a row for anything else.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from adapters.hr.filled import CSV, FIXED, XML, Row, fixed, paxml, table
from adapters.hr.profile import Profile
from gateway.core.errors import Issue, NotAcceptable
from gateway.core.message import Released, Rendered
from gateway.core.vocabulary import DataClass
from gateway.model.absence import SelfCertification
from gateway.model.certificate import Graded, NotPossible, SickLeaveCertificate, TreatmentDays
from gateway.model.common import Identifier
from gateway.model.intyg import EmployerCertificate, SickPayCertificate

NEEDS = frozenset({DataClass.IDENTITY, DataClass.ABSENCE})
MODELS = (SickLeaveCertificate, EmployerCertificate, SickPayCertificate, SelfCertification)
CERTIFIED, SELF_CERTIFIED, UNSPECIFIED = "sick-certified", "sick-self", "sick-unspecified"
WRITES = {"csv": (table, CSV), "fixed": (fixed, FIXED), "paxml": (paxml, XML)}
"""What writes rows in each form, and its media type."""

MODES = frozenset({"range", "day"})
FULL = 100
DAY = timedelta(days=1)

Span = tuple[date, date | None, int]
"""First and last day, and the degree in per cent."""


def writable(profile: Profile) -> bool:
    """Whether illness can be written for a system: in spans of days or a row a day, with a code for it."""
    return profile.format in WRITES and profile.mode in MODES and bool(_codes(profile, UNSPECIFIED, CERTIFIED))


def _codes(profile: Profile, *kinds: str) -> list[str]:
    """Give the system's own codes of the first of these kinds that it has; that which is to be written, if it says."""
    plain = {name: one for name, one in profile.codes.items() if not one.cause and not one.ignore}
    for kind in kinds:
        names = [name for name, one in plain.items() if one.kind == kind]
        if names:
            return [name for name in names if plain[name].written] or names
    return []


def _code(profile: Profile, *kinds: str) -> str:
    """Give the one code of these kinds. Raises `NotAcceptable` where there is none, or more than one."""
    names = _codes(profile, *kinds)
    if len(names) == 1:
        return names[0]
    how = "more than one code" if names else "no code"
    what = f"the profile {profile.name} has {how} for {kinds[0]}"
    mend = "let the profile say `written: yes` at one code of its kind"
    raise NotAcceptable([Issue("not-supported", "", what, mend)])


class PayrollRenderer:
    """Writes what was released as a file of a profile."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def __call__(
        self, released: Released[Any], classes: frozenset[DataClass] | None = None, *, report: bool = False
    ) -> Rendered:
        """Write it. Raises `NotAcceptable` for what the system's form has no place for, or was not released."""
        del report
        if classes is not None and not classes >= NEEDS:
            raise NotAcceptable([Issue("forbidden", "", "the rules never release here who is away, and when")])
        rows = list(_rows(released.record, self._profile))
        if not rows:
            raise NotAcceptable(
                [Issue("required", "", "there is no period of absence in it that the form has room for")]
            )
        write, media_type = WRITES[self._profile.format]
        return Rendered(write(rows, self._profile), media_type)


def _rows(record: Any, profile: Profile) -> Iterator[Row]:
    if record.patient.id is None:
        raise NotAcceptable([Issue("required", "", "it was not released who is away", field="patient.id")])
    employee = getattr(record.patient, "employee", None) or getattr(record, "employee_number", None) or ""
    _tells(profile, record.patient.id, employee)
    own = isinstance(record, SelfCertification)
    code = _code(profile, SELF_CERTIFIED if own else CERTIFIED, UNSPECIFIED)
    employer = (record.employer if own else getattr(record, "employer_orgnr", None)) or ""
    spans = _by_day(_spans(record)) if profile.mode == "day" else _spans(record)
    for number, (start, end, degree) in enumerate(spans, 1):
        if degree != FULL and profile.format != "paxml" and profile.column("degree") is None:
            what = f"the profile {profile.name} has no column for a degree, and this absence is no whole one"
            raise NotAcceptable([Issue("not-supported", "", what)])
        yield Row(f"{record.id or ''}-{number}", record.patient.id, employee, employer, start, end, degree, code)


def _tells(profile: Profile, person: Identifier, employee: str) -> None:
    """Raise `NotAcceptable` unless a row of the profile can say who is away."""
    if employee and profile.column("employee") is not None:
        return
    column = profile.column("person")
    if column is None:
        what = f"the profile {profile.name} tells persons by employee number, which is not known of this one"
        mend = "upload a row that has both of the person's numbers"
        raise NotAcceptable([Issue("required", "", what, mend, field="patient.employee")])
    if person.kind not in profile.persons:
        what = f"the profile {profile.name} has no room for a {person.kind}"
        raise NotAcceptable([Issue("not-supported", "", what, field="patient.id")])


def _by_day(spans: Iterator[Span]) -> Iterator[Span]:
    for start, end, degree in spans:
        if end is None:
            what = "the form has a row a day, and no word for an absence that goes on"
            raise NotAcceptable([Issue("not-supported", "", what)])
        for number in range((end - start).days + 1):
            yield start + number * DAY, start + number * DAY, degree


def _spans(record: Any) -> Iterator[Span]:
    """Give the days and the degree of each absence; who works in a period (avventende, reisetilskudd) is not away.

    A day that the employee certifies is a whole one.
    """
    spans: list[tuple[date | None, date | None, int | None]]
    if isinstance(record, SelfCertification):
        spans = [(one.start, one.end, FULL) for one in record.days]
    elif isinstance(record, SickPayCertificate):
        spans = [(record.start, record.end, record.degree)]
    elif isinstance(record, EmployerCertificate):
        spans = [(one.start, one.end, int(one.degree) if one.degree else None) for one in record.reductions]
    else:
        spans = [(one.start, one.end, _degree(one.kind)) for one in record.periods if _is_away(one.kind)]
    for start, end, degree in spans:
        if start is None or degree is None:
            raise NotAcceptable([Issue("required", "", "a period lacks its first day, or how much is lost")])
        yield start, end, degree


def _is_away(kind: Any) -> bool:
    return isinstance(kind, Graded | NotPossible | TreatmentDays)


def _degree(kind: Any) -> int | None:
    if isinstance(kind, TreatmentDays):
        what = "absence on days of treatment has no span and no degree, and the form has room for nothing else"
        raise NotAcceptable([Issue("not-supported", "", what)])
    return kind.degree if isinstance(kind, Graded) else FULL
