"""Limits for each party, secrets that stay out of logs, and what `check` and `serve` refuse outside the demo."""

import json

import pytest
import structlog
from identity_actors import AT, Authority, Clock, World, issuer, party
from joserfc.jwk import RSAKey

from gateway.edge.identity.faults import of_expiry, of_keys, of_registry
from gateway.edge.identity.limits import BodyLimit, RateLimit, TooLarge, TooMany
from gateway.edge.identity.parties import Binding, Limits, Registry
from gateway.edge.identity.redact import HIDDEN, clean, redact
from gateway.edge.seal.keys import Key


def test_a_body_is_counted_as_it_comes_whatever_it_says_of_its_length():
    limit = BodyLimit(Limits(body=10), "3")
    limit.add(6)
    limit.add(4)
    with pytest.raises(TooLarge, match="10 bytes"):
        limit.add(1)


def test_a_body_that_says_it_is_too_long_is_not_waited_for():
    with pytest.raises(TooLarge):
        BodyLimit(Limits(body=10), "11")
    for odd in ("-5", "abc", "", "\N{ARABIC-INDIC DIGIT ONE}", None):
        BodyLimit(Limits(body=10), odd).add(10)


def test_each_party_has_its_own_rate_and_is_told_when_to_come_back():
    clock = Clock()
    limit = RateLimit(clock)
    busy, calm = party("busy", limits=Limits(per_minute=6, burst=2)), party("calm")
    limit.take(busy)
    limit.take(busy)
    with pytest.raises(TooMany) as caught:
        limit.take(busy)
    assert caught.value.retry_after == 11
    limit.take(calm)
    clock.now += 10
    limit.take(busy)
    with pytest.raises(TooMany):
        limit.take(busy)
    clock.now -= 3600  # the clock was set back: nothing is gained by it
    with pytest.raises(TooMany):
        limit.take(busy)


WORLD = World()
TOKEN = WORLD.token()
PEM = RSAKey.generate_key(2048).as_pem(private=True).decode()
SECRETS = {
    "a token in a text": (f"got {TOKEN} from", TOKEN),
    "an unsigned token": ("eyJhbGciOiJub25lIn0.eyJhIjoxfQ.", "eyJhbGciOiJub25lIn0"),
    "a header line": (f"Authorization: Bearer {TOKEN}", TOKEN),
    "an opaque token": ("dpop abc123def456.x", "abc123def456"),
    "basic authorization": ("Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    "a private key": (f"read {PEM} from file", PEM.splitlines()[2]),
    "half a private key": (PEM[:200], PEM.splitlines()[1]),
    "a database URL": ("postgresql+psycopg://gateway:hunter2@db/x", "hunter2"),
    "bytes": (TOKEN.encode(), TOKEN),
    "a list in a dict": ({"a": [{"b": TOKEN}]}, TOKEN),
    "a named secret": ({"client_secret": "hunter2"}, "hunter2"),
    "an unnamed depth": ({"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": TOKEN}}}}}}}}, TOKEN),
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_does_not_reach_the_log(name, capsys):
    value, secret = SECRETS[name]
    structlog.wrap_logger(structlog.PrintLogger(), processors=[redact, structlog.processors.JSONRenderer()]).info(
        "received", detail=value
    )
    written = capsys.readouterr().out
    assert secret not in written
    assert HIDDEN in written
    assert json.loads(written)["event"] == "received"


@pytest.mark.parametrize("name", ["authorization", "Cookie", "db_password", "access_token", "apiKey", "kek", "dpop"])
def test_what_is_named_like_a_secret_is_hidden_whatever_it_holds(name):
    assert redact(None, "info", {name: 5})[name] == HIDDEN


def test_what_is_no_secret_stays():
    plain = {"event": "accepted", "party": "ehr", "count": 3, "rules": ["a", "b"], "at": "Bundle.entry[0]"}
    assert redact(None, "info", dict(plain)) == plain
    assert clean("https://gateway.example/fhir") == "https://gateway.example/fhir"


ONE, _ = Authority().issue()


def examples_only(certificate):
    return certificate == ONE


def test_outside_the_demo_nothing_of_the_demo_is_accepted():
    registry = Registry(
        [party("demo", example=True), party("synthetic"), party("shown", organisation="974760673", transport=(ONE,))],
        [issuer(example=True, binding=Binding.BEARER)],
    )
    assert of_registry(registry, examples_only, demo=True) == ()
    found = " | ".join(of_registry(registry, examples_only, demo=False))
    for said in (
        "issuer https://issuer.example is an example",
        "tokens that are bound to nobody",
        "party demo is an example",
        "party synthetic has an organisation number of the synthetic series",
        "party shown has an example certificate",
    ):
        assert said in found
    assert "315000009" not in found


def test_a_registry_of_real_parties_has_no_fault():
    real = party(organisation="974760673", behalf=frozenset({"974760673"}))
    assert of_registry(Registry([real], [issuer()]), examples_only, demo=False) == ()


def own(certificate):
    return Key(certificate, None, None)


def test_our_own_example_keys_are_refused_outside_the_demo():
    other, _ = Authority().issue()
    assert of_keys([own(ONE)], examples_only, demo=True) == ()
    assert "example certificate" in of_keys([own(ONE)], examples_only, demo=False)[0]
    assert of_keys([own(other)], examples_only, demo=False) == ()


def test_certificates_that_expire_are_told_a_month_ahead():
    soon, _ = Authority().issue(days=50)
    gone, _ = Authority().issue(days=20)
    registry = Registry([party(signing=(soon, soon), sealing=(gone,))])
    found = of_expiry(registry, [own(soon)], AT)
    assert [text.split(" on ")[0] for text in found] == [
        "a certificate of the gateway expires",
        "a certificate of party ehr expired",
        "a certificate of party ehr expires",
    ]
