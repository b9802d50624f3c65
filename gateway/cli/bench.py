"""`samspill bench`: what the gateway costs, each time as a ratio against a reference in the same run."""

import importlib
import json
from typing import Annotated

import typer

from gateway.bench import Ratio

NAMES = ("mapping", "decide", "line", "crypto", "audit", "hr", "console")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("bench")(bench)


def bench(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(NAMES)}; all when left out.")] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Measure and print ratios; exit 1 when one is over its limit.

    Example: samspill bench mapping
    """
    if name and name not in NAMES:
        raise typer.BadParameter(f"there is no bench {name}; there is {', '.join(NAMES)}")
    found: list[Ratio] = []
    for one in (name,) if name else NAMES:
        measured = importlib.import_module(f"gateway.bench.{one}").run()
        found += measured
        for ratio in () if as_json else measured:
            limit = f", limit {ratio.limit}" if ratio.limit is not None else ""
            typer.echo(f"{ratio.name}: {ratio.ratio:.2f} times ({ratio.cost}{limit})")
    if as_json:
        typer.echo(json.dumps([{"name": r.name, "ratio": r.ratio, "limit": r.limit} for r in found], indent=1))
    if any(r.limit is not None and r.ratio > r.limit for r in found):
        raise typer.Exit(1)
