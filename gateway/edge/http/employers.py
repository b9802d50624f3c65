"""Messages in formats that are not FHIR, from employers' systems and from patients' own services.

An employer sends a follow-up plan, or another that the register lets it send; a patient's service the claim of the
person who is logged in, and nobody else's.
"""

import hashlib
import re
from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.errors import Issue
from gateway.edge.http.answers import origin
from gateway.edge.http.body import read_body
from gateway.edge.http.callers import caller_of
from gateway.edge.http.faults import HttpFault
from gateway.edge.http.messages import key_of
from gateway.edge.http.services import Services
from gateway.edge.identity.access import match, reach

_TAKE = match("POST", "/hr/messages/any")
_FORMAT = re.compile(r"[a-z][a-z0-9.\-]{0,39}\Z")
_NO_FORMAT = Issue("not-found", "", "there is no such format", "`samspill formats` lists those that are read")


def router(services: Services) -> APIRouter:
    """Give the route of employers' messages."""
    routes = APIRouter()

    @routes.post("/hr/messages/{format_id}", response_model=None)
    async def take(request: Request, format_id: str) -> Response:
        caller = await caller_of(request, services)
        if not _FORMAT.match(format_id):
            raise HttpFault(404, _NO_FORMAT)
        raw = await read_body(request, services.limits, caller)
        key = key_of(request) or hashlib.sha256(raw).hexdigest()
        mine = partial(reach, caller, _TAKE)
        accepted = await services.intake.accept(raw, format_id, caller.party.id, key, mine)
        return Response(b"", 202, {"Location": f"{origin(request, services)}/fhir/Task/{accepted.id}"})

    return routes
