"""What the HTTP edge asks of the rest of the gateway: one record of ports, filled in by `gateway.wiring`.

The codec of `adapters.fhir.codec` is a `Fhir` as it stands (a module may be a port).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from prometheus_client import CollectorRegistry
from starlette.requests import Request

from gateway.core.errors import Issue, SamspillError
from gateway.core.message import Rendered
from gateway.edge.identity.access import Caller
from gateway.edge.identity.limits import RateLimit
from gateway.edge.store.rows import Accepted

FHIR = "fhir"
"""The format id that FHIR messages are taken in under."""


@dataclass(frozen=True, slots=True)
class ConsentVersion:
    """One version of a stored Consent: ids, the FHIR resource, and when it was recorded (epoch seconds, UTC)."""

    id: str
    version: int
    resource: Mapping[str, Any]
    recorded_at: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Most bytes of a body (a party may have less), and most seconds that a sender may take to send it."""

    body_bytes: int = 20 * 1024 * 1024
    body_seconds: float = 60.0


class Stale(SamspillError):
    """The resource has another version than the one the caller means to change (HTTP 412)."""


class MediaType(Protocol):
    """A media type as read: which FHIR format it names (empty: none), and what is wrong with it."""

    @property
    def format(self) -> str:
        """Give `application/fhir+json`, `application/fhir+xml` or nothing."""

    @property
    def issue(self) -> Issue | None:
        """Give what is wrong with it, if anything."""


class Decoded(Protocol):
    """A FHIR resource as read and checked."""

    @property
    def resource(self) -> dict[str, Any] | None:
        """Give the resource, unless an issue is an error."""

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Give every issue."""


class Fhir(Protocol):
    """The FHIR codec. Pure."""

    def media_type(self, header: str) -> MediaType:
        """Read a `Content-Type`, or one alternative of an `Accept`."""

    def mismatch(self, raw: bytes, header: str) -> Issue | None:
        """Say whether a body is in another format than its media type says."""

    def decode(self, raw: bytes, media: str | None = None) -> Decoded:
        """Read and check a resource."""

    def message_key(self, raw: bytes) -> str:
        """Give what a message calls itself, or the hash of its bytes."""

    def encode(self, resource: Mapping[str, Any], media: str = ...) -> bytes:
        """Write a resource."""

    def encode_outcome(self, issues: Iterable[Issue], media: str = ...) -> bytes:
        """Write issues as an OperationOutcome."""


class Intake(Protocol):
    """Takes messages in."""

    async def accept(
        self, raw: bytes, format_id: str, sender: str, key: str, may: Callable[[str], None] | None = None
    ) -> Accepted:
        """Give the answer once the message is durable; raises `NotAcceptable`, `Conflict` or `Busy`."""


class Consents(Protocol):
    """Keeps every version of every consent; a change takes effect on queued messages before it returns."""

    async def put(
        self, consent_id: str | None, resource: Mapping[str, Any], caller: Caller, expected: int | None
    ) -> ConsentVersion:
        """Store a version, under a new id when none is given.

        `expected` is the version that the caller saw. Raises `NotThere` for an id that nobody was given, `Stale`,
        `NotAcceptable`, `Refused` or `Busy`.
        """

    async def get(self, consent_id: str, caller: Caller) -> ConsentVersion | None:
        """Give the newest version, if there is one that the caller may see."""

    def search(self, query: Any, caller: Caller) -> tuple[str, list[ConsentVersion]]:
        """Give the pseudonym of the patient asked about, and each matching consent that the caller may see.

        `query` is a `consent_search.Query`. In their newest versions, the newest first. Blocks; raises `Refused` for
        another person than the one who is logged in, where the caller sees only their own, or `Busy`.
        """

    async def history(self, consent_id: str, caller: Caller) -> list[ConsentVersion]:
        """Give every version, newest first; none when the caller may not see it."""


class DryRun(Protocol):
    """Says what would become of a message of a caller's; `paper` asks what NAV would do with it on paper."""

    async def __call__(self, raw: bytes, format_id: str, caller: Caller, *, paper: bool) -> Iterable[Issue]:
        """Give it as issues. Raises `NotAcceptable`."""


@dataclass(frozen=True, slots=True)
class Services:
    """The ports of the HTTP edge.

    `identify` raises `Unidentified`; what the caller may do is looked up here. `status` gives a message's FHIR Task, if
    it is the caller's to see. `take_nav` takes a NAV message or receipt and gives the AppRec that answers it;
    `apprec_for` writes one that rejects `raw` for `issues`.
    `kind` gives the id of the format that an XML message is in, told by its payload; nothing for none.
    `ready` gives each thing that must work, and whether it does. `metadata` and `smart_configuration` are made for a
    base URL: `base_url`, which is scheme and host as callers see them, or what the request says when there is none.
    """

    fhir: Fhir
    rate: RateLimit
    identify: Callable[[Request], Awaitable[Caller]]
    intake: Intake
    dry_run: DryRun
    status: Callable[[str, Caller], Awaitable[Mapping[str, Any] | None]]
    consents: Consents
    take_nav: Callable[[bytes, Caller], Awaitable[Rendered]]
    apprec_for: Callable[[tuple[Issue, ...], bytes, Caller | None], Rendered]
    kind: Callable[[bytes], str]
    ready: Callable[[], Awaitable[Mapping[str, bool]]]
    metadata: Callable[[str], Mapping[str, Any]]
    smart_configuration: Callable[[str], Mapping[str, Any]]
    registry: CollectorRegistry
    base_url: str = ""
    limits: Limits = field(default_factory=Limits)
