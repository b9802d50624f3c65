"""Who calls, and whether our certificates and parties may be used: the identity parts as the settings say."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import httpx
import structlog
from cryptography import x509
from starlette.requests import Request

from gateway.core.errors import ConfigurationError
from gateway.edge import certs
from gateway.edge.config import Settings
from gateway.edge.identity import faults
from gateway.edge.identity.access import Caller
from gateway.edge.identity.dpop import Proofs
from gateway.edge.identity.identify import Identify
from gateway.edge.identity.jwks import PublishedKeys, fetching
from gateway.edge.identity.parties import Registry
from gateway.edge.identity.replay import Nonces
from gateway.edge.identity.revocation import RevocationSources, asking
from gateway.edge.identity.signer import MessageSigners
from gateway.edge.identity.standing import Standings, certificates
from gateway.edge.keys import Vault
from gateway.edge.peer import peer_certificate
from gateway.edge.seal.keys import KeyRing
from gateway.edge.store.database import Database
from gateway.edge.store.proofs import SharedReplayStore
from gateway.edge.trust import Anchors, Revocation, Untrusted, chain_only, checking

REFRESHED: Final = 3600.0
"""Seconds between two fetches of what revocation sources say."""


class Identity:
    """Tells callers by the registry, and keeps what it has to know for that: issuers' keys and revocation answers."""

    def __init__(self, settings: Settings, registry: Registry, vault: Vault, database: Database) -> None:
        self._settings = settings
        self._registry = registry
        self._anchors = Anchors(x509.load_pem_x509_certificates((settings.certificates / "ca.pem").read_bytes()))
        self._client = httpx.AsyncClient(timeout=5.0)
        self.revocation = Revocation()
        self._sources = RevocationSources(self.revocation, asking(self._client), settings.revocation_hosts)
        self.trust = chain_only(self._anchors, now) if settings.demo else checking(self._anchors, self.revocation, now)
        known = None if settings.demo else self.revocation
        self.standings = Standings(registry, self._anchors, known, now)
        proofs = Proofs(Nonces(vault.mac("dpop", "nonce").encode(), clock), SharedReplayStore(database))
        keys = PublishedKeys(fetching(self._client), clock)
        self.signers = MessageSigners(registry.issuers.values(), keys, clock)
        self._identify = Identify(registry, keys, proofs, self.trust, clock)

    def caller(self) -> Callable[[Request], Awaitable[Caller]]:
        """Give what tells the caller of a request; it raises `AccessRefused`."""
        base = self._settings.base_url

        async def caller(request: Request) -> Caller:
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
            url = f"{base}{_path(request)}"
            return await self._identify(headers, request.method, url, peer_certificate(request.scope))

        return caller

    async def watch(self, stopping: asyncio.Event) -> None:
        """Ask the revocation sources about the parties' certificates, at once and then every hour, until stopped."""
        while not stopping.is_set():
            for missed in await self.refresh():
                structlog.get_logger().warning("revocation-unknown", about=missed)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), REFRESHED)

    async def refresh(self) -> tuple[str, ...]:
        """Ask once about every certificate of a party; give what could not be known."""
        missed: list[str] = []
        for party, certificate, purpose in certificates(self._registry):
            try:
                chain = self._anchors.chain(certificate, purpose, now())
            except Untrusted:
                missed.append(f"a certificate of party {party.id} has no valid chain")
            else:
                missed += await self._sources.refresh(chain, now())
        return tuple(dict.fromkeys(missed))

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._client.aclose()


def _path(request: Request) -> str:
    """Give the path as the caller wrote it, which is what a proof names."""
    raw = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    return raw.decode("latin-1")


def refuse_examples(settings: Settings, registry: Registry, signing: KeyRing) -> None:
    """Raise `ConfigurationError` for example certificates, issuers, parties or numbers outside demo mode."""
    if settings.demo:
        return
    wrong = certs.examples(sorted(settings.certificates.glob("*.pem")))
    wrong += faults.of_registry(registry, certs.is_example, demo=False)
    wrong += faults.of_keys(signing.keys, certs.is_example, demo=False)
    if wrong:
        raise ConfigurationError(wrong)


def warn_of_expiry(registry: Registry, signing: KeyRing) -> None:
    """Log each certificate that expires within 30 days."""
    for fault in faults.of_expiry(registry, signing.keys, now()):
        structlog.get_logger().warning("certificate-expiry", about=fault)


def now() -> datetime:
    """Give the time, in UTC."""
    return datetime.now(UTC)


def clock() -> float:
    """Give the seconds since 1970."""
    return now().timestamp()
