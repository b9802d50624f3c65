"""NAV's messages and receipts: XML in, an AppRec out, also when the message is refused."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.errors import Issue
from gateway.edge.http.answers import XML, respond
from gateway.edge.http.body import read_body
from gateway.edge.http.callers import caller_of
from gateway.edge.http.faults import HttpFault
from gateway.edge.http.services import Services

_XML_TYPES = frozenset({XML, "text/xml"})
_NOT_XML = Issue("not-supported", "", "the media type is not XML", "send application/xml")


def router(services: Services) -> APIRouter:
    """Give the route of NAV's messages."""
    routes = APIRouter()

    @routes.post("/nav/messages", response_model=None)
    async def take(request: Request) -> Response:
        caller = await caller_of(request, services)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _XML_TYPES:
            raise HttpFault(415, _NOT_XML)
        request.state.raw = await read_body(request, services.limits, caller)
        return respond(await services.take_nav(request.state.raw, caller), XML)

    return routes
