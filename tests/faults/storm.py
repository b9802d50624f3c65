"""A storm: senders, receivers and consents with their ledgers, around gateway nodes that are killed all the time."""

import asyncio
import contextlib
import json
import random
import signal
import socket
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web
from certificates import Authority
from line_kit import message

HERE = Path(__file__).parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


@dataclass
class Ledger:
    """What senders were promised, what receivers got, and when a consent's withdrawal was answered."""

    acknowledged: set = field(default_factory=set)
    withdrawn: dict = field(default_factory=dict)  # patient -> when the withdrawal was answered
    withdrawing: set = field(default_factory=set)
    received: dict = field(default_factory=lambda: defaultdict(list))  # (party, id) -> [(key, when)]
    kills: int = 0

    def lost(self):
        """Acknowledged messages that NAV never got, and that an employer never got though its consent stood."""
        missing = {n for n in self.acknowledged if ("nav", f"msg-{n}") not in self.received}
        return missing | {
            n
            for n in self.acknowledged
            if with_employer(n)
            and f"patient-{n}" not in self.withdrawing
            and ("employer", f"msg-{n}") not in self.received
        }

    def leaked(self):
        """Messages that an employer got after the withdrawal of the consent had been answered."""
        return {
            name
            for (party, name), arrivals in self.received.items()
            if party == "employer"
            for _key, when in arrivals
            if when > self.withdrawn.get(f"patient-{name.removeprefix('msg-')}", float("inf"))
        }

    def doubled(self):
        """Messages that arrived under two keys: the receiver could not tell that they were one."""
        return {place for place, arrivals in self.received.items() if len({key for key, _ in arrivals}) > 1}

    def redelivered(self):
        return sum(len(arrivals) - 1 for arrivals in self.received.values())


def with_employer(number):
    return number % 4 == 0


class Storm:
    def __init__(self, folder: Path, urls, *, control="", seed=1, trouble=0.05):
        self.ledger, self.random = Ledger(), random.Random(seed)  # noqa: S311
        self.folder, self.control, self.trouble = folder, control, trouble
        self.authority = Authority(folder)
        self.ports = [free_port() for _ in urls]
        self.receiver = free_port()
        self.urls = list(urls)
        self.nodes = [None] * len(urls)
        self.numbers = iter(range(10**9))
        self.sending = True
        self.withdrawals = set()

    # The receiver

    async def receive(self, request):
        seen = json.loads(await request.read())
        if self.random.random() < self.trouble:
            return web.Response(status=self.random.choice([503, 500]))
        self.ledger.received[seen["party"], seen["id"]].append((request.headers["Idempotency-Key"], time.monotonic()))
        if self.random.random() < self.trouble / 2:
            request.transport.abort()
        return web.Response()

    @contextlib.asynccontextmanager
    async def receiving(self):
        app = web.Application()
        app.router.add_post("/in", self.receive)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "localhost", self.receiver, ssl_context=self.authority.server_context()).start()
        try:
            yield
        finally:
            await runner.cleanup()

    # The nodes

    async def start(self, place, **more):
        options = {
            "url": self.urls[place],
            "port": self.ports[place],
            "receiver": self.receiver,
            "certificates": str(self.folder),
            "control": self.control,
        }
        while True:  # a node that finds its database starting ends, and is started again, as a supervisor does
            with (self.folder / f"node-{place}.log").open("ab") as errors:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    str(HERE / "node.py"),
                    json.dumps(options | more),
                    stdout=asyncio.subprocess.PIPE,
                    stderr=errors,
                )
            self.nodes[place] = process
            if await asyncio.wait_for(process.stdout.readline(), 30):
                return process
            await process.wait()

    async def kill(self, place):
        process = self.nodes[place]
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()
        self.ledger.kills += 1

    async def stop(self):
        for process in self.nodes:
            if process and process.returncode is None:
                process.kill()
                await process.wait()

    async def kill_on(self, kills, acknowledged, pause):
        """Kill a node now and then, evenly over the messages, until there were enough of both."""
        while self.ledger.kills < kills or len(self.ledger.acknowledged) < acknowledged:
            await asyncio.sleep(self.random.uniform(*pause))
            if len(self.ledger.acknowledged) * kills < acknowledged * self.ledger.kills:
                continue
            place = self.random.randrange(len(self.nodes))
            await self.kill(place)
            await self.start(place)

    # The senders

    async def post(self, session, path, headers, body):
        """Post until it is answered, as a sender does: the same message under the same key."""
        while True:
            port = self.random.choice(self.ports)
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                async with session.post(f"http://localhost:{port}{path}", data=body, headers=headers) as response:
                    if response.status in {200, 202}:
                        return
                    assert response.status == 503, response.status
            await asyncio.sleep(0.05)

    async def send(self, session):
        while self.sending:
            number = next(self.numbers)
            if with_employer(number):
                await self.consent(session, number, "active")
            parties = ["nav", "employer"] if with_employer(number) else ["nav"]
            await self.post(session, "/in", {"Idempotency-Key": f"key-{number}"}, message(number, *parties))
            self.ledger.acknowledged.add(number)
            if number % 8 == 0 and len(self.withdrawals) < 100:
                task = asyncio.create_task(self.withdraw(session, number))
                self.withdrawals.add(task)
                task.add_done_callback(self.withdrawals.discard)

    async def consent(self, session, number, status):
        body = json.dumps({"id": f"c-{number}", "patient": f"patient-{number}", "status": status})
        await self.post(session, "/consent", {}, body.encode())

    async def withdraw(self, session, number):
        self.ledger.withdrawing.add(f"patient-{number}")
        await asyncio.sleep(self.random.uniform(0, 0.3))
        await self.consent(session, number, "inactive")
        self.ledger.withdrawn[f"patient-{number}"] = time.monotonic()

    async def rage(self, *, kills=3, acknowledged=300, pause=(0.4, 1.0), senders=16, during=None, settle=60):
        """Send while nodes are killed, then let what was acknowledged arrive. Gives the ledger."""
        async with self.receiving():
            try:
                await asyncio.gather(*(self.start(place) for place in range(len(self.nodes))))
                timeout = aiohttp.ClientTimeout(total=15)
                async with aiohttp.ClientSession(timeout=timeout) as session:
                    tasks = [asyncio.create_task(self.send(session)) for _ in range(senders)]
                    await asyncio.gather(self.kill_on(kills, acknowledged, pause), *([during(self)] if during else []))
                    self.sending = False
                    await asyncio.gather(*tasks)
                    await asyncio.gather(*self.withdrawals)
                    await self.calm(settle)
            finally:
                await self.stop()
        return self.ledger

    async def calm(self, seconds):
        end = time.monotonic() + seconds
        while self.ledger.lost() and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
        await asyncio.sleep(0.5)
