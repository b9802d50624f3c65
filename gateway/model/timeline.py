"""What the law asks for in a sick-leave case, and when: rows of data applied to an episode. Dates and degrees alone.

Nothing here scores anybody: a signal is a rule that a person can read, with its basis, and says that somebody may look.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from gateway.model.episode import SICK, Calendar, Spell

FULL = "100"


@dataclass(frozen=True, slots=True)
class Point:
    """Something that is to be done so many days after the first day of absence: by whom, on what basis, in words.

    `after_sick_pay` counts from the last day that the employer pays instead; without such a day it is not reached.
    """

    id: str
    days: int
    who: str
    basis: str
    status: str
    nb: str
    en: str
    sv: str = ""
    after_sick_pay: bool = False


@dataclass(frozen=True, slots=True)
class Signal:
    """Something to look at: at least so many absences within so many days, or whole absence for so many weeks."""

    id: str
    basis: str
    status: str
    nb: str
    en: str
    sv: str = ""
    at_least: int = 0
    within_days: int = 0
    full_weeks: int = 0


@dataclass(frozen=True, slots=True)
class Law:
    """What one country's law asks for in a case.

    `between` is how many days without illness a case may have in it, `sick_pay_days` how many days of illness the
    employer pays for; 0 where that is not counted here. `calendar` has the days off, which rows of days are joined
    over.
    """

    between: int
    points: tuple[Point, ...]
    signals: tuple[Signal, ...]
    sick_pay_days: int = 0
    calendar: Calendar = Calendar()


class Due(StrEnum):
    """Where a point stands: ahead, passed, or never reached since the absence ended before."""

    AHEAD = "ahead"
    PASSED = "passed"
    NOT_REACHED = "not-reached"


@dataclass(frozen=True, slots=True)
class Entry:
    """A point of a case: by which day, and where it stands on the day that was asked about."""

    point: Point
    by: date
    due: Due


def timeline(episode: Sequence[Spell], law: Law, today: date) -> list[Entry]:
    """Give the points of an episode in the order of their days."""
    first = episode[0].start
    last = max(spell.end or date.max for spell in episode)
    paid = sick_pay(episode, law.sick_pay_days)
    whole = len(paid) == law.sick_pay_days
    entries = []
    for point in law.points:
        begins = (paid[-1] if paid else first) if point.after_sick_pay else first
        by = begins + timedelta(days=point.days)
        reached = last > begins and whole if point.after_sick_pay else last >= by
        due = Due.NOT_REACHED if not reached else Due.PASSED if by < today else Due.AHEAD
        entries.append(Entry(point, by, due))
    return sorted(entries, key=lambda one: one.by)


def sick_pay(episode: Sequence[Spell], days: int) -> list[date]:
    """Give the days that the employer pays for: the first `days` days of illness of a period, in order.

    Days between two spells of one period are not counted (sjuklönelagen § 7). One that goes on is counted as if it did.
    """
    found: set[date] = set()
    for spell in episode:
        left = min(days, (spell.end - spell.start).days + 1) if spell.end else days
        found.update(spell.start + timedelta(days=n) for n in range(left))
    return sorted(found)[:days]


def signals(found: Sequence[Spell], rules: Sequence[Signal], today: date) -> list[Signal]:
    """Give the rules that a person's spells of illness meet on a day."""
    sick = [spell for spell in found if spell.kind in SICK and spell.start <= today]
    return [rule for rule in rules if _met(rule, sick, today)]


def _met(rule: Signal, sick: Sequence[Spell], today: date) -> bool:
    if rule.at_least:
        since = today - timedelta(days=rule.within_days)
        return sum(spell.start > since for spell in sick) >= rule.at_least
    return any(spell.degree == FULL and spell.days(today) >= rule.full_weeks * 7 for spell in sick)
