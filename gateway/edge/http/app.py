"""The application: routers, the caller's own error formats, and the envelope around it all."""

from collections.abc import Iterable

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.errors import NotAcceptable, SamspillError
from gateway.edge.http import consent_search, consents, employers, messages, nav, operations, riv
from gateway.edge.http.answers import answer_fault
from gateway.edge.http.envelope import Envelope
from gateway.edge.http.faults import OUR_FAULT, fault_of
from gateway.edge.http.services import Services

PARTS = (operations, messages, consents, consent_search, nav, riv, employers)


def create_app(services: Services, routers: Iterable[APIRouter] = ()) -> FastAPI:
    """Give the ASGI application that callers meet; `routers` are further parts (absences, the broken glass).

    Run it without the server's own access log, which writes whole addresses.
    """
    return _app(services, [*(part.router(services) for part in PARTS), *routers])


def create_upkeep(services: Services) -> FastAPI:
    """Give the ASGI application that operators' tools meet, on an inner address: health and metrics, without log-in."""
    return _app(services, [operations.upkeep(services)])


def _app(services: Services, routers: Iterable[APIRouter]) -> FastAPI:
    app = FastAPI(title="Samspill", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)

    async def answer(request: Request, error: Exception) -> Response:
        fault = fault_of(error)
        if fault is OUR_FAULT:
            raise error  # the envelope logs where, and answers
        if isinstance(error, NotAcceptable):
            codes, rules = ({getattr(one, name) for one in error.issues} - {""} for name in ("code", "rule"))
            request.state.refused = {"codes": sorted(codes), "rules": sorted(rules)}
        return answer_fault(request, services, fault)

    app.add_exception_handler(SamspillError, answer)
    app.add_exception_handler(HTTPException, answer)
    app.add_middleware(Envelope, services=services)
    for router in routers:
        app.include_router(router)
    return app
