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
    """Our certificate and key; with `client_ca`, only clients with a certificate of that CA are let in."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


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
        config.ssl_certfile, config.ssl_keyfile = tls.certificate, tls.key
        if tls.client_ca is not None:
            config.ssl_ca_certs = str(tls.client_ca)
            config.ssl_cert_reqs = ssl.CERT_REQUIRED
    return config
