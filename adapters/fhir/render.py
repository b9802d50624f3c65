"""The canonical model to FHIR R4 JSON. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from gateway.core.errors import Issue, NotAcceptable
from gateway.core.message import Released, Rendered, Written
from gateway.core.vocabulary import DataClass, Obligation

MEDIA_TYPE = "application/fhir+json"
MARKS: Mapping[str, Mapping[str, str]] = {
    Obligation.NO_REDISCLOSURE: {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        "code": "NORDSCLCD",
        "display": "no redisclosure without consent directive",
    },
    Obligation.SHOW_AS_BREAK_GLASS: {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
        "code": "BTG",
        "display": "break the glass",
    },
}
"""The security label that tells a recipient of each obligation that concerns it (HL7 DS4P)."""

Writes = Callable[..., tuple[Any, tuple[Written, ...]]]
"""A writing program: `write(record, classes, report=…)`."""


class FhirRenderer:
    """Writes what was released as the Bundle of its record; `writes` has a program for each class of record."""

    def __init__(self, writes: Mapping[type, Writes]) -> None:
        self._writes = writes

    def __call__(
        self, released: Released[Any], classes: frozenset[DataClass] | None = None, *, report: bool = False
    ) -> Rendered:
        """Write it. Raises `NotAcceptable` for a record that has no FHIR form, or demands what was not released."""
        record = type(released.record)
        if record not in self._writes:
            raise NotAcceptable([Issue("not-supported", "", f"a {record.__name__} has no form in FHIR here")])
        output, rows = self._writes[record](released.record, classes, report=report)
        marks = [MARKS[one] for one in sorted(released.obligations & MARKS.keys())]
        if marks:
            output = {**output, "meta": {**output.get("meta", {}), "security": marks}}
        return Rendered(orjson.dumps(output), MEDIA_TYPE, rows)


class JsonRenderer:
    """Writes what was released as a JSON object: a FHIR Bundle, or the employer's copy for payroll systems."""

    def __init__(self, writes: Writes, media_type: str = MEDIA_TYPE) -> None:
        self._writes = writes
        self._media_type = media_type

    def __call__(
        self, released: Released[Any], classes: frozenset[DataClass] | None = None, *, report: bool = False
    ) -> Rendered:
        """Write it. Raises `NotAcceptable` when the format demands what was not released."""
        output, rows = self._writes(released.record, classes, report=report)
        return Rendered(orjson.dumps(output), self._media_type, rows)
