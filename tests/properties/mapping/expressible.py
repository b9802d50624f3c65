"""What a wire format can say of the canonical model, derived from the checked tree that the writers are emitted from.

An `Expressible` mirrors the model's records as one mapping writes them. For every value that keeps to it, writing
succeeds and `parse(render(x)) == x`; the property tests build their values from it and from nothing else. The rules
below restate what the writers of `gateway.mapping.compile` refuse and what the readers cannot tell apart.

- A field that a `Form` does not name has no place on the wire: it keeps the model's default.
- No text is blank: blank is how both wire formats say that there is none.
"""

from collections.abc import Callable, Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from enum import StrEnum

from demands import Demand, JsonDemands, Term, XmlDemands

from gateway.mapping.check.tree import Leaf, Place, Record, Switch, Tree
from gateway.mapping.compile.derive import DERIVATIONS
from gateway.mapping.language import Derived, Mapping
from gateway.mapping.wire.schema import Scalar

CODES = frozenset({"A01", "Z99"})
"""Codes that have the form of every code system there is (`FORMS` of gateway.model.codes)."""

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
    TWELVE = "twelve"  # twelve digits, as a Swedish person's number has
    DIGITS = "digits"  # digits, as a question's number has
    UUID = "uuid"  # RFC 4122, in lower case
    DECIMAL = "decimal"  # a decimal number with no zero too many
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
    return Expressible(_form(tree.root, tree.model, XmlDemands(tree) if xml else JsonDemands()), tree.lacks)


# forms


def _form(place: Place, made: type, demands: XmlDemands | JsonDemands) -> Form:
    fields: dict[str, Value | Form | Dict[str, Form]] = {}
    implied: dict[str, Implied] = {}
    coded: list[Leaf] = []
    branches: dict[str, dict[str, Form]] = {}
    for inner in place.scope():
        use = inner.use
        if not inner.writes or inner.guard:
            continue
        if isinstance(use, Leaf):
            fields[use.target.key] = _value(use, inner)
            implied |= _implied(use)
            coded += [use] if use.of else []
        elif isinstance(use, Record) and use.branch and use.made:
            branches.setdefault(use.target.key, {})[use.made.__name__] = _form(inner, use.made, demands)
        elif isinstance(use, Record):
            fields[use.target.key] = _form(inner, use.made, demands) if use.made else _item(inner)
        elif isinstance(use, Switch):
            branches[use.target.key] = {name: _branch(place, use, name, demands) for name in use.branches}
    fields |= branches
    told = (*demands.of(place, fields), *(demand for leaf in coded for demand in _together(leaf, fields)))
    return Form(made, fields, tuple(dict.fromkeys(told)), tuple(implied.values()))


def _together(leaf: Leaf, fields: Dict[str, object]) -> Iterator[Demand]:
    """Say that a code and its system stand together, and nothing without them."""
    yield Demand(frozenset(Term(key) for key in fields), frozenset({Term(leaf.target.key)}))
    yield Demand(frozenset({Term(leaf.target.key)}), frozenset({Term(leaf.of)}))


def _branch(place: Place, switch: Switch, name: str, demands: XmlDemands | JsonDemands) -> Form:
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
    Scalar.DECIMAL: Text.DECIMAL,
    Scalar.JSON_NUMBER: Text.DECIMAL,
}
_OF_TYPE = {
    "OrganisationNumber": Text.NINE,
    "PersonNumber": Text.ELEVEN,
    "TwelveDigits": Text.TWELVE,
    "QuestionNumber": Text.DIGITS,
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
        codes=frozenset(leaf.table.to_wire) if leaf.table else CODES if leaf.of else frozenset(),
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
