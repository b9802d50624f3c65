"""The officers' queue: what is held until one of them has looked at it, and every breaking of the glass.

An item is made in the transaction that holds, and closed in the one that lets go. A message that is cleared is decided
anew: while it is still here as it is, and once it has left, by a copy more. What the log was searched for is put here,
too (`gateway.edge.store.cases`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, func, insert, select, update

from gateway.core.audit import AuditAction, AuditEntry, Disclosure, Outcome
from gateway.core.errors import Refused, SamspillError
from gateway.core.line import State
from gateway.core.queues import FOUND, Queue, due
from gateway.edge.audit.append import append, fresh_id
from gateway.edge.store import accept, notices
from gateway.edge.store.consents import changed
from gateway.edge.store.operate import NotThere
from gateway.edge.store.rows import Decided, Destination
from gateway.edge.store.schema import inbound, outbound, payload, review
from gateway.edge.store.writer import Step, Tx

HELD: Final = Queue.HELD.value
GLASS: Final = Queue.GLASS.value


class Status(StrEnum):
    """Where an item of the queue is."""

    OPEN = "open"
    CLEARED = "cleared"  # a held message goes, with what was held
    REFUSED = "refused"  # what was held stays here
    CLOSED = "closed"  # a breaking of the glass, or what the log was searched for, was looked into
    SUPERSEDED = "superseded"  # the message was decided anew, and something else is held now


class AlreadyClosed(SamspillError):
    """Somebody has dealt with the item."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asks to break the glass; `person` and `patient` are pseudonyms, `reason` is a code."""

    id: str
    party: str
    role: str
    person: str
    patient: str
    reason: str
    policy: str


@dataclass(frozen=True, slots=True)
class Opened:
    """One record is shown through the broken glass: which opening, which incoming message, and why it might be."""

    opening: str
    message: str
    digest: str
    disclosure: Disclosure


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an officer decides about an item; `person` is their pseudonym where known, `finding` is a code."""

    item: str
    status: Status
    actor: str
    person: str
    finding: str


OPENING = select(review).where(
    review.c.id == bindparam("id"), review.c.opened_at + bindparam("since") >= bindparam("at")
)
RECORDS_OF = (
    select(inbound, payload.c.body, payload.c.wrapped)
    .join_from(payload, inbound, inbound.c.id == payload.c.record)
    .where(payload.c.patient == bindparam("who"), payload.c.kind == "inbound", payload.c.wrapped.is_not(None))
    .order_by(inbound.c.received_at.desc())
    .limit(bindparam("limit"))
)
ITEM = select(review).where(review.c.id == bindparam("id"))
ITEMS_OF = select(review).where(review.c.inbound == bindparam("inbound")).order_by(review.c.opened_at)
OF_PATIENT = select(review).where(review.c.patient == bindparam("who")).order_by(review.c.opened_at.desc()).limit(50)
HELD_OF = select(review.c.party, review.c.purpose).where(
    review.c.kind == HELD, review.c.inbound == bindparam("inbound"), review.c.status == Status.OPEN.value
)
CLEARED = select(review.c.inbound, review.c.party, review.c.purpose, review.c.held).where(
    review.c.kind == HELD,
    review.c.inbound.in_(bindparam("messages", expanding=True)),
    review.c.policy == bindparam("policy"),
    review.c.status == Status.CLEARED.value,
)
_NEWEST = select(review).order_by(review.c.opened_at.desc(), review.c.id.desc()).limit(bindparam("limit"))
_OF_SOURCES = select(review).where(review.c.kind == HELD, review.c.inbound.in_(bindparam("sources", expanding=True)))
_SUPERSEDE = (
    update(review)
    .where(review.c.id == bindparam("key"), review.c.status == Status.OPEN)
    .values(status=Status.SUPERSEDED.value, closed_at=bindparam("at"))
)
_CLOSE = (
    update(review)
    .where(review.c.id == bindparam("key"))
    .values(status=bindparam("to"), closed_at=bindparam("at"), officer=bindparam("by"), finding=bindparam("why"))
)
_NEWEST_COPY = (
    select(outbound)
    .where(
        outbound.c.inbound == bindparam("inbound"),
        outbound.c.destination == bindparam("party"),
        outbound.c.purpose == bindparam("purpose"),
    )
    .order_by(outbound.c.seq.desc())
    .limit(1)
    .with_for_update()
)


def listed(status: Status | None, kind: str) -> Select[Any]:
    """Give the statement for items in a status and of a kind (either may be any), the newest first."""
    wanted = [review.c.status == status.value] if status else []
    wanted += [review.c.kind == kind] if kind else []
    return _NEWEST.where(*wanted)


def due_first(kind: str) -> Select[Any]:
    """Give the statement for open items of a kind (or any), what is due first before the rest."""
    wanted = [review.c.kind == kind] if kind else []
    by = func.coalesce(review.c.due, review.c.opened_at)
    return select(review).where(review.c.status == Status.OPEN.value, *wanted).order_by(by).limit(bindparam("limit"))


def hold(tx: Tx, items: Sequence[Decided]) -> None:
    """Put what is held of messages into the queue, once for the same thing held under the same rules."""
    decided = [item for item in items if item.events]
    sources = sorted({item.claim.inbound.id for item in decided})
    known = tx.connection.execute(_OF_SOURCES, {"sources": sources}).all() if sources else []
    for item in decided:
        to = item.claim.destination
        key = (item.claim.inbound.id, to.party, to.purpose)
        _hold(tx, item, [row for row in known if (row.inbound, row.party, row.purpose) == key])


def _hold(tx: Tx, item: Decided, known: list[Row[Any]]) -> None:
    claim, held = item.claim, "\n".join(sorted(item.held))
    same = [row.id for row in known if (row.policy, row.held) == (item.disclosure.policy, held)]
    gone = [{"key": row.id, "at": tx.at} for row in known if row.status == Status.OPEN and row.id not in same]
    if gone:
        tx.connection.execute(_SUPERSEDE, gone)
    if held and not any(row.id in same and row.status != Status.SUPERSEDED for row in known):
        values = {"id": fresh_id(), "kind": HELD, "held": held, "reason": item.reason, "person": ""}
        source = {"patient": claim.inbound.patient, "inbound": claim.inbound.id, "outbound": claim.id}
        to = claim.destination
        going = {"party": to.party, "recipient": to.recipient, "purpose": to.purpose, "policy": item.disclosure.policy}
        add(tx, [values | source | going])


def add(tx: Tx, cases: Sequence[Mapping[str, Any]]) -> None:
    """Open cases, given as columns; what nobody has done yet is filled in."""
    rows = [
        {"opened_at": tx.at, "status": Status.OPEN.value, "officer": "", "finding": "", "owner": ""}
        | {"due": due(case["kind"], tx.at)}
        | dict(case)
        for case in cases
    ]
    tx.connection.execute(insert(review), rows)


def ask(tx: Tx, items: Sequence[Asked]) -> list[float | Exception]:
    """Record that somebody asks to break the glass; give when, and put it where an officer will look into it."""
    return [_ask(tx, item) for item in items]


def _ask(tx: Tx, item: Asked) -> float:
    known = {"patient": item.patient, "person": item.person, "party": item.party, "recipient": item.role}
    rest = {"inbound": "", "outbound": "", "purpose": "treatment", "policy": item.policy, "held": ""}
    add(tx, [{"id": item.id, "kind": GLASS, "reason": item.reason, **known, **rest}])
    append(tx, [_glass(tx, item, AuditAction.GLASS_ASKED, item.id)])
    return tx.at


def open_(tx: Tx, items: Sequence[Opened]) -> list[Exception | None]:
    """Record that a record is about to be shown through the broken glass, and tell its patient."""
    return [_open(tx, item) for item in items]


def _open(tx: Tx, item: Opened) -> Exception | None:
    row = tx.connection.execute(ITEM, {"id": item.opening}).one_or_none()
    if row is None or row.status != Status.OPEN:
        return NotThere("there is no such opening any more")
    asked = Asked(row.id, row.party, row.recipient, row.person, row.patient, row.reason, row.policy)
    notices.tell(tx, [notices.Told("glass", row.patient, row.party, item.message)])
    append(tx, [_glass(tx, asked, AuditAction.GLASS_OPENED, item.message, item)])
    return None


def _glass(tx: Tx, asked: Asked, action: AuditAction, message: str, opened: Opened | None = None) -> AuditEntry:
    return AuditEntry(
        id=fresh_id(),
        recorded_at=tx.at,
        action=action,
        actor=asked.party,
        recipient=asked.party,
        patient=asked.patient,
        message=message,
        purpose="treatment",
        digest=opened.digest if opened else "",
        reason=asked.reason,
        person=asked.person,
        disclosure=opened.disclosure if opened else None,
    )


def close(tx: Tx, items: Sequence[Verdict]) -> list[str | Exception]:
    """Close items; give the id of the message that is decided anew for each (empty: none is)."""
    return [_close(tx, item) for item in items]


def _close(tx: Tx, verdict: Verdict) -> str | Exception:
    row = tx.connection.execute(ITEM.with_for_update(), {"id": verdict.item}).one_or_none()
    if row is None or (row.kind == HELD) is (verdict.status is Status.CLOSED):
        return NotThere("the queue has no item with this id that could end so")
    if row.status != Status.OPEN:
        return AlreadyClosed(f"{verdict.item}: it is {row.status}")
    if (row.person and row.person == verdict.person) or (row.kind in FOUND and row.party == verdict.actor):
        return Refused("nobody closes the case about what they did themselves", ["second-person"])
    values = {"key": row.id, "to": verdict.status.value, "at": tx.at, "by": verdict.actor, "why": verdict.finding}
    tx.connection.execute(_CLOSE, [values])
    append(tx, [_reviewed(tx, row, verdict)])
    return _once_more(tx, row) if verdict.status is Status.CLEARED else ""


def _once_more(tx: Tx, row: Row[Any]) -> str:
    """Have a cleared message decided anew: where it stands, or, when it has left as it was, in a copy more."""
    key = {"inbound": row.inbound, "party": row.party, "purpose": row.purpose}
    copy = tx.connection.execute(_NEWEST_COPY, key).one()
    changed(tx, row.patient, "officer-cleared")
    if copy.state in {State.RECEIVED, State.DECIDED, State.SEALED} and not copy.sending:
        return str(copy.id)
    destination = Destination(copy.destination, copy.recipient, copy.format, copy.purpose)
    return accept.once_more(tx, copy, fresh_id(), destination)


def _reviewed(tx: Tx, row: Row[Any], verdict: Verdict) -> AuditEntry:
    return AuditEntry(
        id=fresh_id(),
        recorded_at=tx.at,
        action=AuditAction.REVIEWED,
        outcome=Outcome.DENIED if verdict.status is Status.REFUSED else Outcome.SUCCESS,
        actor=verdict.actor,
        recipient=row.party,
        patient=row.patient,
        message=row.outbound or row.id,
        purpose=row.purpose,
        reason=verdict.finding,
        person=verdict.person,
    )


ASK: Step[Asked, float] = Step("glass-ask", ask)
OPEN: Step[Opened, None] = Step("glass-open", open_)
CLOSE: Step[Verdict, str] = Step("review-close", close, announces=True)
