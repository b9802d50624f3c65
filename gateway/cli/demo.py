"""`samspill demo`: see the whole line at work, on this machine alone."""

import asyncio
from typing import Annotated

import typer

from gateway.edge import log


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    *,
    keep_running: Annotated[bool, typer.Option("--keep-running", help="Leave the gateway and sandboxes up.")] = False,
    sweden: Annotated[bool, typer.Option("--sweden", help="Play the Swedish case.")] = False,
) -> None:
    """Start a gateway, an EHR, NAV and an employer on loopback, send real-shaped notes and show what happens.

    Example: samspill demo
    """
    from gateway.demo import play  # noqa: PLC0415 - the sandboxes belong to the demo alone

    log.configure(quiet=True)
    if sweden:
        from gateway.demo_sweden import play as play_sweden  # noqa: PLC0415

        asyncio.run(play_sweden(typer.echo, keep_running=keep_running))
        return
    asyncio.run(play(typer.echo, keep_running=keep_running))
