"""The console of an installation: its desk, its log-in providers, and its server on a port of its own."""

import ssl
import time
from collections.abc import Mapping
from functools import cache, partial

import httpx
import uvicorn

from gateway.console.app import create_console
from gateway.console.desk import Contents, Desk
from gateway.console.oidc import Login, Provider
from gateway.console.people import People
from gateway.console.sessions import Sessions
from gateway.console.tally import Tally
from gateway.console.verification import Verification
from gateway.core.errors import NotAcceptable
from gateway.edge.audit.reader import LogReader
from gateway.edge.config import Settings
from gateway.edge.http import Tls, server_config
from gateway.edge.keys import Destroyed
from gateway.edge.rule_sets import keep, revision
from gateway.edge.store import statements
from gateway.edge.store.decide import inbound
from gateway.model.messages import about
from gateway.policy.elements import elements_of
from gateway.wiring.audit import AuditEvents, guard
from gateway.wiring.gateway import Gateway
from gateway.wiring.identity import now


def console_server(gateway: Gateway) -> uvicorn.Server:
    """Give the HTTPS server of the console, not yet running: no client certificate is asked for, people log in."""
    settings = gateway.settings
    tls = Tls(settings.certificates / "gateway.pem", settings.certificates / "gateway.key")
    officers, operators = frozenset(settings.console_officers), frozenset(settings.console_operators)
    known = People(gateway.vault, officers, operators)
    client = _client(settings)
    app = create_console(desk(gateway), _logins(settings, client), known, Sessions(time.monotonic), client.aclose)
    return uvicorn.Server(server_config(app, settings.host, settings.console_port, tls))


def _client(settings: Settings) -> httpx.AsyncClient:
    """Give the client that providers are asked with. Outside the demo only public authorities vouch for them."""
    trusted: ssl.SSLContext | bool = True
    if settings.demo:
        trusted = ssl.create_default_context(cafile=settings.certificates / "ca.pem")
    return httpx.AsyncClient(verify=trusted, timeout=10.0, trust_env=not settings.demo)


def _logins(settings: Settings, client: httpx.AsyncClient) -> Mapping[str, Login]:
    """Give the providers that are set."""
    callback = f"{settings.console_url.rstrip('/')}/callback"
    providers = {
        "staff": _provider(settings.console_staff_issuer, settings, "staff"),
        "patient": _provider(settings.console_patient_issuer, settings, "patient"),
    }
    return {
        name: Login(one, client, callback, lambda: int(time.time()))
        for name, one in providers.items()
        if one is not None
    }


def _provider(issuer: str, settings: Settings, name: str) -> Provider | None:
    if not issuer:
        return None
    secret = getattr(settings, f"console_{name}_secret")
    return Provider(
        issuer=issuer,
        client=getattr(settings, f"console_{name}_client"),
        secret=secret.read_text("utf-8").strip() if secret else "",
        levels=getattr(settings, f"console_{name}_levels"),
    )


def desk(gateway: Gateway) -> Desk:
    """Give what the pages read."""
    database = gateway.database
    keep(database, gateway.rulebook)
    watch = guard(gateway.settings, database)
    return Desk(
        database=database,
        vault=gateway.vault,
        rulebook=gateway.rulebook,
        reader=LogReader(database, gateway.vault, gateway.rulebook),
        review=gateway.review,
        register=gateway.register,
        consents=gateway.consents,
        registry=gateway.registry,
        routing=gateway.routing,
        key=watch.key,
        anchors=watch.anchors,
        contents=partial(contents, gateway),
        bundle=AuditEvents(gateway.settings.base_url, gateway.registry.parties.values()).bundle,
        tally=Tally(database),
        guard=watch,
        standings=gateway.identity.standings,
        verification=Verification(watch.alerting),
        revision=cache(lambda: revision(database, gateway.rulebook, now().date())),
    )


def contents(gateway: Gateway, message: str) -> Contents | None:
    """Give what a stored message holds, by paths and classes alone; nothing when it can no longer be read."""
    rows = gateway.database.rows(statements.SOURCES, ids=[message])
    if not rows:
        return None
    source = inbound(rows[0])
    try:
        raw = gateway.vault.open("inbound", source.id, source.body, source.wrapped)
        record = gateway.line.again(raw, source.format).record
    except (NotAcceptable, Destroyed):
        return None
    known = about(record)
    sender = gateway.registry.party(source.sender)
    if known is None or sender is None:
        return None
    leaves = {path: one.data_class for one in elements_of(record) for path in one.fields}
    return Contents(known.kind, sender.roles, leaves)
