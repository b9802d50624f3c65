import asyncio
import json
from dataclasses import replace

import pytest
from databases import running
from line_kit import destination, message
from sqlalchemy import select

from gateway.core.errors import Busy, NotAcceptable
from gateway.core.line import State
from gateway.edge.channel import MemoryChannel
from gateway.edge.delivery.decider import Decider
from gateway.edge.store import statements
from gateway.edge.store.accept import Conflict
from gateway.edge.store.decide import CLAIM, DECIDED
from gateway.edge.store.deliver import BEGIN, END
from gateway.edge.store.rows import Begin, Ended
from gateway.edge.store.schema import audit
from gateway.edge.store.writer import Stale

BEGINS = Begin("nav", 10, 60.0, "rules-1", 1.0)


async def sealed(rig, *bodies):
    """Take messages in and decide them, with no worker running."""
    answers = [await rig.intake.accept(body, "json", "ehr", f"key-{n}") for n, body in enumerate(bodies)]
    decider = rig_decider(rig)
    while await decider.decide_some():
        pass
    return [answer.id for answer in answers]


def rig_decider(rig):

    return Decider(rig.database, rig.vault, rig.work())


def actions(rig):
    return [row.action for row in rig.database.rows(select(audit.c.action).order_by(audit.c.seq))]


@running
async def test_the_same_key_and_content_gives_the_same_answer_and_one_message(rig):
    first = await rig.intake.accept(message(1), "json", "ehr", "key")
    again = await rig.intake.accept(message(1), "json", "ehr", "key")
    assert (again.id, again.again) == (first.id, True)
    assert rig.states() == {"received": 1}


@running
async def test_the_same_post_twice_at_once_is_one_message(rig):
    answers = await asyncio.gather(*(rig.intake.accept(message(1), "json", "ehr", "key") for _ in range(20)))
    assert len({answer.id for answer in answers}) == 1
    assert sum(not answer.again for answer in answers) == 1
    assert rig.states() == {"received": 1}


@running
async def test_the_same_key_with_another_content_is_a_conflict_and_stores_nothing(rig):
    await rig.intake.accept(message(1), "json", "ehr", "key")
    with pytest.raises(Conflict):
        await rig.intake.accept(message(2), "json", "ehr", "key")
    assert rig.states() == {"received": 1}


@running
async def test_the_same_message_under_another_key_gets_the_first_answer(rig):
    first = await rig.intake.accept(message(1), "json", "ehr", "key")
    answers = await asyncio.gather(*(rig.intake.accept(message(1), "json", "ehr", f"key-{n}") for n in range(20)))
    assert {(answer.id, answer.again) for answer in answers} == {(first.id, True)}
    assert rig.states() == {"received": 1}


@running
async def test_the_same_id_with_another_content_is_a_conflict_whatever_key_it_comes_under(rig):
    bodies = [message(1, note=str(n)) for n in range(5)]
    took = (rig.intake.accept(body, "json", "ehr", f"key-{n}") for n, body in enumerate(bodies))
    answers = await asyncio.gather(*took, return_exceptions=True)
    assert sum(isinstance(answer, Conflict) for answer in answers) == 4
    assert rig.states() == {"received": 1}


@running
async def test_two_senders_may_choose_the_same_id(rig):
    first = await rig.intake.accept(message(1), "json", "ehr-a", "key")
    second = await rig.intake.accept(message(1), "json", "ehr-b", "key")
    assert first.id != second.id


@running
async def test_messages_without_an_id_are_told_apart_by_their_keys_alone(rig):
    for number in range(2):
        body = json.dumps(json.loads(message(number)) | {"id": ""}).encode()
        await rig.intake.accept(body, "json", "ehr", f"key-{number}")
    assert rig.states() == {"received": 2}


@running
async def test_two_senders_may_choose_the_same_key(rig):
    first = await rig.intake.accept(message(1), "json", "ehr-a", "key")
    second = await rig.intake.accept(message(2), "json", "ehr-b", "key")
    assert first.id != second.id


@running
async def test_a_message_that_is_not_acceptable_leaves_nothing_behind(rig):
    with pytest.raises(NotAcceptable):
        await rig.intake.accept(b"{", "json", "ehr", "key")
    assert rig.states() == {}
    assert actions(rig) == []


@running
async def test_each_transaction_has_its_audit_entry_and_each_transition_its_event_row(rig):
    taken = await rig.intake.accept(message(1), "json", "ehr", "key")
    await rig.run_until(lambda: rig.state(taken.id) == "acknowledged")
    assert rig.events(taken.id) == ["permit", "seal", "sent", "receipt-ok"]
    assert actions(rig) == ["accepted", "decided", "disclosed", "handed-over"]


@running
async def test_the_audit_entry_of_an_attempt_is_committed_before_a_byte_leaves(rig):
    seen = []

    def answer(_key, _body):
        seen.append(actions(rig))
        return b""

    rig.channels["nav"] = MemoryChannel(answer)
    taken = await rig.intake.accept(message(1), "json", "ehr", "key")
    await rig.run_until(lambda: rig.state(taken.id) == "delivered")
    assert seen == [["accepted", "decided", "disclosed"]]


@running
async def test_a_claim_that_ran_out_cannot_record_what_another_has_taken_over(rig):
    await rig.intake.accept(message(1), "json", "ehr", "key")
    [late] = await rig.database.write(CLAIM, (1, -1.0))
    [quick] = await rig.database.write(CLAIM, (1, 60.0))
    decider = rig_decider(rig)
    await rig.database.write(DECIDED, decider.decide([quick])[0])
    with pytest.raises(Stale):
        await rig.database.write(DECIDED, decider.decide([late])[0])
    assert rig.states() == {"sealed": 1}


@running
async def test_an_attempt_whose_lease_ran_out_cannot_record_its_end(rig):
    [taken] = await sealed(rig, message(1))
    begun = await rig.database.write(BEGIN, Begin("nav", 1, -1.0, "rules-1", 1.0))
    again = await rig.database.write(BEGIN, BEGINS)
    [late], [quick] = begun.attempts, again.attempts
    assert quick.token == late.token + 1
    with pytest.raises(Stale):
        await rig.database.write(END, Ended(attempt=late, outcome="unreachable", due_in=5))
    assert rig.state(taken) == "sealed"


@running
async def test_a_stale_item_does_not_stop_its_batch(rig):
    await sealed(rig, *(message(n) for n in range(6)))
    begun = await rig.database.write(BEGIN, Begin("nav", 6, -1.0, "rules-1", 1.0))
    taken_over = await rig.database.write(BEGIN, Begin("nav", 1, 60.0, "rules-1", 1.0))
    ends = [Ended(attempt=attempt, outcome="unreachable", due_in=5) for attempt in begun.attempts]
    results = await asyncio.gather(*(rig.database.write(END, end) for end in ends), return_exceptions=True)
    stale = [end.attempt.id for end, result in zip(ends, results, strict=True) if isinstance(result, Stale)]
    assert stale == [taken_over.attempts[0].id]


@running
async def test_a_consent_withdrawn_between_claim_and_send_stops_the_message(rig):
    await rig.register.put("c1", b"{}", "patient-1", "active", "ehr")
    [taken] = await sealed(rig, message(1, "employer-1", patient="patient-1"))
    assert rig.state(taken, "employer-1") == "sealed"
    recorded = await rig.register.put("c1", b"{}", "patient-1", "inactive", "ehr")
    assert recorded.reopened == 1
    begun = await rig.database.write(BEGIN, Begin("employer-1", 10, 60.0, "rules-1", 1.0))
    assert begun.attempts == []
    await rig_decider(rig).decide_some()
    assert rig.events(taken, "employer-1") == ["permit", "seal", "permit-expired", "deny"]


@running
async def test_a_message_whose_facts_nobody_can_give_now_is_tried_again_and_has_failed_at_nothing(rig):
    class Away:
        def __call__(self, *_asked):
            raise Busy("the register is away")

        def ahead(self, _messages):
            return self

    taken = await rig.intake.accept(message(1, "nav"), "json", "ehr", "key")
    decider = Decider(rig.database, rig.vault, replace(rig.work(), gather=Away()))
    for _ in range(9):
        [claim] = await rig.database.write(CLAIM, (1, 60.0))
        [put_off] = decider.decide([claim])
        assert 10 <= put_off.due_in <= 900
        await rig.database.write(DECIDED, replace(put_off, due_in=0))
    [row] = rig.messages_in("received")
    assert (row.reason, row.failures, rig.state(taken.id)) == ("source-away", 0, "received")
    await rig_decider(rig).decide_some()
    assert rig.states() == {"sealed": 1}


@running
async def test_a_consent_that_changes_while_a_decision_is_made_sends_it_back_at_the_attempt(rig):
    await rig.register.put("c1", b"{}", "patient-1", "active", "ehr")
    taken = await rig.intake.accept(message(1, "employer-1", patient="patient-1"), "json", "ehr", "key")
    [claim] = await rig.database.write(CLAIM, (1, 60.0))
    decided = rig_decider(rig).decide([claim])[0]
    await rig.register.put("c1", b"{}", "patient-1", "inactive", "ehr")
    await rig.database.write(DECIDED, decided)
    assert rig.state(taken.id, "employer-1") == "sealed"
    begun = await rig.database.write(BEGIN, Begin("employer-1", 10, 60.0, "rules-1", 1.0))
    assert begun.attempts == []
    assert rig.state(taken.id, "employer-1") == "received"


@running
async def test_withdrawing_waits_for_the_attempt_that_is_on_its_way(rig):
    await rig.register.put("c1", b"{}", "patient-1", "active", "ehr")
    await sealed(rig, message(1, "employer-1", patient="patient-1"))
    begun = await rig.database.write(BEGIN, Begin("employer-1", 1, 60.0, "rules-1", 1.0))
    withdrawing = asyncio.create_task(rig.register.put("c1", b"{}", "patient-1", "inactive", "ehr"))
    done, _ = await asyncio.wait({withdrawing}, timeout=0.3)
    assert not done
    await rig.database.write(END, Ended(attempt=begun.attempts[0], outcome="unreachable", due_in=0))
    recorded = await asyncio.wait_for(withdrawing, 5)
    assert recorded.version == 2
    assert (await rig.database.write(BEGIN, Begin("employer-1", 1, 60.0, "rules-1", 1.0))).attempts == []


@running
async def test_a_permit_that_ran_out_or_was_given_by_other_rules_is_decided_anew(rig):
    past, other = message(1, valid_until=1.0), message(2)
    first, second = await sealed(rig, past, other)
    begun = await rig.database.write(BEGIN, Begin("nav", 10, 60.0, "rules-2", 1.0))
    assert begun.attempts == []
    assert rig.events(first)[-1] == rig.events(second)[-1] == "permit-expired"


@running
async def test_order_is_kept_for_each_case_and_not_across(rig):
    await sealed(rig, *(message(n, case="a" if n < 3 else f"b{n}") for n in range(5)))
    first = await rig.database.write(BEGIN, BEGINS)
    assert len(first.attempts) == 3  # the first of case a, and both others
    again = await rig.database.write(BEGIN, BEGINS)
    assert again.attempts == []


@running
async def test_destinations_are_frozen_when_the_message_comes(rig):
    [taken] = await sealed(rig, message(1, "nav"))
    rig.channels["employer-9"] = rig.channels["nav"]
    await rig.run_until(lambda: rig.state(taken) == "acknowledged")
    assert [row.destination for row in rig.messages(taken)] == ["nav"]


@running
async def test_a_later_act_of_the_patient_adds_one_destination_that_starts_at_received(rig):
    [taken] = await sealed(rig, message(1, "nav"))
    first = await rig.intake.add_destination(taken, destination("employer-9"))
    again = await rig.intake.add_destination(taken, destination("employer-9"))
    assert first == again
    assert rig.state(taken, "employer-9") == State.RECEIVED


@running
async def test_consents_keep_every_version(rig):
    await rig.register.put("c1", b'{"n":1}', "patient-1", "active", "ehr")
    await rig.register.put("c1", b'{"n":2}', "patient-1", "inactive", "ehr")
    await rig.register.put("c2", b'{"n":3}', "patient-1", "active", "ehr")
    assert [json.loads(v.resource)["n"] for v in rig.register.history("c1")] == [1, 2]
    assert rig.register.get("c1").status == "inactive"
    assert rig.register.get("unknown") is None
    newest = rig.register.for_patient(rig.register.pseudonym("patient-1"))
    assert sorted(json.loads(v.resource)["n"] for v in newest) == [2, 3]


@running
async def test_events_tell_the_whole_way_of_every_message(rig):
    await sealed(rig, *(message(n) for n in range(3)))
    await rig.run_until(lambda: rig.states() == {"acknowledged": 3})
    for row in rig.database.rows(statements.NEWEST, limit=10):
        state = "received"
        for event in rig.database.rows(statements.EVENTS_OF, id=row.id):
            assert event.state == state
            state = event.following
        assert state == row.state
