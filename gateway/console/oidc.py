"""Logging in with OpenID Connect: authorisation code with PKCE, every claim of the ID token checked.

Sources: OpenID Connect Core 1.0 §§ 3.1.2, 3.1.3.7; RFC 7636 (PKCE, S256); RFC 9207 (issuer in the answer); RFC 9700.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

import httpx

from gateway.console.sessions import NotLoggedIn, Pending
from gateway.core.errors import Busy
from gateway.core.identifiers import PERSONS, kind_of, series_of
from gateway.edge.identity import Unidentified
from gateway.edge.identity.fetch import bounded
from gateway.edge.identity.jwks import PublishedKeys, fetching
from gateway.edge.identity.tokens import Expected, peek, validate

ALGORITHMS: Final = frozenset({"RS256", "PS256", "ES256", "RS384", "ES384", "PS384"})
TYPES: Final = frozenset({"", "jwt"})
LIFETIME: Final = 24 * 3600
LARGEST: Final = 64 * 1024
NUMBERS: Final = ("pid", "helseid://claims/identity/pid", "https://id.oidc.se/claim/personalIdentityNumber")
"""The claims that ID-porten, HelseID and Swedish providers (OIDC Sweden) give the national number in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """An OpenID provider that people log in with.

    `levels` are the `acr` values that are enough; with none, any is. `secret` is absent for a public client.
    """

    issuer: str
    client: str
    secret: str = field(default="", repr=False)
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Who logged in, as the provider says: its name of them, their name, their number (empty: it does not say)."""

    subject: str
    name: str
    number: str = field(repr=False)


class Login:
    """Log-in with one provider. `callback` is our address that it answers to, `now` gives epoch seconds."""

    def __init__(self, provider: Provider, client: httpx.AsyncClient, callback: str, now: Any) -> None:
        self.provider, self._client, self._callback, self._now = provider, client, callback, now
        self._keys = PublishedKeys(fetching(client), now)
        self._known: Mapping[str, Any] = {}

    async def address(self, pending: Pending) -> str:
        """Give where the browser is sent. Raises `Busy` when the provider is away."""
        metadata = await self._metadata()
        asked = {
            "response_type": "code",
            "client_id": self.provider.client,
            "redirect_uri": self._callback,
            "scope": "openid profile",
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": _challenge(pending.verifier),
            "code_challenge_method": "S256",
        }
        if self.provider.levels:
            asked["acr_values"] = " ".join(self.provider.levels)
        return f"{metadata['authorization_endpoint']}?{urlencode(asked)}"

    async def person(self, pending: Pending, answer: Mapping[str, str]) -> Person:
        """Give who logged in. Raises `NotLoggedIn` for an answer that is not all it must be, or `Busy`."""
        if not hmac.compare_digest(answer.get("state", "").encode(), pending.state.encode()):
            raise NotLoggedIn("the answer is not to the log-in that was begun here")
        if answer.get("iss", self.provider.issuer) != self.provider.issuer or not answer.get("code"):
            raise NotLoggedIn("the provider did not log anybody in")
        token = await self._token(answer["code"], pending.verifier)
        try:
            claims = await self._claims(token)
        except Unidentified as error:
            raise NotLoggedIn(error.why) from None
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), pending.nonce.encode()):
            raise NotLoggedIn("the ID token is not of the log-in that was begun here")
        return self._person(claims)

    def _person(self, claims: Mapping[str, Any]) -> Person:
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise NotLoggedIn("the ID token names nobody")
        if claims.get("azp", self.provider.client) != self.provider.client:
            raise NotLoggedIn("the ID token was issued to another client")
        if self.provider.levels and claims.get("acr") not in self.provider.levels:
            raise NotLoggedIn("the log-in is not as strong as it must be")
        number = next((claims[name] for name in NUMBERS if isinstance(claims.get(name), str)), "")
        if number and series_of(number) is None and kind_of(number) not in PERSONS:
            raise NotLoggedIn("the ID token holds a number that is no national number")
        return Person(subject, str(claims.get("name", ""))[:80], number)

    async def _claims(self, token: str) -> Mapping[str, Any]:
        header, _ = peek(token)
        kid = header.get("kid")
        metadata = await self._metadata()
        keys = await self._keys.keys(metadata["jwks_uri"], kid if isinstance(kid, str) else None)
        audience = frozenset({self.provider.client})
        return validate(token, keys, Expected(self.provider.issuer, audience, ALGORITHMS, TYPES, LIFETIME), self._now())

    async def _token(self, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": verifier,
            "client_id": self.provider.client,
        }
        secret = self.provider.secret
        address = (await self._metadata())["token_endpoint"]
        auth = httpx.BasicAuth(self.provider.client, secret) if secret else httpx.USE_CLIENT_DEFAULT
        try:
            request = self._client.build_request("POST", address, data=form)
            if isinstance(auth, httpx.BasicAuth):
                request = next(auth.auth_flow(request))
            token = json.loads(await bounded(self._client, request, LARGEST)).get("id_token")
        except (OSError, ValueError, AttributeError, RecursionError):
            raise NotLoggedIn("the provider gave no ID token") from None
        except httpx.HTTPError:
            raise Busy("the log-in provider is away", retry_after=30) from None
        if not isinstance(token, str):
            raise NotLoggedIn("the provider gave no ID token")
        return token

    async def _metadata(self) -> Mapping[str, Any]:
        if not self._known:
            address = f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration"
            try:
                raw = await bounded(self._client, self._client.build_request("GET", address), LARGEST)
                found = json.loads(raw)
            except (OSError, ValueError, RecursionError, httpx.HTTPError):
                raise Busy("the log-in provider is away", retry_after=30) from None
            self._known = _checked(found, self.provider.issuer)
        return self._known


def _checked(found: Any, issuer: str) -> Mapping[str, Any]:
    """Take metadata only when it is of this issuer and every address is https (OpenID Connect Discovery § 4.3)."""
    wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    right = isinstance(found, dict) and found.get("issuer") == issuer
    if not right or any(not str(found.get(name, "")).startswith("https://") for name in wanted):
        raise Busy("the log-in provider's metadata is not its own", retry_after=300)
    return dict(found)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
