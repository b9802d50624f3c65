"""What each message and signal of ebMS is answered with, and what it does."""

import asyncio
import contextlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ebms_kit import MEDIA, TERMS, Play
from line_kit import message
from sqlalchemy import select

from adapters import ebxml
from gateway.core.ebxml import EbmsProblem
from gateway.core.errors import NotAcceptable, Refused, Rejected, Unacknowledged, Uncertain, Unreachable
from gateway.edge.certs import private_copy
from gateway.edge.delivery.terms import Agreed
from gateway.edge.store.schema import inbound
from gateway.sandbox.msh import Signal, Transport
from gateway.wiring.identity import now


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    private_copy(Path(__file__).parents[2] / "certs" / "example", folder)
    return folder


def played(tmp_path, certificates, work, sync="mshSignalsOnly"):
    async def go():
        play = Play(tmp_path, certificates, sync)
        async with play.start() as us:
            try:
                return await work(play, us)
            finally:
                await play.nav.stop()

    return asyncio.run(go())


def question(play, number=1, **changes):
    head = play.nav.head("HenvendelseFraSaksbehandler", "Henvendelse", message(number, "office"))
    return replace(head, **changes)


async def answer(us, media_type, body):
    media, answered = await us.take(media_type, body)
    return ebxml.read(ebxml.unpack(media, answered).envelope) if answered else None


INBOUND = select(inbound.c.id)
CHANGES = [
    ("a service nobody agreed on", {"service": "Elsewhere"}, ["ValueNotRecognized"]),
    ("an action of ours", {"action": "Kvittering"}, ["ValueNotRecognized"]),
]


@pytest.mark.parametrize(("changes", "codes"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_what_was_not_agreed_gets_an_error_list_and_is_not_kept(tmp_path, certificates, changes, codes):
    async def work(play, us):
        said = await answer(us, *play.nav.message(question(play, **changes)))
        assert (said.header.action, [one.code for one in said.errors]) == ("MessageError", codes)
        assert said.header.ref_to
        assert us.rig.states() == {}

    played(tmp_path, certificates, work)


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (lambda raw: raw.replace(b"samspill:sandbox:1<", b"samspill:sandbox:2<"), ["ValueNotRecognized"]),
        (lambda raw: raw.replace(b'"HER">990002<', b'"HER">990009<'), ["ValueNotRecognized"]),
        (
            lambda raw: raw.replace(
                b"</eb:MessageData>", b"<eb:TimeToLive>2020-01-01T00:00:00Z</eb:TimeToLive></eb:MessageData>"
            ),
            ["TimeToLiveExpired"],
        ),
        (
            lambda raw: raw.replace(
                b"<eb:AckRequested",
                b'<eb:MessageOrder s:mustUnderstand="1" eb:version="2.0"><eb:SequenceNumber>1</eb:SequenceNumber>'
                b"</eb:MessageOrder><eb:AckRequested",
            ),
            ["NotSupported"],
        ),
        (lambda raw: raw.replace(b"cid:", b"cid:other-"), ["Inconsistent"]),
    ],
)
def test_a_signed_message_that_departs_from_the_agreement_is_told_where(
    tmp_path, certificates, change, codes, monkeypatch
):
    async def work(play, us):
        sign = play.nav._sign
        monkeypatch.setattr(play.nav, "_sign", lambda envelope, parts: sign(change(envelope), parts))
        said = await answer(us, *play.nav.message(question(play)))
        assert [one.code for one in said.errors] == codes
        assert all(one.location.startswith("//") for one in said.errors)

    played(tmp_path, certificates, work)


def test_a_message_that_was_changed_on_its_way_gets_a_security_failure(tmp_path, certificates):
    async def work(play, us):
        media, body = play.nav.message(question(play))
        said = await answer(us, media, body.replace(b"eb:ConversationId>", b"eb:ConversationId>x", 1))
        assert [one.code for one in said.errors] == ["SecurityFailure"]

    played(tmp_path, certificates, work)


def test_a_message_is_acknowledged_once_it_is_kept_and_again_with_the_same_signal(tmp_path, certificates):
    async def work(play, us):
        packed = play.nav.message(question(play))
        first, second = [await us.take(*packed) for _ in range(2)]
        assert first == second
        said = ebxml.read(ebxml.unpack(*first).envelope)
        assert said.acknowledges == said.header.ref_to
        await us.rig.until(lambda: us.rig.states() == {"acknowledged": 1} and len(play.nav.receipts) == 1)
        await asyncio.sleep(0.1)
        assert play.nav.receipts == ["msg-1"]

    played(tmp_path, certificates, work)


def test_what_cannot_be_read_at_all_is_refused_without_a_signal(tmp_path, certificates):
    async def work(_play, us):
        for media, body in (("text/xml", b"<planted"), ("application/pdf", b""), ("multipart/related", b"")):
            with pytest.raises(EbmsProblem) as caught:
                await us.take(media, body)
            assert "planted" not in str(caught.value)

    played(tmp_path, certificates, work)


def test_a_party_that_is_not_on_ebms_is_refused(tmp_path, certificates):
    async def work(play, us):
        us.caller = replace(us.caller, party=replace(us.caller.party, id="other"))
        with pytest.raises(Refused):
            await us.take(*play.nav.message(question(play)))

    played(tmp_path, certificates, work)


def test_a_signal_that_does_not_hold_is_not_answered_with_another(tmp_path, certificates):
    async def work(play, us):
        heard = question(play)
        raw = play.nav._signal(heard, "Acknowledgment").replace(b"samspill:sandbox:1", b"samspill:sandbox:3")
        with pytest.raises(NotAcceptable):
            await us.take("text/xml", raw)
        assert await us.take("text/xml", play.nav._signal(heard, "Acknowledgment")) == ("", b"")

    played(tmp_path, certificates, work)


async def deliver(us, play, **how):
    play.nav.transport = Transport(**how)
    channel = us.rig.channels["nav"]
    body = json.dumps({"id": "msg-1"}).encode()
    return await channel.deliver("key-1", body, MEDIA)


@pytest.mark.parametrize(
    ("signal", "error"),
    [
        (Signal.AT_ONCE, None),
        (Signal.TWICE, None),
        (Signal.LATER, Unacknowledged),
        (Signal.NEVER, Unacknowledged),
        (Signal.LOST, Uncertain),
        (Signal.ERROR, Rejected),
    ],
)
def test_an_answer_means(tmp_path, certificates, signal, error):
    async def work(play, us):
        with pytest.raises(error) if error else contextlib.nullcontext():
            assert await deliver(us, play, signal=signal) == b""
        assert [one.action for one in play.nav.heard] == ["Registrering"]
        assert play.nav.heard[0].message_id == "key-1@us.example"

    played(tmp_path, certificates, work)


def test_an_acknowledgment_of_another_message_or_one_that_was_changed_acknowledges_nothing(tmp_path, certificates):
    async def work(play, us):
        signed = play.nav._signal
        for change in (
            lambda heard, action: signed(replace(heard, message_id="key-2@us.example"), action),
            lambda heard, action: signed(heard, action).replace(b"<eb:RefToMessageId>", b"<eb:RefToMessageId> "),
            lambda _heard, _action: b"<html>maintenance</html>",
        ):
            play.nav._signal = change
            with pytest.raises(Uncertain):
                await deliver(us, play)

    played(tmp_path, certificates, work)


def test_nothing_is_sent_by_an_agreement_that_has_ended_or_for_an_action_that_it_lacks(tmp_path, certificates):
    async def work(play, us):
        channel = us.rig.channels["nav"]
        with pytest.raises(Rejected):
            await channel.deliver("key-1", b"{}", "application/json; ebms-service=Other; ebms-action=Thing")
        relation = channel._msh.relation
        ended = replace(relation.agreement, end=now() - timedelta(seconds=1))
        channel._msh.relation = replace(relation, agreement=ended)
        with pytest.raises(Unreachable):
            await deliver(us, play)
        assert play.nav.heard == []

    played(tmp_path, certificates, work)


def test_a_message_error_that_comes_later_makes_a_dead_letter_and_an_acknowledgment_after_it_is_noted(
    tmp_path, certificates
):
    async def work(play, us):
        play.nav.transport.signal = Signal.NEVER
        play.nav.business = lambda heard, key: None  # noqa: ARG005 - the message is lost behind NAV's door
        play.say(1)
        await play.send(us)
        await us.rig.until(lambda: play.nav.heard)
        heard = play.nav.heard[0]
        await us.take("text/xml", play.nav._signal(heard, "MessageError"))
        await us.rig.until(lambda: us.rig.states() == {"dead-letter": 1})
        [row] = us.rig.messages_in("dead-letter")
        assert row.reason == "refused-by-transport"
        await us.take("text/xml", play.nav._signal(heard, "Acknowledgment"))
        [message_id] = us.rig.database.rows(INBOUND)
        assert "acknowledgment-late" in us.rig.events(message_id[0])
        assert us.rig.states() == {"dead-letter": 1}

    played(tmp_path, certificates, work)


def test_the_agreements_retries_interval_and_persist_duration_are_kept():
    agreed = Agreed(retries=4, interval=100.0, persist=1000.0)
    uncertain = [agreed.after(number, age, Uncertain()) for number, age in enumerate((0, 100, 200, 300, 400), 1)]
    assert uncertain == [100.0] * 4 + [None]
    assert agreed.after(50, 300, Uncertain()) == 100.0, "attempts that never left are no retries"
    assert agreed.after(50, 999, Unreachable()) is not None
    assert agreed.after(1, 1000, Unreachable()) is None
    assert agreed.after(1, 0, Rejected()) is None
    assert isinstance(TERMS.retry, Agreed)
