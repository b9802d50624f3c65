"""Which FHIR format a request comes in and wants back (FHIR R4, http.html#mime-type; RFC 9110, 12.5.1)."""

from starlette.requests import Request

from gateway.core.errors import Issue
from gateway.edge.http.faults import HttpFault
from gateway.edge.http.services import Fhir

DEFAULT = "application/fhir+json"
_ANY = frozenset({"*/*", "application/*"})
_NOT_ACCEPTABLE = Issue(
    "not-supported",
    "",
    "none of the accepted media types can be written",
    "accept application/fhir+json or application/fhir+xml",
)


def sent_media(request: Request, fhir: Fhir) -> str:
    """Give the `Content-Type` if it is one of FHIR R4; raises `HttpFault` 415."""
    header = request.headers.get("content-type", "")
    issue = fhir.media_type(header).issue
    if issue is not None:
        raise HttpFault(415, issue)
    return header


def wanted_media(request: Request, fhir: Fhir) -> str:
    """Give the FHIR format to answer in: `_format`, else the best of `Accept`, else what came in.

    Raises `HttpFault` 406.
    """
    asked = request.query_params.get("_format") or request.headers.get("accept", "*/*")
    for alternative in _by_preference(asked):
        if alternative.partition(";")[0].strip() in _ANY:
            return fhir.media_type(request.headers.get("content-type", "")).format or DEFAULT
        read = fhir.media_type(alternative)
        if read.format and read.issue is None:
            return read.format
    raise HttpFault(406, _NOT_ACCEPTABLE)


def error_media(request: Request, fhir: Fhir) -> str:
    """Give the format to answer an error in, which is never refused."""
    try:
        return wanted_media(request, fhir)
    except HttpFault:
        return DEFAULT


def _by_preference(accept: str) -> list[str]:
    weighed = [(_weight(one), one) for one in accept.split(",") if one.strip()]
    return [one for weight, one in sorted(weighed, key=lambda pair: -pair[0]) if weight > 0]


def _weight(alternative: str) -> float:
    for parameter in alternative.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
