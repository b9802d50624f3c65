"""XML messages to the canonical model. Pure."""

from collections.abc import Callable
from typing import Any

from adapters.xml.document import read
from gateway.core.errors import NotAcceptable
from gateway.core.message import Parsed

Reads = Callable[..., Parsed[Any]]
"""A reading program: `read(root, report=…)`."""


class XmlParser:
    """Reads documents that `reads` has a program for."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def __call__(self, raw: bytes, *, report: bool = False) -> Parsed[Any]:
        """Read a document. Never raises for what a sender sent."""
        try:
            root = read(raw)
        except NotAcceptable as error:
            return Parsed(None, error.issues)
        return self._reads(root, report=report)

    def again(self, raw: bytes) -> Parsed[Any]:
        """Read bytes that were accepted before."""
        return self(raw)
