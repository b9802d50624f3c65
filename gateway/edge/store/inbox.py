"""What a recipient that fetches its messages itself says of them: that it has taken one over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from gateway.core.line import Event, State
from gateway.edge.store import statements
from gateway.edge.store.deliver import end
from gateway.edge.store.operate import NotThere
from gateway.edge.store.rows import Attempt, Ended
from gateway.edge.store.writer import Step, Tx

TAKEN = frozenset({State.DELIVERED, State.ACKNOWLEDGED})


@dataclass(frozen=True, slots=True)
class Ack:
    """A recipient's word that it has taken over a message that it was shown."""

    party: str
    message: str


def acknowledge(tx: Tx, items: Sequence[Ack]) -> list[Exception | None]:
    """End the attempts of messages that their recipient has taken over; a second word changes nothing.

    `NotThere` for a message that is not the party's, was not shown to it, or has been called back since.
    """
    return [_acknowledge(tx, item) for item in items]


def _acknowledge(tx: Tx, item: Ack) -> Exception | None:
    row = tx.connection.execute(statements.MESSAGE_TO_MOVE, {"id": item.message}).one_or_none()
    if row is None or row.destination != item.party:
        return NotThere("no message of this party has this id")
    if State(row.state) in TAKEN:
        return None
    if State(row.state) is not State.SEALED or not row.sending:
        return NotThere("the message was not shown, or was called back")
    end(tx, [Ended(attempt=_shown(tx, row), outcome="sent", events=(Event.SENT, Event.RECEIPT_OK))])
    return None


def _shown(tx: Tx, row: Row[Any]) -> Attempt:
    age = tx.at - (row.sealed_at or tx.at)
    told = (row.destination, row.purpose, row.patient, row.media_type, row.correlation)
    return Attempt(row.id, row.token, row.attempts, age, *told, None, None)


ACKNOWLEDGE: Step[Ack, None] = Step("acknowledge", acknowledge)
