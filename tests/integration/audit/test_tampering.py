"""What an intruder with the database file can do, and that each of it is found, with which entry."""

import asyncio

import pytest
from structlog.testing import capture_logs

from gateway.core.checkpoint import private_text, signer
from gateway.edge.audit.guard import LogGuard
from gateway.edge.audit.tree import WHOLE, Altered, Cadence, LogKeeper
from gateway.edge.audit.verify import NOTES


def test_a_log_that_nobody_touched_is_right(log):
    log.fill(5, 6, 1)
    found = log.verified()
    assert found.flaws == ()
    assert (found.size, found.checkpoints) == (12, 6)


def test_an_empty_log_is_right(log):
    assert log.verified().flaws == ()
    assert log.keeper.settle() == ""


def test_a_log_is_right_on_both_databases(any_log):
    any_log.fill(5, 6)
    assert any_log.verified().flaws == ()


@pytest.mark.parametrize(
    "column", ["recorded_at", "action", "outcome", "actor", "recipient", "patient", "message", "purpose", "id"]
)
def test_altering_a_column_is_found(log, column):
    log.fill(12)
    log.put(7, **{column: "1"})
    assert ("altered", 7) in log.flaws(anchors=False)


@pytest.mark.parametrize("column", ["entry", "salt", "leaf"])
def test_altering_content_salt_or_leaf_is_found(log, column):
    log.fill(12)
    log.put(7, **{column: b"0"})
    assert ("altered", 7) in log.flaws(anchors=False)


def test_altering_every_byte_of_an_entry_is_found(log):
    log.fill(3)
    raw = log.rows()[1][1]
    for at in range(len(raw)):
        log.put(1, entry=raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        assert ("altered", 1) in log.flaws(anchors=False)


@pytest.mark.parametrize("place", [0, 7, 11])
def test_removing_an_entry_is_found(log, place):
    log.fill(5, 7)
    log.tamper(("DELETE FROM audit WHERE tree_index = ?", place))
    assert ("removed", place) in log.flaws(anchors=False)


def test_reordering_two_entries_is_found(log):
    log.fill(12)
    log.tamper(
        ("UPDATE audit SET tree_index = 100 WHERE tree_index = 3",),
        ("UPDATE audit SET tree_index = 3 WHERE tree_index = 8",),
        ("UPDATE audit SET tree_index = 8 WHERE tree_index = 100",),
    )
    assert ("rewritten", None) in log.flaws(anchors=False)
    assert {("rewritten", 3), ("rewritten", 8)} <= set(log.flaws())
    assert "reordered" in {code for code, _ in log.flaws(anchors=False)}


def test_reordering_by_the_number_of_the_row_is_found(log):
    log.fill(12)
    log.tamper(("UPDATE audit SET seq = 1000 WHERE tree_index = 3",))
    assert ("reordered", 4) in log.flaws()


def test_back_dating_an_entry_is_found(log):
    log.fill(12)
    log.forge(7, recorded_at=1000.5)
    assert {("altered", 7), ("back-dated", 7)} <= set(log.flaws(anchors=False))


def test_slipping_in_an_entry_with_an_old_date_is_found(log):
    log.fill(12)
    log.add(1, 12)
    log.forge(None, recorded_at=1000.5)
    log.keeper.settle()
    assert log.flaws() == [("back-dated", 12)]


def test_cutting_off_the_end_is_found(log):
    log.fill(5, 7)
    log.tamper(("DELETE FROM audit WHERE tree_index >= 9",))
    assert [("removed", place) for place in (9, 10, 11)] == [one for one in log.flaws() if one[0] == "removed"]


def test_cutting_off_the_end_with_tree_and_checkpoints_is_found_outside(log):
    log.fill(5, 7)
    log.tamper(("DELETE FROM audit WHERE tree_index >= 9",))
    log.rewrite()
    assert log.flaws(anchors=False) == []
    assert ("truncated", None) in log.flaws()
    assert "entries 9 to 11 are gone" in str(log.verified().flaws[-1])


@pytest.mark.parametrize("place", [0, 4, 7, 11])
def test_a_log_rewritten_with_its_leaves_and_tree_is_found_with_the_entry(log, place):
    log.fill(5, 7)
    log.forge(place, purpose="pay")
    log.rewrite(sign_with=log.signer)
    assert log.flaws(anchors=False) == []  # whoever holds the key can make another history; nobody else's copy agrees
    assert log.flaws() == [("rewritten", place)]


def test_a_rewritten_log_is_found_against_one_older_checkpoint(log):
    older, _ = log.fill(5, 7)
    log.forge(3, purpose="pay")
    log.rewrite(sign_with=log.signer)
    [flaw] = log.verified([older], anchors=False).flaws
    assert (flaw.code, "entries 0 to 4" in flaw.what) == ("rewritten", True)


def test_the_range_of_a_rewritten_entry_is_that_between_two_checkpoints(log):
    notes = log.fill(5, 7, 3)
    log.forge(8, purpose="pay")
    log.rewrite(sign_with=log.signer)
    [flaw] = log.verified(notes, anchors=False).flaws
    assert "entries 5 to 11" in flaw.what


def test_removing_an_entry_and_closing_the_gap_is_found(log):
    log.fill(5, 7)
    log.tamper(("DELETE FROM audit WHERE tree_index = 3",))
    log.rewrite(sign_with=log.signer)
    codes = log.flaws()
    assert ("rewritten", 3) in codes
    assert ("truncated", None) in codes


def test_a_checkpoint_of_another_key_is_not_believed(log):
    log.fill(12)
    log.forge(3, purpose="pay")
    log.rewrite(sign_with=signer(private_text("example.org/log", b"\x01" * 32)))
    assert ("checkpoint", None) in log.flaws(anchors=False)


def test_a_stored_tree_that_was_changed_is_found(log):
    log.fill(12)
    log.tamper(("UPDATE log_tree SET peaks = zeroblob(64)",))
    assert ("tree", None) in log.flaws(anchors=False)


def test_a_tree_set_back_is_found(log):
    log.fill(12)
    log.tamper(("UPDATE log_tree SET size = 0, peaks = x''",), ("DELETE FROM log_checkpoint",))
    assert ("tree", 11) in log.flaws(anchors=False)


def test_leaves_outside_are_believed_only_as_far_as_they_give_the_signed_roots(log):
    log.fill(5, 7)
    assert len(log.anchors.leaves(log.key)) == 12
    last = log.anchors.folder / f"{12:016d}.leaves"
    last.chmod(0o600)
    last.write_bytes(b"\x00" * 32 * 7)
    assert len(log.anchors.leaves(log.key)) == 5
    assert log.flaws() == []


def test_removing_an_entry_before_it_has_a_place_is_found(log):
    log.fill(12)
    log.add(3, 12)
    log.tamper(("DELETE FROM audit WHERE seq = 14",))
    log.keeper.settle()
    assert log.flaws() == [("removed", 13)]


def unsigned(log):
    """Add an entry and try to sign; give why it is not signed, and how many checkpoints there are."""
    log.add(1, 50)
    log.keeper.sequence()
    with pytest.raises(Altered) as told:
        log.keeper.settle()
    return str(told.value), len(log.anchors.notes())


def test_a_tree_that_is_not_made_of_what_came_since_the_last_checkpoint_is_not_signed(log):
    log.fill(4)
    log.add(3, 4)
    log.keeper.sequence()
    log.forge(6, outcome="denied")
    assert unsigned(log) == ("what came since the last checkpoint is not what the tree was made of", 1)


def test_an_entry_removed_since_the_last_checkpoint_is_seen_before_the_next(log):
    log.fill(4)
    log.add(3, 4)
    log.keeper.sequence()
    log.tamper(("DELETE FROM audit WHERE tree_index = 5",))
    assert unsigned(log) == ("what came since the last checkpoint is not what the tree was made of", 1)


@pytest.mark.parametrize("what", ["note", "peaks", "size"])
def test_a_last_checkpoint_that_is_not_the_one_we_signed_is_grown_no_further(log, what):
    log.fill(4, 3)
    [other, _] = [row.note for row in log.database.rows(NOTES)]
    change = {"note": other, "peaks": b"\0" * 96, "size": 6}[what]
    log.tamper((f"UPDATE log_checkpoint SET {what} = ? WHERE size = 7", change))  # noqa: S608 - our own
    assert "checkpoint" in unsigned(log)[0]


def test_a_checkpoint_from_before_peaks_were_kept_is_grown_from_its_leaves(log):
    log.fill(4)
    log.tamper(("UPDATE log_checkpoint SET peaks = NULL",))
    log.add(2, 4)
    assert log.key.opened(log.keeper.settle()).size == 6
    assert log.flaws() == []
    log.tamper(
        ("UPDATE log_checkpoint SET peaks = NULL",), ("UPDATE audit SET leaf = ? WHERE tree_index = 1", b"x" * 32)
    )
    assert unsigned(log)[0] == "the last checkpoint is of another tree"


def test_after_a_verification_that_found_something_nothing_is_signed_until_one_finds_the_log_whole(log):
    log.fill(6)
    guard = LogGuard(log.database, log.key, log.anchors)
    was = log.rows()[2][1]
    log.put(2, entry=b"{}")
    with capture_logs() as told:
        assert guard.alerting("a test").flaws
    assert [one["event"] for one in told] == ["log-altered"]
    assert unsigned(log)[0] == "the last verification found something wrong"
    log.put(2, entry=was)
    assert guard.check("a test").flaws == ()
    assert log.key.opened(log.keeper.settle()).size == 7


def test_the_worker_alerts_and_signs_nothing_of_a_log_that_was_altered(log, monkeypatch):
    monkeypatch.setattr("gateway.edge.audit.tree.REST", 0.0)
    log.fill(4)
    log.put(2, entry=b"{}")
    log.add(1, 4)
    assert LogGuard(log.database, log.key, log.anchors).check("a test").flaws
    keeper = LogKeeper(log.database, log.signer, log.anchors, Cadence(1, 0.0))
    with capture_logs() as told:
        for _ in range(3):
            assert asyncio.run(keeper.keep()) == 0
    assert [one["event"] for one in told] == ["log-not-signed"]
    assert WHOLE._value.get() == 0
    assert len(log.anchors.notes()) == 1
