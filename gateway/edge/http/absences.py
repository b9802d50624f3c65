"""Absence files over HTTPS: uploaded as a stream, followed, and what is wrong with them as a table to hand back."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from gateway.core.errors import Issue
from gateway.edge.absences.files import AbsenceFiles
from gateway.edge.http.answers import origin, respond_json
from gateway.edge.http.callers import caller_of
from gateway.edge.http.faults import CLOSE, HttpFault
from gateway.edge.http.services import Services
from gateway.edge.store.operate import NotThere

CHUNK_SECONDS = 60.0
"""Most seconds that a sender may be silent in the middle of a file."""

_ID = re.compile(r"[A-Za-z0-9\-]{1,64}\Z")
_PROFILE = re.compile(r"[a-z][a-z0-9\-]{0,39}\Z")
_ENCODED = Issue("not-supported", "", "the file is compressed", "send it without Content-Encoding")
_SILENT = Issue("timeout", "", "the rest of the file did not arrive in time; nothing was kept", "upload it again")
_CUT = Issue("incomplete", "", "the upload was broken off; nothing was kept", "upload it again")
_NO_PROFILE = Issue("required", "profile", "the address names no profile", "add ?profile=…; `samspill hr profiles`")
_BAD_ALL = Issue("value", "all-or-nothing", "this is neither yes nor no", "write yes, or leave it out")

Lines = Callable[[Iterable[Issue]], Iterator[str]]
"""Gives the lines of errors.csv."""


def router(services: Services, files: AbsenceFiles, lines: Lines) -> APIRouter:
    """Give the routes of absence files."""
    routes = APIRouter()

    @routes.post("/hr/absences", response_model=None)
    async def upload(request: Request) -> Response:
        caller = await caller_of(request, services)
        profile, whole = _asked(request)
        try:
            file = await files.take(_chunks(request), caller.party.id, profile, whole=whole)
        except ClientDisconnect:
            raise HttpFault(400, _CUT, CLOSE) from None
        return Response(b"", 202, {"Location": f"{origin(request, services)}/hr/absences/{file}"})

    @routes.get("/hr/absences/{file_id}", response_model=None)
    async def progress(request: Request, file_id: str) -> Response:
        caller = await caller_of(request, services)
        return respond_json(await asyncio.to_thread(files.progress, _checked(file_id), caller.party.id))

    @routes.get("/hr/absences/{file_id}/errors.csv", response_model=None)
    async def errors(request: Request, file_id: str) -> Response:
        caller = await caller_of(request, services)
        await asyncio.to_thread(files.progress, _checked(file_id), caller.party.id)
        found = lines(files.issues(file_id, caller.party.id))
        shown = {"Content-Disposition": 'attachment; filename="errors.csv"', "X-Content-Type-Options": "nosniff"}
        return StreamingResponse((line.encode() for line in found), 200, shown, "text/csv;charset=utf-8")

    return routes


def _asked(request: Request) -> tuple[str, bool]:
    if request.headers.get("content-encoding", "identity") != "identity":
        raise HttpFault(415, _ENCODED)
    profile, whole = request.query_params.get("profile", ""), request.query_params.get("all-or-nothing", "no")
    if not _PROFILE.match(profile):
        raise HttpFault(400, _NO_PROFILE)
    if whole not in ("yes", "no"):
        raise HttpFault(400, _BAD_ALL)
    return profile, whole == "yes"


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(CHUNK_SECONDS):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise HttpFault(408, _SILENT, CLOSE) from None
        yield chunk


def _checked(file_id: str) -> str:
    if not _ID.match(file_id):
        raise NotThere("this is not an id")
    return file_id
