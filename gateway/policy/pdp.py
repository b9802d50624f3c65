"""The decision: for each data class of a message, whether one recipient may have it, and every rule that spoke.

Combining order: a statutory forbid, a block or objection, an explicit deny, then a permit, else refusal. Any forbid
beats any permit, so the order only tells why. Pure: the same table, route, facts and record give the same decision.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from gateway.core.decision import ClassDecision, Decision, Effect, NearestPermit
from gateway.core.message import Route
from gateway.core.vocabulary import DataClass, Obligation
from gateway.policy.elements import SCREENED, UNMARKED, Element, Marks, elements_of, stated
from gateway.policy.facts import Facts
from gateway.policy.rules import UNKNOWN, Table

CLEARED = "officer-cleared"
"""The fact that says a named officer has cleared this message for this recipient under these rules."""


def decide(table: Table, route: Route, facts: Facts, record: Any) -> Decision:
    """Decide about every populated leaf of a record.

    Free text is screened where a rule of the route looks at that. What the record or an element of it states, and a
    fact given for the whole message or class, combine to the tighter of the two. What an officer has cleared counts
    only when it is all that waits: what the officer did not see keeps waiting, and so does the rest.
    """
    screened = table.named.get(SCREENED, 0) & table.route(route)
    elements = elements_of(record, table.screen if screened else None, facts.unsaid)
    known = {**UNMARKED, **facts.message}
    for fact, value in stated(record).items():
        known[fact] = tighter(table, fact, value, known.get(fact, value))
    decision = decide_elements(table, route, replace(facts, message=known), elements)
    if decision.held and decision.held <= facts.cleared:
        cleared = replace(facts, message={**known, CLEARED: "true"})
        decision = decide_elements(table, route, cleared, elements)
    return replace(decision, record_hash=hash(record), question=facts.question)


def decide_elements(table: Table, route: Route, facts: Facts, elements: Iterable[Element]) -> Decision:
    """Decide about elements whose content is not at hand: what nobody says of them is unknown."""
    rows = table.route(route)
    looked_at = table.looked_at(rows)
    common = rows
    for fact in looked_at:
        common &= table.value(fact, facts.message.get(fact))
    one = _One(table, route, facts, rows, looked_at, common)
    return Decision(
        route=route,
        classes=tuple(one.decide(element) for element in elements),
        rules_version=table.version,
        rules_digest=table.digest,
        valid_until=_earliest(table.until, facts.until),
        cleared=facts.message.get(CLEARED) == "true",
    )


class _One:
    """One decision under way. `common` are the rows left when nothing differs from the message's own facts."""

    __slots__ = ("common", "facts", "looked_at", "route", "rows", "table")

    def __init__(
        self, table: Table, route: Route, facts: Facts, rows: int, looked_at: tuple[str, ...], common: int
    ) -> None:
        self.table, self.route, self.facts = table, route, facts
        self.rows, self.looked_at, self.common = rows, looked_at, common

    def decide(self, element: Element) -> ClassDecision:
        """Decide about one element."""
        table = self.table
        in_class = table.word("classes", element.data_class)
        if element.marks or element.data_class in self.facts.by_class:
            rows = self.rows & in_class
            for fact, value in self._values(element.data_class, element.marks).items():
                rows &= table.value(fact, value)
        else:
            rows = self.common & in_class
        spoken = table.spoken(rows)
        effect = Effect.PERMIT
        if spoken.forbids:
            effect = self._why_forbidden(element, rows & ~table.permits)
        elif not spoken.permits:
            effect = Effect.NOT_APPLICABLE
        return ClassDecision(
            data_class=element.data_class,
            effect=effect,
            permits=spoken.permits,
            forbids=spoken.forbids,
            obligations=spoken.obligations,
            nearest=self._nearest(element, in_class) if effect is Effect.NOT_APPLICABLE else (),
            marks=element.marks,
            fields=element.fields,
            held=Obligation.HOLD_FOR_REVIEW in spoken.obligations and self._held(rows),
        )

    def _held(self, rows: int) -> bool:
        """Whether some permit holds, and every forbid that speaks would be lifted by an officer's clearing."""
        table = self.table
        cleared = self.facts.message.get(CLEARED) == "true"
        return not cleared and bool(rows & table.permits) and not rows & ~table.permits & table.value(CLEARED, "true")

    def _why_forbidden(self, element: Element, forbids: int) -> Effect:
        """Say whether some forbid speaks whatever the unknown facts are, or all only because something is unknown."""
        values = self._values(element.data_class, element.marks)
        for fact in self.table.looked_at(forbids):
            if values[fact] not in self.table.kinds[fact].values:
                forbids &= ~self.table.named[fact]
        return Effect.DENY if forbids else Effect.INDETERMINATE

    def _values(self, data_class: str, marks: Marks) -> dict[str, str]:
        values = {fact: self.facts.of(data_class, fact) for fact in self.looked_at}
        for fact, value in marks:
            if fact in values:
                said = self.facts.says(data_class, fact)
                values[fact] = tighter(self.table, fact, values[fact], value) if said else value
        return values

    def _nearest(self, element: Element, in_class: int) -> tuple[NearestPermit, ...]:
        values = self._values(element.data_class, element.marks)
        near = [
            NearestPermit(rule.id, tuple((f, v) for f, v in rule.when.items() if values.get(f, UNKNOWN) != v))
            for rule in self.table.pick(self.rows & in_class & self.table.permits)
        ]
        return tuple(sorted(near, key=lambda permit: len(permit.missing)))


def tighter(table: Table, fact: str, one: str, other: str) -> str:
    """Give the tighter of two values of a fact; an unknown one stands just below the tightest."""
    rank = {value: float(i) for i, value in enumerate(table.kinds[fact].values)}
    return min(one, other, key=lambda value: rank.get(value, 0.5))


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def releasable(table: Table, route: Route) -> frozenset[DataClass]:
    """Give the classes that some state of the facts releases on a route; nothing else need ever be written there."""
    rows = table.route(route)
    return frozenset(one for one in DataClass if _some_state_releases(table, rows & table.word("classes", one)))


def _some_state_releases(table: Table, rows: int) -> bool:
    """Follow every combination of facts that these rows look at, joining those that leave the same rows."""
    reached = {rows}
    for fact in table.looked_at(rows):
        reached = {
            left & mask for left in reached for mask in table.facts[fact].values() if left & mask & table.permits
        }
    return any(left & table.permits and not left & ~table.permits for left in reached)
