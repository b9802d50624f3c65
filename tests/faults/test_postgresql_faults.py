import asyncio
import contextlib
import time

import psycopg
import pytest
from databases import running
from line_kit import message
from rig import Rig

from gateway.core.errors import Busy


async def insist(rig, number):
    while True:
        try:
            return await rig.intake.accept(message(number), "json", "ehr", f"key-{number}")
        except Busy:
            await asyncio.sleep(0.05)


@running
async def test_a_postmaster_that_is_killed_and_comes_back_costs_no_message(postgres):
    rig = Rig(postgres.database())

    async def kill():
        await asyncio.sleep(0.3)
        postgres.kill()
        await asyncio.sleep(0.3)
        await asyncio.to_thread(postgres.restart)

    async with rig.working():
        killing = asyncio.create_task(kill())
        taken = []
        for number in range(300):
            taken.append(await asyncio.wait_for(insist(rig, number), 30))  # noqa: PERF401
        await killing
        await rig.until(lambda: alive(rig) and rig.states() == {"acknowledged": 300}, 40)
    assert len(rig.channels["nav"].received) == 300
    rig.close()


def alive(rig):
    try:
        rig.states()
    except Busy:
        return False
    return True


@running
async def test_when_every_connection_is_taken_intake_says_busy_and_goes_on_when_one_is_free(postgres):
    rig = Rig(postgres.database())
    rig.database._writer._drop()
    rig.database.engine.dispose()
    with contextlib.ExitStack() as held:
        with pytest.raises(psycopg.OperationalError):  # noqa: PT012
            for _ in range(500):
                held.enter_context(contextlib.closing(psycopg.connect(postgres.uri)))
        with pytest.raises(Busy):
            await rig.intake.accept(message(1), "json", "ehr", "key")
    await asyncio.wait_for(insist(rig, 1), 10)
    assert rig.states() == {"received": 1}
    rig.close()


@running
async def test_a_message_taken_by_one_node_wakes_the_worker_of_another(postgres):
    url = postgres.database()
    front, back = Rig(url), Rig(url)
    back.channels = front.channels
    work = back.work
    back.work = lambda: __import__("dataclasses").replace(work(), poll=30.0)
    async with back.working():
        await asyncio.sleep(1.0)
        begun = time.monotonic()
        taken = await front.intake.accept(message(1), "json", "ehr", "key")
        await front.until(lambda: front.state(taken.id) == "acknowledged", 10)
        assert time.monotonic() - begun < 5
    front.close()
    back.close()


@running
async def test_without_notifications_polling_finds_the_message(postgres):
    url = postgres.database()
    front, back = Rig(url), Rig(url)
    back.channels = front.channels
    back.database._listener.close()
    async with back.working():
        taken = await front.intake.accept(message(1), "json", "ehr", "key")
        await front.until(lambda: front.state(taken.id) == "acknowledged", 10)
    front.close()
    back.close()


@running
async def test_the_same_post_at_two_nodes_at_once_is_one_message(postgres):
    url = postgres.database()
    one, two = Rig(url), Rig(url)
    for number in range(20):
        answers = await asyncio.gather(
            *(rig.intake.accept(message(number), "json", "ehr", f"key-{number}") for rig in (one, two, one, two))
        )
        assert len({answer.id for answer in answers}) == 1
    assert one.states() == {"received": 20}
    one.close()
    two.close()


@running
async def test_consents_and_attempts_at_two_nodes_never_wait_for_each_other_for_good(postgres):
    url = postgres.database()
    one, two = Rig(url), Rig(url)
    two.channels = one.channels
    async with one.working(), two.working():
        for number in range(40):
            await one.intake.accept(message(number, patient="patient-1"), "json", "ehr", f"key-{number}")
            await asyncio.wait_for(two.register.put("c", b"{}", "patient-1", "active", "ehr"), 10)
        await one.until(lambda: one.states() == {"acknowledged": 40}, 20)
    one.close()
    two.close()
