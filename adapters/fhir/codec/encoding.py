"""Resources to bytes, and the two that the gateway writes about itself: OperationOutcome and Task."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from adapters.fhir.codec.definitions import model_of
from adapters.fhir.codec.media import FHIR_JSON, FHIR_XML
from gateway.core.errors import Issue

_FHIRPATH = re.compile(r"[A-Z][A-Za-z]+(?:\.[a-z][A-Za-z]*(?:\([A-Za-z]+\))?(?:\[[0-9]+\])?)*\Z")
_ISSUE_TYPES = frozenset(
    {
        "business-rule",
        "code-invalid",
        "conflict",
        "deleted",
        "duplicate",
        "exception",
        "expired",
        "extension",
        "forbidden",
        "incomplete",
        "informational",
        "invalid",
        "invariant",
        "lock-error",
        "login",
        "multiple-matches",
        "no-store",
        "not-found",
        "not-supported",
        "processing",
        "required",
        "security",
        "structure",
        "suppressed",
        "throttled",
        "timeout",
        "too-costly",
        "too-long",
        "transient",
        "unknown",
        "value",
    }
)
_ALL_WELL = {"severity": "information", "code": "informational", "details": {"text": "no issues"}}


def encode(resource: Mapping[str, Any], media: str = FHIR_JSON) -> bytes:
    """Write a resource as FHIR JSON, or as FHIR XML; XML that is not valid R4 raises `pydantic.ValidationError`."""
    if media == FHIR_XML:
        written: str | bytes = model_of(str(resource["resourceType"])).model_validate(resource).model_dump_xml()
        return written.encode("utf-8") if isinstance(written, str) else written
    return orjson.dumps(resource, default=_digits)


def _digits(value: object) -> orjson.Fragment:
    """Write a decimal with the digits it came with."""
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError


def encode_outcome(issues: Iterable[Issue], media: str = FHIR_JSON) -> bytes:
    """Write issues as an OperationOutcome: the place as `expression` where it is a FHIRPath, else as `diagnostics`.

    Without issues it says that all is well, as FHIR wants at least one.
    """
    rows = [_row(issue) for issue in issues]
    return encode({"resourceType": "OperationOutcome", "issue": rows or [_ALL_WELL]}, media)


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
