"""What has been used once, and nonces that say how new a proof is."""

import base64
import hashlib
import hmac
from typing import Protocol

from gateway.core.errors import Busy
from gateway.core.ports import Clock

NONCE_LIFE = 300
"""Seconds; a nonce holds for between one and two of these."""


class ReplayStore(Protocol):
    """Remembers what was used. All nodes that share a public address share one."""

    async def first(self, key: str, until: float) -> bool:
        """Whether `key` is used for the first time; it is remembered until `until` (epoch seconds).

        Raises `Busy` when it cannot be known or kept.
        """


class MemoryReplayStore:
    """For one process. It holds at most `size` keys, and refuses rather than forget one that still counts."""

    def __init__(self, clock: Clock, size: int = 200_000) -> None:
        self._clock = clock
        self._size = size
        self._used: dict[str, float] = {}

    async def first(self, key: str, until: float) -> bool:
        """Whether `key` is used for the first time."""
        if key in self._used and self._used[key] > self._clock():
            return False
        if len(self._used) >= self._size:
            self._forget()
        self._used[key] = until
        return True

    def _forget(self) -> None:
        now = self._clock()
        self._used = {key: until for key, until in self._used.items() if until > now}
        if len(self._used) >= self._size:
            raise Busy("too many proofs are remembered; try again later")


class Nonces:
    """DPoP nonces (RFC 9449 § 8 and 9) that need no store: a keyed digest of the current period.

    `secret` is at least 32 random bytes, the same in all nodes.
    """

    def __init__(self, secret: bytes, clock: Clock) -> None:
        if len(secret) < 32:  # noqa: PLR2004 - the digest's own size
            raise ValueError("a nonce secret has at least 32 bytes")
        self._secret = secret
        self._clock = clock

    def current(self) -> str:
        """Give the nonce to hand out now."""
        return self._of(self._period())

    def holds(self, nonce: object) -> bool:
        """Whether `nonce` was handed out in this period or the one before."""
        if not isinstance(nonce, str) or not nonce.isascii():
            return False
        period = self._period()
        return hmac.compare_digest(nonce, self._of(period)) or hmac.compare_digest(nonce, self._of(period - 1))

    def _period(self) -> int:
        return int(self._clock()) // NONCE_LIFE

    def _of(self, period: int) -> str:
        digest = hmac.new(self._secret, b"dpop-nonce" + period.to_bytes(8, "big"), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:24]).decode()
