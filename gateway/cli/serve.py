"""`samspill serve` and `samspill worker`: the gateway, listening and delivering."""

import asyncio
import signal
from typing import Annotated

import typer
import uvicorn

from gateway.edge.config import Settings
from gateway.edge.http import Tls, create_app, server_config
from gateway.edge.peer import PeerProtocol
from gateway.wiring.gateway import Gateway


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("serve")(serve)
    app.command("worker")(work)


def serve(
    *,
    embedded: Annotated[
        bool | None,
        typer.Option("--embedded/--no-embedded", help="Deliver in this process too; the default on SQLite."),
    ] = None,
) -> None:
    """Take messages in over HTTPS, as the settings say.

    Example: SAMSPILL_CERTIFICATES=/etc/samspill/certs samspill serve
    """
    settings = Settings()
    gateway = Gateway(settings)
    gateway.refuse_examples()
    both = settings.database.startswith("sqlite") if embedded is None else embedded
    asyncio.run(_serve(gateway, deliver=both))


def work() -> None:
    """Decide and deliver what was taken in; any number may run on one PostgreSQL.

    Example: SAMSPILL_DATABASE_URL=postgresql+psycopg://… samspill worker
    """
    gateway = Gateway(Settings())
    gateway.refuse_examples()
    asyncio.run(_deliver(gateway))


async def _serve(gateway: Gateway, *, deliver: bool) -> None:
    server = https_server(gateway)
    stopping = asyncio.Event()
    delivering = asyncio.create_task(gateway.worker().run(stopping)) if deliver else None
    try:
        await server.serve()
    finally:
        stopping.set()
        if delivering is not None:
            await delivering
        await gateway.aclose()


async def _deliver(gateway: Gateway) -> None:
    try:
        await gateway.worker().run(_stopped())
    finally:
        await gateway.aclose()


def https_server(gateway: Gateway) -> uvicorn.Server:
    """Give the HTTPS server of a gateway, mutual TLS on, not yet running."""
    settings, folder = gateway.settings, gateway.settings.certificates
    tls = Tls(folder / "gateway.pem", folder / "gateway.key", folder / "ca.pem")
    config = server_config(create_app(gateway.services()), settings.host, settings.port, tls)
    config.http = PeerProtocol
    return uvicorn.Server(config)


def _stopped() -> asyncio.Event:
    """Give an event that SIGINT and SIGTERM set."""
    stopping = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    return stopping
