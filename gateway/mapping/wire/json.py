"""A JSON Schema (2020-12: type, properties, required, items, format, enum, $defs) in the compiler's terms."""

import json
from functools import partial
from typing import Any

from gateway.mapping.wire.schema import Child, Scalar, Schema, Shape

_SCALARS = {"boolean": Scalar.JSON_BOOLEAN, "integer": Scalar.JSON_INTEGER, "number": Scalar.JSON_NUMBER}
_FORMATS = {"date": Scalar.JSON_DATE, "date-time": Scalar.JSON_DATETIME}


def json_schema(text: str, name: str) -> Schema:
    """Give a JSON Schema as a wire schema; its root is called by its `title`."""
    document = json.loads(text)
    title = document["title"]
    return Schema(
        format="json",
        name=name,
        root=lambda word: _shape(document, document, title) if word == title else None,
        roots=frozenset({title}),
        resource=lambda _: None,
        tag=str,
    )


def _shape(document: dict[str, Any], node: dict[str, Any], name: str) -> Shape:
    node = _resolved(document, node)
    if node.get("type") != "object":
        return Shape(name, text=_FORMATS.get(node.get("format", ""), _SCALARS.get(_type(node), Scalar.JSON_STRING)))
    required = set(node.get("required", ()))
    return Shape(
        name,
        {key: _child(document, key, inner, key in required) for key, inner in node.get("properties", {}).items()},
    )


def _child(document: dict[str, Any], key: str, node: dict[str, Any], required: bool) -> Child:
    node = _resolved(document, node)
    many = node.get("type") == "array"
    inner = node["items"] if many else node
    return Child(key, key, partial(_shape, document, inner, key), many, required, frozenset(node.get("enum", ())))


def _resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def _type(node: dict[str, Any]) -> str:
    kind = node.get("type", "string")
    return next((k for k in kind if k != "null"), "string") if isinstance(kind, list) else str(kind)
