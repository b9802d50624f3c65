"""Gives the entries of the disclosure log their places in the tree, and says signed what the tree is.

Before it signs, it holds the tree against the last checkpoint: that one is ours, its stored peaks are those that it was
signed for, and the entries since, read anew, make of them the tree that is there now. A log that was tampered with is
not signed, nor is one that the last verification found anything wrong with.

An entry is committed without a place, in the transaction that it tells of, and gets one soon after: one sequencer at a
time (SQLite: the writer; PostgreSQL: an advisory lock that the others do not wait for), in the order of `seq` among
those that are committed. Frontier and places change in one transaction, so a crash at any point leaves entries that
wait, and none that is lost or counted twice. A leaf is the hash of the entry's salt and bytes.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from prometheus_client import Gauge
from sqlalchemy import Connection, Row, bindparam, insert, select, text, update

from gateway.core.checkpoint import BadCheckpoint, Signer, Verifier
from gateway.core.errors import SamspillError
from gateway.core.merkle import Frontier, leaf_hash, unpacked
from gateway.edge.audit.anchors import LEAVES, Anchors
from gateway.edge.store.database import Database
from gateway.edge.store.schema import audit, log_checkpoint, log_tree
from gateway.edge.store.verifications import NEWEST
from gateway.edge.store.writer import Step, Tx

LOCK: Final = 5_373_412  # any number, the same in every node
BATCH: Final = 2000
TURN: Final = 0.02
REST: Final = 2.0
"""Seconds between tries to sign a log that was altered."""
ALERT: Final = 60.0
"""Seconds between alerts of it."""
WHOLE: Final = Gauge(
    "samspill_log_whole", "1 while the disclosure log is signed, 0 while it is not because it was altered"
)

log = structlog.get_logger(__name__)

WAITING: Final = (
    select(audit.c.seq, audit.c.entry, audit.c.salt)
    .where(audit.c.tree_index.is_(None))
    .order_by(audit.c.seq)
    .limit(bindparam("limit"))
)
ANY_WAITING: Final = select(audit.c.seq).where(audit.c.tree_index.is_(None)).limit(1)
PLACE: Final = (
    update(audit)
    .where(audit.c.seq == bindparam("key"), audit.c.tree_index.is_(None))
    .values(tree_index=bindparam("place"), leaf=bindparam("hash"))
)
TREE: Final = select(log_tree.c.size, log_tree.c.peaks)
GROW: Final = update(log_tree).values(size=bindparam("to_size"), peaks=bindparam("to_peaks"))
SINCE_SIGNED: Final = (
    select(audit.c.entry, audit.c.salt, audit.c.leaf)
    .where(audit.c.tree_index >= bindparam("first"), audit.c.tree_index < bindparam("end"))
    .order_by(audit.c.tree_index)
)
LAST: Final = select(log_checkpoint).order_by(log_checkpoint.c.size.desc()).limit(1)
ADD_CHECKPOINT: Final = insert(log_checkpoint)


class Altered(SamspillError):
    """The log is not what was signed, or written, before; it is not signed again until it is."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """When a checkpoint is due: after so many entries, or so many seconds after the last one if there is any new."""

    entries: int = 1000
    seconds: float = 60.0


AT_ONCE: Final = Cadence(1, 0.0)


def sequence(tx: Tx, limits: Sequence[int]) -> list[int | Exception]:
    """Give places to up to so many entries that wait; how many got one."""
    return [_sequence(tx.connection, limit) for limit in limits]


def _sequence(connection: Connection, limit: int) -> int:
    if not _alone(connection):
        return 0
    rows = connection.execute(WAITING, {"limit": limit}).all()
    if not rows:
        return 0
    before = _frontier(connection)
    leaves = [leaf_hash(row.salt + row.entry) for row in rows]
    after = before.grown(leaves)
    places = [
        {"key": row.seq, "place": place, "hash": leaf}
        for place, (row, leaf) in enumerate(zip(rows, leaves, strict=True), before.size)
    ]
    connection.execute(PLACE, places)
    connection.execute(GROW, {"to_size": after.size, "to_peaks": after.packed()})
    return len(rows)


def _alone(connection: Connection) -> bool:
    """Whether this transaction is the one that sequences; on SQLite only one writes at all."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK}).scalar_one())


def _frontier(connection: Connection) -> Frontier:
    row = connection.execute(TREE).one()
    return unpacked(row.size, row.peaks)


def checkpoint(tx: Tx, items: Sequence[tuple[Signer, Cadence]]) -> list[str | Exception | None]:
    """Sign the tree as it is now, if one is due; give the note, or nothing."""
    return [_checkpoint(tx, signer, cadence) for signer, cadence in items]


def _checkpoint(tx: Tx, signer: Signer, cadence: Cadence) -> str | Exception | None:
    if not _alone(tx.connection):
        return None
    tree = tx.connection.execute(TREE).one()
    last = tx.connection.execute(LAST).one_or_none()
    new = tree.size - (last.size if last else 0)
    if new <= 0 or not (new >= cadence.entries or last is None or tx.at - last.at >= cadence.seconds):
        return Altered("the tree is smaller than the last checkpoint says") if new < 0 else None
    try:
        now = _grown(tx.connection, _signed(tx.connection, last, signer.verifier), tree)
    except Altered as altered:
        return altered
    note = signer.note(now.size, now.root())
    tx.connection.execute(ADD_CHECKPOINT, {"size": now.size, "at": tx.at, "note": note, "peaks": now.packed()})
    return note


def _signed(connection: Connection, last: Row[Any] | None, key: Verifier) -> Frontier:
    """Give the tree that the last checkpoint signs. Raises `Altered`."""
    verified = connection.execute(NEWEST, {"limit": 1}).first()
    if verified is not None and verified.flaws:
        raise Altered("the last verification found something wrong")
    if last is None:
        return Frontier()
    try:
        said = key.opened(last.note)
        if last.peaks is None:  # signed before peaks were kept
            signed = Frontier().grown(
                leaf or b"" for (leaf,) in connection.execute(LEAVES, {"first": 0, "end": last.size})
            )
        else:
            signed = unpacked(last.size, last.peaks)
    except (BadCheckpoint, ValueError):
        raise Altered("the last checkpoint is not one that was signed here") from None
    if (said.size, said.root) != (signed.size, signed.root()) or said.size != last.size:
        raise Altered("the last checkpoint is of another tree")
    return signed


def _grown(connection: Connection, signed: Frontier, tree: Row[int, bytes]) -> Frontier:
    """Give the signed tree with the entries since, if that is the tree which is kept. Raises `Altered`."""
    rows = connection.execute(SINCE_SIGNED, {"first": signed.size, "end": tree.size})
    leaves = [row.leaf for row in rows if row.leaf == leaf_hash(row.salt + row.entry)]
    grown = signed.grown(leaves)
    if (grown.size, grown.packed()) != (tree.size, tree.peaks):
        raise Altered("what came since the last checkpoint is not what the tree was made of")
    return grown


SEQUENCE: Step[int, int] = Step("sequence", sequence)
CHECKPOINT: Step[tuple[Signer, Cadence], str | None] = Step("checkpoint", checkpoint)


@dataclass(slots=True)
class LogKeeper:
    """Keeps the tree of a store up to date; one for each process that works on it, and any number of those."""

    database: Database
    signer: Signer
    anchors: Anchors
    cadence: Cadence = Cadence()
    _alerted: float = float("-inf")

    async def keep(self) -> int:
        """Sequence what waits, sign a checkpoint when one is due, and drop it outside; how many got a place.

        A stage of the worker: returns 0 when there is nothing to do now. Of a log that is not signed because it was
        altered, it alerts again and again. Raises `Busy`.
        """
        placed = await self.database.write(SEQUENCE, BATCH)
        try:
            signed = await self.database.write(CHECKPOINT, (self.signer, self.cadence))
        except Altered as altered:
            await self._alert(str(altered))
            return 0
        if signed:
            WHOLE.set(1)
            await asyncio.to_thread(self.anchors.drop, self.database)
        return placed

    async def _alert(self, why: str) -> None:
        WHOLE.set(0)
        now = time.monotonic()
        if now - self._alerted >= ALERT:
            self._alerted = now
            log.critical("log-not-signed", why=why)
        await asyncio.sleep(REST)

    def sequence(self) -> None:
        """Give all that waits a place, from a thread without an event loop. Raises `Busy`."""
        while self.database.rows(ANY_WAITING):
            if not self.database.write_now(SEQUENCE, BATCH):
                time.sleep(TURN)  # another node is at it

    def settle(self) -> str:
        """Sequence all that waits and sign it now, from a thread without an event loop; give the newest note.

        Gives nothing for a log without entries. Raises `Altered` or `Busy`.
        """
        self.sequence()
        [tree] = self.database.rows(TREE)
        note = self._newest(tree.size)
        while tree.size and not note:
            if self.database.write_now(CHECKPOINT, (self.signer, AT_ONCE)) is None:
                time.sleep(TURN)
            note = self._newest(tree.size)
        self.anchors.drop(self.database)
        return note

    def _newest(self, size: int) -> str:
        """Give the newest note, if it counts at least so many entries."""
        return next((str(row.note) for row in self.database.rows(LAST) if row.size >= size), "")
