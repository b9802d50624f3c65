"""Moves messages along the line, and writes down that it did: no state changes but here."""

from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from typing import Any

from gateway.core.line import State, step
from gateway.edge.keys import Envelope
from gateway.edge.store import statements
from gateway.edge.store.rows import Move
from gateway.edge.store.writer import Stale, Tx

OPEN = frozenset({State.RECEIVED, State.DECIDED, State.SEALED})


def carry_out(tx: Tx, moves: Iterable[Move]) -> None:
    """Move each message by its events and write an event row for each of them.

    Raises `Stale` when a fencing token has moved on since the message was claimed; nothing of the batch stands then.
    """
    updates: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    events: list[dict[str, Any]] = []
    for move in moves:
        final = reduce(step, move.events, move.state)
        values = {"state": final.value, "open": final in OPEN} | move.values
        row = {f"to_{name}": value for name, value in values.items()} | {
            "key": move.id,
            "held": move.token,
            "was": move.state.value,
        }
        updates[tuple(sorted(values))].append(row)
        events += _events(tx, move)
    for columns, rows in updates.items():
        if tx.connection.execute(statements.move(columns), rows).rowcount != len(rows):
            raise Stale("somebody else has taken the message over")
    if events:
        tx.connection.execute(statements.ADD_EVENT, events)


def note(tx: Tx, subject: str, event: str, state: str = "", detail: str = "") -> None:
    """Write an event row that moves nothing: about a message, or about a destination."""
    row = {
        "outbound": subject,
        "at": tx.at,
        "state": state,
        "event": event,
        "following": state,
        "node": tx.node,
        "detail": detail,
    }
    tx.connection.execute(statements.ADD_EVENT, [row])


def put(tx: Tx, kind: str, items: Iterable[tuple[str, str, Envelope]]) -> None:
    """Store the sealed bytes of records, given as record, patient and envelope."""
    rows = [
        {
            "record": record,
            "kind": kind,
            "patient": who,
            "kek": sealed.kek,
            "wrapped": sealed.wrapped,
            "body": sealed.body,
        }
        for record, who, sealed in items
    ]
    if rows:
        tx.connection.execute(statements.ADD_PAYLOAD, rows)


def _events(tx: Tx, move: Move) -> list[dict[str, Any]]:
    rows, state = [], move.state
    for event in move.events:
        following = step(state, event)
        rows.append(
            {
                "outbound": move.id,
                "at": tx.at,
                "state": state.value,
                "event": event.value,
                "following": following.value,
                "node": tx.node,
                "detail": move.detail,
            }
        )
        state = following
    return rows
