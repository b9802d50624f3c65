"""Either end is killed at any named point, and each signal is dropped, doubled and delayed: each message comes once."""

import asyncio
from pathlib import Path
from random import Random

import pytest
from ebms_kit import Play

from gateway.edge.certs import private_copy
from gateway.sandbox.msh import Signal

OURS = [
    "send.before",
    "send.after",
    "end.before-write",
    "end.before-commit",
    "end.after-commit",
    "receive.before-commit",
    "receive.after-commit",
    "ebms-take.before-commit",
    "ebms-take.after-commit",
    "replies.before-post",
    "replies.before-settle",
    "ebms-settle.before-commit",
    "ebms-settle.after-commit",
]
WHEN_LATER = [
    "ebms-signal.before-commit",
    "ebms-signal.after-commit",
    "ebms-owe.before-commit",
    "ebms-owe.after-commit",
    "ebms-claim.before-commit",
    "ebms-claim.after-commit",
]
"""Points that are passed when signals come by themselves."""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    private_copy(Path(__file__).parents[2] / "certs" / "example", folder)
    return folder


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch):
    """Have what failed in a process that is gone wait for nothing."""
    monkeypatch.setattr("gateway.edge.delivery.worker.BACK_OFF", 0.02)


async def undisturbed(play):
    async with play.start() as us:
        play.ask(8, 9)
        play.say(1, 2, 3)
        await play.send(us)
        await play.calm(us)
    await play.nav.stop()


def alternately(*kinds):
    """The first post of each kind meets the first trouble, the second the second, and then none."""
    return lambda _direction, _action, count: kinds[count - 1] if count <= len(kinds) else None


@pytest.mark.parametrize("sync", ["mshSignalsOnly", "none"])
@pytest.mark.parametrize("trouble", [("drop", "delay"), ("drop-answer", "twice")], ids="-then-".join)
def test_whatever_befalls_the_first_posts_of_each_kind(tmp_path, certificates, sync, trouble):
    play = Play(tmp_path, certificates, sync, alternately(*trouble))
    if sync == "none":
        play.nav.transport.signal = Signal.LATER
    asyncio.run(undisturbed(play))
    play.check()
    assert max(play.wire.count.values()) > 1


async def killed(play, points):
    for number, point in enumerate(points):
        async with play.start(point) as us:
            play.ask(100 + number)
            play.say(number)
            await play.send(us)
            await us.rig.until(us.dead.is_set, 5)
        play.restart_nav()
    async with play.start() as us:
        await play.send(us)
        await play.calm(us, 20)
    await play.nav.stop()


FIVE = [OURS[:5], OURS[5:9], OURS[9:]]
"""A message whose process dies for the sixth time while it is decided is set aside, so each is spared that."""


@pytest.mark.parametrize("points", FIVE, ids=[points[0] for points in FIVE])
def test_both_ends_are_killed_at_each_named_point_in_turn(tmp_path, certificates, points):
    play = Play(tmp_path, certificates)
    asyncio.run(killed(play, points))
    play.check()


@pytest.mark.storm
def test_both_ends_are_killed_at_each_named_point_while_signals_come_by_themselves(tmp_path, certificates):
    play = Play(tmp_path, certificates, "none")
    play.nav.transport.signal = Signal.LATER
    asyncio.run(killed(play, WHEN_LATER))
    play.check()


async def storm(play, chance):
    async with play.start() as us:
        play.ask(8, 9)
        play.say(1, 2, 3)
        await play.send(us)
        for _ in range(10):
            await asyncio.sleep(chance.random() * 0.1)
            play.restart_nav()
        await play.calm(us, 20)
    await play.nav.stop()


def random_trouble(chance):
    kinds = [None, None, "drop", "drop-answer", "twice", "delay"]
    return lambda _direction, _action, count: chance.choice(kinds) if count < 40 else None


@pytest.mark.storm
@pytest.mark.parametrize("seed", range(60))
def test_a_storm(tmp_path, certificates, seed):
    chance = Random(seed)  # noqa: S311 - no secret
    sync = chance.choice(["mshSignalsOnly", "none"])
    play = Play(tmp_path, certificates, sync, random_trouble(chance))
    play.nav.transport.signal = Signal.LATER if sync == "none" else chance.choice([Signal.AT_ONCE, Signal.TWICE])
    asyncio.run(storm(play, chance))
    play.check()


@pytest.mark.storm
@pytest.mark.parametrize("point", [*OURS, *WHEN_LATER])
def test_one_kill_alone(tmp_path, certificates, point):
    play = Play(tmp_path, certificates, "none" if point in WHEN_LATER else "mshSignalsOnly")
    play.nav.transport.signal = Signal.LATER if point in WHEN_LATER else Signal.AT_ONCE
    asyncio.run(killed(play, [point]))
    play.check()
