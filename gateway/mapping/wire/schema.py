"""Wire schemas as the checker and the compiler see them, whatever they were written in.

A `Shape` is what may stand at a place: named children, attributes, a scalar text, and (XML) the order and grouping
of the children as a tree of `Particle`s.
"""

from collections.abc import Callable
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from enum import StrEnum


class Scalar(StrEnum):
    """The wire's scalar types, as far as codecs tell them apart."""

    STRING = "string"  # as it stands
    COLLAPSED = "token"  # white space collapsed, also on attributes
    URI = "uri"  # xs:anyURI, white space collapsed
    OID = "oid"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    DATETIME = "dateTime"
    JSON_STRING = "json-string"
    JSON_CODE = "json-code"
    JSON_BOOLEAN = "json-boolean"
    JSON_INTEGER = "json-integer"
    JSON_NUMBER = "json-number"
    JSON_DATE = "json-date"
    JSON_DATETIME = "json-dateTime"
    BASE64 = "base64"


@dataclass(frozen=True, slots=True)
class Child:
    """A named child: an element, an attribute or a property, and how often it may stand there.

    `enum` holds the codes of a required binding. A `modifier` changes what the others of its parent say.
    """

    name: str
    tag: str
    shape: Callable[[], "Shape"]
    many: bool = False
    required: bool = False
    enum: frozenset[str] = frozenset()
    modifier: bool = False


@dataclass(frozen=True, slots=True)
class Particle:
    """A group of children in an XML schema: `sequence`, `choice` or `all`, or one `element`."""

    kind: str
    required: bool
    many: bool
    child: str = ""
    parts: tuple["Particle", ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """What may stand at a place.

    `any_child` gives what a wildcard lets in, `any_required` says that something has to. `open_resource` marks a FHIR
    resource whose type a filter has to tell.
    """

    name: str
    children: Dict[str, Child] = field(default_factory=dict)
    attributes: Dict[str, Child] = field(default_factory=dict)
    text: Scalar | None = None
    particle: Particle | None = None
    any_child: Callable[[str], Child | None] | None = None
    any_required: bool = False
    open_resource: bool = False

    def child(self, name: str) -> Child | None:
        """Give a child by its local name."""
        found = self.children.get(name)
        return found or (self.any_child(name) if self.any_child else None)


@dataclass(frozen=True, slots=True)
class Schema:
    """A wire schema: its root elements or resources by name."""

    format: str
    name: str
    root: Callable[[str], Shape | None]
    roots: frozenset[str]
    resource: Callable[[str], Shape | None]
    tag: Callable[[str], str]
