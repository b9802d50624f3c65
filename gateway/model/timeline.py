"""What the law asks for in a sick-leave case, and when: rows of data applied to an episode. Dates and degrees alone.

Nothing here scores anybody: a signal is a rule that a person can read, with its basis, and says that somebody may look.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from gateway.model.episode import SICK, Spell

FULL = "100"


@dataclass(frozen=True, slots=True)
class Point:
    """Something that is to be done so many weeks after the first day of absence: by whom, on what basis, in words."""

    id: str
    weeks: int
    who: str
    basis: str
    status: str
    nb: str
    en: str


@dataclass(frozen=True, slots=True)
class Signal:
    """Something to look at: at least so many absences within so many days, or whole absence for so many weeks."""

    id: str
    basis: str
    status: str
    nb: str
    en: str
    at_least: int = 0
    within_days: int = 0
    full_weeks: int = 0


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


def timeline(episode: Sequence[Spell], points: Sequence[Point], today: date) -> list[Entry]:
    """Give the points of an episode in order."""
    first = episode[0].start
    last = max(spell.end or date.max for spell in episode)
    entries = []
    for point in sorted(points, key=lambda one: one.weeks):
        by = first + timedelta(weeks=point.weeks)
        due = Due.NOT_REACHED if last < by else Due.PASSED if by < today else Due.AHEAD
        entries.append(Entry(point, by, due))
    return entries


def signals(found: Sequence[Spell], rules: Sequence[Signal], today: date) -> list[Signal]:
    """Give the rules that a person's spells of illness meet on a day."""
    sick = [spell for spell in found if spell.kind in SICK and spell.start <= today]
    return [rule for rule in rules if _met(rule, sick, today)]


def _met(rule: Signal, sick: Sequence[Spell], today: date) -> bool:
    if rule.at_least:
        since = today - timedelta(days=rule.within_days)
        return sum(spell.start > since for spell in sick) >= rule.at_least
    return any(spell.degree == FULL and spell.days(today) >= rule.full_weeks * 7 for spell in sick)
