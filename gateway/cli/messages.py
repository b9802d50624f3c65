"""`samspill messages …`: what operators do with messages, dead letters, keys and the store.

Shows ids, states, codes and times; never a value of a person, since the store's columns hold none.
"""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from sqlalchemy import Row

from gateway.cli.operator import code, operator
from gateway.cli.store import store
from gateway.core.errors import ConfigurationError
from gateway.core.line import State
from gateway.edge import keys
from gateway.edge.config import Settings
from gateway.edge.keys import Vault
from gateway.edge.retention import Retention
from gateway.edge.store import statements
from gateway.edge.store.engine import open_engine
from gateway.edge.store.keyring import fitting
from gateway.edge.store.migrate import migrate
from gateway.edge.store.operate import DISCARD, ERASE, RESEND, REWRAP, NotThere, Order
from gateway.wiring.delivery import periods

PSEUDONYM: Final = re.compile(r"[0-9a-f]{32}")
REWRAP_BATCH: Final = 500
SHOWN: Final = ("id", "state", "destination", "recipient", "format", "purpose", "attempts", "reason", "created_at")

Json = Annotated[bool, typer.Option("--json", help="Write JSON, for a machine.")]
Limit = Annotated[int, typer.Option(help="At most so many, the newest first.")]
Reason = Annotated[
    str, typer.Option(help="Why, as a short code: sent-on-paper, repaired, test. Never a name or a text.")
]


def register(app: typer.Typer) -> None:
    """Add `messages …`."""
    messages = typer.Typer(help="Messages, dead letters, keys and the store.", no_args_is_help=True)
    _looking(messages)
    _acting(messages)
    _keeping(messages)
    app.add_typer(messages, name="messages")


def _looking(messages: typer.Typer) -> None:
    @messages.command("list")
    def list_(
        state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
        limit: Limit = 50,
        as_json: Json = False,
    ) -> None:
        """List outgoing messages. Example: samspill messages list --state dead-letter."""
        with store(Settings()) as database:
            if state is None:
                rows = database.rows(statements.NEWEST, limit=limit)
            else:
                rows = database.rows(statements.NEWEST_IN, limit=limit, state=state.value)
        _print_table(rows, as_json=as_json)

    @messages.command("dead-letters")
    def dead_letters(limit: Limit = 50, as_json: Json = False) -> None:
        """List what waits for a human: given up, rejected, or failed on by our own code."""
        with store(Settings()) as database:
            rows = database.rows(statements.DEAD_LETTERS, limit=limit)
        _print_table(rows, as_json=as_json)

    @messages.command()
    def show(message: str, as_json: Json = False) -> None:
        """Show one message's way: its events, attempts and receipts. Example: samspill messages show ID."""
        with store(Settings()) as database:
            found = database.rows(statements.MESSAGE, id=message)
            if not found:
                raise NotThere("no message has this id")
            story: dict[str, Any] = _shown(found[0])
            story["events"] = [
                {"at": _time(row.at), "state": row.state, "event": row.event, "to": row.following, "detail": row.detail}
                for row in database.rows(statements.EVENTS_OF, id=message)
            ]
            story["tries"] = [
                {"number": row.number, "begun": _time(row.begun_at), "outcome": row.outcome, "node": row.node}
                for row in database.rows(statements.ATTEMPTS_OF, id=message)
            ]
            story["receipts"] = [
                {"at": _time(row.received_at), "positive": row.positive, "codes": row.codes, "verdict": row.verdict}
                for row in database.rows(statements.RECEIPTS_OF, id=message)
            ]
        typer.echo(json.dumps(story, indent=None if as_json else 2))


def _acting(messages: typer.Typer) -> None:
    @messages.command()
    def resend(message: str, reason: Reason = "asked-for") -> None:
        """Send a dead letter back to be decided anew. Example: samspill messages resend ID --reason repaired."""
        with store(Settings()) as database:
            database.write_now(RESEND, Order(message, operator(), code(reason)))
        typer.echo(f"{message}: will be decided anew")

    @messages.command()
    def discard(message: str, reason: Reason) -> None:
        """Close a dead letter for good. Example: samspill messages discard ID --reason sent-on-paper."""
        with store(Settings()) as database:
            database.write_now(DISCARD, Order(message, operator(), code(reason)))
        typer.echo(f"{message}: discarded")


def _keeping(messages: typer.Typer) -> None:
    @messages.command("make-keys")
    def make_keys(path: Path) -> None:
        """Make a new keyring file, which never replaces one. Example: samspill messages make-keys var/keys."""
        try:
            keys.make(path)
        except FileExistsError:
            raise ConfigurationError(
                [f"{path}: it is there already, and the store cannot be read without it"]
            ) from None
        typer.echo(f"{path}: made; keep a copy apart from the store's backups")

    @messages.command("add-key")
    def add_key(path: Path, name: str) -> None:
        """Add a key that wraps the others from now on. Example: samspill messages add-key var/keys kek-2."""
        keys.add_kek(path, name)
        typer.echo(f"{path}: {name} added; restart the nodes, then run `samspill messages rewrap`")

    @messages.command()
    def rewrap() -> None:
        """Wrap every stored key anew under the newest key-encryption key."""
        total = 0
        with store(Settings()) as database:
            vault = Vault(fitting(database, keys.keyring(Settings().key_provider)))
            while done := database.write_now(REWRAP, (vault, REWRAP_BATCH)):
                total += done
        typer.echo(f"{total} keys wrapped anew under {vault.current}")

    @messages.command()
    def erase(pseudonym: str) -> None:
        """Destroy the keys of all that is stored about a patient, named by pseudonym as the log shows it."""
        if not PSEUDONYM.fullmatch(pseudonym):
            raise typer.BadParameter("a pseudonym is 32 hexadecimal digits; a number of a person never stands here")
        with store(Settings()) as database:
            destroyed = database.write_now(ERASE, (pseudonym, operator()))
            database.forget_free_pages()
        if not destroyed:
            raise NotThere("nothing that could be destroyed is stored under this pseudonym")
        typer.echo(f"{destroyed} payloads destroyed")

    @messages.command()
    def purge(
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many would go, and destroy nothing.")] = False,
    ) -> None:
        """Destroy what settled messages and absences said, where it was kept for its time; workers do so every hour."""
        settings = Settings()
        with store(Settings()) as database:
            count = Retention(database, periods(settings)).count(destroy=not dry_run)
        typer.echo(f"{count} payloads {'would be destroyed' if dry_run else 'destroyed'}")

    @messages.command("upgrade-store")
    def upgrade_store(
        post: Annotated[bool, typer.Option(help="Also take away what old nodes needed; all nodes are new.")] = False,
    ) -> None:
        """Bring the schema up to date. `pre` migrations run at every start by themselves."""
        engine = open_engine(Settings().database, lambda: 0.0)
        migrate(engine, post=post)
        engine.dispose()
        typer.echo("the schema is up to date")


def _shown(row: Row[Any]) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in SHOWN}
    return shown | {"created_at": _time(row.created_at), "due": _time(row.due)}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _print_table(rows: Sequence[Row[Any]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([_shown(row) for row in rows]))
        return
    for row in rows:
        shown = _shown(row)
        reason = f"  {shown['reason']}" if shown["reason"] else ""
        typer.echo(f"{shown['id']}  {shown['created_at']}  {shown['state']:<12}  {shown['destination']}{reason}")
