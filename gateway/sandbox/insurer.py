"""Försäkringskassan in the sandbox: provides RIV-TA services, and calls those of care."""

from pathlib import Path
from urllib.parse import urljoin

import aiohttp
from aiohttp import web

from gateway.core.errors import Issue
from gateway.edge import soap
from gateway.sandbox.server import End, client_context, receive

REFUSED = Issue("value", "", "the sandbox refuses this")


class SandboxInsurer(End):
    """Takes calls over mutual TLS, at `url` while entered, and keeps them; answers OK, or what `error` names."""

    def __init__(self, certificates: Path) -> None:
        """Take the folder of certificates; it is known by the certificate of the actor `nav`."""
        super().__init__(certificates, "nav", "/riv-ta")
        self._client = client_context(certificates, "nav")
        self.error = ""

    async def _take(self, request: web.Request) -> web.Response:
        message = await receive(request, lambda _body: ())
        if not self.error:
            self.received.append(message)
        told = soap.answer(message.body, (REFUSED,) if self.error else (), self.error)
        return web.Response(body=told, content_type=soap.MEDIA_TYPE)

    async def call(self, base: str, body: bytes, address: str) -> bytes:
        """Call a service of care at a gateway, for a logical address; give the answer."""
        sent = soap.close(body, address)
        headers = {"Content-Type": soap.MEDIA_TYPE, "SOAPAction": f'"{soap.action(sent)}"'}
        connector = aiohttp.TCPConnector(ssl=self._client)
        async with (
            aiohttp.ClientSession(connector=connector, trust_env=False) as session,
            session.post(urljoin(base, "/riv-ta"), data=sent, headers=headers) as response,
        ):
            return await response.read()
