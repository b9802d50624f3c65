"""An HTTPS server on loopback that only speaks with those who show a certificate of the example authority."""

import asyncio
import ssl
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web
from lxml import etree

from gateway.edge.seal.payload import MEDIA_TYPE

Handler = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Received:
    """One request: its body as it came, its media type and idempotency key, and the common name of who sent it.

    `faults` are the schema's, by libxml2; they quote the message, so they are for test messages only.
    """

    body: bytes
    media_type: str
    key: str
    peer: str
    faults: tuple[str, ...] = ()


def server_context(certificates: Path, name: str) -> ssl.SSLContext:
    """Give TLS for the actor `name` as a server; a client must show a certificate of the same authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    return context


def open_context(certificates: Path, name: str) -> ssl.SSLContext:
    """Give TLS for the actor `name` as a server that anybody's browser may call."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    return context


def client_context(certificates: Path, name: str) -> ssl.SSLContext:
    """Give TLS for the actor `name` as a client."""
    context = ssl.create_default_context(cafile=certificates / "ca.pem")
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    return context


class Server:
    """Serves `POST path` as long as it is entered; `url` is whole, and its port is one that was free."""

    def __init__(self, certificates: Path, name: str, path: str, handler: Handler) -> None:
        self.path = path
        self.url = ""
        self._context = server_context(certificates, name)
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_post(path, handler)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._context)
        await site.start()
        self.url = f"https://localhost:{self._runner.addresses[0][1]}{self.path}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()


class End(ABC):
    """An end of the line in the sandbox, as the actor `name`: keeps what is posted to it, at `url` while entered."""

    def __init__(self, certificates: Path, name: str, path: str) -> None:
        self.received: list[Received] = []
        self._server = Server(certificates, name, path, self._take)

    @property
    def url(self) -> str:
        """Where messages are posted."""
        return self._server.url

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.__aexit__(kind, error, trace)

    @abstractmethod
    async def _take(self, request: web.Request) -> web.Response:
        """Take one message, and answer."""


async def receive(
    request: web.Request, faults: Callable[[bytes], tuple[str, ...]], unwrap: Callable[[bytes], bytes] | None = None
) -> Received:
    """Take in a request whole; `unwrap` gives what stands in a body that came sealed."""
    body = await request.read()
    if unwrap is not None and request.content_type == MEDIA_TYPE:
        body = unwrap(body)
    return Received(
        body, request.content_type, request.headers.get("Idempotency-Key", ""), _peer(request), faults(body)
    )


def _peer(request: web.Request) -> str:
    certificate = request.transport.get_extra_info("peercert") if request.transport else None
    names = [value for part in (certificate or {}).get("subject", ()) for key, value in part if key == "commonName"]
    return names[0] if names else ""


class XmlSchema:
    """A schema as libxml2 reads it, with nothing of the gateway's between."""

    def __init__(self, file: Path) -> None:
        self._schema = etree.XMLSchema(etree.parse(file))

    def faults(self, body: bytes) -> tuple[str, ...]:
        """Give what is wrong with a document; nothing when it is valid."""
        try:
            self._schema.assertValid(etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True)))
        except (etree.XMLSyntaxError, etree.DocumentInvalid) as error:
            return (str(error),)
        return ()


class Pending:
    """What an actor has yet to do by itself."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Awaitable[None]) -> None:
        """Do `work` meanwhile."""
        self._tasks.add(asyncio.ensure_future(work))

    async def settled(self) -> None:
        """Wait until everything is done; raises what went wrong."""
        while self._tasks:
            await self._tasks.pop()

    async def dropped(self) -> None:
        """Give up what is not done."""
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
