"""Bytes to a resource that the mappings can rely on, or every reason why not."""

import hashlib
from dataclasses import dataclass
from typing import Any

from adapters.fhir.codec.bundle import bundle_issues
from adapters.fhir.codec.definitions import is_resource
from adapters.fhir.codec.findings import Finding
from adapters.fhir.codec.json_text import read_json
from adapters.fhir.codec.media import FHIR_JSON, FHIR_XML, media_type
from adapters.fhir.codec.references import Index, reference_issues
from adapters.fhir.codec.structure import MAX_ISSUES, Place, Walk, record, rows
from adapters.fhir.codec.xml_text import read_xml
from gateway.core.crowded import crowded
from gateway.core.errors import Issue, Severity

MAX_PARTS = 50_000
"""Objects or tags of one message; real ones have some hundreds."""
_MESSAGE = ("content", "resource")  # what $process-message and $validate call it
_BEGINNINGS = {b"<": FHIR_XML, b"{": FHIR_JSON, b"[": FHIR_JSON}
_WORDS = {FHIR_JSON: "JSON", FHIR_XML: "XML"}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A FHIR resource as FHIR JSON has it (decimals as `int`, or as `Decimal` with the digits they came with).

    `resource` is absent when any issue is an error. `Parameters` around a message Bundle are taken away; the places of
    issues are those of what the caller sent.
    """

    resource: dict[str, Any] | None
    issues: tuple[Issue, ...] = ()


def decode(raw: bytes, media: str | None = None) -> Decoded:
    """Read and check a FHIR R4 resource. Pure; never raises for what a peer sent.

    `media` is the media type it came under; without one the bytes themselves tell JSON from XML.
    Steps: bytes, structure against the R4 definitions, the Bundle as a whole. Each step runs over the whole message.
    """
    if media is not None:
        wrong = media_type(media).issue or mismatch(raw, media)
        if wrong is not None:
            return Decoded(None, (wrong,))
    tree = _read(raw)
    if isinstance(tree, Issue):
        return Decoded(None, (tree,))
    return _judged(tree, _walked(tree))


def reread(raw: bytes) -> dict[str, Any]:
    """Read once more what `decode` has accepted before, without checking it: the same resource, twenty times as fast.

    Raises `ValueError` for bytes that are no resource at all.
    """
    tree = _read(raw)
    if isinstance(tree, Issue):
        raise ValueError(str(tree))  # noqa: TRY004 (the bytes are wrong, not a type)
    return _content(tree)


def message_key(raw: bytes) -> str:
    """Give the key by which a sender's repetition of a message is known: what the message calls itself.

    `Bundle.identifier` (system and value), else the id of the MessageHeader, else the SHA-256 of the bytes. It is read
    without any check, and is unique for one sender only.
    """
    tree = _read(raw)
    bundle = {} if isinstance(tree, Issue) else _content(tree)
    identifier = record(bundle.get("identifier"))
    if isinstance(identifier.get("value"), str):
        return f"identifier:{identifier.get('system', '')}|{identifier['value']}"
    first = next(iter(rows(bundle.get("entry"))), {})
    header = record(first.get("resource"))
    if header.get("resourceType") == "MessageHeader" and isinstance(header.get("id"), str):
        return f"header:{header['id']}"
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def mismatch(raw: bytes, header: str) -> Issue | None:
    """Say whether a body is in another format than the media type in `header` says."""
    said, found = media_type(header).format, _BEGINNINGS.get(_first(raw), "")
    if not said or not found or said == found:
        return None
    return Finding.MEDIA_MISMATCH.at("", found=_WORDS[found], said=_WORDS[said])


def _read(raw: bytes) -> dict[str, Any] | Issue:
    if raw.count(b"{") > MAX_PARTS or raw.count(b"<") > MAX_PARTS or (_format(raw) == FHIR_XML and crowded(raw)):
        return Finding.TOO_COSTLY.at("")
    return read_xml(raw) if _format(raw) == FHIR_XML else read_json(raw)


def _format(raw: bytes) -> str:
    return _BEGINNINGS.get(_first(raw), FHIR_JSON)


def _first(raw: bytes) -> bytes:
    return raw[:1000].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]


def _walked(tree: dict[str, Any]) -> Walk:
    walk = Walk()
    name = tree.get("resourceType")
    walk.resource(tree, Place(None, name if isinstance(name, str) and is_resource(name) else "Resource"))
    return walk


def _judged(tree: dict[str, Any], walk: Walk) -> Decoded:
    issues = walk.issues
    if not walk.nodes:
        return Decoded(None, tuple(issues))
    resource, node = tree, walk.nodes[0]
    if node.type == "Parameters":
        resource = _content(tree)
        held = [other for other in walk.nodes if other.body is resource]
        if not held:
            return Decoded(None, (*issues, Finding.PARAMETERS.at(str(node.place))))
        node = held[0]
    bundled = node.type == "Bundle"
    if bundled:
        issues += bundle_issues(node.body, node.place)
    issues += reference_issues(walk.nodes, Index.of(node.body, walk.nodes), bundled=bundled)
    return _limited(resource, issues)


def _limited(resource: dict[str, Any], issues: list[Issue]) -> Decoded:
    """List the errors before the warnings, and no more than anybody reads."""
    errors = [issue for issue in issues if issue.severity is Severity.ERROR]
    others = [issue for issue in issues if issue.severity is not Severity.ERROR]
    return Decoded(None if errors else resource, (*errors, *others)[:MAX_ISSUES])


def _content(tree: dict[str, Any]) -> dict[str, Any]:
    """Give the message of an operation's `Parameters`, or the resource itself."""
    if tree.get("resourceType") != "Parameters":
        return tree
    named = [parameter for parameter in rows(tree.get("parameter")) if parameter.get("name") in _MESSAGE]
    return record(named[0].get("resource")) if named else {}
