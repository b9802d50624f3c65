"""NAV's messages and receipts: XML in, an AppRec out, also when the message is refused.

Its requests for income reports are the JSON of its interface for payroll systems, with neither signature nor receipt.
"""

import hashlib

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.errors import Issue
from gateway.edge.http.answers import XML, origin, respond
from gateway.edge.http.body import read_body
from gateway.edge.http.callers import caller_of
from gateway.edge.http.faults import HttpFault
from gateway.edge.http.messages import key_of
from gateway.edge.http.services import Services
from gateway.edge.seal.payload import MEDIA_TYPE

INCOME_REQUEST = "nav-inntektsmelding-foresporsel"
"""The format that NAV's requests for income reports are read in."""

_TAKEN = frozenset({XML, "text/xml", MEDIA_TYPE})
_NOT_TAKEN = Issue("not-supported", "", "the media type is not taken", "send application/xml or application/pkcs7-mime")


def router(services: Services) -> APIRouter:
    """Give the route of NAV's messages."""
    routes = APIRouter()

    @routes.post("/nav/messages", response_model=None)
    async def take(request: Request) -> Response:
        caller = request.state.caller = await caller_of(request, services)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _TAKEN:
            raise HttpFault(415, _NOT_TAKEN)
        request.state.raw = await read_body(request, services.limits, caller)
        receipt = await services.take_nav(request.state.raw, caller)
        return respond(receipt.body, receipt.media_type)

    @routes.post("/nav/income-requests", response_model=None)
    async def ask(request: Request) -> Response:
        caller = await caller_of(request, services)
        raw = await read_body(request, services.limits, caller)
        key = key_of(request) or hashlib.sha256(raw).hexdigest()
        accepted = await services.intake.accept(raw, INCOME_REQUEST, caller.party.id, key)
        return Response(b"", 202, {"Location": f"{origin(request, services)}/fhir/Task/{accepted.id}"})

    return routes
