"""What officers do with a case short of closing it, and the cases that the log was searched for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Row, bindparam, func, insert, select, update

from gateway.core.audit import AuditAction, AuditEntry
from gateway.core.errors import Refused
from gateway.core.queues import BEFORE, Queue, unusual
from gateway.edge.audit.append import append, fresh_id
from gateway.edge.keys import Envelope
from gateway.edge.store import journal, review
from gateway.edge.store.operate import NotThere
from gateway.edge.store.review import AlreadyClosed, Status
from gateway.edge.store.schema import follow_up, log_volume, log_watch, outbound, payload, review_note
from gateway.edge.store.schema import review as item_table
from gateway.edge.store.writer import Step, Tx

TEXT: Final = "review-note"
"""The kind of the payloads that hold what officers wrote."""

_TAKE = update(item_table).where(item_table.c.id == bindparam("key")).values(owner=bindparam("by"))
_SET_DAY = update(item_table).where(item_table.c.id == bindparam("key")).values(due=bindparam("until"))
NOTES_OF = (
    select(review_note, payload.c.body, payload.c.wrapped)
    .join_from(review_note, payload, payload.c.record == review_note.c.id, isouter=True)
    .where(review_note.c.item == bindparam("id"))
    .order_by(review_note.c.at, review_note.c.id)
)
OPEN_CASES = (
    select(
        item_table.c.kind,
        func.count().label("number"),
        func.min(item_table.c.opened_at).label("oldest"),
        func.min(item_table.c.due).label("due"),
        func.min(item_table.c.id).label("any"),
    )
    .where(item_table.c.status == Status.OPEN.value)
    .group_by(item_table.c.kind)
)
WATCH = select(log_watch.c.upto, log_watch.c.drawn)
_MOVE_ON = (
    update(log_watch)
    .where(log_watch.c.upto == bindparam("was"))
    .values(upto=bindparam("to_upto"), drawn=bindparam("to_drawn"))
)
_SOURCES_OF = select(outbound.c.id, outbound.c.inbound, outbound.c.recipient, outbound.c.purpose).where(
    outbound.c.id.in_(bindparam("ids", expanding=True))
)
_KNOWN = select(item_table.c.kind, item_table.c.outbound).where(
    item_table.c.inbound.in_(bindparam("sources", expanding=True))
)
_KNOWN_VOLUMES = select(item_table.c.party, item_table.c.reason).where(
    item_table.c.kind == Queue.VOLUME.value, item_table.c.opened_at >= bindparam("since")
)
_VOLUMES = select(log_volume).where(
    log_volume.c.who.in_(bindparam("who", expanding=True)), log_volume.c.day >= bindparam("since")
)
_ADD_VOLUME = insert(log_volume)
_RAISE_VOLUME = (
    update(log_volume)
    .where(
        log_volume.c.day == bindparam("on"),
        log_volume.c.who == bindparam("whose"),
        log_volume.c.what == bindparam("of"),
    )
    .values(number=log_volume.c.number + bindparam("more"))
)

_RAISE_SPAN = (
    update(follow_up)
    .where(
        follow_up.c.month == bindparam("in_month"),
        follow_up.c.what == bindparam("of"),
        follow_up.c.span == bindparam("after"),
    )
    .values(number=follow_up.c.number + bindparam("more"))
)


@dataclass(frozen=True, slots=True)
class Noted:
    """What an officer does with a case. `step` is a code, `text` is sealed as the record `id`, `until` in seconds.

    `owner` is the actor who has the case from now on; absent, that stays as it is.
    """

    item: str
    actor: str
    person: str
    step: str
    id: str
    text: Envelope | None = None
    owner: str | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found in the log. `message` is the outgoing message, `reason` a code, `party` who has it or did it."""

    kind: Queue
    message: str
    patient: str
    party: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """What was found from the place `first` to `upto`.

    `volumes` are how much each did, by day, who and action; `spans`, of nobody in particular, how many came how long
    after, by month, what and span.
    """

    first: int
    upto: int
    drawn: str
    hits: tuple[Hit, ...] = ()
    volumes: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    spans: Mapping[tuple[str, str, int], int] = field(default_factory=dict)


def note(tx: Tx, items: Sequence[Noted]) -> list[Exception | None]:
    """Note what officers do with open cases; each is in the log."""
    return [_note(tx, item) for item in items]


def _note(tx: Tx, item: Noted) -> Exception | None:
    row = tx.connection.execute(review.ITEM.with_for_update(), {"id": item.item}).one_or_none()
    if row is None:
        return NotThere("the queue has no item with this id")
    if row.status != Status.OPEN:
        return AlreadyClosed(f"{item.item}: it is {row.status}")
    if row.patient and row.patient == item.person:
        return Refused("nobody works on a case about themselves", ["own-record"])
    if item.text is not None:
        journal.put(tx, TEXT, [(item.id, row.patient, item.text)])
    if item.owner is not None:
        tx.connection.execute(_TAKE, {"key": row.id, "by": item.owner})
    if item.until is not None:
        tx.connection.execute(_SET_DAY, {"key": row.id, "until": item.until})
    values = {"id": item.id, "item": row.id, "at": tx.at, "officer": item.actor, "step": item.step}
    tx.connection.execute(insert(review_note), [values])
    append(tx, [_entry(tx, row, item)])
    return None


def _entry(tx: Tx, row: Row[Any], item: Noted) -> AuditEntry:
    return AuditEntry(
        id=fresh_id(),
        recorded_at=tx.at,
        action=AuditAction.CASE_NOTED,
        actor=item.actor,
        recipient=row.party,
        patient=row.patient,
        message=row.outbound or row.id,
        purpose="oversight",
        reason=item.step,
        person=item.person,
    )


def find(tx: Tx, items: Sequence[Search]) -> list[int | Exception]:
    """Open a case for each hit, once, and note how far the log was searched; how many there were.

    A search that another node was quicker with changes nothing.
    """
    return [_find(tx, item) for item in items]


def _find(tx: Tx, item: Search) -> int:
    moved = tx.connection.execute(_MOVE_ON, {"was": item.first, "to_upto": item.upto, "to_drawn": item.drawn})
    if moved.rowcount != 1:
        return 0
    for (month, what, span), more in item.spans.items():
        key = {"in_month": month, "of": what, "after": span}
        if not tx.connection.execute(_RAISE_SPAN, {**key, "more": more}).rowcount:
            row = {"month": month, "what": what, "span": span, "number": more}
            tx.connection.execute(insert(follow_up), [row])
    cases = [*_messages(tx, item.hits), *_volumes(tx, item.volumes)]
    if cases:
        review.add(tx, cases)
    return len(cases)


def _messages(tx: Tx, hits: Sequence[Hit]) -> list[dict[str, Any]]:
    ids = sorted({hit.message for hit in hits})
    sources = {row.id: row for row in tx.connection.execute(_SOURCES_OF, {"ids": ids})} if ids else {}
    inbounds = sorted({row.inbound for row in sources.values()})
    known = {(row.kind, row.outbound) for row in tx.connection.execute(_KNOWN, {"sources": inbounds})} if ids else set()
    cases = []
    for hit in hits:
        source = sources.get(hit.message)
        if source is not None and (hit.kind.value, hit.message) not in known:
            known.add((hit.kind.value, hit.message))
            cases.append(_case(hit, source.inbound, source.recipient, source.purpose))
    return cases


def _case(hit: Hit, inbound: str, role: str, purpose: str) -> dict[str, Any]:
    where = {"inbound": inbound, "outbound": hit.message, "party": hit.party, "recipient": role, "purpose": purpose}
    rest = {"patient": hit.patient, "reason": hit.reason, "policy": "", "held": "", "person": ""}
    return {"id": fresh_id(), "kind": hit.kind.value, **where, **rest}


def _volumes(tx: Tx, counts: Mapping[tuple[str, str, str], int]) -> list[dict[str, Any]]:
    """Add to the numbers of each day; give a case for each that is out of the usual, once a day."""
    if not counts:
        return []
    first = min(day for day, _, _ in counts)
    since = (date.fromisoformat(first) - timedelta(days=BEFORE)).isoformat()
    rows = tx.connection.execute(_VOLUMES, {"who": sorted({who for _, who, _ in counts}), "since": since})
    numbers = {(row.day, row.who, row.what): row.number for row in rows}
    _count(tx, numbers, counts)
    for key, more in counts.items():
        numbers[key] = numbers.get(key, 0) + more
    known = {tuple(row) for row in tx.connection.execute(_KNOWN_VOLUMES, {"since": tx.at - BEFORE * 86_400})}
    return [
        _case(Hit(Queue.VOLUME, "", "", who, f"{what}/{day}"), "", "", "oversight")
        for day, who, what in counts
        if (who, f"{what}/{day}") not in known and unusual(numbers[day, who, what], _before(numbers, day, who, what))
    ]


def _count(tx: Tx, numbers: Mapping[tuple[str, str, str], int], counts: Mapping[tuple[str, str, str], int]) -> None:
    raised = [
        {"on": day, "whose": who, "of": what, "more": more}
        for (day, who, what), more in counts.items()
        if (day, who, what) in numbers
    ]
    added = [
        {"day": day, "who": who, "what": what, "number": number}
        for (day, who, what), number in counts.items()
        if (day, who, what) not in numbers
    ]
    for statement, values in ((_RAISE_VOLUME, raised), (_ADD_VOLUME, added)):
        if values:
            tx.connection.execute(statement, values)


def _before(numbers: Mapping[tuple[str, str, str], int], day: str, who: str, what: str) -> list[int]:
    since = (date.fromisoformat(day) - timedelta(days=BEFORE)).isoformat()
    return [n for (on, whose, of), n in numbers.items() if (whose, of) == (who, what) and since <= on < day]


NOTE: Step[Noted, None] = Step("case-note", note)
FIND: Step[Search, int] = Step("case-find", find)
