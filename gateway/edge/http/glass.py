"""Breaking the glass over HTTP: `POST /glass` asks, `POST /glass/{opening}/{record}` opens one record."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.errors import Issue, NotAcceptable
from gateway.edge.glass import Glass, Opening, plea_of
from gateway.edge.http.answers import respond, respond_json
from gateway.edge.http.body import read_body
from gateway.edge.http.callers import caller_of
from gateway.edge.http.services import Services
from gateway.edge.identity.access import match, role_for

PRIVATE = {"Cache-Control": "no-store"}


def router(services: Services, glass: Glass) -> APIRouter:
    """Give the two routes."""
    routes = APIRouter()

    @routes.post("/glass", response_model=None)
    async def ask(request: Request) -> Response:
        caller = await caller_of(request, services)
        plea = plea_of(_json(await read_body(request, services.limits, caller)))
        role = role_for(caller, match("POST", "/glass"))
        opening = await asyncio.to_thread(glass.ask, caller, role, plea)
        answer = respond_json(_told(opening), 201)
        answer.headers.update(PRIVATE)
        return answer

    @routes.post("/glass/{opening}/{record}", response_model=None)
    async def open_(request: Request, opening: str, record: str) -> Response:
        caller = await caller_of(request, services)
        role = role_for(caller, match("POST", "/glass/opening/record"))
        shown = await asyncio.to_thread(glass.open, caller, role, opening, record)
        return respond(shown.body, shown.media_type, 200, PRIVATE)

    return routes


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise NotAcceptable([Issue("structure", "", "the body is not JSON")]) from None


def _told(opening: Opening) -> dict[str, Any]:
    return {
        "opening": opening.id,
        "until": _time(opening.until),
        "records": [{"id": one.id, "kind": one.kind, "received": _time(one.received_at)} for one in opening.records],
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
