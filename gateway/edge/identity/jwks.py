"""An issuer's published keys: fetched, kept, fetched again when a key is new, but not as often as a stranger likes."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import httpx
from joserfc.jwk import KeySet

from gateway.core.errors import Busy
from gateway.core.ports import Clock
from gateway.edge.identity.fetch import bounded
from gateway.edge.identity.tokens import public_keys

Fetch = Callable[[str], Awaitable[bytes]]
"""Gives the body behind a URL; raises `OSError` or `httpx.HTTPError`."""

LARGEST: Final = 256 * 1024


@dataclass(slots=True)
class _Kept:
    keys: KeySet | None = None
    fetched: float = float("-inf")
    tried: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class PublishedKeys:
    """Keys by JWKS URL.

    They are fetched anew after `fresh` seconds, or when a token names a key that is not among them (rotation), but not
    within `pause` seconds of the last attempt, so that invented key ids cause no traffic. When the issuer is away, kept
    keys serve for `stale` seconds; after that every token of this issuer is refused as `Busy`.
    """

    def __init__(self, fetch: Fetch, clock: Clock, *, fresh: int = 600, stale: int = 86_400, pause: int = 30) -> None:
        self._fetch = fetch
        self._clock = clock
        self._fresh, self._stale, self._pause = fresh, stale, pause
        self._kept: dict[str, _Kept] = {}

    async def keys(self, url: str, kid: str | None) -> KeySet:
        """Give the issuer's keys, new enough to hold `kid` if the issuer has it. Raises `Busy`."""
        kept = self._kept.setdefault(url, _Kept())
        if self._wanting(kept, kid):
            async with kept.lock:
                if self._wanting(kept, kid):
                    await self._refresh(url, kept)
        if kept.keys is None or self._clock() - kept.fetched > self._stale:
            raise Busy("the token issuer's keys cannot be had", retry_after=self._pause)
        return kept.keys

    def _wanting(self, kept: _Kept, kid: str | None) -> bool:
        now = self._clock()
        known = kept.keys is not None and (kid is None or any(key.kid == kid for key in kept.keys))
        return (not known or now - kept.fetched > self._fresh) and now - kept.tried >= self._pause

    async def _refresh(self, url: str, kept: _Kept) -> None:
        kept.tried = self._clock()
        try:
            kept.keys = public_keys(json.loads(await self._fetch(url)))
        except (OSError, httpx.HTTPError, ValueError, RecursionError):
            return
        kept.fetched = kept.tried


def fetching(client: httpx.AsyncClient) -> Fetch:
    """Fetch keys over HTTPS with `client`."""

    async def fetch(url: str) -> bytes:
        if not url.startswith("https://"):
            raise OSError("keys are fetched over https only")
        request = client.build_request("GET", url, headers={"Accept": "application/json"})
        return await bounded(client, request, LARGEST)

    return fetch
