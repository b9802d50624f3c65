"""Who we are to HelseID: access tokens by client credentials, bound to a key that each call proves.

private_key_jwt (RFC 7523 § 2.2, HelseID's security profile) and DPoP (RFC 9449). The key that proves calls is made
when the process starts and never leaves it.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlencode
from uuid import uuid4

import orjson
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, RSAKey

from gateway.core.errors import ConfigurationError, Unreachable
from gateway.core.ports import Clock
from gateway.edge.channel import Reply
from gateway.edge.edi import api
from gateway.edge.identity.dpop import digest

ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE: Final = 30
"""Seconds; HelseID takes none that lives longer than 60."""
MARGIN: Final = 30.0
"""Seconds before its end from which a token is not used any more."""
SHORTEST: Final = 5.0
PROOF: Final = "ES256"
_CURVES: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}

log = structlog.get_logger(__name__)


class Ask(Protocol):
    """Asks over HTTP, as `HttpsChannel` does."""

    async def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Ask once. Raises `ChannelError` when nobody answered."""

    async def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True, slots=True)
class Client:
    """Us as HelseID knows us: its issuer, our client id and scope there, and our private key."""

    issuer: str
    id: str
    key: RSAKey | ECKey = field(repr=False)
    scope: str = api.SCOPE

    @property
    def algorithm(self) -> str:
        """What the key signs with."""
        stated = self.key.alg
        if stated:
            return stated
        return _CURVES[str(self.key["crv"])] if isinstance(self.key, ECKey) else "RS256"


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, and until when (epoch seconds) it is used."""

    value: str = field(repr=False)
    until: float


def read_key(file: Path) -> RSAKey | ECKey:
    """Read a private key from a file: a JWK as HelseID gives it, or PEM. Raises `ConfigurationError`."""
    try:
        text = file.read_bytes()
        stated: Any = orjson.loads(text) if text.lstrip().startswith(b"{") else text
        kinds: tuple[type[RSAKey | ECKey], ...] = (RSAKey, ECKey)
        if isinstance(stated, dict):
            kinds = tuple(kind for kind in kinds if kind.key_type == stated.get("kty"))
        for kind in kinds:
            if (key := _imported(kind, stated)) is not None:
                return key
    except (OSError, orjson.JSONDecodeError):
        pass
    raise ConfigurationError(
        [f"{file}: this is no private key (RSA or EC, a JWK or PEM) that HelseID could know us by"]
    )


def _imported(kind: type[RSAKey] | type[ECKey], stated: Any) -> RSAKey | ECKey | None:
    try:
        key = kind.import_key(stated)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if key.is_private else None


class HelseId:
    """Gives tokens, one at a time and the same until near its end, and proofs of the key that they are bound to."""

    def __init__(self, client: Client, http: Ask, clock: Clock = time.time) -> None:
        self._client, self._http, self._clock = client, http, clock
        self._holder = ECKey.generate_key("P-256")
        self._token: Token | None = None
        self._nonce = ""
        self._one_asks = asyncio.Lock()

    async def token(self) -> str:
        """Give an access token. Raises `Unreachable` when HelseID gives none: nothing has left then."""
        async with self._one_asks:
            if self._token is None or self._clock() >= self._token.until:
                self._token = await self._fetched()
            return self._token.value

    def drop(self, token: str) -> None:
        """Use a token no more, which was refused."""
        if self._token is not None and self._token.value == token:
            self._token = None

    def proof(self, method: str, url: str, token: str = "", nonce: str = "") -> str:
        """Give the DPoP proof of one request (RFC 9449 § 4.2); `url` without its query."""
        header = {"typ": "dpop+jwt", "alg": PROOF, "jwk": self._holder.as_dict(private=False)}
        claims: dict[str, Any] = {"jti": str(uuid4()), "htm": method, "htu": url, "iat": int(self._clock())}
        claims |= {"ath": digest(token)} if token else {}
        claims |= {"nonce": nonce} if nonce else {}
        return _signed(header, claims, self._holder, PROOF)

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()

    async def _fetched(self) -> Token:
        reply = await self._asked()
        if reply.status in {400, 401} and "dpop-nonce" in reply.headers:
            self._nonce = reply.headers["dpop-nonce"]
            reply = await self._asked()
        self._nonce = reply.headers.get("dpop-nonce", self._nonce)
        said = _object(reply.body)
        value, lives = said.get("access_token"), said.get("expires_in")
        if reply.status != 200 or not isinstance(value, str) or str(said.get("token_type")).lower() != "dpop":  # noqa: PLR2004
            log.error("helseid-refused", status=reply.status, error=_word(said.get("error")))
            raise Unreachable(f"HelseID gave no token (status {reply.status})")
        seconds = float(lives) if isinstance(lives, int | float) else 0.0
        return Token(value, self._clock() + max(seconds - MARGIN, min(seconds / 2, SHORTEST)))

    async def _asked(self) -> Reply:
        url = self._client.issuer + api.TOKEN_PATH
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client.id,
            "scope": self._client.scope,
            "client_assertion_type": ASSERTION,
            "client_assertion": self._assertion(),
        }
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "dpop": self.proof("POST", url, nonce=self._nonce),
        }
        return await self._http.ask("POST", api.TOKEN_PATH, urlencode(form).encode(), headers)

    def _assertion(self) -> str:
        client, now = self._client, int(self._clock())
        header = {"typ": "client-authentication+jwt", "alg": client.algorithm}
        header |= {"kid": client.key.kid} if client.key.kid else {}
        claims = {"iss": client.id, "sub": client.id, "aud": client.issuer, "jti": str(uuid4())}
        times = {"iat": now, "nbf": now, "exp": now + ASSERTION_LIFE}
        return _signed(header, claims | times, client.key, client.algorithm)


def _signed(header: dict[str, Any], claims: dict[str, Any], key: Key, algorithm: str) -> str:
    return jwt.encode(header, claims, key, [algorithm], default_type=None)


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _word(said: object) -> str:
    """Give an OAuth error code for a log, if it is one."""
    return said if isinstance(said, str) and said.replace("_", "").isalpha() and said.isascii() else ""
