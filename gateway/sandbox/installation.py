"""A gateway of the demo, at work on loopback in this process."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, Self

from gateway.edge.certs import private_copy
from gateway.edge.config import Settings
from gateway.sandbox.people import console_for
from gateway.wiring.console import console_server
from gateway.wiring.gateway import Gateway, Outside
from gateway.wiring.server import https_server, serve_all

EXAMPLES: Final = Path(__file__).parents[2] / "certs" / "example"
PATIENCE: Final = 15.0


class OpenAddresses:
    """The demo's register: nobody in it has a graded address."""

    def gradings(self, numbers: Collection[str]) -> Mapping[str, str]:
        """Give `none`, for every invented person."""
        return dict.fromkeys(numbers, "none")


def settings_for(folder: Path) -> Settings:
    """Give settings for a demo in a folder: the configured database if there is one, copies of the example keys."""
    given = Settings()
    private_copy(EXAMPLES, folder / "certs")
    return given.model_copy(
        update={
            "data": given.data if "data" in given.model_fields_set else folder,
            "certificates": folder / "certs",
            "demo": True,
        }
    )


class Doors:
    """Where a gateway and its console listen while entered: bound before anybody is told, so that no port is lost."""

    def __init__(self) -> None:
        self._entered = ExitStack()

    def __enter__(self) -> Self:
        self.sockets = [self._entered.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        return self

    def __exit__(self, *_: object) -> None:
        self._entered.close()

    def settings(self, settings: Settings, issuer: str) -> Settings:
        """Give settings of a gateway that listens here; people log in to its console with the provider `issuer`."""
        port, console = (one.getsockname()[1] for one in self.sockets)
        at = settings.model_copy(update={"port": port, "base_url": f"https://localhost:{port}"})
        return console_for(at, issuer, console)


@asynccontextmanager
async def at_work(settings: Settings, outside: Outside, doors: Doors) -> AsyncIterator[Gateway]:
    """Have a gateway serve at its doors and deliver until the end of the block."""
    gateway = Gateway(settings, outside)
    servers = [https_server(gateway), console_server(gateway)]
    stopping = asyncio.Event()
    serving = asyncio.create_task(serve_all(servers, doors.sockets))
    delivering = asyncio.create_task(gateway.worker().run(stopping))
    try:
        await until(lambda: all(server.started for server in servers), 0.01)
        yield gateway
    finally:
        for server in servers:
            server.should_exit = True
        stopping.set()
        await asyncio.gather(serving, delivering)
        await gateway.aclose()


async def until(there: Callable[[], bool], pause: float) -> None:
    """Wait, looking every `pause` seconds; raise `TimeoutError` when it takes too long."""
    async with asyncio.timeout(PATIENCE):
        while not there():  # noqa: ASYNC110 - what is waited for is in another process's hands
            await asyncio.sleep(pause)
