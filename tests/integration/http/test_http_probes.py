"""Raw bytes against the real server: smuggled requests, slow peers, bodies that never come: all refused, cheaply."""

import logging
import socket
import time
from collections.abc import Iterator

import pytest
from live_edge import Edge, running

from gateway.edge.http import Limits
from gateway.edge.peer import PeerProtocol

HEAD = b"POST /fhir HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ehr\r\nContent-Type: application/fhir+json\r\n"
HIDDEN = b"GET /fhir/metadata HTTP/1.1\r\nHost: x\r\n\r\n"
CPU_SECONDS = 1.0


@pytest.fixture(scope="module")
def quick() -> Iterator[Edge]:
    """Give an edge that waits one second for a head, and two for a body."""
    waited, PeerProtocol.head_seconds = PeerProtocol.head_seconds, 1.0
    try:
        with running(Limits(body_bytes=1_000_000, body_seconds=2.0)) as live:
            yield live
    finally:
        PeerProtocol.head_seconds = waited


@pytest.fixture(autouse=True)
def no_traceback(quick: Edge, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Hold each probe to leaving no traceback and costing little."""
    spent = quick.cpu()
    with caplog.at_level(logging.WARNING):
        yield
    assert quick.cpu() - spent < CPU_SECONDS
    assert [record.message for record in caplog.records if record.exc_info] == []
    out = capfd.readouterr()
    assert "Traceback" not in out.out + out.err


def said(edge: Edge, *sent: bytes, pause: float = 0.05) -> bytes:
    """Send pieces on a connection, and give all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", edge.port), timeout=8) as line:
        for piece in sent:
            line.sendall(piece)
            time.sleep(pause)
        back = b""
        try:
            while more := line.recv(65_536):
                back += more
        except ConnectionResetError:
            pass
    return back


SMUGGLED = {
    "length and chunks": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks and length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 60\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": HEAD + b"Content-Length: 0\r\nContent-Length: 41\r\n\r\n" + HIDDEN,
    "two lengths in one": HEAD + b"Content-Length: 0, 41\r\n\r\n" + HIDDEN,
    "a signed length": HEAD + b"Content-Length: +0\r\n\r\n" + HIDDEN,
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\n" + HIDDEN,
    "a length in hex": HEAD + b"Content-Length: 0x0\r\n\r\n" + HIDDEN,
    "an endless length": HEAD + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n",
    "chunks twice": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks and identity": HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks misspelt": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a tab in the coding": HEAD + b"Transfer-Encoding: chunked\x0b\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a blank before the colon": HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a blank before the name": HEAD.replace(b"Host: x\r\n", b" Host: x\r\n") + b"\r\n",
    "two hosts": HEAD + b"Host: y\r\nContent-Length: 0\r\n\r\n",
    "no host": b"GET /fhir/metadata HTTP/1.1\r\n\r\n",
    "a bare return in a header": HEAD + b"X: a\rContent-Length: 41\r\n\r\n" + HIDDEN,
    "a zero in a header": HEAD + b"X: a\x00b\r\nContent-Length: 0\r\n\r\n",
    "a chunk size in another base": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + HIDDEN,
    "a negative chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + HIDDEN,
    "an endless chunk size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 400 + b"\r\n",
    "a chunk longer than it says": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}XX\r\n0\r\n\r\n" + HIDDEN,
    "lines that end in LF alone": HEAD.replace(b"\r\n", b"\n") + b"Content-Length: 2\n\n{}",
    "one line that ends in LF alone": HEAD + b"X: a\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "a blank line in LF alone": HEAD + b"Content-Length: 0\n\n" + HIDDEN,
    "a folded header": HEAD + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}" + HIDDEN,
    "a folded length": HEAD + b"Content-Length:\r\n 0\r\n\r\n" + HIDDEN,
    "a folded coding": HEAD + b"Transfer-Encoding:\r\n\tchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a chunk extension that ends in LF": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;\n{}\r\n0\r\n\r\n" + HIDDEN,
    "a chunk that ends in LF": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\n0\r\n\r\n" + HIDDEN,
    "an endless chunk extension": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;" + b"a" * 200_000,
    "another protocol": b"PRI * HTTP/2.0\r\n\r\n",
    "a head without end": b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000,
    "very many headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 40_000 + b"\r\n",
    "an address with blanks": b"GET /fhir metadata HTTP/1.1\r\nHost: x\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300) + b"\r\n\r\n",
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_a_request_that_two_servers_would_read_differently_is_refused_and_nothing_after_it_is_read(
    quick: Edge, name: str
) -> None:
    quick.intake.by_key.clear()
    back = said(quick, SMUGGLED[name])
    assert back.count(b"HTTP/1.1 ") == 1
    assert back.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501"))
    assert b"CapabilityStatement" not in back
    assert b"uvicorn" not in back.lower()
    assert b"h11" not in back.lower()
    assert not quick.intake.by_key


def test_a_second_request_with_strange_lines_is_not_read_however_it_comes(quick: Edge) -> None:
    first, second = b"GET /fhir/metadata HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /fhir/none HTTP/1.1\nHost: x\n\n"
    together = said(quick, first + second)
    assert (together.count(b"HTTP/1.1 200"), together.count(b"HTTP/1.1 ")) == (1, 1)
    apart = said(quick, first, second[:20], second[20:], pause=0.2)
    assert (apart.count(b"HTTP/1.1 200"), apart.count(b"HTTP/1.1 404")) == (1, 0)


def test_a_head_in_pieces_and_a_body_with_line_feeds_are_read_as_ever(quick: Edge) -> None:
    whole = HEAD + b"Connection: close\r\nContent-Length: 4\r\n\r\n{\n\n}"
    for cut in (len(whole) - 6, len(whole) - 7, 30, whole.index(b"\r\n") + 1):
        assert said(quick, whole[:cut], whole[cut:]).startswith(b"HTTP/1.1 422")


def test_what_is_no_http_any_more_after_the_answer_closes_the_connection(quick: Edge) -> None:
    start = HEAD.replace(b"Bearer ehr", b"Bearer nobody") + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"
    back = said(quick, start, b"no chunk\r\n", pause=0.3)
    assert back.count(b"HTTP/1.1 ") == 1
    assert back.startswith(b"HTTP/1.1 401")


def test_an_upgrade_to_another_protocol_is_not_taken(quick: Edge) -> None:
    upgrade = b"Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    back = said(
        quick,
        b"GET /fhir/x HTTP/1.1\r\nHost: x\r\n" + upgrade + b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    )
    assert back.startswith(b"HTTP/1.1 4")


def trickle(edge: Edge, first: bytes) -> tuple[bytes, float]:
    """Send one byte after another until the server has had enough; give what it said, and the seconds it took."""
    started, back = time.monotonic(), b""
    with socket.create_connection(("127.0.0.1", edge.port), timeout=0.1) as line:
        line.sendall(first)
        while time.monotonic() - started < 8:
            try:
                line.sendall(b"a")
                if not (more := line.recv(65_536)):
                    break
                back += more
            except TimeoutError:
                continue
            except OSError:
                break
    return back, time.monotonic() - started


def test_a_head_that_comes_byte_by_byte_is_given_up(quick: Edge) -> None:
    back, took = trickle(quick, b"GET /fhir/metadata HTTP/1.1\r\nX: ")
    assert back == b""
    assert 0.5 < took < 3


def test_a_connection_on_which_nothing_comes_is_given_up(quick: Edge) -> None:
    started = time.monotonic()
    assert said(quick) == b""
    assert time.monotonic() - started < 3


def test_a_second_request_that_comes_byte_by_byte_is_given_up_too(quick: Edge) -> None:
    back, took = trickle(quick, b"GET /fhir/metadata HTTP/1.1\r\nHost: x\r\n\r\nGET /")
    assert back.count(b"HTTP/1.1 200") == 1
    assert took < 4


def test_a_body_that_comes_byte_by_byte_is_given_up(quick: Edge) -> None:
    back, took = trickle(quick, HEAD + b"Content-Length: 1000\r\n\r\n{")
    assert back.startswith(b"HTTP/1.1 408")
    assert took < 4


def test_a_body_that_is_answered_already_does_not_hold_the_connection(quick: Edge) -> None:
    back, took = trickle(quick, HEAD.replace(b"Bearer ehr", b"Bearer nobody") + b"Content-Length: 100000\r\n\r\n{")
    assert back.startswith(b"HTTP/1.1 401")
    assert took < 4


def test_a_body_that_only_says_it_is_too_large_is_answered_at_once(quick: Edge) -> None:
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", quick.port), timeout=8) as line:
        line.sendall(HEAD + b"Content-Length: 50000000\r\n\r\n{")
        answer = line.recv(65_536)
        assert time.monotonic() - started < 0.5
        while line.recv(65_536):
            pass
    assert answer.startswith(b"HTTP/1.1 413")
    assert time.monotonic() - started < 3


def test_a_peer_that_reads_only_after_sending_too_much_gets_the_answer(quick: Edge) -> None:
    body = bytes(1_000_000)
    back = said(quick, HEAD + b"Content-Length: 20000000\r\n\r\n", *[body] * 20, pause=0)
    assert back.startswith(b"HTTP/1.1 413")


def test_the_edge_still_answers_after_all_that(quick: Edge) -> None:
    back = said(quick, b"GET /fhir/metadata HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert back.startswith(b"HTTP/1.1 200")
