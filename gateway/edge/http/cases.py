"""An employer's sick-leave cases: `POST /hr/cases` asks for one; who it is about stands in the body, in no address."""

import asyncio
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.errors import Issue, NotAcceptable
from gateway.core.identifiers import PERSONS, is_valid
from gateway.edge.absences.cases import AbsenceCases, Case, told
from gateway.edge.http.answers import respond
from gateway.edge.http.body import read_body
from gateway.edge.http.callers import caller_of
from gateway.edge.http.services import Services

FHIR, JSON = "application/fhir+json", "application/json"
_EMPLOYEE = re.compile(r"\S{1,40}\Z")
PRIVATE = {"Cache-Control": "no-store"}

Plans = Callable[[Case], Mapping[str, Any]]
"""Gives a case as a FHIR Bundle: a CarePlan, and a Task for each point."""


def router(services: Services, cases: AbsenceCases, plans: Plans) -> APIRouter:
    """Give the route."""
    routes = APIRouter()

    @routes.post("/hr/cases", response_model=None)
    async def case(request: Request) -> Response:
        caller = await caller_of(request, services)
        person, employee = _asked(await read_body(request, services.limits, caller))
        today = datetime.now(UTC).date()
        if employee:
            person = await asyncio.to_thread(cases.number_of, caller.party, employee)
        found = await asyncio.to_thread(cases.of, caller.party, person, today)
        if FHIR in request.headers.get("accept", ""):
            return respond(orjson.dumps(plans(found)), FHIR, 200, PRIVATE)
        return respond(orjson.dumps(told(found, today)), JSON, 200, PRIVATE)

    return routes


def _asked(raw: bytes) -> tuple[str, str]:
    """Give the personal number or the employee number that is asked for."""
    try:
        said = orjson.loads(raw)
    except orjson.JSONDecodeError:
        said = None
    employee = said.get("employee") if isinstance(said, dict) and said.keys() == {"employee"} else None
    if isinstance(employee, str) and _EMPLOYEE.match(employee):
        return "", employee
    number = said.get("person") if isinstance(said, dict) and said.keys() == {"person"} else None
    if not isinstance(number, str) or not any(is_valid(number, kind) for kind in PERSONS):
        what = "a JSON object with person, a personal number as a text, or employee, an employee number, is expected"
        raise NotAcceptable([Issue("structure", "person", what, "check its digits")])
    return number, ""
