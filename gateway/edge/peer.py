"""The HTTP server's side of one connection: whose it is, and how long it may keep us waiting.

uvicorn does not say who is at the other end; this protocol puts the client's certificate where ASGI's TLS extension
has it (`scope["extensions"]["tls"]["client_cert_chain"]`, PEM). Nor does it give up on a peer that sends the head of a
request, or the rest of a body that was answered already, a byte at a time; this one does.
"""

import re
import ssl
from asyncio import TimerHandle, Transport
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""Most seconds for the head of a request, and for what is left of a body that we have answered."""

_STRANGE = re.compile(rb"[^\r]\n|\r\n[ \t]")
"""A line that ends in LF alone, or goes on in the next: a proxy may see other lines (RFC 9112 § 2.2 and 5.2)."""

_OURS_TO_WAIT = frozenset({h11.IDLE, h11.DONE})


class PeerProtocol(H11Protocol):
    """HTTP/1.1, with the client's certificate (if any) in each request's scope, and a deadline for slow peers."""

    head_seconds = HEAD_SECONDS
    _deadline: TimerHandle | None = None
    _seen = b" "

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Look at the connection once, when it is there."""
        super().connection_made(transport)
        connection = transport.get_extra_info("ssl_object")
        der = connection.getpeercert(binary_form=True) if connection else None
        chain = [ssl.DER_cert_to_PEM_cert(der)] if der else []
        app = self.app

        async def with_peer(scope: Any, receive: Any, send: Any) -> None:
            extensions = {**scope.get("extensions", {}), "tls": {"client_cert_chain": chain}}
            await app({**scope, "extensions": extensions}, receive, send)

        self.app = with_peer
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take bytes; those that complete no request do not win the peer more time."""
        if self.conn.their_state is h11.IDLE and self._strange(data):
            self.send_400_response("a line of the head ends without CR LF, or is folded")
            return
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of this one, but not for ever."""
        waiting = self.conn.trailing_data[0] if self.conn.their_state is h11.DONE else b""
        if waiting and self._strange(waiting):
            self.transport.close()
            return
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline with the connection."""
        self._forget()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, unless an answer is on its way already, which nothing can follow."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            super().send_400_response(msg)
        else:
            self.transport.close()

    def _strange(self, data: bytes) -> bool:
        """Whether the head that these bytes begin, or go on with, has lines that two servers may read differently."""
        head, end, _ = (self._seen + data).partition(b"\r\n\r\n")
        self._seen = b" " if end else head[-4:]
        return _STRANGE.search(head) is not None

    def _watch(self) -> None:
        """Run the deadline while we wait for the peer and no route does, which has a time-out of its own."""
        if self.transport.is_closing() or self.conn.our_state not in _OURS_TO_WAIT:
            self._forget()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.head_seconds, self.transport.close)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def peer_certificate(scope: Any) -> str | None:
    """Give the client's certificate as PEM, if there is one."""
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain", [])
    return str(chain[0]) if chain else None
