"""Search by date, with FHIR's prefixes (FHIR R4, search.html#date): a moment, or all of a day, a month or a year."""

import re
from datetime import UTC, datetime, timedelta

from gateway.core.errors import Issue
from gateway.edge.http.faults import HttpFault

Span = tuple[float | None, float | None]
"""From a moment (included) until one (excluded), epoch seconds, UTC; an end that is not there is open."""

_DATE = re.compile(r"(eq|ge|gt|le|lt|sa|eb)?(\d{4})(?:-(\d\d)(?:-(\d\d)(T.+)?)?)?")


def dated(span: Span, name: str, value: str) -> Span:
    """Narrow a span by one value of a date parameter. Raises `HttpFault` 400 for what is no date."""
    read = _DATE.fullmatch(value)
    try:
        if read is None:
            raise ValueError  # noqa: TRY301 - the same answer as to a date that no calendar has
        start, end = _moments(read)
    except (ValueError, OverflowError):
        what = "it is not a date as FHIR writes it, such as ge2026-11-01 or lt2026-11-24T12:00:00Z"
        raise HttpFault(400, Issue("value", name, what, "write it as a FHIR date")) from None
    match read[1]:
        case "ge":
            return _narrowed(span, start, None)
        case "gt" | "sa":
            return _narrowed(span, end, None)
        case "le":
            return _narrowed(span, None, end)
        case "lt" | "eb":
            return _narrowed(span, None, start)
    return _narrowed(span, start, end)


def _moments(read: re.Match[str]) -> tuple[float, float]:
    _, year, month, day, clock = read.groups()
    if clock:
        at = datetime.fromisoformat(read[0][len(read[1] or "") :])
        if at.tzinfo is None:
            raise ValueError
        return at.timestamp(), (at + timedelta(seconds=1)).timestamp()
    start = datetime(int(year), int(month or 1), int(day or 1), tzinfo=UTC)
    if day:
        end = start + timedelta(days=1)
    elif month:
        end = (start + timedelta(days=31)).replace(day=1)
    else:
        end = start.replace(year=start.year + 1)
    return start.timestamp(), end.timestamp()


def _narrowed(span: Span, since: float | None, until: float | None) -> Span:
    lows = [one for one in (span[0], since) if one is not None]
    highs = [one for one in (span[1], until) if one is not None]
    return max(lows, default=None), min(highs, default=None)
