"""The provider's answer to a log-in is believed only when it is all that it must be."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from gateway.console.oidc import Login, Person, Provider
from gateway.console.sessions import NotLoggedIn, Pending
from gateway.core.errors import Busy

ISSUER = "https://login.example"
NOW = 1_800_000_000
NUMBER = "11870399989"
KEY = ECKey.generate_key("P-256")
KEY.ensure_kid()
OTHER = ECKey.generate_key("P-256")
PENDING = Pending("staff", "state-1", "nonce-1", "v" * 64, 0.0)
ANSWER = {"state": "state-1", "code": "c", "iss": ISSUER}


def claims(**changed: Any) -> dict[str, Any]:
    usual = {
        "iss": ISSUER,
        "aud": "us",
        "sub": "ane",
        "nonce": "nonce-1",
        "iat": NOW,
        "exp": NOW + 60,
        "pid": NUMBER,
        "acr": "high",
    }
    return {name: value for name, value in {**usual, **changed}.items() if value is not None}


def token(said: dict[str, Any], key: ECKey = KEY) -> str:
    return jwt.encode({"alg": "ES256", "kid": KEY.kid}, said, key, ["ES256"])


def login(given: str, issuer: str = ISSUER, seen: list[httpx.Request] | None = None) -> Login:
    metadata = {
        "issuer": issuer,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/jwks",
    }

    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        match request.url.path:
            case "/.well-known/openid-configuration":
                return httpx.Response(200, json=metadata)
            case "/jwks":
                return httpx.Response(200, json=KeySet([KEY]).as_dict(private=False))
        return httpx.Response(200, text=json.dumps({"id_token": given}))

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    provider = Provider(issuer=ISSUER, client="us", secret="s3", levels=("high",))
    return Login(provider, client, "https://console/callback", lambda: NOW)


def person(given: str, answer: dict[str, str] | None = None) -> Person:
    return asyncio.run(login(given).person(PENDING, ANSWER if answer is None else answer))


def test_whoever_the_provider_names_is_logged_in() -> None:
    assert person(token(claims(name="Ane"))) == Person("ane", "Ane", NUMBER)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example"},
        {"aud": "another"},
        {"azp": "another"},
        {"nonce": "nonce-2"},
        {"nonce": None},
        {"exp": NOW - 60},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"acr": "low"},
        {"acr": None},
        {"pid": "11870399988"},
    ],
)
def test_a_claim_that_is_not_as_it_must_be_lets_nobody_in(changed: dict[str, Any]) -> None:
    with pytest.raises(NotLoggedIn):
        person(token(claims(**changed)))


@pytest.mark.parametrize(
    "forged",
    [
        lambda: token(claims(), OTHER),
        lambda: token(claims())[:-4] + "AAAA",
        lambda: "e30.e30.",
        lambda: "",
        lambda: "not a token",
    ],
)
def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(forged: Callable[[], str]) -> None:
    with pytest.raises(NotLoggedIn):
        person(forged())


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {**ANSWER, "state": "state-2"},
        {**ANSWER, "iss": "https://other.example"},
        {"state": "state-1", "error": "access_denied"},
    ],
)
def test_an_answer_to_another_login_lets_nobody_in(answer: dict[str, str]) -> None:
    with pytest.raises(NotLoggedIn):
        person(token(claims()), answer)


def test_metadata_of_another_issuer_is_not_used() -> None:
    with pytest.raises(Busy):
        asyncio.run(login(token(claims()), "https://other.example").address(PENDING))


def test_the_code_goes_with_its_verifier_and_our_secret_and_the_browser_sees_neither() -> None:
    seen: list[httpx.Request] = []

    async def both() -> str:
        one = login(token(claims()), seen=seen)
        address = await one.address(PENDING)
        await one.person(PENDING, ANSWER)
        return address

    address = asyncio.run(both())
    [exchange] = [one for one in seen if one.url.path == "/token"]
    assert f"code_verifier={PENDING.verifier}" in exchange.content.decode()
    assert exchange.headers["authorization"].startswith("Basic ")
    assert "code_challenge_method=S256" in address
    assert "acr_values=high" in address
    assert PENDING.verifier not in address
    assert "s3" not in address
