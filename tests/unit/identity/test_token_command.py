"""`samspill token`: for the demo alone, its key from a file, its token bound to a holder."""

import json
from pathlib import Path

import pytest
import typer
from identity_actors import keys
from joserfc.jwk import ECKey, RSAKey
from typer.testing import CliRunner

from gateway.cli import token
from gateway.core.errors import ConfigurationError, NotAcceptable
from gateway.edge.identity.tokens import Expected, peek, validate

REPOSITORY = Path(__file__).parents[3]
ISSUER = "https://samspill.example/demo-issuer"
HOLDER = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


@pytest.fixture
def key(tmp_path):
    made = ECKey.generate_key("P-256")
    (tmp_path / "issuer.key").write_bytes(made.as_pem(private=True))
    return made


@pytest.fixture
def samspill(monkeypatch, tmp_path, key):
    monkeypatch.chdir(REPOSITORY)
    assert key.is_private
    monkeypatch.setenv("SAMSPILL_CERTIFICATES", "certs/example")
    monkeypatch.setenv("SAMSPILL_DEMO", "true")
    app = typer.Typer()
    token.register(app)

    def invoke(*arguments, key=tmp_path / "issuer.key", holder=f"jkt={HOLDER}"):
        return CliRunner().invoke(app, [*arguments, "--key", str(key), "--holder", holder])

    return invoke


def test_a_token_for_a_party_of_the_demo_is_whole_and_bound(samspill, key):
    result = samspill("ehr", "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    now = peek(answer["access_token"])[1]["iat"]
    expected = Expected(
        ISSUER, frozenset({"https://samspill.example"}), frozenset({"ES256"}), frozenset({"at+jwt"}), 300
    )
    claims = validate(answer["access_token"], keys(key), expected, now)
    assert (claims["client_id"], claims["cnf"], answer["token_type"]) == ("demo-ehr", {"jkt": HOLDER}, "DPoP")
    assert "system/Bundle.c" in claims["scope"].split()


def test_a_token_may_be_bound_to_a_certificate_and_narrowed(samspill):
    result = samspill("ehr", "--scope", "system/Bundle.c samspill:console", holder=f"x5t={HOLDER}")
    _header, claims = peek(result.stdout.strip())
    assert (claims["cnf"], claims["scope"]) == ({"x5t#S256": HOLDER}, "system/Bundle.c")


@pytest.mark.parametrize("setting", [None, "false", "no"])
def test_outside_the_demo_there_is_no_demo_issuer(samspill, monkeypatch, setting):
    monkeypatch.delenv("SAMSPILL_DEMO")
    if setting:
        monkeypatch.setenv("SAMSPILL_DEMO", setting)
    result = samspill("ehr")
    assert isinstance(result.exception, ConfigurationError)
    assert "does not run outside demo mode" in str(result.exception)
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "how"),
    [
        (("stranger",), {}),
        (("nav",), {}),
        (("ehr", "--scope", "samspill:console"), {}),
        (("ehr",), {"holder": "nobody"}),
        (("ehr",), {"holder": "jkt="}),
    ],
)
def test_what_cannot_be_had_is_told(samspill, arguments, how):
    result = samspill(*arguments, **how)
    assert isinstance(result.exception, NotAcceptable)
    assert result.exception.issues[0].at in {"PARTY", "--scope", "--holder"}
    assert result.stdout == ""


def test_a_key_that_is_none_is_a_configuration_fault(samspill, tmp_path):
    (tmp_path / "rsa.key").write_bytes(RSAKey.generate_key(2048).as_pem(private=True))
    (tmp_path / "public.key").write_bytes(ECKey.generate_key("P-256").as_pem(private=False))
    (tmp_path / "other.key").write_bytes(ECKey.generate_key("P-384").as_pem(private=True))
    for name in ("absent.key", "rsa.key", "public.key", "other.key"):
        assert isinstance(samspill("ehr", key=tmp_path / name).exception, ConfigurationError)


def test_no_option_takes_a_secret_itself():
    """A secret on a command line stands in the process list and the shell's history."""
    options = token.token.__annotations__
    assert set(options) == {"party", "key", "holder", "scope", "as_json", "return"}
    assert options["key"].__origin__ is Path
