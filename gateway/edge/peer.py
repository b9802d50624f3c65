"""Who is at the other end of a TLS connection: the client's certificate, for each request on it.

uvicorn does not say; this protocol puts the certificate where ASGI's TLS extension has it
(`scope["extensions"]["tls"]["client_cert_chain"]`, PEM).
"""

import ssl
from asyncio import Transport
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class PeerProtocol(H11Protocol):
    """HTTP/1.1 over TLS, with the client's certificate in each request's scope."""

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


def peer_certificate(scope: Any) -> str | None:
    """Give the client's certificate as PEM, if there is one."""
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain", [])
    return str(chain[0]) if chain else None
