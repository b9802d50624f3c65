"""The media types a FHIR message travels under (FHIR R4, http.html#mime-type and #version-parameter)."""

from dataclasses import dataclass
from email.message import Message

from adapters.fhir.codec.findings import Finding
from gateway.core.errors import Issue

FHIR_JSON = "application/fhir+json"
FHIR_XML = "application/fhir+xml"

_ALIASES = {
    FHIR_JSON: FHIR_JSON,
    "application/json": FHIR_JSON,
    "application/json+fhir": FHIR_JSON,
    "text/json": FHIR_JSON,
    "json": FHIR_JSON,
    FHIR_XML: FHIR_XML,
    "application/xml": FHIR_XML,
    "application/xml+fhir": FHIR_XML,
    "text/xml": FHIR_XML,
    "xml": FHIR_XML,
}
_VERSIONS = frozenset({"4.0", "4.0.1", "4.3", "4.3.0"})
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})


@dataclass(frozen=True, slots=True)
class MediaType:
    """What a media type says: FHIR JSON or FHIR XML (empty when neither), and what is wrong with it, if anything."""

    format: str
    issue: Issue | None = None


def media_type(header: str) -> MediaType:
    """Read a `Content-Type` or one alternative of an `Accept`, parameters included."""
    message = Message()
    message["content-type"] = header
    kind = _ALIASES.get(header.partition(";")[0].strip().lower(), "")
    if not kind:
        return MediaType("", Finding.MEDIA_TYPE.at(""))
    version = message.get_param("fhirversion")
    if version is not None and version not in _VERSIONS:
        return MediaType(kind, Finding.FHIR_VERSION.at(""))
    charset = message.get_param("charset")
    if charset is not None and str(charset).lower() not in _CHARSETS:
        return MediaType(kind, Finding.ENCODING.at(""))
    return MediaType(kind)
