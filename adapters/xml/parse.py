"""XML messages to the canonical model. Pure."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from adapters.xml.document import read
from gateway.core.errors import Issue, NotAcceptable
from gateway.core.message import Parsed, Read

Reads = Callable[..., Parsed[Any]]
"""A reading program: `read(root, report=…)`."""


class Prepared(Protocol):
    """A document as its program reads it, what is wrong with it, and an account of what was left out of it."""

    @property
    def root(self) -> Any:
        """The root element."""

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What makes it unacceptable."""

    @property
    def rows(self) -> tuple[Read, ...]:
        """The leaves that were left out."""


class XmlParser:
    """Reads documents that `reads` has a program for, after `prepare`, for those that stand otherwise on the wire."""

    def __init__(self, reads: Reads, prepare: Callable[[Any], Prepared] | None = None) -> None:
        self._reads = reads
        self._prepare = prepare

    def __call__(self, raw: bytes, *, report: bool = False) -> Parsed[Any]:
        """Read a document. Never raises for what a sender sent."""
        try:
            root = read(raw)
        except NotAcceptable as error:
            return Parsed(None, error.issues)
        if self._prepare is None:
            return self._reads(root, report=report)
        prepared = self._prepare(root)
        if prepared.issues:
            return Parsed(None, prepared.issues)
        parsed = self._reads(prepared.root, report=report)
        if not report:
            return parsed
        return replace(parsed, rows=(*parsed.rows, *prepared.rows), leaves=parsed.leaves + len(prepared.rows))

    def again(self, raw: bytes) -> Parsed[Any]:
        """Read bytes that were accepted before."""
        return self(raw)
