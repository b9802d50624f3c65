"""Measures of sick leave without persons: absence by month.

A number that rests on fewer than `FEWEST` people is not given, and no total over months is, from which one could be
found. Pure; nothing here names anybody.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gateway.model.episode import SICK, Spell

FEWEST = 5
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Month:
    """A month (its first day): how many people were away for illness, and how many calendar days together.

    Both are absent where they rest on too few people.
    """

    first: date
    people: int | None
    days: int | None


def absence_by_month(people: Iterable[Sequence[Spell]], today: date, fewest: int = FEWEST) -> list[Month]:
    """Give the absence for illness by month up to a day, from each person's spells; months without any are left out.

    A day on which a person has two spells counts once.
    """
    days: Mapping[date, list[int]] = defaultdict(list)
    for spells in people:
        own: dict[date, int] = defaultdict(int)
        for day in {day for spell in spells if spell.kind in SICK for day in _days(spell, today)}:
            own[day.replace(day=1)] += 1
        for month, number in own.items():
            days[month].append(number)
    return [_month(first, days[first], fewest) for first in sorted(days)]


def _month(first: date, days: Sequence[int], fewest: int) -> Month:
    shown = len(days) >= fewest
    return Month(first, len(days) if shown else None, sum(days) if shown else None)


def _days(spell: Spell, today: date) -> Iterable[date]:
    last = min(spell.end or today, today)
    return (spell.start + n * DAY for n in range((last - spell.start).days + 1))
