"""Destroys what nobody needs any more: what settled messages, their receipts and reported absences said, in time.

What goes is the payload with its wrapped key, so that copies of the store that were made before cannot be read by it
either, once their keys are turned. What stays is what holds no value: states, events, idempotency keys, consents, and
the log, which says of each message that and when it went.

Nothing goes of a message that is not settled: every outgoing message of it has to be in a final state, for as long as
the period is, and no officer may be waiting for it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, Table, bindparam, delete, exists, or_, select

from gateway.core.audit import AuditAction, AuditEntry
from gateway.core.line import FINAL
from gateway.edge.audit.append import append, fresh_id
from gateway.edge.store.absences import DONE, REFUSED
from gateway.edge.store.review import Status
from gateway.edge.store.schema import absence, absence_file, event, inbound, outbound, payload, receipt, review, worker
from gateway.edge.store.writer import Step, Tx

PAGE: Final = 50
MESSAGES: Final = "inbound"
RECEIPTS: Final = "receipt"
ABSENCES: Final = "absence"
WORKERS: Final = "worker"
REASON: Final = "retention"


@dataclass(frozen=True, slots=True)
class Sweep:
    """A page of one kind of record to go through: those after `after` by id, and settled before `before`.

    `before` is in seconds since the epoch, UTC. Without `destroy` what would go is counted only.
    """

    kind: str
    before: float
    after: str = ""
    destroy: bool = True


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep came to: how many payloads went, and the record to go on after; empty at the end."""

    destroyed: int
    last: str


def purge(tx: Tx, items: Sequence[Sweep]) -> list[Swept | Exception]:
    """Go through a page of each sweep."""
    return [_purge(tx, item) for item in items]


def _purge(tx: Tx, item: Sweep) -> Swept:
    values = {"kind": item.kind, "after": item.after, "before": first_id(item.before)}
    page = [row.record for row in tx.connection.execute(_PAGE, values)]
    if not page:
        return Swept(0, "")
    going = _GOING[item.kind](tx, page, item.before)
    records = {record for records, _ in going for record in records}
    if item.destroy and records:
        tx.connection.execute(delete(payload).where(payload.c.record.in_(records)))
        tx.connection.execute(delete(worker).where(worker.c.record.in_(records)))
        append(tx, [entry for _, entry in going])
    return Swept(len(records), page[-1] if len(page) == PAGE else "")


def first_id(at: float) -> str:
    """Give the first id that `fresh_id` could have given at a time, in seconds since the epoch."""
    return f"{int(at * 1000):012x}"


_PAGE: Final = (
    select(payload.c.record)
    .where(
        payload.c.kind == bindparam("kind"),
        payload.c.record > bindparam("after"),
        payload.c.record < bindparam("before"),
        payload.c.wrapped.is_not(None),
    )
    .order_by(payload.c.record)
    .limit(PAGE)
)

Going = list[tuple[list[str], AuditEntry]]
"""What goes together, with the entry of the log that tells of it."""


def _messages(tx: Tx, page: Sequence[str], before: float) -> Going:
    """Give what goes with each incoming message: its own payload, its outgoing ones' and their receipts'."""
    old = select(inbound).where(inbound.c.id.in_(page), inbound.c.received_at < before).order_by(inbound.c.id)
    held = {row.id: row for row in tx.connection.execute(old.with_for_update(skip_locked=True))}
    kept = _found(tx, select(outbound.c.inbound).where(outbound.c.inbound.in_(held), _unsettled(before)))
    kept |= _found(tx, select(review.c.inbound).where(review.c.inbound.in_(held), review.c.status == Status.OPEN.value))
    going = [row for name, row in held.items() if name not in kept]
    parts: dict[str, list[str]] = {row.id: [row.id] for row in going}
    copies = select(outbound.c.inbound, outbound.c.id, receipt.c.id.label("receipt")).join_from(
        outbound, receipt, receipt.c.outbound == outbound.c.id, isouter=True
    )
    for row in tx.connection.execute(copies.where(outbound.c.inbound.in_(list(parts)))):
        parts[row.inbound] += [name for name in (row.id, row.receipt) if name]
    records = {name for names in parts.values() for name in names}
    there = _found(tx, select(payload.c.record).where(payload.c.record.in_(records)))
    return [([name for name in parts[row.id] if name in there], _entry(tx, row.id, row.patient)) for row in going]


def _receipts(tx: Tx, page: Sequence[str], before: float) -> Going:
    """Give the receipts that answer nothing of ours, or came after their message had gone."""
    there = (
        select(payload.c.record)
        .join(outbound, outbound.c.inbound == payload.c.record)
        .where(outbound.c.id == receipt.c.outbound)
        .exists()
    )
    old = select(receipt.c.id, receipt.c.outbound).where(receipt.c.id.in_(page), receipt.c.received_at < before, ~there)
    return [([row.id], _entry(tx, row.outbound or row.id)) for row in tx.connection.execute(old)]


def _absences(tx: Tx, page: Sequence[str], before: float) -> Going:
    """Give the absences of files that were handled."""
    return _of_files(tx, page, before, absence)


def _workers(tx: Tx, page: Sequence[str], before: float) -> Going:
    """Give whose employee numbers are, where no file has said it for as long."""
    return _of_files(tx, page, before, worker)


def _of_files(tx: Tx, page: Sequence[str], before: float, kept: Table) -> Going:
    """Give what a table keeps of files that were handled and are old enough."""
    old = (
        select(kept.c.record, kept.c.patient)
        .join_from(kept, absence_file, absence_file.c.id == kept.c.file)
        .where(kept.c.record.in_(page), absence_file.c.began_at < before)
        .where(absence_file.c.state.in_([DONE, REFUSED]))
    )
    return [([row.record], _entry(tx, row.record, row.patient)) for row in tx.connection.execute(old)]


_GOING: Final = {MESSAGES: _messages, RECEIPTS: _receipts, ABSENCES: _absences, WORKERS: _workers}


def _unsettled(before: float) -> ColumnElement[bool]:
    """Whether an outgoing message may still move, or moved not long enough ago."""
    moved = exists().where(event.c.outbound == outbound.c.id, event.c.at >= before)
    return or_(outbound.c.state.not_in([state.value for state in FINAL]), moved)


def _found(tx: Tx, names: Select[Any]) -> set[str]:
    rows: Iterable[Row[Any]] = tx.connection.execute(names)
    return {str(row[0]) for row in rows}


def _entry(tx: Tx, message: str, patient: str = "") -> AuditEntry:
    return AuditEntry(
        id=fresh_id(),
        recorded_at=tx.at,
        action=AuditAction.ERASED,
        actor="gateway",
        patient=patient,
        message=message,
        reason=REASON,
    )


PURGE: Step[Sweep, Swept] = Step("purge", purge)
