"""Searches the disclosure log, as it grows, for what officers look into; the rules are those of `gateway.core.queues`.

Entries are read once, in the order of their places, a piece at a time; what was found and how far it went are written
in one transaction, so that nothing is told twice or missed, however many nodes search and wherever one of them dies.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Row, bindparam, func, literal, select

from gateway.core.audit import AuditAction, Outcome
from gateway.core.queues import BEFORE, KNOWN, LOOKED_BACK, Queue, lot
from gateway.core.vocabulary import Purpose
from gateway.edge.audit.tree import TREE
from gateway.edge.store.cases import FIND, WATCH, Hit, Search
from gateway.edge.store.database import Database
from gateway.edge.store.schema import audit, log_volume, outbound

PIECE: Final = 500
REST: Final = 1.0
"""Seconds between looks at a log that has nothing new."""
SHARE: Final = 9.0
"""How much longer it rests than it worked, so that the line keeps nine tenths of a processor."""
OSLO: Final = ZoneInfo("Europe/Oslo")
FOLLOWING: Final = frozenset({Purpose.SICK_LEAVE_FOLLOW_UP.value, Purpose.PAY.value, Purpose.COORDINATION.value})
LOOKS: Final = frozenset({AuditAction.LOG_READ, AuditAction.LOG_EXPORT, AuditAction.REVIEW_READ})
WITHDRAWN: Final = "inactive"

NEXT: Final = (
    select(audit)
    .where(audit.c.tree_index >= bindparam("first"), audit.c.tree_index < bindparam("end"))
    .order_by(audit.c.tree_index)
)
_action = audit.c.action + literal("")
"""Keeps the planner from the index of actions, which would read every disclosure there ever was."""
_OF_PATIENTS = audit.c.patient.in_(bindparam("patients", expanding=True))
FIRSTS: Final = (
    select(
        audit.c.patient,
        audit.c.recipient,
        func.min(audit.c.tree_index).label("place"),
        func.min(audit.c.recorded_at).label("at"),
    )
    .where(_OF_PATIENTS, _action == AuditAction.DISCLOSED.value)
    .group_by(audit.c.patient, audit.c.recipient)
)
SAID: Final = (
    select(audit.c.patient, audit.c.tree_index, audit.c.recorded_at, audit.c.entry)
    .where(_OF_PATIENTS, _action == AuditAction.CONSENT.value, audit.c.tree_index.is_not(None))
    .order_by(audit.c.tree_index)
)
_EARLIER = outbound.alias("earlier")
REFUSED_BEFORE: Final = (
    select(outbound.c.id, func.min(audit.c.tree_index).label("place"))
    .join_from(
        outbound,
        _EARLIER,
        (_EARLIER.c.inbound == outbound.c.inbound)
        & (_EARLIER.c.destination == outbound.c.destination)
        & (_EARLIER.c.seq <= outbound.c.seq),
    )
    .join(audit, audit.c.message == _EARLIER.c.id)
    .where(
        outbound.c.id.in_(bindparam("ids", expanding=True)),
        _action == AuditAction.DECIDED.value,
        audit.c.outcome == Outcome.DENIED.value,
    )
    .group_by(outbound.c.id)
)
OF_MONTH: Final = (
    select(audit.c.message, audit.c.leaf, audit.c.patient, audit.c.recipient)
    .where(
        audit.c.action == AuditAction.DISCLOSED.value,
        audit.c.tree_index.is_not(None),
        audit.c.recorded_at >= bindparam("since"),
        audit.c.recorded_at < bindparam("until"),
    )
    .order_by(audit.c.tree_index)
)

VOLUMES: Final = (
    select(log_volume.c.day, log_volume.c.number)
    .where(log_volume.c.who == bindparam("who"), log_volume.c.what == bindparam("what"))
    .where(log_volume.c.day <= bindparam("day"))
    .order_by(log_volume.c.day.desc())
    .limit(BEFORE + 1)
)

HANDED: Final = (
    select(audit.c.message, func.min(audit.c.recorded_at).label("at"))
    .where(audit.c.message.in_(bindparam("ids", expanding=True)), _action == AuditAction.DISCLOSED.value)
    .group_by(audit.c.message)
)

Covered = Callable[[str, date], bool]
Followed = Callable[[str, str, date], tuple[tuple[str, int], ...]]


@dataclass(slots=True)
class LogWatch:
    """The search of one store. `by_law` are the parties that get by statute, who are never new to anybody.

    `covered` says whether a note of a patient (a pseudonym) covers a day or the month around it. `followed` says what a
    message that came (by id, of a patient, on a day) is, and how many days after the first absence day of their case,
    or after what it answers; nothing of what follows nothing, or is not the first of its kind in the case.
    """

    database: Database
    by_law: frozenset[str]
    covered: Covered
    followed: Followed
    _again: float = field(default=0.0)

    async def search(self) -> int:
        """Search a piece of the log; a stage of the worker. Always 0: it has its own pace. Raises `Busy`."""
        began = time.monotonic()
        if began < self._again:
            return 0
        found = await asyncio.to_thread(self.piece)
        if found is not None:
            await self.database.write(FIND, found)
        spent = time.monotonic() - began
        self._again = time.monotonic() + (REST if found is None else min(REST, SHARE * spent))
        return 0

    def catch_up(self) -> None:
        """Search all that has a place, from a thread without an event loop. Raises `Busy`."""
        while (found := self.piece()) is not None:
            self.database.write_now(FIND, found)

    def piece(self) -> Search | None:
        """Search what comes next, and write nothing; nothing when nothing has come. Raises `Busy`."""
        [watch] = self.database.rows(WATCH)
        upto, drawn = watch.upto, watch.drawn
        [tree] = self.database.rows(TREE)
        if upto >= tree.size:
            return self._drawn(upto, drawn)
        end = min(upto + PIECE, tree.size)
        rows = self.database.rows(NEXT, first=upto, end=end)
        hits = [*self._again_allowed(rows), *self._handed_over(rows)]
        return Search(upto, end, drawn, tuple(hits), _volumes(rows), Counter(self._spans(rows)))

    def _spans(self, rows: Sequence[Row[Any]]) -> Iterator[tuple[str, str, int]]:
        """Give, by month, what came how many days after the first absence day, and receipts by hours after sending."""
        for row in rows:
            if row.action == AuditAction.ACCEPTED:
                for found in self.followed(row.message, row.patient, _day(row.recorded_at)):
                    yield f"{_day(row.recorded_at):%Y-%m}", *found
        answered = [row for row in rows if row.action == AuditAction.RECEIPT and row.message]
        if answered:
            sent = {row.message: row.at for row in self.database.rows(HANDED, ids=[row.message for row in answered])}
            for row in answered:
                if row.message in sent:
                    hours = max(0, int((row.recorded_at - sent[row.message]) // 3600))
                    yield f"{_day(row.recorded_at):%Y-%m}", f"receipt-{row.outcome}", hours

    def _again_allowed(self, rows: Sequence[Row[Any]]) -> Iterator[Hit]:
        allowed = {
            row.message: row for row in rows if row.action == AuditAction.DECIDED and row.outcome == Outcome.SUCCESS
        }
        if allowed:
            for found in self.database.rows(REFUSED_BEFORE, ids=sorted(allowed)):
                row = allowed[found.id]
                if found.place is not None and found.place < row.tree_index:
                    yield Hit(Queue.AGAIN, row.message, row.patient, row.recipient)

    def _handed_over(self, rows: Sequence[Row[Any]]) -> Iterator[Hit]:
        """Find what is told of single disclosures to those who do not get by statute."""
        over = [row for row in rows if row.action == AuditAction.DISCLOSED and row.recipient not in self.by_law]
        patients = sorted({row.patient for row in over if row.patient})
        if not patients:
            return
        firsts = {(row.patient, row.recipient): row for row in self.database.rows(FIRSTS, patients=patients)}
        known = {who: min(row.at for (whose, _), row in firsts.items() if whose == who) for who in patients}
        said = self.database.rows(SAID, patients=patients)
        for row in over:
            if not row.patient:
                continue
            to = {"message": row.message, "patient": row.patient, "party": row.recipient}
            if (
                firsts[row.patient, row.recipient].place == row.tree_index
                and row.recorded_at - known[row.patient] > KNOWN
            ):
                yield Hit(Queue.FIRST, **to)
            if _withdrawn(row, said):
                yield Hit(Queue.WITHDRAWN, **to)
            if row.purpose in FOLLOWING and not self.covered(row.patient, _day(row.recorded_at)):
                yield Hit(Queue.OUTSIDE, **to)

    def _drawn(self, upto: int, drawn: str) -> Search | None:
        """Draw last month's sample, once its entries are all searched."""
        this = datetime.fromtimestamp(self.database.time(), OSLO).replace(
            day=1, hour=0, minute=0, second=0, microsecond=0
        )
        last = (this - timedelta(days=1)).replace(day=1)
        month = f"{last:%Y-%m}"
        if drawn >= month:
            return None
        rows = self.database.rows(OF_MONTH, since=last.timestamp(), until=this.timestamp())
        first = {row.message: row for row in reversed(rows)}
        names = lot(month, ((row.leaf, row.message) for row in first.values()))
        hits = [Hit(Queue.SAMPLE, one, first[one].patient, first[one].recipient, month) for one in names]
        return Search(upto, upto, month, tuple(hits))


def volumes(database: Database, who: str, reason: str) -> list[tuple[date, int]]:
    """Give what a case of unusual numbers rests on: each day's number, the last one being that day's. Raises `Busy`."""
    what, _, day = reason.partition("/")
    rows = database.rows(VOLUMES, who=who, what=what, day=day)
    return [(date.fromisoformat(row.day), row.number) for row in reversed(rows)]


def _withdrawn(row: Row[Any], said: Sequence[Row[Any]]) -> bool:
    """Whether the last that a patient said of consents before an entry, within a month, was a withdrawal."""
    before = [
        one
        for one in said
        if one.patient == row.patient
        and one.tree_index < row.tree_index
        and one.recorded_at >= row.recorded_at - LOOKED_BACK
    ]
    return bool(before) and json.loads(before[-1].entry).get("reason") == WITHDRAWN


def _volumes(rows: Sequence[Row[Any]]) -> Counter[tuple[str, str, str]]:
    """Count what each did a day: a sender's messages, a recipient's, glass asked for, an officer's looks."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        day = _day(row.recorded_at).isoformat()
        if row.action in {AuditAction.ACCEPTED, AuditAction.GLASS_ASKED} or (
            row.action in LOOKS and row.actor.startswith("officer:")
        ):
            counts[day, row.actor, row.action] += 1
        elif row.action == AuditAction.DISCLOSED:
            counts[day, row.recipient, row.action] += 1
    return counts


def _day(at: float) -> date:
    return datetime.fromtimestamp(at, OSLO).date()
