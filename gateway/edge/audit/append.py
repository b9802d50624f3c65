"""Appends to the disclosure log, always inside the transaction that an entry tells of.

The entry has no place in the tamper-evident tree yet (`tree_index` is absent); `tree` gives it one later and never
changes the bytes. The salt keeps an entry from being guessed from its leaf, which others are shown in proofs.
"""

import secrets
import time
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Row

from gateway.core.audit import AuditAction, AuditEntry
from gateway.edge.store import statements
from gateway.edge.store.writer import Tx

SALT: Final = 16


def fresh_id() -> str:
    """Give a new id that sorts by time: 12 hexadecimal digits of milliseconds and 20 at random."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


def of_copy(tx: Tx, row: Row[Any], action: AuditAction, actor: str, **more: Any) -> AuditEntry:
    """Give an entry about one recipient's copy of a message: `row` has its id, destination, patient and purpose.

    `more` are the outcome and the reason, where there are any.
    """
    return AuditEntry(
        id=fresh_id(),
        recorded_at=tx.at,
        action=action,
        actor=actor,
        recipient=row.destination,
        patient=row.patient,
        message=row.id,
        purpose=row.purpose,
        **more,
    )


def append(tx: Tx, entries: Iterable[AuditEntry]) -> None:
    """Append `entries` to the log, in the open transaction `tx`."""
    entries = tuple(entries)
    salts = secrets.token_bytes(SALT * len(entries))
    rows = [
        {
            "id": entry.id,
            "recorded_at": entry.recorded_at,
            "action": entry.action.value,
            "outcome": entry.outcome.value,
            "actor": entry.actor,
            "recipient": entry.recipient,
            "patient": entry.patient,
            "purpose": entry.purpose,
            "message": entry.message,
            "entry": entry.canonical(),
            "salt": salts[SALT * place : SALT * (place + 1)],
        }
        for place, entry in enumerate(entries)
    ]
    if rows:
        tx.connection.execute(statements.ADD_AUDIT, rows)
