"""What the HTTP routes take, as an OpenAPI document: the routes from the application, their inputs from here."""

from copy import deepcopy
from typing import Any

from fastapi import FastAPI

Schema = dict[str, Any]
TEXT: Schema = {"type": "string", "maxLength": 60}
ANY_JSON: Schema = {}


def words(*known: str) -> Schema:
    """Give a text that is one of some words, or anything."""
    return {"anyOf": [{"enum": list(known)}, TEXT]}


FHIR_MEDIA = ("application/fhir+json", "application/fhir+xml", "application/json", "text/plain")
HEADERS: dict[str, Schema] = {
    "Accept": words("application/fhir+json", "application/fhir+xml", "*/*", "text/html;q=0.1"),
    "Prefer": words("return=minimal", "return=representation", "return=OperationOutcome"),
    "Idempotency-Key": TEXT,
    "If-Match": words('W/"1"', '"1"', "*"),
    "Content-Encoding": words("identity", "gzip"),
    "X-Request-Id": TEXT,
    "Samspill-Reason": words("patient-asked", "Patient asked"),
}
PATIENT = words("0123456789abcdef0123456789abcdef", "Patient/0123456789abcdef0123456789abcdef", "11827020089")
DATE = words("2026-01-01", "ge2026", "lt2026-13", "ap2026-01-01", "2026-01-01T00:00:00+25:00")
SEARCH: dict[str, Schema] = {"patient": PATIENT, "date": DATE, "_count": words("1", "0", "1000000"), "_page": TEXT}
QUERIES: dict[str, dict[str, Schema]] = {
    "GET /fhir/Consent": {**SEARCH, "status": words("active", "active,inactive", ",")},
    "GET /fhir/AuditEvent": {**SEARCH, "agent": TEXT, "purpose": TEXT, "outcome": words("0", "4,8", "x")},
    "POST /hr/absences": {"profile": words("generic-csv", "workday"), "all-or-nothing": words("yes", "no")},
}
FORMATS = words("nav-oppfolgingsplan", "nav-oppfolgingsplan-api", "nav-employer", "fhir")
FORMAT: Schema = words("json", "application/fhir+xml", "xml")
REASON: Schema = {
    "type": "object",
    "properties": {
        "patient": words("11827020089"),
        "reason": TEXT,
        "acknowledged": {"enum": [True, False, "yes", None]},
        "explanation": TEXT,
    },
}
RESOURCE: Schema = {
    "type": "object",
    "properties": {
        "resourceType": words("Bundle", "Consent", "Patient"),
        "type": words("message", "collection", "batch"),
        "status": words("active"),
        "entry": {"type": "array", "maxItems": 3, "items": {"type": "object", "properties": {"resource": ANY_JSON}}},
    },
    "required": ["resourceType"],
}
BODIES: dict[str, dict[str, Schema]] = {
    "/fhir": {media: {"anyOf": [RESOURCE, ANY_JSON]} for media in FHIR_MEDIA},
    "/glass": {"application/json": {"anyOf": [REASON, ANY_JSON]}},
    "/nav": dict.fromkeys(("application/xml", "application/pkcs7-mime", "text/csv"), TEXT),
    "/hr": dict.fromkeys(("text/csv", "application/json", "application/xml"), TEXT),
}
ANY_XML: dict[str, Schema] = {"text/xml": TEXT, "application/soap+xml": TEXT}
FORM = {"application/x-www-form-urlencoded": {"type": "object", "properties": dict(SEARCH)}}


def document(app: FastAPI) -> Schema:
    """Give the document: whatever routes the application has, each with what it may be sent."""
    raw: Schema = deepcopy(app.openapi())
    for path, item in raw["paths"].items():
        for method, operation in item.items():
            name = f"{method.upper()} {path}"
            declared = {**QUERIES.get(name, {}), "_format": FORMAT}
            operation.setdefault("parameters", [])
            for one in operation["parameters"]:
                one["schema"] = FORMATS if one["name"] == "format_id" else TEXT
            operation["parameters"] += [_parameter("query", one, schema) for one, schema in declared.items()]
            operation["parameters"] += [_parameter("header", one, schema) for one, schema in HEADERS.items()]
            if method in {"post", "put"}:
                operation["requestBody"] = {"content": _content(path)}
    return raw


def _parameter(place: str, name: str, schema: Schema) -> Schema:
    return {"in": place, "name": name, "schema": schema, "required": False}


def _content(path: str) -> dict[str, Schema]:
    kinds = FORM if path.endswith("/_search") else BODIES.get("/" + path.split("/")[1], ANY_XML)
    return {media: {"schema": schema} for media, schema in kinds.items()}
