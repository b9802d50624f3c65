"""An XML schema, as the `xmlschema` package understands it, in the compiler's terms."""

from functools import partial
from typing import Any

import xmlschema
from xmlschema.validators import XsdAnyElement, XsdElement, XsdGroup, XsdType

from gateway.mapping.wire.schema import Child, Particle, Scalar, Schema, Shape

XSD = "{http://www.w3.org/2001/XMLSchema}"
_SCALARS = {
    "boolean": Scalar.BOOLEAN,
    "date": Scalar.DATE,
    "dateTime": Scalar.DATETIME,
    "anyURI": Scalar.URI,
    "base64Binary": Scalar.BASE64,
    "decimal": Scalar.DECIMAL,
}
_INTEGERS = frozenset({"int", "integer", "long", "short", "positiveInteger", "nonNegativeInteger"})


def local(tag: str) -> str:
    """Give the local name of a Clark name."""
    return tag.rpartition("}")[2]


def xml_schema(source: xmlschema.XMLSchema, name: str) -> Schema:
    """Give a compiled XSD as a wire schema; every global element of every imported namespace may be a root."""
    elements: dict[str, XsdElement] = {}
    for tag, element in source.maps.elements.items():
        if isinstance(element, XsdElement):
            elements.setdefault(local(tag), element)
    shapes = _Shapes(elements)
    return Schema(
        format="xml",
        name=name,
        root=lambda word: shapes.of(elements[word].type) if word in elements else None,
        roots=frozenset(elements),
        resource=lambda _: None,
        tag=lambda word: str(elements[word].name),
    )


class _Shapes:
    """Makes shapes on demand, one per type."""

    def __init__(self, elements: dict[str, XsdElement]) -> None:
        self.elements = elements
        self.made: dict[int, Shape] = {}

    def of(self, kind: XsdType) -> Shape:
        if id(kind) not in self.made:
            self.made[id(kind)] = self._make(kind)
        return self.made[id(kind)]

    def _make(self, kind: Any) -> Shape:
        name = local(kind.name or "") or "anonymous"
        if kind.is_simple():
            return Shape(name, text=_scalar(kind))
        attributes = {
            local(tag): Child(local(tag), tag, partial(self.of, attribute.type), required=attribute.use == "required")
            for tag, attribute in kind.attributes.items()
            if tag is not None and hasattr(attribute, "use")
        }
        if kind.has_simple_content():
            return Shape(name, attributes=attributes, text=_scalar(kind.content))
        children: dict[str, Child] = {}
        particle = self._particle(kind.content, children)
        wild = [p for p in kind.content.iter_model() if isinstance(p, XsdAnyElement)]
        return Shape(
            name,
            children,
            attributes,
            particle=particle,
            any_child=self._any if wild else None,
            any_required=any(p.min_occurs for p in wild),
        )

    def _any(self, name: str) -> Child | None:
        element = self.elements.get(name)
        return Child(name, str(element.name), partial(self.of, element.type)) if element is not None else None

    def _particle(self, group: XsdGroup, children: dict[str, Child]) -> Particle:
        parts = []
        for item in group:
            if isinstance(item, XsdGroup):
                parts.append(self._particle(item, children))
            elif isinstance(item, XsdElement):
                name = local(str(item.name))
                required, many = (item.min_occurs or 0) > 0, item.max_occurs is None or item.max_occurs > 1
                children[name] = Child(name, str(item.name), partial(self.of, item.type), many, required)
                parts.append(Particle("element", required, many, name))
        many = group.max_occurs is None or group.max_occurs > 1
        return Particle(str(group.model), (group.min_occurs or 0) > 0, many, parts=tuple(parts))


def _scalar(kind: XsdType) -> Scalar:
    seen: XsdType | None = kind
    while seen is not None:
        name = local(seen.name or "")
        if name in _INTEGERS:
            return Scalar.INTEGER
        if name in _SCALARS and str(seen.name).startswith(XSD):
            return _SCALARS[name]
        if name == "oid":
            return Scalar.OID
        if name in ("token", "NMTOKEN"):
            return Scalar.COLLAPSED
        seen = seen.base_type
    return Scalar.STRING
