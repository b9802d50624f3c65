"""Over the message service: we are killed at each named point, and each call fails; each message counts once."""

import asyncio
import contextlib
import json
from random import Random

import pytest
from ebms_kit import Killed
from edi_memory import MemoryEdi
from line_kit import PlainLine, message, receipt_for
from rig import Rig
from tenacity import stop_after_attempt, wait_fixed

from gateway.core.errors import NotAcceptable
from gateway.core.message import Rendered
from gateway.core.vocabulary import Role
from gateway.edge.channel import MemoryChannel
from gateway.edge.delivery.ports import Work
from gateway.edge.delivery.terms import Acknowledges, Breaker, Retry, Terms
from gateway.edge.delivery.worker import Worker
from gateway.edge.edi.channel import EdiChannel
from gateway.edge.edi.poll import Fetching, Poll
from gateway.edge.identity.parties import Party
from gateway.edge.receipts import Business
from gateway.edge.store import statements
from gateway.edge.store.edi import SentIds
from gateway.edge.store.operate import RESEND, Order

NAV = Party(
    id="nav",
    name="NAV",
    roles=frozenset({Role.NAV}),
    her_id="990002",
    scopes=frozenset({"samspill:nav/messages.write"}),
)
TERMS = Terms(
    patience=0.15,
    retry=Retry(wait_fixed(0.02), stop_after_attempt(400)),
    breaker=Breaker(50, 0.05),
    acknowledges=Acknowledges.APPLICATION,
    receipt_within=60,
)
QUICK = Terms(patience=0.15, retry=TERMS.retry, acknowledges=Acknowledges.TRANSPORT)
OK = Rendered(b'<AppRec><Status V="1"/></AppRec>', "application/xml")
POINTS = [
    "send.before",
    "send.after",
    "edi-keep.before-commit",
    "edi-keep.after-commit",
    "end.before-write",
    "end.before-commit",
    "end.after-commit",
    "edi-turn.before-commit",
    "edi-turn.after-commit",
    "edi.fetched",
    "accept.before-commit",
    "accept.after-commit",
    "receive.before-commit",
    "receive.after-commit",
    "edi.taken",
    "edi.answered",
    "edi.read",
]
CALLS = ["send", "status", "unread", "document", "apprec", "receipt", "read"]


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch):
    """Have what failed in a process that is gone wait for nothing."""
    monkeypatch.setattr("gateway.edge.delivery.worker.BACK_OFF", 0.02)


class Nav:
    """NAV behind the service: takes each document once by its id, and answers each time."""

    def __init__(self):
        self.service, self.received, self.times = MemoryEdi(self.arrived), [], 0

    def arrived(self, _her, document):
        seen = json.loads(document)
        self.times += 1
        if seen["id"] not in self.received:
            self.received.append(seen["id"])
        self.service.put(receipt_for(f"{seen['id']}-to-nav"), is_apprec=True)
        return "acknowledged"


class Us:
    """The gateway's end, which is dead once `die_at` is reached."""

    def __init__(self, url, nav, die_at=""):
        self.die_at, self.dead, self.loop = die_at, asyncio.Event(), asyncio.get_running_loop()
        self.rig = Rig(url, line=PlainLine(), probe=self.probe)
        self.office, rig = MemoryChannel(), self.rig
        rig.channels = {"nav": EdiChannel(nav.service, SentIds(rig.database), "990002"), "office": self.office}
        business = Business(self._take, lambda issues, *_: self._rejected(issues), lambda _party: TERMS)
        fetching = Fetching(["990001"], {"990002": NAV}, every=0.02, lease=0.15)
        self.poll = Poll(nav.service, fetching, business, rig.database, self.probe)

    def probe(self, point):
        if point == self.die_at:
            self.die_at = "*"
            self.loop.call_soon_threadsafe(self.dead.set)
        if self.die_at == "*":
            raise Killed

    async def _take(self, body, caller):
        if await self.rig.intake.receive_receipt(body, caller.party.id) is not None:
            return Rendered(b"", "application/json")
        try:
            await self.rig.intake.accept(body, "json", caller.party.id, json.loads(body)["id"])
        except ValueError:
            raise NotAcceptable([]) from None
        return OK

    def _rejected(self, _issues):
        return Rendered(b'<AppRec><Status V="2"/><Error V="X99" DN="why"/></AppRec>', "application/xml")

    @contextlib.asynccontextmanager
    async def working(self):
        rig, stopping = self.rig, asyncio.Event()
        terms = {"nav": TERMS, "office": QUICK}
        work = Work(rig.line, lambda *_: [], rig.channels.get, terms, poll=0.02, decide_within=1.0, probe=self.probe)
        task = asyncio.create_task(Worker(rig.database, rig.vault, work, [self.poll.poll_some]).run(stopping))
        try:
            yield self
        finally:
            stopping.set()
            if self.dead.is_set():
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            rig.close()


class Play:
    def __init__(self, tmp_path):
        self.url, self.nav = f"sqlite:///{tmp_path / 'line.db'}", Nav()
        self.said, self.asked, self.offices = {}, {}, []

    @contextlib.asynccontextmanager
    async def us(self, die_at=""):
        us = Us(self.url, self.nav, die_at)
        self.offices.append(us.office)
        async with us.working():
            yield us

    async def add(self, us, number):
        """Have something to send to NAV, and something to be fetched, twice under different ids of the service."""
        self.said[number] = message(number, "nav", case="one")
        asked = message(f"asked-{number}", "office")
        self.asked |= {self.nav.service.put(asked): number, self.nav.service.put(asked): number}
        await self.send(us)

    async def send(self, us):
        for number, raw in self.said.items():
            with contextlib.suppress(Exception, Killed):
                await us.rig.intake.accept(raw, "json", "ehr", f"key-{number}")

    async def calm(self, us, seconds=20):
        def settled():
            done = us.rig.states() == {"acknowledged": len(self.said) + len(set(self.asked.values()))}
            return done and all(post["read"] for post in self.posts("990001"))

        await us.rig.until(settled, seconds)

    def posts(self, receiver):
        return [post for post in self.nav.service.posts.values() if post["waiting"].receiver == receiver]

    def check(self):
        assert sorted(self.nav.received) == sorted(f"msg-{number}" for number in self.said)
        assert len({key for office in self.offices for key in office.received}) == len(set(self.asked.values()))
        assert {name: self.nav.service.posts[name]["apprec"] for name in self.asked} == dict.fromkeys(self.asked, "1")


async def killed(play, points):
    for number, point in enumerate(points):
        async with play.us(point) as us:
            await play.add(us, number)
            await us.rig.until(us.dead.is_set, 10)
    async with play.us() as us:
        await play.send(us)
        await play.calm(us)


FEW = [POINTS[:6], POINTS[6:12], POINTS[12:]]
"""A message whose process dies for the sixth time while it is decided is set aside, so each is spared that."""


@pytest.mark.parametrize("points", FEW, ids=[points[0] for points in FEW])
def test_we_are_killed_at_each_named_point_in_turn(tmp_path, points):
    play = Play(tmp_path)
    asyncio.run(killed(play, points))
    play.check()


def test_each_call_fails_before_it_is_done_and_after(tmp_path):
    async def go():
        async with play.us() as us:
            play.nav.service.troubles = {kind: ["before", "lost", "before", "lost"] for kind in CALLS}
            for number in range(3):
                await play.add(us, number)
            await play.calm(us)

    play = Play(tmp_path)
    asyncio.run(go())
    play.check()
    assert not any(play.nav.service.troubles.values())


def test_what_the_recipients_transport_refuses_is_a_dead_letter_and_is_sent_anew_when_an_operator_says_so(tmp_path):
    async def go():
        play = Play(tmp_path)
        arrived, play.nav.service.arrived = play.nav.service.arrived, lambda *_: "rejected"
        async with play.us() as us:
            await us.rig.intake.accept(message(1, "nav"), "json", "ehr", "key-1")
            await us.rig.until(lambda: us.rig.states() == {"dead-letter": 1})
            play.nav.service.arrived = arrived
            [row] = us.rig.messages_in("dead-letter")
            await us.rig.database.write(RESEND, Order(row.id, "operator", "asked"))
            await us.rig.until(lambda: us.rig.states() == {"acknowledged": 1})
        return play

    play = asyncio.run(go())
    assert (len(play.nav.service.sent()), play.nav.received) == (2, ["msg-1"])


def test_what_waits_for_its_transport_is_asked_after_and_never_sent_again(tmp_path):
    async def go():
        play = Play(tmp_path)
        play.nav.service.arrived = lambda *_: "unconfirmed"
        async with play.us() as us:
            await us.rig.intake.accept(message(1, "nav"), "json", "ehr", "key-1")
            await us.rig.until(lambda: play.nav.service.calls.count("status") > 5)
            assert us.rig.states() == {"sealed": 1}
            [post] = play.posts("990002")
            post["state"] = "acknowledged"
            await us.rig.until(lambda: us.rig.states() == {"delivered": 1})
        return play

    play = asyncio.run(go())
    assert play.nav.service.calls.count("send") == 1


def test_one_node_fetches_at_a_time_and_another_goes_on_when_it_dies(tmp_path):
    async def go():
        play = Play(tmp_path)
        async with play.us() as us:
            other = Us(play.url, play.nav)
            play.nav.service.put(message("asked", "office"))
            await us.rig.until(lambda: us.office.received)
            for _ in range(20):
                await asyncio.gather(us.poll.poll_some(), other.poll.poll_some())
            other.rig.close()
            return play.nav.service.calls

    calls = asyncio.run(go())
    assert calls.count("document") == calls.count("receipt") == 1


def test_a_receipt_that_is_refused_is_noted_and_the_message_is_read(tmp_path):
    async def go():
        play = Play(tmp_path)
        play.nav.service.troubles = {"receipt": ["refused"]}
        async with play.us() as us:
            play.nav.service.put(message("asked", "office"))
            await us.rig.until(lambda: play.nav.service.calls.count("read") == 1)
            return [row.event for row in us.rig.database.rows(statements.EVENTS_OF, id="destination:nav")]

    assert asyncio.run(go()) == ["receipt-not-delivered"]


@pytest.mark.storm
@pytest.mark.parametrize("seed", range(40))
def test_a_storm(tmp_path, seed):
    chance = Random(seed)  # noqa: S311 - no secret

    async def go():
        for number in range(8):
            kinds = ["before", "lost", None, None]
            play.nav.service.troubles = {kind: [chance.choice(kinds) for _ in range(6)] for kind in CALLS}
            async with play.us(chance.choice([*POINTS, ""])) as us:
                await play.add(us, number)
                with contextlib.suppress(AssertionError):
                    await us.rig.until(us.dead.is_set, chance.random() / 2)
                us.die_at = "*"
                us.dead.set()
        play.nav.service.troubles = {}
        async with play.us() as us:
            await play.send(us)
            await play.calm(us, 40)

    play = Play(tmp_path)
    asyncio.run(go())
    play.check()
