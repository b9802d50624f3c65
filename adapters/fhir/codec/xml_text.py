"""FHIR XML bytes to the same dict that FHIR JSON gives, by the definitions (FHIR R4, xml.html).

What does not belong is kept under a name that no type has, so that the walk reports it where it stands. `fhir-core`
reads XML too, but stops at the first fault, trips over comments and loses the last digit of decimals.
"""

import re
from decimal import Decimal
from typing import Any, cast

from lxml import etree

from adapters.fhir.codec.definitions import Definition, Element, NotAType, definition
from adapters.fhir.codec.findings import Finding
from adapters.fhir.codec.structure import MAX_DEPTH
from gateway.core.errors import Issue

_FHIR = "{http://hl7.org/fhir}"
_XHTML_DIV = "{http://www.w3.org/1999/xhtml}div"
_SCHEMA_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"  # schemaLocation says nothing to us
_STRAY = "#stray"
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}\Z")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,6})?\Z")
_WHOLE_TYPES = frozenset({"integer", "integer64", "unsignedInt", "positiveInt"})
_ATTRIBUTES = {"Extension": frozenset({"id", "url"})}
_IDENTIFIED = frozenset({"id"})
_NO_ATTRIBUTES: frozenset[str] = frozenset()


def read_xml(raw: bytes) -> dict[str, Any] | Issue:
    """Read one resource, or say why it is none."""
    if not raw.strip():
        return Finding.EMPTY_BODY.at("")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in raw[:4]:
        return Finding.ENCODING.at("byte 0")
    if b"<!DOCTYPE" in raw:
        return Finding.XML_DOCTYPE.at("")
    try:
        root = etree.fromstring(raw, _parser())
    except etree.XMLSyntaxError as error:
        return _syntax(error)
    info = cast("Any", root.getroottree().docinfo)  # the stubs know an older lxml
    if info.doctype or info.internalDTD is not None:
        return Finding.XML_DOCTYPE.at("")
    if (info.encoding or "UTF-8").upper() not in {"UTF-8", "UTF8", "ASCII", "US-ASCII"}:
        return Finding.ENCODING.at("line 1")
    if not str(root.tag).startswith(_FHIR):
        return Finding.XML_NAMESPACE.at("line 1")
    return _resource(root)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True, huge_tree=False
    )


def _syntax(error: etree.XMLSyntaxError) -> Issue:
    if "depth" in (error.msg or ""):
        return Finding.TOO_DEEP.at("", limit=MAX_DEPTH)
    line, column = error.position
    return Finding.XML_SYNTAX.at(f"line {line}, column {column}")


def _resource(node: etree._Element) -> dict[str, Any]:
    name = etree.QName(node).localname
    body: dict[str, Any] = {"resourceType": name}
    try:
        known = definition(name)
    except NotAType:
        return body
    return body | _record(node, known)


def _record(node: etree._Element, known: Definition, besides: str = "") -> dict[str, Any]:
    body: dict[str, Any] = {}
    allowed = _NO_ATTRIBUTES if known.resource else _ATTRIBUTES.get(known.name, _IDENTIFIED)
    for name, value in node.attrib.items():
        if name != besides and not (known.resource and str(name).startswith(_SCHEMA_INSTANCE)):
            body[str(name) if name in allowed else _STRAY] = value
    if (node.text and node.text.strip()) or any(child.tail and child.tail.strip() for child in node):
        body[_STRAY] = True
    for child in node:
        _child(child, known, body)
    _pad(body)
    return body


def _child(child: etree._Element, known: Definition, body: dict[str, Any]) -> None:
    tag = str(child.tag)
    name = tag.removeprefix(_FHIR) if tag != _XHTML_DIV else "div"
    element = known.elements.get(name)
    if element is None:
        body[name if name.isalnum() else _STRAY] = True
    elif name == "div":
        body[name] = etree.tostring(child, encoding="unicode", with_tail=False)
    elif element.primitive:
        _primitive(child, element, body)
    elif element.type == "Resource":
        _add(body, element, _resource(child[0]) if len(child) == 1 else None)
    else:
        _add(body, element, _record(child, definition(element.type)))


def _primitive(child: etree._Element, element: Element, body: dict[str, Any]) -> None:
    value = _typed(child.get("value"), element.type)
    rest = _record(child, definition("Element"), besides="value")
    sibling = f"_{element.name}"
    if not element.many:
        if element.name in body or sibling in body:
            body[element.name] = [body.get(element.name), value]  # said twice: the walk sees an array
            return
        if value is not None:
            body[element.name] = value
        if rest:
            body[sibling] = rest
        return
    body.setdefault(element.name, []).append(value)
    body.setdefault(sibling, []).append(rest or None)


def _pad(body: dict[str, Any]) -> None:
    """Drop the arrays that say nothing: `_name` without extensions, `name` without values."""
    for name in [name for name in body if name[:1] == "_"]:
        for key in (name, name[1:]):
            if isinstance(body.get(key), list) and not any(item is not None for item in body[key]):
                del body[key]


def _add(body: dict[str, Any], element: Element, value: dict[str, Any] | None) -> None:
    if element.many:
        body.setdefault(element.name, []).append(value)
    elif element.name in body:
        body[element.name] = [body[element.name], value]
    else:
        body[element.name] = value


def _typed(text: str | None, kind: str) -> object:
    if text is None:
        return None
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind in _WHOLE_TYPES and _WHOLE.match(text):
        return int(text)
    if kind == "decimal" and _NUMBER.match(text):
        return Decimal(text)
    return text
