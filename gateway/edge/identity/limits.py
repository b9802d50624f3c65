"""How much a party may send: the size of a body, and how often (token bucket)."""

from gateway.core.errors import SamspillError
from gateway.core.ports import Clock
from gateway.edge.identity.parties import Limits, Party


class TooLarge(SamspillError):
    """The body is larger than this party may send (HTTP 413)."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"the body is larger than the {most} bytes that this party may send")


class TooMany(SamspillError):
    """The party sends faster than it may (HTTP 429, Retry-After in whole seconds)."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__("this party sends faster than it may; wait and send again")


class BodyLimit:
    """Counts the bytes of one body as they come, whatever its Content-Length says."""

    def __init__(self, limits: Limits, content_length: str | None = None) -> None:
        self._most = limits.body
        self._seen = 0
        if content_length is not None and content_length.isascii() and content_length.isdigit():
            self.add(int(content_length))
            self._seen = 0

    def add(self, size: int) -> None:
        """Count `size` more bytes. Raises `TooLarge`."""
        self._seen += size
        if self._seen > self._most:
            raise TooLarge(self._most)


class RateLimit:
    """One bucket a party: it holds `burst` requests and fills at `per_minute`. For one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, party: Party) -> None:
        """Count one request. Raises `TooMany`."""
        now = self._clock()
        limits = party.limits
        rate = limits.per_minute / 60
        left, since = self._buckets.get(party.id, (float(limits.burst), now))
        left = min(float(limits.burst), left + max(0.0, now - since) * rate)
        if left < 1:
            self._buckets[party.id] = (left, now)
            raise TooMany(int((1 - left) / rate) + 1)
        self._buckets[party.id] = (left - 1, now)
