"""Channels: HTTPS with a client certificate, and the in-memory one that ships for tests, demos and dry runs.

A delivery has three ways of failing, and the difference decides whether a message can be sent again, and whether it
may have arrived already. Every exception of aiohttp is mapped to one of them in `OUTCOMES`; a test walks the library's
tree.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import structlog

from gateway.core.errors import ChannelError, ConfigurationError, Rejected, Uncertain, Unreachable
from gateway.edge import soap

ANSWER_LIMIT: Final = 1024 * 1024

OUTCOMES: Final[Mapping[type[BaseException], type[ChannelError]]] = {
    # Before a byte of the message has left.
    aiohttp.ClientConnectorError: Unreachable,
    aiohttp.ConnectionTimeoutError: Unreachable,
    aiohttp.InvalidURL: Rejected,
    # After some of it may have left.
    aiohttp.ServerTimeoutError: Uncertain,
    aiohttp.ServerConnectionError: Uncertain,
    aiohttp.ServerFingerprintMismatch: Unreachable,
    aiohttp.ClientPayloadError: Uncertain,
    aiohttp.ClientResponseError: Uncertain,
    aiohttp.ClientConnectionError: Uncertain,
    aiohttp.ClientError: Uncertain,
    asyncio.TimeoutError: Uncertain,
    ConnectionError: Uncertain,
    ssl.SSLError: Uncertain,
    OSError: Uncertain,
}
"""What each exception means for the message; the nearest class in an exception's ancestry counts."""

TRY_AGAIN: Final = frozenset({429, 503})
"""Status codes by which a server says that it did not take the message, but may later (RFC 9110 15.6.4, RFC 6585 4)."""

log = structlog.get_logger(__name__)


def outcome(error: BaseException) -> type[ChannelError] | None:
    """Give what an exception means for the message; nothing for one that is not the transport's."""
    return next((OUTCOMES[kind] for kind in type(error).__mro__ if kind in OUTCOMES), None)


def judge(status: int) -> ChannelError | None:
    """Give what an HTTP status means for the message; nothing when it was taken."""
    match status:
        case _ if 200 <= status < 300:  # noqa: PLR2004 - RFC 9110 15.3
            return None
        case _ if status in TRY_AGAIN:
            return Unreachable(f"the recipient answered {status}: it takes nothing now")
        case 408 | 425:
            return Uncertain(f"the recipient answered {status}")
        case _ if status >= 500:  # noqa: PLR2004 - RFC 9110 15.6
            return Uncertain(f"the recipient answered {status}: it failed on the way")
    return Rejected(f"the recipient answered {status}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a channel delivers, and by which certificate it is known.

    `url` is https, and its certificate is verified against `authorities` (a PEM file; the system's when absent).
    `timeout` bounds one delivery, `connect_timeout` its connection, in seconds. `headers` are sent each time, and an
    answer beyond `answer_limit` bytes is dropped.
    """

    url: str
    certificate: Path | None = None
    key: Path | None = None
    authorities: Path | None = None
    connections: int = 32
    timeout: float = 25.0
    connect_timeout: float = 5.0
    headers: Mapping[str, str] | None = None
    answer_limit: int = ANSWER_LIMIT


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered, whatever the status is; header names in lower case. `cut`: the body was too long to read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool = False


class HttpsChannel:
    """Delivers over HTTPS with a client certificate, on connections that are kept alive."""

    def __init__(self, endpoint: Endpoint) -> None:
        if not endpoint.url.startswith("https://"):
            raise ConfigurationError([f"a destination's address is to begin with https://, not `{endpoint.url[:8]}`"])
        self._endpoint = endpoint
        self._context = _context(endpoint)
        self._session: aiohttp.ClientSession | None = None

    async def deliver(self, key: str, body: bytes, media_type: str) -> bytes:
        """Post the body once; see `gateway.core.ports.Channel`. Redirects are not followed."""
        headers = {"Content-Type": media_type, "Idempotency-Key": key, **self.told(body)}
        _, answer = await self.post(body, headers)
        if failed := self.failed(answer):
            raise failed
        return answer

    async def post(self, body: bytes, headers: Mapping[str, str]) -> tuple[str, bytes]:
        """Post the body once, and give the answer's media type and body. Raises `ChannelError`."""
        reply = await self.ask("POST", "", body, headers)
        if refused := judge(reply.status):
            raise refused
        return reply.headers.get("content-type", ""), reply.body

    async def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Ask once for what stands at `path` after the endpoint's URL. Raises `ChannelError` when nobody answered."""
        url = self._endpoint.url + path
        try:
            async with self._open().request(
                method, url, data=body or None, headers=headers, allow_redirects=False
            ) as response:
                read = await _limited(response, self._endpoint.answer_limit)
                told = {name.lower(): value for name, value in response.headers.items()}
                return Reply(response.status, told, read or b"", cut=read is None)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            meaning = outcome(error) or Uncertain
            raise meaning(f"the transport failed ({type(error).__name__})") from None

    def told(self, body: bytes) -> Mapping[str, str]:
        """Give headers that the message itself implies."""
        del body
        return {}

    def failed(self, answer: bytes) -> ChannelError | None:
        """Give what the body of an answer means for the message; nothing when it was taken."""
        del answer
        return None

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            endpoint = self._endpoint
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._context, limit=endpoint.connections, keepalive_timeout=60),
                timeout=aiohttp.ClientTimeout(
                    total=endpoint.timeout,
                    connect=None,
                    sock_connect=endpoint.connect_timeout,
                    sock_read=endpoint.timeout,
                ),
                headers=dict(endpoint.headers or {}),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session


class RivChannel(HttpsChannel):
    """Calls a RIV-TA service: an answer that does not say that the call was done is a failure."""

    def told(self, body: bytes) -> Mapping[str, str]:
        """Give the SOAPAction."""
        return {"SOAPAction": f'"{soap.action(body)}"'}

    def failed(self, answer: bytes) -> ChannelError | None:
        """Read the result of the call."""
        return soap.failure(answer)


async def _limited(response: aiohttp.ClientResponse, limit: int) -> bytes | None:
    """Read the answer up to the limit. A longer one comes from somebody who took the message: dropped, not refused."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        body += chunk
        if len(body) > limit:
            log.warning("answer-cut", limit=limit)
            response.close()
            return None
    return bytes(body)


def _context(endpoint: Endpoint) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=endpoint.authorities)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if endpoint.certificate:
            context.load_cert_chain(endpoint.certificate, endpoint.key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError([f"a destination's certificate, key or authorities cannot be read: {error}"]) from None
    return context


class MemoryChannel:
    """A recipient in memory, which keeps what it was given and answers as `answer` says; its contract is the same.

    `answer` gets the key and the body, and gives the body of the answer or raises a `ChannelError`. The same key twice
    is the same message: `received` holds it once, `deliveries` each time.
    """

    def __init__(self, answer: Callable[[str, bytes], bytes] = lambda _key, _body: b"") -> None:
        self.received: dict[str, bytes] = {}
        self.deliveries: list[str] = []
        self._answer = answer

    async def deliver(self, key: str, body: bytes, media_type: str) -> bytes:  # noqa: ARG002 - as the port has it
        """Keep the body; see `gateway.core.ports.Channel`."""
        await asyncio.sleep(0)
        answer = self._answer(key, body)
        self.deliveries.append(key)
        self.received.setdefault(key, body)
        return answer

    async def close(self) -> None:
        """Nothing to let go of."""
