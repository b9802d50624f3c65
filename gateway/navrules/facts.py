"""What the steps of NAV's trees may ask of a note. A fact is a list of values, each with the field it stands in.

Days are NAV's: dates in Norway's zone, and `days` from a first to a last day exclude the first (`ChronoUnit.DAYS`).
A fact that is unknown is absent (`None`): NAV has registers and earlier notes that a gateway does not have.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gateway.core.identifiers import Kind, is_synthetic, kind_of
from gateway.model.certificate import (
    Diagnosis,
    Graded,
    NotPossible,
    Pending,
    Period,
    PeriodKind,
    SickLeaveCertificate,
    TreatmentDays,
)
from gateway.navrules.trees import Value

OSLO = ZoneInfo("Europe/Oslo")
SATURDAY = 5
NAV_ONLY = (
    "nav.enterprise-signed",
    "nav.legal-certifier-found",
    "nav.duplicate",
    "nav.patient-registered",
    "nav.signer-registered",
    "nav.production",
    "nav.suspended",
    "nav.hpr-found",
    "nav.hpr-active",
    "nav.hpr-authorisation",
    "nav.hpr-category",
    "nav.main-diagnosis-listed",
    "nav.other-diagnoses-listed",
    "nav.sent-before",
    "nav.extension",
    "nav.employer-period",
)
"""What no note says."""

ON_PAPER = ("diagnosis.main.system", "diagnosis.main.icpc-chapter", "diagnosis.others.system")
"""What NAV looks up for a diagnosis on paper that does not say its code system."""

NAV_MAY_KNOW = (*NAV_ONLY, *ON_PAPER, "patient.age-at-end", "sender.is-patient", "certifier.is-patient")
"""What can be unknown here."""


class Seen(NamedTuple):
    """One value of a fact, and the canonical field it stands in (empty when it stands nowhere)."""

    value: Value
    field: str = ""


Fact = tuple[Seen, ...] | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A note with what it is judged by: when it is received (with a zone), and whether it was written on paper."""

    note: SickLeaveCertificate
    received_at: datetime
    paper: bool = False


def facts(asked: Asked, given: Mapping[str, Value] | None = None) -> dict[str, Fact]:
    """Give every fact by its name; `given` are facts of NAV's that somebody knows."""
    found: dict[str, Fact] = {
        "paper": (Seen("yes" if asked.paper else "no"),),
        **_periods(asked.note.periods),
        **_times(asked),
        **_persons(asked.note),
        **_diagnoses(asked.note.diagnosis),
        **_history(asked.note),
        **_rest(asked.note),
        **(_looked_up(asked.note.diagnosis) if asked.paper else {}),
    }
    return {**found, **{name: (Seen(value),) for name, value in (given or {}).items()}}


def _periods(periods: tuple[Period, ...]) -> dict[str, Fact]:
    named = [(f"periods[{i}]", period) for i, period in enumerate(periods)]
    kinds: list[tuple[str, Period, object]] = [(name, period, period.kind) for name, period in named]
    pending = [(n, p, kind) for n, p, kind in kinds if isinstance(kind, Pending)]
    graded = [(n, kind) for n, p, kind in kinds if isinstance(kind, Graded)]
    treated = [(n, p, kind) for n, p, kind in kinds if isinstance(kind, TreatmentDays)]
    first, last = min((p.start for p in periods), default=None), max((p.end for p in periods), default=None)
    return {
        "periods.count": (Seen(len(periods), "periods[0].start" if periods else ""),),
        "periods.untyped": tuple(Seen("yes", n) for n, _, kind in kinds if not isinstance(kind, PeriodKind)),
        "periods.days": tuple(Seen(_days(p.start, p.end), f"{n}.end") for n, p in named),
        "periods.overlap": tuple(
            Seen("yes", f"{n}.start")
            for n, p in named
            if any(p != o and (o.start <= p.start <= o.end or o.start <= p.end <= o.end) for o in periods)
        ),
        "periods.weekdays-between": tuple(
            Seen(_weekdays(one.end, other.start), f"{name}.start")
            for (_, one), (name, other) in pairwise(sorted(named, key=lambda item: item[1].start))
        ),
        "periods.pending-days": tuple(Seen(_days(p.start, p.end), f"{n}.end") for n, p, _ in pending),
        "periods.pending-without-advice": tuple(
            Seen("yes", f"{n}.kind.advice") for n, _, kind in pending if not (kind.advice or "").strip()
        ),
        "periods.medical-reason-uncoded": _uncoded(kinds, "medical"),
        "periods.workplace-reason-uncoded": _uncoded(kinds, "workplace"),
        "periods.degree": tuple(Seen(kind.degree, f"{n}.kind.degree") for n, kind in graded if kind.degree is not None),
        "periods.treatment-days": tuple(Seen(kind.per_week or 0, f"{n}.kind.per_week") for n, _, kind in treated),
        "periods.treatment-days-beyond-weeks": tuple(
            Seen(kind.per_week - _weeks(p) - 1, f"{n}.kind.per_week")
            for n, p, kind in treated
            if kind.per_week is not None
        ),
        "absence.days": (Seen(_days(first, last), "periods[0].start"),) if first and last else (),
    }


def _uncoded(kinds: list[tuple[str, Period, object]], reason: str) -> tuple[Seen, ...]:
    """Give the reasons that have a text and no code: the form demands a code beside a text, so an empty one goes."""
    said = [(name, getattr(kind, reason)) for name, _, kind in kinds if isinstance(kind, NotPossible)]
    return tuple(Seen("yes", f"{name}.kind.{reason}.text") for name, one in said if one and one.text and not one.codes)


def _times(asked: Asked) -> dict[str, Fact]:
    note, received = asked.note, asked.received_at
    signed = note.sent_at or (_on_the_sheet(note.periods) if asked.paper else None) or received
    treated = note.contact.treated_at
    back: dict[str, Fact] = {"start.days-back": (), "start.months-back": (), "start.years-back": ()}
    if note.periods:
        at, first = min((p.start, f"periods[{i}].start") for i, p in enumerate(note.periods))[::-1]
        day, today = _local(signed).date(), _local(received).date()
        back = {
            "start.days-back": (Seen(_days(first, day), at),),
            "start.months-back": (Seen(_months_back(first, day), at),),
            "start.years-back": (Seen(_years_back(first, today), at),),
        }
    return {
        **back,
        "treated.hours-after-receipt": (Seen(_hours(received, treated), "contact.treated_at"),) if treated else (),
        "signed.hours-after-receipt": (Seen(_hours(received, signed), "sent_at"),),
    }


def _on_the_sheet(periods: tuple[Period, ...]) -> datetime | None:
    """Give when NAV takes a sheet without a date to be signed: noon of the first day without activity, or of all."""
    days = [p.start for p in periods if isinstance(p.kind, NotPossible)] or [p.start for p in periods]
    return datetime.combine(days[0], time(12), OSLO) if days else None


def _persons(note: SickLeaveCertificate) -> dict[str, Fact]:
    patient = note.patient.id.value if note.patient.id else None
    signer = note.sender.professional.fnr if note.sender and note.sender.professional else None
    hpr = note.sender.professional.hpr if note.sender and note.sender.professional else None
    numbers = note.certifier.identifiers
    own = [(i, one.value) for i, one in enumerate(numbers) if one.kind in (Kind.NATIONAL_NUMBER, Kind.D_NUMBER)]
    identifiers = note.sender.identifiers if note.sender else ()
    return {
        "sender.is-patient": (Seen(_yes(signer == patient), "sender.professional.fnr"),) if signer else None,
        "certifier.is-patient": tuple(Seen(_yes(n == patient), f"certifier.identifiers[{i}].value") for i, n in own)
        or None,
        "certifier.number": tuple(
            Seen(one.kind, f"certifier.identifiers[{i}].value")
            for i, one in enumerate(numbers)
            if one.kind in (Kind.NATIONAL_NUMBER, Kind.D_NUMBER, Kind.HPR)
        ),
        "sender.orgnr-length": tuple(
            Seen(len(one.value), f"sender.identifiers[{i}].value")
            for i, one in enumerate(identifiers)
            if one.kind == Kind.ORGANISATION
        ),
        "sender.hpr": (Seen("yes", "sender.professional.hpr"),) if hpr else (),
        "patient.synthetic": (Seen("yes", "patient.id.value"),) if is_synthetic(patient or "") else (),
        "patient.age-at-end": _age(note),
    }


def _age(note: SickLeaveCertificate) -> Fact:
    born = note.patient.birth_date or _born(note.patient.id.value if note.patient.id else "")
    if born is None or not note.periods:
        return None if born is None else ()
    end = max(period.end for period in note.periods)
    years = end.year - born.year
    field = "patient.birth_date" if note.patient.birth_date else "patient.id.value"
    return (Seen(years - (_years_on(born, years) > end), field),)


def _born(number: str) -> date | None:
    """Give the day of birth that a number of before 2032 shows; its individual number has the century."""
    if kind_of(number) not in (Kind.NATIONAL_NUMBER, Kind.D_NUMBER):
        return None
    day, month, year, individual = int(number[:2]) % 40, int(number[2:4]), int(number[4:6]), int(number[6:9])
    month -= next(added for added in (80, 65, 40, 0) if month > added)
    fits = (c for low, high, first, last, c in _CENTURIES if low <= individual <= high and first <= year <= last)
    century = next(fits, 0)
    try:
        return date(century + year, month, day)
    except ValueError:
        return None


_CENTURIES = ((0, 499, 0, 99, 1900), (500, 749, 54, 99, 1800), (500, 999, 0, 39, 2000), (900, 999, 40, 99, 1900))
"""Individual numbers from and to, years from and to, and the century they are of (Population Register)."""


def _diagnoses(diagnosis: Diagnosis) -> dict[str, Fact]:
    main, others, reason = diagnosis.main, diagnosis.others, diagnosis.reason
    codes, text = ("".join(reason.codes), reason.text or "") if reason else ("", "")
    stated = [("diagnosis.reason.codes[0]", codes), ("diagnosis.reason.text", text)]
    icpc = main is not None and main.system in ("icpc-2", "icpc-2b")
    return {
        "diagnosis.main.code": (Seen(main.code or "", "diagnosis.main.code"),) if main else (),
        "diagnosis.main.system": (Seen(main.system or "", "diagnosis.main.system"),) if main else (),
        "diagnosis.main.display": (Seen(main.display or "", "diagnosis.main.display"),) if main else (),
        "diagnosis.main.icpc-chapter": (Seen((main.code or "")[:1].upper(), "diagnosis.main.code"),)
        if main and icpc
        else (),
        "diagnosis.others.code": tuple(Seen(o.code or "", f"diagnosis.others[{i}].code") for i, o in enumerate(others)),
        "diagnosis.others.system": tuple(
            Seen(o.system or "", f"diagnosis.others[{i}].system") for i, o in enumerate(others)
        ),
        "diagnosis.others.display": tuple(
            Seen(o.display or "", f"diagnosis.others[{i}].display") for i, o in enumerate(others)
        ),
        "diagnosis.reason-uncoded": (Seen("yes", "diagnosis.reason.text"),) if text and not codes else (),
        "diagnosis.reason": tuple(Seen("yes", at) for at, said in stated if said.strip()),
    }


def _looked_up(diagnosis: Diagnosis) -> dict[str, Fact]:
    """Give the facts of code systems that a sheet does not say: NAV looks the code up, so they are unknown here."""
    main = diagnosis.main is not None and diagnosis.main.system is None
    others = any(one.system is None for one in diagnosis.others)
    return dict.fromkeys([*(ON_PAPER[:2] if main else ()), *(ON_PAPER[2:] if others else ())])


def _history(note: SickLeaveCertificate) -> dict[str, Fact]:
    """Give what NAV alone knows: unknown, save where the note itself rules it out."""
    no = (Seen("no"),)
    found: dict[str, Fact] = dict.fromkeys(NAV_ONLY)
    if not note.diagnosis.others:
        found["nav.other-diagnoses-listed"] = ()
    if len(note.periods) != 1 or note.diagnosis.main is None:
        found["nav.sent-before"] = no
    return found


def _rest(note: SickLeaveCertificate) -> dict[str, Fact]:
    words = [word for word in (note.contact.reason_none or "").strip().split(" ") if re.search("[A-Za-z]", word)]
    has = note.employment.has_employer
    last = max((p.end for p in note.periods), default=None)
    starts = [(p.start, f"periods[{i}].start") for i, p in enumerate(note.periods)]
    starts += [(note.episode_start, "episode_start")] if note.episode_start else []
    return {
        "ruleset": (Seen(note.ruleset or "", "ruleset" if note.ruleset else ""),),
        "answers": tuple(
            Seen(answer.id, f"answers[{i}].answers[{j}].id")
            for i, group in enumerate(note.answers)
            for j, answer in enumerate(group.answers)
        ),
        "contact.words": (Seen(len(words), "contact.reason_none"),),
        "employer.has": (Seen(has, "employment.has_employer"),) if has else (),
        "absence.days-from-either-start": tuple(Seen(_days(day, last), at) for day, at in starts) if last else (),
    }


def _days(first: date, last: date) -> int:
    return (last - first).days


def _weeks(period: Period) -> int:
    return int(_days(period.start, period.end) / 7)


def _weekdays(after: date, before: date) -> int:
    between = range(1, _days(after, before))
    return sum((after + timedelta(days=n)).weekday() < SATURDAY for n in between)


def _local(at: datetime) -> datetime:
    return at.astimezone(OSLO).replace(tzinfo=None) if at.tzinfo else at


def _hours(since: datetime, at: datetime) -> float:
    return (_local(at) - _local(since)) / timedelta(hours=1)


def _months_on(day: date, months: int) -> date:
    """Give the same day so many months later, or the last of the month when there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)  # noqa: PLR2004
    return date(year, month + 1, min(day.day, (first_of_next - timedelta(days=1)).day))


def _years_on(day: date, years: int) -> date:
    return _months_on(day, 12 * years)


def _months_back(first: date, day: date) -> int:
    """Give how many whole months and a day lie between; none when the first day is ahead."""
    months = max(0, (day.year - first.year) * 12 + day.month - first.month)
    return months - (months > 0 and day < _months_on(first, months) + timedelta(days=1))


def _years_back(first: date, today: date) -> int:
    """Give how many years the first day is more than; none when it is ahead."""
    years = max(0, today.year - first.year)
    return years - (years > 0 and first >= _years_on(today, -years))


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"


def _names() -> Iterator[str]:
    yield from facts(Asked(SickLeaveCertificate(), datetime(2000, 1, 1, tzinfo=OSLO)))


NAMES = frozenset(_names())
"""Every fact that a step may ask."""
