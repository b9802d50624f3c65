"""Every entry gets a place, once, whatever happens between its commit and that."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from databases import running
from line_kit import message
from log_kit import WRITE
from rig import Rig
from sqlalchemy import select

from gateway.core.merkle import consistency_proof, verify_consistency
from gateway.edge.audit.anchors import Anchors
from gateway.edge.audit.tree import SEQUENCE, Cadence, LogKeeper
from gateway.edge.audit.verify import NOTES, verify
from gateway.edge.store.database import Database, Settings
from gateway.edge.store.operate import ERASE
from gateway.edge.store.schema import audit, payload

HERE = Path(__file__).parent
PLACES = select(audit.c.tree_index, audit.c.seq).order_by(audit.c.seq)

DIE = """
import os, sys
sys.path[:0] = [{here!r}, {faults!r}]
from log_kit import WRITE
from gateway.edge.audit.tree import SEQUENCE
from gateway.edge.store.database import Database, Settings
def die(point):
    if point == {point!r}:
        os._exit(9)
database = Database(Settings({url!r}, probe=die))
for number in range(7):
    database.write_now(WRITE, number)
database.write_now(SEQUENCE, 4)
"""


def places(log):
    return [place for place, _ in log.database.rows(PLACES)]


def test_entries_have_no_place_until_they_are_sequenced_and_then_the_order_they_were_written_in(log):
    log.add(5)
    assert places(log) == [None] * 5
    log.database.write_now(SEQUENCE, 3)
    assert places(log) == [0, 1, 2, None, None]
    log.keeper.sequence()
    assert places(log) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("point", ["write-log.after-commit", "sequence.before-commit", "sequence.after-commit"])
def test_a_process_that_dies_between_commit_and_sequencing_loses_nothing(log, point):
    log.close()
    program = DIE.format(here=str(HERE), faults=str(HERE.parents[1] / "faults"), point=point, url=log.url)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 9
    log.open()
    written = len(places(log))
    assert written == (1 if point.startswith("write-log") else 7)
    log.keeper.settle()
    assert places(log) == list(range(written))
    assert log.verified().flaws == ()


def test_several_nodes_append_and_sequence_at_once_and_every_entry_has_one_place(any_log):
    nodes = [Database(Settings(any_log.url)) for _ in range(3)]

    def work(database):
        for number in range(20):
            database.write_now(WRITE, number)
            database.write_now(SEQUENCE, 8)

    threads = [threading.Thread(target=work, args=(node,)) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for node in nodes:
        node.close()
    any_log.keeper.settle()
    assert sorted(places(any_log)) == list(range(60))
    assert any_log.verified().flaws == ()


def test_a_checkpoint_is_due_by_number_and_by_time(log):
    log.add(3)
    by_number = LogKeeper(log.database, log.signer, log.anchors, Cadence(3, 3600))
    signed = []
    for _ in range(3):
        asyncio.run(by_number.keep())
        signed.append(len(log.anchors.notes()))
        log.add(2)
    assert signed == [1, 1, 2]
    asyncio.run(LogKeeper(log.database, log.signer, log.anchors, Cadence(1000, 0.0)).keep())
    assert log.key.opened(log.anchors.notes()[-1]).size == 9
    asyncio.run(LogKeeper(log.database, log.signer, log.anchors, Cadence(1000, 0.0)).keep())
    assert len(log.anchors.notes()) == 3


def test_checkpoints_that_could_not_be_dropped_are_dropped_later(log, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("not a folder")
    LogKeeper(log.database, log.signer, Anchors(blocked)).settle()
    log.add(2)
    LogKeeper(log.database, log.signer, Anchors(blocked)).settle()
    log.fill(3)
    assert [log.key.opened(note).size for note in log.anchors.notes()] == [2, 5]
    assert len(log.anchors.leaves(log.key)) == 5


def test_a_time_stamp_is_asked_for_where_one_is_configured_and_its_failure_stops_nothing(log, tmp_path):
    asked = []

    def stamp(note):
        asked.append(note)
        if len(asked) == 2:
            raise ConnectionError
        return b"token"

    log.keeper = LogKeeper(log.database, log.signer, Anchors(tmp_path / "stamped", stamp))
    log.fill(2, 2)
    assert [path.name[-5] for path in sorted((tmp_path / "stamped").glob("*.tsr"))] == ["2"]
    assert len(list((tmp_path / "stamped").glob("*.checkpoint"))) == 2
    assert asked == [row.note for row in log.database.rows(NOTES)]


@running
async def test_erasing_a_patient_leaves_the_tree_provable(url, tmp_path):
    rig = Rig(url)
    try:
        taken = await rig.intake.accept(message(1), "json", "ehr", "one")
        await rig.run_until(lambda: rig.state(taken.id) == "acknowledged")
        from gateway.edge.audit.anchors import key_at  # noqa: PLC0415

        keeper = LogKeeper(rig.database, key_at(tmp_path / "log.key", "example.org/log"), Anchors(tmp_path / "out"))
        before = await asyncio.to_thread(keeper.settle)
        await rig.database.write(ERASE, (rig.vault.mac("patient", "patient-1"), "operator:test"))
        assert {row.body for row in rig.database.rows(select(payload.c.body))} == {None}
        after = await asyncio.to_thread(keeper.settle)
        public = keeper.signer.verifier
        found = verify(rig.database, public, keeper.anchors.notes(), keeper.anchors.leaves(public))
        assert found.flaws == ()
        old, new, leaves = public.opened(before), public.opened(after), keeper.anchors.leaves(public)
        assert old.size < new.size
        verify_consistency(old.size, old.root, new.size, new.root, consistency_proof(old.size, leaves))
    finally:
        rig.close()
