"""Searching consents: `GET /fhir/Consent`, and `POST /fhir/Consent/_search` for those who name a patient by number.

A search is about one patient. Its total counts what the caller may see and nothing else; a page goes on after the last
consent shown. A person's number has no place in an address, so the links name the patient by pseudonym.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.errors import Issue
from gateway.core.vocabulary import Role
from gateway.edge.http.answers import origin, respond
from gateway.edge.http.body import read_form
from gateway.edge.http.callers import caller_of
from gateway.edge.http.dates import Span, dated
from gateway.edge.http.faults import HttpFault
from gateway.edge.http.negotiation import wanted_media
from gateway.edge.http.services import ConsentVersion, Services
from gateway.edge.identity.access import Caller, match, role_for

MOST: Final = 100
USUAL: Final = 20
STATUSES: Final = frozenset({"draft", "proposed", "active", "rejected", "inactive", "entered-in-error"})
FORMAT: Final = frozenset({"_format", "_pretty"})
_PSEUDONYM = re.compile(r"[0-9a-f]{32}")
_NUMBER = re.compile(r"\d{11}")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: one patient (by number or by pseudonym), statuses, a span of `Consent.dateTime`, a page."""

    number: str = field(default="", repr=False)
    pseudonym: str = ""
    statuses: tuple[str, ...] = ()
    dated: Span = (None, None)
    dates: tuple[str, ...] = ()
    count: int = USUAL
    after: str = ""


def router(services: Services) -> APIRouter:
    """Give both routes."""
    routes = APIRouter()

    @routes.get("/fhir/Consent", response_model=None)
    async def find(request: Request) -> Response:
        caller = await caller_of(request, services)
        return await _found(request, services, caller, read(request.query_params.multi_items()))

    @routes.post("/fhir/Consent/_search", response_model=None)
    async def find_by_form(request: Request) -> Response:
        caller = await caller_of(request, services)
        items = await read_form(request, services.limits, caller, _wrong)
        return await _found(request, services, caller, read(items, in_body=True))

    return routes


def read(items: Iterable[tuple[str, str]], *, in_body: bool = False) -> Query:
    """Read search parameters. Raises `HttpFault` 400 for one that is not known: passed over, it would widen the search.

    Values are never repeated in what it says.
    """
    query, seen = Query(), set[str]()
    for name, value in items:
        if name in seen and name != "date":
            raise _wrong(name, "it stands there twice")
        seen.add(name)
        match name:
            case "patient" | "patient:identifier" | "patient.identifier":
                query = _patient(query, value, in_body=in_body)
            case "status":
                query = replace(query, statuses=_statuses(value))
            case "date":
                query = replace(query, dated=dated(query.dated, name, value), dates=(*query.dates, value))
            case "_count":
                query = replace(query, count=_count(value))
            case "_page":
                query = replace(query, after=_checked(value))
            case _ if name not in FORMAT:
                raise _wrong("", "a search parameter that is not known here", "not-supported")
    return query


def _patient(query: Query, value: str, *, in_body: bool) -> Query:
    name = value.removeprefix("Patient/").rpartition("|")[2]
    if _PSEUDONYM.fullmatch(name):
        return replace(query, pseudonym=name)
    if in_body and _NUMBER.fullmatch(name):
        return replace(query, number=name)
    what = "a patient is named by pseudonym here; a national number goes into the body of POST /fhir/Consent/_search"
    raise _wrong("patient", what if not in_body else "it is neither a national number nor a pseudonym")


def _statuses(value: str) -> tuple[str, ...]:
    wanted = tuple(one.rpartition("|")[2] for one in value.split(","))
    if not STATUSES.issuperset(wanted):
        raise _wrong("status", "it is none of the statuses of a Consent", "code-invalid")
    return wanted


def _count(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 0 < int(value[:9]) <= MOST:
        raise _wrong("_count", f"it is a number from 1 to {MOST}")
    return int(value)


def _checked(value: str) -> str:
    if not _ID.fullmatch(value):
        raise _wrong("_page", "it is not an id")
    return value


def _wrong(name: str, what: str, code: str = "value") -> HttpFault:
    return HttpFault(400, Issue(code, name, what, "there are patient, status, date and _count"))


async def _found(request: Request, services: Services, caller: Caller, query: Query) -> Response:
    back = wanted_media(request, services.fhir)
    if role_for(caller, match("GET", "/fhir/Consent")) is not Role.PATIENT and not (query.number or query.pseudonym):
        raise _wrong("patient", "a search is about one patient, and none is named", "required")
    pseudonym, every = await asyncio.to_thread(services.consents.search, query, caller)
    page = _after(every, query.after)
    base = f"{origin(request, services)}/fhir/Consent"
    bundle = _bundle(every, page[: query.count], base, _links(base, replace(query, pseudonym=pseudonym), page))
    return respond(services.fhir.encode(bundle, back), back)


def _after(every: list[ConsentVersion], last: str) -> list[ConsentVersion]:
    """Give what comes after a consent; nothing when it is none of these, so that a made-up page is empty."""
    if not last:
        return every
    places = [i for i, one in enumerate(every) if one.id == last]
    return every[places[0] + 1 :] if places else []


def _links(base: str, query: Query, page: list[ConsentVersion]) -> dict[str, str]:
    asked = [("patient", query.pseudonym)]
    asked += [("status", ",".join(query.statuses))] if query.statuses else []
    asked += [("date", one) for one in query.dates]
    asked += [("_count", str(query.count))]
    here = [*asked, ("_page", query.after)] if query.after else asked
    links = {"self": f"{base}?{urlencode(here)}"}
    if len(page) > query.count:
        links["next"] = f"{base}?{urlencode([*asked, ('_page', page[query.count - 1].id)])}"
    return links


def _bundle(
    every: list[ConsentVersion], page: list[ConsentVersion], base: str, links: Mapping[str, str]
) -> dict[str, Any]:
    entries = [{"fullUrl": f"{base}/{one.id}", "resource": one.resource, "search": {"mode": "match"}} for one in page]
    found = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(every),
        "link": [{"relation": relation, "url": url} for relation, url in links.items()],
    }
    return found | ({"entry": entries} if entries else {})
