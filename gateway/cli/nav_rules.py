"""`samspill nav-rules`: what NAV will answer to a sick note, before it is sent."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway import flow
from gateway.core.errors import Issue, NotAcceptable, Severity
from gateway.edge.nav_rules import NavRulebook
from gateway.model import SickLeaveCertificate
from gateway.navrules.draw import draw
from gateway.wiring.formats import installed


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("nav-rules")(nav_rules)


def nav_rules(
    infile: Annotated[str, typer.Argument(metavar="[IN]", help="The file; - is standard input.")] = "",
    source: Annotated[str, typer.Option("--from", metavar="FORMAT", help="What the file is written in.")] = "fhir",
    *,
    paper: Annotated[bool, typer.Option("--paper", help="Judge it as a note written on paper.")] = False,
    diagram: Annotated[bool, typer.Option("--diagram", help="Draw the rules instead, as Mermaid.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Hold a sick note against NAV's rules: each rule it meets, NAV's text, where, and how to mend it.

    Ends with 3 when NAV would reject the note.

    Example: samspill nav-rules bundle.json
    """
    library, known = installed()
    rulebook = NavRulebook(library.folder, lambda: datetime.now(UTC))
    if diagram:
        typer.echo(draw(rulebook.rules), nl=False)
        return
    if not infile:
        raise typer.BadParameter("give a file, or --diagram")
    if source not in known:
        raise typer.BadParameter(f"there is no format {source}; `samspill formats` lists them")
    raw = sys.stdin.buffer.read() if infile == "-" else Path(infile).read_bytes()
    parsed = flow.parse(known[source], raw, report=True)
    if not isinstance(parsed.record, SickLeaveCertificate):
        raise NotAcceptable([Issue("not-supported", "", "this is no sick note", "give a sick note")])
    told = rulebook.judge(parsed, known[source], datetime.now(UTC), paper=paper)
    errors = [issue for issue in told if issue.severity is Severity.ERROR]
    if as_json:
        typer.echo(json.dumps([asdict(issue) for issue in told], indent=1, ensure_ascii=False))
    else:
        for issue in told if not errors else [one for one in told if one not in errors]:
            typer.echo(f"{issue.severity}: {issue}")
        if not errors:
            typer.echo("NAV's rules that can be checked here reject nothing of it")
    if errors and as_json:
        raise typer.Exit(3)
    if errors:
        raise NotAcceptable(errors)
