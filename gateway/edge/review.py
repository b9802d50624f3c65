"""What officers do with the queue: see what waits, read what is held, clear or refuse it, close broken-glass cases.

Everything here blocks; call it from a thread. The console and `samspill review` are built on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from gateway import flow
from gateway.core.audit import AuditAction, Disclosure
from gateway.core.message import Route
from gateway.core.queues import due
from gateway.core.vocabulary import MessageKind, Purpose, Role
from gateway.edge.audit.append import fresh_id
from gateway.edge.audit.reader import LOOK, Look
from gateway.edge.gather import Gather
from gateway.edge.keys import Unreadable, Vault
from gateway.edge.line import GatewayLine
from gateway.edge.store import cases, review, statements
from gateway.edge.store.database import Database
from gateway.edge.store.decide import inbound
from gateway.edge.store.operate import NotThere
from gateway.edge.store.review import Status, Verdict
from gateway.model.messages import about
from gateway.policy import pep
from gateway.policy.facts import Facts

TO_OFFICER = Route(Role.GATEWAY, Role.OFFICER, MessageKind.REVIEW_ITEM, Purpose.OVERSIGHT)


@dataclass(frozen=True, slots=True)
class Held:
    """One leaf that waits: its canonical path, and the rule that holds it."""

    field: str
    rule: str


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the queue: ids, codes and pseudonyms, never a value. Times are epoch seconds, UTC.

    `kind` is a `Queue`. `message` is the outgoing message that it is about; `party` is to have it, has it, broke the
    glass, or did unusually much. `reason` says more of why it waits, `finding` why it was closed, both codes. `owner`
    is the officer who has taken it, `due` by when it is to be closed.
    """

    id: str
    kind: str
    status: Status
    patient: str
    message: str
    party: str
    recipient: str
    purpose: str
    reason: str
    held: tuple[Held, ...]
    opened_at: float
    closed_at: float | None
    officer: str
    finding: str
    owner: str
    due: float


@dataclass(frozen=True, slots=True)
class Note:
    """What an officer did with a case: when (epoch seconds), a code, and their words (absent: none, or erased)."""

    at: float
    officer: str
    step: str
    text: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The open cases of a kind: how many, since when, and by when the first is to be done (epoch seconds)."""

    kind: str
    number: int
    oldest: float
    due: float
    any: str


@dataclass(frozen=True, slots=True)
class Officer:
    """Who works off the queue: `actor` as the log names them, and the number of whoever is logged in, if known."""

    actor: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class Doing:
    """What an officer does with a case: a code, and what goes with it (an owner, a day in epoch seconds, words)."""

    step: str
    text: str = field(default="", repr=False)
    owner: str | None = None
    until: float | None = None


class ReviewQueue:
    """The queue of one installation."""

    def __init__(self, database: Database, vault: Vault, line: GatewayLine, gather: Gather) -> None:
        self._database, self._vault, self._line, self._gather = database, vault, line, gather

    def items(self, status: Status | None = Status.OPEN, kind: str = "", limit: int = 50) -> list[Item]:
        """Give items, the newest first. Raises `Busy`."""
        return [_item(row) for row in self._database.rows(review.listed(status, kind), limit=limit)]

    def due(self, kind: str = "", limit: int = 50) -> list[Item]:
        """Give open items, what is due first before the rest. Raises `Busy`."""
        return [_item(row) for row in self._database.rows(review.due_first(kind), limit=limit)]

    def item(self, item: str) -> Item:
        """Give one item. Raises `NotThere` or `Busy`."""
        return _item(self._row(item))

    def read(self, item: str, officer: Officer, reason: str) -> Mapping[str, str]:
        """Give what is held of an item's message, by canonical path, as far as the rules show it to an officer.

        The reading is in the log before anything is given. `reason` is a code that says what the work is; without one
        the rules show nothing. Raises `NotThere`, `Refused`, `NotAcceptable`, `Destroyed` or `Busy`.
        """
        row = self._row(item)
        record, presumed = self._record(row)
        facts = Facts({**presumed.message, **({"work-reason": "true"} if reason else {})})
        decision = flow.decide(self._line.rulebook.table, TO_OFFICER, facts, record)
        values = pep.shown(record, decision, [one.field for one in _item(row).held])
        look = Look(
            action=AuditAction.REVIEW_READ,
            actor=officer.actor,
            purpose=Purpose.OVERSIGHT,
            reason=reason,
            person=self._pseudonym(officer),
            patient=row.patient,
            message=row.outbound,
            disclosure=Disclosure(policy=self._line.policy, permitted=tuple(sorted(decision.rules))),
        )
        self._database.write_now(LOOK, look)
        return {path: str(value) for path, value in values.items()}

    def clear(self, item: str, officer: Officer, finding: str) -> str:
        """Let a held message go with what was held; give the id of the outgoing message that is decided anew.

        What was cleared is what the item names, for this message, this recipient and these rules: anything else that
        comes to be held waits by itself. Raises `NotThere`, `AlreadyClosed`, `Refused` or `Busy`.
        """
        return self._close(item, officer, Status.CLEARED, finding)

    def refuse(self, item: str, officer: Officer, finding: str) -> None:
        """Keep what is held for good. Raises as `clear`."""
        self._close(item, officer, Status.REFUSED, finding)

    def close(self, item: str, officer: Officer, finding: str) -> None:
        """Close a case that holds nothing back, by another person than the one whom it is about. Raises as `clear`."""
        self._close(item, officer, Status.CLOSED, finding)

    def _close(self, item: str, officer: Officer, status: Status, finding: str) -> str:
        verdict = Verdict(item, status, officer.actor, self._pseudonym(officer), finding)
        return self._database.write_now(review.CLOSE, verdict)

    def waiting(self) -> list[Waiting]:
        """Give what is open, by kind, what is due first before the rest. Raises `Busy`."""
        rows = self._database.rows(cases.OPEN_CASES)
        found = [Waiting(r.kind, r.number, r.oldest, r.due or due(r.kind, r.oldest), r.any) for r in rows]
        return sorted(found, key=lambda one: one.due)

    def notes(self, item: str) -> list[Note]:
        """Give what officers did with a case, the oldest first. Raises `Busy`."""
        return [self._note(row) for row in self._database.rows(cases.NOTES_OF, id=item)]

    def _note(self, row: Row[Any]) -> Note:
        try:
            text = self._vault.open(cases.TEXT, row.id, row.body, row.wrapped).decode() if row.wrapped else None
        except Unreadable:
            text = None
        return Note(row.at, row.officer, row.step, text)

    def note(self, item: str, officer: Officer, doing: Doing) -> None:
        """Note what an officer does with an open case; the text is kept encrypted, and erased with the patient's data.

        Raises `NotThere`, `AlreadyClosed`, `Refused` or `Busy`.
        """
        record = fresh_id()
        sealed = self._vault.seal(cases.TEXT, record, doing.text.encode()) if doing.text else None
        who = self._pseudonym(officer)
        noted = cases.Noted(item, officer.actor, who, doing.step, record, sealed, doing.owner, doing.until)
        self._database.write_now(cases.NOTE, noted)

    def _pseudonym(self, officer: Officer) -> str:
        return self._vault.mac("patient", officer.number) if officer.number else ""

    def _row(self, item: str) -> Row[Any]:
        rows = self._database.rows(review.ITEM, id=item)
        if not rows:
            raise NotThere("the queue has no item with this id")
        return rows[0]

    def _record(self, row: Row[Any]) -> tuple[Any, Facts]:
        """Give the record as it was decided, and what is known of it."""
        sources = self._database.rows(statements.SOURCES, ids=[row.inbound])
        if not sources:
            raise NotThere("no message is held here")
        source = inbound(sources[0])
        raw = self._vault.open("inbound", source.id, source.body, source.wrapped)
        record = flow.address(self._line.again(raw, source.format).record, self._line.addressee(row.party, None))
        known = about(record)
        return record, self._gather.presumed(known, record) if known else Facts()


def _item(row: Row[Any]) -> Item:
    held = tuple(Held(*line.split(" ", 1)) for line in row.held.splitlines())
    return Item(
        id=row.id,
        kind=row.kind,
        status=Status(row.status),
        patient=row.patient,
        message=row.outbound,
        party=row.party,
        recipient=row.recipient,
        purpose=row.purpose,
        reason=row.reason,
        held=held,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        officer=row.officer,
        finding=row.finding,
        owner=row.owner,
        due=row.due if row.due is not None else due(row.kind, row.opened_at),
    )
