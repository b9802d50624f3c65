"""The FHIR R4 codec: bytes to a checked resource and back, before and after any mapping. Pure."""

from adapters.fhir.codec.decoding import Decoded, decode, message_key
from adapters.fhir.codec.findings import Finding
from adapters.fhir.codec.media import FHIR_JSON, FHIR_XML, MediaType, media_type

__all__ = [
    "FHIR_JSON",
    "FHIR_XML",
    "Decoded",
    "Finding",
    "MediaType",
    "decode",
    "media_type",
    "message_key",
]
