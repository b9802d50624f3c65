"""What a wire format demands of the fields of one record together: required ones, groups, records never empty."""

from collections.abc import Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass

from gateway.mapping.check.tree import Const, Leaf, Place, Record, Switch, Tree, outside
from gateway.mapping.wire.schema import Particle


@dataclass(frozen=True, slots=True)
class Term:
    """A field is there; with `branch`, it is there and of that kind."""

    key: str
    branch: str = ""


Condition = frozenset[Term] | None
"""Any of the terms holds; `None` is always."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Whenever `when` holds, at least one of `any_of` has to: required fields, groups, and records never empty."""

    when: Condition
    any_of: frozenset[Term]


def _never_empty(place: Place, fields: Dict[str, object]) -> Iterator[Demand]:
    """Say of a record that it holds something: an empty item of a list, or where one always stands, is read as none."""
    use = place.use
    if isinstance(use, Record) and use.made and (use.each or use.empty):
        yield Demand(None, frozenset(map(Term, fields)))


def _terms(*places: Place) -> Condition:
    """Give the condition that something below any of these places is there to write."""
    found: set[Term] = set()
    for place in places:
        use = place.use
        if not place.writes:
            continue
        if isinstance(use, Const) and use.always:
            return None
        if isinstance(use, Leaf | Switch):
            found.add(Term(use.target.key))
        elif isinstance(use, Record):
            found.add(Term(use.target.key, use.made.__name__ if use.branch and use.made else ""))
            continue
        below = _terms(*place.children)
        if below is None:
            return None
        found |= below
    return frozenset(found)


class XmlDemands:
    """What an XML schema demands: attributes, elements, choices, and whole groups of which a part is there."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def of(self, place: Place, fields: Dict[str, object]) -> Iterator[Demand]:
        """Give the demands of a record; a root with a bare form is a root only when something stands outside it."""
        yield from _never_empty(place, fields)
        inner = next(iter(self.tree.bare.values()), None)
        if place is not self.tree.root or inner is None:
            yield from self._contents(place, None)
        else:
            yield from self._contents(place, _terms(*outside(place, inner)))
            yield from self._contents(inner, None)

    def _contents(self, place: Place, when: Condition) -> Iterator[Demand]:
        for child in place.children:
            if child.kind == "text" or (child.kind == "attribute" and child.child and child.child.required):
                yield from self._leaf(child, when)
        shape = place.shape
        if shape and shape.particle:
            nothing_else = shape.particle.kind == "sequence" and not shape.particle.required
            inside = _terms(*_within(place, shape.particle)) if nothing_else else when
            yield from self._particle(place, shape.particle, inside)
        for child in place.children if shape and shape.any_child else ():
            if child.kind == "element" and shape and child.name not in shape.children:
                yield from self._child(child, when, required=shape.any_required)

    def _leaf(self, place: Place, when: Condition) -> Iterator[Demand]:
        use = place.use
        if (
            isinstance(use, Leaf) and place.writes and use.absent != ""
        ):  # any other text would be read back as the value
            yield Demand(when, frozenset({Term(use.target.key)}))

    def _particle(self, place: Place, particle: Particle, when: Condition) -> Iterator[Demand]:
        if particle.kind == "element":
            found = _within(place, particle)
            several = len(found) > 1 and all(child.filter for child in found)
            for child in found:
                yield from self._child(child, when, required=particle.required and not several)
            if several and particle.required:
                yield from _one_of(when, found)
        elif particle.kind == "choice":
            yield from self._choice(place, particle, when)
        else:
            for part in particle.parts:
                group = part.kind == "sequence" and not part.required
                yield from self._particle(place, part, _terms(*_within(place, part)) if group else when)

    def _choice(self, place: Place, choice: Particle, when: Condition) -> Iterator[Demand]:
        mapped = [part for part in choice.parts if _within(place, part)]
        for part in mapped:
            only = len(mapped) == 1 and choice.required
            yield from self._particle(place, part, when if only else _terms(*_within(place, part)))
        if choice.required and len(mapped) > 1:
            yield from _one_of(when, _within(place, choice))

    def _child(self, place: Place, when: Condition, *, required: bool) -> Iterator[Demand]:
        use = place.use
        if isinstance(use, Leaf) and not place.children:
            if required:
                yield from self._leaf(place, when)
        elif isinstance(use, Record):
            if required and not use.empty and not use.branch and (use.each or use.target.field.optional):
                yield Demand(when, frozenset({Term(use.target.key)}))
        elif use is None:
            there = _terms(place)
            if required or there is None or there:
                yield from self._contents(place, when if required else there)


class JsonDemands:
    """What a JSON schema demands: a required property of every object that anything else stands in."""

    def of(self, place: Place, fields: Dict[str, object]) -> Iterator[Demand]:
        """Give the demands of a record; without a mark of its own it holds something, since no object is empty."""
        marked = any(isinstance(child.use, Const) for child in place.children)
        yield from _never_empty(place, fields)
        if isinstance(place.use, Record) and place.use.made and not marked:
            yield Demand(None, frozenset(map(Term, fields)))
        yield from self._contents(place, None if isinstance(place.use, Record) and marked else _terms(*place.children))

    def _contents(self, place: Place, there: Condition) -> Iterator[Demand]:
        for child in place.children:
            use = child.use
            if isinstance(use, Leaf) and child.writes and child.child and child.child.required:
                yield Demand(there, frozenset({Term(use.target.key)}))
            elif use is None:
                yield from self._contents(child, _terms(*child.children))


def _one_of(when: Condition, places: list[Place]) -> Iterator[Demand]:
    terms = _terms(*places)
    if terms is not None:
        yield Demand(when, terms)


def _within(place: Place, particle: Particle) -> list[Place]:
    if particle.kind == "element":
        return [c for c in place.children if c.name == particle.child and c.kind == "element" and c.writes]
    return [found for part in particle.parts for found in _within(place, part)]
