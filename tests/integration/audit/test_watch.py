"""What officers are to look into is found in the log by plain rules: once, whoever searches and wherever it stops."""

from datetime import UTC, date, datetime, timedelta

import pytest
from line_kit import vault
from sqlalchemy import event, insert, select, update

from gateway.core.audit import AuditAction, AuditEntry, Outcome
from gateway.core.errors import Refused
from gateway.core.queues import BEFORE, DRAWN, LEAST, Queue, covered, first_day, lot, unusual
from gateway.edge.audit.append import append, fresh_id
from gateway.edge.audit.watch import FIRSTS, HANDED, REFUSED_BEFORE, SAID, LogWatch
from gateway.edge.review import Doing, Officer, ReviewQueue
from gateway.edge.store.cases import FIND, WATCH, Search
from gateway.edge.store.operate import ERASE
from gateway.edge.store.schema import audit, follow_up, inbound, log_watch, outbound, review
from gateway.edge.store.writer import Step

FIRST_ATTEMPTS = (
    select(audit.c.message, audit.c.leaf)
    .where(audit.c.action == AuditAction.DISCLOSED.value)
    .order_by(audit.c.tree_index)
)
DAY = 86_400.0
NOON = datetime(2026, 10, 20, 12, tzinfo=UTC).timestamp()
OFFICER = Officer("officer:one", "11870399989")
A, B = "a" * 32, "b" * 32


def write(tx, items):
    append(tx, [AuditEntry(id=fresh_id(), **item) for item in items])
    return [None] * len(items)


WRITE = Step("write-log", write)


class Story:
    """Writes entries at times of its own, each disclosure with the rows of a message behind it."""

    def __init__(self, log, covered=lambda *_: True, followed=lambda *_: ()):
        self.log, self.at, self.number = log, NOON, 0
        self.watch = LogWatch(log.database, frozenset({"nav"}), covered, followed)

    def entry(self, action, recipient="employer", patient=A, **more):
        item = {"recorded_at": self.at, "action": action, "actor": "ehr", "recipient": recipient, "patient": patient}
        self.log.database.write_now(WRITE, item | more)
        self.at += 1

    def message(self, name, recipient="employer", patient=A, state="acknowledged", *, more=False, source=""):
        self.number += 1
        source = source or f"in-{name}"
        with self.log.database.engine.begin() as connection:
            if not more:
                row = {"id": source, "key_mac": source, "format": "fhir", "sender": "ehr", "patient": patient}
                rest = {"content_mac": "", "business_mac": "", "case_key": "", "received_at": self.at}
                connection.execute(insert(inbound), [row | rest])
            row = {"id": name, "inbound": source, "destination": recipient, "recipient": recipient, "format": "xml"}
            row |= {
                "purpose": "sick-leave-follow-up",
                "case_key": "",
                "patient": patient,
                "state": state,
                "open": False,
            }
            row |= {"due": 0.0, "token": 0, "failures": 0, "attempts": 0, "sending": False, "reason": ""}
            connection.execute(insert(outbound), [row | {"created_at": self.at}])

    def disclosed(self, name, recipient="employer", patient=A, purpose="sick-leave-follow-up"):
        self.message(name, recipient, patient)
        self.entry(AuditAction.DISCLOSED, recipient, patient, message=name, purpose=purpose)

    def found(self):
        self.log.keeper.settle()
        self.watch.catch_up()
        rows = self.log.database.rows(select(review).order_by(review.c.opened_at, review.c.id))
        return [(row.kind, row.outbound or row.party) for row in rows if row.kind != Queue.SAMPLE]


def test_a_new_recipient_of_a_patient_who_is_known_is_told_of_once(log):
    story = Story(log)
    story.disclosed("to-nav", "nav")
    story.disclosed("the-same-day")
    story.at += 2 * DAY
    story.disclosed("known")
    story.disclosed("later", "physiotherapist")
    story.disclosed("later-still", "physiotherapist")
    story.disclosed("anothers", "physiotherapist", B)
    assert story.found() == [(Queue.FIRST, "later")]
    assert story.found() == [(Queue.FIRST, "later")]


def test_who_gets_by_statute_is_new_to_nobody(log):
    story = Story(log)
    story.disclosed("first")
    story.at += 2 * DAY
    story.disclosed("by-law", "nav")
    assert story.found() == []


def test_a_message_that_was_refused_and_then_permitted_is_told_of(log):
    story = Story(log)
    story.message("refused", state="refused")
    story.entry(AuditAction.DECIDED, message="refused", outcome=Outcome.DENIED)
    story.message("again", more=True, source="in-refused")
    story.entry(AuditAction.DECIDED, message="again")
    story.message("to-another", "nav", more=True, source="in-refused")
    story.entry(AuditAction.DECIDED, "nav", message="to-another")
    story.message("refused-later")
    story.entry(AuditAction.DECIDED, message="refused-later")
    story.entry(AuditAction.DECIDED, message="refused-later", outcome=Outcome.DENIED)
    assert story.found() == [(Queue.AGAIN, "again")]


@pytest.mark.parametrize(
    ("said", "later", "told"),
    [(["inactive"], 1, True), (["inactive", "active"], 1, False), (["active"], 1, False), (["inactive"], 31, False)],
)
def test_what_is_handed_over_after_a_withdrawal_is_told_of_until_the_patient_says_more(log, said, later, told):
    story = Story(log)
    story.disclosed("before")
    for status in said:
        story.entry(AuditAction.CONSENT, "", message="c/1", reason=status)
    story.entry(AuditAction.CONSENT, "", B, message="d/1", reason="inactive")
    story.at += later * DAY
    story.disclosed("after")
    story.disclosed("by-law", "nav")
    assert story.found() == ([(Queue.WITHDRAWN, "after")] if told else [])


def test_what_is_handed_over_outside_the_days_of_every_note_is_told_of(log):
    asked = []

    def within(patient, day):
        asked.append((patient, day))
        return patient == A

    story = Story(log, within)
    story.disclosed("inside")
    story.disclosed("outside", patient=B)
    story.disclosed("for-treatment", patient=B, purpose="treatment")
    assert story.found() == [(Queue.OUTSIDE, "outside")]
    assert asked == [(A, date(2026, 10, 20)), (B, date(2026, 10, 20))]


def test_a_month_around_a_note_is_within_it():
    note = [(date(2026, 3, 1), date(2026, 3, 14)), (date(2026, 9, 1), date.max)]
    days = {date(2026, 1, 29): False, date(2026, 1, 30): True, date(2026, 4, 13): True, date(2026, 4, 14): False}
    days |= {date(2026, 8, 1): False, date(2027, 1, 1): True}
    assert {day: covered(day, note) for day in days} == days
    assert not covered(date(2026, 3, 1), [])


def test_three_times_the_busiest_day_is_unusual_and_a_few_never_are():
    usual = [6, 7, 5, 6, 8, 7, 6]
    assert not unusual(24, usual)
    assert unusual(25, usual)
    assert not unusual(25, usual[:6])
    assert not unusual(LEAST - 1, [1] * 10)
    assert unusual(LEAST, [1] * 10)


def test_whoever_does_unusually_much_on_a_day_is_told_of_once_a_day(log):
    story = Story(log)
    for _ in range(8):
        story.entry(AuditAction.LOG_READ, "", actor="officer:one")
        story.at += DAY
    for _ in range(LEAST + 5):
        story.entry(AuditAction.LOG_READ, "", actor="officer:one")
        story.entry(AuditAction.LOG_READ, "", actor="patient")
    assert story.found() == [(Queue.VOLUME, "officer:one")]
    story.entry(AuditAction.LOG_READ, "", actor="officer:one")
    assert story.found() == [(Queue.VOLUME, "officer:one")]
    [row] = log.database.rows(select(review).where(review.c.kind == Queue.VOLUME))
    assert row.reason == "log-read/2026-10-28"
    assert BEFORE == 28


def test_last_months_sample_is_drawn_by_a_lot_that_anybody_can_work_out(log):
    story = Story(log)
    today = datetime.fromtimestamp(log.database.time(), UTC)
    story.at = (today.replace(day=1) - timedelta(days=10)).timestamp()
    month = f"{datetime.fromtimestamp(story.at, UTC):%Y-%m}"
    for number in range(DRAWN + 5):
        story.disclosed(f"message-{number}", "nav")
        story.entry(AuditAction.DISCLOSED, "nav", message=f"message-{number}")
    story.found()
    rows = log.database.rows(select(review).where(review.c.kind == Queue.SAMPLE))
    entries = log.database.rows(select(outbound.c.id))
    leaves = {row.message: row.leaf for row in reversed(log.database.rows(FIRST_ATTEMPTS))}
    assert {row.outbound for row in rows} == set(lot(month, ((leaf, name) for name, leaf in leaves.items())))
    assert (len(rows), len(entries)) == (DRAWN, DRAWN + 5)
    assert {row.reason for row in rows} == {month}
    story.found()
    assert len(log.database.rows(select(review).where(review.c.kind == Queue.SAMPLE))) == DRAWN


def test_a_search_that_another_node_was_quicker_with_opens_nothing(log):
    story = Story(log)
    story.disclosed("first", "nav")
    story.at += 2 * DAY
    story.disclosed("later")
    log.keeper.settle()
    found = story.watch.piece()
    assert log.database.write_now(FIND, found) == 1
    assert log.database.write_now(FIND, found) == 0
    assert log.database.rows(WATCH)[0].upto == 2
    assert story.found() == [(Queue.FIRST, "later")]


def test_a_search_begun_from_an_older_place_tells_nothing_twice(log):
    story = Story(log)
    story.disclosed("first", "nav")
    story.at += 2 * DAY
    story.disclosed("later")
    assert story.found() == [(Queue.FIRST, "later")]
    with log.database.engine.begin() as connection:
        connection.execute(update(log_watch).values(upto=0))
    assert story.found() == [(Queue.FIRST, "later")]
    assert log.database.write_now(FIND, Search(0, 9, "")) == 0


def test_what_followed_and_when_receipts_came_is_counted_of_nobody_in_particular(log):
    came = {"plan": (("oppfolgingsplan", 27),), "another": (("oppfolgingsplan", 27),), "note": ()}
    story = Story(log, followed=lambda message, *_: came[message])
    for message in came:
        story.entry(AuditAction.ACCEPTED, "", message=message)
    story.disclosed("sent")
    story.at += 3 * 3600
    story.entry(AuditAction.DISCLOSED, message="sent")
    story.entry(AuditAction.RECEIPT, "", message="sent")
    story.entry(AuditAction.RECEIPT, "", message="never-sent", outcome=Outcome.FAILURE)
    story.found()
    rows = log.database.rows(select(follow_up).order_by(follow_up.c.what))
    assert [tuple(row) for row in rows] == [("2026-10", "oppfolgingsplan", 27, 2), ("2026-10", "receipt-success", 3, 1)]


def test_a_case_begins_with_the_first_of_notes_that_follow_each_other_closely():
    notes = [
        (date(2026, 8, 1), date(2026, 8, 31)),
        (date(2026, 9, 16), date(2026, 9, 30)),
        (date(2026, 6, 1), date(2026, 7, 15)),
        (date(2026, 11, 1), date(2026, 11, 30)),
    ]
    assert first_day(date(2026, 10, 5), notes) == date(2026, 8, 1)
    assert first_day(date(2026, 11, 2), notes) == date(2026, 11, 1)
    assert first_day(date(2026, 5, 1), notes) is None


def test_a_note_on_a_case_is_unreadable_at_rest_and_gone_when_the_patient_is_erased(log):
    queue = ReviewQueue(log.database, vault(), None, None)
    story = Story(log)
    story.disclosed("first", "nav")
    story.at += 2 * DAY
    story.disclosed("later")
    story.found()
    [item] = queue.due(Queue.FIRST)
    queue.note(item.id, OFFICER, Doing("explanation-got", "Ringte mottakeren"))
    assert [(one.step, one.text) for one in queue.notes(item.id)] == [("explanation-got", "Ringte mottakeren")]
    assert b"Ringte" not in (log.folder / "line.db").read_bytes()
    log.database.write_now(ERASE, (A, "operator:test"))
    assert [(one.step, one.text) for one in queue.notes(item.id)] == [("explanation-got", None)]


def test_nobody_works_on_a_case_about_themselves(log):
    keys = vault()
    queue = ReviewQueue(log.database, keys, None, None)
    story = Story(log)
    mine = keys.mac("patient", OFFICER.number)
    story.disclosed("first", "nav", mine)
    story.at += 2 * DAY
    story.disclosed("later", patient=mine)
    story.found()
    [item] = queue.due(Queue.FIRST)
    with pytest.raises(Refused):
        queue.note(item.id, OFFICER, Doing("taken", owner=OFFICER.actor))
    assert queue.item(item.id).owner == ""


def test_no_question_of_the_search_reads_the_log_by_action(log):
    for statement, values in (
        (FIRSTS, {"patients": [A]}),
        (SAID, {"patients": [A]}),
        (HANDED, {"ids": ["m"]}),
        (REFUSED_BEFORE, {"ids": ["m"]}),
    ):
        asked = []
        with log.database.engine.connect() as connection:
            event.listen(connection, "before_cursor_execute", lambda *call, asked=asked: asked.append(call[2:4]))
            connection.execute(statement, values)
            sql, parameters = asked[-1]
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)]
        assert not any("ix_audit_action" in step or "SCAN audit" in step for step in plan), plan
