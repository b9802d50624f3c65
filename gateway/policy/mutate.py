"""Mutation: change every rule in every small way, and see whether the invariants notice.

A mutant that no invariant notices survives; it is harmless only if it changes no release and no obligation in any
abstract state, which is looked up, not assumed. The number that must be nought is `dangerous`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.core.vocabulary import DataClass
from gateway.policy.breaches import TOGETHER, breaches, listed, narrowed, undemanded, unlisted
from gateway.policy.invariants import Invariant
from gateway.policy.rules import DIMENSIONS, Rule, Table, Words, table_of
from gateway.policy.space import Selection, duties, reach_together, releases, row_sets, whole

STRIDE = 12
"""Of the scope mutants, every how many a bounded run looks at."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change to one rule; `changed` is the rule as it would be, absent when it is dropped."""

    rule: str
    what: str
    changed: Rule | None

    def __str__(self) -> str:
        """`opaque-stays: effect flipped`."""
        return f"{self.rule}: {self.what}"


@dataclass(frozen=True, slots=True)
class MutationReport:
    """How many mutants there were, how many were noticed, and those that were not.

    `harmless` change only which rules are named; `dangerous` change a release or an obligation in some state.
    """

    mutants: int
    caught: int
    harmless: tuple[str, ...]
    dangerous: tuple[str, ...]

    def __str__(self) -> str:
        """One line, and one for each dangerous survivor."""
        line = (
            f"{self.mutants} mutants: {self.caught} noticed, {len(self.harmless)} change no release and no obligation, "
            f"{len(self.dangerous)} dangerous"
        )
        return "\n".join([line, *(f"dangerous: {one}" for one in self.dangerous)])


def mutations(table: Table, invariants: tuple[Invariant, ...], *, bounded: bool) -> MutationReport:
    """Try every mutant; a bounded run looks at all but the scope mutants, and at every twelfth of these."""
    caught = tried = 0
    invariants = tuple(replace(one, selection=whole(one.selection)) for one in invariants)
    harmless: list[str] = []
    dangerous: list[str] = []
    for i, rule in enumerate(table.rules):
        small = list(_small(rule, table))
        scopes = list(_scopes(rule))
        for mutant in [*small, *(scopes[i % STRIDE :: STRIDE] if bounded else scopes)]:
            tried += 1
            trial = _Trial(table, i, mutant)
            if any(
                trial.noticed_by(one) for one in invariants if one.kind not in TOGETHER
            ) or trial.noticed_by_structure(invariants):
                caught += 1
            elif trial.changes_something():
                dangerous.append(str(mutant))
            else:
                harmless.append(str(mutant))
    return MutationReport(tried, caught, tuple(harmless), tuple(dangerous))


def _small(rule: Rule, table: Table) -> Iterator[Mutant]:
    yield Mutant(rule.id, "effect flipped", replace(rule, permits=not rule.permits))
    yield Mutant(rule.id, "dropped", None)
    for fact, value in rule.when.items():
        others = {name: one for name, one in rule.when.items() if name != fact}
        yield Mutant(rule.id, f"when {fact} dropped", replace(rule, when=others))
        for other in table.kinds[fact].values:
            if other != value:
                yield Mutant(rule.id, f"when {fact} made {other}", replace(rule, when={**rule.when, fact: other}))
    for fact, value in rule.unless.items():
        yield Mutant(rule.id, f"unless {fact} dropped", replace(rule, unless={}))
        for other in table.kinds[fact].values:
            if other != value:
                yield Mutant(rule.id, f"unless {fact} made {other}", replace(rule, unless={fact: other}))
    for duty in rule.obligations:
        rest = tuple(one for one in rule.obligations if one != duty)
        yield Mutant(rule.id, f"obligation {duty} dropped", replace(rule, obligations=rest))
    yield from _toggled(rule, "classes", tuple(DataClass))


def _scopes(rule: Rule) -> Iterator[Mutant]:
    for dimension, words in DIMENSIONS.items():
        if dimension != "classes":
            yield from _toggled(rule, dimension, words)


def _toggled(rule: Rule, dimension: str, every: tuple[str, ...]) -> Iterator[Mutant]:
    """Add or take away one word of a dimension."""
    words = rule.scope[dimension]
    for word in every:
        listed = words.listed ^ {word}
        if listed or words.inverted:
            scope = {**rule.scope, dimension: Words(listed, words.inverted)}
            yield Mutant(
                rule.id, f"{dimension} {'without' if word in words else 'with'} {word}", replace(rule, scope=scope)
            )


class _Trial:
    """One mutant put to the test, only in the cells where it can differ: its rule's scope, old and new."""

    def __init__(self, table: Table, number: int, mutant: Mutant) -> None:
        rules = list(table.rules)
        old = rules[number]
        scopes: Sequence[Mapping[str, Words]] = [old.scope]
        if mutant.changed is None:
            # a row that can hold nowhere keeps the numbers of the others
            rules[number] = replace(old, scope={**old.scope, "classes": Words(frozenset())})
        else:
            rules[number] = mutant.changed
            if mutant.changed.scope != old.scope:
                scopes = _changed(old, mutant.changed)
        self.table = table
        self.mutated = _patched(table, number, rules)
        self.boxes = tuple(box for scope in scopes if (box := Selection().within(scope)))
        self.dropped = mutant.changed is None
        self.number = number

    def noticed_by(self, invariant: Invariant) -> bool:
        """Whether an invariant does not hold any more."""
        boxes = tuple(part for box in self.boxes if (part := invariant.selection.within(box.words)))
        return bool(boxes) and any(True for _ in breaches(self.mutated, invariant, boxes))

    def noticed_by_structure(self, invariants: tuple[Invariant, ...]) -> bool:
        """Whether it releases outside `may`, demands outside `only-obliges`, or makes a fact narrow when it widens."""
        if any(True for _ in unlisted(self.mutated, listed(invariants, "may"), self.boxes)):
            return True
        if any(True for _ in undemanded(self.mutated, listed(invariants, "only-obliges"), self.boxes)):
            return True
        groups = [rows for box in self.boxes for rows in row_sets(self.mutated, box) if rows & self.mutated.permits]
        return any(
            rows & self.mutated.named[fact] and any(True for _ in narrowed(self.mutated, fact, rows))
            for fact in self.mutated.kinds
            for rows in groups
        )

    def changes_something(self) -> bool:
        """Whether a release or an obligation differs in any state of the cells concerned."""
        both = (self.table, self.mutated)
        for box in self.boxes:
            for cell_rows in _met_together(both, box):
                for one, two in reach_together(both, cell_rows):
                    if releases(self.table, one) != releases(self.mutated, two):
                        return True
                    if duties(self.table, one) != duties(self.mutated, two):
                        return True
        return False


def _changed(old: Rule, new: Rule) -> list[dict[str, Words]]:
    """Give the part of two scopes, differing in one dimension, that only one of them has."""
    dimension = next(d for d in DIMENSIONS if old.scope[d] != new.scope[d])
    before, after = old.scope[dimension], new.scope[dimension]
    words = frozenset(word for word in DIMENSIONS[dimension] if (word in before) != (word in after))
    return [{**old.scope, dimension: Words(words)}]


def _patched(table: Table, number: int, rules: list[Rule]) -> Table:
    """Give the table with one row compiled anew, which is much quicker than all."""
    bit = 1 << number
    alone = table_of([rules[number]], table.kinds)

    def patch(masks: dict[str, int], row: dict[str, int]) -> dict[str, int]:
        return {word: (mask & ~bit) | (bit if row[word] else 0) for word, mask in masks.items()}

    return replace(
        table,
        rules=tuple(rules),
        permits=(table.permits & ~bit) | (bit if alone.permits else 0),
        cells={d: patch(dict(masks), dict(alone.cells[d])) for d, masks in table.cells.items()},
        facts={f: patch(dict(masks), dict(alone.facts[f])) for f, masks in table.facts.items()},
        named=patch(dict(table.named), dict(alone.named)),
    )


def _met_together(tables: tuple[Table, Table], box: Selection) -> frozenset[tuple[int, ...]]:
    sets = {tuple(table.everything for table in tables)}
    for dimension in DIMENSIONS:
        masks = {tuple(table.word(dimension, word) for table in tables) for word in box.listed(dimension)}
        sets = {(a & m, b & n) for a, b in sets for m, n in masks}
    return frozenset(sets)
