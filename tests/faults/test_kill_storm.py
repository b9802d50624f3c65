import asyncio
import functools

import aiohttp
import pytest
from line_kit import message
from storm import Storm

from gateway.edge.delivery.decider import POISON


def embedded(tmp_path):
    return [f"sqlite:///{tmp_path / 'line.db'}"]


def three_nodes(postgres):
    return [postgres.database()] * 3


def show(ledger):
    print(  # noqa: T201 - the numbers are what a storm is for
        f"kills {ledger.kills}, acknowledged {len(ledger.acknowledged)}, lost {len(ledger.lost())}, "
        f"leaked {len(ledger.leaked())}, under two keys {len(ledger.doubled())}, "
        f"redelivered under the same key {ledger.redelivered()}, withdrawn {len(ledger.withdrawn)}"
    )


def holds(ledger, kills, acknowledged):
    show(ledger)
    assert ledger.kills >= kills
    assert len(ledger.acknowledged) >= acknowledged
    assert not ledger.lost()
    assert not ledger.leaked()
    assert not ledger.doubled()
    assert ledger.withdrawn


def test_a_node_killed_again_and_again_loses_nothing_and_leaks_nothing(tmp_path):
    holds(asyncio.run(Storm(tmp_path, embedded(tmp_path)).rage()), kills=3, acknowledged=300)


def test_three_nodes_killed_again_and_again_lose_nothing_and_leak_nothing(tmp_path, postgres):
    holds(asyncio.run(Storm(tmp_path, three_nodes(postgres)).rage()), kills=3, acknowledged=300)


def test_the_storm_sees_a_loss_when_the_answer_goes_before_the_commit(tmp_path):
    ledger = asyncio.run(Storm(tmp_path, embedded(tmp_path), control="ack-before-commit").rage(settle=3))
    show(ledger)
    assert ledger.lost()


def test_the_storm_sees_a_leak_when_the_permit_is_not_looked_at_again(tmp_path):
    storm = Storm(tmp_path, embedded(tmp_path), control="no-check-at-attempt", trouble=0.4)
    ledger = asyncio.run(storm.rage(kills=1, acknowledged=100, settle=3))
    show(ledger)
    assert ledger.leaked()


LONG = {"kills": 30, "acknowledged": 20_000, "pause": (1.5, 3.0), "senders": 48, "settle": 900}


async def kill_postmaster(storm, postgres, times):  # noqa: ARG001
    for _ in range(times):
        await asyncio.sleep(15)
        postgres.kill()
        await asyncio.sleep(0.5)
        await asyncio.to_thread(postgres.restart)


@pytest.mark.storm
@pytest.mark.timeout(3600)
def test_a_long_storm_on_one_embedded_node(tmp_path):
    holds(asyncio.run(Storm(tmp_path, embedded(tmp_path)).rage(**LONG)), 30, 20_000)


@pytest.mark.storm
@pytest.mark.timeout(3600)
def test_a_long_storm_on_three_nodes_and_their_postmaster(tmp_path, postgres):
    storm = Storm(tmp_path, three_nodes(postgres))
    during = functools.partial(kill_postmaster, postgres=postgres, times=3)
    holds(asyncio.run(storm.rage(**LONG, during=during)), 30, 20_000)


async def live_with_poison(storm):
    """Send a message that kills the process that decides it, and twenty that do not; start the node again each time."""
    async with storm.receiving(), aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        try:
            await storm.start(0)
            poison = message(99, "nav", **{"kill-while-deciding": True})
            bodies = {99: poison} | {n: message(n, "nav") for n in range(20)}
            posting = [
                asyncio.create_task(storm.post(session, "/in", {"Idempotency-Key": f"key-{n}"}, body))
                for n, body in bodies.items()
            ]
            deaths, quiet = 0, 0
            while quiet < 60 or (quiet < 300 and len(storm.ledger.received) < 20):
                await asyncio.sleep(0.1)
                if storm.nodes[0].returncode is None:
                    quiet += 1
                    continue
                deaths, quiet = deaths + 1, 0
                await storm.start(0)
            await asyncio.gather(*posting)
            return deaths
        finally:
            await storm.stop()


@pytest.mark.storm
def test_a_message_that_kills_its_process_is_set_aside_and_takes_nobody_with_it(tmp_path):
    storm = Storm(tmp_path, embedded(tmp_path), trouble=0)
    deaths = asyncio.run(live_with_poison(storm))
    assert 1 <= deaths <= POISON
    assert set(storm.ledger.received) == {("nav", f"msg-{n}") for n in range(20)}
