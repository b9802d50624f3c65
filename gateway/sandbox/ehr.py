"""An EHR in the sandbox: posts FHIR bundles to the gateway, and asks how they fare."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import aiohttp
import orjson

from gateway.sandbox.server import client_context

FINAL = frozenset({"completed", "rejected", "failed", "cancelled", "entered-in-error", "on-hold"})
"""Statuses of a Task after which nothing more happens by itself."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the gateway said: status code, where to follow the message, and the body."""

    status: int
    location: str
    body: bytes


class SandboxEhr:
    """A client of the gateway at `base` (such as `https://localhost:8443`), known by the certificate of an actor.

    `headers` are sent with each request, for an access token.
    """

    def __init__(
        self, certificates: Path, base: str, headers: Mapping[str, str] | None = None, actor: str = "ehr"
    ) -> None:
        self._base = base
        self._headers = dict(headers or {})
        self._context = client_context(certificates, actor)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._context), headers=self._headers, trust_env=False
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(self, bundle: bytes, path: str = "/fhir/$process-message", key: str = "") -> Answered:
        """Post a bundle once, with `key` as its idempotency key when given."""
        headers = {"Content-Type": "application/fhir+json"} | ({"Idempotency-Key": key} if key else {})
        async with self._open().post(urljoin(self._base, path), data=bundle, headers=headers) as response:
            location = response.headers.get("Location", "")
            return Answered(response.status, location, await response.read())

    async def task(self, location: str) -> dict[str, Any]:
        """Get the Task of a message. Raises `aiohttp.ClientResponseError` when there is none."""
        async with self._open().get(urljoin(self._base, location)) as response:
            response.raise_for_status()
            found: dict[str, Any] = orjson.loads(await response.read())
            return found

    async def follow(self, location: str, patience: float = 10.0, pause: float = 0.1) -> dict[str, Any]:
        """Ask until the Task is final, or on hold; raise `TimeoutError` when it is not within `patience` seconds."""
        async with asyncio.timeout(patience):
            while True:
                task = await self.task(location)
                if task.get("status") in FINAL:
                    return task
                await asyncio.sleep(pause)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("enter the EHR before using it")
        return self._session
