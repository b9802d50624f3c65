"""Calls of RIV-TA services: the body without the envelope it travels in, and times as these services have them. Pure.

RIV-TA Basic Profile 2.1 (SOAP 1.1). Times are local and have no zone.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from adapters.se.prepared import Prepared
from gateway.core.errors import Issue

SWEDEN = ZoneInfo("Europe/Stockholm")
TIMES = ("signeringstidpunkt", "skickatTidpunkt", "tidpunkt")


class Calls:
    """One kind of call: the name of its body, and `schema`, which says where a document strays from it."""

    def __init__(self, root: str, schema: Callable[[Any], tuple[Issue, ...]]) -> None:
        self._root = root
        self._schema = schema

    def typed(self, root: Any) -> Prepared:
        """Give the body of a call, with all that it strays from."""
        body = inside(root, self._root)
        return Prepared(body, self._schema(body))

    def generic(self, body: bytes) -> bytes:
        """Give a call as it goes on the wire."""
        root = etree.fromstring(body)
        localise(root)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")

    def said(self, issues: tuple[Issue, ...]) -> tuple[Issue, ...]:
        """Give issues as they are: elements have names here."""
        return issues


def inside(root: Any, name: str) -> Any:
    """Give the first element of a name, whatever envelope it stands in; the root itself when there is none."""
    return next(root.iter(f"{{*}}{name}"), root)


def localise(root: Any) -> None:
    """Make every time local, to the second, without a zone."""
    for time in root.iter(*(f"{{*}}{name}" for name in TIMES)):
        moment = datetime.fromisoformat(time.text or "")
        local = moment.astimezone(SWEDEN) if moment.tzinfo else moment
        time.text = local.replace(tzinfo=None, microsecond=0).isoformat()
