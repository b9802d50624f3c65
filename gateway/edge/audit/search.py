"""Searches the disclosure log: filters that both databases answer by index, newest first, a page at a time.

A page goes by the place of its last entry and counts nothing, so neither totals nor gaps tell of what is not shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, literal, select

from gateway.core.audit import AuditAction, AuditEntry, Outcome, entry_of
from gateway.edge.store.database import Database
from gateway.edge.store.schema import audit

PAGE: Final = 500
BACK: Final = 60.0
"""Seconds that an entry may be older than the one before it: nodes may commit out of turn, and do so within these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What is looked for; an empty member asks nothing, and all that are there must hold.

    `patient` is a pseudonym. `agent` is who acted or received. `since` is included, `until` is not (epoch seconds,
    UTC). `before` is the id of an entry: only older ones. An id tells its time and, unlike `seq`, no number of entries.
    """

    patient: str = ""
    agent: str = ""
    recipient: str = ""
    purpose: str = ""
    actions: tuple[AuditAction, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    message: str = ""
    since: float | None = None
    until: float | None = None
    before: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of what is asked, for the entry that tells of the search."""
        return tuple(name for name in self.__slots__ if name != "before" and getattr(self, name) not in {"", (), None})


@dataclass(frozen=True, slots=True)
class Found:
    """An entry with its bytes and, once it has one, its place in the tree, its leaf and the leaf's salt."""

    entry: AuditEntry
    raw: bytes
    salt: bytes
    index: int | None
    leaf: bytes | None


def search(database: Database, wanted: Filter, limit: int) -> list[Found]:
    """Give up to `limit` entries, the newest first. Raises `Busy`, and `ValueError` for a row that is no entry."""
    parts = _apart(wanted)
    rows = [row for part in parts for row in database.rows(_statement(part).limit(limit))]
    newest = sorted(rows, key=lambda row: -row.seq)[:limit] if len(parts) > 1 else rows
    return [_found(row) for row in newest]


def _apart(wanted: Filter) -> list[Filter]:
    """Give filters that together ask the same, each answered in the order of an index; that filter itself if it is.

    Several actions or outcomes at once have no index that is also in order: either database would sort all that fit.
    """
    if not wanted.actions or wanted.patient or wanted.message or wanted.recipient or wanted.agent or wanted.purpose:
        return [wanted]
    pairs = product(wanted.actions, wanted.outcomes or tuple(Outcome))
    return [replace(wanted, actions=(action,), outcomes=(outcome,)) for action, outcome in pairs]


def search_all(database: Database, wanted: Filter) -> Iterator[Found]:
    """Give every entry, the newest first, a page at a time."""
    while page := search(database, wanted, PAGE):
        yield from page
        wanted = replace(wanted, before=page[-1].entry.id)


def _statement(wanted: Filter) -> Select[Any]:
    return select(audit).where(*_conditions(wanted)).order_by(audit.c.seq.desc())


def _conditions(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    for name in ("patient", "recipient", "purpose", "message"):
        if value := getattr(wanted, name):
            yield audit.c[name] == value
    if wanted.agent:
        yield (audit.c.actor == wanted.agent) | (audit.c.recipient == wanted.agent)
    if wanted.actions:
        yield audit.c.action.in_([one.value for one in wanted.actions])
    if wanted.outcomes:
        yield audit.c.outcome.in_([one.value for one in wanted.outcomes])
    if wanted.since is not None:
        yield from _from(wanted.since)
    if wanted.until is not None:
        yield from _before(wanted.until)
    if wanted.before:
        last = audit.alias()
        yield audit.c.seq < select(last.c.seq).where(last.c.id == wanted.before).scalar_subquery()


def _from(moment: float) -> Iterator[ColumnElement[bool]]:
    """Give what holds of entries since a moment, told by `seq` too, so that the order of the page is that of the walk.

    Nodes may commit out of turn by `BACK` seconds. The sum keeps the planner from the index of times, and from sorting.
    """
    other = audit.alias()
    first = select(other.c.seq).where(other.c.recorded_at >= moment - BACK).order_by(other.c.recorded_at).limit(1)
    yield audit.c.seq >= first.scalar_subquery()
    yield audit.c.recorded_at + literal(0.0) >= moment


def _before(moment: float) -> Iterator[ColumnElement[bool]]:
    other = audit.alias()
    last = select(other.c.seq).where(other.c.recorded_at < moment + BACK).order_by(other.c.recorded_at.desc()).limit(1)
    yield audit.c.seq <= last.scalar_subquery()
    yield audit.c.recorded_at + literal(0.0) < moment


def _found(row: Row[Any]) -> Found:
    return Found(entry_of(row.entry), row.entry, row.salt, row.tree_index, row.leaf)
