"""Calls NHN's message service: each call with a token, and a proof of its own."""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

from gateway.core.errors import ChannelError, Issue, NotAcceptable, Rejected, Unreachable
from gateway.edge.channel import Reply, judge
from gateway.edge.edi import api
from gateway.edge.edi.api import Waiting
from gateway.edge.edi.helseid import Ask, HelseId

UNAUTHORISED: Final = 401
LOCKED: Final = 423
JSON: Final = {"content-type": "application/json"}


class MessageService:
    """The service at `url`. Every call raises `ChannelError`: `Unreachable` where nothing was taken."""

    def __init__(self, url: str, http: Ask, helseid: HelseId) -> None:
        self._url, self._http, self._helseid = url, http, helseid
        self._nonce = ""

    async def send(self, document: bytes, her: str, overrides: Mapping[str, str]) -> str:
        """Send a document to a HER-id, and give the id that the service has given it."""
        body = api.message(document, her, overrides)
        if len(body) > api.LARGEST:
            raise Rejected("the message is larger than the message service takes")
        return api.sent(await self._call("POST", api.MESSAGES, body))

    async def status(self, name: str, her: str) -> str:
        """Give the transport's state of a message that was sent to a HER-id; empty when nothing is said."""
        return api.status(await self._call("GET", api.STATUS.format(id=name)), her)

    async def unread(self, hers: Iterable[str]) -> list[Waiting]:
        """Give what is unread of the messages to these HER-ids."""
        return api.waiting(await self._call("GET", api.unread(hers)))

    async def document(self, name: str) -> bytes:
        """Give the document of a message. Raises `NotAcceptable` for one that is too large to be read."""
        return api.document(await self._call("GET", api.DOCUMENT.format(id=name)))

    async def receipted(self, one: Waiting) -> bool:
        """Whether a message that came to us has its AppRec already; when that cannot be told, it has none."""
        try:
            return api.receipted(await self._call("GET", api.APPREC.format(id=one.id)), one.receiver)
        except Unreachable:
            raise
        except ChannelError:
            return False

    async def receipt(self, one: Waiting, body: bytes) -> None:
        """Answer a message with an AppRec."""
        await self._call("POST", api.SEND_APPREC.format(id=one.id, her=one.receiver), body)

    async def read(self, one: Waiting) -> None:
        """Mark a message as read."""
        await self._call("PUT", api.READ.format(id=one.id, her=one.receiver))

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()
        await self._helseid.close()

    async def _call(self, method: str, path: str, body: bytes = b"") -> bytes:
        token = await self._helseid.token()
        reply = await self._proved(method, path, body, token)
        if reply.status == UNAUTHORISED:  # nothing was taken, so once more: with the nonce, or with a new token
            if "dpop-nonce" not in reply.headers:
                self._helseid.drop(token)
                token = await self._helseid.token()
            reply = await self._proved(method, path, body, token)
        if reply.status in {UNAUTHORISED, LOCKED}:
            self._helseid.drop(token)
            raise Unreachable(f"the message service answered {reply.status}: it does not let us in now")
        if failed := judge(reply.status):
            raise failed
        if reply.cut:
            raise NotAcceptable([Issue("too-long", "", "the document is larger than what is taken here")])
        return reply.body

    async def _proved(self, method: str, path: str, body: bytes, token: str) -> Reply:
        proof = self._helseid.proof(method, self._url + urlsplit(path).path, token, self._nonce)
        headers = {**api.VERSION, **(JSON if body else {}), "authorization": f"DPoP {token}", "dpop": proof}
        reply = await self._http.ask(method, path, body, headers)
        self._nonce = reply.headers.get("dpop-nonce", self._nonce)
        return reply
