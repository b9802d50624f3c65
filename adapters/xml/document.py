"""XML as strangers send it: read with no trust in it, and checked against a schema, without repeating a value.

Reading follows XML 1.0 and Namespaces in XML as libxml2 implements them, less what a message never needs: document
types (and so entities), encodings outside the five that health care uses, and documents that cost more to
hold than any real message does. Checking follows XML Schema 1.0 (libxml2).

libxml2's own messages quote what they found, so none of them leaves this module: each is said anew from its code.
"""

import re
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from lxml import etree

from gateway.core.crowded import crowded
from gateway.core.errors import ConfigurationError, Issue, NotAcceptable
from gateway.mapping.wire.xml import local

MAX_BYTES = 16 * 1024 * 1024
"""The largest document that is read, in bytes; attachments included."""

MAX_ATTRIBUTES = 100
"""Attributes of one element; reading them costs the square of their number in libxml2."""

MAX_MARKS = 400_000
"""The most tags and attributes that are read, counted as `<` and `=`; real messages have less than 5 000."""

MAX_ISSUES = 100
"""How many issues one check reports; a document with more is told about these."""

ENCODINGS = frozenset({"utf-8", "utf-16", "iso-8859-1", "iso-8859-15", "windows-1252", "us-ascii", "ascii"})

_CROWDED = etree.XPath(f"boolean(//*[@*[{MAX_ATTRIBUTES + 1}]])")
_DOCTYPE = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?(?>\s+|<\?(?>.*?\?>)|<!--(?>.*?-->))*+<!DOCTYPE", re.DOTALL)

_ONE_AT_A_TIME = Lock()  # a compiled schema has one error log

_NOT_WELL_FORMED = {
    "ERR_DOCUMENT_EMPTY": ("there is no XML here", "send an XML document, starting with '<'"),
    "ERR_DOCUMENT_END": ("the document goes on after its root element", "send one document only"),
    "ERR_INVALID_CHAR": ("a character that XML does not allow", "remove control characters"),
    "ERR_UNDECLARED_ENTITY": ("an entity that is not defined", "write the character itself"),
    "ERR_UNSUPPORTED_ENCODING": ("the declared encoding is not known", "use UTF-8"),
    "ERR_INVALID_ENCODING": ("bytes that do not fit the declared encoding", "declare the encoding that was used"),
    "ERR_LT_IN_ATTRIBUTE": ("'<' inside an attribute", "write it as &lt;"),
    "ERR_ATTRIBUTE_REDEFINED": ("an attribute stands twice on one element", "remove one of them"),
    "ERR_RESERVED_XML_NAME": ("the XML declaration is not at the very start", "remove what stands before it"),
    "ERR_NAME_REQUIRED": ("'&' or '<' that starts nothing", "write it as &amp; or &lt;"),
    "ERR_TAG_NAME_MISMATCH": ("an end tag that does not match its start tag", "close elements in reverse order"),
    "ERR_TAG_NOT_FINISHED": ("the document ends too early", "send the whole document"),
    "ERR_UNKNOWN_VERSION": ("a version of XML that is not known", "use XML 1.0"),
    "ERR_RESOURCE_LIMIT": ("too deep or too long a text to be a message", "nest less than 256 deep, text under 10 MB"),
    "ERR_NAME_TOO_LONG": ("too long a name to be a message", "use the names of the schema"),
    "WAR_NS_URI": ("a namespace that is not a valid URI", "percent-encode letters outside ASCII"),
    "NS_ERR_UNDEFINED_NAMESPACE": ("a namespace prefix that is not declared", "declare it with xmlns:"),
    "NS_ERR_ATTRIBUTE_REDEFINED": ("an attribute stands twice on one element", "remove one of them"),
}
_FAULT_NAMES = {number: name for name, number in vars(etree.ErrorTypes).items() if isinstance(number, int)}
_ANY_FAULT = ("not well-formed XML", "mend the syntax at this place")

_EXPECTED = re.compile(r"Expected is (?:one of )?\( ([^()]*) \)\.$")
_STEP = re.compile(r"([^\[]+)(?:\[(\d+)\])?")
_TYPE = re.compile(r"(?:atomic|union|list) type '([^']*)'\.$")
_FACETS = (  # each ends libxml2's message, after anything it quotes from the document
    (re.compile(r"the allowed length of '(\d+)'\.$"), "exactly {} characters"),
    (re.compile(r"fixed value constraint '([^']*)'\.$"), "{}"),
    (re.compile(r"is not an element of the set \{([^{}]*)\}\.$"), "one of {}"),
    (re.compile(r"not accepted by the pattern '([^']*)'\.$"), "text of the pattern {}"),
)
_ATTRIBUTE = re.compile(r"Element '[^']*', attribute '(?:\{[^}']*\})?([^']*)'")
_FORMS = {
    "xs:date": "a date, YYYY-MM-DD",
    "xs:dateTime": "a date and time, YYYY-MM-DDThh:mm:ss with an optional zone",
    "xs:boolean": "true or false",
    "xs:int": "a whole number",
    "xs:integer": "a whole number",
    "xs:nonNegativeInteger": "a whole number from 0",
    "xs:decimal": "a decimal number",
    "xs:base64Binary": "base64",
    "xs:anyURI": "a URI",
    "xs:ID": "a name that no other element has",
}


def read(raw: bytes) -> etree._Element:
    """Give the root element of a document, without its comments and processing instructions.

    Raises `NotAcceptable` with one issue, placed by line and column, when it is not a document we read.
    """
    if refusal := _refused_unread(raw):
        raise NotAcceptable([refusal])
    try:
        root = etree.fromstring(raw, _parser())
    except etree.XMLSyntaxError as error:
        root = _with_strange_namespaces(raw)
        if root is None:
            raise NotAcceptable([_not_well_formed(error)]) from None
    document = root.getroottree().docinfo
    if _CROWDED(root):
        what = f"an element has more than {MAX_ATTRIBUTES} attributes, as in no message"
        raise NotAcceptable([Issue("too-costly", "", what, "send a message of a known format")])
    if document.internalDTD is not None:
        raise NotAcceptable([_doctype()])
    if (document.encoding or "utf-8").lower() not in ENCODINGS:
        raise NotAcceptable([Issue("not-supported", "line 1", "an encoding that is not read here", "use UTF-8")])
    return root


def _parser(*, recover: bool = False) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
        recover=recover,
    )


def _with_strange_namespaces(raw: bytes) -> etree._Element | None:
    """Read a document in which nothing is wrong but namespaces that are no URIs, as an ø in those of old forms."""
    parser = _parser(recover=True)
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError:
        return None
    wrong: Any = parser.error_log
    return root if {entry.type_name for entry in wrong} == {"WAR_NS_URI"} else None


def validate(body: bytes, schema: str, schemas: Path) -> tuple[Issue, ...]:
    """Say where a document strays from a schema; empty when it is valid.

    `schemas` is the folder `mappings/schema`, and `schema` a file in it, such as `nav/nav.xsd`.
    """
    try:
        root = read(body)
    except NotAcceptable as error:
        return error.issues
    return validate_element(root, schema, schemas)


def validate_element(root: etree._Element, schema: str, schemas: Path) -> tuple[Issue, ...]:
    """As `validate`, for a document that has been read, or an element of one as a document of its own.

    Raises `ConfigurationError` when the schema itself cannot be used.
    """
    compiled = _compiled(schemas / schema)
    with _ONE_AT_A_TIME:
        if compiled.validate(root):
            return ()
        entries: Any = compiled.error_log
    place = _Places(root, _names((schemas / schema).parent))
    issues: dict[tuple[str, str], Issue] = {}
    for entry in entries:
        issue = _stray(entry, place)
        issues.setdefault((issue.at, issue.code), issue)
        if len(issues) == MAX_ISSUES:
            break
    return tuple(issues.values())


def _refused_unread(raw: bytes) -> Issue | None:
    if len(raw) > MAX_BYTES:
        return Issue("too-long", "", "the document is too large", f"send at most {MAX_BYTES} bytes")
    if raw.count(b"<") + raw.count(b"=") > MAX_MARKS or crowded(raw):
        return Issue("too-costly", "", "too many tags and attributes to be a message", "send one message at a time")
    if _DOCTYPE.match(raw.replace(b"\0", b"") if b"\0" in raw[:4] else raw):
        return _doctype()
    return None


def _doctype() -> Issue:
    return Issue("security", "line 1", "a document type declaration is not allowed", "remove the DOCTYPE")


def _not_well_formed(error: Any) -> Issue:
    line, column = error.position
    what, mend = _NOT_WELL_FORMED.get(_FAULT_NAMES.get(error.code, ""), _ANY_FAULT)
    return Issue("structure", f"line {line}, column {column}", what, mend)


@lru_cache(maxsize=32)
def _compiled(file: Path) -> etree.XMLSchema:
    try:
        return etree.XMLSchema(etree.parse(file))
    except (OSError, etree.XMLSyntaxError, etree.XMLSchemaParseError):
        raise ConfigurationError([f"{file.name}: this XML schema cannot be read"]) from None


@lru_cache(maxsize=8)
def _names(folder: Path) -> frozenset[str]:
    """Every element and attribute name the schemas of a folder know, which therefore are nobody's values."""
    found = (
        node.get("name")
        for file in folder.glob("*.xsd")
        for node in etree.parse(file).iter("{*}element", "{*}attribute")
    )
    return frozenset(name for name in found if name)


class _Places:
    """Says where a node stands, in names that the schema knows."""

    def __init__(self, root: etree._Element, names: frozenset[str]) -> None:
        self.root = root
        self.names = names

    def name(self, name: str) -> str:
        return name if name in self.names else "(unknown)"

    def path(self, libxml2: str | None) -> str:
        """Give `/MsgHead/Document[2]/RefDoc` for libxml2's `/*/d:Document[2]/*`."""
        steps = (libxml2 or "").split("/")[2:]
        node = self.root
        written = ["", self.step(node)] if libxml2 else [""]
        for match in map(_STEP.fullmatch, steps):
            alike = [child for child in node if match and match[1] in {"*", _prefixed(child)}]
            number = int(match[2] or 1) if match else 0
            if not 0 < number <= len(alike):
                break
            node = alike[number - 1]
            written.append(self.step(node))
        return "/".join(written)

    def step(self, node: etree._Element) -> str:
        name = self.name(local(node.tag))
        before = sum(1 for _ in node.itersiblings(node.tag, preceding=True))
        alone = not before and next(node.itersiblings(node.tag), None) is None
        return name if alone or node is self.root else f"{name}[{before + 1}]"


def _prefixed(node: etree._Element) -> str:
    return f"{node.prefix}:{local(node.tag)}" if node.prefix else local(node.tag)


def _stray(entry: Any, place: _Places) -> Issue:
    attribute = _ATTRIBUTE.match(entry.message)
    path = place.path(entry.path) + (f"/@{place.name(attribute[1])}" if attribute else "")
    code, what, mend = _say(entry.type_name.removeprefix("SCHEMAV_"), entry.message, path)
    return Issue(code, f"{path} (line {entry.line})".strip(), what, mend)


def _say(kind: str, message: str, path: str) -> tuple[str, str, str]:
    """Give code, what and mend for one kind of libxml2's SCHEMAV errors (W3C XML Schema 1, appendix C)."""
    if kind == "ELEMENT_CONTENT":
        return _misplaced(message, path)
    if kind in {"CVC_ELT_1", "CVC_WILDCARD"}:
        return "structure", "no schema here knows this element", "check its name and namespace"
    if kind == "CVC_COMPLEX_TYPE_3_2_1":
        return "structure", "this attribute does not belong here", "remove it"
    if kind == "CVC_COMPLEX_TYPE_4":
        return "required", "an attribute is missing", "see the schema"
    if kind in {"CVC_COMPLEX_TYPE_2_1", "CVC_COMPLEX_TYPE_2_3", "CVC_TYPE_3_1_1", "CVC_TYPE_3_1_2", "CVC_ELT_3_2_1"}:
        return "structure", "text, elements or attributes where there may be none", "remove them"
    subject = "attribute" if "/@" in path else "element"
    return "value", f"the {subject} does not have the form the schema asks for", _form(message)


def _misplaced(message: str, path: str) -> tuple[str, str, str]:
    listed = _EXPECTED.search(message)
    expected = dict(map(_namespace_and_name, listed[1].split(", "))) if listed else {}
    mend = f"expected: {', '.join(expected)}" if expected else "remove it"
    if "Missing child element" in message:
        return "required", "an element is missing inside", mend
    found = path.rpartition("/")[2].partition("[")[0]
    if found in expected:
        return "structure", "this element stands in the wrong namespace", f"use the namespace {expected[found]}"
    return "structure", "this element does not belong here", mend


def _namespace_and_name(expected: str) -> tuple[str, str]:
    """Give name and namespace of what libxml2 would have accepted, which come from the schema."""
    namespace, _, name = expected.removeprefix("{").rpartition("}")
    return ("an element of another namespace" if "*" in expected else name), namespace


def _form(message: str) -> str:
    for facet, form in _FACETS:
        if found := facet.search(message):
            return f"write {form.format(found[1])}"
    kind = _TYPE.search(message)
    return f"write {_FORMS[kind[1]]}" if kind and kind[1] in _FORMS else "see the schema"
