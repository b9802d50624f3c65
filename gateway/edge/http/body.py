"""The body of a request: read as it streams in, and never more of it than may be."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from urllib.parse import parse_qsl

from starlette.requests import Request

from gateway.core.errors import Issue
from gateway.edge.http.faults import CLOSE, HttpFault
from gateway.edge.http.services import Limits
from gateway.edge.identity.access import Caller
from gateway.edge.identity.limits import BodyLimit

T = TypeVar("T")
_LARGE = 20_000


async def aside(work: Callable[[bytes], T], raw: bytes) -> T:
    """Do what a body needs done, in a thread if it is large, so that other requests go on meanwhile."""
    return work(raw) if len(raw) < _LARGE else await asyncio.to_thread(work, raw)


async def read_body(request: Request, limits: Limits, caller: Caller) -> bytes:
    """Give the whole body.

    Raises `TooLarge` as soon as that shows, be it by the length that is announced, or `HttpFault` 408 (too slow) or 415
    (compressed).
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HttpFault(415, _ENCODED)
    allowed = replace(caller.party.limits, body=min(limits.body_bytes, caller.party.limits.body))
    held = bytearray()
    try:
        count = BodyLimit(allowed, request.headers.get("content-length"))
        async with asyncio.timeout(limits.body_seconds):
            async for chunk in request.stream():
                count.add(len(chunk))
                held += chunk
    except TimeoutError:
        raise HttpFault(408, _SLOW, CLOSE) from None
    return bytes(held)


async def read_form(
    request: Request, limits: Limits, caller: Caller, wrong: Callable[[str, str], HttpFault]
) -> list[tuple[str, str]]:
    """Give the parameters of a form, in its order; `wrong` says of a body that is none how to mend it.

    Raises what `read_body` raises, and what `wrong` gives.
    """
    raw = await read_body(request, limits, caller)
    try:
        return parse_qsl(raw.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(raw))
    except ValueError:
        raise wrong("", "the body is not a form") from None


_ENCODED = Issue("not-supported", "", "the body is compressed", "send it without Content-Encoding")
_SLOW = Issue("timeout", "", "the body did not arrive in time; nothing was kept", "send it again")
