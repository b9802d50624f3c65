"""`samspill serve` and `samspill worker`: the gateway, listening and delivering."""

import asyncio
import signal
from typing import Annotated

import typer

from gateway.core.errors import ConfigurationError
from gateway.edge.config import Settings
from gateway.wiring.gateway import Gateway
from gateway.wiring.server import https_server, ops_servers, serve_all


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
    gateway = _sound()
    both = gateway.settings.database.startswith("sqlite") if embedded is None else embedded
    asyncio.run(_serve(gateway, deliver=both))


def work() -> None:
    """Decide and deliver what was taken in; any number may run on one PostgreSQL.

    Example: SAMSPILL_DATABASE_URL=postgresql+psycopg://… samspill worker
    """
    asyncio.run(_deliver(_sound()))


def _sound() -> Gateway:
    """Give the gateway of the settings. Raises `ConfigurationError` with all that is wrong, before anything is kept."""
    gateway = Gateway(Settings())
    if faults := gateway.faults():
        raise ConfigurationError(faults)
    gateway.formats.make_all()
    return gateway


async def _serve(gateway: Gateway, *, deliver: bool) -> None:
    servers = [https_server(gateway), *ops_servers(gateway)]
    if gateway.settings.console_port:
        from gateway.wiring.console import console_server  # noqa: PLC0415 - an installation may do without it

        servers.append(console_server(gateway))
    stopping = asyncio.Event()
    beside = [gateway.identity.watch(stopping)] if gateway.settings.revocation_hosts else []
    if deliver:
        beside.append(gateway.worker().run(stopping))
    tasks = [asyncio.create_task(one) for one in beside]
    try:
        await serve_all(servers)
    finally:
        stopping.set()
        await asyncio.gather(*tasks)
        await gateway.aclose()


async def _deliver(gateway: Gateway) -> None:
    stopping = _stopped()
    servers = ops_servers(gateway)
    beside = [gateway.identity.watch(stopping)] if gateway.settings.revocation_hosts else []
    beside += [server.serve() for server in servers]
    tasks = [asyncio.create_task(one) for one in beside]
    try:
        await gateway.worker().run(stopping)
    finally:
        stopping.set()
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks)
        await gateway.aclose()


def _stopped() -> asyncio.Event:
    """Give an event that SIGINT and SIGTERM set."""
    stopping = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    return stopping
