"""A recipient in the sandbox that keeps what it gets: a doctor's office, Försäkringskassan, a Swedish employer."""

from pathlib import Path

from aiohttp import web

from gateway.sandbox.server import End, receive


class SandboxOffice(End):
    """Takes messages over mutual TLS, at `url` while entered, and keeps them."""

    def __init__(self, certificates: Path, actor: str = "ehr", path: str = "/innboks") -> None:
        """Take the folder of certificates, whose certificate it shows, and the path it is posted to."""
        super().__init__(certificates, actor, path)

    async def _take(self, request: web.Request) -> web.Response:
        self.received.append(await receive(request, lambda _body: ()))
        return web.Response(status=204)
