"""Callers by name in their `Authorization` header, and requests to an application without a socket."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from live_line import Live
from starlette.requests import Request

from gateway.core.vocabulary import Role
from gateway.edge.identity import Unidentified
from gateway.edge.identity.access import ROUTES, Caller
from gateway.edge.identity.parties import Party

SCOPES = frozenset(access.scope for access in ROUTES)


def who(name: str, role: Role, person: str = "") -> Caller:
    return Caller(Party(id=name, name=f"{name} (eksempel)", roles=frozenset({role})), SCOPES, "a test", person)


def by_name(callers: Mapping[str, Caller]) -> Any:
    async def identify(request: Request) -> Caller:
        caller = callers.get(request.headers.get("authorization", ""))
        if caller is None:
            raise Unidentified("there is no token")
        return caller

    return identify


@dataclass
class Api:
    live: Live
    app: Any

    def call(self, name: str, method: str, path: str, body: Any = None) -> httpx.Response:
        content = body if isinstance(body, str | None) else json.dumps(body)

        async def calling() -> httpx.Response:
            wire = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=wire, base_url="https://gateway.example") as client:
                return await client.request(method, path, content=content, headers={"Authorization": name})

        return asyncio.run(calling())
