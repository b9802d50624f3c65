"""`samspill review …`: the officers' queue of held messages and broken glass.

Shows ids, paths, codes and times; `read` alone shows what is held, and is in the log before it does.
"""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from gateway.cli.operator import code, operator
from gateway.core.visible import visible
from gateway.edge.config import Settings
from gateway.edge.review import Item, Officer, ReviewQueue
from gateway.edge.store.review import Status
from gateway.wiring.gateway import Gateway

Json = Annotated[bool, typer.Option("--json", help="Write JSON, for a machine.")]
Why = Annotated[str, typer.Option("--reason", help="Why, as a short code: queue-work, no-diagnosis-in-it, not-needed.")]


def register(app: typer.Typer) -> None:
    """Add `review …`."""
    review = typer.Typer(help="What waits for an officer: held messages and broken glass.", no_args_is_help=True)
    _looking(review)
    _deciding(review)
    app.add_typer(review, name="review")


def _looking(review: typer.Typer) -> None:
    @review.command("list")
    def list_(
        status: Annotated[Status, typer.Option(help="Only items in this status.")] = Status.OPEN,
        kind: Annotated[str, typer.Option(help="Only held, or only glass.")] = "",
        limit: Annotated[int, typer.Option(help="At most so many, the newest first.")] = 50,
        as_json: Json = False,
    ) -> None:
        """List what waits. Example: samspill review list --kind held."""
        with _queue() as queue:
            items = queue.items(status, kind, limit)
        if as_json:
            typer.echo(json.dumps([asdict(item) for item in items]))
            return
        for item in items:
            typer.echo(_line(item))

    @review.command()
    def show(item: str, as_json: Json = False) -> None:
        """Show one item: which fields are held, by which rule. Example: samspill review show ID."""
        with _queue() as queue:
            found = queue.item(item)
        typer.echo(json.dumps(asdict(found)) if as_json else "\n".join([_line(found), *_held(found)]))

    @review.command()
    def read(item: str, reason: Why, as_json: Json = False) -> None:
        """Read what is held, which the log tells of. Example: samspill review read ID --reason queue-work."""
        with _queue() as queue:
            values = queue.read(item, Officer(operator()), code(reason))
        typer.echo(
            json.dumps(dict(values)) if as_json else "\n".join(f"{at}: {visible(text)}" for at, text in values.items())
        )


def _deciding(review: typer.Typer) -> None:
    @review.command()
    def clear(item: str, reason: Why) -> None:
        """Let a held message go whole. Example: samspill review clear ID --reason no-diagnosis-in-it."""
        with _queue() as queue:
            message = queue.clear(item, Officer(operator()), code(reason))
        typer.echo(f"{item}: cleared; {message} is decided anew")

    @review.command()
    def refuse(item: str, reason: Why) -> None:
        """Keep back what is held, for good. Example: samspill review refuse ID --reason names-an-illness."""
        with _queue() as queue:
            queue.refuse(item, Officer(operator()), code(reason))
        typer.echo(f"{item}: refused; what was held stays here")

    @review.command()
    def close(item: str, reason: Why) -> None:
        """Close a broken-glass case. Example: samspill review close ID --reason was-an-emergency."""
        with _queue() as queue:
            queue.close(item, Officer(operator()), code(reason))
        typer.echo(f"{item}: closed")


@contextlib.contextmanager
def _queue() -> Iterator[ReviewQueue]:
    gateway = Gateway(Settings())
    try:
        yield gateway.review
    finally:
        asyncio.run(gateway.aclose())


def _line(item: Item) -> str:
    when = datetime.fromtimestamp(item.opened_at, UTC).isoformat(timespec="seconds")
    parts: list[Any] = [item.id, when, f"{item.kind:<5}", f"{item.status:<10}", item.party]
    if item.kind == "held":
        parts.append(f"{len({one.field for one in item.held})} fields")
    return "  ".join(map(str, [*parts, *filter(None, (item.reason, item.finding))]))


def _held(item: Item) -> list[str]:
    return [f"  {one.field}  {one.rule}" for one in item.held]
