"""The tree between a mapping file and the generated source: wire places, and what each is used for.

A `Place` is an element, attribute, text or property that some rule names. Records open scopes: the places below one
bind fields of that record, until the next record.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.core.vocabulary import DataClass
from gateway.mapping.language import ChooseRule, Derived, EntryRule, Filter, Path, Spot
from gateway.mapping.load.codes import Table
from gateway.mapping.wire.schema import Child, Scalar, Shape
from gateway.model.walk import Field


@dataclass(frozen=True, slots=True)
class Target:
    """A canonical field as a scope sees it.

    `names` are attribute names from the scope's record on; `fields` the model's fields along them. `index` takes one
    item of a list (write-only files). `path` is the whole path from the root, `data_class` what it is released by.
    """

    names: tuple[str, ...]
    fields: tuple[Field, ...]
    path: str
    data_class: DataClass
    index: int | None = None
    tail: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name that the scope collects it under, and its place in instance paths."""
        return ".".join(self.names)

    @property
    def field(self) -> Field:
        """The last field."""
        return self.fields[-1]


@dataclass(slots=True)
class Leaf:
    """A scalar that is carried. `kind` is its canonical type, `scalar` its wire type.

    `of` is the field of the same record that says of which code system it is, one of the list `forms`.
    """

    target: Target
    kind: type
    scalar: Scalar
    spot: Spot
    table: Table | None = None
    omit_unknown: bool = False
    zone: str = ""
    absent: str | Derived | None = None
    contains: str = ""
    joined: str = ""
    prefix: str = ""
    of: str = ""
    forms: str = ""
    as_: str = ""
    parts: tuple[str, ...] = ()
    of_list: bool = False


@dataclass(slots=True)
class Record:
    """A record stands here: present with it, absent with it. `made` is its class; absent for a list of scalars.

    `empty` writes an empty element where the schema demands one and the list has none.
    """

    target: Target
    made: type | None
    spot: Spot
    each: bool = False
    branch: bool = False
    empty: bool = False

    @property
    def says_nothing_empty(self) -> bool:
        """Whether the record, with nothing in it, is as if it were not there: its holder always has one."""
        field = self.target.field
        return self.empty or not (self.each or field.required or field.optional or field.is_one_of)


@dataclass(slots=True)
class Switch:
    """A code that tells which branch of a one-of stands around it. `branches` gives code and class by branch name."""

    target: Target
    branches: dict[str, tuple[str, type]]
    spot: Spot


@dataclass(slots=True)
class Const:
    """A value that always stands here; on reading each of `values` is a match.

    With `only`, as wherever the schema says that the place changes the meaning of the rest, anything else is refused.
    """

    values: tuple[str, ...]
    spot: Spot
    always: bool = False
    of_filter: bool = False
    only: bool = False


@dataclass(slots=True)
class Drop:
    """Known and not carried. `write` stands there on writing."""

    reason: str
    spot: Spot
    write: str | Derived | None = None


@dataclass(slots=True)
class Column:
    """Written from the code table beside the code of `leaf` (or the display of a switch's branch); read and dropped."""

    column: str
    of: "Leaf | Switch"
    spot: Spot
    displays: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Link:
    """A reference to the entry that `word` names."""

    word: str
    spot: Spot


Use = Leaf | Record | Switch | Const | Drop | Column | Link


@dataclass(slots=True)
class Place:
    """One place on the wire. `kind` is element, attribute or text (a JSON property is an element).

    `repeats` marks a place that stands above the record of an `each` and is what repeats in it.
    """

    name: str
    kind: str
    spot: Spot
    shape: Shape | None
    child: Child | None
    parent: "Place | None"
    filter: Filter | None = None
    use: Use | None = None
    guard: str = ""
    reads: bool = True
    writes: bool = True
    repeats: bool = False
    children: list["Place"] = field(default_factory=list)

    def below(self) -> Iterator["Place"]:
        """Give this place and all below it."""
        yield self
        for child in self.children:
            yield from child.below()

    def scope(self) -> Iterator["Place"]:
        """Give the places below this one that belong to the same record (records' own places included)."""
        for child in self.children:
            yield child
            if not isinstance(child.use, Record):
                yield from child.scope()

    @property
    def many(self) -> bool:
        """Whether the schema lets it repeat."""
        return bool(self.child and self.child.many)

    def trail(self) -> str:
        """Give the path from the root, for messages."""
        above = self.parent.trail() + "/" if self.parent else ""
        return above + ("@" if self.kind == "attribute" else "") + self.name


@dataclass(frozen=True, slots=True)
class Tree:
    """A checked mapping: its root place and the record that it makes."""

    root: Place
    model: type
    words: dict[str, Place]
    lacks: dict[str, str]
    bound: frozenset[str]
    bare: dict[str, Place]
    unwrap: tuple[str, ...]
    entries: tuple[EntryRule, ...] = ()
    choose: tuple[ChooseRule, ...] = ()
    as_of: tuple[Path, ...] = ()


def outside(root: Place, inner: Place) -> list[Place]:
    """Give the places that lie neither in `inner` nor on the way to it."""
    way: set[int] = set()
    here: Place | None = inner
    while here is not None:
        way.add(id(here))
        here = here.parent
    found: list[Place] = []
    todo = [root]
    while todo:
        place = todo.pop()
        for child in place.children:
            if child is inner:
                continue
            (todo if id(child) in way else found).append(child)
    return found
