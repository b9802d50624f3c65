"""One walk over a resource, against the definitions: names, cardinality, types, values, codes and references.

The walk reports every fault at once, each at its FHIRPath, and never looks at the same node twice. It collects what the
checks of the Bundle need: every resource and every reference, with their places.
"""

import contextlib
import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.fhir.codec.definitions import Definition, Element, definition, is_resource, r5_elements
from adapters.fhir.codec.findings import Finding
from adapters.fhir.codec.values import CHECKS
from gateway.core.errors import Issue

MAX_DEPTH = 48
"""Levels of FHIR elements; the deepest of some five hundred published samples has 9."""

MAX_ISSUES = 200
"""How many faults of one message the walk lists; it is refused all the same."""


class Repeated(dict[str, Any]):
    """A JSON object in which `names` stood more than once."""

    names: tuple[str, ...] = ()


@dataclass(slots=True)
class Place:
    """Where the walk is: a step below another place, written out only when something is wrong there.

    Never changed once made; not frozen, because freezing makes the whole walk a third slower.
    """

    above: "Place | None"
    step: str
    index: int = -1

    def __str__(self) -> str:
        """Write the FHIRPath, `Bundle.entry[1].resource.item[0]`."""
        steps: list[str] = []
        place: Place | None = self
        while place is not None:
            steps.append(place.step if place.index < 0 else f"{place.step}[{place.index}]")
            place = place.above
        return ".".join(reversed(steps))


@dataclass(slots=True)
class Node:
    """A resource that was met, where it stands, and what it refers to."""

    body: dict[str, Any]
    place: Place
    type: str
    holder: "Node | None" = None
    references: "list[Link]" = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Link:
    """A Reference that was met: its content, its place and the types it may point at."""

    body: dict[str, Any]
    place: Place
    element: Element


@dataclass(slots=True)
class Walk:
    """The walk and what it found: what is wrong, and every resource in the order met."""

    issues: list[Issue] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)

    def resource(self, body: Any, place: Place, holder: Node | None = None, depth: int = 0) -> None:
        """Check a resource, whatever its type."""
        if not isinstance(body, dict):
            self.say(Finding.OBJECT_EXPECTED, place, element="resource", type="Resource")
            return
        found = self._resource_definition(body, place)
        if found is None:
            return
        node = Node(body, place, found.name, holder)
        self.nodes.append(node)
        if holder is not None and body.get("contained"):
            self.say(Finding.NESTED_CONTAINED, place)
        self._record(body, found, node, place, depth)

    def _record(self, body: dict[str, Any], known: Definition, node: Node, place: Place, depth: int) -> None:
        if depth > MAX_DEPTH:
            self.say(Finding.TOO_DEEP, Place(None, ""), limit=MAX_DEPTH)
            return
        if isinstance(body, Repeated):
            self._repeated(body, known, place)
        elements = known.elements
        for name, held in body.items():
            element = elements.get(name)
            if element is not None:
                self._element(element, held, node, Place(place, element.path), depth)
                if element.primitive and type(held) is list and None in held and f"_{name}" not in body:
                    self.say(Finding.NULL, Place(place, element.path, held.index(None)), element=name)
            elif name[:1] == "_" and (base := elements.get(name[1:])) is not None and base.primitive:
                self._sibling(base, held, body.get(base.name), node, Place(place, base.path), depth)
            elif not (known.resource and name == "resourceType"):
                self._unknown(name, known, place)
        for element in known.required:
            if element.name not in body and f"_{element.name}" not in body:
                self.say(Finding.REQUIRED, Place(place, element.path), element=element.name, type=known.name)
        if known.chooses:
            self._choices(body, known, place)
        rule = _RULES.get(known.name)
        if rule is not None:
            rule(self, body, place)

    def _element(self, element: Element, held: Any, node: Node, place: Place, depth: int) -> None:
        if element.many and type(held) is list and held:
            for index, item in enumerate(held):
                if item is not None or not element.primitive:
                    self._one(element, item, node, Place(place.above, place.step, index), depth)
        elif held is None:
            self.say(Finding.NULL, place, element=element.name)
        elif type(held) is list:
            self.say(Finding.ONE_EXPECTED if held else Finding.EMPTY_ARRAY, place, element=element.name)
        elif element.many:
            self.say(Finding.ARRAY_EXPECTED, place, element=element.name)
        else:
            self._one(element, held, node, place, depth)

    def _one(self, element: Element, value: Any, node: Node, place: Place, depth: int) -> None:
        if element.primitive:
            self._primitive(element, value, place)
        elif element.type == "Resource":
            self.resource(value, place, node if element.name == "contained" else None, depth + 1)
        elif value is None:
            self.say(Finding.NULL, place, element=element.name)
        elif not isinstance(value, dict):
            self.say(Finding.OBJECT_EXPECTED, place, element=element.name, type=element.type)
        elif not value:
            self.say(Finding.EMPTY_OBJECT, place, element=element.name)
        else:
            self._complex(element, value, node, place, depth)

    def _complex(self, element: Element, value: dict[str, Any], node: Node, place: Place, depth: int) -> None:
        if element.name == "modifierExtension":
            self.say(Finding.MODIFIER, place)
        if element.type == "Reference":
            node.references.append(Link(value, place, element))
        self._record(value, definition(element.type), node, place, depth + 1)
        if element.codes and not _coded(value, element.codes):
            self.say(Finding.CODE_UNKNOWN, place, element=element.name, codes=_listed(element.codes))

    def _primitive(self, element: Element, value: Any, place: Place) -> None:
        finding = CHECKS[element.type](value)
        if finding is not None:
            self.say(finding, place, element=element.name, type=element.type)
        elif element.codes and value not in element.codes:
            self.say(Finding.CODE_UNKNOWN, place, element=element.name, codes=_listed(element.codes))

    def _sibling(self, base: Element, held: Any, beside: Any, node: Node, place: Place, depth: int) -> None:
        """Check `_name`, which carries the id and extensions of the primitive `name`."""
        rows = held if base.many else [held]
        if type(rows) is not list or not rows or (base.many and type(beside) is list and len(beside) != len(rows)):
            self.say(Finding.ALIGNMENT, place, element=base.name)
            return
        for index, row in enumerate(rows):
            at = Place(place.above, place.step, index) if base.many else place
            if isinstance(row, dict) and row:
                self._record(row, definition("Element"), node, at, depth + 1)
            elif row is not None or not base.many or _nothing_at(beside, index):
                self.say(Finding.ALIGNMENT, at, element=base.name)

    def _choices(self, body: dict[str, Any], known: Definition, place: Place) -> None:
        made: dict[str, str] = {}
        for name in body:
            element = known.elements.get(name.removeprefix("_"))
            if element is None or not element.choice:
                continue
            if made.setdefault(element.choice, element.name) != element.name:
                self.say(Finding.CHOICE_TWICE, Place(place, element.choice), element=element.choice)
        for choice in known.required_choices:
            if choice not in made:
                self.say(Finding.REQUIRED, Place(place, choice), element=f"{choice}[x]", type=known.name)

    def _resource_definition(self, body: dict[str, Any], place: Place) -> Definition | None:
        name = body.get("resourceType")
        if not isinstance(name, str):
            self.say(Finding.NO_RESOURCE_TYPE, place)
        elif is_resource(name):
            return definition(name)
        elif r5_elements(name):
            self.say(Finding.RESOURCE_TYPE_R5, place, type=name)
        else:
            self.say(Finding.RESOURCE_TYPE, place)
        return None

    def _unknown(self, name: str, known: Definition, place: Place) -> None:
        if len(self.issues) >= MAX_ISSUES:
            return
        near = difflib.get_close_matches(name, known.elements, 1, 0.8)
        if near:
            self.say(Finding.MISSPELT_ELEMENT, place, type=known.name, element=near[0])
        elif name in r5_elements(known.name):
            self.say(Finding.ELEMENT_R5, place, type=known.name, element=name)
        else:
            self.say(Finding.UNKNOWN_ELEMENT, place, type=known.name)

    def _repeated(self, body: Repeated, known: Definition, place: Place) -> None:
        for name in body.names:
            element = known.elements.get(name.removeprefix("_"))
            at = Place(place, element.path) if element else place
            self.say(Finding.DUPLICATE_KEY, at, element=element.name if element else "a name")

    def say(self, finding: Finding, place: Place, **words: object) -> None:
        """Report what was found."""
        if len(self.issues) < MAX_ISSUES:
            self.issues.append(finding.at(str(place), **words))


def record(value: object) -> dict[str, Any]:
    """Give `value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[dict[str, Any]]:
    """Give the items of an array of objects, with an empty object for what is none, so that positions hold."""
    return [record(item) for item in value] if isinstance(value, list) else []


def _nothing_at(beside: Any, index: int) -> bool:
    return type(beside) is not list or index >= len(beside) or beside[index] is None


def _coded(concept: dict[str, Any], codes: frozenset[str]) -> bool:
    given = [coding.get("code") for coding in rows(concept.get("coding"))]
    return any(code in given for code in codes)


def _listed(codes: frozenset[str]) -> str:
    return ", ".join(sorted(codes))


def _extension(walk: Walk, body: dict[str, Any], place: Place) -> None:
    valued = any(name.removeprefix("_").startswith("value") for name in body)
    if valued == ("extension" in body):
        walk.say(Finding.EXTENSION_CONTENT, place)


def _period(walk: Walk, body: dict[str, Any], place: Place) -> None:
    start, end = body.get("start"), body.get("end")
    if isinstance(start, str) and isinstance(end, str) and _before(end, start):
        walk.say(Finding.PERIOD_ORDER, place)


def _before(one: str, other: str) -> bool:
    """Compare two FHIR dates as far as both are given; times with their zones."""
    if "T" in one and "T" in other:
        with contextlib.suppress(ValueError, TypeError):  # whatever is malformed has an issue of its own
            return datetime.fromisoformat(one) < datetime.fromisoformat(other)
    shared = min(len(one), len(other), len("YYYY-MM-DD"))
    return one[:shared] < other[:shared]


def _item(walk: Walk, body: dict[str, Any], place: Place) -> None:
    if "item" in body and "answer" in body:
        walk.say(Finding.ITEM_TWICE, place)


_RULES: Mapping[str, Callable[[Walk, dict[str, Any], Place], None]] = {
    "Extension": _extension,
    "Period": _period,
    "QuestionnaireResponseItem": _item,
}
