import dataclasses
import time

import pytest
from databases import running
from line_kit import destination, message, receipt_for, vault
from rig import Rig, stock
from sqlalchemy import insert, select, update

from gateway.core.line import FINAL, State
from gateway.edge.audit.anchors import Anchors, key_at
from gateway.edge.audit.tree import LogKeeper
from gateway.edge.audit.verify import verify
from gateway.edge.channel import MemoryChannel
from gateway.edge.delivery.receipts import receipt_in
from gateway.edge.keys import Destroyed
from gateway.edge.retention import DAY, Periods, Retention
from gateway.edge.store import absences
from gateway.edge.store.operate import DISCARD, Order
from gateway.edge.store.receipts import RECEIVE
from gateway.edge.store.retention import PURGE, Sweep
from gateway.edge.store.schema import audit, inbound, payload, review
from gateway.edge.store.writer import Step

LATER = 401 * DAY


def kept(rig):
    return {(row.kind, row.record) for row in rig.database.rows(select(payload.c.kind, payload.c.record))}


def purge(rig, days=LATER, *, destroy=True):
    """Purge as if the clock stood so many seconds later; give how many payloads went."""
    total = 0
    for kind in ("inbound", "receipt", "absence"):
        sweep = Sweep(kind, time.time() + days - 400 * DAY, destroy=destroy)
        while True:
            swept = rig.database.write_now(PURGE, sweep)
            total += swept.destroyed
            if not swept.last:
                break
            sweep = dataclasses.replace(sweep, after=swept.last)
    return total


@running
async def test_what_a_settled_message_said_is_destroyed_in_time_and_what_was_done_with_it_stays(rig):
    taken = await rig.intake.accept(message(1), "json", "ehr", "key")
    await rig.run_until(lambda: rig.state(taken.id) == "acknowledged")
    assert {kind for kind, _ in kept(rig)} == {"inbound", "outbound", "receipt"}
    assert purge(rig, destroy=False) == 3
    assert len(kept(rig)) == 3
    assert purge(rig) == 3
    assert kept(rig) == set()
    source = rig.intake.find(taken.id)
    with pytest.raises(Destroyed):
        rig.vault.open("inbound", source.id, source.body, source.wrapped)
    assert rig.state(taken.id) == "acknowledged"
    assert "receipt-ok" in rig.events(taken.id)
    again = await rig.intake.accept(message(1), "json", "ehr", "key")
    assert (again.id, again.again) == (taken.id, True)


@running
async def test_the_log_stays_provable_and_says_what_went(rig, tmp_path):
    taken = await rig.intake.accept(message(1), "json", "ehr", "key")
    await rig.run_until(lambda: rig.state(taken.id) == "acknowledged")
    signer, anchors = key_at(tmp_path / "log.key", "example.org/log"), Anchors(tmp_path / "anchors")
    keeper = LogKeeper(rig.database, signer, anchors)
    before = keeper.settle()
    purge(rig)
    after = keeper.settle()
    found = verify(rig.database, signer.verifier, [before, after], anchors.leaves(signer.verifier))
    assert list(found.flaws) == []
    rows = rig.database.rows(select(audit).where(audit.c.action == "erased"))
    assert [(row.message, row.actor) for row in rows] == [(taken.id, "gateway")]
    assert b'"reason":"retention"' in rows[0].entry


@pytest.mark.parametrize("state", [state for state in State if state not in FINAL])
def test_nothing_that_is_not_settled_is_ever_destroyed(sqlite_url, state):
    rig = Rig(sqlite_url)
    stock(rig, 60, states=[state.value])
    before = kept(rig)
    assert purge(rig, 1000 * LATER) == 0
    assert kept(rig) == before
    rig.close()


@running
async def test_a_message_stays_whole_while_one_of_its_copies_waits_for_anybody(rig):
    rig.channels["hr"] = MemoryChannel(lambda *_: b"")
    taken = await rig.intake.accept(message(1, "nav", "nowhere"), "json", "ehr", "key")
    await rig.run_until(lambda: rig.states() == {"acknowledged": 1, "dead-letter": 1})
    assert purge(rig) == 0
    [dead] = [row.id for row in rig.messages(taken.id) if row.state == "dead-letter"]
    rig.database.write_now(DISCARD, Order(dead, "operator", "sent-on-paper"))
    assert purge(rig) > 0
    assert kept(rig) == set()


@running
async def test_the_time_counts_from_the_last_thing_that_happened(rig):
    taken = await rig.intake.accept(message(1), "json", "ehr", "key")
    await rig.run_until(lambda: rig.state(taken.id) == "acknowledged")
    old = update(inbound).values(received_at=1.0)
    rig.database.write_now(Step("age", lambda tx, _: [tx.connection.execute(old).rowcount]), None)
    assert purge(rig, 399 * DAY) == 0
    assert purge(rig, 401 * DAY) == 3


@running
async def test_what_an_officer_has_not_looked_at_yet_stays(rig):
    taken = await rig.intake.accept(message(1), "json", "ehr", "key")
    await rig.run_until(lambda: rig.state(taken.id) == "acknowledged")
    words = ("kind", "patient", "outbound", "party", "recipient", "purpose", "policy", "held", "person", "reason")
    item = dict.fromkeys((*words, "officer", "finding"), "") | {"id": "r", "inbound": taken.id, "opened_at": 1.0}
    opening = insert(review).values(item | {"status": "open"})
    rig.database.write_now(Step("open", lambda tx, _: [tx.connection.execute(opening).rowcount]), None)
    assert purge(rig) == 0
    closing = update(review).values(status="cleared")
    rig.database.write_now(Step("close", lambda tx, _: [tx.connection.execute(closing).rowcount]), None)
    assert purge(rig) == 3


@running
async def test_consents_are_kept_for_they_are_what_a_disclosure_rested_on(rig):
    await rig.register.put("c", b"{}", "patient-1", "active", "ehr")
    assert purge(rig) == 0
    assert [one.status for one in rig.register.for_patient(rig.register.pseudonym("patient-1"))] == ["active"]


@running
async def test_a_receipt_that_answers_nothing_goes_by_itself(rig):
    raw = receipt_for("unknown")
    await rig.database.write(RECEIVE, receipt_in(rig.vault, "nav", raw, rig.line.read_receipt(raw)))
    assert [kind for kind, _ in kept(rig)] == ["receipt"]
    assert purge(rig) == 1


@running
async def test_absences_go_when_their_file_is_handled_and_a_file_that_waits_stays(rig):
    sealed = vault().seal(absences.RECORD, f"{int(time.time() * 1000):012x}a", b"Plumbumpoisoning")
    record = f"{int(time.time() * 1000):012x}a"
    await rig.database.write(absences.BEGIN, absences.NewFile("f", "employer", "p", whole=False))
    await rig.database.write(absences.RECEIVE, absences.Received("f", "employer", "digest", 1))
    rows = absences.Rows(0, 1, (absences.NewAbsence(record, "who", "mac", "source", 1, sealed),))
    await rig.database.write(absences.HANDLE, absences.Handled("f", "employer", rows, absences.WAITING))
    assert purge(rig) == 0
    rows = absences.Rows(1, 0)
    await rig.database.write(absences.HANDLE, absences.Handled("f", "employer", rows, absences.DONE))
    assert purge(rig) == 1
    await rig.database.write(absences.BEGIN, absences.NewFile("g", "employer", "p", whole=False))
    await rig.database.write(absences.RECEIVE, absences.Received("g", "employer", "another", 1))
    again = absences.Rows(0, 1, (absences.NewAbsence(record, "who", "mac", "source", 1, sealed),))
    assert await rig.database.write(absences.HANDLE, absences.Handled("g", "employer", again, absences.DONE)) == 0


@running
async def test_a_worker_does_it_by_itself_and_the_old_bytes_are_in_no_file(sqlite_url, tmp_path):
    offset = [0.0]
    rig = Rig(sqlite_url, clock=lambda: time.time() + offset[0])
    taken = await rig.intake.accept(message(1), "json", "ehr", "key")
    await rig.run_until(lambda: rig.state(taken.id) == "acknowledged")
    source = rig.intake.find(taken.id)
    retention = Retention(rig.database, Periods(400, 400))
    while await retention.purge_some():
        pass
    assert len(kept(rig)) == 3
    assert await retention.purge_some() == 0, "not again within the hour"
    offset[0] = LATER
    retention = Retention(rig.database, Periods(400, 400))
    while await retention.purge_some():
        pass
    assert kept(rig) == set()
    rig.database.forget_free_pages()
    rig.close()
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert source.wrapped not in files
    assert source.body not in files


def test_zero_is_for_ever():
    assert list(Periods(0, 0).sweeps(1e9)) == []
    assert [sweep.kind for sweep in Periods(1, 0).sweeps(1e9)] == ["inbound", "receipt"]


@running
async def test_a_message_that_has_gone_can_be_sent_nowhere_any_more(rig):
    taken = await rig.intake.accept(message(1), "json", "ehr", "key")
    await rig.run_until(lambda: rig.state(taken.id) == "acknowledged")
    purge(rig)
    await rig.intake.add_destination(taken.id, destination("employer"))
    await rig.run_until(lambda: rig.state(taken.id, "employer") == "invalid")
    [row] = [row for row in rig.messages(taken.id) if row.destination == "employer"]
    assert row.reason == "erased"
