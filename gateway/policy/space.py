"""Every abstract state of a table, without listing them all.

A decision depends on a cell (message, from, to, purpose, class) only through the rows whose scope holds it, and on a
fact only if one of those rows names it. So the pairs (set of rows, values of the facts they name) are the whole
function, and states that leave the same rows may be joined as soon as nothing distinguishes them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from gateway.policy.rules import ANY, DIMENSIONS, STRANGE, UNKNOWN, Table, Words

Values = Mapping[str, tuple[str, ...]]
"""For some facts, the values they are confined to; the others are free."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A box of cells: one set of words for each dimension that is confined; the others hold every word."""

    words: Mapping[str, Words] = field(default_factory=dict)

    def listed(self, dimension: str) -> tuple[str, ...]:
        """Give the words of a dimension that are selected, `?` standing for those nobody knows."""
        confined = self.words.get(dimension)
        if confined is not None and not confined.inverted:
            return tuple(confined.listed)
        every = (*DIMENSIONS[dimension], STRANGE)
        return every if confined is None else tuple(word for word in every if word in confined)

    def holds(self, cell: Mapping[str, str]) -> bool:
        """Whether a cell is in the box."""
        return all(cell[dimension] in words for dimension, words in self.words.items())

    def within(self, scope: Mapping[str, Words]) -> "Selection | None":
        """Give the part of the box inside a rule's scope, or none when it is empty."""
        words: dict[str, Words] = {}
        for dimension in DIMENSIONS:
            mine, theirs = self.words.get(dimension, ANY), scope[dimension]
            if mine.inverted or theirs.inverted:
                both = frozenset(word for word in self.listed(dimension) if word in theirs)
            else:
                both = mine.listed & theirs.listed
            if not both:
                return None
            words[dimension] = Words(both)
        return Selection(words)


def whole(selection: Selection) -> Selection:
    """Give the same box with the words of every dimension listed."""
    return Selection({dimension: Words(frozenset(selection.listed(dimension))) for dimension in DIMENSIONS})


def row_sets(table: Table, selection: Selection) -> frozenset[int]:
    """Give the different sets of rows that the cells of a selection meet."""
    sets = {table.everything}
    for dimension in DIMENSIONS:
        masks = {table.word(dimension, word) for word in selection.listed(dimension)}
        sets = {rows & mask for rows in sets for mask in masks}
    return frozenset(sets)


def reach(table: Table, rows: int, confined: Values | None = None) -> frozenset[int]:
    """Give the sets of rows that hold in some state of the facts, when some facts are confined to some values."""
    confined = confined or {}
    reached = {rows}
    for fact, named in table.named.items():
        if named & rows:
            masks = table.facts[fact]
            if fact in confined:
                reached = {left & masks[value] for left in reached for value in confined[fact]}
            else:
                different = set(masks.values())
                reached = {left & mask for left in reached for mask in different}
    return frozenset(reached)


def reach_together(tables: tuple[Table, ...], rows: tuple[int, ...]) -> frozenset[tuple[int, ...]]:
    """Give what holds at once in several tables over the same facts, in each state of the facts."""
    reached = {rows}
    for fact, kind in tables[0].kinds.items():
        if any(table.named[fact] & mask for table, mask in zip(tables, rows, strict=True)):
            masks = {tuple(table.facts[fact][value] for table in tables) for value in (*kind.values, UNKNOWN)}
            reached = {
                tuple(left & mask for left, mask in zip(lefts, those, strict=True))
                for lefts in reached
                for those in masks
            }
    return frozenset(reached)


def compared(table: Table, rows: int, fact: str, one: str, other: str) -> frozenset[tuple[int, int]]:
    """Give what holds with one value of a fact beside what holds with another, in each state of the other facts."""
    reached = {(rows & table.facts[fact][one], rows & table.facts[fact][other])}
    for name in table.looked_at(rows):
        if name != fact:
            masks = table.facts[name].values()
            reached = {(a & mask, b & mask) for a, b in reached for mask in masks}
    return frozenset(reached)


def states(table: Table, rows: int) -> Iterator[tuple[dict[str, str], int]]:
    """Give every state of the facts that these rows look at, with the rows that hold in it."""
    facts = table.looked_at(rows)

    def follow(i: int, left: int, known: dict[str, str]) -> Iterator[tuple[dict[str, str], int]]:
        if i == len(facts):
            yield known, left
            return
        for value, mask in table.facts[facts[i]].items():
            yield from follow(i + 1, left & mask, {**known, facts[i]: value})

    return follow(0, rows, {})


def releases(table: Table, rows: int) -> bool:
    """Whether these rows, all holding, release: a permit holds and no forbid speaks."""
    return bool(rows & table.permits) and not rows & ~table.permits


def duties(table: Table, rows: int) -> frozenset[str]:
    """Give the obligations of the deciding rules: the forbids where one speaks, else the permits."""
    deciding = rows & ~table.permits or rows & table.permits
    return frozenset(duty for rule in table.pick(deciding) for duty in rule.obligations)


def cells(scope: Mapping[str, Words]) -> Iterator[dict[str, str]]:
    """Give each cell of a scope that lists its words by name."""
    for words in product(*(sorted(scope[dimension].listed) for dimension in DIMENSIONS)):
        yield dict(zip(DIMENSIONS, words, strict=True))
