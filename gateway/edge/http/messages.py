"""The FHIR intake: messages in, a dry run, and where a message is."""

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.errors import Issue, NotAcceptable, Severity
from gateway.edge.http.answers import origin, respond
from gateway.edge.http.body import aside, read_body
from gateway.edge.http.callers import caller_of
from gateway.edge.http.faults import HttpFault
from gateway.edge.http.negotiation import sent_media, wanted_media
from gateway.edge.http.services import FHIR, Services
from gateway.edge.identity.access import Caller
from gateway.edge.store.operate import NotThere
from gateway.edge.store.rows import Accepted

_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")
_BAD_KEY = Issue("value", "", "Idempotency-Key is not 1 to 255 visible ASCII characters", "use a UUID")
_TAKEN = Issue(
    "informational", "", "the message is stored and will be handled", "follow it at Location", Severity.INFORMATION
)


def router(services: Services) -> APIRouter:
    """Give the routes of FHIR messages."""
    routes = APIRouter()

    async def take(request: Request) -> Response:
        caller = await caller_of(request, services)
        media, back = sent_media(request, services.fhir), wanted_media(request, services.fhir)
        raw = await read_body(request, services.limits, caller)
        check_body(services, raw, media)
        accepted = await services.intake.accept(raw, FHIR, caller.party.id, await _key(request, services, raw))
        return await _taken(request, services, accepted, caller, back)

    for path in ("/fhir", "/fhir/", "/fhir/Bundle", "/fhir/$process-message"):
        routes.add_api_route(path, take, methods=["POST"], response_model=None)

    @routes.post("/fhir/$validate", response_model=None)
    async def validate(request: Request) -> Response:
        caller = await caller_of(request, services)
        media, back = sent_media(request, services.fhir), wanted_media(request, services.fhir)
        raw = await read_body(request, services.limits, caller)
        try:
            check_body(services, raw, media)
            issues = await services.dry_run(raw, FHIR, caller, paper=request.query_params.get("paper") == "true")
        except NotAcceptable as refused:
            issues = refused.issues
        return respond(services.fhir.encode_outcome(issues, back), back)

    @routes.get("/fhir/Task/{message_id}", response_model=None)
    async def task(request: Request, message_id: str) -> Response:
        caller = await caller_of(request, services)
        back = wanted_media(request, services.fhir)
        found = await services.status(message_id, caller) if _ID.match(message_id) else None
        if found is None:
            raise NotThere("no message of this sender has this id")
        return respond(services.fhir.encode(found, back), back)

    return routes


def check_body(services: Services, raw: bytes, media: str) -> None:
    """Raise `NotAcceptable` when a body is not in the format that its media type says."""
    mismatch = services.fhir.mismatch(raw, media)
    if mismatch is not None:
        raise NotAcceptable([mismatch])


async def _key(request: Request, services: Services, raw: bytes) -> str:
    return key_of(request) or await aside(services.fhir.message_key, raw)


def key_of(request: Request) -> str:
    """Give the idempotency key that a caller gave, or nothing; raises `HttpFault` for one that is none."""
    given = request.headers.get("idempotency-key")
    if given is None:
        return ""
    if not _KEY.match(given):
        raise HttpFault(400, _BAD_KEY)
    return f"key:{given}"


async def _taken(request: Request, services: Services, accepted: Accepted, caller: Caller, back: str) -> Response:
    """Answer 202, with what `Prefer` asks for: nothing, the Task, or (the default) an OperationOutcome."""
    headers = {"Location": f"{origin(request, services)}/fhir/Task/{accepted.id}"}
    prefer = {part.strip() for part in request.headers.get("prefer", "").lower().split(",")}
    if "return=minimal" in prefer:
        return Response(b"", 202, headers)
    if "return=representation" in prefer and (task := await services.status(accepted.id, caller)) is not None:
        return respond(services.fhir.encode(task, back), back, 202, headers)
    return respond(services.fhir.encode_outcome([_TAKEN, *accepted.told], back), back, 202, headers)
