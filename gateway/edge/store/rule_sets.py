"""Keeps the rule sets that were in force, whole, by their digest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, insert, select, update

from gateway.edge.store.schema import rule_set
from gateway.edge.store.writer import Step, Tx

RULE_SETS: Final = select(rule_set).order_by(rule_set.c.since.desc()).limit(20)
_KNOWN: Final = select(rule_set.c.digest).where(rule_set.c.digest == bindparam("wanted"))
_NEWEST: Final = select(rule_set.c.digest).order_by(rule_set.c.since.desc()).limit(1)
_AGAIN: Final = update(rule_set).where(rule_set.c.digest == bindparam("wanted")).values(since=bindparam("at"))


@dataclass(frozen=True, slots=True)
class Kept:
    """A rule set: its digest, its version, and its files, packed."""

    digest: str
    version: str
    files: bytes


def keep(tx: Tx, items: Sequence[Kept]) -> list[Exception | None]:
    """Keep rule sets that are in force from now on; one that is the newest already stays as it is."""
    for item in items:
        newest = tx.connection.execute(_NEWEST).scalar_one_or_none()
        if newest == item.digest:
            continue
        if tx.connection.execute(_KNOWN, {"wanted": item.digest}).first():
            tx.connection.execute(_AGAIN, {"wanted": item.digest, "at": tx.at})
        else:
            row = {"digest": item.digest, "version": item.version, "since": tx.at, "files": item.files}
            tx.connection.execute(insert(rule_set), [row])
    return [None] * len(items)


KEEP: Final[Step[Kept, None]] = Step("keep-rules", keep)
