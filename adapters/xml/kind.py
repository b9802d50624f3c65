"""Which format a document is in, told by the payload that it carries. Pure."""

from collections.abc import Mapping
from typing import Any

from lxml import etree

from adapters.xml.document import read


def kind_of(raw: bytes, payloads: Mapping[str, str]) -> str:
    """Give what `payloads` says of the first element, in document order, whose name it has; nothing when none is known.

    A name with its namespace (`{uri}name`) goes before one without: payloads come in wrong namespaces, and several have
    a root of one name. Raises `NotAcceptable` for what is no document that we read.
    """
    root: Any = read(raw)
    elements = [*root.iter("*")]
    names = [str(element.tag) for element in elements] + [etree.QName(element).localname for element in elements]
    return next((payloads[name] for name in names if name in payloads), "")
