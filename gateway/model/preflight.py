"""What an authority most often asks back about a certificate, as checks before it is sent: rows of data and no more.

A check is a list of tests of canonical fields. It says what may be missing; it stops nothing, and judges nobody.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from datetime import date
from typing import Any, Final

TESTS: Final = ("absent", "words-under", "only", "in", "days-over", "before-signing-over")


@dataclass(frozen=True, slots=True)
class Test:
    """One test of a field: one of `TESTS`, with the words or the number that it compares with."""

    field: str
    test: str
    words: frozenset[str] = frozenset()
    number: int = 0


@dataclass(frozen=True, slots=True)
class Check:
    """A check: where it is told (`at`, a canonical field), when it holds, how sure we are of it, and in words."""

    id: str
    at: str
    when: tuple[Test, ...]
    unless: tuple[Test, ...]
    status: str
    texts: Mapping[str, str]


def found(checks: tuple[Check, ...], record: Any) -> Iterator[Check]:
    """Give the checks that a certificate calls for."""
    for check in checks:
        met = all(_holds(test, record) for test in check.when)
        if met and not any(_holds(test, record) for test in check.unless):
            yield check


def _holds(test: Test, record: Any) -> bool:
    said = [*_said(record, test.field.split("."))]
    words = {str(one).lower() if isinstance(one, bool) else str(one) for one in said}
    match test.test:
        case "absent":
            return not said
        case "words-under":
            return sum(len(str(one).split()) for one in said) < test.number
        case "only":
            return bool(words) and words <= test.words
        case "in":
            return bool(words & test.words)
        case "days-over":
            spans = [(one.start, one.end) for one in said if one.start and one.end]
            return bool(sum((end - start).days + 1 for start, end in spans) > test.number)
    first: date | None = min((one.start for one in said if one.start), default=None)
    signed: date | None = record.signed_at.date() if record.signed_at else None
    return bool(first and signed and (signed - first).days > test.number)


def _said(value: Any, path: list[str]) -> Iterator[Any]:
    """Give what stands at a path, over lists; nothing where nothing, or an empty text, is said."""
    if isinstance(value, tuple):
        for one in value:
            yield from _said(one, path)
    elif path and is_dataclass(value):
        yield from _said(getattr(value, path[0]), path[1:])
    elif value is not None and (not isinstance(value, str) or value.strip()):
        yield value
