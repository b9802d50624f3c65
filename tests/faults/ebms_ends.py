"""The two ends of an ebMS relation as processes of their own, each with its disk, and HTTP between them.

It imports everything once, and forks an end for each line that it reads, whose process id it answers:

{"end": "us" or "nav", "die_at": …, "folder": …, "certificates": …, "url": …, "ports": {"us": …, "nav": …}, "sync": …,
"signal": …, "said": […], "asked": […]}

An end that reaches `die_at` kills itself with SIGKILL; nothing of it is left but its disk.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path

import aiohttp
import structlog
from aiohttp import web
from ebms_kit import Nav, Us, agreement_for
from line_kit import message, receipt_for

from gateway.core.errors import Busy, Uncertain, Unreachable
from gateway.edge.channel import MemoryChannel
from gateway.sandbox.msh import Heard, Signal

structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))


class Disk:
    """A file of lines; a line that was written is there, whatever becomes of the process."""

    def __init__(self, file):
        self.file = file

    def add(self, **said):
        with self.file.open("ab") as lines:
            lines.write(json.dumps(said).encode() + b"\n")

    def lines(self):
        return [json.loads(line) for line in self.file.read_bytes().splitlines()] if self.file.exists() else []


class Http:
    """Posts to the other end."""

    def __init__(self, port):
        self.url, self.session = f"http://127.0.0.1:{port}/", None

    async def post(self, body, headers):
        self.session = self.session or aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2))
        try:
            async with self.session.post(self.url, data=body, headers=headers) as response:
                answer = await response.read()
                if response.status >= 400:
                    raise Uncertain(f"the other end answered {response.status}")
                return response.headers.get("Content-Type", ""), answer
        except aiohttp.ClientConnectorError:
            raise Unreachable("nobody listens") from None
        except (aiohttp.ClientError, TimeoutError):
            raise Uncertain("the line was cut") from None

    async def close(self):
        pass


class Mortal:
    """Dies where it is told to."""

    def __init__(self, die_at):
        self.die_at = die_at

    def __call__(self, point):
        if point == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)


class OurEnd(Us):
    """The gateway's end; what its office got stands in a file."""

    def __init__(self, options, agreed, mortal):
        self.mortal, self.options = mortal, options
        super().__init__(options["url"], Path(options["certificates"]), agreed, Http(options["ports"]["nav"]))
        disk = Disk(Path(options["folder"]) / "office")
        self.office = self.rig.channels["office"] = MemoryChannel(lambda key, _body: disk.add(key=key) or b"")

    def probe(self, point):
        self.mortal(point)

    async def handle(self, request):
        try:
            answer = await self.intake.take(request.headers["Content-Type"], await request.read(), self.caller)
        except Busy:
            return web.Response(status=503)
        return web.Response(
            body=answer.body, status=200 if answer.body else 202, headers={"Content-Type": answer.media_type or "a/b"}
        )

    async def run(self):
        async with self.working():
            for number in self.options["said"]:
                with contextlib.suppress(Busy):
                    raw = message(number, "nav", case=f"case-{number % 3}")
                    await self.rig.intake.accept(raw, "json", "ehr", f"key-{number}")
            await asyncio.Event().wait()


class NavsEnd(Nav):
    """NAV's end: what it has taken, and what it owes, is on its disk in one line before anything else happens."""

    def __init__(self, options, agreed, mortal):  # noqa: ARG002
        super().__init__(Path(options["certificates"]), None)
        self.options, self.mortal = options, mortal
        self.transport.signal = Signal(options["signal"])
        self.http, self.disk = Http(options["ports"]["us"]), Disk(Path(options["folder"]) / "nav")

    def recall(self):
        """Read the disk, and go on with what was not acknowledged."""
        for line in self.disk.lines():
            self.taken |= {line["taken"]} if "taken" in line else set()
            if "head" in line:
                head = Heard(**line["head"] | {"document": line["document"].encode(), "codes": ()})
                self.waiting[head.message_id] = head
            self.waiting.pop(line.get("acknowledged"), None)
        for head in list(self.waiting.values()):
            self._pending.start(self.until_acknowledged(head))

    def business(self, heard, key):
        seen = json.loads(heard.document)
        self.mortal("nav.before-taken")
        if "receipt_for" in seen:
            self.disk.add(taken=heard.message_id, receipt=seen["receipt_for"])
        else:
            head = self.head(heard.service, "Svar", receipt_for(f"{seen['id']}-to-nav"), heard)
            self.disk.add(taken=heard.message_id, received=seen["id"], key=key, **_written(head))
            self.waiting[head.message_id] = head
            self._pending.start(self.until_acknowledged(head))
        self.mortal("nav.after-taken")

    def ask(self, number):
        head = self.head(
            "HenvendelseFraSaksbehandler", "Henvendelse", message(number, "office", case=f"nav-{number % 3}")
        )
        self.disk.add(asked=number, **_written(head))
        self.waiting[head.message_id] = head
        self._pending.start(self.until_acknowledged(head))

    async def until_acknowledged(self, head):
        await super().until_acknowledged(head)
        self.mortal("nav.before-acknowledged")
        self.disk.add(acknowledged=head.message_id)
        self.mortal("nav.after-acknowledged")

    async def post(self, url, body, headers):  # noqa: ARG002
        answer = await self.http.post(body, headers)
        self.mortal("nav.answered")
        return answer

    async def handle(self, request):
        key = request.headers.get("Idempotency-Key", "")
        status, answer = self.take(request.headers["Content-Type"], await request.read(), key)
        self.mortal("nav.before-answer")
        return web.Response(status=status, body=answer, content_type="text/xml", charset="utf-8")

    async def run(self):
        self.recall()
        known = {line["asked"] for line in self.disk.lines() if "asked" in line}
        for number in self.options["asked"]:
            if number not in known:
                self.ask(number)
        await asyncio.Event().wait()


def _written(head):
    said = asdict(head)
    return {"head": {name: said[name] for name in said if name != "document"}, "document": head.document.decode()}


async def live(options):
    """Be one end until killed."""
    mortal = Mortal(options["die_at"])
    agreed = agreement_for(Path(options["folder"]), Path(options["certificates"]), options["sync"])
    end = {"us": OurEnd, "nav": NavsEnd}[options["end"]](options, agreed, mortal)
    app = web.Application(client_max_size=2**24)
    app.router.add_post("/", end.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", options["ports"][options["end"]], reuse_address=True).start()
    await end.run()


def main():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are not waited for
    for line in sys.stdin:
        options = json.loads(line)
        child = os.fork()
        if not child:
            os.setsid()
            os.dup2(os.open(Path(options["folder"]) / "told", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
            asyncio.run(live(options))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
