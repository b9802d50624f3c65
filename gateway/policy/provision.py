"""Whether one provision of a FHIR R4 Consent reaches a request: its criteria, one by one.

All elements that are present must hold, any value within an element is enough, an absent element asks nothing. Where
something is missing that the answer hangs on, a permit does not reach, and a deny is *unsure*: whoever asks must not
take its silence for a yes. Source: FHIR R4 Consent, read as IHE Privacy Consent on FHIR (PCF 1.1) has it.
"""

import calendar
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.policy.labels import CONFIDENTIALITY, CONFIDENTIALITY_SYSTEM, SENSITIVITY_SYSTEM

Json = Mapping[str, Any]
Coding = tuple[str, str]
"""A code: its system and the code itself."""

ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

KIND_OF: dict[str, tuple[str, ...]] = {
    "BTG": ("BTG", "ETREAT", "TREAT"),
    "ETREAT": ("ETREAT", "TREAT"),
    "ERTREAT": ("ERTREAT", "ETREAT", "TREAT"),
}
"""The purposes that each purpose is a kind of, itself included (HL7 ActReason); all others are only themselves."""

MEANINGS = frozenset({"instance", "related", "dependents", "authoredby"})

READABLE = frozenset(
    {"id", "extension", "type", "period", "actor", "purpose", "securityLabel", "dataPeriod", "data", "provision"}
)
"""The elements of a provision that are understood; any other makes the whole Consent unreadable."""

_DATES = ("effectiveDateTime", "effectivePeriod", "effectiveInstant", "period", "onsetDateTime", "onsetPeriod",
          "recordedDate", "authoredOn", "issued", "date", "created")  # fmt: skip
_AUTHORS = ("performer", "author", "asserter", "recorder")


class Unreadable(Exception):
    """The Consent says something that is not understood, so that nothing in it can be relied on."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a Consent.

    `purpose` is a coding, `actors` everybody the data would reach, as references (`Organization/1`) or identifiers
    (`system|value`), `at` the moment of decision with its zone, `patient` a reference or identifier, `resource` the
    resource concerned with its `meta.security`, `groups` the members of each Group by its reference.
    What is absent was not said: criteria that ask for it do not hold.
    """

    purpose: Coding | None = None
    actors: tuple[str, ...] = ()
    at: datetime | None = None
    patient: str | None = None
    resource: Json | None = None
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def reaches(provision: Json, request: Request, *, deny: bool) -> tuple[bool, tuple[str, ...]]:
    """Say whether every criterion holds, and what is missing if only missing things keep it from holding.

    Raises `Unreadable` for elements or values that are not understood.
    """
    missing: list[str] = []
    holds = True
    for element, criterion in _CRITERIA.items():
        asked = provision.get(element)
        if asked in (None, [], {}):
            continue
        answer = criterion(asked, request, deny)
        if answer is None:
            missing.append(element)
        holds = holds and answer is not False
    return holds and not missing, tuple(missing) if holds else ()


def same(one: str, other: str, *, loosely: bool) -> bool:
    """Whether two references name the same thing; loosely, also when one has a server address and the other not."""
    one, other = (ref.split("/_history/", maxsplit=1)[0] for ref in (one, other))
    if one == other:
        return True
    return loosely and "/" in one and "/" in other and one.rsplit("/", 2)[-2:] == other.rsplit("/", 2)[-2:]


def names_in(reference: object) -> tuple[str, ...]:
    """Give every name that a FHIR Reference uses: its reference, and its identifier as `system|value`."""
    if not isinstance(reference, Mapping):
        return ()
    names = [reference["reference"]] if isinstance(reference.get("reference"), str) else []
    identifier = reference.get("identifier")
    if isinstance(identifier, Mapping) and isinstance(identifier.get("value"), str):
        names.append(f"{identifier.get('system') or ''}|{identifier['value']}")
    return tuple(names)


def names_of(resource: Json) -> tuple[str, ...]:
    """Give the names by which a resource can be referred to."""
    kind, identity = resource.get("resourceType"), resource.get("id")
    if not isinstance(identity, str):
        return ()
    return (f"{kind}/{identity}", f"urn:uuid:{identity}", f"|{identity}", f"urn:ietf:rfc:3986|urn:uuid:{identity}")


def within(period: object, moment: datetime) -> bool:
    """Whether a moment is in a FHIR Period, both ends included. Raises `Unreadable` for one that cannot be read."""
    if not isinstance(period, Mapping):
        raise Unreadable("period")
    start, end = period.get("start"), period.get("end")
    return (start is None or span(start)[0] <= moment) and (end is None or moment < span(end)[1])


def span(value: object) -> tuple[datetime, datetime]:
    """Give the moment a FHIR date or dateTime begins and the one just after it ends; without a zone it is UTC.

    Raises `Unreadable` for anything else.
    """
    if not isinstance(value, str):
        raise Unreadable("date")
    try:
        if len(value) == len("YYYY"):
            return datetime(int(value), 1, 1, tzinfo=UTC), datetime(int(value) + 1, 1, 1, tzinfo=UTC)
        if len(value) == len("YYYY-MM"):
            year, month = int(value[:4]), int(value[5:])
            start = datetime(year, month, 1, tzinfo=UTC)
            return start, start + timedelta(days=calendar.monthrange(year, month)[1])
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise Unreadable("date") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment, moment + (timedelta(days=1) if len(value) == len("YYYY-MM-DD") else timedelta(microseconds=1))


def items(value: object) -> list[Json]:
    """Give a list of JSON objects. Raises `Unreadable` for anything else."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(one, Mapping) for one in value):
        raise Unreadable("list")
    return list(value)


def codings(value: object) -> frozenset[Coding]:
    """Give codings as (system, code)."""
    return frozenset((str(one.get("system") or ""), str(one.get("code") or "")) for one in items(value))


# Each criterion says yes, no, or None when the request does not say what it takes to tell.
Criterion = Callable[[Any, Request, bool], bool | None]


def _period(asked: Any, request: Request, deny: bool) -> bool | None:  # noqa: ARG001
    return None if request.at is None else within(asked, request.at)


def _purpose(asked: Any, request: Request, deny: bool) -> bool | None:  # noqa: ARG001
    if request.purpose is None:
        return None
    system, code = request.purpose
    kinds = KIND_OF.get(code, (code,)) if system == ACT_REASON else (code,)
    return not codings(asked).isdisjoint((system, kind) for kind in kinds)


def _actor(asked: Any, request: Request, deny: bool) -> bool | None:
    if not request.actors:
        return None
    for one in items(asked):
        for name in names_in(one.get("reference")):
            members = next((m for group, m in request.groups.items() if same(group, name, loosely=deny)), ())
            if any(same(name, actor, loosely=deny) for actor in request.actors):
                return True
            if any(same(member, actor, loosely=deny) for member in members for actor in request.actors):
                return True
    return False


def _security_label(asked: Any, request: Request, deny: bool) -> bool | None:  # noqa: ARG001
    if request.resource is None:
        return None
    return not codings(asked).isdisjoint(_labels(request.resource))


def _labels(resource: Json) -> frozenset[Coding]:
    """Give a resource's labels: of several confidentialities the highest, raised to R by any sensitivity."""
    meta = resource.get("meta")
    marks = codings(meta.get("security", [])) if isinstance(meta, Mapping) else frozenset()
    levels = [
        CONFIDENTIALITY.index(c) for system, c in marks if system == CONFIDENTIALITY_SYSTEM and c in CONFIDENTIALITY
    ]
    if any(system == SENSITIVITY_SYSTEM for system, _ in marks):
        levels.append(CONFIDENTIALITY.index("R"))
    others = frozenset(mark for mark in marks if mark[0] != CONFIDENTIALITY_SYSTEM)
    return others | {(CONFIDENTIALITY_SYSTEM, CONFIDENTIALITY[max(levels)])} if levels else others


def _data_period(asked: Any, request: Request, deny: bool) -> bool | None:
    """Compare the resource's date: a permit needs its whole span inside the period, a deny only an overlap."""
    if not isinstance(asked, Mapping):
        raise Unreadable("dataPeriod")
    dated = (
        None if request.resource is None else next((request.resource[d] for d in _DATES if d in request.resource), None)
    )
    if dated is None:
        return None
    first, last = (dated.get("start"), dated.get("end")) if isinstance(dated, Mapping) else (dated, dated)
    begins = span(first)[0] if first else datetime.min.replace(tzinfo=UTC)
    ends = span(last)[1] if last else datetime.max.replace(tzinfo=UTC)
    start = span(asked["start"])[0] if asked.get("start") else datetime.min.replace(tzinfo=UTC)
    end = span(asked["end"])[1] if asked.get("end") else datetime.max.replace(tzinfo=UTC)
    return (begins < end and start < ends) if deny else (start <= begins and ends <= end)


def _data(asked: Any, request: Request, deny: bool) -> bool | None:
    if request.resource is None:
        return None
    answers = [_concerns(one, request.resource, deny) for one in items(asked)]
    return True if True in answers else None if None in answers else False


def _concerns(one: Json, resource: Json, deny: bool) -> bool | None:
    """Whether a named datum is the resource, one it refers to («related» as IHE reads it), or its author."""
    meaning, names = one.get("meaning"), names_in(one.get("reference"))
    if meaning not in MEANINGS or not names:
        raise Unreadable("data")
    if meaning == "authoredby":
        authors = [name for element in _AUTHORS for name in _references(resource.get(element))]
        return any(same(a, n, loosely=deny) for a in authors for n in names) if authors else None
    known = names_of(resource) if meaning == "instance" else (*names_of(resource), *_references(resource))
    return any(same(a, n, loosely=deny) for a in known for n in names)


def _references(value: object) -> Iterator[str]:
    """Give every name in the references anywhere below a JSON value."""
    if isinstance(value, Mapping):
        yield from names_in(value)
        for below in value.values():
            yield from _references(below)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for below in value:
            yield from _references(below)


_CRITERIA: dict[str, Criterion] = {
    "period": _period,
    "purpose": _purpose,
    "actor": _actor,
    "securityLabel": _security_label,
    "dataPeriod": _data_period,
    "data": _data,
}
CRITERIA = tuple(_CRITERIA)
