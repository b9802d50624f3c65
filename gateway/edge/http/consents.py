"""Consents: given, changed and withdrawn as FHIR Consent resources, every version of which is kept."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.errors import Issue, NotAcceptable
from gateway.edge.http.answers import origin, respond
from gateway.edge.http.body import aside, read_body
from gateway.edge.http.callers import caller_of
from gateway.edge.http.faults import HttpFault
from gateway.edge.http.messages import check_body
from gateway.edge.http.negotiation import sent_media, wanted_media
from gateway.edge.http.services import ConsentVersion, Decoded, Services
from gateway.edge.store.operate import NotThere

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")
_ETAG = re.compile(r'W/"([0-9]{1,9})"\Z')
_NOT_CONSENT = Issue("invalid", "", "the resource is not a Consent", "send a Consent to /fhir/Consent")
_OTHER_ID = Issue("value", "Consent.id", "the id is not that of the address", "let both be the same")
_BAD_ETAG = Issue("value", "", "If-Match is not a version of a resource", 'write it as W/"3"')


def router(services: Services) -> APIRouter:
    """Give the routes of Consent."""
    routes = APIRouter()

    @routes.post("/fhir/Consent", response_model=None)
    async def give(request: Request) -> Response:
        return await _put(request, services, None)

    @routes.put("/fhir/Consent/{consent_id}", response_model=None)
    async def change(request: Request, consent_id: str) -> Response:
        return await _put(request, services, _checked(consent_id))

    @routes.get("/fhir/Consent/{consent_id}", response_model=None)
    async def read(request: Request, consent_id: str) -> Response:
        caller = await caller_of(request, services)
        back = wanted_media(request, services.fhir)
        found = await services.consents.get(_checked(consent_id), caller)
        if found is None:
            raise NotThere("no consent that this caller may see has this id")
        return respond(services.fhir.encode(found.resource, back), back, 200, _versioned(found))

    @routes.get("/fhir/Consent/{consent_id}/_history", response_model=None)
    async def history(request: Request, consent_id: str) -> Response:
        caller = await caller_of(request, services)
        back = wanted_media(request, services.fhir)
        versions = await services.consents.history(_checked(consent_id), caller)
        if not versions:
            raise NotThere("no consent that this caller may see has this id")
        return respond(services.fhir.encode(_history(versions, _base(request, services)), back), back)

    return routes


async def _put(request: Request, services: Services, consent_id: str | None) -> Response:
    caller = await caller_of(request, services)
    media, back = sent_media(request, services.fhir), wanted_media(request, services.fhir)
    raw = await read_body(request, services.limits, caller)
    check_body(services, raw, media)
    resource = _consent(await aside(services.fhir.decode, raw))
    if consent_id is not None and resource.get("id", consent_id) != consent_id:
        raise NotAcceptable([_OTHER_ID])
    stored = await services.consents.put(consent_id, resource, caller, _expected(request))
    headers = {**_versioned(stored), "Location": f"{_base(request, services)}/{stored.id}/_history/{stored.version}"}
    return respond(services.fhir.encode(stored.resource, back), back, 201 if consent_id is None else 200, headers)


def _consent(decoded: Decoded) -> dict[str, Any]:
    if decoded.resource is None:
        raise NotAcceptable(decoded.issues)
    if decoded.resource.get("resourceType") != "Consent":
        raise NotAcceptable([_NOT_CONSENT])
    return decoded.resource


def _checked(consent_id: str) -> str:
    if not _ID.match(consent_id):
        raise NotThere("this is not an id")
    return consent_id


def _expected(request: Request) -> int | None:
    header = request.headers.get("if-match")
    if header is None:
        return None
    found = _ETAG.match(header.strip())
    if not found:
        raise HttpFault(400, _BAD_ETAG)
    return int(found[1])


def _base(request: Request, services: Services) -> str:
    return f"{origin(request, services)}/fhir/Consent"


def _versioned(consent: ConsentVersion) -> dict[str, str]:
    when = datetime.fromtimestamp(consent.recorded_at, UTC)
    return {"ETag": f'W/"{consent.version}"', "Last-Modified": format_datetime(when, usegmt=True)}


def _history(versions: list[ConsentVersion], base: str) -> Mapping[str, Any]:
    entries = [
        {
            "fullUrl": f"{base}/{one.id}",
            "resource": one.resource,
            "request": {"method": "POST" if one.version == 1 else "PUT", "url": f"Consent/{one.id}"},
            "response": {"status": "201" if one.version == 1 else "200", "etag": f'W/"{one.version}"'},
        }
        for one in versions
    ]
    return {"resourceType": "Bundle", "type": "history", "total": len(entries), "entry": entries}
