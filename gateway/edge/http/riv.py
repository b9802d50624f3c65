"""Calls of RIV-TA services: messages about certificates, answered with a result, and lists for care."""

import asyncio
import hashlib
from collections.abc import Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.errors import Issue
from gateway.edge import soap
from gateway.edge.http.answers import XML, respond
from gateway.edge.http.body import read_body
from gateway.edge.http.callers import caller_of
from gateway.edge.http.faults import HttpFault
from gateway.edge.http.services import Services
from gateway.edge.identity.access import Caller

_TAKEN = frozenset({XML, soap.MEDIA_TYPE})
_NOT_TAKEN = Issue("not-supported", "", "the media type is not taken", "send text/xml")
_NO_CALL = Issue("not-supported", "", "this service is not provided here", "`samspill formats` lists what is read")


def router(services: Services) -> APIRouter:
    """Give the route of RIV-TA calls."""
    routes = APIRouter()

    @routes.post("/riv-ta", response_model=None)
    async def take(request: Request) -> Response:
        caller, raw = await _call(request, services)
        kind = services.kind(raw)
        if not kind.startswith("se-"):
            raise HttpFault(422, _NO_CALL)
        await services.intake.accept(raw, kind, caller.party.id, hashlib.sha256(raw).hexdigest())
        return respond(soap.answer(raw), soap.MEDIA_TYPE)

    return routes


def lists(services: Services, answer: Callable[[Caller, bytes], bytes]) -> APIRouter:
    """Give the route of lists for care; `answer` blocks."""
    routes = APIRouter()

    @routes.post("/riv-ta/sick-leaves", response_model=None)
    async def sick_leaves(request: Request) -> Response:
        caller, raw = await _call(request, services)
        told = await asyncio.to_thread(answer, caller, raw)
        return respond(told, soap.MEDIA_TYPE, 200, {"Cache-Control": "no-store"})

    return routes


async def _call(request: Request, services: Services) -> tuple[Caller, bytes]:
    caller = request.state.caller = await caller_of(request, services)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _TAKEN:
        raise HttpFault(415, _NOT_TAKEN)
    raw = request.state.raw = await read_body(request, services.limits, caller)
    return caller, raw
