"""How the application is served: what the server may say and log, and over which TLS."""

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from gateway.edge.peer import PeerProtocol


@dataclass(frozen=True, slots=True)
class Tls:
    """Our certificate and key, and what is asked of clients.

    With `client_ca`, a client's certificate has to be of that authority; with `demanded`, nobody is let in without one.
    `oldest` is the oldest version of TLS that is spoken.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None
    demanded: bool = True
    oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3

    def context(self) -> ssl.SSLContext:
        """Give the server's context. Raises `OSError` or `ssl.SSLError` for files that are not there or do not fit."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = self.oldest
        context.load_cert_chain(self.certificate, self.key)
        if self.client_ca is not None:
            context.load_verify_locations(self.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED if self.demanded else ssl.CERT_OPTIONAL
        return context


def server_config(app: ASGIApp, host: str, port: int, tls: Tls | None = None) -> uvicorn.Config:
    """Give the server's settings.

    Its own access log is off, since it writes whole addresses, which may hold ids of people; the application logs each
    request by its route. The server does not say what it is.
    """
    # `access_log=False` alone is undone by whoever gives that logger a handler.
    logging.getLogger("uvicorn.access").disabled = True
    config = uvicorn.Config(
        app, host, port, http=PeerProtocol, ws="none", access_log=False, server_header=False, log_config=None
    )
    if tls is not None:
        config.ssl_context_factory = lambda _config, _usual: tls.context()
    return config
