"""What an authority asked, and what of an answer is beyond it (ftrl § 21-4 c: named periods or items).

A machine cannot weigh a sentence against a question. What it can tell: that something dated lies outside the days that
were asked about, and that a document came along though nothing but days was asked for.
"""

from dataclasses import fields
from datetime import date, datetime
from typing import Any

from gateway.core.decision import Question
from gateway.core.vocabulary import DataClass
from gateway.model.dialogue import Dialogue, Request
from gateway.model.envelope import Attachment
from gateway.model.intyg_dialogue import REMINDER, InsurerLetter

WEIGHED = frozenset({DataClass.DIAGNOSIS, DataClass.CLINICAL, DataClass.FUNCTION, DataClass.ABSENCE})
"""The classes in which an answer is held against the question."""


def question_of(record: Any, concerns: str = "") -> Question | None:
    """Give what a request of an authority asks about.

    Nothing for another record, for one of NAV's that names neither days nor items, and for one of Försäkringskassan's
    that only reminds, or is about another certificate than the answer `concerns`.
    """
    if isinstance(record, InsurerLetter):
        asks = record.topic != REMINDER and bool(concerns) and record.certificate == concerns
        return Question(None, None, items=True) if asks else None
    if not isinstance(record, Dialogue) or not isinstance(record.matter, Request):
        return None
    asked = record.matter
    named = bool(asked.question or asked.start or asked.end)
    return Question(asked.start, asked.end, bool(asked.question)) if named else None


def beyond(item: Any, data_class: DataClass, question: Question) -> bool:
    """Whether a record that may be left out is beyond what was asked.

    It is when it is dated outside the days; a document, also when nothing was asked for but days.
    """
    if isinstance(item, Attachment):
        return not question.items
    days = [_day(value) for value in _values(item) if isinstance(value, date)] if data_class in WEIGHED else []
    return bool(days) and not _overlaps(min(days), max(days), question)


def _values(item: Any) -> list[Any]:
    return [getattr(item, field.name) for field in fields(item)]


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _overlaps(first: date, last: date, question: Question) -> bool:
    return (question.start is None or question.start <= last) and (question.end is None or first <= question.end)
