"""T2: a decision, the sealed payload, the new state and the audit entry, in one commit."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from gateway.core.audit import AuditAction, AuditEntry, Outcome
from gateway.core.line import Event, State
from gateway.core.vocabulary import Obligation
from gateway.edge.audit.append import append, fresh_id
from gateway.edge.store import journal, notices, review, statements
from gateway.edge.store.rows import Decided, Destination, Inbound, Move, ToDecide
from gateway.edge.store.writer import Step, Tx

SUSPECT = 2  # times that a message was claimed in vain before it is decided alone
SOURCE_AWAY = "source-away"  # why a message waits that a source could not be asked about; no failure of its own
OUTCOMES = {Event.PERMIT: Outcome.SUCCESS, Event.DENY: Outcome.DENIED}


def claim(tx: Tx, items: Sequence[tuple[int, float]]) -> list[list[ToDecide] | Exception]:
    """Claim messages to decide; each item is how many, and for how many seconds."""
    return [_claim(tx, limit, lease) for limit, lease in items]


def _claim(tx: Tx, limit: int, lease: float) -> list[ToDecide]:
    rows = _alone(tx.connection.execute(statements.CLAIM_RECEIVED, {"at": tx.at, "limit": limit}).all())
    if not rows:
        return []
    tx.connection.execute(statements.HOLD_RECEIVED, [{"key": row.id, "until": tx.at + lease} for row in rows])
    ids = sorted({row.inbound for row in rows})
    sources = {row.id: inbound(row) for row in tx.connection.execute(statements.SOURCES, {"ids": ids})}
    patients = sorted({row.patient for row in rows})
    epochs = {row.pseudonym: row.epoch for row in tx.connection.execute(statements.EPOCHS, {"patients": patients})}
    return [_to_decide(row, sources[row.inbound], epochs[row.patient]) for row in rows]


def _alone(rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Take one that was claimed before in vain by itself: if it takes the process down, it takes nobody with it.

    It then has the process for as long as its own decision takes, so that one that is innocent gets through.
    """
    if rows and rows[0].failures >= SUSPECT:
        return [rows[0]]
    return [row for row in rows if row.failures < SUSPECT]


def inbound(row: Row[Any]) -> Inbound:
    """Read a row of an incoming message together with its payload."""
    return Inbound(row.id, row.format, row.sender, row.case_key, row.patient, row.received_at, row.body, row.wrapped)


def _to_decide(row: Row[Any], source: Inbound, epoch: int) -> ToDecide:
    destination = Destination(row.destination, row.recipient, row.format, row.purpose)
    return ToDecide(row.id, row.token + 1, row.failures + 1, epoch, destination, source)


def decided(tx: Tx, items: Sequence[Decided]) -> list[Exception | None]:
    """Record what was decided. Raises `Stale` for a claim that has run out and been taken over."""
    journal.carry_out(tx, [_move(tx, item) for item in items])
    journal.put(
        tx, "outbound", [(item.claim.id, item.claim.inbound.patient, item.payload) for item in items if item.payload]
    )
    review.hold(tx, items)
    notices.tell(tx, [_told(item) for item in items if Obligation.NOTIFY_PATIENT in item.disclosure.obligations])
    append(tx, [_entry(tx, item) for item in items])
    return [None] * len(items)


def _told(item: Decided) -> notices.Told:
    return notices.Told("shared", item.claim.inbound.patient, item.claim.destination.party, item.claim.id)


def _move(tx: Tx, item: Decided) -> Move:
    values: dict[str, Any] = {"due": tx.at + item.due_in, "reason": item.reason}
    if item.events or item.reason == SOURCE_AWAY:
        values["failures"] = 0
    if item.payload:
        values |= {
            "sealed_at": tx.at,
            "epoch": item.claim.epoch,
            "policy": item.disclosure.policy,
            "valid_until": item.valid_until,
            "correlation": item.correlation,
            "media_type": item.media_type,
        }
    return Move(item.claim.id, item.claim.token, State.RECEIVED, item.events, values, item.reason)


def _entry(tx: Tx, item: Decided) -> AuditEntry:
    return AuditEntry(
        id=fresh_id(),
        recorded_at=tx.at,
        action=AuditAction.DECIDED,
        outcome=OUTCOMES.get(item.events[0], Outcome.FAILURE) if item.events else Outcome.FAILURE,
        actor=item.claim.inbound.sender,
        recipient=item.claim.destination.party,
        patient=item.claim.inbound.patient,
        message=item.claim.id,
        purpose=item.claim.destination.purpose,
        digest=item.digest,
        reason=item.reason,
        disclosure=item.disclosure,
    )


CLAIM: Step[tuple[int, float], list[ToDecide]] = Step("claim", claim)
DECIDED: Step[Decided, None] = Step("decide", decided, announces=True)
