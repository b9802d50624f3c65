"""The canonical model to XML messages, checked against their schema before anybody sees them. Pure."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from adapters.xml.document import validate
from gateway.core.errors import Issue, NotAcceptable
from gateway.core.message import Released, Rendered, Written
from gateway.core.vocabulary import DataClass

MEDIA_TYPE = "application/xml"
Writes = Callable[..., tuple[Any, tuple[Written, ...]]]
"""A writing program: `write(record, classes, report=…)`."""


class Finish(Protocol):
    """What is done to a document that its schema accepts before it goes on the wire."""

    def said(self, issues: tuple[Issue, ...]) -> tuple[Issue, ...]:
        """Give issues in the wire's own terms."""

    def generic(self, body: bytes) -> bytes:
        """Give the document as the wire has it. Raises `NotAcceptable`."""


class XmlRenderer:
    """Writes what was released as an XML document that its schema accepts.

    `finish` says its issues in the terms of, and gives the document as, what stands otherwise on the wire.
    """

    def __init__(self, writes: Writes, schemas: Path, schema: str, finish: Finish | None = None) -> None:
        self._writes = writes
        self._schemas = schemas
        self._schema = schema
        self._finish = finish

    def __call__(
        self, released: Released[Any], classes: frozenset[DataClass] | None = None, *, report: bool = False
    ) -> Rendered:
        """Write it. Raises `NotAcceptable` when the format demands what was not released, or the schema says no."""
        output, rows = self._writes(released.record, classes, report=report)
        body = str(output).encode()
        wrong = validate(body, self._schema, self._schemas)
        if wrong:
            raise NotAcceptable(self._finish.said(wrong) if self._finish else wrong)
        return Rendered(self._finish.generic(body) if self._finish else body, MEDIA_TYPE, rows)
