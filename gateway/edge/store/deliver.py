"""T3: one attempt and its audit entry are committed before a byte leaves. T4: how it ended."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Update

from gateway.core.audit import AuditAction, AuditEntry, Outcome
from gateway.core.line import Event, State
from gateway.edge.audit.append import append, fresh_id
from gateway.edge.store import journal, statements
from gateway.edge.store.receipts import record
from gateway.edge.store.reopen import reopen
from gateway.edge.store.rows import Attempt, Begin, Begun, Ended, Move
from gateway.edge.store.writer import Step, Tx


def begin(tx: Tx, items: Sequence[Begin]) -> list[Begun | Exception]:
    """Begin attempts. The permit is looked at once more, in the transaction that says bytes may leave.

    A message whose permit has run out, or whose patient changed a consent or whose rules changed since it was decided,
    goes back to be decided anew. A destination that is down gets one message at a time, as a probe.
    """
    return [_begin(tx, item) for item in items]


def _begin(tx: Tx, item: Begin) -> Begun:
    destination = tx.connection.execute(statements.DESTINATION, {"party": item.party}).one()
    limit = item.limit if destination.up else _probes(tx, item, destination.retry_at)
    wanted = {"party": item.party, "at": tx.at, "limit": limit}
    rows = tx.connection.execute(statements.CLAIM_SEALED, wanted).all() if limit else []
    return Begun(destination.up, _permitted(tx, item, rows) if rows else [])


def _probes(tx: Tx, item: Begin, retry_at: float) -> int:
    if retry_at > tx.at:
        return 0
    tx.connection.execute(statements.PROBE_LATER, {"party": item.party, "until": tx.at + item.probe_every})
    return 1


def _permitted(tx: Tx, item: Begin, rows: Sequence[Row[Any]]) -> list[Attempt]:
    patients = sorted({row.patient for row in rows})
    # Held until this commits: a consent that is withdrawn meanwhile waits, and then finds these messages leaving.
    epochs = {row.pseudonym: row.epoch for row in tx.connection.execute(statements.HOLD_EPOCHS, {"patients": patients})}
    expired = [row for row in rows if not _still_permitted(tx, row, epochs[row.patient], item.policy)]
    reopen(tx, expired, "permit-expired")
    gone = {row.id for row in expired}
    return _attempts(tx, item, [row for row in rows if row.id not in gone])


def _still_permitted(tx: Tx, row: Row[Any], epoch: int, policy: str) -> bool:
    return row.epoch == epoch and row.policy == policy and (row.valid_until is None or row.valid_until > tx.at)


def _attempts(tx: Tx, item: Begin, rows: list[Row[Any]]) -> list[Attempt]:
    if not rows:
        return []
    found = tx.connection.execute(statements.BODIES, {"records": [row.id for row in rows]})
    bodies = {row.record: (row.body, row.wrapped) for row in found}
    attempts = [_attempt(tx, row, *bodies.get(row.id, (None, None))) for row in rows]
    journal.carry_out(tx, [_hold(tx, item, row) for row in rows])
    tx.connection.execute(
        statements.ADD_ATTEMPT,
        [
            {"outbound": a.id, "token": a.token, "number": a.number, "node": tx.node, "begun_at": tx.at, "outcome": ""}
            for a in attempts
        ],
    )
    append(tx, [_entry(tx, attempt, AuditAction.DISCLOSED) for attempt in attempts])
    return attempts


def _attempt(tx: Tx, row: Row[Any], body: bytes | None, wrapped: bytes | None) -> Attempt:
    return Attempt(
        row.id,
        row.token + 1,
        row.attempts + 1,
        tx.at - row.sealed_at,
        row.destination,
        row.purpose,
        row.patient,
        row.media_type,
        row.correlation,
        body,
        wrapped,
    )


def _hold(tx: Tx, item: Begin, row: Row[Any]) -> Move:
    values = {"token": row.token + 1, "attempts": row.attempts + 1, "sending": True, "due": tx.at + item.lease}
    return Move(row.id, row.token, State.SEALED, (), values)


def end(tx: Tx, items: Sequence[Ended]) -> list[Exception | None]:
    """Record how attempts ended, with the receipt if the answer held one. Raises `Stale` for one taken over since."""
    early = _early(tx, items)
    journal.carry_out(tx, [_end(tx, item, early=item.attempt.id in early) for item in items])
    record(tx, [(item.attempt, item.receipt) for item in items if item.receipt])
    tx.connection.execute(
        statements.END_ATTEMPT,
        [{"key": i.attempt.id, "held": i.attempt.token, "at": tx.at, "ended": i.reason or i.outcome} for i in items],
    )
    append(tx, [_entry(tx, item.attempt, AuditAction.HANDED_OVER, item) for item in items])
    _defer_followers(tx, [item for item in items if not item.events])
    return [None] * len(items)


def _end(tx: Tx, item: Ended, *, early: bool) -> Move:
    events = (Event.SENT, Event.RECEIPT_OK) if early else item.events
    values = {"due": tx.at + item.due_in, "sending": False, "reason": item.reason}
    return Move(item.attempt.id, item.attempt.token, State.SEALED, events, values, item.reason)


def _early(tx: Tx, items: Sequence[Ended]) -> set[str]:
    """Find which of the messages sent now have a good receipt already, from an attempt whose end was never seen."""
    sent = [item.attempt.id for item in items if item.events == (Event.SENT,) and item.attempt.number > 1]
    return {row.outbound for row in tx.connection.execute(statements.EARLY_RECEIPTS, {"ids": sent})} if sent else set()


def _defer_followers(tx: Tx, items: list[Ended]) -> None:
    """Let what waits behind a message that was put off wait as long: it could not go, and is not looked at in vain."""
    if not items:
        return
    until = {item.attempt.id: tx.at + item.due_in for item in items}
    places = tx.connection.execute(statements.PLACES, {"ids": list(until)}).all()
    rows = [{"party": p.destination, "case": p.case_key, "after": p.seq, "until": until[p.id]} for p in places]
    tx.connection.execute(statements.DEFER_FOLLOWERS, rows)


def _entry(tx: Tx, attempt: Attempt, action: AuditAction, ended: Ended | None = None) -> AuditEntry:
    failed = ended is not None and Event.SENT not in ended.events
    return AuditEntry(
        id=fresh_id(),
        recorded_at=tx.at,
        action=action,
        outcome=Outcome.FAILURE if failed else Outcome.SUCCESS,
        actor="gateway",
        recipient=attempt.party,
        patient=attempt.patient,
        message=attempt.id,
        purpose=attempt.purpose,
        reason=ended.reason if ended else "",
    )


def mark_down(tx: Tx, items: Sequence[tuple[str, float]]) -> list[bool | Exception]:
    """Mark destinations as down, with seconds to the next probe; true for the one caller that was first to see it."""
    return [
        _mark(tx, statements.MARK_DOWN, "destination-down", {"party": party, "at": tx.at, "until": tx.at + wait})
        for party, wait in items
    ]


def mark_up(tx: Tx, items: Sequence[str]) -> list[bool | Exception]:
    """Mark destinations as back; true for the one caller that was first to see it."""
    return [_mark(tx, statements.MARK_UP, "destination-up", {"party": party, "at": tx.at}) for party in items]


def _mark(tx: Tx, statement: Update, event: str, values: dict[str, Any]) -> bool:
    first = tx.connection.execute(statement, values).rowcount == 1
    if first:
        journal.note(tx, f"destination:{values['party']}", event)
    return first


BEGIN: Step[Begin, Begun] = Step("begin", begin)
END: Step[Ended, None] = Step("end", end)
MARK_DOWN: Step[tuple[str, float], bool] = Step("mark-down", mark_down)
MARK_UP: Step[str, bool] = Step("mark-up", mark_up, announces=True)
