"""From absences and certificates to a sick-leave case: spells, what certifies them, and episodes. Pure.

Dates are stored and days derived: calendar days for the law, working days for joining rows of days. Two spells are one
where only days off lie between them; after how many days without illness a new episode begins, each country's law says.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

from gateway.model.absence import Absence, CertifiedDays, SelfCertification

SICK = frozenset({"sick-self", "sick-certified", "sick-unspecified"})
CERTIFIED, UNSPECIFIED, SELF_CERTIFIED = "sick-certified", "sick-unspecified", "sick-self"
SATURDAY = 5
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Spell:
    """Absence from day to day of one kind and degree (per cent, if known); `end` is absent while it goes on."""

    start: date
    end: date | None
    kind: str
    degree: str | None

    def days(self, today: date) -> int:
        """Give how many calendar days it has had up to a day."""
        return max(0, (min(self.end or today, today) - self.start).days + 1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days off of a country besides Saturdays and Sundays.

    `dates` are months and days, `easter` days after Easter Sunday, `first` the first such weekday (0 is Monday) from a
    month and day on.
    """

    dates: frozenset[tuple[int, int]] = frozenset()
    easter: frozenset[int] = frozenset()
    first: frozenset[tuple[int, int, int]] = frozenset()

    def is_off(self, day: date) -> bool:
        """Whether a day is a Saturday, a Sunday or a public holiday."""
        return day.weekday() >= SATURDAY or day in _holidays(self, day.year)

    def working_days(self, start: date, end: date) -> int:
        """Give how many of the days are working days, both ends included.

        Whole weeks are reckoned, so that a span of many years takes no longer to count than its public holidays.
        """
        weeks, rest = divmod(max(0, (end - start).days + 1), 7)
        weekdays = weeks * SATURDAY + sum((start.weekday() + n) % 7 < SATURDAY for n in range(rest))
        holidays = (day for year in range(start.year, end.year + 1) for day in _holidays(self, year))
        return weekdays - sum(start <= day <= end and day.weekday() < SATURDAY for day in holidays)


@cache
def _holidays(calendar: Calendar, year: int) -> frozenset[date]:
    easter = _easter(year)
    fixed = (date(year, month, day) for month, day in calendar.dates)
    movable = (easter + timedelta(days=n) for n in calendar.easter)
    begun = ((weekday, date(year, month, day)) for weekday, month, day in calendar.first)
    first = (start + timedelta(days=(weekday - start.weekday()) % 7) for weekday, start in begun)
    return frozenset({*fixed, *movable, *first})


def _easter(year: int) -> date:
    """Give Easter Sunday (the anonymous Gregorian computus: Nature, 20 April 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    left = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    month, day = divmod(h + left - 7 * ((a + 11 * h + 22 * left) // 451) + 114, 31)
    return date(year, month, day + 1)


def spells(absences: Iterable[Absence], calendar: Calendar) -> list[Spell]:
    """Give the spells of one person, in order: rows of days of one kind and degree are joined over days off."""
    rows = [Spell(one.start, one.end, one.kind, one.degree) for one in absences if one.start is not None and one.kind]
    joined: list[Spell] = []
    for row in sorted(rows, key=lambda one: (one.kind, one.degree or "", one.start, one.end or date.max)):
        last = joined[-1] if joined else None
        if last and (last.kind, last.degree) == (row.kind, row.degree) and _adjoin(last, row, calendar):
            joined[-1] = replace(last, end=None if row.end is None or last.end is None else max(last.end, row.end))
        else:
            joined.append(row)
    return sorted(joined, key=lambda one: (one.start, one.end or date.max))


def _adjoin(first: Spell, second: Spell, calendar: Calendar) -> bool:
    if first.end is None:
        return True
    gap = range(1, (second.start - first.end).days)
    return all(calendar.is_off(first.end + n * DAY) for n in gap)


def self_certifications(absences: Sequence[Absence], calendar: Calendar) -> list[SelfCertification]:
    """Give what one person's rows of self-certified days come to, in order: days joined over days off are one.

    They are counted in calendar days, days off between them included (ftrl § 8-24). One that goes on is none yet.
    """
    if not absences:
        return []
    who, employer = absences[0].patient, next((one.employer for one in absences if one.employer), None)
    days = [
        CertifiedDays(start=one.start, end=one.end)
        for one in spells((one for one in absences if one.kind == SELF_CERTIFIED), calendar)
        if one.end is not None
    ]
    return [SelfCertification(employer=employer, patient=who, days=(one,)) for one in days]


def certified(found: Sequence[Spell], covered: Sequence[tuple[date, date]]) -> list[Spell]:
    """Give spells with those that a certificate covers a part of as certified.

    `covered` are the days of the same person's certificates, both included (`gateway.model.messages.absent`).
    Nothing but a certificate makes an unspecified one more than it was. Self-certified days stay what they are.
    """
    return [
        replace(spell, kind=CERTIFIED) if spell.kind == UNSPECIFIED and _overlaps(spell, covered) else spell
        for spell in found
    ]


def _overlaps(spell: Spell, covered: Sequence[tuple[date, date]]) -> bool:
    return any(start <= (spell.end or date.max) and spell.start <= end for start, end in covered)


def episodes(found: Iterable[Spell], between: int) -> list[list[Spell]]:
    """Give the spells of illness by episode, in order; a new one begins after more than `between` days without illness.

    Other absence belongs to none.
    """
    cases: list[list[Spell]] = []
    last = date.min
    for spell in found:
        if spell.kind not in SICK:
            continue
        if not cases or (spell.start - last).days - 1 > between:
            cases.append([])
            last = spell.start
        cases[-1].append(spell)
        last = max(last, spell.end or date.max)
    return cases
