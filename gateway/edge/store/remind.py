"""Messages that wait for an answer, and the copy more that reminds of one: at most one an interval, whoever looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, func, select

from gateway.core.audit import AuditAction, AuditEntry
from gateway.core.line import State
from gateway.edge.audit.append import append, fresh_id
from gateway.edge.store import accept
from gateway.edge.store.rows import Destination
from gateway.edge.store.schema import inbound, outbound
from gateway.edge.store.writer import Step, Tx

_ARRIVED = (State.DELIVERED.value, State.ACKNOWLEDGED.value)

WAITING = (
    select(inbound.c.id, inbound.c.patient, inbound.c.received_at, outbound.c.destination)
    .join(outbound, outbound.c.inbound == inbound.c.id)
    .where(inbound.c.sender.in_(bindparam("senders", expanding=True)))
    .where(outbound.c.recipient == bindparam("role"))
    .where(inbound.c.received_at.between(bindparam("oldest"), bindparam("newest")))
    .group_by(inbound.c.id, inbound.c.patient, inbound.c.received_at, outbound.c.destination)
    .having(func.max(outbound.c.created_at) <= bindparam("quiet"))
    .order_by(inbound.c.received_at, inbound.c.id)
)
"""Messages of `senders` to a `role` that came between two times, and of which no copy was made since a third."""

_NEWEST = (
    select(outbound)
    .where(outbound.c.inbound == bindparam("message"), outbound.c.destination == bindparam("party"))
    .order_by(outbound.c.created_at.desc(), outbound.c.seq.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Reminder:
    """A stored message that is to come again to a party, unless a copy was made since `quiet` (seconds since 1970)."""

    message: str
    party: str
    quiet: float


def remind(tx: Tx, items: Sequence[Reminder]) -> list[str]:
    """Add a copy more of each message, which is decided anew as any; give its id, or nothing where none is due."""
    return [_remind(tx, item) for item in items]


def _remind(tx: Tx, item: Reminder) -> str:
    copy: Row[Any] | None = tx.connection.execute(_NEWEST, {"message": item.message, "party": item.party}).one_or_none()
    if copy is None or copy.created_at > item.quiet or copy.state not in _ARRIVED:
        return ""
    destination = Destination(copy.destination, copy.recipient, copy.format, copy.purpose)
    name = accept.once_more(tx, copy, fresh_id(), destination)
    entry = AuditEntry(
        id=fresh_id(),
        recorded_at=tx.at,
        action=AuditAction.REMINDED,
        actor="gateway",
        recipient=item.party,
        patient=copy.patient,
        message=name,
        purpose=copy.purpose,
    )
    append(tx, [entry])
    return name


REMIND: Step[Reminder, str] = Step("remind", remind, announces=True)
