"""HelseID and Maskinporten as issuers over the whole line: a bundle posted to a running gateway with their tokens.

Claims are those of HelseID's and Maskinporten's own pages; keys, organisations and persons are made up.
"""

import secrets
import time

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from live_api import AUDIENCE, PERSON, api

from gateway.sandbox import messages

HELSEID, MASKINPORTEN = "https://helseid.example", "https://maskinporten.example"
PARENT = "helseid://claims/client/claims/orgnr_parent"
PID = "helseid://claims/identity/pid"
CLIENT = "3f1c9a52-0000-4000-8000-000000000001"
CLINIC, SUPPLIER = "315000009", "313000001"
FHIR = {"Content-Type": "application/fhir+json"}
REGISTER = f"""issuers:
  {HELSEID}: {{kind: helseid, jwks: "{HELSEID}/jwks", audience: ["{AUDIENCE}"], algorithms: [PS256], binding: dpop}}
  {MASKINPORTEN}:
    {{kind: maskinporten, jwks: "{MASKINPORTEN}/jwks", audience: ["{AUDIENCE}"], algorithms: [RS256], binding: dpop}}
parties:
  clinic:
    name: Oppdiktet legekontor
    organisation: "{CLINIC}"
    roles: [certifier]
    sends: [sykmelding]
    formats: [fhir]
    scopes: [system/Bundle.c, system/Task.r]
    suppliers: ["{SUPPLIER}"]
    clients: [{{issuer: "{HELSEID}", id: "{CLIENT}"}}, {{issuer: "{MASKINPORTEN}", id: "{CLIENT}"}}]
"""


class Issuer:
    """Signs tokens with its newest key, and publishes it beside the one before."""

    def __init__(self, name, algorithm, published):
        self.name, self.algorithm, self.keys = name, algorithm, []
        self.rotate()
        self.fetched = published.get(f"{name}/jwks").mock(side_effect=self._published)

    def rotate(self):
        self.keys = [RSAKey.generate_key(2048, parameters={"kid": secrets.token_hex(8)}), *self.keys][:2]

    def _published(self, _request):
        return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.keys]})

    def token(self, live, **changes):
        now, key = int(time.time()), self.keys[0]
        claims = {
            "iss": self.name,
            "aud": AUDIENCE,
            "client_id": CLIENT,
            "scope": "system/Bundle.c system/Task.r",
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "jti": secrets.token_hex(16),
            "cnf": {"jkt": live.thumbprint},
            **changes,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.algorithm, "typ": "at+jwt", "kid": key.kid}
        return jwt.encode(header, kept, key, [self.algorithm], default_type=None)


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    with api(tmp_path_factory.mktemp("issuers"), REGISTER) as running:
        running.gateway.identity._identify._keys._pause = 0  # the half minute between two fetches
        yield running


@pytest.fixture(scope="module")
def helseid(live):
    issuer = Issuer(HELSEID, "PS256", live.published)
    issuer.own = {PARENT: CLINIC, PID: PERSON, "helseid://claims/identity/security_level": "4"}
    return issuer


@pytest.fixture(scope="module")
def maskinporten(live):
    issuer = Issuer(MASKINPORTEN, "RS256", live.published)
    issuer.own = {"consumer": number(CLINIC)}
    return issuer


def number(organisation):
    return {"authority": "iso6523-actorid-upis", "ID": f"0192:{organisation}"}


def posted(live, token, content=None):
    content = content or messages.load("full").replace(b"5f0d0a00", secrets.token_hex(4).encode())
    return live.send_with(
        token, httpx.Request("POST", f"{AUDIENCE}/fhir/$process-message", headers=FHIR, content=content)
    )


@pytest.mark.parametrize("which", ["helseid", "maskinporten"])
def test_a_bundle_comes_in_with_a_bound_token_and_its_sender_follows_it(live, which, request):
    issuer = request.getfixturevalue(which)
    token = issuer.token(live, **issuer.own)
    bundle = httpx.Request("POST", f"{AUDIENCE}/fhir/$process-message", headers=FHIR, content=messages.load("full"))
    live.forget_nonce()
    first = live.once(token, bundle)
    assert (first.status_code, "use_dpop_nonce" in first.headers["www-authenticate"]) == (401, True)
    taken = live.send_with(token, bundle)
    assert taken.status_code == 202, taken.text
    task = live.send_with(token, httpx.Request("GET", taken.headers["location"]))
    assert (task.status_code, task.json()["resourceType"]) == (200, "Task")


def test_a_new_key_of_the_issuers_is_fetched_when_a_token_names_it(live, helseid):
    before = helseid.token(live, **helseid.own)
    helseid.rotate()
    fetched = helseid.fetched.call_count
    assert posted(live, helseid.token(live, **helseid.own)).status_code == 202
    assert posted(live, before).status_code == 202
    assert helseid.fetched.call_count == fetched + 1


REFUSED = {
    "another audience": ({"aud": "https://other.example"}, 401),
    "another issuer's name": ({"iss": MASKINPORTEN}, 401),
    "another organisation": ({PARENT: "310000000", "consumer": number("310000000")}, 401),
    "no organisation": ({PARENT: None, "consumer": None}, 401),
    "another client": ({"client_id": "3f1c9a52-0000-4000-8000-000000000002"}, 401),
    "no binding": ({"cnf": None}, 401),
    "another's key": ({"cnf": {"jkt": "A" * 43}}, 401),
    "too long a life": ({"exp": int(time.time()) + 4000}, 401),
    "not yet": ({"nbf": int(time.time()) + 400}, 401),
    "no scope of ours": ({"scope": "system/Task.r"}, 403),
    "a scope that the register does not grant": ({"scope": "system/Consent.c"}, 403),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("which", ["helseid", "maskinporten"])
def test_a_token_that_is_not_wholly_right_brings_nothing_in(live, which, what, request):
    both = {name: request.getfixturevalue(name) for name in ("helseid", "maskinporten")}  # each answers for its keys
    issuer, (changes, status) = both[which], REFUSED[what]
    if what == "another issuer's name":
        changes = {"iss": MASKINPORTEN if which == "helseid" else HELSEID}
    assert posted(live, issuer.token(live, **{**issuer.own, **changes})).status_code == status


def test_a_supplier_acts_only_for_whom_has_named_it(live, maskinporten):
    for supplier, status in ((SUPPLIER, 202), ("310000000", 401)):
        token = maskinporten.token(live, **maskinporten.own, supplier=number(supplier))
        assert posted(live, token).status_code == status
