"""The disclosure log of an installation: its key, its anchors, its keeper, and its entries as FHIR has them."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
from fastapi import APIRouter

from adapters.fhir.audit_event import Placed, Shown, Who, audit_event, search_bundle
from gateway.core.checkpoint import Signer
from gateway.core.errors import ConfigurationError
from gateway.core.vocabulary import Purpose
from gateway.edge.audit.anchors import Anchors, key_at
from gateway.edge.audit.guard import LogGuard
from gateway.edge.audit.reader import LogReader
from gateway.edge.audit.search import Found
from gateway.edge.audit.stamps import Stamps, authority
from gateway.edge.audit.tree import Cadence, LogKeeper
from gateway.edge.config import Settings
from gateway.edge.http import Services, audit
from gateway.edge.http.audit import AuditServices
from gateway.edge.identity.parties import Party
from gateway.edge.store.database import Database
from gateway.policy.consent import purpose_coding


def signer(settings: Settings) -> Signer:
    """Give the key that signs the log, made at first use and named after this gateway's address."""
    name = f"{urlsplit(settings.base_url).hostname or 'gateway'}/disclosure-log"
    return key_at(settings.log_key or settings.data / "log.key", name)


def stamps(settings: Settings) -> Stamps | None:
    """Give what time stamps are checked with, if roots of authorities are set."""
    return Stamps(settings.log_time_stamp_roots) if settings.log_time_stamp_roots else None


def anchors(settings: Settings) -> Anchors:
    """Give the folder that checkpoints are dropped in, each with a time stamp where an authority is set.

    Raises `ConfigurationError` for an authority without roots: what it answers could be anybody's.
    """
    folder = settings.log_anchors or settings.data / "log-anchors"
    if not settings.log_time_stamp_url:
        return Anchors(folder)
    roots = stamps(settings)
    if roots is None:
        raise ConfigurationError(["SAMSPILL_LOG_TIME_STAMP_ROOTS: an authority is set, and no roots to check it by"])
    return Anchors(folder, authority(settings.log_time_stamp_url, roots, httpx.Client()))


def guard(settings: Settings, database: Database) -> LogGuard:
    """Give what verifies the log of a store."""
    return LogGuard(database, signer(settings).verifier, anchors(settings), stamps(settings))


def keeper(settings: Settings, database: Database) -> LogKeeper:
    """Give what keeps the tree of a store."""
    cadence = Cadence(settings.log_checkpoint_entries, settings.log_checkpoint_seconds)
    return LogKeeper(database, signer(settings), anchors(settings), cadence)


class AuditEvents:
    """Entries as FHIR AuditEvents; `parties` are those to show by name and address, and not by id alone."""

    def __init__(self, gateway: str, parties: Iterable[Party] = ()) -> None:
        self._gateway = gateway
        self._parties = {one.id: Who(one.id, one.name, one.endpoints.get("messages", "")) for one in parties}

    def page(self, found: Iterable[Found], own: bool, base: str, links: Mapping[str, str]) -> dict[str, Any]:
        """Give a page of a search; `own` is the patient's own view."""
        shown = Shown(self._gateway, purpose_coding, self._parties, own)
        return search_bundle((_event(one, shown) for one in found), base, links)

    def bundle(self, found: Iterable[Found]) -> dict[str, Any]:
        """Give entries as a Bundle of their own, for officers."""
        shown = Shown(self._gateway, purpose_coding, self._parties)
        entries = [
            {"fullUrl": f"{self._gateway}/fhir/AuditEvent/{one.entry.id}", "resource": _event(one, shown)}
            for one in found
        ]
        return {"resourceType": "Bundle", "type": "collection"} | ({"entry": entries} if entries else {})


def router(services: Services, reader: LogReader, parties: Iterable[Party], address: str) -> APIRouter:
    """Give the routes of AuditEvent, for `create_app`; `address` is this gateway's own."""
    page = AuditEvents(address, parties).page
    return audit.router(AuditServices(services, reader, page, purposes(), reader.pseudonym))


def _event(one: Found, shown: Shown) -> dict[str, Any]:
    placed = Placed(one.index, one.leaf) if one.index is not None and one.leaf else None
    return audit_event(one.entry, shown, placed)


def purposes() -> dict[str, Purpose]:
    """Give our purposes by their codings, as a search names them."""
    return {"|".join(purpose_coding(one)): one for one in Purpose}
