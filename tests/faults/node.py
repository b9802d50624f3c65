"""One gateway node as a process of its own: HTTP in, worker, HTTPS with a client certificate out. The storms kill it.

python node.py '{"url": …, "port": …, "receiver": …, "certificates": …, "control": …, "die_at": …}'

`control` breaks one promise on purpose, so that a storm can show that it sees what it looks for.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import structlog
from aiohttp import web
from line_kit import PlainGather, PlainLine, vault
from tenacity import stop_after_delay, wait_fixed

from gateway.core.errors import Busy, NotAcceptable
from gateway.edge.channel import Endpoint, HttpsChannel
from gateway.edge.delivery.ports import Work
from gateway.edge.delivery.terms import Acknowledges, Breaker, Retry, Terms
from gateway.edge.delivery.worker import Worker
from gateway.edge.intake import Intake, Watermarks
from gateway.edge.store import deliver
from gateway.edge.store.accept import Conflict
from gateway.edge.store.database import Database, Settings
from gateway.edge.store.register import ConsentRegister

structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))


class Node:
    def __init__(self, options):
        self.options = options
        self.control = options.get("control", "")
        self.vault = vault()
        self.database = Database(Settings(options["url"], probe=self.probe))
        self.line = PlainLine()
        self.intake = Intake(self.database, self.vault, self.line, Watermarks(free_disk=0))
        self.register = ConsentRegister(self.database, self.vault)
        self.tasks = set()
        self.left = options.get("die_after", 1)
        if self.control == "no-check-at-attempt":
            deliver._still_permitted = lambda *_: True

    def probe(self, point):
        if point == self.options.get("die_at"):
            self.left -= 1
            if self.left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def work(self):
        folder = Path(self.options["certificates"])
        channel = HttpsChannel(
            Endpoint(
                f"https://localhost:{self.options['receiver']}/in",
                certificate=folder / "client.pem",
                authorities=folder / "ca.pem",
                timeout=2.0,
            )
        )
        terms = Terms(
            concurrency=16,
            patience=self.options.get("patience", 2.0),
            retry=Retry(wait_fixed(0.1), stop_after_delay(600)),
            breaker=Breaker(50, 0.2),
            acknowledges=Acknowledges.TRANSPORT,
        )
        return Work(
            self.line,
            PlainGather(self.register),
            lambda _party: channel,
            {},
            terms,
            poll=0.2,
            decide_within=3.0,
            probe=self.probe,
        )

    async def take(self, request):
        body, key = await request.read(), request.headers["Idempotency-Key"]
        if self.control == "ack-before-commit":
            task = asyncio.create_task(self.intake.accept(body, "json", "ehr", key))
            self.tasks.add(task)
            return web.Response(status=202)
        try:
            accepted = await self.intake.accept(body, "json", "ehr", key)
        except Busy as busy:
            return web.Response(status=503, headers={"Retry-After": str(busy.retry_after)})
        except Conflict:
            return web.Response(status=409)
        except NotAcceptable:
            return web.Response(status=422)
        return web.json_response({"id": accepted.id, "again": accepted.again}, status=202)

    async def consent(self, request):
        seen = await request.json()
        try:
            await self.register.put(seen["id"], b"{}", seen["patient"], seen["status"], "ehr")
        except Busy:
            return web.Response(status=503)
        return web.Response(status=200)

    async def run(self):
        app = web.Application()
        app.router.add_post("/in", self.take)
        app.router.add_post("/consent", self.consent)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "localhost", self.options["port"], reuse_address=True).start()
        print("ready", flush=True)  # noqa: T201 - the storm waits for it
        await Worker(self.database, self.vault, self.work()).run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(Node(json.loads(sys.argv[1])).run())
