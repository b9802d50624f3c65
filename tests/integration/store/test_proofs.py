"""A proof that counts once counts once on all nodes together, and is forgotten when it counts no more."""

import asyncio
import time

from databases import running
from sqlalchemy import func, select

from gateway.edge.store.database import Database, Settings
from gateway.edge.store.proofs import SharedReplayStore
from gateway.edge.store.schema import proof


def kept(rig) -> int:
    return rig.database.rows(select(func.count()).select_from(proof))[0][0]


@running
async def test_a_proof_is_first_once_on_whichever_node_it_is_shown(rig, url):
    other = Database(Settings(url))
    try:
        nodes = (SharedReplayStore(rig.database), SharedReplayStore(other))
        until = time.time() + 60
        shown = await asyncio.gather(*(nodes[n % 2].first(f"proof-{n // 8}", until) for n in range(160)))
        assert sum(shown) == 20
        assert not await nodes[1].first("proof-3", until)
        assert await nodes[1].first("proof-of-another-length", until)
    finally:
        await other.aclose()


@running
async def test_what_counts_no_more_is_forgotten_and_what_is_kept_is_no_name(rig):
    store = SharedReplayStore(rig.database)
    assert await store.first("assertion:ehr:old", time.time() - 600)
    assert await store.first("assertion:ehr:new", time.time() + 60)
    assert kept(rig) == 1
    [(digest,)] = rig.database.rows(select(proof.c.digest))
    assert len(digest) == 64
    assert "ehr" not in digest


@running
async def test_what_does_not_fit_in_utf_8_is_a_proof_like_others(rig):
    store = SharedReplayStore(rig.database)
    assert await store.first("\ud800", time.time() + 60)
    assert not await store.first("\ud800", time.time() + 60)
