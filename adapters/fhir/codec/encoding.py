"""Resources to bytes, and the two that the gateway writes about itself: OperationOutcome and Task."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from adapters.fhir.codec.definitions import model_of
from adapters.fhir.codec.media import FHIR_JSON, FHIR_XML
from gateway.core.errors import Issue

_FHIRPATH = re.compile(r"[A-Z][A-Za-z]+(?:\.[a-z][A-Za-z]*(?:\([A-Za-z]+\))?(?:\[[0-9]+\])?)*\Z")
_ISSUE_TYPES = frozenset(
    "invalid structure required value invariant security login unknown expired forbidden suppressed processing "
    "not-supported duplicate multiple-matches not-found deleted too-long code-invalid extension too-costly business-rule "
    "conflict transient lock-error no-store exception timeout incomplete throttled informational".split()
)


def encode(resource: Mapping[str, Any], media: str = FHIR_JSON) -> bytes:
    """Write a resource as FHIR JSON or FHIR XML; raises `pydantic.ValidationError` for XML that is not valid R4."""
    if media == FHIR_XML:
        text: str = model_of(str(resource["resourceType"])).model_validate(resource).model_dump_xml()
        return text.encode("utf-8") if isinstance(text, str) else bytes(text)
    return orjson.dumps(resource)


def encode_outcome(issues: Iterable[Issue], media: str = FHIR_JSON) -> bytes:
    """Write issues as an OperationOutcome: the place as `expression` where it is a FHIRPath, else as `diagnostics`.

    Without issues it says that all is well, as FHIR wants at least one.
    """
    rows = [_row(issue) for issue in issues]
    return encode({"resourceType": "OperationOutcome", "issue": rows or [_ALL_WELL]}, media)


_ALL_WELL = {"severity": "information", "code": "informational", "details": {"text": "no issues"}}


def _row(issue: Issue) -> dict[str, Any]:
    text = issue.what + (f"; {issue.mend}" if issue.mend else "")
    row: dict[str, Any] = {
        "severity": issue.severity.value,
        "code": issue.code if issue.code in _ISSUE_TYPES else "processing",
        "details": {"text": text},
    }
    if _FHIRPATH.match(issue.at):
        row["expression"] = [issue.at]
    elif issue.at:
        row["diagnostics"] = issue.at
    return row
