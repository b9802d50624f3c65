"""The body of a request: read as it streams in, and never more of it than may be."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from starlette.requests import Request

from gateway.core.errors import Issue
from gateway.edge.http.faults import HttpFault
from gateway.edge.http.services import Limits

# What is thrown away of a body that is too large, so that a sender who reads only after sending gets the answer.
_DRAIN_FACTOR = 8
_DRAIN_SECONDS = 10.0


T = TypeVar("T")
_LARGE = 20_000


async def aside(work: Callable[[bytes], T], raw: bytes) -> T:
    """Do what a body needs done, in a thread if it is large, so that other requests go on meanwhile."""
    return work(raw) if len(raw) < _LARGE else await asyncio.to_thread(work, raw)


async def read_body(request: Request, limits: Limits) -> bytes:
    """Give the whole body; raises `HttpFault` 413 (too large), 408 (too slow) or 415 (compressed).

    A body that is too large is refused as soon as that shows, and what follows is thrown away without being kept.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HttpFault(415, _ENCODED)
    if int(request.headers.get("content-length", "0")) > limits.body_bytes:
        await _drain(request, limits)
        raise HttpFault(413, _too_large(limits), _CLOSE)
    held = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for chunk in request.stream():
                held += chunk
                if len(held) > limits.body_bytes:
                    break
    except TimeoutError:
        raise HttpFault(408, _SLOW, _CLOSE) from None
    if len(held) > limits.body_bytes:
        held.clear()
        await _drain(request, limits)
        raise HttpFault(413, _too_large(limits), _CLOSE)
    return bytes(held)


async def _drain(request: Request, limits: Limits) -> None:
    left = limits.body_bytes * _DRAIN_FACTOR
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            while left > 0:
                message = await request.receive()
                left -= len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body"):
                    return
    except TimeoutError:
        return


_CLOSE = {"Connection": "close"}
_ENCODED = Issue("not-supported", "", "the body is compressed", "send it without Content-Encoding")
_SLOW = Issue("timeout", "", "the body did not arrive in time; nothing was kept", "send it again")


def _too_large(limits: Limits) -> Issue:
    return Issue("too-long", "", f"the body is larger than {limits.body_bytes} bytes", "send one message at a time")
