"""What the console's pages cost on a log of a million entries, each against the 200 ms that a reader does not notice.

The whole application answers, from cookie to page, over an SQLite file; the look is logged first, as always. The counts
of the last thirty days are made once, before, as a running console has them; what that takes is told as well.
"""

import asyncio
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
from sqlalchemy import insert, select, update

from gateway.bench import Ratio
from gateway.console.app import create_console
from gateway.console.people import COOKIE, People
from gateway.console.sessions import Session, Sessions, Standing
from gateway.core.audit import AuditAction, AuditEntry, Disclosure, Outcome
from gateway.edge.audit.append import SALT
from gateway.edge.audit.watch import PIECE
from gateway.edge.store.cases import FIND
from gateway.edge.store.database import Database
from gateway.edge.store.schema import audit, log_tree, log_watch
from gateway.sandbox.installation import settings_for
from gateway.wiring.console import desk
from gateway.wiring.gateway import Gateway

ENTRIES: Final = 1_000_000
PATIENTS: Final = 20_000
DAYS: Final = 60
TIMES: Final = 5
GOAL: Final = 0.2
BATCH: Final = 20_000
PATIENT: Final = "0" * 31 + "7"
PERMIT: Final = Disclosure(policy="1", permitted=("sykmelding-to-nav",), withheld=("diagnosis.main.code",))
DENY: Final = Disclosure(policy="1", forbade=("no-employer-diagnosis",))
STORY: Final = (
    (AuditAction.ACCEPTED, Outcome.SUCCESS, None),
    (AuditAction.DECIDED, Outcome.SUCCESS, PERMIT),
    (AuditAction.DISCLOSED, Outcome.SUCCESS, None),
    (AuditAction.HANDED_OVER, Outcome.SUCCESS, None),
    (AuditAction.RECEIPT, Outcome.SUCCESS, None),
)
ADDRESSES: Final = (
    "/overview",
    "/log",
    "/log?view=refused",
    "/log?view=glass",
    "/log?view=all",
    "/log?since=-7d",
    "/log?until=-50d",
    "/log?recipient=nav",
    "/log?purpose=pay",
    "/cases",
    "/cases?kind=first-time",
    "/rules",
    "/who",
    "/recipients",
    "/check",
    "/statistics",
)


def run() -> list[Ratio]:
    """Measure every page."""
    return measured(ENTRIES)


def measured(entries: int) -> list[Ratio]:
    """Measure every page on a log of so many entries."""
    with tempfile.TemporaryDirectory(prefix="samspill-bench-") as name:
        gateway = Gateway(settings_for(Path(name)))
        try:
            fill(gateway.database, entries)
            return asyncio.run(_pages(gateway))
        finally:
            gateway.database.close()


def fill(database: Database, entries: int) -> None:
    """Fill a log, spread over the last days: five entries a message, one message in a hundred refused."""
    now = database.time()
    rows = _rows(now, entries)
    with database.engine.begin() as connection:
        for _ in range(0, entries, BATCH):
            connection.execute(insert(audit), [row for _, row in zip(range(BATCH), rows, strict=False)])
        connection.execute(update(log_tree).values(size=entries))


def _rows(now: float, entries: int) -> Iterator[dict[str, Any]]:
    step = DAYS * 86_400 / entries
    for number in range(entries):
        message, part = divmod(number, len(STORY))
        action, outcome, disclosure = STORY[part]
        if action is AuditAction.DECIDED and message % 100 == 0:
            outcome, disclosure = Outcome.DENIED, DENY
        entry = AuditEntry(
            id=f"{number:032x}",
            recorded_at=now - (entries - number) * step,
            action=action,
            outcome=outcome,
            actor="ehr",
            recipient="nav" if message % 3 else "employer",
            patient=f"{message % PATIENTS:032x}",
            message=f"{message:032x}",
            purpose="benefit",
            disclosure=disclosure,
        )
        columns = ("id", "recorded_at", "action", "outcome", "actor", "recipient", "patient", "message", "purpose")
        row = {name: getattr(entry, name) for name in columns}
        yield row | {
            "action": action.value,
            "outcome": outcome.value,
            "entry": entry.canonical(),
            "salt": bytes(SALT),
            "tree_index": number,
            "leaf": bytes(32),
        }


async def _pages(gateway: Gateway) -> list[Ratio]:
    sessions = Sessions(time.monotonic)
    console = desk(gateway)
    at = sessions.now()
    officer = Session(Standing.OFFICER, "officer:bench", "bench", "", secrets.token_hex(16), at, at)
    name = sessions.open(officer)
    began = time.perf_counter()
    while not console.tally.count(10.0):
        pass
    counted = time.perf_counter() - began
    app = create_console(console, {}, People(gateway.vault, frozenset(), frozenset()), sessions)
    patient = officer.handle(PATIENT)
    own = (f"/patient/{patient}", f"/patient/{patient}/answer", f"/log?view=all&patient={patient}")
    found = [Ratio("counting the last thirty days once, to a minute", counted, 60.0, 1.0)]
    found.append(Ratio(f"searching {PIECE} entries for cases, to a second", searched(gateway), 1.0, 1.0))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://bench", cookies={COOKIE: name}) as client:
        for address in (*ADDRESSES, *own):
            shown = address.replace(patient, "…")
            found.append(Ratio(f"{shown}, to 200 ms", await _slowest(client, address), GOAL, 1.0))
    return found


def searched(gateway: Gateway) -> float:
    """Give the seconds that the slowest of several pieces takes to be searched, in the middle of the log."""
    with gateway.database.engine.begin() as connection:
        half = connection.execute(select(log_tree.c.size)).scalar_one() // 2
        connection.execute(update(log_watch).values(upto=half))
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        found = gateway.watch.piece()
        if found is None:
            raise AssertionError("there is nothing to search")
        gateway.database.write_now(FIND, found)
        times.append(time.perf_counter() - began)
    return max(times)


async def _slowest(client: httpx.AsyncClient, address: str) -> float:
    """Give the slowest of several answers, after one that warms."""
    times = []
    for _ in range(TIMES + 1):
        began = time.perf_counter()
        answer = await client.get(address)
        times.append(time.perf_counter() - began)
        if answer.status_code != httpx.codes.OK:
            raise AssertionError(f"{address.partition('?')[0]}: status {answer.status_code}")
    return max(times[1:])
