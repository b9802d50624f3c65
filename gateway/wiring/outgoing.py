"""How we call others: with our own certificate, and trusting the authorities of the installation alone."""

import ssl

import httpx

from gateway.core.errors import ConfigurationError
from gateway.edge.channel import Endpoint
from gateway.edge.config import Settings


def endpoint(settings: Settings, url: str) -> Endpoint:
    """Give where a channel delivers."""
    folder = settings.certificates
    return Endpoint(url, folder / "gateway.pem", folder / "gateway.key", folder / "ca.pem")


def client(settings: Settings) -> httpx.Client:
    """Give what asks a register. Raises `ConfigurationError` for certificates that are not there or do not fit."""
    folder = settings.certificates
    try:
        context = ssl.create_default_context(cafile=folder / "ca.pem")
        context.load_cert_chain(folder / "gateway.pem", folder / "gateway.key")
    except (OSError, ssl.SSLError):
        raise ConfigurationError([f"{folder}: ca.pem, gateway.pem and gateway.key cannot be read"]) from None
    return httpx.Client(timeout=5.0, verify=context, trust_env=False)
