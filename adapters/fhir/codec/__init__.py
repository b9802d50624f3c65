"""The FHIR R4 codec: bytes to a checked resource and back, before and after any mapping. Pure."""

from adapters.fhir.codec.capability import capability_statement
from adapters.fhir.codec.decoding import Decoded, decode, message_key, mismatch, reread
from adapters.fhir.codec.encoding import encode, encode_outcome
from adapters.fhir.codec.findings import Finding
from adapters.fhir.codec.media import FHIR_JSON, FHIR_XML, MediaType, media_type
from adapters.fhir.codec.task import Delivery, message_task

__all__ = [
    "FHIR_JSON",
    "FHIR_XML",
    "Decoded",
    "Delivery",
    "Finding",
    "MediaType",
    "capability_statement",
    "decode",
    "encode",
    "encode_outcome",
    "media_type",
    "message_key",
    "message_task",
    "mismatch",
    "reread",
]
