"""`samspill token`: an access token of the demo issuer, for trying the gateway by hand."""

import json
import os
import time
from pathlib import Path
from typing import Annotated

import typer
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from gateway.core.errors import ConfigurationError
from gateway.edge.identity.issuer import DemoIssuer
from gateway.edge.identity.parties import Client, Party
from gateway.edge.identity.registry import load
from gateway.edge.identity.scopes import both, split

EXAMPLES = Path("certs/example")
HOLDERS = {"jkt": "jkt", "x5t": "x5t#S256"}
NOT_ACCEPTABLE = 3
CONFIGURATION = 5


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("token")(token)


def token(
    party: Annotated[str, typer.Argument(help="Who the token is for, as the registry of parties calls it.")],
    key: Annotated[Path, typer.Option(metavar="FILE", help="The demo issuer's private key (PEM, EC P-256).")],
    holder: Annotated[str, typer.Option(help="Whose token it is: jkt=THUMBPRINT (DPoP) or x5t=THUMBPRINT (mTLS).")],
    scope: Annotated[
        str, typer.Option(help="Scopes with spaces between; all that the party may have if left out.")
    ] = "",
    parties: Annotated[Path, typer.Option(metavar="FOLDER", help="The registry of parties.")] = Path(
        "mappings/parties"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print a token response instead of the bare token.")] = False,
) -> None:
    """Print an access token of the demo issuer; refused outside demo mode (SAMSPILL_DEMO=true).

    Example: samspill token ehr --key demo-issuer.key --holder jkt=0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I
    """
    try:
        answer = _answer(party, key, holder, scope, parties)
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(CONFIGURATION) from None
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(NOT_ACCEPTABLE) from None
    typer.echo(json.dumps(answer) if as_json else answer["access_token"])


def _answer(name: str, key_file: Path, holder: str, scope: str, parties: Path) -> dict[str, str]:
    registry = load(parties, EXAMPLES)
    party = registry.party(name)
    issuers = {issuer.id: issuer for issuer in registry.issuers.values() if issuer.example}
    client = _client(party, frozenset(issuers)) if party else None
    if party is None or client is None:
        raise ValueError(f"the registry has no party {name} that is a client of the demo issuer")
    granted = both(split(scope), party.scopes) if scope else party.scopes
    if not granted:
        raise ValueError(f"party {name} may have none of these scopes")
    way, _, thumbprint = holder.partition("=")
    if way not in HOLDERS or not thumbprint:
        raise ValueError("the holder is jkt= or x5t= and a SHA-256 thumbprint in base64url")
    demo = os.environ.get("SAMSPILL_DEMO", "").lower() in {"1", "true", "yes"}
    issuer = DemoIssuer(client.issuer, min(issuers[client.issuer].audience), _key(key_file), time.time, demo=demo)
    return {
        "access_token": issuer.issue(client, granted, {HOLDERS[way]: thumbprint}),
        "token_type": "DPoP" if way == "jkt" else "Bearer",
        "scope": " ".join(sorted(granted)),
    }


def _client(party: Party, issuers: frozenset[str]) -> Client | None:
    return next((client for client in party.clients if client.issuer in issuers), None)


def _key(file: Path) -> ECKey:
    try:
        key = ECKey.import_key(file.read_bytes())
    except (OSError, ValueError, JoseError):
        raise ConfigurationError([f"{file}: cannot be read as the demo issuer's EC private key"]) from None
    if not key.is_private or key.curve_name != "P-256":
        raise ConfigurationError([f"{file}: is not an EC P-256 private key"])
    return key
