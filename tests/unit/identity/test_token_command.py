"""`samspill token`: for the demo alone, its key from a file, its token bound to a holder."""

import json
from pathlib import Path

import pytest
import typer
from identity_actors import keys
from joserfc.jwk import ECKey, RSAKey
from typer.testing import CliRunner

from gateway.cli import token
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


def test_outside_the_demo_there_is_no_demo_issuer(samspill, monkeypatch):
    for value in ("", "false", "no"):
        monkeypatch.setenv("SAMSPILL_DEMO", value)
        result = samspill("ehr")
        assert (result.exit_code, result.stdout) == (5, "")
        assert "does not run outside demo mode" in result.stderr


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
def test_what_cannot_be_had_is_told_without_a_traceback(samspill, arguments, how):
    result = samspill(*arguments, **how)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.strip()
    assert "Traceback" not in result.stderr


def test_a_key_that_is_none_is_a_configuration_fault(samspill, tmp_path):
    (tmp_path / "rsa.key").write_bytes(RSAKey.generate_key(2048).as_pem(private=True))
    (tmp_path / "public.key").write_bytes(ECKey.generate_key("P-256").as_pem(private=False))
    (tmp_path / "other.key").write_bytes(ECKey.generate_key("P-384").as_pem(private=True))
    for name in ("absent.key", "rsa.key", "public.key", "other.key"):
        assert samspill("ehr", key=tmp_path / name).exit_code == 5


def test_no_option_takes_a_secret_itself():
    """A secret on a command line stands in the process list and the shell's history."""
    options = token.token.__annotations__
    assert set(options) == {"party", "key", "holder", "scope", "parties", "as_json", "return"}
    assert options["key"].__origin__ is Path
