"""A backlog costs nothing: it starts, claims and drains as an empty store does, in bounded memory."""

import asyncio
import resource
import time

import pytest
from rig import Rig, stock
from sqlalchemy import func, select

from gateway.edge.store.decide import CLAIM
from gateway.edge.store.deliver import BEGIN
from gateway.edge.store.rows import Begin
from gateway.edge.store.schema import event


def seconds_a_claim(rig):
    """The median of some claims of both kinds."""
    times = []
    for _ in range(15):
        begun = time.perf_counter()
        rig.database.write_now(CLAIM, (8, 600.0))
        rig.database.write_now(BEGIN, Begin("nav", 8, 600.0, "rules-1", 1.0))
        times.append(time.perf_counter() - begun)
    return sorted(times)[len(times) // 2]


def compare(url, other_url, count):
    small, large = Rig(url), Rig(other_url)
    stock(small, 500, states=["received", "sealed"])
    for _ in range(count // 5000):
        stock(large, 5000, states=["received", "sealed"])
    begun = time.perf_counter()
    Rig(other_url).close()
    started = time.perf_counter() - begun
    ours, reference = seconds_a_claim(large), seconds_a_claim(small)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    async def drain():
        async with large.working():
            await asyncio.sleep(5)

    asyncio.run(drain())
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    moved = select(func.count()).where(event.c.event.in_(["seal", "sent"]))
    [(drained,)] = large.database.rows(moved)
    print(  # noqa: T201 - the numbers are the point
        f"{count} waiting: start {started:.2f} s, claim {ours * 1000:.1f} ms beside {reference * 1000:.1f} ms, "
        f"decided or delivered {drained / 5:.0f} a second, memory grew by {grown:.0f} MB"
    )
    small.close()
    large.close()
    return ours / reference, started, grown, drained


def test_claims_cost_the_same_with_twenty_thousand_waiting(tmp_path):
    ratio, started, grown, drained = compare(
        f"sqlite:///{tmp_path / 'small.db'}", f"sqlite:///{tmp_path / 'large.db'}", 20_000
    )
    assert ratio < 4
    assert started < 5
    assert grown < 100
    assert drained > 1000


@pytest.mark.storm
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_claims_cost_the_same_with_two_hundred_thousand_waiting(kind, tmp_path, request):
    if kind == "sqlite":
        urls = [f"sqlite:///{tmp_path / name}" for name in ("small.db", "large.db")]
    else:
        postgres = request.getfixturevalue("postgres")
        urls = [postgres.database(), postgres.database()]
    ratio, started, grown, drained = compare(*urls, 200_000)
    assert ratio < 4
    assert started < 5
    assert grown < 100
    assert drained > 1000
