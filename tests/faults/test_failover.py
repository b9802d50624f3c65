"""The primary's machine dies in the middle of traffic, and a replica takes its place."""

import asyncio
import contextlib
import time
from dataclasses import replace

import pytest
from databases import running, started
from line_kit import message
from rig import QUICK, Rig
from sqlalchemy import make_url, select

from gateway.core.errors import Busy
from gateway.edge.store.schema import attempt, inbound

pytestmark = pytest.mark.usefixtures("runtime")

SENT = 300
STREAMS = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = '{}'"


@contextlib.contextmanager
def two_servers(*, synchronous):
    """Give a primary, its replica, and the URL by which a gateway finds whichever of them takes writes."""
    with started() as primary, started(of=primary) as replica:
        if synchronous:
            primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            primary.execute("SELECT pg_reload_conf()")
        sought = STREAMS.format("sync" if synchronous else "async")
        end = time.monotonic() + 20
        while primary.execute(sought) != [(1,)]:
            assert time.monotonic() < end, "the replica does not follow"
            time.sleep(0.05)
        name = make_url(primary.database()).database
        hosts = f"host={primary.folder}:5432&host={replica.folder}:5432"
        yield primary, replica, f"postgresql+psycopg://postgres@/{name}?{hosts}&target_session_attrs=read-write"


class Sender:
    """Sends as a caller does, again under the same key until the answer is yes, and keeps what it was promised."""

    def __init__(self, rig):
        self.rig, self.numbers, self.promised = rig, iter(range(SENT)), set()

    async def run(self):
        for number in self.numbers:
            self.promised.add(await self.insist(number))

    async def insist(self, number):
        while True:
            try:
                taken = await self.rig.intake.accept(message(number), "json", "ehr", f"key-{number}")
            except Busy:
                await asyncio.sleep(0.05)
            else:
                return taken.id


async def fail_over(primary, replica, sender):
    """Cut the replica off for a moment, kill the primary meanwhile, and promote; give how many were promised so."""
    receiver = replica.receiver()
    receiver.suspend()
    await asyncio.sleep(0.2)
    before = len(sender.promised)
    await asyncio.sleep(0.5)
    promised = len(sender.promised) - before
    primary.die()
    receiver.resume()
    await asyncio.to_thread(replica.execute, "SELECT pg_promote()")
    return promised


async def traffic(primary, replica, url):
    """Give what senders were promised, what the replica has of it, and what it knows of what left."""
    rig = Rig(url, terms={"nav": replace(QUICK, patience=1.0)})
    sender = Sender(rig)
    async with rig.working():
        sending = [asyncio.create_task(sender.run()) for _ in range(4)]
        await rig.until(lambda: len(sender.promised) > SENT // 10)
        meanwhile = await fail_over(primary, replica, sender)
        await asyncio.wait_for(asyncio.gather(*sending), 30)
        await rig.until(lambda: settled(rig), 30)
    kept = {row.id for row in rig.database.rows(select(inbound.c.id))}
    told = {row.outbound for row in rig.database.rows(select(attempt.c.outbound))}
    left = set(rig.channels["nav"].received)
    rig.close()
    return meanwhile, sender.promised - kept, left - told


def settled(rig):
    with contextlib.suppress(Busy):
        return set(rig.states()) == {"acknowledged"}
    return False


@running
async def test_when_a_synchronous_replica_takes_over_nothing_promised_is_lost_and_nothing_left_untold():
    with two_servers(synchronous=True) as (primary, replica, url):
        meanwhile, lost, untold = await traffic(primary, replica, url)
    assert meanwhile == 0, "what the replica did not have yet was answered with yes"
    assert not lost
    assert not untold


@pytest.mark.storm
@running
async def test_the_fail_over_sees_a_loss_when_the_replica_is_not_synchronous():
    with two_servers(synchronous=False) as (primary, replica, url):
        meanwhile, lost, _untold = await traffic(primary, replica, url)
    assert meanwhile > 0
    assert lost
