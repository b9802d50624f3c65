"""What a rule is, and the bit-mask table that a rule set compiles to.

Each row is one bit. For every word of a dimension (message, from, to, purpose, class) and every value of a fact there
is a mask of the rows that survive it; what is left after ANDing them is exactly the rows that hold. The one sentence
that makes it fail closed: `when` in a permit holds only if the fact is *known* to have the value, `when` in a forbid
also if it is unknown, and `unless` lifts a forbid only if the fact is *known* to have the value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from gateway.core.message import Route
from gateway.core.vocabulary import DataClass, MessageKind, Purpose, Role
from gateway.policy.labels import Labels
from gateway.policy.nodes import Position
from gateway.policy.screen import Screen

UNKNOWN = "unknown"
"""The value every fact has besides its own: missing, unreachable, expired, contradictory, unreadable."""

STRANGE = "?"
"""Stands for every word that is not in the vocabulary."""

DIMENSIONS: dict[str, tuple[str, ...]] = {
    "message": tuple(MessageKind),
    "from": tuple(Role),
    "to": tuple(Role),
    "purpose": tuple(Purpose),
    "classes": tuple(DataClass),
}
"""The words that a rule's scope is made of, in the order in which a cell is named."""

NO_SCREEN = Screen()
"""A screen that knows no words, so that no text can be judged."""

TIERS = ("statute", "block", "consent-deny", "permit")


@dataclass(frozen=True, slots=True)
class Words:
    """A set of words: those listed, or every word but those listed (also words nobody knows)."""

    listed: frozenset[str]
    inverted: bool = False

    def __contains__(self, word: str) -> bool:
        """Whether the set holds a word."""
        return (word in self.listed) != self.inverted


ANY = Words(frozenset(), inverted=True)


@dataclass(frozen=True, slots=True)
class FactKind:
    """A fact the rules look at: its values from tightest to widest, and what it is said about."""

    name: str
    values: tuple[str, ...]
    scope: str
    ordered: bool
    origin: str
    unknown: str
    at: Position


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. `scope` has one set of words for each of `DIMENSIONS`; dates are the days the row holds, inclusive."""

    id: str
    permits: bool
    tier: str
    scope: Mapping[str, Words]
    when: Mapping[str, str]
    unless: Mapping[str, str]
    obligations: tuple[str, ...]
    rows: tuple[str, ...]
    basis: str
    source: tuple[str, ...]
    status: str
    reviewed: bool
    valid_from: date
    valid_to: date | None
    nb: str
    en: str
    sv: str
    at: Position

    def covers(self, cell: Mapping[str, str]) -> bool:
        """Whether a cell (one word for each dimension) is in the row's scope."""
        return all(cell[dimension] in words for dimension, words in self.scope.items())

    def survives(self, fact: str, value: str) -> bool:
        """Whether the row can still hold when `fact` has `value`, which may be `unknown`."""
        wanted = self.when.get(fact)
        if wanted is not None and value != wanted and (self.permits or value != UNKNOWN):
            return False
        return self.unless.get(fact) != value

    def names(self, fact: str) -> bool:
        """Whether the row looks at a fact."""
        return fact in self.when or fact in self.unless


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Everything in the rule files; `digest` is SHA-256 of the files, hexadecimal."""

    version: str
    digest: str
    rules: tuple[Rule, ...]
    facts: Mapping[str, FactKind]
    groups: Mapping[str, tuple[str, ...]]
    sources: Mapping[str, str]
    legal_rows: tuple[str, ...]
    without_rule: Mapping[str, str]
    screen: Screen
    labels: Labels

    def __getitem__(self, rule: str) -> Rule:
        """Give a rule by its id; raises `KeyError` when there is none."""
        for one in self.rules:
            if one.id == rule:
                return one
        raise KeyError(rule)

    def changes(self) -> tuple[date, ...]:
        """Give every day on which the set of rules in force changes, in order."""
        days = {rule.valid_from for rule in self.rules}
        days |= {rule.valid_to + timedelta(days=1) for rule in self.rules if rule.valid_to}
        return tuple(sorted(days))


class Spoken(NamedTuple):
    """The rules that hold together, the forbids by tier, and the obligations of the deciding ones."""

    permits: tuple[str, ...]
    forbids: tuple[str, ...]
    obligations: frozenset[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A rule set compiled for one day.

    `cells[dimension][word]` and `facts[fact][value]` are masks of the rows that survive; a word that is missing is
    looked up as `STRANGE`, a value as `UNKNOWN`. `named[fact]` are the rows that look at the fact. `until` is the first
    moment at which other rows may be in force (midnight UTC), absent when none is planned.
    """

    rules: tuple[Rule, ...]
    kinds: Mapping[str, FactKind]
    permits: int
    cells: Mapping[str, Mapping[str, int]]
    facts: Mapping[str, Mapping[str, int]]
    named: Mapping[str, int]
    version: str = ""
    digest: str = ""
    until: datetime | None = None
    screen: Screen = NO_SCREEN
    _spoken: dict[int, "Spoken"] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def everything(self) -> int:
        """All rows."""
        return (1 << len(self.rules)) - 1

    def route(self, route: Route) -> int:
        """Give the rows that a route meets, whatever the class."""
        return (
            self.word("message", route.kind)
            & self.word("from", route.sender)
            & self.word("to", route.recipient)
            & self.word("purpose", route.purpose)
        )

    def word(self, dimension: str, word: str) -> int:
        """Give the rows that hold for one word of a dimension."""
        masks = self.cells[dimension]
        return masks[word] if word in masks else masks[STRANGE]

    def meets(self, cell: Mapping[str, str]) -> int:
        """Give the rows that a cell (one word for each dimension) meets."""
        rows = self.everything
        for dimension, word in cell.items():
            rows &= self.word(dimension, word)
        return rows

    def value(self, fact: str, value: str | None) -> int:
        """Give the rows that survive a fact's value; none, or a value nobody knows, counts as unknown."""
        masks = self.facts[fact]
        return masks[value] if value is not None and value in masks else masks[UNKNOWN]

    def looked_at(self, rows: int) -> tuple[str, ...]:
        """Give the facts that any of these rows looks at."""
        return tuple(fact for fact, mask in self.named.items() if mask & rows)

    def spoken(self, rows: int) -> "Spoken":
        """Give the names of the rows that hold, and what the deciding ones demand."""
        if rows not in self._spoken:
            permits, forbids = self.pick(rows & self.permits), self.pick(rows & ~self.permits)
            self._spoken[rows] = Spoken(
                permits=tuple(rule.id for rule in permits),
                forbids=tuple(rule.id for rule in sorted(forbids, key=lambda rule: TIERS.index(rule.tier))),
                obligations=frozenset(duty for rule in forbids or permits for duty in rule.obligations),
            )
        return self._spoken[rows]

    def pick(self, rows: int) -> tuple[Rule, ...]:
        """Give the rules of a mask, in the order of the file."""
        return tuple(self.rules[i] for i in bits(rows))


def bits(mask: int) -> Iterable[int]:
    """Give the numbers of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def compile_table(rules: RuleSet, on: date) -> Table:
    """Compile the rows that are in force on a day."""
    in_force = [r for r in rules.rules if r.valid_from <= on and (r.valid_to is None or on <= r.valid_to)]
    coming = next((day for day in rules.changes() if day > on), None)
    until = datetime.combine(coming, time(), UTC) if coming else None
    return table_of(in_force, rules.facts, rules.version, rules.digest, until, rules.screen)


def table_of(
    rules: Iterable[Rule],
    kinds: Mapping[str, FactKind],
    version: str = "",
    digest: str = "",
    until: datetime | None = None,
    screen: Screen = NO_SCREEN,
) -> Table:
    """Compile rows as they are, whatever their dates."""
    rows = tuple(rules)
    return Table(
        rules=rows,
        kinds=kinds,
        permits=_mask(rule.permits for rule in rows),
        cells={
            d: {w: _mask(w in r.scope[d] for r in rows) for w in (*words, STRANGE)} for d, words in DIMENSIONS.items()
        },
        facts={f: {v: _mask(r.survives(f, v) for r in rows) for v in (*k.values, UNKNOWN)} for f, k in kinds.items()},
        named={f: _mask(r.names(f) for r in rows) for f in kinds},
        version=version,
        digest=digest,
        until=until,
        screen=screen,
    )


def _mask(flags: Iterable[bool]) -> int:
    return sum(1 << i for i, flag in enumerate(flags) if flag)
