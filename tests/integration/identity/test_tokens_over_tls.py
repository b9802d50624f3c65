"""A client gets a token from the demo issuer and is known by it; all keys are fetched over TLS on loopback."""

import asyncio
import json
import secrets
import ssl
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from joserfc import jwt
from joserfc.jwk import ECKey

from gateway.core.errors import Busy
from gateway.core.vocabulary import Role
from gateway.edge import certs
from gateway.edge.identity import Unidentified
from gateway.edge.identity.access import authorise, match
from gateway.edge.identity.dpop import Proofs, digest
from gateway.edge.identity.identify import Identify
from gateway.edge.identity.issuer import ASSERTION, DemoIssuer, TokenEndpoint
from gateway.edge.identity.jwks import PublishedKeys, fetching
from gateway.edge.identity.parties import Binding, Client, Issuer, IssuerKind, Party, Registry
from gateway.edge.identity.replay import MemoryReplayStore, Nonces
from gateway.edge.seal import payload
from gateway.edge.seal.keys import read_key
from gateway.edge.trust import Anchors, Purpose

AUDIENCE = "https://gateway.example"
URL = f"{AUDIENCE}/fhir/$process-message"
SCOPE = "system/Bundle.c"


class KeyServer:
    """Serves JWK Sets on loopback over TLS."""

    def __init__(self, folder):
        self.sets = {}
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = server.sets.get(self.path)
                self.send_response(200 if body else 404)
                self.end_headers()
                self.wfile.write(json.dumps(body or {}).encode())

            def log_message(self, *_arguments):
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(folder / "gateway.pem", folder / "gateway.key")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("certs")
    certs.make(made / "set", datetime.now(UTC))
    return made / "set"


@pytest.fixture
def server(folder):
    running = KeyServer(folder)
    yield running
    running.close()


class Line:
    """Issuer, gateway and one client, joined as `gateway.wiring` joins them."""

    def __init__(self, server, folder):
        self.server = server
        self.issuer_key = ECKey.generate_key("P-256", parameters={"kid": "issuer-1"})
        self.client_key = ECKey.generate_key("P-384", parameters={"kid": "client-1"})
        self.holder = ECKey.generate_key("P-256")
        self.issuer = DemoIssuer(f"{server.url}/issuer", AUDIENCE, self.issuer_key, time.time, demo=True)
        self.publish()
        client = Client(self.issuer.id, "demo-ehr", f"{server.url}/client/jwks")
        known = Issuer(
            id=self.issuer.id,
            kind=IssuerKind.SMART,
            jwks=self.issuer.metadata()["jwks_uri"],
            audience=frozenset({AUDIENCE}),
            algorithms=frozenset({"ES256"}),
            binding=Binding.DPOP,
            example=True,
        )
        party = Party(
            id="ehr", name="x", roles=frozenset({Role.CERTIFIER}), scopes=frozenset({SCOPE}), clients=(client,)
        )
        context = ssl.create_default_context(cafile=folder / "ca.pem")
        self.http = httpx.AsyncClient(verify=context, timeout=5)
        keys = PublishedKeys(fetching(self.http), time.time, pause=0)
        used = MemoryReplayStore(time.time)
        self.nonces = Nonces(secrets.token_bytes(32), time.time)
        proofs = Proofs(self.nonces, used)
        registry = Registry([party], [known])
        self.endpoint = TokenEndpoint(self.issuer, registry, keys, used, proofs)
        self.identify = Identify(registry, keys, proofs, lambda _certificate, _purpose: None, time.time)

    def publish(self):
        self.server.sets["/issuer/jwks"] = self.issuer.jwks()
        self.server.sets["/client/jwks"] = {"keys": [self.client_key.as_dict(private=False)]}

    def assertion(self, **changes):
        now = int(time.time())
        claims = {
            "iss": "demo-ehr",
            "sub": "demo-ehr",
            "aud": self.issuer.token_url,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_hex(8),
            **changes,
        }
        header = {"alg": "ES384", "typ": "JWT", "kid": "client-1"}
        return jwt.encode(header, claims, self.client_key, ["ES384"], default_type=None)

    def proof(self, method, url, **changes):
        claims = {"jti": secrets.token_hex(8), "htm": method, "htu": url, "iat": int(time.time()), **changes}
        claims.setdefault("nonce", self.nonces.current())
        header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": self.holder.as_dict(private=False)}
        return jwt.encode(header, claims, self.holder, ["ES256"], default_type=None)

    async def token(self, assertion=None, **form):
        asked = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion or self.assertion(),
            "scope": SCOPE,
            **form,
        }
        return await self.endpoint.answer(asked, self.proof("POST", self.issuer.token_url), int(time.time()))

    async def call(self, token):
        headers = [("authorization", f"DPoP {token}"), ("dpop", self.proof("POST", URL, ath=digest(token)))]
        return await self.identify(headers, "POST", URL)


@pytest.fixture
def line(server, folder):
    return Line(server, folder)


def through(line, step):
    async def all_of_it():
        async with line.http:
            return await step()

    return asyncio.run(all_of_it())


def test_a_client_gets_a_token_with_its_own_key_and_is_known_by_it(line):
    async def step():
        answer = await line.token()
        assert (answer["token_type"], answer["scope"]) == ("DPoP", SCOPE)
        caller = await line.call(answer["access_token"])
        authorise(caller, match("POST", "/fhir/$process-message"))
        return caller

    assert through(line, step).party.id == "ehr"


def test_both_sides_may_rotate_their_keys_while_the_line_runs(line):
    async def step():
        await line.call((await line.token())["access_token"])
        line.client_key = ECKey.generate_key("P-384", parameters={"kid": "client-1b"})
        line.issuer._key = ECKey.generate_key("P-256", parameters={"kid": "issuer-2"})
        line.publish()
        header = {"alg": "ES384", "typ": "JWT", "kid": "client-1b"}
        claims = jwt.decode(line.assertion(), line.client_key, ["ES384"]).claims
        fresh = jwt.encode(header, claims, line.client_key, ["ES384"], default_type=None)
        return await line.call((await line.token(fresh))["access_token"])

    assert through(line, step).party.id == "ehr"


FORMS = {
    "another grant": ({"grant_type": "password"}, "unsupported_grant_type"),
    "a secret instead of an assertion": ({"client_assertion_type": "x", "client_secret": "s"}, "invalid_client"),
    "no assertion": ({"client_assertion": ""}, "invalid_client"),
    "scopes that are not the client's": ({"scope": "samspill:console"}, "invalid_scope"),
    "no scope": ({"scope": ""}, "invalid_scope"),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_request_that_is_not_as_agreed_gets_no_token(line, name):
    form, error = FORMS[name]
    with pytest.raises(Unidentified) as caught:
        through(line, lambda: line.token(**form))
    assert caught.value.error == error


ASSERTIONS = {
    "for another audience": {"aud": AUDIENCE},
    "about another": {"sub": "demo-employer"},
    "by another": {"iss": "demo-employer"},
    "expired": {"iat": 1, "exp": 2},
    "that lives too long": {"exp": int(time.time()) + 4000},
    "without an id": {"jti": ""},
}


@pytest.mark.parametrize("name", ASSERTIONS)
def test_an_assertion_that_does_not_hold_gets_no_token(line, name):
    with pytest.raises(Unidentified) as caught:
        through(line, lambda: line.token(line.assertion(**ASSERTIONS[name])))
    assert caught.value.error == "invalid_client"


def test_a_client_that_has_not_said_where_its_keys_are_gets_no_token(line):
    without = Client(line.issuer.id, "demo-ehr")
    party = replace(line.endpoint._registry.party("ehr"), clients=(without,))
    line.endpoint._registry = Registry([party], line.endpoint._registry.issuers.values())
    with pytest.raises(Unidentified, match="where its keys are"):
        through(line, line.token)


def test_an_assertion_counts_once(line):
    async def step():
        assertion = line.assertion()
        await line.token(assertion)
        await line.token(assertion)

    with pytest.raises(Unidentified, match="used before"):
        through(line, step)


def test_keys_behind_a_server_that_tls_does_not_trust_are_not_keys(line):
    async def step():
        line.identify._keys = PublishedKeys(fetching(httpx.AsyncClient(timeout=5)), time.time)
        await line.call((await line.token())["access_token"])

    with pytest.raises(Busy):
        through(line, step)


def test_a_payload_goes_from_one_actor_to_another_with_the_example_keys(folder):
    head = b'<MsgHead xmlns="http://www.kith.no/xmlstds/msghead/2006-05-24"><MsgInfo/></MsgHead>'
    gateway = read_key(folder / "gateway-signing.key", folder / "gateway-signing.pem")
    nav = read_key(folder / "nav-signing.key", folder / "nav-signing.pem")
    peer = payload.Peer(signers=[gateway.certificate], recipients=[nav.certificate], compress=True)
    opened = payload.open_(payload.close(head, gateway, peer), [nav], peer)
    assert opened == b'<MsgHead xmlns="http://www.kith.no/xmlstds/msghead/2006-05-24"><MsgInfo></MsgInfo></MsgHead>'


def test_the_example_certificates_have_the_purposes_that_the_line_needs(folder):
    anchors = Anchors([x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())])

    def chain(name: str, purpose: Purpose):
        leaf = x509.load_pem_x509_certificate(Path(folder / f"{name}.pem").read_bytes())
        return anchors.chain(leaf, purpose, datetime.now(UTC))

    for name, purpose in (
        ("ehr", Purpose.CLIENT),
        ("gateway", Purpose.SERVER),
        ("nav-signing", Purpose.SIGN),
        ("nav-signing", Purpose.SEAL),
    ):
        assert len(chain(name, purpose)) == 2
