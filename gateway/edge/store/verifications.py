"""Keeps what every verification of the log found, so that nothing is signed after one that found something."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, bindparam, insert, select

from gateway.edge.audit.append import fresh_id
from gateway.edge.store.schema import log_verification
from gateway.edge.store.writer import Step, Tx

MOST: Final = 100
_ORDER: Final = (log_verification.c.at.desc(), log_verification.c.id.desc())
NEWEST: Final = select(log_verification).order_by(*_ORDER).limit(bindparam("limit"))


@dataclass(frozen=True, slots=True)
class Checked:
    """A verification: when it ended (epoch seconds), by whom, of how much, and what is wrong (nothing: it is whole)."""

    at: float
    actor: str
    size: int
    checkpoints: int
    flaws: tuple[str, ...]


def keep(tx: Tx, items: Sequence[Checked]) -> list[Exception | None]:
    """Keep verifications, each with the first of what it found."""
    rows = [
        {"id": fresh_id(), "at": one.at, "actor": one.actor, "size": one.size, "checkpoints": one.checkpoints}
        | {"flaws": "\n".join(one.flaws[:MOST])}
        for one in items
    ]
    tx.connection.execute(insert(log_verification), rows)
    return [None] * len(items)


def checked(row: Row[Any]) -> Checked:
    """Read a row."""
    return Checked(row.at, row.actor, row.size, row.checkpoints, tuple(row.flaws.splitlines()))


KEEP: Final[Step[Checked, None]] = Step("keep-verification", keep)
