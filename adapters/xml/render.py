"""The canonical model to XML messages, checked against their schema before anybody sees them. Pure."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapters.xml.document import validate
from gateway.core.errors import NotAcceptable
from gateway.core.message import Released, Rendered, Written
from gateway.core.vocabulary import DataClass

MEDIA_TYPE = "application/xml"
Writes = Callable[..., tuple[Any, tuple[Written, ...]]]
"""A writing program: `write(record, classes, report=…)`."""


class XmlRenderer:
    """Writes what was released as an XML document that its schema accepts."""

    def __init__(self, writes: Writes, schemas: Path, schema: str) -> None:
        self._writes = writes
        self._schemas = schemas
        self._schema = schema

    def __call__(
        self, released: Released[Any], classes: frozenset[DataClass] | None = None, *, report: bool = False
    ) -> Rendered:
        """Write it. Raises `NotAcceptable` when the format demands what was not released, or the schema says no."""
        output, rows = self._writes(released.record, classes, report=report)
        body = str(output).encode()
        wrong = validate(body, self._schema, self._schemas)
        if wrong:
            raise NotAcceptable(wrong)
        return Rendered(body, MEDIA_TYPE, rows)
