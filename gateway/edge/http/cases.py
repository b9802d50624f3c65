"""An employer's sick-leave cases: `POST /hr/cases` asks for one; who it is about stands in the body, in no address."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.errors import Issue, NotAcceptable
from gateway.core.identifiers import PERSONS, is_valid
from gateway.edge.absences.cases import Case, told
from gateway.edge.http.answers import respond
from gateway.edge.http.body import read_body
from gateway.edge.http.callers import caller_of
from gateway.edge.http.services import Services
from gateway.edge.identity.parties import Party

FHIR, JSON = "application/fhir+json", "application/json"
PRIVATE = {"Cache-Control": "no-store"}

Asks = Callable[[Party, str, date], Case]
Plans = Callable[[Case], Mapping[str, Any]]
"""Gives a case as a FHIR Bundle: a CarePlan, and a Task for each point."""


def router(services: Services, asks: Asks, plans: Plans) -> APIRouter:
    """Give the route."""
    routes = APIRouter()

    @routes.post("/hr/cases", response_model=None)
    async def case(request: Request) -> Response:
        caller = await caller_of(request, services)
        asked = _asked(await read_body(request, services.limits, caller))
        today = datetime.now(UTC).date()
        found = await asyncio.to_thread(asks, caller.party, asked, today)
        if FHIR in request.headers.get("accept", ""):
            return respond(orjson.dumps(plans(found)), FHIR, 200, PRIVATE)
        return respond(orjson.dumps(told(found, today)), JSON, 200, PRIVATE)

    return routes


def _asked(raw: bytes) -> str:
    try:
        said = orjson.loads(raw)
    except orjson.JSONDecodeError:
        said = None
    number = said.get("person") if isinstance(said, dict) and said.keys() == {"person"} else None
    if not isinstance(number, str) or not any(is_valid(number, kind) for kind in PERSONS):
        what = "a JSON object with person, a personal number as a text, is expected"
        raise NotAcceptable([Issue("structure", "person", what, "check its digits")])
    return number
