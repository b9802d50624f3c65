"""`samspill token`: an access token of the demo issuer, for trying the gateway by hand."""

import json
import time
from pathlib import Path
from typing import Annotated

import typer
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from gateway.core.errors import ConfigurationError, Issue, NotAcceptable
from gateway.edge.config import Settings
from gateway.edge.identity.issuer import DemoIssuer
from gateway.edge.identity.parties import Client, Party, Registry
from gateway.edge.identity.registry import load
from gateway.edge.identity.scopes import both, split
from gateway.edge.library import Library

_CONFIRMATION = {"jkt": "jkt", "x5t": "x5t#S256"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("token")(token)


def token(
    party: Annotated[str, typer.Argument(help="Who the token is for, as the registry of parties calls it.")],
    key: Annotated[Path, typer.Option(metavar="FILE", help="The demo issuer's private key (PEM, EC P-256).")],
    holder: Annotated[str, typer.Option(help="Whose token it is: jkt=THUMBPRINT (DPoP) or x5t=THUMBPRINT (mTLS).")],
    scope: Annotated[
        str, typer.Option(help="Scopes with spaces between; all that the party may have if left out.")
    ] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="A token response instead of the bare token.")] = False,
) -> None:
    """Print an access token of the demo issuer; refused outside demo mode (SAMSPILL_DEMO=true).

    Example: samspill token ehr --key demo-issuer.key --holder jkt=0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I
    """
    settings = Settings()
    folder = settings.parties or Library(settings.mappings).folder / "parties"
    registry = load(folder, settings.certificates)
    client, granted = _client(registry, party, scope)
    way, _, thumbprint = holder.partition("=")
    if way not in _CONFIRMATION or not thumbprint:
        raise _wrong("--holder", "the holder is jkt= or x5t= and a SHA-256 thumbprint in base64url")
    audience = min(registry.issuers[client.issuer].audience)
    issuer = DemoIssuer(client.issuer, audience, _key(key), time.time, demo=settings.demo)
    answer = {
        "access_token": issuer.issue(client, granted, {_CONFIRMATION[way]: thumbprint}),
        "token_type": "DPoP" if way == "jkt" else "Bearer",
        "scope": " ".join(sorted(granted)),
    }
    typer.echo(json.dumps(answer) if as_json else answer["access_token"])


def _client(registry: Registry, name: str, scope: str) -> tuple[Client, frozenset[str]]:
    party = registry.party(name)
    client = _example(registry, party) if party else None
    if party is None or client is None:
        raise _wrong("PARTY", "the registry has no such party that is a client of the demo issuer")
    granted = both(split(scope), party.scopes) if scope else party.scopes
    if not granted:
        raise _wrong("--scope", "the party may have none of these scopes")
    return client, granted


def _example(registry: Registry, party: Party) -> Client | None:
    return next((client for client in party.clients if registry.issuers[client.issuer].example), None)


def _key(file: Path) -> ECKey:
    try:
        key = ECKey.import_key(file.read_bytes())
    except (OSError, ValueError, JoseError):
        raise ConfigurationError([f"{file}: cannot be read as the demo issuer's EC private key"]) from None
    if not key.is_private or key.curve_name != "P-256":
        raise ConfigurationError([f"{file}: is not an EC P-256 private key"])
    return key


def _wrong(at: str, what: str) -> NotAcceptable:
    return NotAcceptable([Issue("value", at, what)])
