"""The inbox over HTTPS: `GET /inbox/{recipient}` shows what waits, `POST /inbox/{recipient}/{id}/ack` takes it over."""

import re
from base64 import b64encode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.errors import Issue
from gateway.edge.http.answers import respond_json
from gateway.edge.http.callers import access_of, caller_of
from gateway.edge.http.faults import HttpFault
from gateway.edge.http.services import Services
from gateway.edge.identity.access import Caller, reach
from gateway.edge.inbox import Inbox, Shown
from gateway.edge.store.operate import NotThere

MOST = 50
"""Most messages that are shown at once."""

_ID = re.compile(r"[A-Za-z0-9\-]{1,64}\Z")
_COUNT = re.compile(r"[1-9][0-9]?\Z")
_BAD_COUNT = Issue("value", "count", f"this is no number from 1 to {MOST}", "write a smaller one, or leave it out")
_PUSHED = Issue(
    "not-supported", "", "messages are delivered to this party", "have the register say `delivery: {fetches: yes}`"
)
PRIVATE = {"Cache-Control": "no-store"}


def router(services: Services, inbox: Inbox) -> APIRouter:
    """Give the two routes."""
    routes = APIRouter()

    @routes.get("/inbox/{recipient}", response_model=None)
    async def show(request: Request, recipient: str) -> Response:
        caller = await _own(request, services, recipient)
        count = _count(request)
        if not caller.party.delivery.fetches:
            raise HttpFault(409, _PUSHED)
        shown = await inbox.show(recipient, count)
        answer = respond_json({"messages": [_told(one) for one in shown], "more": len(shown) == count})
        answer.headers.update(PRIVATE)
        return answer

    @routes.post("/inbox/{recipient}/{message}/ack", response_model=None)
    async def take(request: Request, recipient: str, message: str) -> Response:
        await _own(request, services, recipient)
        if not _ID.match(message):
            raise NotThere("this is not an id")
        await inbox.take(recipient, message)
        return Response(b"", 204)

    return routes


async def _own(request: Request, services: Services, recipient: str) -> Caller:
    caller = await caller_of(request, services)
    reach(caller, access_of(request), recipient)
    return caller


def _count(request: Request) -> int:
    wanted = request.query_params.get("count", "20")
    if not _COUNT.match(wanted) or int(wanted) > MOST:
        raise HttpFault(400, _BAD_COUNT)
    return int(wanted)


def _told(one: Shown) -> dict[str, str]:
    return {"id": one.id, "contentType": one.media_type, "data": b64encode(one.body).decode()}
