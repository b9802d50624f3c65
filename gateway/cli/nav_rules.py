"""`samspill nav-rules`: what NAV will answer to a message, before it is sent."""

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
from gateway.navrules.draw import draw
from gateway.navrules.kinds import KINDS
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
    """Hold a message against NAV's rules for its kind: each rule it meets, NAV's text, where, and how to mend it.

    A sick note, a dialogue message or a medical statement. Ends with 3 when NAV would reject it.

    Example: samspill nav-rules bundle.json
    """
    library, known = installed()
    rulebook = NavRulebook(library.folder, lambda: datetime.now(UTC))
    if diagram:
        drawn = (f"## {kind.title}\n\n{draw(rulebook.rules[record])}" for record, kind in KINDS.items())
        typer.echo("\n".join(drawn), nl=False)
        return
    if not infile:
        raise typer.BadParameter("give a file, or --diagram")
    if source not in known:
        raise typer.BadParameter(f"there is no format {source}; `samspill formats` lists them")
    raw = sys.stdin.buffer.read() if infile == "-" else Path(infile).read_bytes()
    parsed = flow.parse(known[source], raw, report=True)
    if type(parsed.record) not in KINDS:
        what = "NAV has no rules for this kind of message"
        raise NotAcceptable([Issue("not-supported", "", what, "give a sick note, a dialogue message or a statement")])
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
