"""The faults that users of Mirth Connect reported, each made to happen here (its issues 2892 to 3366)."""

import asyncio
import dataclasses
import json
import random
import time

from databases import running
from line_kit import PlainLine, destination, message, receipt_for
from rig import QUICK, Rig, acknowledge

from gateway.edge.channel import MemoryChannel
from gateway.edge.store.decide import CLAIM
from gateway.edge.store.deliver import BEGIN
from gateway.edge.store.rows import Begin


class Held(MemoryChannel):
    """A recipient that keeps the line open and never answers for some messages, until it is let go."""

    def __init__(self, holds):
        super().__init__(acknowledge)
        self.holds, self.release = holds, asyncio.Event()

    async def deliver(self, key, body, media_type):
        if self.holds(json.loads(body)):
            await self.release.wait()
        return await super().deliver(key, body, media_type)


async def take(rig, *bodies):
    return [(await rig.intake.accept(body, "json", "ehr", str(body))).id for body in bodies]


@running
async def test_a_dead_destination_does_not_starve_the_others(sqlite_url):
    rig = Rig(sqlite_url)
    dead = rig.channels["dead"] = Held(lambda _seen: True)
    await take(rig, *(message(f"d{n}", "dead") for n in range(200)))
    async with rig.working():
        await rig.until(lambda: rig.states().get("sealed") == 200)
        begun = time.monotonic()
        taken = await take(rig, *(message(n) for n in range(100)))
        await rig.until(lambda: all(rig.state(one) == "acknowledged" for one in taken))
        assert time.monotonic() - begun < QUICK.patience, "they did not wait for the dead one's time to run out"
        assert rig.states()["sealed"] == 200
        dead.release.set()
    rig.close()


@running
async def test_the_1001st_message_is_not_stuck_behind_a_full_queue(sqlite_url):
    rig = Rig(sqlite_url)
    nav = rig.channels["nav"] = Held(lambda seen: seen["case"] == "slow")
    await asyncio.gather(*(take(rig, message(n, case="slow")) for n in range(1000)))
    async with rig.working():
        await rig.until(lambda: rig.states().get("sealed") == 1000, 20)
        [taken] = await take(rig, message(1000, case="another"))
        await rig.until(lambda: rig.state(taken) == "acknowledged")
        assert rig.states() == {"sealed": 1000, "acknowledged": 1}
        nav.release.set()
    rig.close()


@running
async def test_receipts_that_never_come_make_no_flood_of_duplicates(sqlite_url):
    rig = Rig(sqlite_url, terms={"nav": dataclasses.replace(QUICK, receipt_within=0.1)})
    rig.channels["nav"] = MemoryChannel()
    await take(rig, *(message(n) for n in range(100)))
    await rig.run_until(lambda: rig.states() == {"dead-letter": 100})
    assert sorted(rig.channels["nav"].deliveries) == sorted(rig.channels["nav"].received)
    assert len(rig.channels["nav"].deliveries) == 100
    rig.close()


class Muddled(MemoryChannel):
    """A recipient that answers with the receipt of any message that it has, and says no to one of them."""

    def __init__(self, refuses):
        super().__init__(self.answer)
        self.refuses, self.unanswered, self.random = refuses, [], random.Random(4)  # noqa: S311

    def answer(self, _key, body):
        self.unanswered.append(json.loads(body)["id"])
        return self.receipt() if len(self.unanswered) > 10 else b""

    def receipt(self):
        name = self.unanswered.pop(self.random.randrange(len(self.unanswered)))
        return receipt_for(f"{name}-to-nav", *(["E30"] if name == self.refuses else []))


@running
async def test_a_receipt_is_never_matched_to_another_message(sqlite_url):
    rig = Rig(sqlite_url)
    nav = rig.channels["nav"] = Muddled(refuses="msg-7")
    taken = await take(rig, *(message(n) for n in range(60)))
    await rig.run_until(lambda: rig.states().get("delivered") == 10 and not rig.states().get("sealed"))
    while nav.unanswered:
        await rig.intake.receive_receipt(nav.receipt(), "nav")
    assert rig.states() == {"acknowledged": 59, "dead-letter": 1}
    assert [n for n, one in enumerate(taken) if rig.state(one) != "acknowledged"] == [7]
    rig.close()


@running
async def test_no_queue_starts_before_what_a_dead_node_left_is_taken_over_in_its_order(sqlite_url):
    """There is no recovery to wait for: what a node held when it died holds back later ones of its case until then."""
    rig = Rig(sqlite_url, terms={"nav": dataclasses.replace(QUICK, concurrency=32)})
    await take(rig, *(message(n, case=f"case-{n % 5}") for n in range(50)))
    async with rig.working():
        rig.channels["nav"].deliver = Held(lambda _seen: True).deliver
        await rig.until(lambda: rig.states().get("sealed") == 50)
    rig.close()

    rig = Rig(sqlite_url)
    rig.database.write_now(BEGIN, Begin("nav", 3, 0.5, rig.line.policy, 1.0))  # three are being sent, and it dies
    await take(rig, *(message(n, case=f"case-{n % 5}") for n in range(50, 100)))
    rig.database.write_now(CLAIM, (20, 0.5))  # twenty are being decided
    rig.close()

    rig = Rig(sqlite_url)
    await rig.run_until(lambda: rig.states() == {"acknowledged": 100}, 20)
    order = [int(json.loads(body)["id"].removeprefix("msg-")) for body in rig.channels["nav"].received.values()]
    for case in range(5):
        assert [n for n in order if n % 5 == case] == list(range(case, 100, 5))
    assert len(rig.channels["nav"].deliveries) == 100
    rig.close()


class AlsoToARegister(PlainLine):
    """The line of a later version, with one recipient more for everything."""

    def admit(self, raw, format_id, sender):
        admitted = super().admit(raw, format_id, sender)
        return dataclasses.replace(admitted, destinations=(*admitted.destinations, destination("register")))


@running
async def test_a_destination_that_is_added_later_gets_no_old_message(sqlite_url):
    rig = Rig(sqlite_url)
    await take(rig, *(message(n) for n in range(20)))
    rig.close()
    rig = Rig(sqlite_url, line=AlsoToARegister())
    register = rig.channels["register"] = MemoryChannel(
        lambda _k, body: receipt_for(f"{json.loads(body)['id']}-to-register")
    )
    await take(rig, message("new"))
    await rig.run_until(lambda: rig.states() == {"acknowledged": 22})
    assert [json.loads(body)["id"] for body in register.received.values()] == ["msg-new"]
    rig.close()
