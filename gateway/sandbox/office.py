"""A recipient in the sandbox that keeps what it gets: a doctor's office, Försäkringskassan, a Swedish employer."""

from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from gateway.sandbox.server import Received, Server, receive


class SandboxOffice:
    """Takes messages over mutual TLS, at `url` while entered, and keeps them."""

    def __init__(self, certificates: Path, actor: str = "ehr", path: str = "/innboks") -> None:
        """Take the folder of certificates, whose certificate it shows, and the path it is posted to."""
        self.received: list[Received] = []
        self._server = Server(certificates, actor, path, self._take)

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

    async def _take(self, request: web.Request) -> web.Response:
        self.received.append(await receive(request, lambda _body: ()))
        return web.Response(status=204)
