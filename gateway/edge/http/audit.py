"""The disclosure log as FHIR AuditEvents, for officers and for patients: `GET /fhir/AuditEvent`, and by form.

Every search is in the log before it is answered. A page has no total, and its `next` link names the last entry shown.
A number of a person has no place in an address: there a patient is named by pseudonym, and finds their own without
naming it. `POST /fhir/AuditEvent/_search` takes the number as well, and its links name the pseudonym.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.audit import Outcome
from gateway.core.errors import Issue
from gateway.core.identifiers import PERSONS, kind_of
from gateway.core.vocabulary import Purpose, Role
from gateway.edge.audit.reader import Reader
from gateway.edge.audit.search import Filter, Found
from gateway.edge.http.answers import origin, respond
from gateway.edge.http.body import read_form
from gateway.edge.http.callers import access_of, caller_of
from gateway.edge.http.dates import dated
from gateway.edge.http.faults import HttpFault
from gateway.edge.http.negotiation import wanted_media
from gateway.edge.http.services import Services
from gateway.edge.identity.access import Caller, role_for

MOST: Final = 200
USUAL: Final = 50
REASON: Final = "samspill-reason"
OUTCOMES: Final = {"0": Outcome.SUCCESS, "4": Outcome.DENIED, "8": Outcome.FAILURE}
FORMAT: Final = frozenset({"_format", "_pretty"})
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
_PSEUDONYM = re.compile(r"[0-9a-f]{32}")


class Log(Protocol):
    """The disclosure log."""

    async def read(self, reader: Reader, wanted: Filter, limit: int, reason: str) -> list[Found]:
        """Give entries, the newest first; raises `Refused` or `Busy`."""


@dataclass(frozen=True, slots=True)
class AuditServices:
    """What the route asks for besides the ports of the HTTP edge.

    `bundle` gives a page of AuditEvents, of entries as seen by a patient (true) or an officer, at a base URL, with
    links by relation. `purposes` are the other words for purposes: a coding (`system|code`) for each. `pseudonym` is
    that of a person's number.
    """

    services: Services
    log: Log
    bundle: Callable[[Iterable[Found], bool, str, Mapping[str, str]], Mapping[str, Any]]
    purposes: Mapping[str, Purpose]
    pseudonym: Callable[[str], str]


def router(audit: AuditServices) -> APIRouter:
    """Give both routes."""
    routes, services = APIRouter(), audit.services

    @routes.get("/fhir/AuditEvent", response_model=None)
    async def find(request: Request) -> Response:
        caller = await caller_of(request, services)
        return await _found(request, audit, caller, request.query_params.multi_items())

    @routes.post("/fhir/AuditEvent/_search", response_model=None)
    async def find_by_form(request: Request) -> Response:
        caller = await caller_of(request, services)
        items = await read_form(request, services.limits, caller, _wrong)
        if request.query_params:
            raise _wrong("", "a search by form has its parameters in the body alone")
        return await _found(request, audit, caller, [_named(name, value, audit.pseudonym) for name, value in items])

    return routes


def _named(name: str, value: str, pseudonym: Callable[[str], str]) -> tuple[str, str]:
    """Give a parameter of a form with the patient's number, if it names one, turned into the pseudonym."""
    number = value.rpartition("|")[2]
    if name.startswith("patient") and kind_of(number) in PERSONS:
        return name, pseudonym(number)
    return name, value


async def _found(request: Request, audit: AuditServices, caller: Caller, items: list[tuple[str, str]]) -> Response:
    services = audit.services
    back = wanted_media(request, services.fhir)
    wanted, count = read_query(items, audit.purposes)
    reason = request.headers.get(REASON, "")
    if reason and (not _CODE.fullmatch(reason) or len(reason) > 40):  # noqa: PLR2004 - a code, not a story
        raise _wrong("Samspill-Reason", "a reason is a short code such as patient-asked")
    role = role_for(caller, access_of(request))
    reader = Reader(caller.party.id, role, caller.person)
    found = await audit.log.read(reader, wanted, count + 1, reason)
    base = f"{origin(request, services)}/fhir"
    page = audit.bundle(found[:count], role is Role.PATIENT, base, _links(items, base, found, count))
    return respond(services.fhir.encode(page, back), back)


def read_query(items: Iterable[tuple[str, str]], purposes: Mapping[str, Purpose]) -> tuple[Filter, int]:
    """Read search parameters. Raises `HttpFault` 400 for one that is not known: passed over, it would widen the search.

    Values are never repeated in what it says.
    """
    wanted, count = Filter(), USUAL
    seen: set[str] = set()
    for name, value in items:
        if name in seen and name != "date":
            raise _wrong(name, "it stands there twice")
        seen.add(name)
        match name:
            case "patient" | "patient:identifier":
                wanted = replace(wanted, patient=_patient(value))
            case "agent":
                wanted = replace(wanted, agent=_checked(name, value.removeprefix("Organization/"), _NAME))
            case "purpose":
                wanted = replace(wanted, purpose=_purpose(value, purposes))
            case "outcome":
                wanted = replace(wanted, outcomes=tuple(_outcome(one) for one in value.split(",")))
            case "date":
                since, until = dated((wanted.since, wanted.until), name, value)
                wanted = replace(wanted, since=since, until=until)
            case "_count":
                count = _count(value)
            case "_page":
                wanted = replace(wanted, before=_checked(name, value, _NAME))
            case _ if name not in FORMAT:
                known = "patient, date, agent, purpose, outcome and _count"
                raise _wrong("", f"a search parameter that is not known here; there are {known}", "not-supported")
    return wanted, count


def _patient(value: str) -> str:
    name = value.removeprefix("Patient/").rpartition("|")[2]
    if not _PSEUDONYM.fullmatch(name):
        what = "a patient is named by the pseudonym that entries show, or by number in the body of POST …/_search"
        raise _wrong("patient", what)
    return name


def _purpose(value: str, purposes: Mapping[str, Purpose]) -> str:
    if value in purposes:
        return purposes[value]
    if value in tuple(Purpose):
        return value
    raise _wrong("purpose", "it is none of the purposes", "code-invalid")


def _outcome(value: str) -> Outcome:
    code = value.rpartition("|")[2]
    if code not in OUTCOMES:
        raise _wrong("outcome", "it is none of 0 (success), 4 (refused) and 8 (failure)", "code-invalid")
    return OUTCOMES[code]


def _count(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 0 < int(value[:9]) <= MOST:
        raise _wrong("_count", f"it is a number from 1 to {MOST}")
    return int(value)


def _links(items: list[tuple[str, str]], base: str, found: list[Found], count: int) -> dict[str, str]:
    links = {"self": f"{base}/AuditEvent" + (f"?{urlencode(items)}" if items else "")}
    if len(found) > count:
        following = [*((name, value) for name, value in items if name != "_page"), ("_page", found[count - 1].entry.id)]
        links["next"] = f"{base}/AuditEvent?{urlencode(following)}"
    return links


def _checked(name: str, value: str, form: re.Pattern[str]) -> str:
    if not form.fullmatch(value):
        raise _wrong(name, "it is not an id")
    return value


def _wrong(name: str, what: str, code: str = "value") -> HttpFault:
    return HttpFault(400, Issue(code, name, what, "see the documentation of the disclosure log"))
