"""A doctor's office in the sandbox: its EHR's own way in, for what NAV and employers send it through the gateway."""

from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from gateway.sandbox.server import Received, Server, receive


class SandboxOffice:
    """Takes messages over mutual TLS, at `url` while entered, and keeps them."""

    def __init__(self, certificates: Path) -> None:
        """Take the folder of certificates."""
        self.received: list[Received] = []
        self._server = Server(certificates, "ehr", "/innboks", self._take)

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
