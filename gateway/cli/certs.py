"""`samspill certs`: example certificates for the demo and the tests."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.edge import certs


def register(app: typer.Typer) -> None:
    """Add `samspill certs` to the command line."""
    group = typer.Typer(help="Example certificates, which are refused outside the demo.", no_args_is_help=True)
    app.add_typer(group, name="certs")

    @group.command()
    def make(
        directory: Annotated[Path, typer.Argument(help="Folder to write to; made when it is not there.")],
        *,
        as_json: Annotated[bool, typer.Option("--json", help="List the files as JSON.")] = False,
    ) -> None:
        """Make a new example authority, and certificates for each actor of the line.

        Example: samspill certs make var/certs
        """
        files = [str(file) for file in certs.make(directory, datetime.now(UTC))]
        typer.echo(json.dumps({"files": files}) if as_json else "\n".join(files))
