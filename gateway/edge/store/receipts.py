"""T4 for receipts that come on their own: matched to the message they answer, each once, and none lost."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row

from gateway.core.audit import AuditAction, Outcome
from gateway.core.line import Event, State
from gateway.edge.audit.append import append, of_copy
from gateway.edge.store import journal, statements
from gateway.edge.store.rows import Attempt, Move, Receipted, ReceiptIn
from gateway.edge.store.writer import Step, Tx

NO_RECEIPT: Final = "no-receipt"
REJECTED: Final = "rejected-by-recipient"


def verdict_event(receipt: ReceiptIn) -> Event:
    """Give what the receipt makes happen."""
    return Event.RECEIPT_OK if receipt.positive else Event.RECEIPT_REJECTED


def record(tx: Tx, answered: Sequence[tuple[Attempt, ReceiptIn]]) -> None:
    """Store the receipts that came in the answers to attempts."""
    if not answered:
        return
    contents = [receipt.content_mac for _, receipt in answered]
    found = tx.connection.execute(statements.KNOWN_RECEIPTS, {"contents": contents})
    known = {(row.destination, row.content_mac) for row in found}
    new = [(a, r) for a, r in answered if (r.party, r.content_mac) not in known]
    if new:
        tx.connection.execute(statements.ADD_RECEIPT, [_row(tx, r, "applied", a.id) for a, r in new])
        journal.put(tx, "receipt", [(r.id, a.patient, r.payload) for a, r in new])


def receive(tx: Tx, items: Sequence[ReceiptIn]) -> list[Receipted | Exception]:
    """Match receipts by the id they answer and by who sends them, and move their messages.

    A receipt for a message still being sent, or given up on, proves that it arrived. One that comes again changes
    nothing; one that answers nothing we sent, or contradicts what was said, is kept for a human and moves nothing.
    """
    return [_receive(tx, item) for item in items]


def _receive(tx: Tx, item: ReceiptIn) -> Receipted:
    if known := _known(tx, item):
        return Receipted("duplicate", known[0] or "")
    found = tx.connection.execute(
        statements.CORRELATED, {"correlation": item.correlation, "party": item.party}
    ).one_or_none()
    if found is None:
        _store(tx, item, "unmatched", None, "")
        return Receipted("unmatched")
    verdict, events = _weigh(found, item)
    _store(tx, item, verdict, found.id, found.patient)
    if events:
        _apply(tx, found, item, events)
    else:
        journal.note(tx, found.id, f"receipt-{verdict}", found.state, "positive" if item.positive else "negative")
    return Receipted(verdict, found.id)


def _weigh(found: Row[Any], item: ReceiptIn) -> tuple[str, tuple[Event, ...]]:
    match State(found.state):
        case State.DELIVERED:
            return "applied", (verdict_event(item),)
        case State.SEALED if found.attempts:
            return "applied", (Event.SENT, verdict_event(item))
        case State.DEAD_LETTER if item.positive and found.attempts and found.reason != REJECTED:
            return "applied", (Event.RECEIPT_OK,)
        case State.ACKNOWLEDGED:
            return ("duplicate" if item.positive else "contradicts"), ()
    return "late", ()


def _apply(tx: Tx, found: Row[Any], item: ReceiptIn, events: tuple[Event, ...]) -> None:
    reason = "" if item.positive else REJECTED
    values = {"token": found.token + 1, "sending": False, "reason": reason}
    journal.carry_out(tx, [Move(found.id, found.token, State(found.state), events, values, reason)])
    held = {"key": found.id, "held": found.token, "at": tx.at, "ended": "receipt"}
    tx.connection.execute(statements.END_ATTEMPT, [held])
    outcome = Outcome.SUCCESS if item.positive else Outcome.FAILURE
    append(tx, [of_copy(tx, found, AuditAction.RECEIPT, found.destination, outcome=outcome, reason=reason)])


def _known(tx: Tx, item: ReceiptIn) -> Row[Any] | None:
    return tx.connection.execute(
        statements.KNOWN_RECEIPT, {"party": item.party, "content": item.content_mac}
    ).one_or_none()


def _store(tx: Tx, item: ReceiptIn, verdict: str, outbound: str | None, patient: str) -> None:
    tx.connection.execute(statements.ADD_RECEIPT, [_row(tx, item, verdict, outbound)])
    journal.put(tx, "receipt", [(item.id, patient, item.payload)])


def _row(tx: Tx, item: ReceiptIn, verdict: str, outbound: str | None) -> dict[str, Any]:
    return {
        "id": item.id,
        "outbound": outbound,
        "destination": item.party,
        "content_mac": item.content_mac,
        "positive": item.positive,
        "codes": " ".join(item.codes),
        "verdict": verdict,
        "received_at": tx.at,
    }


def overdue(tx: Tx, items: Sequence[int]) -> list[list[str] | Exception]:
    """Give up on up to so many delivered messages whose receipt never came; give their destinations."""
    return [_overdue(tx, limit) for limit in items]


def _overdue(tx: Tx, limit: int) -> list[str]:
    rows = tx.connection.execute(statements.OVERDUE, {"at": tx.at, "limit": limit}).all()
    values = {"reason": NO_RECEIPT}
    journal.carry_out(
        tx,
        [
            Move(row.id, row.token, State.DELIVERED, (Event.GAVE_UP,), values | {"token": row.token + 1}, NO_RECEIPT)
            for row in rows
        ],
    )
    told = {"outcome": Outcome.FAILURE, "reason": NO_RECEIPT}
    append(tx, [of_copy(tx, row, AuditAction.RECEIPT, row.destination, **told) for row in rows])
    return [row.destination for row in rows]


RECEIVE: Step[ReceiptIn, Receipted] = Step("receive", receive, announces=True)
OVERDUE: Step[int, list[str]] = Step("overdue", overdue)
