"""Whether the references of a message resolve, point at what they may, and concern one patient.

FHIR R4, bundle.html#references and references.html.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from adapters.fhir.codec.definitions import is_resource
from adapters.fhir.codec.findings import Finding
from adapters.fhir.codec.structure import Link, Node, record, rows
from gateway.core.errors import Issue

_RESTFUL = re.compile(r"(?:(?P<base>[a-z][a-z0-9+.-]*:\S*)/)?(?P<type>[A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}\Z")
_HISTORY = re.compile(r"/_history/[A-Za-z0-9\-.]{1,64}\Z")
_NEEDED = frozenset(
    {("QuestionnaireResponse", "subject"), ("QuestionnaireResponse", "author"), ("MessageHeader", "focus")}
)
"""The references a sick note cannot do without: who it concerns, who certifies it, and what the message carries."""


@dataclass(slots=True)
class Index:
    """The resources of a Bundle, by fullUrl and by `Type/id`, with the base that each one's fullUrl tells."""

    by_url: dict[str, Node]
    by_name: dict[str, Node]
    base: dict[int, str]

    @classmethod
    def of(cls, bundle: dict[str, Any], nodes: Iterable[Node]) -> "Index":
        """Index the entries of a Bundle whose resources the walk has met."""
        known = {id(node.body): node for node in nodes}
        index = cls({}, {}, {})
        for entry in rows(bundle.get("entry")):
            node = known.get(id(entry.get("resource")))
            if node is None:
                continue
            url = entry.get("fullUrl")
            if isinstance(url, str):
                index.by_url[url] = node
                found = _RESTFUL.match(url)
                index.base[id(node)] = (found["base"] or "") if found else ""
            if "id" in node.body:
                index.by_name[f"{node.type}/{node.body['id']}"] = node
        return index

    def find(self, reference: str, holder: Node) -> Node | None:
        """Give the resource that a reference of `holder` points at, if the Bundle has it."""
        url = _HISTORY.sub("", reference)
        if url in self.by_url:
            return self.by_url[url]
        base = self.base.get(id(holder), "")
        return self.by_url.get(f"{base}/{url}") if base and f"{base}/{url}" in self.by_url else self.by_name.get(url)


def reference_issues(nodes: list[Node], index: Index, *, bundled: bool) -> Iterator[Issue]:
    """Give what is wrong with the references among `nodes`, and with whom they concern.

    Outside a Bundle (`bundled` false) a reference to another resource of the sender's server is as it should be.
    """
    yield from Check(nodes, index, bundled).issues()


class Check:
    """One look at the references of one message."""

    def __init__(self, nodes: list[Node], index: Index, bundled: bool) -> None:
        self._nodes = nodes
        self._index = index
        self._bundled = bundled
        self._patients = [node for node in nodes if node.type == "Patient"]
        self._named_patients: set[str] = set()
        self._contained: dict[int, dict[str, Node]] = {}
        self._twice: list[Node] = []
        for node in nodes:
            name = node.body.get("id")
            if node.holder is None or not isinstance(name, str):
                continue
            if self._contained.setdefault(id(node.holder), {}).setdefault(name, node) is not node:
                self._twice.append(node)

    def issues(self) -> Iterator[Issue]:
        """Go through all of them."""
        for extra in self._patients[1:]:
            yield Finding.PATIENT_TWICE.at(str(extra.place))
        for node in self._twice:
            yield Finding.CONTAINED_TWICE.at(str(node.place))
        for node in self._nodes:
            for link in node.references:
                text = link.body.get("reference")
                if isinstance(text, str):
                    yield from self._reference(link, node, text)
                yield from self._by_identifier(link)

    def _reference(self, link: Link, node: Node, text: str) -> Iterator[Issue]:
        container = node.holder or node
        if text.startswith("#"):
            target = self._contained.get(id(container), {}).get(text[1:]) if text != "#" else node.holder
            if target is None:
                yield Finding.REFERENCE_CONTAINED.at(str(link.place))
                return
        else:
            target = self._index.find(text, container)
        kind = target.type if target is not None else _named_type(text)
        allowed = link.element.targets
        if kind and allowed and kind not in allowed:
            found = kind if is_resource(kind) else "resource that FHIR R4 does not have"
            yield Finding.REFERENCE_TYPE.at(str(link.place), found=found, types=", ".join(sorted(allowed)))
        elif kind == "Patient" and not _about_links(node, link) and self._another(text, target):
            yield Finding.PATIENT_OTHER.at(str(link.place))
        elif target is None:
            yield from self._unresolved(text, node, link)

    def _another(self, text: str, target: Node | None) -> bool:
        """Say whether a reference to a Patient names another than the only one of the message."""
        if self._patients:
            return target is not self._patients[0]
        self._named_patients.add(_HISTORY.sub("", text))
        return len(self._named_patients) > 1

    def _unresolved(self, text: str, node: Node, link: Link) -> Iterator[Issue]:
        if text.startswith("urn:"):
            yield Finding.REFERENCE_DANGLING.at(str(link.place))
        elif self._bundled and (node.type, link.element.name) in _NEEDED:
            yield Finding.REFERENCE_NEEDED.at(str(link.place))
        elif self._bundled:
            yield Finding.REFERENCE_OUTSIDE.at(str(link.place))

    def _by_identifier(self, link: Link) -> Iterator[Issue]:
        """Compare the number that a reference names its patient by with the patient's own."""
        named = record(link.body.get("identifier"))
        system, value = named.get("system"), named.get("value")
        if not self._patients or not system or not value or not _may_be_patient(link):
            return
        own = rows(self._patients[0].body.get("identifier"))
        numbers = [number.get("value") for number in own if number.get("system") == system]
        if numbers and value not in numbers:
            yield Finding.PATIENT_OTHER.at(str(link.place))


def _about_links(node: Node, link: Link) -> bool:
    return node.type == "Patient" and link.element.name == "other"


def _may_be_patient(link: Link) -> bool:
    kind = link.body.get("type")
    return kind == "Patient" if kind else link.element.targets == {"Patient"} or link.element.name == "subject"


def _named_type(text: str) -> str:
    found = _RESTFUL.match(_HISTORY.sub("", text))
    return found["type"] if found else ""
