"""What may be asked without saying who one is: health and metrics, on a port of their own; what the server can do."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from gateway.edge.http.answers import origin, respond, respond_json
from gateway.edge.http.negotiation import wanted_media
from gateway.edge.http.services import Services


def router(services: Services) -> APIRouter:
    """Give the open routes that callers need."""
    routes = APIRouter()

    @routes.get("/fhir/metadata", response_model=None)
    async def metadata(request: Request) -> Response:
        back = wanted_media(request, services.fhir)
        return respond(services.fhir.encode(services.metadata(f"{origin(request, services)}/fhir"), back), back)

    @routes.get("/.well-known/smart-configuration", response_model=None)
    @routes.get("/fhir/.well-known/smart-configuration", response_model=None)
    async def smart(request: Request) -> Response:
        return respond_json(services.smart_configuration(origin(request, services)))

    return routes


def upkeep(services: Services) -> APIRouter:
    """Give the open routes that operators need: counts and names of routes and parties, and nothing of a person."""
    routes = APIRouter()

    @routes.get("/health/live", response_model=None)
    async def live() -> Response:
        return respond_json({"status": "live"})

    @routes.get("/health/ready", response_model=None)
    async def ready() -> Response:
        checks = await services.ready()
        well = all(checks.values())
        return respond_json({"status": "ready" if well else "not-ready", "checks": checks}, 200 if well else 503)

    @routes.get("/metrics", response_model=None)
    async def metrics() -> Response:
        return Response(generate_latest(services.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return routes
