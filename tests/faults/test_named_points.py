"""The process is killed at each named point of the line and started again: nothing is lost or comes under two keys."""

import asyncio

import aiohttp
import pytest
from line_kit import message
from storm import Storm

POINTS = [
    "accept.before-commit",
    "accept.after-commit",
    "claim.before-commit",
    "claim.after-commit",
    "decide.before-commit",
    "decide.after-commit",
    "begin.before-commit",
    "begin.after-commit",
    "send.before",
    "send.after",
    "end.before-write",
    "end.before-commit",
    "end.after-commit",
]


async def die_at(storm, point):
    """Send three messages to a node that dies at `point`; start it again; send the same ones; wait."""
    async with storm.receiving(), aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        try:
            node = await storm.start(0, die_at=point, patience=0.3)
            sending = [
                asyncio.create_task(
                    storm.post(session, "/in", {"Idempotency-Key": f"key-{n}"}, message(n, "nav", case="one"))
                )
                for n in (1, 2, 3)
            ]
            await asyncio.wait_for(node.wait(), 10)
            assert node.returncode == -9
            await storm.start(0, patience=0.3)
            await asyncio.gather(*sending)
            storm.ledger.acknowledged |= {1, 2, 3}
            await storm.calm(15)
        finally:
            await storm.stop()


@pytest.mark.parametrize("point", POINTS)
def test_killed_at(tmp_path, point):
    storm = Storm(tmp_path, [f"sqlite:///{tmp_path / 'line.db'}"], trouble=0)
    asyncio.run(die_at(storm, point))
    ledger = storm.ledger
    assert not ledger.lost()
    assert not ledger.doubled()
    arrived_unrecorded = point in {"send.after", "end.before-write", "end.before-commit"}
    assert (ledger.redelivered() >= 1) == arrived_unrecorded
