"""Errors in the caller's own format: OperationOutcome, AppRec, the result of a RIV-TA call, or problem+json."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.edge import soap
from gateway.edge.http.faults import Fault
from gateway.edge.http.negotiation import error_media
from gateway.edge.http.services import Services
from gateway.edge.seal.payload import MEDIA_TYPE

XML = "application/xml"
PROBLEM = "application/problem+json"

_REFUSED = frozenset({400, 403, 409, 422})
_ANSWERED = _REFUSED | {429, 503}
"""What the result of a RIV-TA call tells by itself: the call came through, and was not done."""

LINGER_SECONDS = 10.0
PAUSE_SECONDS = 1.0


class LastAnswer(Response):
    """The last answer on a connection, given whole before the request has come to its end.

    What the peer still sends is thrown away until it pauses, so that one that reads only after sending gets the answer.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and linger."""
        del scope
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        clock = asyncio.get_running_loop().time
        until, more = clock() + LINGER_SECONDS, True
        with suppress(TimeoutError):
            while more and clock() < until:
                async with asyncio.timeout(PAUSE_SECONDS):
                    more = (await receive()).get("more_body", False)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def answer_fault(request: Request, services: Services, fault: Fault) -> Response:
    """Write an error in the format of the part of the gateway that was called."""
    path = request.scope["path"]
    if path == "/fhir" or path.startswith("/fhir/"):
        media = error_media(request, services.fhir)
        return respond(services.fhir.encode_outcome(fault.issues, media), media, fault.status, fault.headers)
    if path == "/nav" or path.startswith("/nav/"):
        raw: bytes = getattr(request.state, "raw", b"")
        receipt = services.apprec_for(fault.issues, raw, getattr(request.state, "caller", None))
        return respond(receipt.body, receipt.media_type, fault.status, fault.headers)
    if path == "/riv-ta" or path.startswith("/riv-ta/"):
        error = soap.VALIDATION if fault.status in _REFUSED else soap.TECHNICAL
        told = soap.answer(getattr(request.state, "raw", b""), fault.issues, error)
        return respond(told, soap.MEDIA_TYPE, 200 if fault.status in _ANSWERED else fault.status, fault.headers)
    return respond(_problem(fault), PROBLEM, fault.status, fault.headers)


def origin(request: Request, services: Services) -> str:
    """Give scheme and host as callers see them, without a slash at the end."""
    return (services.base_url or str(request.base_url)).rstrip("/")


def respond(body: bytes, media: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with bytes of a media type, which is given a charset unless it is sealed."""
    charset = "" if media == MEDIA_TYPE else ";charset=utf-8"
    answer = LastAnswer if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else Response
    return answer(body, status, dict(headers or {}), f"{media}{charset}")


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
