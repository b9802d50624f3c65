"""Both ends of an ebMS relation in one process, each with its disk, and a wire between them that misbehaves."""

import asyncio
import contextlib
import json
import re
from collections import Counter
from pathlib import Path

from line_kit import PlainLine, message, receipt_for
from rig import Rig
from sqlalchemy import select
from tenacity import stop_after_attempt, wait_fixed

from adapters import ebxml
from gateway.core.errors import Busy, Uncertain, Unreachable
from gateway.core.message import Rendered
from gateway.edge.channel import MemoryChannel
from gateway.edge.delivery.ports import Work
from gateway.edge.delivery.terms import Acknowledges, Agreed, Breaker, Retry, Terms
from gateway.edge.delivery.worker import Worker
from gateway.edge.ebms.channel import EbmsChannel, addressed
from gateway.edge.ebms.intake import EbmsIntake
from gateway.edge.ebms.msh import Msh
from gateway.edge.ebms.replies import Replies
from gateway.edge.identity.access import Caller
from gateway.edge.identity.parties import Party, Transport, Way, Wrapping
from gateway.edge.receipts import Business
from gateway.edge.seal.keys import read_ring
from gateway.edge.store.schema import ebms_owed
from gateway.sandbox.agreement import Reliability, write
from gateway.sandbox.msh import SandboxMsh
from gateway.wiring.ebms import relation
from gateway.wiring.identity import now

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "mappings" / "schema"
ADDRESS = ebxml.address_of(b"<MsgHead><HelseOpplysningerArbeidsuforhet/></MsgHead>")
MEDIA = addressed("application/json", ADDRESS)
ACTION = re.compile(rb"<eb:Action>([A-Za-z]+)</eb:Action>")
OWED = select(ebms_owed.c.id).where(~ebms_owed.c.signal)
TERMS = Terms(
    patience=0.15,
    retry=Agreed(400, 0.05, 60.0, Retry(wait_fixed(0.05), stop_after_attempt(400))),
    breaker=Breaker(50, 0.05),
    acknowledges=Acknowledges.APPLICATION,
    receipt_within=60,
)


class Killed(BaseException):
    """The process is gone."""


class EbmsLine(PlainLine):
    def process(self, parsed, destination, facts):
        sealed = super().process(parsed, destination, facts)
        if destination.party != "nav":
            return sealed
        return type(sealed)(sealed.body, MEDIA, sealed.business_id, sealed.disclosure)


def agreement_for(folder, certificates, sync):
    file = write(
        folder / "cpa.xml", certificates, "https://nav.example/msh", "https://us.example/ebms", Reliability(sync=sync)
    )
    signing = read_ring(certificates, "nav-signing").keys[0].certificate
    party = Party(
        id="nav", name="NAV", roles=frozenset(), her_id="990002", signing=(signing,), sealing=(signing,), compress=True,
        envelope=Wrapping.SEALED, way=Way(Transport.EBMS, file),
    )  # fmt: skip
    return party, signing


class Nav(SandboxMsh):
    """NAV's end, whose business takes JSON; it is killed by being forgotten but for its disk."""

    def __init__(self, certificates, wire, disk=None):
        super().__init__(certificates, SCHEMAS)
        self.wire, self.transport.again, self.transport.delay = wire, 0.05, 0.0
        if disk is not None:
            self.transport, self.taken, self.waiting = disk.transport, disk.taken, disk.waiting
            self.acknowledged = disk.acknowledged
            self.received, self.receipts = disk.received, disk.receipts
            for head in tuple(self.waiting.values()):
                self._pending.start(self.until_acknowledged(head))

    def business(self, heard, key):
        seen = json.loads(heard.document)
        if "receipt_for" in seen:
            self.receipts.append(seen["receipt_for"])
            return
        self.received.append((seen["id"], key))
        self.answer(heard, receipt_for(f"{seen['id']}-to-nav"))

    def ask(self, number):
        """Begin to send a message of NAV's own to the office."""
        head = self.head("HenvendelseFraSaksbehandler", "Henvendelse", message(number, "office", case=f"nav-{number}"))
        self.waiting[head.message_id] = head
        self._pending.start(self.until_acknowledged(head))

    async def once(self, media_type, body):
        try:
            return await super().once(media_type, body)
        except (Unreachable, Uncertain, Busy, Killed, AssertionError):
            return False

    async def post(self, url, body, headers):  # noqa: ARG002
        return await self.wire.carry("to-us", body, lambda: self.wire.gateway.take(headers["Content-Type"], body))

    async def stop(self):
        await self._pending.dropped()


class Wire:
    """Carries posts both ways; `trouble(direction, action, count)` names what befalls one, or nothing."""

    def __init__(self, trouble=lambda *_: None):
        self.trouble, self.count = trouble, Counter()
        self.nav = self.gateway = None

    async def carry(self, direction, body, arrive):
        action = ACTION.search(body)[1].decode()
        self.count[direction, action] += 1
        what = self.trouble(direction, action, self.count[direction, action])
        if what == "drop":
            raise Unreachable("lost on its way")
        if what == "delay":
            await asyncio.sleep(0.15)
        if what == "twice":
            await arrive()
        answer = await arrive()
        if what == "drop-answer":
            raise Uncertain("the answer was lost")
        return answer

    async def post(self, body, headers):
        async def arrive():
            status, answer = self.nav.take(headers["Content-Type"], body, headers["Idempotency-Key"])
            if status >= 400:
                raise Uncertain(f"the recipient answered {status}")
            return "text/xml", answer

        return await self.carry("to-nav", body, arrive)

    async def close(self):
        pass


class Us:
    """The gateway's end. When `die_at` is reached nothing more of it happens, and `dead` is set."""

    def __init__(self, url, certificates, agreed, wire, die_at=""):
        self.die_at, self.dead = die_at, asyncio.Event()
        self.loop = asyncio.get_running_loop()
        self.rig = Rig(url, line=EbmsLine(), probe=self.probe)
        party, signing = agreed
        msh = Msh(
            relation(party, "us.example"), ebxml, read_ring(certificates, "gateway-signing"), lambda: [signing], now
        )
        self.caller, self.office = Caller(party, frozenset(), "mtls"), MemoryChannel()
        rig = self.rig
        rig.channels = {"nav": EbmsChannel(msh, wire), "office": self.office}
        business = Business(self._take, lambda *_: Rendered(b"{}", "application/json"), lambda _party: TERMS)
        self.intake = EbmsIntake({"nav": msh}, business, rig.database, rig.vault)
        self.replies = Replies(
            {"nav": msh}, lambda _: wire, lambda _: TERMS, (rig.database, rig.vault), self.probe, 0.2
        )

    def probe(self, point):
        if point == self.die_at:
            self.die_at = "*"
            self.loop.call_soon_threadsafe(self.dead.set)
        if self.die_at == "*":
            raise Killed

    async def _take(self, body, caller):
        if await self.rig.intake.receive_receipt(body, caller.party.id) is not None:
            return Rendered(b"", "application/json")
        seen = json.loads(body)
        await self.rig.intake.accept(body, "json", caller.party.id, seen["id"])
        return Rendered(receipt_for(seen["id"]), "application/json")

    async def take(self, content_type, body):
        if self.dead.is_set():
            raise Unreachable("nobody listens")
        answer = await self.intake.take(content_type, body, self.caller)
        if self.dead.is_set():
            raise Uncertain("the answer never left")
        return answer.media_type, answer.body

    @contextlib.asynccontextmanager
    async def working(self):
        rig, stopping = self.rig, asyncio.Event()
        terms = {"nav": TERMS, "office": Terms(patience=0.15, acknowledges=Acknowledges.TRANSPORT)}
        work = Work(rig.line, lambda *_: [], rig.channels.get, terms, poll=0.05, decide_within=1.0, probe=self.probe)
        task = asyncio.create_task(Worker(rig.database, rig.vault, work, [self.replies.post_some]).run(stopping))
        try:
            yield self
        finally:
            stopping.set()
            if self.dead.is_set():
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            rig.close()


class Play:
    """Messages to NAV and from it, until nothing is on its way: then each has arrived once."""

    def __init__(self, tmp_path, certificates, sync="mshSignalsOnly", trouble=lambda *_: None):
        self.url, self.certificates = f"sqlite:///{tmp_path / 'line.db'}", certificates
        self.agreed = agreement_for(tmp_path, certificates, sync)
        self.wire = Wire(trouble)
        self.nav = self.wire.nav = Nav(certificates, self.wire)
        self.offices, self.said, self.asked = [], {}, []

    def start(self, die_at=""):
        us = self.wire.gateway = Us(self.url, self.certificates, self.agreed, self.wire, die_at)
        self.offices.append(us.office)
        return us.working()

    def say(self, *numbers):
        """Have something to send to NAV; all of it belongs to one case."""
        self.said |= {n: message(n, "nav", case="one") for n in numbers}

    def ask(self, *numbers):
        """Let NAV send something to the office."""
        for number in numbers:
            self.asked.append(number)
            self.nav.ask(number)

    async def send(self, us):
        """Send all that is to be sent, as an EHR that has had no answer does."""
        for number, raw in self.said.items():
            with contextlib.suppress(Busy):
                await us.rig.intake.accept(raw, "json", "ehr", f"key-{number}")

    def restart_nav(self):
        """Kill NAV's end, and start it again from its disk."""
        for task in self.nav._pending._tasks:
            task.cancel()
        self.nav = self.wire.nav = Nav(self.certificates, self.wire, disk=self.nav)

    async def calm(self, us, seconds=8):
        def settled():
            done = us.rig.states() == {"acknowledged": len(self.said) + len(self.asked)}
            done = done and not self.nav.waiting and len(self.nav.receipts) >= len(self.asked)
            return done and not us.rig.database.rows(OWED)

        await us.rig.until(settled, seconds)

    def check(self):
        assert sorted(seen for seen, _key in self.nav.received) == sorted(f"msg-{n}" for n in self.said)
        assert len({key for _seen, key in self.nav.received}) == len(self.said)
        assert sorted(self.nav.receipts) == sorted(f"msg-{n}" for n in self.asked)
        assert len({key for office in self.offices for key in office.received}) == len(self.asked)
