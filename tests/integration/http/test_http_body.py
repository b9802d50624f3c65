import asyncio
import time
import tracemalloc
from collections.abc import Iterator

import pytest
from live_edge import GENEROUS
from starlette.requests import Request
from starlette.types import Message

from gateway.core.vocabulary import Role
from gateway.edge.http import Limits, answers
from gateway.edge.http.body import read_body
from gateway.edge.identity.access import Caller
from gateway.edge.identity.limits import TooLarge
from gateway.edge.identity.parties import Party

CALLER = Caller(Party(id="p", name="P", roles=frozenset({Role.CERTIFIER}), limits=GENEROUS), frozenset(), "a test")
CHUNK = 65_536


def request(chunks: int) -> tuple[Request, Iterator[Message]]:
    """Give a request whose body comes in pieces, each made when it is asked for, and what is left of them."""
    messages = ({"type": "http.request", "body": bytes(CHUNK), "more_body": n < chunks - 1} for n in range(chunks))

    async def receive() -> Message:
        return next(messages)

    return Request({"type": "http", "headers": []}, receive), messages


def test_a_body_of_any_size_never_takes_more_memory_than_the_largest_that_is_allowed() -> None:
    limits = Limits(body_bytes=1_000_000)
    sent, left = request(chunks=200)
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            asyncio.run(read_body(sent, limits, CALLER))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * limits.body_bytes
    assert next(left)  # the sender hears of it at once, and not after the rest


def test_the_rest_of_a_body_that_was_too_large_is_thrown_away_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "LINGER_SECONDS", 0.2)
    told: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": bytes(CHUNK), "more_body": True}

    async def send(message: Message) -> None:
        told.append(message)

    started = time.monotonic()
    asyncio.run(answers.respond(b"too large", "text/plain", 413)({"type": "http"}, receive, send))
    assert time.monotonic() - started < 2
    assert [message.get("body") for message in told] == [None, b"too large", b""]


def test_a_body_of_just_the_right_size_is_whole() -> None:
    sent, _ = request(chunks=3)
    assert len(asyncio.run(read_body(sent, Limits(body_bytes=3 * CHUNK), CALLER))) == 3 * CHUNK
