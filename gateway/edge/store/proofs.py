"""What proves something once: kept so that no node believes it a second time, and forgotten when it proves no more."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from gateway.edge.store.database import Database
from gateway.edge.store.schema import proof
from gateway.edge.store.writer import Step, Tx

SKEW: Final = 60.0
"""Seconds that a node's clock may differ from the database's."""

_INSERTS: Any = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def first(tx: Tx, items: Sequence[tuple[str, float]]) -> list[bool | Exception]:
    """Say of each proof, given with the time until which it counts, whether it is shown for the first time."""
    tx.connection.execute(delete(proof).where(proof.c.until < tx.at - SKEW))
    insert = _INSERTS[tx.connection.dialect.name](proof).on_conflict_do_nothing().returning(proof.c.digest)
    return [tx.connection.execute(insert, {"digest": d, "until": until}).first() is not None for d, until in items]


FIRST: Step[tuple[str, float], bool] = Step("proof", first)


class SharedReplayStore:
    """A `ReplayStore` that all nodes on one database share."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def first(self, key: str, until: float) -> bool:
        """Whether `key` is used for the first time; see `gateway.edge.identity.replay.ReplayStore`. Raises `Busy`."""
        return await self._database.write(
            FIRST, (hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest(), until)
        )
