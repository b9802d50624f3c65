"""Walking wire paths along a schema: each step makes a place or finds the one that an earlier rule made."""

from dataclasses import dataclass
from typing import NoReturn

from gateway.core.errors import Fault
from gateway.core.vocabulary import DataClass
from gateway.mapping.check.tree import Column, Const, Drop, Leaf, Place, Record, Switch, Use
from gateway.mapping.language import Filter, Path, Spot, Step
from gateway.mapping.nearest import nearest
from gateway.mapping.wire.schema import Child, Schema, Shape
from gateway.model.walk import Field


class Stop(Exception):
    """This rule cannot be followed further; its fault is noted."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where rules stand: the wire place and the record that they bind fields of."""

    place: Place
    record: type
    path: str
    data_class: DataClass | None
    prefix: tuple[str, ...] = ()
    prefix_fields: tuple[Field, ...] = ()
    guard: str = ""
    reads: bool = True
    writes: bool = True


class Walker:
    """Walks the paths of one mapping; `faults` collects what is wrong with them."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.faults: list[Fault] = []
        self.known_words: dict[Spot, Path] = {}

    def place(self, scope: Scope, path: Path, spot: Spot, *, each: bool = False, through: bool = False) -> Place:
        """Walk a path from a scope's place; `through` lets it pass through records (for drops)."""
        place = scope.place
        for i, step in enumerate(path):
            place = (
                self.own_text(place)
                if step.is_text
                else self.step(place, step, self._blamed(scope, path[: i + 1], spot))
            )
            last = i == len(path) - 1
            if last:
                place.reads, place.writes = scope.reads, scope.writes
            if step.is_text:
                continue
            if place.many and not step.filter and not (last and each) and self.schema.format == "xml":
                self.stop(spot, f"{place.trail()} repeats", "use `each:`, or tell which one with a filter")
            if not last and isinstance(place.use, Leaf | Drop if through else Record | Leaf | Drop):
                self.stop(
                    spot,
                    f"the path goes through {place.trail()}, which a rule above has taken",
                    "put the rule inside that record",
                )
            if scope.guard:
                place.guard = scope.guard
        return place

    def step(self, place: Place, step: Step, spot: Spot) -> Place:
        """Take one step, along the schema."""
        for known in place.children:
            if _stands_at(known, step):
                return known
        child = self._child(place, step, spot)
        made = Place(
            step.name,
            "attribute" if step.attribute else "element",
            spot,
            self._shape(place, child, step, spot),
            child,
            place,
            step.filter,
        )
        place.children.append(made)
        if step.filter:
            try:
                self._filter(made, step.filter, spot)
            except Stop:
                place.children.remove(made)
                raise
        return made

    def _filter(self, made: Place, told: Filter, spot: Spot) -> None:
        """Make each place that a filter looks at a constant of the filtered one."""
        for mark in told.marks():
            end = made
            for inner in mark.path:
                end = self.step(end, inner, spot)
            self.enum(end, mark.values, spot)
            end.use = Const(mark.values, spot, of_filter=True)

    def _child(self, place: Place, step: Step, spot: Spot) -> Child:
        shape = place.shape or Shape("?")
        child = shape.attributes.get(step.name) if step.attribute else shape.child(step.name)
        if child is None:
            if not shape.children and not shape.attributes:
                at = place.spot if isinstance(place.use, Record) else spot
                self.stop(at, f"{place.trail()} is a text, and nothing stands below it")
            known = shape.attributes if step.attribute else shape.children
            what = "attribute" if step.attribute else "element" if self.schema.format == "xml" else "property"
            where = place.trail() if self.schema.format == "xml" else f"{shape.name} ({place.trail()})"
            self.stop(spot, f"{where} has no {what} {step.name}", nearest(step.name, known))
        return child

    def _shape(self, place: Place, child: Child, step: Step, spot: Spot) -> Shape:
        shape = child.shape()
        if not shape.open_resource:
            return shape
        told = step.filter or place.filter
        if told is None or told.path[-1].name != "resourceType":
            self.stop(spot, f"{step.name} may be any resource", "tell which with a filter, as in entry[Patient]")
        resource = self.schema.resource(told.values[0])
        if resource is None:
            self.stop(spot, f"{told.values[0]} is no FHIR resource", nearest(told.values[0], self.schema.roots))
        return resource

    def use(self, place: Place, use: Use, spot: Spot) -> None:
        """Say what a place is for; a place is for one thing."""
        if place.use is not None and not (isinstance(place.use, Leaf) and place.use is use):
            self.stop(spot, f"{place.trail()} is taken by the rule at line {place.use.spot.line}")
        if isinstance(use, Record):
            self._nobody_elses(place)
        place.use = use

    def _nobody_elses(self, record: Place) -> None:
        """Say so when an earlier rule of the record around takes something inside this one: no reader would find it."""
        for inner in record.below():
            if isinstance(inner.use, Leaf | Record | Switch | Column):
                self.stop(
                    inner.use.spot,
                    f"{inner.trail()} is inside {record.trail()}, which is a record of its own",
                    "put the rule inside that record",
                )

    def _blamed(self, scope: Scope, path: Path, spot: Spot) -> Spot:
        """Give the position of the word that a path begins with, when it goes wrong inside the word."""
        words = {} if scope.place.parent else self.known_words
        return next((at for at, word in words.items() if word[: len(path)] == path), spot)

    def note(self, fault: Fault) -> None:
        """Note a fault; a position has one, however many rules come by it."""
        if all((f.file, f.line, f.column) != (fault.file, fault.line, fault.column) for f in self.faults):
            self.faults.append(fault)

    def stop(self, spot: Spot, what: str, mend: str = "") -> NoReturn:
        """Note a fault and give the rule up."""
        self.note(spot.fault(what, mend))
        raise Stop

    @staticmethod
    def find(root: Place, path: Path) -> Place | None:
        """Give the place at a path below another, if a rule has made it."""
        place = root
        for step in path:
            for child in place.children:
                if _stands_at(child, step):
                    place = child
                    break
            else:
                return None
        return place

    def own_text(self, place: Place) -> Place:
        """Give the place for the text of an element, as apart from its attributes."""
        if place.kind == "text":
            return place
        known = next((child for child in place.children if child.kind == "text"), None)
        if known is None:
            known = Place(".", "text", place.spot, place.shape, None, place)
            place.children.append(known)
        return known

    def enum(self, place: Place, values: tuple[str, ...], spot: Spot) -> None:
        """Demand that constants belong to the required binding of the place."""
        allowed = place.child.enum if place.child else frozenset()
        if place.name == "resourceType" and place.parent and place.parent.shape:
            allowed = frozenset({place.parent.shape.name})
        for value in values:
            if allowed and value not in allowed:
                self.stop(spot, f"{value} is not allowed at {place.trail()}", nearest(value, allowed))


def _stands_at(place: Place, step: Step) -> bool:
    """Whether a place is the one that a step leads to: the same name, told by the same marks."""
    same = place.name == step.name and (place.kind == "attribute") == step.attribute
    return same and _marks(place.filter) == _marks(step.filter)


def _marks(told: Filter | None) -> tuple[tuple[str, ...], ...]:
    return tuple(mark.values for mark in told.marks()) if told else ()
