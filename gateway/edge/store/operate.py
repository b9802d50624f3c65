"""What operators do: send a dead letter back to be decided anew, close it with a reason, turn keys, erase a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, select

from gateway.core.audit import AuditAction, AuditEntry
from gateway.core.errors import SamspillError
from gateway.core.line import WAITING, Event, State
from gateway.edge.audit.append import append, fresh_id, of_copy
from gateway.edge.keys import Vault
from gateway.edge.store import journal, statements
from gateway.edge.store.absences import OWN_NUMBERS
from gateway.edge.store.consents import changed
from gateway.edge.store.rows import Move
from gateway.edge.store.schema import edi_sent, worker
from gateway.edge.store.writer import Step, Tx


class NotThere(SamspillError):
    """No message has that id."""


class NotADeadLetter(SamspillError):
    """The message is not waiting for a human."""


@dataclass(frozen=True, slots=True)
class Order:
    """An operator's order about one message; `reason` is a code, never free text."""

    message: str
    actor: str
    reason: str


def resend(tx: Tx, orders: Sequence[Order]) -> list[Exception | None]:
    """Send dead letters and stuck messages back to the start of the line, to be decided anew."""
    return [_resend(tx, order) for order in orders]


def _resend(tx: Tx, order: Order) -> Exception | None:
    found = _find(tx, order)
    if isinstance(found, Exception):
        return found
    values = {"due": tx.at, "token": found.token + 1, "failures": 0, "reason": "", "sealed_at": None}
    tx.connection.execute(statements.DROP_PAYLOADS, {"records": [found.id]})
    tx.connection.execute(delete(edi_sent).where(edi_sent.c.message == found.id))  # it is to be sent, not asked after
    journal.carry_out(tx, [Move(found.id, found.token, State(found.state), (Event.RESEND,), values, order.reason)])
    append(tx, [of_copy(tx, found, AuditAction.RESENT, order.actor, reason=order.reason)])
    return None


def discard(tx: Tx, orders: Sequence[Order]) -> list[Exception | None]:
    """Close dead letters and stuck messages for good, with a reason."""
    return [_discard(tx, order) for order in orders]


def _discard(tx: Tx, order: Order) -> Exception | None:
    found = _find(tx, order)
    if isinstance(found, Exception):
        return found
    values = {"token": found.token + 1}
    journal.carry_out(tx, [Move(found.id, found.token, State(found.state), (Event.DISCARD,), values, order.reason)])
    append(tx, [of_copy(tx, found, AuditAction.DISCARDED, order.actor, reason=order.reason)])
    return None


def _find(tx: Tx, order: Order) -> Row[Any] | Exception:
    found = tx.connection.execute(statements.MESSAGE_TO_MOVE, {"id": order.message}).one_or_none()
    if found is None:
        return NotThere("no message has this id")
    if State(found.state) not in WAITING:
        return NotADeadLetter(f"{order.message}: it is {found.state}, and waits for nobody")
    return found


def rewrap(tx: Tx, items: Sequence[tuple[Vault, int]]) -> list[int | Exception]:
    """Wrap up to so many keys anew under the vault's current KEK; give how many there were."""
    return [_rewrap(tx, vault, limit) for vault, limit in items]


def _rewrap(tx: Tx, vault: Vault, limit: int) -> int:
    old = tx.connection.execute(statements.WRAPPED_BY_OTHERS, {"kek": vault.current, "limit": limit}).all()
    rows = [
        {"key": row.record, "to_wrapped": vault.rewrap(row.kind, row.record, row.wrapped), "to_kek": vault.current}
        for row in old
    ]
    if rows:
        tx.connection.execute(statements.REWRAP, rows)
    return len(rows)


def erase(tx: Tx, items: Sequence[tuple[str, str]]) -> list[int | Exception]:
    """Destroy the keys of all that is stored about patients, given as pseudonym and actor; give how many there were.

    What an employer reported of them by an employee number that is nobody else's goes as well. What is queued for them
    can no longer be read, and ends as invalid.
    """
    return [_erase(tx, patient, actor) for patient, actor in items]


def _erase(tx: Tx, patient: str, actor: str) -> int:
    changed(tx, patient, "erased")
    parties = select(worker.c.party).where(worker.c.patient == patient).distinct()
    own = [patient]
    for row in tx.connection.execute(parties).all():
        own += tx.connection.execute(OWN_NUMBERS, {"party": row.party, "who": patient}).scalars()
    destroyed = sum(tx.connection.execute(statements.DESTROY, {"who": one}).rowcount for one in own)
    tx.connection.execute(delete(worker).where(worker.c.patient == patient))
    tx.connection.execute(statements.MARK_ERASED, {"who": patient, "at": tx.at})
    entry = AuditEntry(id=fresh_id(), recorded_at=tx.at, action=AuditAction.ERASED, actor=actor, patient=patient)
    append(tx, [entry])
    return destroyed


RESEND: Step[Order, None] = Step("resend", resend, announces=True)
DISCARD: Step[Order, None] = Step("discard", discard)
REWRAP: Step[tuple[Vault, int], int] = Step("rewrap", rewrap)
ERASE: Step[tuple[str, str], int] = Step("erase", erase)
