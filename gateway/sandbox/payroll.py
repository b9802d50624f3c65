"""A payroll system in the sandbox: uploads a file of absences, and asks until it is handled."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import aiohttp

from gateway.sandbox.server import client_context

PAUSE = 0.05


async def upload(certificates: Path, base: str, body: bytes, profile: str, actor: str = "employer") -> dict[str, Any]:
    """Upload a file to a gateway as an actor; give what came of it, once it is handled.

    Raises `aiohttp.ClientResponseError` when it is refused whole.
    """
    connector = aiohttp.TCPConnector(ssl=client_context(certificates, actor))
    async with aiohttp.ClientSession(connector=connector, trust_env=False, raise_for_status=True) as session:
        async with session.post(urljoin(base, f"/hr/absences?profile={profile}"), data=body) as taken:
            file = taken.headers["Location"]
        while True:
            async with session.get(file) as answer:
                found: dict[str, Any] = await answer.json()
            if found["state"] not in ("receiving", "waiting"):
                return found
            await asyncio.sleep(PAUSE)
