"""A backlog costs nothing: it starts, claims and drains as an empty store does, in bounded memory."""

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from databases import running
from line_kit import PlainLine
from rig import Rig, stock
from sqlalchemy import func, select

from gateway.core.line import State
from gateway.edge.store.decide import CLAIM
from gateway.edge.store.deliver import BEGIN
from gateway.edge.store.rows import Begin
from gateway.edge.store.schema import event

PAGE = os.sysconf("SC_PAGE_SIZE")
MOVED = select(func.count()).where(event.c.event.in_(["seal", "sent"]))


@dataclass(frozen=True)
class Cost:
    """What a store costs: seconds to open, the median of a claim of both kinds, moves a second, megabytes grown."""

    start: float
    claim: float
    drain: float
    grown: float


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


def seconds_a_claim(rig):
    times = []
    for _ in range(15):
        begun = time.perf_counter()
        rig.database.write_now(CLAIM, (8, 600.0))
        rig.database.write_now(BEGIN, Begin("nav", 8, 600.0, "rules-1", 1.0))
        times.append(time.perf_counter() - begun)
    return sorted(times)[len(times) // 2]


async def drain(rig, moves):
    """Give how many moves a second a worker made of the first `moves`, and by how much the process grew meanwhile."""
    [(before,)] = rig.database.rows(MOVED)
    memory, peak, begun, moved = resident(), 0.0, time.perf_counter(), 0
    async with rig.working():
        while moved < moves and time.perf_counter() - begun < 60:
            await asyncio.sleep(0.1)
            moved = rig.database.rows(MOVED)[0][0] - before
            peak = max(peak, resident())
        seconds = time.perf_counter() - begun
    return moved / seconds, peak - memory


def cost_of(url, waiting, moves):
    rig = Rig(url)
    for _ in range(0, waiting, 5000):
        stock(rig, min(waiting, 5000), states=["received", "sealed"])
    rig.close()
    begun = time.perf_counter()
    rig = Rig(url)
    started = time.perf_counter() - begun
    claim = seconds_a_claim(rig)
    rate, grown = asyncio.run(drain(rig, moves))
    rig.close()
    return Cost(started, claim, rate, grown)


def compare(urls, waiting, moves):
    small = cost_of(urls[0], 2 * moves, moves)
    large = cost_of(urls[1], waiting, moves)
    print(  # noqa: T201 - the numbers are the point
        f"\n{waiting} waiting beside {2 * moves}: start {large.start:.2f} s beside {small.start:.2f}, "
        f"claim {large.claim * 1000:.1f} ms beside {small.claim * 1000:.1f}, "
        f"moves a second {large.drain:.0f} beside {small.drain:.0f}, memory grew by {large.grown:.0f} MB"
    )
    assert large.claim < 4 * small.claim
    assert large.start < 5
    assert large.drain > small.drain / 3
    assert large.grown < 100


def two(kind, tmp_path, request):
    if kind == "sqlite":
        return [f"sqlite:///{tmp_path / name}" for name in ("small.db", "large.db")]
    postgres = request.getfixturevalue("postgres")
    return [postgres.database(), postgres.database()]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_five_thousand_waiting_start_claim_and_drain_as_a_few_do(kind, tmp_path, request):
    compare(two(kind, tmp_path, request), 5_000, 200)


@pytest.mark.storm
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_hundred_thousand_waiting_start_claim_and_drain_as_a_few_do(kind, tmp_path, request):
    compare(two(kind, tmp_path, request), 200_000, 2_000)


class Thoughtful(PlainLine):
    """Computes for three milliseconds before it decides, as a signed certificate costs."""

    def process(self, parsed, destination, facts):
        end = time.thread_time() + 0.003
        while time.thread_time() < end:
            sum(range(200))
        return super().process(parsed, destination, facts)


async def delivered_in(url, seconds, *, deciding):
    rig = Rig(url, line=Thoughtful())
    stock(rig, 2000, states=["sealed"])
    if deciding:
        stock(rig, 2000, states=["received"])
    async with rig.working():
        await asyncio.sleep(seconds)
        states = rig.states()
    rig.close()
    return states.get(State.DELIVERED, 0) + states.get(State.ACKNOWLEDGED, 0)


@running
async def test_while_a_backlog_is_decided_delivery_has_its_share(tmp_path):
    shares = []
    for number in range(3):
        alone = await delivered_in(f"sqlite:///{tmp_path / f'alone-{number}.db'}", 1.0, deciding=False)
        beside = await delivered_in(f"sqlite:///{tmp_path / f'beside-{number}.db'}", 1.0, deciding=True)
        shares.append(beside / alone)
        if shares[-1] > 0.4:
            return
    raise AssertionError(f"delivery had {shares} of the speed that it has alone")
