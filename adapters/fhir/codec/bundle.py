"""What must hold of a Bundle as a whole: its invariants (FHIR R4, bundle.html, bdl-1 to bdl-12), entry by entry.

Entries are counted as they stand, also those without a resource, so that no entry is ever taken for its neighbour.
"""

from collections.abc import Iterator
from typing import Any

from adapters.fhir.codec.findings import Finding
from adapters.fhir.codec.structure import Place, record, rows
from gateway.core.errors import Issue

MESSAGE_TYPES = frozenset({"message", "document", "batch", "transaction", "collection"})
_WITH_REQUESTS = frozenset({"batch", "transaction"})
_METHODS = ("POST", "PUT")


def bundle_issues(bundle: dict[str, Any], place: Place) -> Iterator[Issue]:
    """Give what is wrong with a Bundle, passing over what the walk has found wrong already."""
    kind = bundle.get("type")
    if not isinstance(kind, str):
        return
    if kind not in MESSAGE_TYPES:
        yield Finding.BUNDLE_TYPE.at(str(Place(place, "type")))
        return
    if "total" in bundle:
        yield Finding.TOTAL.at(str(Place(place, "total")))
    entries = rows(bundle.get("entry"))
    if not entries:
        yield Finding.BUNDLE_EMPTY.at(str(place))
        return
    yield from _first(kind, bundle, record(entries[0].get("resource")), place)
    urls: set[str] = set()
    ids: set[tuple[str, str]] = set()
    for index, entry in enumerate(entries):
        at = Place(place, "entry", index)
        yield from _entry(kind, entry, at)
        yield from _uniqueness(entry, at, urls, ids)


def _first(kind: str, bundle: dict[str, Any], first: dict[str, Any], place: Place) -> Iterator[Issue]:
    entry = str(Place(Place(place, "entry", 0), "resource"))
    if kind == "message" and first.get("resourceType") != "MessageHeader":
        yield Finding.MESSAGE_FIRST.at(entry)
    if kind == "document":
        if first.get("resourceType") != "Composition":
            yield Finding.DOCUMENT_FIRST.at(entry)
        identifier = record(bundle.get("identifier"))
        if not ("system" in identifier and "value" in identifier):
            yield Finding.DOCUMENT_IDENTIFIER.at(str(Place(place, "identifier")))
        if "timestamp" not in bundle:
            yield Finding.DOCUMENT_TIMESTAMP.at(str(Place(place, "timestamp")))


def _entry(kind: str, entry: dict[str, Any], at: Place) -> Iterator[Issue]:
    if "search" in entry:
        yield Finding.SEARCH.at(str(Place(at, "search")))
    if "response" in entry:
        yield Finding.RESPONSE.at(str(Place(at, "response")))
    if "resource" not in entry:
        yield Finding.NO_RESOURCE.at(str(at))
    if kind not in _WITH_REQUESTS:
        if "request" in entry:
            yield Finding.REQUEST_EXTRA.at(str(Place(at, "request")))
    elif "request" not in entry:
        yield Finding.REQUEST_MISSING.at(str(Place(at, "request")))
    elif record(entry["request"]).get("method") not in _METHODS:
        yield Finding.METHOD.at(str(Place(Place(at, "request"), "method")))


def _uniqueness(entry: dict[str, Any], at: Place, urls: set[str], ids: set[tuple[str, str]]) -> Iterator[Issue]:
    url = entry.get("fullUrl")
    if isinstance(url, str):
        if "/_history/" in url:
            yield Finding.FULL_URL_VERSION.at(str(Place(at, "fullUrl")))
        if url in urls:
            yield Finding.FULL_URL_TWICE.at(str(Place(at, "fullUrl")))
        urls.add(url)
    resource = record(entry.get("resource"))
    if "id" in resource:
        name = (str(resource.get("resourceType")), str(resource["id"]))
        if name in ids:
            yield Finding.ID_TWICE.at(str(Place(Place(at, "resource"), "id")))
        ids.add(name)
