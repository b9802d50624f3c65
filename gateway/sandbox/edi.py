"""NHN's side in the sandbox: HelseID's token endpoint and the message service of EDI 2.0, and NAV behind them.

It shares no line of EDI code with the gateway: tokens, proofs and messages are read as the standards and NHN's API say.
"""

import asyncio
import base64
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from uuid import uuid4

import orjson
from aiohttp import web
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from lxml import etree

from gateway.sandbox.nav import Answer, SandboxNav
from gateway.sandbox.server import Received, open_context

SCOPE: Final = "nhn:msh/api"
CLIENT: Final = "samspill-sandbox"
GATEWAY, NAV = 990001, 990002
"""HER-ids of the sandbox's two parties."""
LIFE: Final = 600
_ALGORITHMS: Final = ["RS256", "PS256", "ES256", "ES384"]
_STATES: Final = {"1": "Ok", "2": "Rejected", "3": "OkErrorInMessagePart"}


class Trouble(StrEnum):
    """What befalls the next call of a kind."""

    LOST = "lost"  # done, and the answer is a 502
    BROKEN = "broken"  # a 500, and nothing is done
    MANY = "many"  # a 429
    LOCKED = "locked"  # a 423
    REFUSED = "refused"  # a 400
    STRANGER = "stranger"  # a 401: the token does not count any more
    NONCE = "nonce"  # a 401 that asks for a nonce
    SLOW = "slow"  # done, a second late


_ANSWERS: Final = {Trouble.BROKEN: 500, Trouble.MANY: 429, Trouble.LOCKED: 423, Trouble.REFUSED: 400}


@dataclass(slots=True)
class Post:
    """A message in the service: unread until marked, its transport's state and its AppRec."""

    id: str
    sender: int
    receiver: int
    document: bytes = field(repr=False)
    is_apprec: bool = False
    read: bool = False
    state: str = "Unconfirmed"
    apprec: str | None = None
    errors: list[dict[str, str]] = field(default_factory=list)
    overrides: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """What a call is refused with."""

    def __init__(self, status: int, error: str, **headers: str) -> None:
        self.status, self.error, self.headers = status, error, headers


class TokenEndpoint:
    """HelseID: gives tokens to one client for an assertion and a proof, each of which counts once."""

    def __init__(self, issuer: Callable[[], str], key: RSAKey | ECKey) -> None:
        self._issuer, self._client_key = issuer, key
        self._key = ECKey.generate_key("P-256", auto_kid=True)
        self.nonce, self._used = "first-nonce", set[str]()
        self.given, self.troubles = 0, list[Trouble]()
        self.life = LIFE

    def token(self, form: dict[str, Any], proof: str) -> dict[str, Any]:
        """Give a token. Raises `Refusal`."""
        wanted = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        if form.get("grant_type") != "client_credentials" or form.get("client_assertion_type") != wanted:
            raise Refusal(400, "unsupported_grant_type")
        said = self._read(str(form.get("client_assertion", "")), self._client_key, "client-authentication+jwt")
        now = time.time()
        right = (said.get("iss"), said.get("sub"), said.get("aud")) == (CLIENT, CLIENT, self._issuer())
        if not right or form.get("client_id") != CLIENT or not now < said.get("exp", 0) <= now + 60:
            raise Refusal(400, "invalid_client")
        self.once(said.get("jti"))
        holder = self.proved(proof, "POST", self._issuer() + "/connect/token", nonce=self.nonce)
        if form.get("scope") != SCOPE:
            raise Refusal(400, "invalid_scope")
        self.given += 1
        claims = {"iss": self._issuer(), "client_id": CLIENT, "scope": SCOPE, "exp": int(now) + self.life}
        claims |= {"cnf": {"jkt": holder}, "jti": str(uuid4())}
        value = jwt.encode({"alg": "ES256", "typ": "at+jwt"}, claims, self._key, ["ES256"])
        return {"access_token": value, "expires_in": self.life, "token_type": "DPoP", "scope": SCOPE}

    def holder(self, token: str) -> str:
        """Give the thumbprint of the key that a token is bound to. Raises `Refusal`."""
        said = self._read(token, self._key, "at+jwt", 401)
        if said.get("exp", 0) <= time.time() or said.get("scope") != SCOPE:
            raise Refusal(401, "invalid_token")
        return str(said["cnf"]["jkt"])

    def proved(self, proof: str, method: str, url: str, token: str = "", nonce: str = "") -> str:
        """Give the thumbprint of the key of a proof that is for this call. Raises `Refusal`."""
        status = 401 if token else 400
        try:
            stated = orjson.loads(base64.urlsafe_b64decode(proof.split(".", maxsplit=1)[0] + "=="))
            key = ECKey.import_key(stated["jwk"])
        except (ValueError, KeyError, TypeError, JoseError):
            raise Refusal(status, "invalid_dpop_proof") from None
        if key.is_private:
            raise Refusal(status, "invalid_dpop_proof")
        said = self._read(proof, key, "dpop+jwt", status)
        digest = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        held = (said.get("htm"), said.get("htu"), said.get("ath", "")) == (method, url, digest if token else "")
        if not held or abs(time.time() - said.get("iat", 0)) > 60:  # noqa: PLR2004 - seconds
            raise Refusal(status, "invalid_dpop_proof")
        if nonce and said.get("nonce") != nonce:
            raise Refusal(status, "use_dpop_nonce", **{"DPoP-Nonce": nonce})
        self.once(said.get("jti"), status)
        return key.thumbprint()

    def once(self, jti: object, status: int = 400) -> None:
        """Remember an id. Raises `Refusal` for one that was used."""
        if not isinstance(jti, str) or jti in self._used:
            raise Refusal(status, "replayed")
        self._used.add(jti)

    def _read(self, token: str, key: RSAKey | ECKey, kind: str, status: int = 400) -> dict[str, Any]:
        try:
            read = jwt.decode(token, key, _ALGORITHMS)
        except (JoseError, ValueError):
            raise Refusal(status, "invalid_token") from None
        if read.header.get("typ") != kind:
            raise Refusal(status, "invalid_token")
        return dict(read.claims)


class SandboxEdi:
    """The service, at `url` while entered. `posts` holds every message that was ever given to it, by its id.

    `troubles` says what befalls the next calls, by kind (`send`, `unread`, `document`, `status`, `apprec`, `receipt`,
    `read`), in order; `calls` counts them. `arrived` is told of a message to a HER-id that is not the gateway's, and
    gives the state of its transport.
    """

    def __init__(self, certificates: Path, key: RSAKey | ECKey) -> None:
        """Take the folder of certificates, and the key (public is enough) that the gateway's client has registered."""
        self.url, self.posts, self.troubles = "", dict[str, Post](), dict[str, list[Trouble]]()
        self.calls: list[str] = []
        self.arrived: Callable[[Post], str] = lambda _post: "Unconfirmed"
        self.helseid = TokenEndpoint(lambda: self.url, key)
        self.nonce = ""
        self._context = open_context(certificates, "nav")
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.2)

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=48 * 1024 * 1024)
        app.router.add_post("/connect/token", self._token)
        kinds: tuple[tuple[str, str, str, Callable[[web.Request], Awaitable[web.Response]]], ...] = (
            ("POST", "/Messages", "send", self._send),
            ("GET", "/Messages", "unread", self._unread),
            ("GET", "/Messages/{id}/business-document", "document", self._document),
            ("GET", "/Messages/{id}/status", "status", self._status),
            ("GET", "/Messages/{id}/apprec", "apprec", self._apprec),
            ("POST", "/Messages/{id}/apprec/{her}", "receipt", self._receipt),
            ("PUT", "/Messages/{id}/read/{her}", "read", self._read),
        )
        for method, path, kind, handler in kinds:
            app.router.add_route(method, path, self._guarded(kind, handler))
        return app

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._context)
        await site.start()
        self.url = f"https://localhost:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def put(self, document: bytes, sender: int = NAV, *, is_apprec: bool = False) -> str:
        """Give the service a document for the gateway; give the id that it has there."""
        post = Post(str(uuid4()), sender, GATEWAY, document, is_apprec)
        self.posts[post.id] = post
        return post.id

    def unread(self) -> list[Post]:
        """Give what the gateway has yet to read."""
        return [post for post in self.posts.values() if post.receiver == GATEWAY and not post.read]

    def sent(self) -> list[Post]:
        """Give what the gateway has sent."""
        return [post for post in self.posts.values() if post.sender == GATEWAY and not post.is_apprec]

    async def _token(self, request: web.Request) -> web.Response:
        self.calls.append("token")
        if self.helseid.troubles:
            return web.Response(status={Trouble.REFUSED: 400}.get(self.helseid.troubles.pop(0), 503))
        form = {name: str(value) for name, value in (await request.post()).items()}
        try:
            return web.json_response(self.helseid.token(form, request.headers.get("DPoP", "")))
        except Refusal as refused:
            return web.json_response({"error": refused.error}, status=refused.status, headers=refused.headers)

    def _guarded(
        self, kind: str, handler: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def guarded(request: web.Request) -> web.Response:
            self.calls.append(kind)
            waiting = self.troubles.get(kind)
            trouble = waiting.pop(0) if waiting else None
            try:
                self._known(request, trouble)
                if trouble in _ANSWERS:
                    return web.json_response({"error": "planned"}, status=_ANSWERS[trouble])
                if trouble is Trouble.SLOW:
                    await asyncio.sleep(1)
                answer = await handler(request)
            except Refusal as refused:
                return web.json_response({"error": refused.error}, status=refused.status, headers=refused.headers)
            return web.Response(status=502) if trouble is Trouble.LOST else answer

        return guarded

    def _known(self, request: web.Request, trouble: Trouble | None) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "DPoP" or request.headers.get("api-version") != "2" or "nhn-source-system" not in request.headers:
            raise Refusal(401 if scheme != "DPoP" else 400, "invalid_request")
        if trouble is Trouble.NONCE:
            self.nonce = str(uuid4())
        holder = self.helseid.holder(token)
        url = f"{self.url}{request.path}"
        if self.helseid.proved(request.headers.get("DPoP", ""), request.method, url, token, self.nonce) != holder:
            raise Refusal(401, "invalid_token")
        if trouble is Trouble.STRANGER:
            raise Refusal(401, "invalid_token")

    async def _send(self, request: web.Request) -> web.Response:
        said = orjson.loads(await request.read())
        document = base64.b64decode(said["businessDocument"], validate=True)
        if (said["contentType"], said["contentTransferEncoding"]) != ("application/xml", "base64"):
            raise Refusal(400, "content")
        try:
            etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True))
        except etree.XMLSyntaxError:
            raise Refusal(400, "no XML") from None
        (receiver,) = said["receiverHerIdsSubset"]
        post = Post(str(uuid4()), GATEWAY, receiver, document, overrides=said.get("ebXmlOverrides") or {})
        self.posts[post.id] = post
        post.state = self.arrived(post)
        return web.json_response(post.id, status=201)

    async def _unread(self, request: web.Request) -> web.Response:
        hers = {int(her) for her in request.query.getall("ReceiverHerIds")}
        if GATEWAY not in hers:
            raise Refusal(403, "not authorised for the HER-id")
        found = self.unread()[: int(request.query.get("MessagesToFetch", "10"))]
        listed = [{"id": one.id, "receiverHerId": one.receiver, "senderHerId": one.sender} for one in found]
        return web.json_response([row | {"isAppRec": one.is_apprec} for row, one in zip(listed, found, strict=True)])

    async def _document(self, request: web.Request) -> web.Response:
        post = self._post(request)
        content = {"contentType": "application/xml", "contentTransferEncoding": "base64"}
        return web.json_response({"businessDocument": base64.b64encode(post.document).decode()} | content)

    async def _status(self, request: web.Request) -> web.Response:
        post = self._post(request)
        told = {"receiverHerId": post.receiver, "transportDeliveryState": post.state, "appRecStatus": post.apprec}
        return web.json_response([told])

    async def _apprec(self, request: web.Request) -> web.Response:
        post = self._post(request)
        told = {"receiverHerId": post.receiver, "appRecStatus": post.apprec, "appRecErrorList": post.errors}
        return web.json_response([told])

    async def _receipt(self, request: web.Request) -> web.Response:
        post, said = self._post(request), orjson.loads(await request.read())
        if post.is_apprec or post.apprec or int(request.match_info["her"]) != post.receiver:
            raise Refusal(400, "there is an AppRec, or there cannot be one")
        post.apprec, post.errors = _STATES[said["appRecStatus"]], said.get("appRecErrorList") or []
        return web.json_response(str(uuid4()), status=201)

    async def _read(self, request: web.Request) -> web.Response:
        post = self._post(request)
        if int(request.match_info["her"]) != post.receiver:
            raise Refusal(403, "not authorised for the HER-id")
        post.read = True
        return web.Response(status=204)

    def _post(self, request: web.Request) -> Post:
        post = self.posts.get(request.match_info["id"])
        if post is None:
            raise Refusal(404, "no such message")
        return post


class EdiNav(SandboxNav):
    """NAV behind the service: takes what is sent to its HER-id, each once, and answers with AppRecs."""

    def __init__(self, certificates: Path, schemas: Path, edi: SandboxEdi) -> None:
        """Take the folder of certificates, `mappings/schema`, and the service."""
        super().__init__(certificates, schemas)
        self._edi, self._seen = edi, set[bytes]()
        edi.arrived = self.arrived

    def arrived(self, post: Post) -> str:
        """Take a message, and give the state of its transport; the same document again is known."""
        message = Received(post.document, "application/xml", post.id, "", self._schema.faults(post.document))
        receipt = self.receipt(message, self.control)
        if post.document not in self._seen:
            self._seen.add(post.document)
            self.received.append(message)
        if receipt is not None and self.control.answer is not Answer.NONE:
            self._edi.put(receipt, is_apprec=True)
        return "Acknowledged"

    async def send(self, base: str, document: bytes) -> None:
        """Give the service a document of NAV's own."""
        del base
        self._edi.put(document)
