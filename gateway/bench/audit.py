"""What the tree costs: appending to the disclosure log with its tree kept, beside the bare insert, on SQLite.

Both go through the writer in transactions of the same size, each with its fsync; the bare insert is what the log would
be without a tree. The tree's part holds sequencing, leaf hashes, the frontier, and signed checkpoints by the thousand.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gateway.bench import Ratio
from gateway.core.audit import AuditAction, AuditEntry, Disclosure
from gateway.core.checkpoint import private_text, signer
from gateway.edge.audit.append import append, fresh_id
from gateway.edge.audit.tree import CHECKPOINT, SEQUENCE, Cadence
from gateway.edge.store.database import Database, Settings
from gateway.edge.store.writer import Step, Tx

BATCH: Final = 64
"""Entries of one commit: what the group-commit writer gathers under load."""
ROUNDS: Final = 60
GOAL: Final = 2_000
"""Entries a second, at least."""
LIMIT: Final = 3.0
WHY: Final = Disclosure(
    policy="1:0123456789abcdef", permitted=("sykmelding-to-nav",), withheld=("diagnosis.main.code",)
)


def run() -> list[Ratio]:
    """Measure both turn by turn on two fresh files; also ours against the goal."""
    with tempfile.TemporaryDirectory(prefix="samspill-bench-") as name:
        bare, kept = (Database(Settings(f"sqlite:///{Path(name) / file}")) for file in ("bare.db", "kept.db"))
        key = signer(private_text("bench/log", bytes(32)))
        times: tuple[list[float], list[float]] = ([], [])
        try:
            for _ in range(ROUNDS):
                began = time.perf_counter()
                bare.write_now(APPEND, BATCH)
                between = time.perf_counter()
                kept.write_now(APPEND, BATCH)
                kept.write_now(SEQUENCE, BATCH)
                kept.write_now(CHECKPOINT, (key, Cadence()))
                times[0].append(between - began)
                times[1].append(time.perf_counter() - between)
        finally:
            bare.close()
            kept.close()
    reference, ours = (sum(one) / (ROUNDS * BATCH) for one in times)
    return [
        Ratio("append with its tree, to the bare insert", ours, reference, LIMIT),
        Ratio(f"append with its tree, to {GOAL} a second", ours, 1 / GOAL, 1.0),
    ]


def _append(tx: Tx, items: Sequence[int]) -> list[Exception | None]:
    append(tx, [_entry(tx) for count in items for _ in range(count)])
    return [None] * len(items)


def _entry(tx: Tx) -> AuditEntry:
    return AuditEntry(
        id=fresh_id(),
        recorded_at=tx.at,
        action=AuditAction.DECIDED,
        actor="ehr",
        recipient="nav",
        patient="0123456789abcdef0123456789abcdef",
        message=fresh_id(),
        purpose="benefit",
        digest="0123456789abcdef0123456789abcdef",
        disclosure=WHY,
    )


APPEND: Step[int, None] = Step("bench-append", _append)
