"""The second opinion: the typed model of `fhir.resources` (R4B), asked about what the walk found right.

Each entry of a Bundle is asked about by itself, so that one bad entry hides nothing. Whatever the model raises becomes
an issue; what it says is never passed on, since its texts quote the input.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from adapters.fhir.codec.definitions import definition, model_of
from adapters.fhir.codec.findings import Finding
from adapters.fhir.codec.structure import Node, Place
from gateway.core.errors import Issue

# The model wants UUIDs of version 4, and its Extension has no `_value[x]`; unknown names are the walk's to find.
_STRICTER_THAN_FHIR = frozenset({"uuid_version", "extra_forbidden"})


def second_opinion(nodes: Iterable[Node]) -> Iterator[Issue]:
    """Give what the models refuse of the outermost resources among `nodes`."""
    for node in nodes:
        if node.holder is None:
            yield from _refusals(node)


def _refusals(node: Node) -> Iterator[Issue]:
    body = node.body
    if node.type in {"Bundle", "Parameters"}:
        body = _envelope(body, "entry" if node.type == "Bundle" else "parameter")
    try:
        model_of(node.type).model_validate(body)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_context=False, include_input=False):
            if problem["type"] not in _STRICTER_THAN_FHIR:
                yield Finding.MODEL.at(str(_place(node, problem["loc"])), type=node.type)
    except Exception:  # noqa: BLE001 (its models raise ValueError, TypeError and KeyError for other people's mistakes)
        yield Finding.MODEL.at(str(node.place), type=node.type)


def _envelope(body: dict[str, Any], rows: str) -> dict[str, Any]:
    """Give a Bundle or Parameters without the resources in it, each of which is asked about by itself."""
    bare = [{name: held for name, held in row.items() if name != "resource"} for row in body.get(rows, ())]
    return {**body, rows: bare} if bare else body


def _place(node: Node, steps: Iterable[int | str]) -> Place:
    """Follow the model's own path as far as it uses names of FHIR."""
    place, kind = node.place, node.type
    for step in steps:
        if isinstance(step, int):
            place = Place(place.above, place.step, step) if place.above is not None else place
            continue
        element = definition(kind).elements.get(step)
        if element is None:
            return place
        place = Place(place, element.path)
        if element.primitive or element.type == "Resource":
            return place
        kind = element.type
    return place
