import asyncio
import dataclasses
import json
import time

import pytest
from databases import running
from line_kit import PlainLine, destination, message, receipt_for
from rig import QUICK, Rig, acknowledge
from sqlalchemy import func, select
from structlog.testing import capture_logs
from tenacity import stop_after_attempt, stop_after_delay, wait_fixed

from gateway.core.errors import Rejected, Uncertain, Unreachable
from gateway.core.message import Parsed
from gateway.edge.channel import MemoryChannel
from gateway.edge.delivery.terms import Acknowledges, Breaker, Retry
from gateway.edge.store import statements
from gateway.edge.store.decide import CLAIM, SUSPECT
from gateway.edge.store.operate import DISCARD, RESEND, NotADeadLetter, Order
from gateway.edge.store.schema import attempt, outbound, receipt


async def take(rig, *bodies):
    return [(await rig.intake.accept(body, "json", "ehr", f"key-{body}")).id for body in bodies]


def failing(times, error=Unreachable, then=acknowledge):
    """A recipient that fails so many times before it answers."""
    left = [times]

    def answer(key, body):
        if left[0]:
            left[0] -= 1
            raise error("planned")
        return then(key, body)

    return MemoryChannel(answer)


def verdicts(rig):
    return sorted(row.verdict for row in rig.database.rows(select(receipt.c.verdict)))


@running
async def test_a_recipient_that_fails_is_tried_again_with_the_same_key(rig):
    rig.channels["nav"] = failing(3, Uncertain)
    [taken] = await take(rig, message(1))
    await rig.run_until(lambda: rig.state(taken) == "acknowledged")
    attempts = rig.database.rows(statements.ATTEMPTS_OF, id=rig.messages(taken)[0].id)
    assert [a.outcome for a in attempts] == ["uncertain"] * 3 + ["sent"]
    assert [a.number for a in attempts] == [1, 2, 3, 4]


@running
async def test_a_recipient_that_says_no_gets_no_second_attempt_and_a_human_looks_at_it(rig):
    rig.channels["nav"] = failing(1, Rejected)
    [taken] = await take(rig, message(1))
    await rig.run_until(lambda: rig.state(taken) == "dead-letter")
    assert rig.messages(taken)[0].attempts == 1
    assert rig.messages(taken)[0].reason == "rejected"


@running
async def test_what_cannot_be_delivered_in_its_time_is_given_up_and_others_go_on(rig):
    terms = dataclasses.replace(QUICK, retry=Retry(wait_fixed(0.01), stop_after_attempt(2)), breaker=Breaker(99, 1))

    def answer(key, body):
        if json.loads(body)["id"] == "msg-1":
            raise Uncertain("planned")
        return acknowledge(key, body)

    rig.terms["nav"] = terms
    rig.channels["nav"] = MemoryChannel(answer)
    bad, good = await take(rig, message(1), message(2))
    await rig.run_until(lambda: (rig.state(bad), rig.state(good)) == ("dead-letter", "acknowledged"))
    assert rig.messages(bad)[0].reason == "uncertain"


@running
async def test_a_dead_letter_that_is_resent_is_decided_anew(rig):
    rig.channels["employer-1"] = failing(1, Rejected, lambda _k, _b: b"")
    await rig.register.put("c1", b"{}", "patient-1", "active", "ehr")
    [taken] = await take(rig, message(1, "employer-1", patient="patient-1"))
    await rig.run_until(lambda: rig.state(taken, "employer-1") == "dead-letter")
    await rig.register.put("c1", b"{}", "patient-1", "inactive", "ehr")
    await rig.database.write(RESEND, Order(rig.messages(taken)[0].id, "operator", "asked-for"))
    await rig.run_until(lambda: rig.state(taken, "employer-1") == "refused")
    assert rig.events(taken, "employer-1") == ["permit", "seal", "gave-up", "resend", "deny"]


@running
async def test_a_dead_letter_is_discarded_with_a_reason_and_asks_for_nobody_any_more(rig):
    rig.channels["nav"] = failing(1, Rejected)
    [taken] = await take(rig, message(1))
    await rig.run_until(lambda: rig.state(taken) == "dead-letter")
    name = rig.messages(taken)[0].id
    await rig.database.write(DISCARD, Order(name, "operator", "sent-on-paper"))
    assert rig.database.rows(statements.DEAD_LETTERS, limit=9) == []
    last = rig.database.rows(statements.EVENTS_OF, id=name)[-1]
    assert (last.event, last.following, last.detail) == ("discard", "discarded", "sent-on-paper")
    assert rig.state(taken) == "discarded"
    with pytest.raises(NotADeadLetter):
        await rig.database.write(RESEND, Order(name, "operator", "asked-for"))


@running
async def test_a_destination_without_a_channel_makes_a_dead_letter_and_no_noise(rig):
    [taken] = await take(rig, message(1, "unheard-of"))
    await rig.run_until(lambda: rig.state(taken, "unheard-of") == "dead-letter")


@running
async def test_an_answer_without_a_receipt_waits_for_one_and_gives_up_in_time(rig):
    rig.terms["nav"] = dataclasses.replace(QUICK, receipt_within=0.1)
    rig.channels["nav"] = MemoryChannel()
    [taken] = await take(rig, message(1))
    await rig.run_until(lambda: rig.state(taken) == "dead-letter")
    assert rig.events(taken) == ["permit", "seal", "sent", "gave-up"]
    assert rig.messages(taken)[0].reason == "no-receipt"


@running
async def test_a_recipient_whose_transport_answer_is_its_receipt_acknowledges_by_it(rig):
    rig.terms["hr"] = dataclasses.replace(QUICK, acknowledges=Acknowledges.TRANSPORT)
    rig.channels["hr"] = MemoryChannel()
    [taken] = await take(rig, message(1, "hr"))
    await rig.run_until(lambda: rig.state(taken, "hr") == "acknowledged")


@running
async def test_a_negative_receipt_makes_a_dead_letter_with_its_codes(rig):
    rig.channels["nav"] = MemoryChannel(lambda _k, _b: receipt_for("msg-1-to-nav", "E21", "Navnet er feil"))
    [taken] = await take(rig, message(1))
    await rig.run_until(lambda: rig.state(taken) == "dead-letter")
    [row] = rig.database.rows(statements.RECEIPTS_OF, id=rig.messages(taken)[0].id)
    assert row.codes == "E21 unreadable-code"


@running
async def test_a_receipt_that_comes_later_is_matched_by_the_id_it_answers(rig):
    rig.channels["nav"] = MemoryChannel()
    first, second = await take(rig, message(1), message(2))
    await rig.run_until(lambda: rig.states() == {"delivered": 2})
    found = await rig.intake.receive_receipt(receipt_for("msg-2-to-nav"), "nav")
    assert found.verdict == "applied"
    assert (rig.state(first), rig.state(second)) == ("delivered", "acknowledged")


@running
async def test_a_receipt_from_another_party_than_the_message_went_to_moves_nothing(rig):
    rig.channels["nav"] = MemoryChannel()
    [taken] = await take(rig, message(1))
    await rig.run_until(lambda: rig.state(taken) == "delivered")
    found = await rig.intake.receive_receipt(receipt_for("msg-1-to-nav"), "employer-1")
    assert found.verdict == "unmatched"
    assert rig.state(taken) == "delivered"


@running
async def test_an_answer_that_holds_the_receipt_of_another_message_goes_to_that_message(rig):
    rig.channels["nav"] = MemoryChannel()
    [first] = await take(rig, message(1))
    await rig.run_until(lambda: rig.state(first) == "delivered")
    rig.channels["nav"] = MemoryChannel(lambda _k, _b: receipt_for("msg-1-to-nav"))
    [second] = await take(rig, message(2))
    await rig.run_until(lambda: rig.state(second) == "delivered")
    assert rig.state(first) == "acknowledged"


@running
async def test_receipts_that_are_repeated_unknown_contradicting_or_late_are_kept_and_move_nothing(rig):
    rig.channels["nav"] = MemoryChannel()
    [taken] = await take(rig, message(1))
    await rig.run_until(lambda: rig.state(taken) == "delivered")
    results = [
        await rig.intake.receive_receipt(body, "nav")
        for body in (
            receipt_for("msg-1-to-nav"),
            receipt_for("msg-1-to-nav"),
            receipt_for("msg-1-to-nav", "E1"),
            receipt_for("never-sent"),
        )
    ]
    assert [r.verdict for r in results] == ["applied", "duplicate", "contradicts", "unmatched"]
    assert rig.state(taken) == "acknowledged"
    assert await rig.intake.receive_receipt(b"not a receipt", "nav") is None


@running
async def test_a_receipt_after_the_message_was_given_up_still_settles_it(rig):
    rig.terms["nav"] = dataclasses.replace(QUICK, receipt_within=0.05)
    rig.channels["nav"] = MemoryChannel()
    [taken] = await take(rig, message(1))
    await rig.run_until(lambda: rig.state(taken) == "dead-letter")
    found = await rig.intake.receive_receipt(receipt_for("msg-1-to-nav"), "nav")
    assert (found.verdict, rig.state(taken)) == ("applied", "acknowledged")
    assert rig.events(taken)[-2:] == ["gave-up", "receipt-ok"]


@running
async def test_a_receipt_that_says_yes_after_one_that_said_no_is_kept_for_a_human(rig):
    rig.channels["nav"] = MemoryChannel(lambda _k, _b: receipt_for("msg-1-to-nav", "E21"))
    [taken] = await take(rig, message(1))
    await rig.run_until(lambda: rig.state(taken) == "dead-letter")
    found = await rig.intake.receive_receipt(receipt_for("msg-1-to-nav"), "nav")
    assert (found.verdict, rig.state(taken)) == ("late", "dead-letter")
    assert "receipt-late" in rig.events(taken)


@running
async def test_a_receipt_that_overtakes_the_end_of_its_attempt_settles_the_message(rig):
    async def slow(key, body):  # noqa: ARG001
        found = await rig.intake.receive_receipt(receipt_for("msg-1-to-nav"), "nav")
        assert found.verdict == "applied"
        return b""

    channel = MemoryChannel()
    channel.deliver = lambda key, body, media_type: slow(key, body)  # noqa: ARG005
    rig.channels["nav"] = channel
    [taken] = await take(rig, message(1))
    await rig.run_until(lambda: rig.state(taken) == "acknowledged")
    assert rig.events(taken) == ["permit", "seal", "sent", "receipt-ok"]


@running
async def test_a_destination_that_is_down_holds_back_no_other(rig):
    rig.channels["dead"] = failing(10**9)
    for n in range(60):
        await take(rig, message(n, "dead"))
    taken = await take(rig, *(message(f"n{n}") for n in range(60)))
    await rig.run_until(lambda: all(rig.state(t) == "acknowledged" for t in taken), seconds=20)
    assert rig.states()["sealed"] == 60


@running
async def test_one_alert_when_a_destination_goes_down_and_one_when_it_is_back(rig):
    rig.channels["nav"] = failing(30)
    taken = await take(rig, *(message(n) for n in range(20)))
    with capture_logs() as logs:
        await rig.run_until(lambda: all(rig.state(t) == "acknowledged" for t in taken), seconds=20)
    alerts = [entry["event"] for entry in logs if entry["event"].startswith("destination-")]
    assert alerts == ["destination-down", "destination-up"]
    notes = [row.event for row in rig.database.rows(statements.EVENTS_OF, id="destination:nav")]
    assert notes == ["destination-down", "destination-up"]


@running
async def test_while_a_destination_is_down_one_probe_goes_at_a_time(rig):
    rig.terms["nav"] = dataclasses.replace(QUICK, breaker=Breaker(3, 0.3))
    channel = failing(10**9)
    rig.channels["nav"] = channel
    await take(rig, *(message(n) for n in range(50)))
    async with rig.working():
        await rig.until(lambda: rig.database.rows(statements.EVENTS_OF, id="destination:nav"))
        before = attempts(rig)
        await asyncio.sleep(1.0)
        assert 1 <= attempts(rig) - before <= QUICK.concurrency + 4


def attempts(rig):

    return rig.database.rows(select(func.count()).select_from(attempt))[0][0]


@running
async def test_order_within_a_case_holds_while_attempts_fail(rig):
    order = []

    def answer(key, body):
        number = json.loads(body)["id"]
        if len(order) % 3 == 1 and (number, "failed") not in order:
            order.append((number, "failed"))
            raise Unreachable("planned")
        order.append((number, "taken"))
        return acknowledge(key, body)

    rig.terms["nav"] = dataclasses.replace(QUICK, breaker=Breaker(99, 1))
    rig.channels["nav"] = MemoryChannel(answer)
    taken = await take(rig, *(message(n, case=f"case-{n % 2}") for n in range(20)))
    await rig.run_until(lambda: all(rig.state(t) == "acknowledged" for t in taken), seconds=20)
    for case in (0, 1):
        arrived = [n for n, how in order if how == "taken" and int(n.split("-")[1]) % 2 == case]
        assert arrived == sorted(arrived, key=lambda n: int(n.split("-")[1]))


@running
async def test_the_rate_of_a_destination_is_kept(rig):
    rig.terms["nav"] = dataclasses.replace(QUICK, rate=20)
    taken = await take(rig, *(message(n) for n in range(40)))
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await rig.run_until(lambda: all(rig.state(t) == "acknowledged" for t in taken), seconds=20)
    assert 0.8 < loop.time() - begun < 4


@running
async def test_a_message_that_our_own_code_fails_on_is_stuck_others_flow_and_a_repair_lets_it_through(url, monkeypatch):
    monkeypatch.setattr("gateway.edge.delivery.decider.POISON", 2)
    rig = Rig(url)
    bad, good, later = await take(rig, message(1, broken=True, case="a"), message(2), message(3, case="a"))
    with capture_logs() as logs:
        await rig.run_until(lambda: rig.state(good) == rig.state(later) == "acknowledged", seconds=20)
    assert (rig.state(bad), rig.messages(bad)[0].reason) == ("stuck", "own-fault")
    assert [entry["message"] for entry in logs if entry["event"] == "message-stuck"] == [rig.messages(bad)[0].id]
    assert [row.id for row in rig.database.rows(statements.DEAD_LETTERS, limit=9)] == [rig.messages(bad)[0].id]

    monkeypatch.setattr(PlainLine, "process", lambda *a, _p=PlainLine.process: _p(*_repaired(a)))
    await rig.database.write(RESEND, Order(rig.messages(bad)[0].id, "operator", "repaired"))
    await rig.run_until(lambda: rig.state(bad) == "acknowledged")
    rig.close()


def _repaired(arguments):
    line, parsed, *rest = arguments
    return line, Parsed(parsed.record | {"broken": False}), *rest


class Watchful(PlainLine):
    """Notes how many messages its process holds, to decide them, while it decides one that was claimed in vain."""

    def __init__(self):
        self.held, self.rig = [], None

    def process(self, parsed, destination, facts):
        time.sleep(0.02)
        held = select(func.count()).where(outbound.c.state == "received", outbound.c.due > time.time())
        if parsed.record["id"].startswith("msg-suspect"):
            self.held.append(self.rig.database.rows(held)[0][0])
        return super().process(parsed, destination, facts)


@running
async def test_what_may_have_taken_the_process_down_is_decided_while_nothing_else_is_held(sqlite_url):
    line = Watchful()
    line.rig = rig = Rig(sqlite_url, line=line)
    await take(rig, *(message(f"suspect-{n}") for n in range(6)))
    for _ in range(SUSPECT):
        rig.database.write_now(CLAIM, (64, 0.0))
    await take(rig, *(message(n) for n in range(40)))
    await rig.run_until(lambda: rig.states() == {"acknowledged": 46})
    assert line.held == [1] * 6
    rig.close()


@running
async def test_what_cannot_be_written_is_invalid_and_what_nothing_permits_is_refused(rig):
    bad, refused = await take(rig, message(1, unwritable=True), message(2, "employer-1"))
    await rig.run_until(lambda: (rig.state(bad), rig.state(refused, "employer-1")) == ("invalid", "refused"))
    assert rig.messages(bad)[0].reason == "required"


@running
async def test_an_employer_added_later_gets_the_message_by_the_patients_act(rig):
    rig.channels["employer-1"] = MemoryChannel(lambda _k, b: receipt_for(f"{json.loads(b)['id']}-to-employer-1"))
    [taken] = await take(rig, message(1, patient="patient-1"))
    await rig.run_until(lambda: rig.state(taken) == "acknowledged")
    await rig.register.put("c1", b"{}", "patient-1", "active", "patient")
    await rig.intake.add_destination(taken, destination("employer-1"))
    await rig.run_until(lambda: rig.state(taken, "employer-1") == "acknowledged")
    assert b"Plumbumpoisoning" not in b"".join(rig.channels["employer-1"].received.values())


@running
async def test_two_workers_on_one_store_deliver_each_message_once(url):
    one, two = Rig(url), Rig(url)
    two.channels = one.channels
    taken = await take(one, *(message(n) for n in range(200)))
    async with one.working(), two.working():
        await one.until(lambda: one.states() == {"acknowledged": 200}, 30)
    assert len(one.channels["nav"].deliveries) == len(taken)
    one.close()
    two.close()


@running
async def test_a_worker_that_stops_ends_what_is_on_its_way(rig):
    release = asyncio.Event()

    class Slow(MemoryChannel):
        async def deliver(self, key, body, media_type):
            await release.wait()
            return await super().deliver(key, body, media_type)

    rig.channels["nav"] = Slow(acknowledge)
    [taken] = await take(rig, message(1))
    async with rig.working():
        await rig.until(lambda: rig.messages(taken)[0].sending)
        asyncio.get_running_loop().call_later(0.2, release.set)
    assert rig.state(taken) == "acknowledged"


@running
async def test_a_flood_behind_one_slow_case_does_not_hold_back_other_cases(rig):
    release = asyncio.Event()

    class Slow(MemoryChannel):
        async def deliver(self, key, body, media_type):
            if json.loads(body)["case"] == "slow":
                await release.wait()
            return await super().deliver(key, body, media_type)

    rig.channels["nav"] = Slow(acknowledge)
    await take(rig, *(message(n, case="slow") for n in range(300)))
    async with rig.working():
        await rig.until(lambda: rig.states().get("sealed") == 300, 20)
        [quick] = await take(rig, message("quick"))
        await rig.until(lambda: rig.state(quick) == "acknowledged")
        release.set()


def test_retry_policies_are_values_that_never_sleep():
    retry = Retry(wait_fixed(5), stop_after_delay(60))
    assert retry.after(1, 0, Unreachable("")) == 5
    assert retry.after(1, 61, Unreachable("")) is None
    assert retry.after(1, 0, Rejected("")) is None
    by_default = [Retry().after(n, 0, Uncertain("")) for n in range(1, 30)]
    assert by_default[0] <= 3
    assert 850 < by_default[-1] <= 902
