"""An OpenID provider for the demo and the tests: invented people, chosen from a list, no password.

It does what a real one does to its clients: authorisation code once, PKCE demanded, signed ID tokens. Source: OpenID
Connect Core 1.0 § 3.1, RFC 7636.
"""

import base64
import html
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from gateway.sandbox.server import open_context

ALGORITHM: Final = "ES256"
LIFETIME: Final = 300
CODE_LASTS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can log in: their subject, name, national number (empty: none is told), and what they are."""

    subject: str
    name: str
    number: str = field(repr=False)
    what: str


@dataclass(frozen=True, slots=True)
class _Code:
    account: Account
    asked: Mapping[str, str]
    until: float


class SandboxProvider:
    """Serves as long as it is entered; `issuer` is its URL. `accounts` are who may be chosen, by client."""

    def __init__(self, certificates: Path, accounts: Mapping[str, tuple[Account, ...]]) -> None:
        self.issuer = ""
        self._accounts = accounts
        self._key = ECKey.generate_key("P-256")
        self._key.ensure_kid()
        self._codes: dict[str, _Code] = {}
        self._tls = open_context(certificates, "gateway")
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._metadata)
        app.router.add_get("/jwks", self._jwks)
        app.router.add_get("/authorize", self._choose)
        app.router.add_post("/authorize", self._chosen)
        app.router.add_post("/token", self._token)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        self.issuer = f"https://localhost:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _metadata(self, request: web.Request) -> web.Response:
        del request
        return web.json_response(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "response_types_supported": ["code"],
                "code_challenge_methods_supported": ["S256"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
            }
        )

    async def _jwks(self, request: web.Request) -> web.Response:
        del request
        return web.json_response(KeySet([self._key]).as_dict(private=False, use="sig", alg=ALGORITHM))

    async def _choose(self, request: web.Request) -> web.Response:
        """Show whom one can be."""
        asked = dict(request.query)
        if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
            raise web.HTTPBadRequest(text="PKCE is demanded here")
        hidden = "".join(_hidden(name, value) for name, value in asked.items())
        people = self._accounts.get(asked.get("client_id", ""), ())
        rows = "".join(
            f'<p><button name="subject" value="{html.escape(one.subject)}">{html.escape(one.name)}</button> '
            f"{html.escape(one.what)}</p>"
            for one in people
        )
        page = (
            '<!doctype html><html lang="nb"><meta charset="utf-8"/><meta name="viewport" content="width=device-width"/>'
            "<title>Øvelse: velg hvem du er</title><main><h1>Øvelse: velg hvem du er</h1>"
            f'<form method="post" action="/authorize">{hidden}{rows}</form></main></html>'
        )
        return web.Response(text=page, content_type="text/html")

    async def _chosen(self, request: web.Request) -> web.Response:
        """Give a code to whoever was chosen, and go back."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        people = self._accounts.get(form.get("client_id", ""), ())
        account = next((one for one in people if one.subject == form.get("subject")), None)
        if account is None:
            raise web.HTTPBadRequest(text="nobody was chosen")
        code = secrets.token_urlsafe(16)
        self._codes[code] = _Code(account, form, time.monotonic() + CODE_LASTS)
        back = {"code": code, "state": form.get("state", ""), "iss": self.issuer}
        raise web.HTTPSeeOther(f"{form['redirect_uri']}?{urlencode(back)}")

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or time.monotonic() > code.until or not _matches(code, form):
            return web.json_response({"error": "invalid_grant"}, status=400)
        claims = self._claims(code)
        header = {"alg": ALGORITHM, "kid": self._key.kid}
        token = jwt.encode(header, claims, self._key, [ALGORITHM])
        return web.json_response({"id_token": token, "token_type": "Bearer", "access_token": secrets.token_urlsafe(8)})

    def _claims(self, code: _Code) -> dict[str, Any]:
        now = int(time.time())
        account = code.account
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": code.asked["client_id"],
            "sub": account.subject,
            "name": account.name,
            "nonce": code.asked.get("nonce", ""),
            "acr": "demo",
            "iat": now,
            "exp": now + LIFETIME,
        }
        return {**claims, "pid": account.number} if account.number else claims


def _matches(code: _Code, form: Mapping[str, str]) -> bool:
    digest = sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    same = all(form.get(name) == code.asked.get(name) for name in ("client_id", "redirect_uri"))
    return same and secrets.compare_digest(challenge, code.asked["code_challenge"])


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}"/>'
