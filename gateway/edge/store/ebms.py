"""ebMS in the store: signals move the messages they are about, what came is known again, and what we owe is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.core.audit import AuditAction, Outcome
from gateway.core.line import Event, State
from gateway.edge.audit.append import append, of_copy
from gateway.edge.keys import Envelope
from gateway.edge.store import journal, statements
from gateway.edge.store.receipts import REJECTED
from gateway.edge.store.rows import Move
from gateway.edge.store.schema import ebms_owed, ebms_received, outbound, payload
from gateway.edge.store.writer import Step, Tx

REFUSED: Final = "refused-by-transport"
KEPT: Final = 60 * 86400.0
"""Seconds for which a message is known again; no agreement that is known has a persist duration as long."""

_INSERTS: Any = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
_BY_ID = (
    select(outbound).where(outbound.c.id == bindparam("name"), outbound.c.destination == bindparam("party"))
).with_for_update()
KNOWN = (
    select(ebms_received.c.content, ebms_received.c.media_type, payload.c.record, payload.c.body, payload.c.wrapped)
    .join_from(ebms_received, payload, payload.c.record == ebms_received.c.answer, isouter=True)
    .where(ebms_received.c.party == bindparam("of"), ebms_received.c.message == bindparam("called"))
)
_DUE = (
    select(ebms_owed.c.id)
    .where(ebms_owed.c.due <= bindparam("at"))
    .order_by(ebms_owed.c.due)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
ANY_DUE = select(ebms_owed.c.id).where(ebms_owed.c.due <= bindparam("at")).limit(1)
_OWED = (
    select(ebms_owed, payload.c.body, payload.c.wrapped)
    .join_from(ebms_owed, payload, payload.c.record == ebms_owed.c.id, isouter=True)
    .where(ebms_owed.c.id.in_(bindparam("ids", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class Signal:
    """An Acknowledgment (`taken`) or a MessageError about the message with this id, sent to `party`.

    `final`: nothing more is awaited of it; else an application receipt is, for so many seconds.
    """

    party: str
    message: str
    taken: bool
    final: bool
    receipt_within: float


@dataclass(frozen=True, slots=True)
class Posting:
    """A whole ebMS message of ours, sealed for the store: its id there, and its media type."""

    id: str
    media_type: str
    body: Envelope
    signal: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """That a message was taken: pseudonyms of it and its content, the signal that answers it, and what else we owe."""

    party: str
    message: str
    content: str
    answer: Posting | None
    owed: tuple[Posting, ...] = ()


@dataclass(frozen=True, slots=True)
class Owed:
    """Something to be posted, claimed; `age` in seconds since it was first owed."""

    id: str
    party: str
    signal: bool
    media_type: str
    token: int
    attempts: int
    age: float
    body: bytes | None
    wrapped: bytes | None


@dataclass(frozen=True, slots=True)
class Settled:
    """How a posting ended: done with, or due again in so many seconds; a `reason` when it was given up."""

    owed: Owed
    again_in: float | None = None
    reason: str = ""


def signal(tx: Tx, items: Sequence[Signal]) -> list[str | Exception]:
    """Move the messages that signals are about; give what became of each signal.

    `applied`, `duplicate`, `late` (it changes nothing, and is noted on the message) or `unmatched`.
    """
    return [_signal(tx, item) for item in items]


def _signal(tx: Tx, item: Signal) -> str:
    found = tx.connection.execute(_BY_ID, {"name": item.message, "party": item.party}).one_or_none()
    if found is None:
        return "applied" if _drop(tx, [item.message], item.party) else "unmatched"
    verdict, events = _weigh(found, item)
    if not events:
        kind = "acknowledgment" if item.taken else "message-error"
        journal.note(tx, found.id, f"{kind}-{verdict}", found.state)
        return verdict
    reason = "" if item.taken else REFUSED
    values = {
        "token": found.token + 1,
        "sending": False,
        "reason": reason,
        "due": tx.at + (item.receipt_within if item.taken else 0.0),
    }
    journal.carry_out(tx, [Move(found.id, found.token, State(found.state), events, values, reason)])
    ended = {"key": found.id, "held": found.token, "at": tx.at, "ended": "acknowledged" if item.taken else REFUSED}
    tx.connection.execute(statements.END_ATTEMPT, [ended])
    outcome = Outcome.FAILURE if reason else Outcome.SUCCESS
    append(tx, [of_copy(tx, found, AuditAction.HANDED_OVER, found.destination, outcome=outcome, reason=reason)])
    tx.connection.execute(
        statements.FREE_FOLLOWERS,
        {"party": found.destination, "case": found.case_key, "after": found.seq, "now": tx.at},
    )
    return verdict


def _weigh(found: Row[Any], item: Signal) -> tuple[str, tuple[Event, ...]]:
    sent = (Event.SENT, Event.RECEIPT_OK) if item.final else (Event.SENT,)
    match State(found.state):
        case State.SEALED if found.attempts:
            return "applied", sent if item.taken else (Event.GAVE_UP,)
        case State.DELIVERED if not item.taken:
            return "applied", (Event.GAVE_UP,)
        case State.DEAD_LETTER if item.taken and item.final and found.attempts and found.reason != REJECTED:
            return "applied", (Event.RECEIPT_OK,)
        case State.DELIVERED | State.ACKNOWLEDGED if item.taken:
            return "duplicate", ()
    return "late", ()


def take(tx: Tx, items: Sequence[Taken]) -> list[bool | Exception]:
    """Keep that messages were taken; true for each that was not taken before, whose owed messages are kept, too."""
    _forget(tx)
    return [_take(tx, item) for item in items]


def _take(tx: Tx, item: Taken) -> bool:
    answer = item.answer
    row = {
        "party": item.party,
        "message": item.message,
        "content": item.content,
        "answer": answer.id if answer else "",
        "media_type": answer.media_type if answer else "",
        "received_at": tx.at,
    }
    once = _INSERTS[tx.connection.dialect.name](ebms_received).on_conflict_do_nothing()
    if tx.connection.execute(once.returning(ebms_received.c.message), row).first() is None:
        return False
    if answer:
        journal.put(tx, "ebms_received", [(answer.id, "", answer.body)])
    _owe(tx, item.party, item.owed)
    return True


def owe(tx: Tx, items: Sequence[tuple[str, Posting]]) -> list[Exception | None]:
    """Keep what we owe, given with whom."""
    for party, posting in items:
        _owe(tx, party, (posting,))
    return [None] * len(items)


def _owe(tx: Tx, party: str, postings: Sequence[Posting]) -> None:
    rows = [
        {
            "id": one.id,
            "party": party,
            "signal": one.signal,
            "media_type": one.media_type,
            "due": tx.at,
            "token": 0,
            "attempts": 0,
            "since": tx.at,
        }
        for one in postings
    ]
    if rows:
        tx.connection.execute(insert(ebms_owed), rows)
        journal.put(tx, "ebms_owed", [(one.id, "", one.body) for one in postings])


def claim(tx: Tx, items: Sequence[tuple[int, float]]) -> list[list[Owed] | Exception]:
    """Claim up to so many postings that are due, and hold them for so many seconds."""
    return [_claim(tx, limit, lease) for limit, lease in items]


def _claim(tx: Tx, limit: int, lease: float) -> list[Owed]:
    ids = [row.id for row in tx.connection.execute(_DUE, {"at": tx.at, "limit": limit})]
    if not ids:
        return []
    held = update(ebms_owed).where(ebms_owed.c.id.in_(ids))
    tx.connection.execute(
        held.values(due=tx.at + lease, token=ebms_owed.c.token + 1, attempts=ebms_owed.c.attempts + 1)
    )
    rows = tx.connection.execute(_OWED, {"ids": ids}).all()
    return [
        Owed(r.id, r.party, r.signal, r.media_type, r.token, r.attempts, tx.at - r.since, r.body, r.wrapped)
        for r in rows
    ]


def settle(tx: Tx, items: Sequence[Settled]) -> list[Exception | None]:
    """Record how postings ended; one that was claimed anew since, or acknowledged, is left alone."""
    for item in items:
        mine = (ebms_owed.c.id == item.owed.id, ebms_owed.c.token == item.owed.token)
        if item.again_in is not None:
            tx.connection.execute(update(ebms_owed).where(*mine).values(due=tx.at + item.again_in))
        elif tx.connection.execute(delete(ebms_owed).where(*mine)).rowcount:
            tx.connection.execute(statements.DROP_PAYLOADS, {"records": [item.owed.id]})
            if item.reason:
                journal.note(tx, f"destination:{item.owed.party}", "receipt-not-delivered", "", item.reason)
    return [None] * len(items)


def _drop(tx: Tx, ids: list[str], party: str) -> bool:
    gone = tx.connection.execute(
        delete(ebms_owed).where(ebms_owed.c.id.in_(ids), ebms_owed.c.party == party, ~ebms_owed.c.signal)
    )
    if gone.rowcount:
        tx.connection.execute(statements.DROP_PAYLOADS, {"records": ids})
    return bool(gone.rowcount)


def _forget(tx: Tx) -> None:
    old = ebms_received.c.received_at < tx.at - KEPT
    answers = [row.answer for row in tx.connection.execute(select(ebms_received.c.answer).where(old).limit(100))]
    if answers:
        tx.connection.execute(statements.DROP_PAYLOADS, {"records": answers})
        tx.connection.execute(delete(ebms_received).where(old, ebms_received.c.answer.in_(answers)))


SIGNAL: Step[Signal, str] = Step("ebms-signal", signal, announces=True)
TAKE: Step[Taken, bool] = Step("ebms-take", take, announces=True)
OWE: Step[tuple[str, Posting], None] = Step("ebms-owe", owe, announces=True)
CLAIM_OWED: Step[tuple[int, float], list[Owed]] = Step("ebms-claim", claim)
SETTLE: Step[Settled, None] = Step("ebms-settle", settle)
