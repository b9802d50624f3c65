"""What a wire format can say of the canonical model, derived from the checked tree that the writers are emitted from.

An `Expressible` mirrors the model's records as one mapping writes them. For every value that keeps to it, writing
succeeds and `parse(render(x)) == x`; the property tests build their values from it and from nothing else. The rules
below restate what `emit_xml_write` and `emit_json_write` refuse and what the readers cannot tell apart.

- A field that a `Form` does not name has no place on the wire: it keeps the model's default.
- No text is blank: blank is how both wire formats say that there is none.
"""

from collections.abc import Callable, Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from enum import StrEnum

from gateway.mapping.check.tree import Const, Leaf, Place, Record, Switch, Tree
from gateway.mapping.compile.derive import DERIVATIONS
from gateway.mapping.compile.write_xml import outside
from gateway.mapping.language import Derived, Mapping
from gateway.mapping.wire.schema import Particle, Scalar

INT32 = (-(1 << 31), (1 << 31) - 1)


class Text(StrEnum):
    """Which texts come back as they were written; none is blank, none holds a control character (XML 1.0, 2.2)."""

    KEPT = "kept"  # any
    COLLAPSED = "collapsed"  # single spaces between words, none around them
    URI = "uri"  # RFC 3986
    OID = "oid"  # digits parted by full stops
    BASE64 = "base64"  # RFC 4648, section 4
    NINE = "nine"  # nine characters, as an organisation number has
    ELEVEN = "eleven"  # eleven characters, as a person's number has
    UUID = "uuid"  # RFC 4122, in lower case
    DECIMAL = "decimal"  # a decimal number
    ID = "id"  # FHIR R4 id: letters, digits, hyphens and full stops, at most 64


@dataclass(frozen=True, slots=True)
class Value:
    """One scalar: its type and its limits.

    `codes` are the only words allowed, when there are any. `least` and `most` bound whole numbers. `zoned` demands a
    time with a zone (whole minutes, within 14 hours); days and times are of the years 1 to 9999.
    """

    kind: type
    codes: frozenset[str] = frozenset()
    text: Text = Text.KEPT
    zoned: bool = False
    least: int = INT32[0]
    most: int = INT32[1]


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


@dataclass(frozen=True, slots=True)
class Implied:
    """The code `key` cannot be absent when `is_told` holds of the text `source`, which would tell a code anyway."""

    key: str
    source: str
    is_told: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Form:
    """What can be written of one record: `fields` by dotted name from the record on, and what they demand together.

    A field is a `Value`, a `Form`, or for a one-of a `Form` by branch; whether it is a list is the model's.
    """

    made: type
    fields: Dict[str, "Value | Form | Dict[str, Form]"]
    demands: tuple[Demand, ...] = ()
    implied: tuple[Implied, ...] = ()


@dataclass(frozen=True, slots=True)
class Expressible:
    """What one mapping can express: the form of its root record, and the fields it says it lacks, with the reasons."""

    root: Form
    lacks: Dict[str, str]


def expressible(mapping: Mapping, tree: Tree) -> Expressible:
    """Derive what a checked mapping that writes can express."""
    xml = mapping.wire.format == "xml"
    return Expressible(_form(tree.root, tree.model, _XmlDemands(tree) if xml else _JsonDemands()), tree.lacks)


# forms


def _form(place: Place, made: type, demands: "_XmlDemands | _JsonDemands") -> Form:
    fields: dict[str, Value | Form | Dict[str, Form]] = {}
    implied: dict[str, Implied] = {}
    branches: dict[str, dict[str, Form]] = {}
    for inner in place.scope():
        use = inner.use
        if not inner.writes or inner.guard:
            continue
        if isinstance(use, Leaf):
            fields[use.target.key] = _value(use, inner)
            implied |= _implied(use)
        elif isinstance(use, Record) and use.branch and use.made:
            branches.setdefault(use.target.key, {})[use.made.__name__] = _form(inner, use.made, demands)
        elif isinstance(use, Record):
            fields[use.target.key] = _form(inner, use.made, demands) if use.made else _item(inner)
        elif isinstance(use, Switch):
            branches[use.target.key] = {name: _branch(place, use, name, demands) for name in use.branches}
    fields |= branches
    return Form(made, fields, tuple(dict.fromkeys(demands.of(place, fields))), tuple(implied.values()))


def _branch(place: Place, switch: Switch, name: str, demands: "_XmlDemands | _JsonDemands") -> Form:
    """Give the form of a kind that a code tells: its fields stand beside those of the record around it."""
    fields: dict[str, Value | Form | Dict[str, Form]] = {}
    for inner in place.scope():
        use = inner.use
        if inner.guard != name or not inner.writes or not isinstance(use, Leaf | Record):
            continue
        key = ".".join(use.target.names[len(switch.target.names) :])
        if isinstance(use, Leaf):
            fields[key] = _value(use, inner)
        else:
            fields[key] = _form(inner, use.made, demands) if use.made else _item(inner)
    return Form(switch.branches[name][1], fields)


def _item(place: Place) -> Value:
    """Give what an item of a list of scalars may be."""
    return next(_value(p.use, p) for p in place.below() if isinstance(p.use, Leaf))


_TEXTS = {
    Scalar.COLLAPSED: Text.COLLAPSED,
    Scalar.JSON_CODE: Text.COLLAPSED,
    Scalar.URI: Text.URI,
    Scalar.OID: Text.OID,
    Scalar.BASE64: Text.BASE64,
}
_OF_TYPE = {
    "OrganisationNumber": Text.NINE,
    "PersonNumber": Text.ELEVEN,
    "Uuid": Text.UUID,
    "double": Text.DECIMAL,
    "id": Text.ID,
}
_LEAST = {"positiveint": 1, "positiveInteger": 1, "unsignedint": 0, "nonNegativeInteger": 0}


def _value(leaf: Leaf, place: Place) -> Value:
    named = _OF_TYPE.get(place.shape.name if place.shape else "", Text.KEPT)
    text = _TEXTS.get(leaf.scalar, named)
    if leaf.joined and text is Text.KEPT:
        text = Text.COLLAPSED
    return Value(
        kind=leaf.target.field.kinds[0],
        codes=frozenset(leaf.table.to_wire) if leaf.table else frozenset(),
        text=text,
        zoned=bool(leaf.zone) or leaf.scalar is Scalar.JSON_DATETIME,
        least=_LEAST.get(place.shape.name if place.shape else "", INT32[0]),
    )


def _implied(leaf: Leaf) -> dict[str, Implied]:
    """Say when an absent code would be read from what stands in its stead."""
    if not leaf.parts or leaf.table is None or not isinstance(leaf.absent, Derived):
        return {}
    derive, known, rest = DERIVATIONS[leaf.absent.by], leaf.table.to_canonical, "|" * (len(leaf.parts) - 1)
    key = leaf.target.key
    return {key: Implied(key, leaf.absent.source, lambda text: derive(text) + rest in known)}


# demands


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


class _XmlDemands:
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


class _JsonDemands:
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
