"""One message told from the log: who sent it, what each recipient could have and by which rules, and its end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row

from gateway.console.desk import Contents, Desk
from gateway.console.sessions import Session
from gateway.core.audit import AuditAction, AuditEntry, Disclosure, Outcome
from gateway.core.vocabulary import DataClass
from gateway.edge.audit.search import Filter, Found
from gateway.edge.store import review, statements
from gateway.edge.store.operate import NotThere
from gateway.policy.elements import UNMARKED
from gateway.policy.rules import Rule

MOST: Final = 200
OF_ONE_FIELD: Final = tuple(UNMARKED)
"""The facts that differ from field to field of a class."""
NO_PERMIT: Final = ""
"""Stands for the reason that no rule permits it."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A numbered reason: a rule (absent: none permits it) in plain words."""

    number: int
    rule: str
    text: str
    basis: str
    reviewed: bool | None


@dataclass(frozen=True, slots=True)
class Cell:
    """Of one class, for one recipient: how many leaves were released, withheld and held, and the reasons' numbers."""

    released: int
    withheld: int
    held: int
    reasons: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """The message for one recipient. `decided` is the newest decision, absent when there is none yet."""

    id: str
    party: str
    role: str
    purpose: str
    format: str
    state: str
    decided: AuditEntry | None
    attempts: tuple[Row[Any], ...]
    receipts: tuple[Row[Any], ...]


@dataclass(frozen=True, slots=True)
class Story:
    """All of it. `rows` give for each data class its paths and a cell for each copy."""

    id: str
    sender: str
    patient: str
    received_at: float
    kind: str
    readable: bool
    copies: tuple[Copy, ...]
    rows: tuple[tuple[str, tuple[str, ...], tuple[Cell, ...]], ...]
    reasons: tuple[Reason, ...]
    entries: tuple[Found, ...]
    cases: tuple[Row[Any], ...]
    policies: tuple[str, ...]


def source(desk: Desk, name: str) -> Row[Any]:
    """Give the incoming message of an id, which may be that of an outgoing one. Raises `NotThere`."""
    outgoing = desk.database.rows(statements.MESSAGE, id=name)
    rows = desk.database.rows(statements.INBOUND, id=outgoing[0].inbound if outgoing else name)
    if not rows:
        raise NotThere("no message has this id")
    return rows[0]


def of(desk: Desk, session: Session, name: str, language: str) -> Story:
    """Tell a message's story; that it was looked at is in the log first. Raises `NotThere`, `Refused` or `Busy`."""
    came = source(desk, name)
    desk.look(session, "message", patient=came.patient, message=came.id)
    rows = desk.database.rows(statements.MESSAGES_OF, id=came.id)
    entries = [one for id_ in (came.id, *(row.id for row in rows)) for one in desk.entries(Filter(message=id_), MOST)]
    copies = tuple(_copy(desk, row, entries) for row in rows)
    contents = desk.contents(came.id)
    cases = tuple(desk.database.rows(review.ITEMS_OF, inbound=came.id))
    matrix = _Matrix(desk.rulebook.table.rules, contents, language)
    classes = [(name, paths, matrix.cells(name, paths, copies, cases)) for name, paths in _classes(contents, copies)]
    return Story(
        id=came.id,
        sender=came.sender,
        patient=came.patient,
        received_at=came.received_at,
        kind=contents.kind.value if contents else "",
        readable=contents is not None,
        copies=copies,
        rows=tuple(classes),
        reasons=tuple(matrix.reasons.values()),
        entries=tuple(sorted(entries, key=lambda one: one.entry.recorded_at)),
        cases=cases,
        policies=tuple(
            {copy.decided.disclosure.policy: 0 for copy in copies if copy.decided and copy.decided.disclosure}
        ),
    )


def _copy(desk: Desk, row: Row[Any], entries: list[Found]) -> Copy:
    decided = [one.entry for one in entries if one.entry.message == row.id and one.entry.action is AuditAction.DECIDED]
    return Copy(
        id=row.id,
        party=row.destination,
        role=row.recipient,
        purpose=row.purpose,
        format=row.format,
        state=row.state,
        decided=max(decided, key=lambda entry: entry.recorded_at, default=None),
        attempts=tuple(desk.database.rows(statements.ATTEMPTS_OF, id=row.id)),
        receipts=tuple(desk.database.rows(statements.RECEIPTS_OF, id=row.id)),
    )


def _classes(contents: Contents | None, copies: tuple[Copy, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """Give each class with its paths: of the message itself, or of what the log says was withheld when it is gone."""
    if contents is not None:
        leaves: Mapping[str, str] = contents.leaves
    else:
        disclosures = [copy.decided.disclosure for copy in copies if copy.decided and copy.decided.disclosure]
        leaves = {path: "unread" for one in disclosures for path in one.withheld}
    order = {one.value: place for place, one in enumerate(DataClass)}
    by_class: dict[str, list[str]] = {}
    for path, data_class in leaves.items():
        by_class.setdefault(data_class, []).append(path)
    return [(name, tuple(by_class[name])) for name in sorted(by_class, key=lambda name: order.get(name, 99))]


class _Matrix:
    """Makes the cells, numbering the reasons as they come."""

    def __init__(self, rules: tuple[Rule, ...], contents: Contents | None, language: str) -> None:
        self._rules = {rule.id: rule for rule in rules}
        self._contents, self._language = contents, language
        self.reasons: dict[str, Reason] = {}

    def cells(
        self, data_class: str, paths: tuple[str, ...], copies: tuple[Copy, ...], cases: tuple[Row[Any], ...]
    ) -> tuple[Cell, ...]:
        """Give the cells of a class."""
        open_ = [case for case in cases if case.status == "open"]
        held = {(case.outbound, *line.split(" ", 1)) for case in open_ for line in case.held.splitlines()}
        return tuple(
            self._cell(
                data_class, paths, copy, {path: rule for id_, path, rule in held if id_ == copy.id and path in paths}
            )
            for copy in copies
        )

    def _cell(self, data_class: str, paths: tuple[str, ...], copy: Copy, held: Mapping[str, str]) -> Cell:
        decided = copy.decided
        disclosure = (decided.disclosure if decided else None) or Disclosure()
        if decided is None or decided.outcome is not Outcome.SUCCESS:
            withheld = set(paths)
        else:
            withheld = {path for path in paths if path in disclosure.withheld}
        withheld -= held.keys()
        reasons = [self._number(rule) for rule in sorted({*held.values()})]
        if withheld and decided is not None:
            reasons += self._numbers(data_class, copy, disclosure)
        return Cell(len(paths) - len(withheld) - len(held), len(withheld), len(held), tuple(dict.fromkeys(reasons)))

    def _numbers(self, data_class: str, copy: Copy, disclosure: Disclosure) -> tuple[int, ...]:
        """Give the numbers of the rules that forbade this class; of «no rule permits it» when there is none."""
        found = [rule for rule in disclosure.forbade if self._covers(rule, data_class, copy)]
        whole = [rule for rule in found if not self._of_one_field(rule)]
        return tuple(self._number(rule) for rule in whole or found or [NO_PERMIT])

    def _of_one_field(self, rule: str) -> bool:
        """Whether a rule looks at what is said of a field by itself: no reason where a class is closed whole."""
        known = self._rules.get(rule)
        return known is not None and any(known.names(fact) for fact in OF_ONE_FIELD)

    def _covers(self, rule: str, data_class: str, copy: Copy) -> bool:
        known = self._rules.get(rule)
        if known is None or self._contents is None:
            return True
        cell = {"message": self._contents.kind.value, "to": copy.role, "purpose": copy.purpose, "classes": data_class}
        return any(known.covers({**cell, "from": sender.value}) for sender in self._contents.senders)

    def _number(self, rule: str) -> int:
        if rule not in self.reasons:
            known = self._rules.get(rule)
            text, basis = (getattr(known, self._language, known.nb), known.basis) if known else ("", "")
            reviewed = known.reviewed if known else None
            self.reasons[rule] = Reason(len(self.reasons) + 1, rule, text, basis, reviewed)
        return self.reasons[rule].number
