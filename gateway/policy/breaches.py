"""Whether a table keeps one invariant, in every abstract state: each function gives the states where it does not.

A breach is a pair of masks: the rows that the cell meets, and those that hold in the state. `boxes` confines the search
to some cells (mutation looks only where a rule was changed).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import product

from gateway.policy.invariants import Invariant
from gateway.policy.rules import UNKNOWN, Table, Words
from gateway.policy.space import Selection, cells, compared, duties, reach, releases, row_sets, whole

Breaches = Iterator[tuple[int, int]]
Boxes = Iterable[Selection]


TOGETHER = ("may", "only-obliges")
"""The kinds of statement whose lines make one list, judged as a whole."""


def breaches(table: Table, invariant: Invariant, boxes: Boxes | None = None) -> Breaches:
    """Give every breach of one invariant that can be judged alone (those of a list: `unlisted`, `undemanded`)."""
    return _OF_KIND[invariant.kind](table, invariant, (invariant.selection,) if boxes is None else boxes)


def _rows(table: Table, boxes: Boxes, mask: int = -1) -> frozenset[int]:
    return frozenset(rows & mask for box in boxes for rows in row_sets(table, box))


def _never(table: Table, invariant: Invariant, boxes: Boxes) -> Breaches:
    facts = sorted({fact for alternative in invariant.unless for fact in alternative})
    every = [(*table.kinds[fact].values, UNKNOWN) for fact in facts]
    known = [dict(zip(facts, values, strict=True)) for values in product(*every)]
    confined = [one for one in known if not any(lifting.items() <= one.items() for lifting in invariant.unless)]
    for rows in _rows(table, boxes):
        for one in confined if rows & table.permits else ():
            for left in reach(table, rows, {fact: (value,) for fact, value in one.items()}):
                if releases(table, left):
                    yield rows, left


def _speaks(table: Table, invariant: Invariant, boxes: Boxes) -> Breaches:
    for rows in _rows(table, boxes, ~table.permits):
        for left in reach(table, rows, _or_unknown(invariant.given)):
            if not left:
                yield rows, left


def _obliges(table: Table, invariant: Invariant, boxes: Boxes) -> Breaches:
    released = invariant.on == "release"
    confined = _or_unknown(invariant.given) | {fact: (value,) for fact, value in invariant.facts.items()}
    for rows in _rows(table, boxes):
        if released and not rows & table.permits:
            continue
        for left in reach(table, rows, confined):
            if releases(table, left) != released:
                if not released:
                    yield rows, left
            elif invariant.obligation not in duties(table, left):
                yield rows, left


def _must(table: Table, invariant: Invariant, boxes: Boxes) -> Breaches:
    widest = {name: kind.values[-1] if kind.ordered else UNKNOWN for name, kind in table.kinds.items()}
    state = widest | dict(invariant.given)
    for rows in _rows(table, boxes):
        left = rows
        for fact, value in state.items():
            left &= table.facts[fact][value]
        if not releases(table, left):
            yield rows, left


def _independent(table: Table, invariant: Invariant, boxes: Boxes) -> Breaches:
    fact = invariant.fact
    first, *others = (*table.kinds[fact].values, UNKNOWN)
    for rows in _rows(table, (part for box in boxes for part in outside(box, invariant.only_in))):
        if rows & table.named[fact] and rows & table.permits:
            for other in others:
                for one, two in compared(table, rows, fact, first, other):
                    if releases(table, one) != releases(table, two):
                        yield rows, one | two


def listed(invariants: Iterable[Invariant], kind: str) -> tuple[Invariant, ...]:
    """Give the lines of a list that is judged as a whole (`may`, `only-obliges`)."""
    return tuple(one for one in invariants if one.kind == kind)


def unlisted(
    table: Table, may: Iterable[Invariant], boxes: Boxes | None = None
) -> Iterator[tuple[dict[str, str], int]]:
    """Give each cell that some state releases and no line of `may` lists, with the rows that release it."""
    lines = tuple(may)
    for cell in permitted_cells(table, boxes):
        if not any(line.selection.holds(cell) for line in lines):
            for left in reach(table, table.meets(cell)):
                if releases(table, left):
                    yield cell, left


def undemanded(table: Table, lines: Iterable[Invariant], boxes: Boxes | None = None) -> Iterator[tuple[str, int]]:
    """Give each obligation that is demanded in a state where no line of `only-obliges` lists it, with the rows."""
    every = tuple(lines)
    for duty in sorted({duty for rule in table.rules for duty in rule.obligations}):
        demanding = sum(1 << i for i, rule in enumerate(table.rules) if duty in rule.obligations)
        for box, allowed in _split(tuple(one for one in every if one.obligation == duty)):
            parts = (box,) if boxes is None else tuple(part for one in boxes if (part := one.within(box.words)))
            for rows in _rows(table, parts):
                for known in _outside_all(table, allowed) if rows & demanding else ():
                    for left in reach(table, rows, known):
                        if left & demanding and duty in duties(table, left):
                            yield duty, left


@cache
def _split(lines: tuple[Invariant, ...]) -> tuple[tuple[Selection, tuple[Invariant, ...]], ...]:
    """Cut all cells into boxes within which the same lines hold."""
    boxes: list[tuple[Selection, tuple[Invariant, ...]]] = [(whole(Selection()), ())]
    for line in lines:
        cut: list[tuple[Selection, tuple[Invariant, ...]]] = []
        for box, holding in boxes:
            inside = line.selection.within(box.words)
            if inside:
                cut.append((inside, (*holding, line)))
            cut += [(part, holding) for part in outside(box, (line.selection,))]
        boxes = cut
    return tuple(boxes)


def _outside_all(table: Table, lines: tuple[Invariant, ...]) -> list[dict[str, tuple[str, ...]]]:
    """Give the states of the facts that these lines name in which none of them holds."""
    facts = sorted({fact for line in lines for fact in (*line.given, *line.facts)})
    every = [dict(zip(facts, v, strict=True)) for v in product(*((*table.kinds[f].values, UNKNOWN) for f in facts))]
    outside_all = [known for known in every if not any(_holds(line, known) for line in lines)]
    return [{fact: (value,) for fact, value in known.items()} for known in outside_all]


def _holds(line: Invariant, known: Mapping[str, str]) -> bool:
    given = all(known[fact] in (value, UNKNOWN) for fact, value in line.given.items())
    return given and all(known[fact] == value for fact, value in line.facts.items())


def outside(box: Selection, excluded: Iterable[Selection]) -> list[Selection]:
    """Give the part of a box that is in none of the excluded boxes, as boxes."""
    boxes = [box]
    for one in excluded:
        boxes = [part for whole in boxes for part in _without(whole, one)]
    return boxes


def _without(box: Selection, excluded: Selection) -> Iterator[Selection]:
    """Cut off, dimension by dimension, what lies outside; the pieces do not overlap."""
    rest = dict(box.words)
    for dimension, words in excluded.words.items():
        left = frozenset(word for word in box.listed(dimension) if word not in words)
        if left:
            yield Selection({**rest, dimension: Words(left)})
        rest[dimension] = Words(frozenset(word for word in box.listed(dimension) if word in words))
        if not rest[dimension].listed:
            return


def _or_unknown(given: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {fact: (value, UNKNOWN) for fact, value in given.items()}


_OF_KIND: dict[str, Callable[[Table, Invariant, Boxes], Breaches]] = {
    "never": _never,
    "speaks": _speaks,
    "independent": _independent,
    "obliges": _obliges,
    "must": _must,
}


def narrowed(table: Table, fact: str, rows: int) -> Breaches:
    """Give the states where widening a fact narrows a release, or not knowing it releases more than knowing it."""
    kind = table.kinds[fact]
    pairs = list(zip(kind.values, kind.values[1:], strict=False)) if kind.ordered else []
    for tight, wide in [*pairs, *((UNKNOWN, value) for value in kind.values)]:
        for one, two in compared(table, rows, fact, tight, wide):
            if releases(table, one) and not releases(table, two):
                yield rows, one


def permitted_cells(table: Table, boxes: Boxes | None = None) -> Iterator[dict[str, str]]:
    """Give each cell that some permit names, once."""
    seen: set[tuple[str, ...]] = set()
    everywhere = (Selection(),) if boxes is None else tuple(boxes)
    for rule in table.rules:
        for cell in cells(rule.scope) if rule.permits else ():
            name = tuple(cell.values())
            if name not in seen and any(box.holds(cell) for box in everywhere):
                seen.add(name)
                yield cell
