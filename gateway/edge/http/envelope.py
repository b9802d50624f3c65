"""What surrounds every request: its id, its headers, its counts, one line in the log, and a 500 that says nothing.

The log and the metrics name the route and never the address that was called, which may hold an id of a person.
"""

import re
import secrets
import time
import traceback
from functools import cache
from pathlib import PurePath

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.edge.http.answers import answer_fault
from gateway.edge.http.faults import AMBIGUOUS, OUR_FAULT
from gateway.edge.http.services import Services

_REQUEST_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}\Z")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
_FRAMINGS = frozenset({b"content-length", b"transfer-encoding"})
_SECURITY = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"strict-transport-security": b"max-age=31536000",
}
_log = structlog.get_logger("samspill.http")


class Counts:
    """The metrics of the HTTP edge."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("route", "method")
        self.requests = Counter("samspill_http_requests", "Requests answered", (*labels, "status"), registry=registry)
        self.seconds = Histogram("samspill_http_request_seconds", "Time to answer", labels, registry=registry)


_counts = cache(Counts)
"""The metrics of a registry, made once: several applications of one process count together."""


class Envelope:
    """The outermost layer of the application, below the server."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services
        self._counts = _counts(services.registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        started = time.perf_counter()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_headers(message["headers"], request_id)
            await send(message)

        try:
            if _FRAMINGS.issubset(name for name, _ in scope["headers"]):
                await answer_fault(Request(scope, receive), self._services, AMBIGUOUS)(scope, receive, sending)
            else:
                await self._app(scope, receive, sending)
        except ClientDisconnect:
            status = 499
        except Exception as error:  # noqa: BLE001 (whatever it is, the caller gets a clean 500 and the log no value)
            _log.error("request failed", error=type(error).__name__, at=_place(error), request=request_id)
            if status == 0:
                response = answer_fault(Request(scope, receive), self._services, OUR_FAULT)
                await response(scope, receive, sending)
        self._tell(scope, status, time.perf_counter() - started, request_id)

    def _tell(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._counts.requests.labels(route, method, str(status)).inc()
        self._counts.seconds.labels(route, method).observe(seconds)
        refused = scope.get("state", {}).get("refused", {})
        seconds = round(seconds, 4)
        _log.info("request", route=route, method=method, status=status, seconds=seconds, request=request_id, **refused)


def _request_id(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
    return given if _REQUEST_ID.match(given) else secrets.token_hex(16)


def _with_headers(headers: list[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    there = {name.lower() for name, _ in headers}
    added = [(name, value) for name, value in _SECURITY.items() if name not in there]
    return [*headers, *added, (b"x-request-id", request_id.encode("ascii"))]


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"
