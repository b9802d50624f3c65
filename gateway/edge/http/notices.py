"""What patients are told, as FHIR Communications: `GET /fhir/Communication`, for the patient alone."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.errors import Refused
from gateway.edge.http.answers import origin, respond
from gateway.edge.http.callers import caller_of
from gateway.edge.http.negotiation import wanted_media
from gateway.edge.http.services import Services
from gateway.edge.notices import Letter, Notices

Shown = Callable[[Iterable[Letter], str], Mapping[str, Any]]
"""Gives notices as a search Bundle of Communications, for the server at a base URL."""


def router(services: Services, notices: Notices, shown: Shown) -> APIRouter:
    """Give the route."""
    routes = APIRouter()

    @routes.get("/fhir/Communication", response_model=None)
    async def find(request: Request) -> Response:
        caller = await caller_of(request, services)
        back = wanted_media(request, services.fhir)
        if not caller.person:
            raise Refused("a patient sees their own notices only", ["route-owner"])
        letters = await asyncio.to_thread(notices.of, caller.person)
        return respond(services.fhir.encode(shown(letters, f"{origin(request, services)}/fhir"), back), back)

    return routes
