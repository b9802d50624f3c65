"""What officers look into: the queues, by when each is to be done, and the plain rules that find some in the log.

Each rule is a sentence that an officer can read and work out again from the log alone (`outside` also asks for the days
of the patient's notes). None scores anybody.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256
from heapq import nsmallest
from typing import Final

DAY: Final = 86_400.0


class Queue(StrEnum):
    """Why something waits for an officer."""

    HELD = "held"  # a rule holds a text until a person has read it
    GLASS = "glass"  # the glass was broken
    WITHDRAWN = "after-withdrawal"  # handed over after the patient withdrew, and said nothing anew
    AGAIN = "denied-then-allowed"  # the same message to the same recipient was refused before
    FIRST = "first-time"  # a patient known for more than a day, and a recipient who never got anything about them
    OUTSIDE = "outside-period"  # follow-up or pay, when no note covers the day nor a month around it
    VOLUME = "volume"  # somebody did three times what they did on their busiest of the last 28 days
    SAMPLE = "sample"  # drawn by lot from last month's disclosures


FOUND: Final = frozenset(Queue) - {Queue.HELD, Queue.GLASS}
"""The queues that the log is searched for."""

DAYS: Final = {
    Queue.HELD: 3,
    Queue.GLASS: 3,
    Queue.WITHDRAWN: 3,
    Queue.VOLUME: 7,
    Queue.AGAIN: 14,
    Queue.FIRST: 14,
    Queue.OUTSIDE: 14,
    Queue.SAMPLE: 30,
}
"""Days from when a case is opened to when it is to be closed, unless an officer sets another day. Ours, not a law's."""

LOOKED_BACK: Final = 30 * DAY
"""Seconds that a withdrawal is held against what is handed over later."""
KNOWN: Final = DAY
"""Seconds after a patient's first disclosure from which a new recipient is told of."""
AROUND: Final = timedelta(days=30)
"""Days around a note in which following up is expected."""
ANEW: Final = timedelta(days=16)
ANEW_SE: Final = timedelta(days=5)
BEFORE: Final = 28
"""Days that a day is held against."""
LEAST_DAYS: Final = 7
"""Days with anything at all, of those before, without which nothing can be called unusual."""
TIMES: Final = 3
LEAST: Final = 20
DRAWN: Final = 20
"""Disclosures drawn by lot from a month."""


def due(kind: str, opened_at: float) -> float:
    """Give by when a case is to be closed (epoch seconds)."""
    return opened_at + DAYS[Queue(kind)] * DAY


def unusual(number: int, before: Sequence[int]) -> bool:
    """Whether a day's number is out of the usual; `before` are the days before it that had any, of the last 28."""
    return len(before) >= LEAST_DAYS and number >= max(LEAST, TIMES * max(before) + 1)


def covered(day: date, spans: Iterable[tuple[date, date]]) -> bool:
    """Whether a day is in one of the spans (both ends included), or within a month of it."""
    return any(start <= day + AROUND and day - AROUND <= end for start, end in spans)


def first_day(day: date, spans: Iterable[tuple[date, date]], anew: timedelta = ANEW) -> date | None:
    """Give the first absence day of the case that a day is in: of the notes up to it, each within `anew` of the next.

    Sixteen days is what starts the employer's period anew in Norway (folketrygdloven § 8-19), five in Sweden
    (sjuklönelagen § 7). Nothing without a note.
    """
    first: date | None = None
    for start, end in sorted(((start, end) for start, end in spans if start <= day), reverse=True):
        if first is not None and first - end > anew:
            break
        first = start
    return first


def lot(month: str, leaves: Iterable[tuple[bytes, str]]) -> list[str]:
    """Draw from a month (`2026-10`) the messages whose leaves have the lowest SHA-256 of month and leaf.

    A leaf is made with a random salt, so nobody can tell beforehand what is drawn, and anybody can work it out after.
    """
    drawn = nsmallest(DRAWN, ((sha256(month.encode() + leaf).digest(), message) for leaf, message in leaves))
    return [message for _, message in drawn]
