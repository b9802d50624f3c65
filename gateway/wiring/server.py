"""The HTTPS server of an installation."""

import uvicorn

from gateway.edge.http import Tls, create_app, server_config
from gateway.edge.peer import PeerProtocol
from gateway.wiring.gateway import Gateway


def https_server(gateway: Gateway) -> uvicorn.Server:
    """Give the HTTPS server of a gateway, mutual TLS on, not yet running."""
    settings, folder = gateway.settings, gateway.settings.certificates
    tls = Tls(folder / "gateway.pem", folder / "gateway.key", folder / "ca.pem")
    config = server_config(create_app(gateway.services()), settings.host, settings.port, tls)
    config.http = PeerProtocol
    return uvicorn.Server(config)
