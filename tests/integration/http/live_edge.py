"""The HTTP edge on a loopback port: real server, real codec, and stand-ins for what lies behind the edge's ports."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import quoteattr

import psutil
import uvicorn
from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.types import ASGIApp

from adapters.fhir import codec
from gateway.core.errors import Busy, Issue, NotAcceptable, Severity
from gateway.core.line import State
from gateway.core.message import Rendered
from gateway.core.vocabulary import Role
from gateway.edge.http import ConsentVersion, Limits, Services, Stale, create_app, create_upkeep, server_config
from gateway.edge.identity import Unidentified
from gateway.edge.identity.access import ROUTES, Caller
from gateway.edge.identity.limits import RateLimit
from gateway.edge.identity.parties import Limits as Allowed
from gateway.edge.identity.parties import Party
from gateway.edge.store.accept import Conflict
from gateway.edge.store.operate import NotThere
from gateway.edge.store.rows import Accepted

GENEROUS = Allowed(body=100_000_000, per_minute=100_000, burst=100_000)
TOKEN = {"Authorization": "Bearer ehr"}


@dataclass
class MemoryIntake:
    """Keeps messages by key, as the store does, and checks them with the real codec."""

    by_key: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    busy: bool = False
    broken: bool = False

    async def accept(self, raw: bytes, format_id: str, sender: str, key: str) -> Accepted:
        if self.busy:
            raise Busy("the store is away", retry_after=7)
        if self.broken:
            raise ZeroDivisionError(raw.decode())
        decoded = codec.decode(raw)
        if decoded.resource is None:
            raise NotAcceptable(decoded.issues)
        assert format_id == "fhir"
        known = self.by_key.get((sender, key))
        if known is not None:
            if known[1] != raw:
                raise Conflict("the key was used before, for a message with another content")
            return Accepted(known[0], again=True)
        self.by_key[sender, key] = (f"m{len(self.by_key)}", raw)
        return Accepted(self.by_key[sender, key][0])


@dataclass
class MemoryConsents:
    """Keeps every version of every consent."""

    versions: dict[str, list[ConsentVersion]] = field(default_factory=dict)

    async def put(
        self, consent_id: str | None, resource: Mapping[str, Any], caller: Caller, expected: int | None
    ) -> ConsentVersion:
        del caller
        if consent_id is not None and consent_id not in self.versions:
            raise NotThere("no consent has this id")
        name = consent_id or f"c{len(self.versions)}"
        kept = self.versions.setdefault(name, [])
        if expected is not None and expected != len(kept):
            raise Stale("the consent has another version")
        kept.append(ConsentVersion(name, len(kept) + 1, {**resource, "id": name}, 1_790_000_000.0))
        return kept[-1]

    async def get(self, consent_id: str, caller: Caller) -> ConsentVersion | None:
        del caller
        return self.versions.get(consent_id, [None])[-1]

    async def history(self, consent_id: str, caller: Caller) -> list[ConsentVersion]:
        del caller
        return self.versions.get(consent_id, [])[::-1]


@dataclass
class Edge:
    """A running edge, and what stands behind it."""

    intake: MemoryIntake
    consents: MemoryConsents
    ready: dict[str, bool]
    port: int = 0
    ops_port: int = 0
    thread: int = 0

    def cpu(self) -> float:
        """Give the seconds of CPU that the edge has used; nothing else that goes on in this process is in it."""
        return next(one.user_time + one.system_time for one in psutil.Process().threads() if one.id == self.thread)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


SCOPES = frozenset(access.scope for access in ROUTES)
CALLERS = {
    "Bearer ehr": Party(id="ehr-1", name="EHR", roles=frozenset({Role.CERTIFIER}), limits=GENEROUS),
    "Bearer small": Party(id="ehr-2", name="EHR", roles=frozenset({Role.CERTIFIER}), limits=Allowed(body=1000)),
    "Bearer hasty": Party(id="ehr-3", name="EHR", roles=frozenset({Role.CERTIFIER}), limits=Allowed(burst=2)),
    "Bearer employer": Party(id="hr-1", name="HR", roles=frozenset({Role.EMPLOYER})),
}


async def identify(request: Request) -> Caller:
    party = CALLERS.get(request.headers.get("authorization", ""))
    if party is None:
        raise Unidentified("there is no token")
    return Caller(party, SCOPES, "a test")


def apprec(said: str) -> Rendered:
    text = f"<AppRec xmlns='http://www.kith.no/xmlstds/apprec/2004-11-21'>{said}</AppRec>"
    return Rendered(text.encode(), "application/xml")


def apprec_for(issues: tuple[Issue, ...], raw: bytes, caller: Caller | None) -> Rendered:
    del raw, caller
    reasons = "".join(f"<Error S='urn:x' V='E' DN={quoteattr(issue.what)}/>" for issue in issues)
    return apprec(f"<Status V='2'/>{reasons}")


async def take_nav(raw: bytes, caller: Caller) -> Rendered:
    del caller
    if b"MsgHead" not in raw:
        raise NotAcceptable([Issue("structure", "", "this is not a message of NAV's")])
    return apprec("<Status V='1'/>")


def services(edge: Edge, limits: Limits) -> Services:
    async def dry_run(raw: bytes, format_id: str, caller: Caller, *, paper: bool) -> Iterable[Issue]:
        del format_id, caller, paper
        decoded = codec.decode(raw)
        told = Issue("informational", "", "it would go to nav", severity=Severity.INFORMATION)
        return (*decoded.issues, told) if decoded.resource else decoded.issues

    async def status(message_id: str, caller: Caller) -> Mapping[str, Any] | None:
        del caller
        if message_id not in {kept for kept, _ in edge.intake.by_key.values()}:
            return None
        return codec.message_task(message_id, 1e9, 1e9, [codec.Delivery("nav", State.DELIVERED)])

    async def ready() -> Mapping[str, bool]:
        return edge.ready

    return Services(
        fhir=codec,
        rate=RateLimit(time.monotonic),
        identify=identify,
        intake=edge.intake,
        dry_run=dry_run,
        status=status,
        consents=edge.consents,
        take_nav=take_nav,
        apprec_for=apprec_for,
        kind=lambda _raw: "se-fk-question",
        ready=ready,
        metadata=lambda base: codec.capability_statement(base, version="0.1.0", date="2026-11-24"),
        smart_configuration=lambda base: {"token_endpoint": f"{base}/token", "capabilities": ["permission-v2"]},
        registry=CollectorRegistry(),
        limits=limits,
    )


@contextlib.contextmanager
def running(limits: Limits) -> Iterator[Edge]:
    """Run the edge on a free loopback port, and its port for operators on another, until the block ends."""
    edge = Edge(MemoryIntake(), MemoryConsents(), {"store": True})
    parts = services(edge, limits)
    with (
        listening(create_app(parts)) as (edge.port, edge.thread),
        listening(create_upkeep(parts)) as (edge.ops_port, _),
    ):
        yield edge


@contextlib.contextmanager
def listening(app: ASGIApp) -> Iterator[tuple[int, int]]:
    """Serve an application on a free loopback port until the block ends; gives the port and the thread that serves."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = uvicorn.Server(server_config(app, "127.0.0.1", port))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield port, thread.native_id or 0
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
