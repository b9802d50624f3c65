"""One contract, held against the channel over HTTPS with client certificates and against the one in memory."""

import asyncio
import contextlib
import importlib.util
import inspect
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from gateway.core.errors import ChannelError, ConfigurationError, Rejected, Uncertain, Unreachable
from gateway.edge.channel import ANSWER_LIMIT, OUTCOMES, Endpoint, HttpsChannel, MemoryChannel, judge, outcome

_SPEC = importlib.util.spec_from_file_location("certificates", Path(__file__).parents[1] / "faults" / "certificates.py")
certificates = importlib.util.module_from_spec(_SPEC)
sys.modules["certificates"] = certificates
_SPEC.loader.exec_module(certificates)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certificates.Authority(tmp_path_factory.mktemp("certificates"))


def endpoint(authority, port, **more):
    ordinary = {
        "certificate": authority.client,
        "authorities": authority.authorities,
        "timeout": 2.0,
        "connect_timeout": 1.0,
    }
    return Endpoint(f"https://localhost:{port}/in", **(ordinary | more))


@contextlib.asynccontextmanager
async def recipient(authority, handle):
    """An HTTPS server that demands a client certificate and answers as `handle` does."""
    app = web.Application(client_max_size=2**24)
    app.router.add_post("/in", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "localhost", 0, ssl_context=authority.server_context())
    await site.start()
    try:
        yield site._server.sockets[0].getsockname()[1]
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def raw_recipient(context, talk):
    """A server that does on each connection whatever `talk(reader, writer)` does."""
    writers = []

    async def connected(reader, writer):
        writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(connected, "localhost", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            if not writer.is_closing():
                writer.transport.abort()
        await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def channel_to(kind, authority, answer):
    """A channel of either kind to a recipient that answers as `answer(key, body)` does."""
    if kind == "memory":
        yield MemoryChannel(answer)
        return

    async def handle(request):
        try:
            return web.Response(body=answer(request.headers["Idempotency-Key"], await request.read()))
        except ChannelError as error:
            return web.Response(status={Unreachable: 503, Uncertain: 500, Rejected: 422}[type(error)])

    async with recipient(authority, handle) as port:
        channel = HttpsChannel(endpoint(authority, port))
        yield channel
        await channel.close()


def run(coroutine):
    return asyncio.run(coroutine)


KINDS = pytest.mark.parametrize("kind", ["https", "memory"])


@KINDS
def test_the_recipient_gets_the_bytes_and_the_key_and_its_answer_comes_back(kind, authority):
    async def go():
        seen = []

        def answer(key, body):
            seen.append((key, body))
            return b"answer:" + body

        async with channel_to(kind, authority, answer) as channel:
            assert await channel.deliver("key-1", b"\x00body", "application/xml") == b"answer:\x00body"
        assert seen == [("key-1", b"\x00body")]

    run(go())


@KINDS
@pytest.mark.parametrize("kind_of_error", [Unreachable, Uncertain, Rejected])
def test_a_failure_is_one_of_three_and_the_next_delivery_works(kind, kind_of_error, authority):
    async def go():
        first = [True]

        def answer(key, body):  # noqa: ARG001
            if first.pop() if first else False:
                raise kind_of_error("planned")
            return b""

        async with channel_to(kind, authority, answer) as channel:
            with pytest.raises(kind_of_error):
                await channel.deliver("key-1", b"body", "text/plain")
            assert await channel.deliver("key-1", b"body", "text/plain") == b""

    run(go())


@KINDS
def test_many_deliveries_at_once_keep_their_answers_apart(kind, authority):
    async def go():
        async with channel_to(kind, authority, lambda key, body: body + key.encode()) as channel:
            answers = await asyncio.gather(*(channel.deliver(f"k{n}", b"b%d" % n, "text/plain") for n in range(50)))
        assert answers == [b"b%dk%d" % (n, n) for n in range(50)]

    run(go())


@KINDS
def test_closing_twice_is_harmless(kind, authority):
    async def go():
        async with channel_to(kind, authority, lambda _k, _b: b"") as channel:
            await channel.deliver("k", b"", "text/plain")
            await channel.close()
            await channel.close()

    run(go())


def test_every_exception_of_the_http_client_is_mapped():
    exceptions = [
        kind
        for _, kind in inspect.getmembers(aiohttp, inspect.isclass)
        if issubclass(kind, Exception)
        and not issubclass(kind, Warning)
        and kind.__module__.startswith("aiohttp.client")
        and kind is not aiohttp.WSMessageTypeError  # of web sockets, which no channel uses
    ]
    assert len(exceptions) > 15
    for kind in exceptions:
        assert issubclass(kind, (aiohttp.ClientError, TimeoutError, OSError)), kind
        assert outcome(kind.__new__(kind)) is not None, kind


def test_only_what_surely_never_left_is_called_unreachable():
    unreachable = {kind for kind, meaning in OUTCOMES.items() if meaning is Unreachable}
    assert unreachable == {
        aiohttp.ClientConnectorError,
        aiohttp.ConnectionTimeoutError,
        aiohttp.ServerFingerprintMismatch,
    }


@pytest.mark.parametrize(
    ("statuses", "meaning"),
    [
        ([200, 201, 202, 204], type(None)),
        ([429, 503], Unreachable),
        ([408, 425, 500, 502, 504, 599], Uncertain),
        ([301, 302, 307, 400, 401, 403, 404, 409, 413, 422], Rejected),
    ],
)
def test_a_status_means(statuses, meaning):
    assert {type(judge(status)) for status in statuses} == {meaning}


def deliver(authority, port, **more):
    async def go():
        channel = HttpsChannel(endpoint(authority, port, **more))
        try:
            return await channel.deliver("key", b"x" * 20_000, "text/plain")
        finally:
            await channel.close()

    return go()


def test_a_port_where_nobody_listens_is_unreachable(authority):
    with pytest.raises(Unreachable):
        run(deliver(authority, 1))


def test_a_server_whose_certificate_is_of_another_authority_is_unreachable_and_gets_nothing(authority, tmp_path):
    stranger = certificates.Authority(tmp_path)
    seen = []

    async def handle(request):
        seen.append(await request.read())
        return web.Response()

    async def go():
        async with recipient(stranger, handle) as port:
            await deliver(authority, port)

    with pytest.raises(Unreachable):
        run(go())
    assert seen == []


def test_without_a_client_certificate_nothing_is_delivered(authority):
    seen = []

    async def handle(request):
        seen.append(await request.read())
        return web.Response()

    async def go():
        async with recipient(authority, handle) as port:
            await deliver(authority, port, certificate=None)

    with pytest.raises(ChannelError):
        run(go())
    assert seen == []


async def _read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(
        next(line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    )
    await reader.readexactly(length)


async def _black_hole(reader, writer):  # noqa: ARG001
    await _read_request(reader)
    await asyncio.sleep(5)


async def _reset_after_body(reader, writer):
    await _read_request(reader)
    writer.transport.abort()


async def _half_close(reader, writer):
    await _read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()


async def _gibberish(reader, writer):
    await _read_request(reader)
    writer.write(b"\x00\x01 not http at all\r\n\r\n")
    await writer.drain()


async def _trickle(reader, writer):
    await _read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("talk", [_black_hole, _reset_after_body, _half_close, _gibberish, _trickle])
def test_a_recipient_that_fails_after_it_had_the_body_leaves_it_uncertain_and_in_time(authority, talk):
    async def go():
        async with raw_recipient(authority.server_context(), talk) as port:
            await deliver(authority, port, timeout=0.5)

    with pytest.raises(Uncertain):
        run(asyncio.wait_for(go(), 5))


def test_a_server_that_never_answers_the_handshake_is_not_waited_for(authority):
    async def silent(_reader, _writer):
        await asyncio.sleep(5)

    async def go():
        async with raw_recipient(None, silent) as port:
            await deliver(authority, port, timeout=0.5)

    with pytest.raises((Unreachable, Uncertain)):
        run(asyncio.wait_for(go(), 5))


def test_a_redirect_is_not_followed(authority):
    async def handle(_request):
        raise web.HTTPTemporaryRedirect("https://localhost:1/elsewhere")

    async def go():
        async with recipient(authority, handle) as port:
            await deliver(authority, port)

    with pytest.raises(Rejected):
        run(go())


def test_an_answer_beyond_the_limit_is_dropped_and_the_message_counts_as_taken(authority):
    async def handle(_request):
        return web.Response(body=b"x" * (ANSWER_LIMIT + 1))

    async def go():
        async with recipient(authority, handle) as port:
            return await deliver(authority, port)

    assert run(go()) == b""


def test_the_connection_is_kept_for_the_next_message(authority):
    peers = set()

    async def handle(request):
        peers.add(request.transport.get_extra_info("peername"))
        return web.Response()

    async def go():
        async with recipient(authority, handle) as port:
            channel = HttpsChannel(endpoint(authority, port))
            for n in range(5):
                await channel.deliver(str(n), b"", "text/plain")
            await channel.close()

    run(go())
    assert len(peers) == 1


def test_an_address_without_tls_or_a_certificate_that_is_not_there_is_a_configuration_error(authority, tmp_path):  # noqa: ARG001
    with pytest.raises(ConfigurationError):
        HttpsChannel(Endpoint("http://localhost/in"))
    with pytest.raises(ConfigurationError):
        HttpsChannel(Endpoint("https://localhost/in", certificate=tmp_path / "none.pem"))


def test_an_error_says_nothing_of_the_body(authority):
    with pytest.raises(Unreachable) as caught:
        run(deliver(authority, 1))
    assert "xxx" not in str(caught.value)
