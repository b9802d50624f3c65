"""What the gateway says of itself as a FHIR server: the CapabilityStatement of /fhir/metadata."""

from typing import Any

_OPERATIONS = {
    "process-message": "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message",
    "validate": "http://hl7.org/fhir/OperationDefinition/Resource-validate",
}
_SMART = "http://terminology.hl7.org/CodeSystem/restful-security-service"


def capability_statement(base_url: str, *, version: str, date: str) -> dict[str, Any]:
    """Give the statement for the server at `base_url` (`https://host/fhir`), of the software `version` as of `date`."""
    return {
        "resourceType": "CapabilityStatement",
        "url": f"{base_url}/metadata",
        "version": version,
        "name": "Samspill",
        "title": "Samspill sick-leave interoperability gateway",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": {"name": "Samspill", "version": version},
        "implementation": {"description": "Takes sick-leave messages for NAV and employers", "url": base_url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "application/fhir+xml", "json", "xml"],
        "rest": [_rest()],
        "messaging": [
            {
                "documentation": "POST a Bundle of type message, batch, transaction, document or collection to "
                "$process-message or to the base. The answer is 202 once the message is durable. A message is known by "
                "Idempotency-Key, else Bundle.identifier, else MessageHeader.id, else its bytes.",
            }
        ],
    }


def _rest() -> dict[str, Any]:
    security = {"service": [{"coding": [{"system": _SMART, "code": "SMART-on-FHIR"}]}]}
    return {
        "mode": "server",
        "documentation": "Every address but metadata wants a token or a client certificate.",
        "security": security,
        "resource": [_resource("Bundle", "create"), _resource("Task", "read"), _consent(), *_searched()],
        "interaction": [{"code": "batch"}, {"code": "transaction"}],
        "operation": [{"name": name, "definition": definition} for name, definition in _OPERATIONS.items()],
    }


def _consent() -> dict[str, Any]:
    consent = _resource("Consent", "create", "read", "update", "history-instance", "search-type")
    sought = [
        {"name": name, "type": kind} for name, kind in (("patient", "reference"), ("status", "token"), ("date", "date"))
    ]
    return {**consent, "searchParam": sought, "versioning": "versioned", "readHistory": True, "updateCreate": False}


def _searched() -> list[dict[str, Any]]:
    return [_resource("AuditEvent", "search-type"), _resource("Communication", "search-type")]


def _resource(kind: str, *interactions: str) -> dict[str, Any]:
    return {"type": kind, "interaction": [{"code": code} for code in interactions]}
