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
from gateway.edge.seal.payload import MEDIA_TYPE

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

    return routes
