"""What the typed models of `fhir.resources` (R4B) refuse of resources that the codec found right."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from adapters.fhir.codec.definitions import model_of
from adapters.fhir.codec.structure import Node, Walk

# The models want UUIDs of version 4, and their Extension has no `_value[x]`; unknown names are the codec's to find.
STRICTER_THAN_FHIR = frozenset({"uuid_version", "extra_forbidden"})


def refusals(nodes: list[Node]) -> Iterator[str]:
    """Give the type and the model's own kind of fault for each thing that it refuses in the outermost resources."""
    for node in nodes:
        if node.holder is None:
            yield from (f"{node.type}: {kind}" for kind in _asked(node) if kind not in STRICTER_THAN_FHIR)


def right(walk: Walk) -> list[Node]:
    """Give the resources that the walk found nothing wrong with."""
    faulty = {issue.at for issue in walk.issues}
    if "" in faulty:  # the message as a whole is out of bounds
        return []
    return [
        node
        for node in walk.nodes
        if not any(at == str(node.place) or at.startswith(f"{node.place}.") for at in faulty)
    ]


def _asked(node: Node) -> list[str]:
    body = node.body
    if node.type in {"Bundle", "Parameters"}:
        body = _envelope(body, "entry" if node.type == "Bundle" else "parameter")
    try:
        model_of(node.type).model_validate(body)
    except ValidationError as error:
        return [str(problem["type"]) for problem in error.errors(include_url=False, include_input=False)]
    except Exception as error:  # noqa: BLE001 - the models raise ValueError, TypeError and KeyError of their own
        return [type(error).__name__]
    return []


def _envelope(body: dict[str, Any], rows: str) -> dict[str, Any]:
    """Give a Bundle or Parameters without the resources in it, each of which is asked about by itself."""
    bare = [{name: held for name, held in row.items() if name != "resource"} for row in body.get(rows, ())]
    return {**body, rows: bare} if bare else body
