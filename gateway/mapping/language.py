"""A mapping file as data: what each construct of the language says, with the position it stands at.

`docs/mapping-language.md` explains each construct with an example; `mappings/mapping.schema.json` is the same
for editors.
"""

from collections.abc import Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace
from dataclasses import field as made_by

from gateway.core.errors import Fault

LANGUAGE_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Spot:
    """A position in a file, both numbers counted from 1."""

    file: str
    line: int
    column: int

    def fault(self, what: str, mend: str = "") -> Fault:
        """Say that something is wrong here."""
        return Fault(self.file, self.line, self.column, what, mend)

    def __str__(self) -> str:
        """`file:line`, as reports name a rule."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Filter:
    """`[path=value]` after a step: matched on reading, constructed on writing.

    `values` are every spelling that is read; the first is written. `also` is a further mark of the same step.
    """

    path: tuple["Step", ...]
    values: tuple[str, ...]
    also: "Filter | None" = None

    def marks(self) -> Iterator["Filter"]:
        """Give this mark and each further one."""
        yield self
        if self.also:
            yield from self.also.marks()

    @property
    def narrows(self) -> bool:
        """Whether it has several marks, and so takes its step from others that have one of them."""
        return self.also is not None

    def __str__(self) -> str:
        """Write the marks by their first values: `[FNR]`."""
        return "".join(f"[{mark.values[0]}]" for mark in self.marks())


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a wire path: an element or property, an attribute (`@V`), or the own text (`.`)."""

    name: str
    attribute: bool = False
    filter: Filter | None = None

    @property
    def is_text(self) -> bool:
        """Whether it is the text of the place itself."""
        return self.name == "." and not self.attribute

    def __str__(self) -> str:
        """Write it as it stands in a path."""
        return ("@" if self.attribute else "") + self.name


Path = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Derived:
    """A value that another field implies: written, never read. `by` names a function of `mapping.compile.derive`."""

    source: str
    by: str


@dataclass(frozen=True, slots=True)
class Branch:
    """One alternative of a `one_of`: the canonical class it makes, told by presence (`at`) or by code (`when`).

    `code_spot` is the position of the code.
    """

    name: str
    spot: Spot
    code_spot: Spot
    at: Path | None
    when: str
    display: str
    fields: tuple["FieldRule", ...]
    drops: tuple["DropRule", ...] = ()
    consts: tuple["ConstRule", ...] = ()


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A canonical field and where it stands on the wire; `spots` has the position of each option's value."""

    field: str
    spot: Spot
    spots: Dict[str, Spot] = made_by(default_factory=dict)
    at: Path | None = None
    each: bool = False
    value: Path | None = None
    shape: str = ""
    codes: str = ""
    columns: Dict[Path, str] = made_by(default_factory=dict)
    parts: tuple[str, ...] = ()
    fields: tuple["FieldRule", ...] = ()
    drops: tuple["DropRule", ...] = ()
    consts: tuple["ConstRule", ...] = ()
    one_of: tuple[Branch, ...] = ()
    by: Path | None = None
    zone: str = ""
    absent: str | Derived | None = None
    contains: str = ""
    joined: str = ""
    prefix: str = ""
    of: str = ""
    unknown: str = "refuse"
    as_: str = ""
    also_read: tuple[Path, ...] = ()
    direction: str = "both"
    reason: str = ""

    def spot_of(self, option: str) -> Spot:
        """Give the position of an option's value, or of the field when the option is not given."""
        return self.spots.get(option, self.spot)


@dataclass(frozen=True, slots=True)
class ConstRule:
    """A value that always stands there; `values` are every spelling that is read, the first is written.

    `always` writes it even where nothing else is written beside it. With `only` it is never written, and a message
    that says anything else there is refused.
    """

    at: Path
    spot: Spot
    values: tuple[str, ...]
    always: bool = False
    only: bool = False


@dataclass(frozen=True, slots=True)
class DropRule:
    """A known place that is deliberately not carried, and why; `write` is what the schema demands in its stead."""

    at: Path
    spot: Spot
    reason: str
    write: str | Derived | None = None


@dataclass(frozen=True, slots=True)
class LinkRule:
    """A reference to the entry that a word names: written as its full URL, and on reading it must point there."""

    at: Path
    spot: Spot
    word: str


@dataclass(frozen=True, slots=True)
class EntryRule:
    """Which entry a word means when a message has several: what the first of `ways` that tells leads to.

    A way is a chain of references: the first from anywhere in the message, each further one from the entry that the
    one before points at.
    """

    word: str
    spot: Spot
    ways: tuple[tuple[Path, ...], ...]


@dataclass(frozen=True, slots=True)
class ChooseRule:
    """Which items of a list are meant, by what each says of itself.

    Holds for the place `at`, or, when that is one step, for every place of its name.

    `by` is the property that tells: `first` has its values in order of preference, `never` those of an item that does
    not hold. `until` is the period that it holds for. `known` is the property that says of which system it is.
    """

    at: Path
    spot: Spot
    spots: Dict[str, Spot] = made_by(compare=False)
    by: Path = ()
    first: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    until: Path = ()
    known: Path = ()

    def spot_of(self, option: str) -> Spot:
        """Give the position of an option's value, or of the rule when the option is not given."""
        return self.spots.get(option, self.spot)


@dataclass(frozen=True, slots=True)
class ShapeRule:
    """A record's correspondence, used in several places."""

    name: str
    spot: Spot
    model: str
    fields: tuple[FieldRule, ...]
    drops: tuple[DropRule, ...]
    consts: tuple[ConstRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Wire:
    """The wire format: `xml` or `json`, its schema, root, and (XML) the prefix each namespace is written with.

    `told_by` says what stands in a FHIR Bundle that this mapping reads: a resource type, or `Type.property=value`; in
    XML, the name of an element, or `name=text`. `questions` is the table of a form whose answers have numbers.
    `service` names the kind of service whose call a document is the body of: its envelope is left behind, and its rules
    for times are kept. `spots` has the position of each value, and of each prefix (`prefixes.mh`).
    """

    format: str
    schema: str
    root: str
    spot: Spot
    prefixes: Dict[str, str] = made_by(default_factory=dict)
    questionnaire: str = ""
    questions: str = ""
    service: str = ""
    told_by: tuple[str, ...] = ()
    spots: Dict[str, Spot] = made_by(default_factory=dict)

    def spot_of(self, key: str) -> Spot:
        """Give the position of a value, or of the wire format when it is not given."""
        return self.spots.get(key, self.spot)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is not carried, and where the file says so."""

    text: str
    spot: Spot


@dataclass(frozen=True, slots=True)
class Mapping:
    """A whole mapping file; `spots` has the position of each header value, and of each word (`words.form`)."""

    name: str
    spot: Spot
    spots: Dict[str, Spot]
    language: str
    version: str
    title: str
    model: str
    direction: str
    wire: Wire
    fields: tuple[FieldRule, ...]
    shapes: Dict[str, ShapeRule]
    consts: tuple[ConstRule, ...] = ()
    drops: tuple[DropRule, ...] = ()
    drop_each: Dict[str, tuple[DropRule, ...]] = made_by(default_factory=dict)
    links: tuple[LinkRule, ...] = ()
    lacks: Dict[str, Reason] = made_by(default_factory=dict)
    words: Dict[str, Path] = made_by(default_factory=dict)
    unwrap: tuple[str, ...] = ()
    bare: Dict[str, Path] = made_by(default_factory=dict)
    allow: tuple[str, ...] = ()
    extends: str = ""
    without: tuple[Path, ...] = ()
    names: Dict[str, tuple[str, ...]] = made_by(default_factory=dict)
    entries: Dict[str, EntryRule] = made_by(default_factory=dict)
    choose: tuple[ChooseRule, ...] = ()
    as_of: tuple[Path, ...] = ()

    def on(self, base: "Mapping") -> "Mapping":
        """Give this mapping with everything of `base` that it does not say anew, less what stands under `without`."""
        own_fields = {rule.field for rule in self.fields}
        own_places = {*(drop.at for drop in self.drops), *(const.at for const in self.consts), *self.without}
        return replace(
            self,
            fields=(*(r for r in base.fields if r.field not in own_fields and r.at not in self.without), *self.fields),
            shapes={**base.shapes, **self.shapes},
            consts=(*(r for r in base.consts if r.at not in own_places), *self.consts),
            drops=(*(r for r in base.drops if r.at not in own_places), *self.drops),
            drop_each={**base.drop_each, **self.drop_each},
            links=base.links + self.links,
            lacks={**{f: r for f, r in base.lacks.items() if f not in own_fields}, **self.lacks},
            names={**base.names, **self.names},
            words={**base.words, **self.words},
            unwrap=self.unwrap or base.unwrap,
            bare={**base.bare, **self.bare},
            entries={**base.entries, **self.entries},
            choose=(*(r for r in base.choose if r.at not in {own.at for own in self.choose}), *self.choose),
            as_of=self.as_of or base.as_of,
        )

    def spot_of(self, key: str) -> Spot:
        """Give the position of a header value, or of the file when it is not given."""
        return self.spots.get(key, self.spot)

    @property
    def is_part(self) -> bool:
        """Whether it is only for other files to build on, and no format of its own."""
        return self.direction == "part"

    @property
    def reads(self) -> bool:
        """Whether the wire format is parsed."""
        return self.direction in ("both", "read")

    @property
    def writes(self) -> bool:
        """Whether the wire format is rendered."""
        return self.direction in ("both", "write")
