"""Errors in the caller's own format: OperationOutcome below /fhir, AppRec below /nav, problem+json elsewhere."""

from collections.abc import Mapping
from http import HTTPStatus

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.edge.http.faults import Fault
from gateway.edge.http.negotiation import error_media
from gateway.edge.http.services import Services
from gateway.edge.seal.payload import MEDIA_TYPE

XML = "application/xml"
PROBLEM = "application/problem+json"


def answer_fault(request: Request, services: Services, fault: Fault) -> Response:
    """Write an error in the format of the part of the gateway that was called."""
    path = request.url.path
    if path == "/fhir" or path.startswith("/fhir/"):
        media = error_media(request, services.fhir)
        return respond(services.fhir.encode_outcome(fault.issues, media), media, fault.status, fault.headers)
    if path == "/nav" or path.startswith("/nav/"):
        raw: bytes = getattr(request.state, "raw", b"")
        receipt = services.apprec_for(fault.issues, raw, getattr(request.state, "caller", None))
        return respond(receipt.body, receipt.media_type, fault.status, fault.headers)
    return respond(_problem(fault), PROBLEM, fault.status, fault.headers)


def origin(request: Request, services: Services) -> str:
    """Give scheme and host as callers see them, without a slash at the end."""
    return (services.base_url or str(request.base_url)).rstrip("/")


def respond(body: bytes, media: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with bytes of a media type, which is given a charset unless it is sealed."""
    charset = "" if media == MEDIA_TYPE else ";charset=utf-8"
    return Response(body, status, dict(headers or {}), f"{media}{charset}")


def respond_json(content: Mapping[str, object], status: int = 200) -> Response:
    """Answer with plain JSON."""
    return Response(orjson.dumps(content), status, media_type="application/json")


def _problem(fault: Fault) -> bytes:
    """Write RFC 9457: the first issue in the members of its own, every issue in `issues`."""
    rows = [{"at": issue.at, "code": issue.code, "what": issue.what, "mend": issue.mend} for issue in fault.issues]
    content = {
        "type": "about:blank",
        "title": HTTPStatus(fault.status).phrase,
        "status": fault.status,
        "detail": "; ".join(part for part in (fault.issues[0].what, fault.issues[0].mend) if part),
        "issues": rows,
    }
    return orjson.dumps(content)
