"""A whole gateway in this process, on SQLite, and callers with tokens of the demo issuer bound to keys of their own."""

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import respx
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey

from gateway.core.vocabulary import Role
from gateway.demo import settings_for
from gateway.edge.identity.access import ROUTES
from gateway.edge.identity.issuer import DemoIssuer
from gateway.edge.identity.parties import Client
from gateway.wiring.gateway import Gateway, Outside
from gateway.wiring.server import https_server

ISSUER = "https://samspill.example/demo-issuer"
AUDIENCE = "https://samspill.example"
PERSON = "11827020089"
ROLES = tuple(role.value for role in Role if role is not Role.GATEWAY)
REGISTER = """issuers:
  {issuer}: {{kind: smart, jwks: "{issuer}/jwks", audience: ["{audience}"], algorithms: [ES256],
    binding: dpop, lifetime: 300, example: yes}}
parties:
"""
PARTY = """  {id}:
    {{name: Ukjent, roles: [{role}],{organisation} sends: [{sends}], formats: [{formats}],
    scopes: [{scopes}], clients: [{{issuer: "{issuer}", id: {id}}}], example: yes,
    limits: {{body: 5242880, per-minute: 6000000, burst: 6000000}}}}
"""
SENDS = {
    "certifier": ("315000009", "sykmelding, legeerklaring, dialogmelding, dialogmote", "fhir, nav-sykmelding"),
    "nav": ("310000000", "nav-request, dialogmote", "nav-sykmelding, nav-apprec, nav-dialogmelding"),
    "employer": ("313000001", "absence-export, oppfolgingsplan, inntektsmelding", "nav-employer-json, hr-csv"),
}
TWICE = ("certifier", "employer")
LONGEST = 5.0


class Api:
    """The application, and who calls it. Everything runs in one loop of its own."""

    def __init__(self, gateway: Gateway, issuer: DemoIssuer, published: respx.MockRouter) -> None:
        self.gateway, self.issuer, self.published = gateway, issuer, published
        self.app: Any = https_server(gateway).config.app
        assert isinstance(self.app, FastAPI)
        self._loop = asyncio.new_event_loop()
        # Whatever is not caught is raised here, and fails the test with its traceback.
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=gateway.settings.base_url)
        self._holder = ECKey.generate_key("P-256")
        self._nonce = ""
        self._tokens = {role: self.signed(role) for role in ROLES}

    def signed(self, role: str, **changes: object) -> str:
        """Sign a token of a party with claims of one's own; a claim that is nothing is left out."""
        scopes = frozenset(scope for access in ROUTES if (scope := access.scope)) | {"patient"}
        token = self.issuer.issue(Client(ISSUER, role), scopes, {"jkt": self._holder.thumbprint()})
        header, claims = (json.loads(_unb64(part)) for part in token.split(".")[:2])
        more = {**({"pid": PERSON} if role == Role.PATIENT else {}), **changes}
        return jwt.encode(header, {**claims, **more}, self.issuer._key, ["ES256"], default_type=None)

    def send(self, role: str, request: httpx.Request) -> httpx.Response:
        """Send a request as a party, or as nobody; a proof that asks for a nonce is made again with it."""
        return self.send_with(self._tokens.get(role, ""), request)

    def send_with(self, token: str, request: httpx.Request) -> httpx.Response:
        """Send a request with a token, or with none."""
        answer = self.once(token, request)
        if token and answer.status_code == httpx.codes.UNAUTHORIZED and "dpop-nonce" in answer.headers:
            self._nonce = answer.headers["dpop-nonce"]
            answer = self.once(token, request)
        return answer

    def again(self, request: httpx.Request) -> httpx.Response:
        """Send a request as it is, with what it held before."""
        return self.run(self._client.send(request))

    def run(self, work: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
        """Do it in the loop of the application, and not for long."""
        return self._loop.run_until_complete(asyncio.wait_for(work, LONGEST))

    def forget_nonce(self) -> None:
        """Know no nonce, as a caller who comes for the first time."""
        self._nonce = ""

    @property
    def thumbprint(self) -> str:
        """The thumbprint of the callers' key."""
        return self._holder.thumbprint()

    def once(self, token: str, request: httpx.Request) -> httpx.Response:
        """Send a request with a token and the nonce that is known."""
        if token:
            request.headers["Authorization"] = f"DPoP {token}"
            request.headers["DPoP"] = self._proof(token, request)
        return self.again(request)

    def _proof(self, token: str, request: httpx.Request) -> str:
        header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": self._holder.as_dict(private=False)}
        claims = {
            "jti": secrets.token_hex(8),
            "htm": request.method,
            "htu": f"{self.gateway.settings.base_url}{request.url.raw_path.partition(b'?')[0].decode()}",
            "iat": int(time.time()),
            "ath": base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode(),
            "nonce": self._nonce,
        }
        return jwt.encode(header, claims, self._holder, ["ES256"], default_type=None)

    def close(self) -> None:
        """Let go of everything."""
        self._loop.run_until_complete(self._client.aclose())
        self._loop.run_until_complete(self.gateway.aclose())
        self._loop.close()


@contextmanager
def api(folder: Path, parties_yaml: str = "") -> Iterator[Api]:
    """Give a gateway of its own, with a register of one's own or that of all roles, until the end of the block."""
    parties = folder / "parties"
    parties.mkdir()
    (parties / "all.yaml").write_text(parties_yaml or register())
    key = ECKey.generate_key("P-256")
    issuer = DemoIssuer(ISSUER, AUDIENCE, key, time.time, demo=True)
    settings = settings_for(folder).model_copy(update={"parties": parties})
    with respx.mock(assert_all_called=False) as published:
        published.get(f"{ISSUER}/jwks").respond(json=issuer.jwks())
        running = Api(Gateway(settings, Outside({})), issuer, published)
        try:
            yield running
        finally:
            running.close()


def register() -> str:
    """Give a register with a party in each role, and a second in some, each with all the scopes there are."""
    scopes = ", ".join(sorted({f'"{access.scope}"' for access in ROUTES if access.scope}))
    text = REGISTER.format(issuer=ISSUER, audience=AUDIENCE)
    for role in ROLES:
        number, sends, formats = SENDS.get(role, ("", "", ""))
        organisation = f' organisation: "{number}",' if number else ""
        known = {"role": role, "scopes": scopes, "issuer": ISSUER}
        text += PARTY.format(id=role, organisation=organisation, sends=sends, formats=formats, **known)
        if role in TWICE:
            text += PARTY.format(id=f"{role}-2", organisation="", sends="", formats="", **known)
    return text


def _unb64(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
