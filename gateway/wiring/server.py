"""The HTTPS server of an installation."""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import uvicorn

from gateway.edge.absences.cases import Case
from gateway.edge.audit.reader import LogReader
from gateway.edge.http import (
    Tls,
    absences,
    cases,
    create_app,
    create_upkeep,
    ebms,
    glass,
    inbox,
    notices,
    riv,
    server_config,
)
from gateway.wiring.absences import error_lines
from gateway.wiring.audit import router
from gateway.wiring.followup import as_fhir
from gateway.wiring.gateway import Gateway
from gateway.wiring.notices import shown

OLDEST: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def https_server(gateway: Gateway) -> uvicorn.Server:
    """Give the HTTPS server of a gateway, not yet running."""
    settings, folder = gateway.settings, gateway.settings.certificates
    tls = Tls(
        folder / "gateway.pem",
        folder / "gateway.key",
        folder / "ca.pem",
        demanded=settings.client_certificates,
        oldest=OLDEST[settings.oldest_tls],
    )
    services = gateway.services()
    reader = LogReader(gateway.database, gateway.vault, gateway.rulebook)
    log = router(services, reader, gateway.registry.parties.values(), settings.base_url)
    parts = [log, glass.router(services, gateway.glass), notices.router(services, gateway.notices, shown)]
    if gateway.mshs:
        parts.append(ebms.router(services, gateway.ebms_intake))
    parts.append(absences.router(services, gateway.absences, error_lines))
    parts.append(cases.router(services, gateway.cases, _planned))
    parts.append(riv.lists(services, gateway.sick_leave_lists.answer))
    parts.append(inbox.router(services, gateway.inbox))
    config = server_config(create_app(services, parts), settings.host, settings.port, tls)
    return uvicorn.Server(config)


def _planned(case: Case) -> Mapping[str, Any]:
    """Give a case as a FHIR Bundle: a CarePlan, and a Task for each point."""
    return as_fhir(case.person, case.spells[0].start, case.entries)


def ops_servers(gateway: Gateway) -> list[uvicorn.Server]:
    """Give the server of health and metrics, not yet running; none when the settings name no port for it."""
    settings = gateway.settings
    if not settings.ops_port:
        return []
    return [uvicorn.Server(server_config(create_upkeep(gateway.services()), settings.ops_host, settings.ops_port))]


async def serve_all(servers: Sequence[uvicorn.Server], listeners: Iterable[socket.socket] = ()) -> None:
    """Serve until one of them is told to stop, and then stop them all.

    The first of them listen on `listeners`, sockets that are bound already; the others as their settings say.
    """
    given = ([listener] for listener in listeners)
    tasks = [asyncio.create_task(server.serve(next(given, None))) for server in servers]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks)
