"""Messages and signals over ebMS: a signal is the answer, or nothing when it is posted by itself."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.edge.ebms.intake import EbmsIntake
from gateway.edge.http.body import read_body
from gateway.edge.http.callers import caller_of
from gateway.edge.http.services import Services


def router(services: Services, intake: EbmsIntake) -> APIRouter:
    """Give the route of ebMS messages."""
    routes = APIRouter()

    @routes.post("/ebms", response_model=None)
    async def take(request: Request) -> Response:
        caller = await caller_of(request, services)
        raw = await read_body(request, services.limits, caller)
        answer = await intake.take(request.headers.get("content-type", ""), raw, caller)
        if not answer.body:
            return Response(status_code=202)
        return Response(answer.body, 200, {"SOAPAction": '"ebXML"'}, answer.media_type)

    return routes
