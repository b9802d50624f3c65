"""Which format a document is in, told by the payload that it carries. Pure."""

from collections.abc import Mapping
from typing import Any

from adapters.xml.document import read
from gateway.mapping.wire.xml import local


def kind_of(raw: bytes, payloads: Mapping[str, str]) -> str:
    """Give what `payloads` says of the first element, in document order, that it knows; nothing when it knows none.

    It knows an element by its name, or by its name and text (`code=AG7804`) where several messages have one root.

    A name with its namespace (`{uri}name`) goes before one without: payloads come in wrong namespaces, and several have
    a root of one name. Raises `NotAcceptable` for what is no document that we read.
    """
    root: Any = read(raw)
    elements = [*root.iter("*")]
    told = [str(element.tag) for element in elements] + [one for element in elements for one in _tells(element)]
    return next((payloads[one] for one in told if one in payloads), "")


def _tells(element: Any) -> tuple[str, str]:
    name = local(element.tag)
    return name, f"{name}={(element.text or '').strip()}"
