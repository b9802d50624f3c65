"""EDI 2.0 in the store: by which ids the message service knows our messages, and whose turn it is to fetch."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.edge.store import journal
from gateway.edge.store.database import Database
from gateway.edge.store.schema import edi_sent, edi_turn
from gateway.edge.store.writer import Step, Tx

KEPT: Final = 60 * 86400.0
"""Seconds for which the service's id of a message is remembered."""

_INSERTS: Any = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
_SENT = select(edi_sent.c.name).where(edi_sent.c.message == bindparam("of"))


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn to fetch that was taken, or is asked for: what is fetched, and for how many seconds it is ours.

    `token` is of a turn that is over; then `seconds` is how long nobody fetches.
    """

    name: str
    seconds: float
    token: int = 0


def keep(tx: Tx, items: Sequence[tuple[str, str]]) -> list[Exception | None]:
    """Keep the service's ids, given with our messages; an empty one has the message sent anew."""
    tx.connection.execute(delete(edi_sent).where(edi_sent.c.sent_at < tx.at - KEPT))
    for message, name in items:
        tx.connection.execute(delete(edi_sent).where(edi_sent.c.message == message))
        if name:
            tx.connection.execute(edi_sent.insert().values(message=message, name=name, sent_at=tx.at))
    return [None] * len(items)


def turn(tx: Tx, items: Sequence[Turn]) -> list[int | Exception]:
    """Take turns, or end them; give the token of each that is ours now, and 0 for one that is not."""
    return [_end(tx, item) if item.token else _begin(tx, item) for item in items]


def _begin(tx: Tx, item: Turn) -> int:
    once = _INSERTS[tx.connection.dialect.name](edi_turn).values(name=item.name, token=0, due=0.0)
    tx.connection.execute(once.on_conflict_do_nothing())
    taken = (
        update(edi_turn)
        .where(edi_turn.c.name == item.name, edi_turn.c.due <= tx.at)
        .values(token=edi_turn.c.token + 1, due=tx.at + item.seconds)
        .returning(edi_turn.c.token)
    )
    found = tx.connection.execute(taken).first()
    return int(found.token) if found else 0


def _end(tx: Tx, item: Turn) -> int:
    mine = (edi_turn.c.name == item.name, edi_turn.c.token == item.token)
    tx.connection.execute(update(edi_turn).where(*mine).values(due=tx.at + item.seconds))
    return 0


def undelivered(tx: Tx, items: Sequence[tuple[str, str]]) -> list[Exception | None]:
    """Note that receipts of ours were refused, given as party and reason."""
    for party, reason in items:
        journal.note(tx, f"destination:{party}", "receipt-not-delivered", "", reason)
    return [None] * len(items)


KEEP: Step[tuple[str, str], None] = Step("edi-keep", keep)
TURN: Step[Turn, int] = Step("edi-turn", turn)
UNDELIVERED: Step[tuple[str, str], None] = Step("edi-undelivered", undelivered)


class SentIds:
    """The service's ids of our messages, in the store; see `gateway.edge.edi.channel.Sent`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, key: str) -> str:
        """Give the id; empty when the message is to be sent."""
        rows = await asyncio.to_thread(self._database.rows, _SENT, of=key)
        return str(rows[0].name) if rows else ""

    async def keep(self, key: str, name: str) -> None:
        """Remember it. Raises `Busy`."""
        await self._database.write(KEEP, (key, name))

    async def forget(self, key: str) -> None:
        """Have the message sent at its next attempt. Raises `Busy`."""
        await self._database.write(KEEP, (key, ""))
