"""Notices to patients: kept as a code and a party, in the transaction that they tell of."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import insert, select

from gateway.edge.audit.append import fresh_id
from gateway.edge.store.database import Database
from gateway.edge.store.schema import notice
from gateway.edge.store.writer import Tx


@dataclass(frozen=True, slots=True)
class Told:
    """What a patient is told: a word of `gateway.edge.notices.WORDS`, about which party and which message."""

    kind: str
    patient: str
    party: str
    message: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice: its id, when (epoch seconds, UTC), and what it tells."""

    id: str
    at: float
    told: Told


def tell(tx: Tx, items: Iterable[Told]) -> None:
    """Write notices. The same about the same message to the same party is one, however often it is decided."""
    for one in items:
        known = select(notice.c.id).where(
            notice.c.kind == one.kind, notice.c.message == one.message, notice.c.party == one.party
        )
        if tx.connection.execute(known).first() is None:
            row = {"id": fresh_id(), "patient": one.patient, "at": tx.at}
            tx.connection.execute(
                insert(notice), [row | {"kind": one.kind, "party": one.party, "message": one.message}]
            )


def of_patient(database: Database, patient: str) -> list[Notice]:
    """Give a patient's notices, the newest first. Raises `Busy`."""
    rows = database.rows(select(notice).where(notice.c.patient == patient).order_by(notice.c.at.desc(), notice.c.id))
    return [Notice(row.id, row.at, Told(row.kind, row.patient, row.party, row.message)) for row in rows]
