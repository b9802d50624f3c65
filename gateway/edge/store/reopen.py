"""Sends queued messages back to be decided anew, when what was decided may no longer hold."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from gateway.core.audit import AuditAction
from gateway.core.line import Event, State
from gateway.edge.audit.append import append, of_copy
from gateway.edge.store import journal, statements
from gateway.edge.store.rows import Move
from gateway.edge.store.writer import Tx


def reopen(tx: Tx, rows: Sequence[Row[Any]], reason: str) -> None:
    """Take the permit and the sealed bytes from messages that are `sealed`, and bring them back to `received`."""
    if not rows:
        return
    tx.connection.execute(statements.DROP_PAYLOADS, {"records": [row.id for row in rows]})
    values = {"due": tx.at, "sending": False, "sealed_at": None, "valid_until": None, "epoch": None, "policy": None}
    journal.carry_out(
        tx,
        [
            Move(row.id, row.token, State.SEALED, (Event.PERMIT_EXPIRED,), values | {"token": row.token + 1}, reason)
            for row in rows
        ],
    )
    append(tx, [of_copy(tx, row, AuditAction.REOPENED, "gateway", reason=reason) for row in rows])
