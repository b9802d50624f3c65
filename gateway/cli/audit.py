"""`samspill audit …`: prove that the disclosure log is whole, show it, and take copies of it.

The log holds codes, paths and pseudonyms; a number is read from standard input and never from the command line.
Showing and exporting are themselves in the log, before anything is seen.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.documents import read_json
from gateway.cli.operator import code, operator
from gateway.cli.store import store
from gateway.core.audit import AuditAction, Outcome
from gateway.core.checkpoint import BadCheckpoint, Verifier, verifier
from gateway.core.errors import Issue, NotAcceptable
from gateway.core.identifiers import PERSONS, kind_of
from gateway.core.vocabulary import Purpose
from gateway.edge.audit.export import check, csv_lines, json_text, proven
from gateway.edge.audit.reader import LOOK, Look
from gateway.edge.audit.search import Filter, search, search_all
from gateway.edge.audit.stamps import BadStamp, Stamps
from gateway.edge.audit.verify import Flaw
from gateway.edge.config import Settings
from gateway.edge.keys import Vault, keyring
from gateway.edge.store.database import Database


class Form(StrEnum):
    """What an export is written as."""

    CSV = "csv"
    FHIR = "fhir"
    JSON = "json"


Json = Annotated[bool, typer.Option("--json", help="Write JSON, for a machine.")]
Why = Annotated[str, typer.Option("--reason", help="Why, as a short code: patient-asked, yearly-review. Never a text.")]
Kept = Annotated[
    list[Path] | None,
    typer.Option("--checkpoint", metavar="FILE", help="A checkpoint that stood elsewhere; may repeat."),
]
Patient = Annotated[
    bool, typer.Option("--patient", help="Only one patient's; their number is read from standard input.")
]
Recipient = Annotated[str, typer.Option(help="Only what went to this party.")]
Action = Annotated[list[AuditAction] | None, typer.Option(help="Only this action; may repeat.")]
Result = Annotated[list[Outcome] | None, typer.Option("--outcome", help="Only what ended so; may repeat.")]
Since = Annotated[datetime | None, typer.Option(help="From this day or moment on (UTC).")]
Until = Annotated[datetime | None, typer.Option(help="Before this day or moment (UTC).")]


def register(app: typer.Typer) -> None:
    """Add `audit …`."""
    audit = typer.Typer(help="The disclosure log: prove it, show it, copy it.", no_args_is_help=True)
    audit.command("verify")(verify_)
    audit.command("show")(show)
    audit.command("export")(export)
    app.add_typer(audit, name="audit")


def verify_(
    checkpoint: Kept = None,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Check this export instead, without any database.")
    ] = None,
    key: Annotated[str, typer.Option(help="The log's public key, or a file with it; needed with --export.")] = "",
    roots: Annotated[
        Path | None,
        typer.Option("--time-stamp-roots", metavar="PEM", help="Check the time stamp beside each --checkpoint (.tsr)."),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Prove that no entry was altered, removed, reordered, back-dated or cut off, or say which was (exit 3).

    Example: samspill audit verify --checkpoint kept-by-the-officer.checkpoint
    """
    notes = [_read(path) for path in checkpoint or ()]
    if roots is not None:
        _stamped(Stamps(roots), checkpoint or ())
    if export is not None:
        _verify_export(export, _key(key), notes, as_json=as_json)
        return
    from gateway.wiring.audit import guard, keeper  # noqa: PLC0415 - checking an export needs none of it

    settings = Settings()
    with store(settings) as database:
        keep, watch = keeper(settings, database), guard(settings, database)
        public = watch.key = _key(key) if key else watch.key
        keep.sequence()
        found = watch.check(operator(), notes, _progress())
        _complain(found.flaws)
        note = keep.settle()
    told = f"{found.size} entries, held against {found.checkpoints} checkpoints: whole and unaltered"
    _say({"size": found.size, "root": found.root.hex(), "checkpoints": found.checkpoints, "key": str(public)}
         | {"checkpoint": note}, f"{told}\nroot {found.root.hex()}\nkey  {public}", as_json=as_json)  # fmt: skip


def _stamped(stamps: Stamps, checkpoints: Sequence[Path]) -> None:
    """Check the time stamp beside each checkpoint, and say when it was made."""
    for path in checkpoints:
        beside = path.with_suffix(".tsr")
        try:
            at = stamps.opened(beside.read_bytes(), _read(path))
        except OSError:
            raise NotAcceptable(
                [Issue("security", str(beside), "there is no time stamp beside the checkpoint")]
            ) from None
        except BadStamp as wrong:
            raise NotAcceptable([Issue("security", str(beside), str(wrong))]) from None
        typer.echo(f"{path.name}: stamped {at.astimezone(UTC).isoformat(timespec='seconds')}", err=True)


def _verify_export(path: Path, key: Verifier, notes: list[str], *, as_json: bool) -> None:
    document = read_json(path)
    try:
        head, flaws = check(document, key, notes)
    except BadCheckpoint as wrong:
        raise NotAcceptable([Issue("security", "checkpoint", str(wrong))]) from None
    _complain(flaws)
    count = len(document["entries"])
    told = f"{count} of {head.size} entries, each proven to be what the signed log holds"
    _say({"entries": count, "size": head.size, "root": head.root.hex()}, told, as_json=as_json)


def show(
    *,
    reason: Why,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
    patient: Patient = False,
    recipient: Recipient = "",
    action: Action = None,
    outcome: Result = None,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Show the latest entries. Example: samspill audit show --reason yearly-review --outcome denied."""
    settings = Settings()
    wanted = _filter(recipient=recipient, actions=action, outcomes=outcome, since=since, until=until)
    if patient:
        wanted = _of_patient(settings, wanted)
    with store(settings) as database:
        database.write_now(LOOK, _look(AuditAction.LOG_READ, wanted, reason))
        found = search(database, wanted, limit)
    if as_json:
        typer.echo(json.dumps([json.loads(one.raw) | {"index": one.index} for one in found], ensure_ascii=False))
        return
    for one in found:
        entry = one.entry
        place = "-" if one.index is None else str(one.index)
        who = f"{entry.actor} → {entry.recipient}" if entry.recipient else entry.actor
        told = "  ".join(filter(None, (entry.purpose, entry.reason, entry.message)))
        typer.echo(f"{place:>8}  {_time(entry.recorded_at)}  {entry.action:<17} {entry.outcome:<8} {who}  {told}")


def export(
    *,
    reason: Why,
    form: Annotated[Form, typer.Option("--format", help="csv, fhir (a Bundle) or json (with proofs).")] = Form.JSON,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file; standard output if left out.")] = None,
    checkpoint: Kept = None,
    patient: Patient = False,
    recipient: Recipient = "",
    action: Action = None,
    outcome: Result = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Take a copy along. Example: samspill audit export --reason patient-asked --patient -o log.json < number.txt."""
    from gateway.wiring.audit import AuditEvents, keeper  # noqa: PLC0415 - as above

    settings = Settings()
    older = [_read(path) for path in checkpoint or ()]
    wanted = _filter(recipient=recipient, actions=action, outcomes=outcome, since=since, until=until)
    if patient:
        wanted = _of_patient(settings, wanted)
    with store(settings) as database:
        keep = keeper(settings, database)
        database.write_now(LOOK, _look(AuditAction.LOG_EXPORT, wanted, reason))
        note = keep.settle()
        if form is Form.CSV:
            text = "".join(csv_lines(search_all(database, wanted)))
        elif form is Form.FHIR:
            text = (
                json.dumps(
                    AuditEvents(settings.base_url).bundle(search_all(database, wanted)), ensure_ascii=False, indent=1
                )
                + "\n"
            )
        else:
            text = _proven(database, keep.signer.verifier, note, wanted, older)
    if out is None:
        sys.stdout.buffer.write(text.encode())
    else:
        out.write_bytes(text.encode())


def _proven(database: Database, key: Verifier, note: str, wanted: Filter, older: list[str]) -> str:
    try:
        return json_text(proven(database, key, note, search_all(database, wanted), older))
    except BadCheckpoint as wrong:
        raise NotAcceptable([Issue("security", "checkpoint", str(wrong))]) from None


def _of_patient(settings: Settings, wanted: Filter) -> Filter:
    """Read a personal number from standard input, and look for that patient's entries only."""
    number = sys.stdin.readline().strip()
    if kind_of(number) not in PERSONS:
        raise typer.BadParameter(
            "a national number, D-number, personnummer or samordningsnummer is expected on standard input"
        )
    return replace(wanted, patient=Vault(keyring(settings.key_provider)).mac("patient", number))


def _filter(
    *,
    recipient: str,
    actions: list[AuditAction] | None,
    outcomes: list[Outcome] | None,
    since: datetime | None,
    until: datetime | None,
) -> Filter:
    return Filter(
        recipient=recipient,
        actions=tuple(actions or ()),
        outcomes=tuple(outcomes or ()),
        since=_seconds(since),
        until=_seconds(until),
    )


def _seconds(at: datetime | None) -> float | None:
    return at.replace(tzinfo=at.tzinfo or UTC).timestamp() if at else None


def _look(action: AuditAction, wanted: Filter, reason: str) -> Look:
    return Look(
        action=action,
        actor=operator(),
        purpose=Purpose.OVERSIGHT,
        reason=code(reason),
        patient=wanted.patient,
        sought=wanted.names,
    )


def _complain(flaws: tuple[Flaw, ...] | list[Flaw]) -> None:
    if flaws:
        raise NotAcceptable([Issue("security", str(flaw).partition(": ")[0], flaw.what) for flaw in flaws])


def _key(text: str) -> Verifier:
    """Read a public key, given as itself or as a file."""
    if not text:
        raise typer.BadParameter("with --export give --key: the log's public key, from whoever runs the gateway")
    try:
        return verifier(text if "+" in text else _read(Path(text)))
    except BadCheckpoint as wrong:
        raise typer.BadParameter(str(wrong)) from None


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise NotAcceptable([Issue("structure", str(path), "the file is not text in UTF-8")]) from None


def _progress() -> Callable[[int, int], None] | None:
    if not sys.stderr.isatty():
        return None
    return lambda done, size: typer.echo(f"\r{done} of {size} entries", err=True, nl=False)


def _say(machine: dict[str, Any], human: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(machine) if as_json else human)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
