"""Each way in which a peer's message or signal can depart from the standard or the agreement, and what answers it.

One gateway lives through all of it, so that nothing that came before changes what comes after.
"""

import asyncio
import base64
import quopri
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ebms_kit import TERMS, Play, agreement_for
from line_kit import message
from structlog.testing import capture_logs

from adapters import ebxml
from gateway.core.ebxml import EbmsProblem
from gateway.core.errors import NotAcceptable
from gateway.edge.certs import private_copy
from gateway.edge.delivery.terms import Agreed, Retry
from gateway.edge.ebms.msh import Msh
from gateway.edge.identity.parties import Transport, Way
from gateway.sandbox.agreement import Reliability, write
from gateway.sandbox.msh import Heard, Signal
from gateway.wiring.ebms import relation
from gateway.wiring.identity import now

ROLES = b"</eb:PartyId><eb:Role>%s</eb:Role></eb:From>"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    private_copy(Path(__file__).parents[2] / "certs" / "example", folder)
    return folder


def question(play, number):
    return play.nav.head("HenvendelseFraSaksbehandler", "Henvendelse", message(number, "office"))


def changed(play, number, change):
    """Give a message of NAV's whose envelope is changed and then signed."""
    sign, play.nav._sign = play.nav._sign, lambda envelope, parts: sign(change(envelope), parts)
    try:
        return play.nav.message(question(play, number))
    finally:
        play.nav._sign = sign


def reordered(play, number, attachments, manifest, extra=()):
    """Give a signed message with these attachments, named so in its manifest; `extra` is attached and not signed."""
    bodies = {cid: message(number, "office") for cid in attachments}

    def named(envelope):
        first = envelope.index(b"<eb:Reference")
        last = envelope.index(b"</eb:Manifest>")
        references = b"".join(b'<eb:Reference xlink:href="cid:%s"/>' % cid.encode() for cid in manifest)
        return envelope[:first] + references + envelope[last:]

    sign, kept = play.nav._sign, {}
    play.nav._sign = lambda envelope, _parts: kept.setdefault("envelope", sign(named(envelope), bodies))
    try:
        play.nav.message(question(play, number))
    finally:
        play.nav._sign = sign
    parts = [("text/xml", "soap", "8bit", kept["envelope"])]
    parts += [("application/json", cid, "binary", body) for cid, body in bodies.items()]
    parts += [("application/json", cid, "binary", b"{}") for cid in extra]
    return packed(parts)


def packed(parts, boundary="=_b", start="soap"):
    body = b""
    for media, cid, encoding, content in parts:
        head = f"--{boundary}\r\nContent-Type: {media}\r\nContent-Transfer-Encoding: {encoding}\r\n"
        head += f"Content-ID: <{cid}>\r\n" if cid else ""
        body += head.encode() + b"\r\n" + content + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    return f'multipart/related; type="text/xml"; boundary="{boundary}"; start="<{start}>"', body


def encoded(play, number, encoding, boundary="=_b", *, envelope_last=False):
    """Give a right message whose document is in this transfer encoding."""
    ways = {"quoted-printable": quopri.encodestring, "base64": base64.encodebytes}
    head, kept = question(play, number), {}
    sign = play.nav._sign
    play.nav._sign = lambda envelope, parts: kept.setdefault("all", (sign(envelope, parts), parts))[0]
    try:
        play.nav.message(head)
    finally:
        play.nav._sign = sign
    envelope, parts = kept["all"]
    listed = [("text/xml; charset=utf-8", "soap", "8bit", envelope)]
    for cid, body in parts.items():
        listed.append(("application/json", cid, encoding, ways.get(encoding, bytes)(body)))
    return packed(listed[::-1] if envelope_last else listed, boundary)


def timed(hours):
    stamp = (now() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ").encode()

    def change(envelope):
        before, _, rest = envelope.partition(b"<eb:Timestamp>")
        return before + b"<eb:Timestamp>" + stamp + b"<" + rest.partition(b"<")[2]

    return change


def lives(hours):
    until = (now() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    return lambda raw: raw.replace(
        b"</eb:MessageData>", b"<eb:TimeToLive>" + until + b"</eb:TimeToLive></eb:MessageData>"
    )


ODD = "'()+_,-./:=?'"
TAKEN = {
    "the peer's clock is an hour ahead": lambda play, n: changed(play, n, timed(1)),
    "the peer's clock is an hour behind": lambda play, n: changed(play, n, timed(-1)),
    "it lives for another hour": lambda play, n: changed(play, n, lives(1)),
    "duplicates are not asked to be dropped": lambda play, n: changed(play, n, lambda raw: raw),
    "duplicates are asked to be dropped": lambda play, n: changed(
        play, n, lambda raw: raw.replace(b"</eb:MessageHeader>", b"<eb:DuplicateElimination/></eb:MessageHeader>")
    ),
    "the role that was agreed": lambda play, n: changed(
        play, n, lambda raw: raw.replace(b"</eb:PartyId></eb:From>", ROLES % b"Saksbehandler")
    ),
    "quoted-printable": lambda play, n: encoded(play, n, "quoted-printable"),
    "8bit": lambda play, n: encoded(play, n, "8bit"),
    "binary": lambda play, n: encoded(play, n, "binary"),
    "base64": lambda play, n: encoded(play, n, "base64"),
    "a boundary of odd characters": lambda play, n: encoded(play, n, "binary", ODD),
    "a boundary of seventy characters": lambda play, n: encoded(play, n, "binary", "b" * 70),
    "the envelope is the last part": lambda play, n: encoded(play, n, "binary", envelope_last=True),
}
TOLD = {
    "another agreement": (lambda raw: raw.replace(b"sandbox:1<", b"sandbox:2<"), "ValueNotRecognized", "//CPAId"),
    "another action": (
        lambda raw: raw.replace(b"<eb:Action>Henvendelse<", b"<eb:Action>Other<"), "ValueNotRecognized", "//Service",
    ),
    "another service": (
        lambda raw: raw.replace(b">HenvendelseFraSaksbehandler<", b">Legemelding<"), "ValueNotRecognized", "//Service",
    ),
    "another role": (
        lambda raw: raw.replace(b"</eb:PartyId></eb:From>", ROLES % b"Sykmelder"), "Inconsistent", "//From/Role",
    ),
    "to somebody else": (
        lambda raw: raw.replace(b'"HER">990001<', b'"HER">990009<'), "ValueNotRecognized", "//To/PartyId",
    ),
    "it lived until an hour ago": (lives(-1), "TimeToLiveExpired", "//TimeToLive"),
    "a time that is none": (
        lambda raw: raw.replace(b"<eb:Timestamp>", b"<eb:Timestamp>soon "), "ValueNotRecognized", None,
    ),
    "no MessageId": (lambda raw: raw.replace(b"eb:MessageId>", b"eb:Other>"), "OtherXml", None),
    "a header nobody knows": (
        lambda raw: raw.replace(b"</s:Header>", b'<x:y xmlns:x="urn:x" s:mustUnderstand="1"/></s:Header>'),
        "NotSupported", None,
    ),
}  # fmt: skip
PARTS = {
    "two documents in another order": (["a", "b"], ["b", "a"], (), "NotSupported"),
    "a document that the manifest leaves out": (["a"], [], (), "Inconsistent"),
    "one more in the manifest": (["a"], ["a", "b"], (), "Inconsistent"),
    "no document": ([], [], (), "NotSupported"),
    "one that nobody signed": (["a"], ["a"], ("b",), "SecurityFailure"),
}


class Lived:
    """What answered each message: the codes of an error list, `Acknowledgment`, or what was raised."""

    def __init__(self):
        self.answers, self.states, self.logs, self.places, self.offices = {}, {}, [], {}, 0

    async def hear(self, us, name, packed):
        try:
            media, answered = await us.take(*packed)
        except (EbmsProblem, NotAcceptable) as refused:
            codes = [one.code for one in refused.errors] if isinstance(refused, EbmsProblem) else ["refused"]
            self.answers[name] = f"raised {' '.join(codes)}"
            return None
        if not answered:
            self.answers[name] = ""
            return None
        said = ebxml.read(ebxml.unpack(media, answered).envelope)
        self.answers[name] = " ".join(one.code for one in said.errors) or said.header.action
        self.places[name] = [one.location for one in said.errors]
        return answered


async def lived(play):
    seen = Lived()
    async with play.start() as us:
        for number, (name, make) in enumerate(TAKEN.items()):
            await seen.hear(us, name, make(play, number))
        for number, (name, (change, *_)) in enumerate(TOLD.items(), 100):
            await seen.hear(us, name, changed(play, number, change))
        for number, (name, (attachments, manifest, extra, _)) in enumerate(PARTS.items(), 200):
            await seen.hear(us, name, reordered(play, number, attachments, manifest, extra))
        await _twice(seen, play, us)
        await _unreadable(seen, play, us)
        await _signals(seen, play, us)
        await us.rig.until(lambda: us.rig.states().get("acknowledged", 0) >= len(TAKEN) + 3, 15)
        seen.states, seen.offices = us.rig.states(), len(us.office.received)
        await _expired(seen, play, us)
    await play.nav.stop()
    return seen


async def _twice(seen, play, us):
    head = question(play, 300)
    first = await seen.hear(us, "for the first time", play.nav.message(head))
    assert await seen.hear(us, "the same again", play.nav.message(head)) == first
    other = replace(head, document=message(301, "office"))
    await seen.hear(us, "another content under its MessageId", play.nav.message(other))


async def _unreadable(seen, play, us):
    media, body = encoded(play, 400, "binary")
    await seen.hear(us, "no Content-ID", packed([("text/xml", "soap", "8bit", b"<a/>"), ("a/b", "", "binary", b"x")]))
    await seen.hear(us, "a start that is not there", (media.replace("<soap>", "<other>"), body))
    await seen.hear(us, "cut off in the middle", (media, body[: len(body) // 2]))
    await seen.hear(us, "a boundary that is not there", (media.replace("=_b", "=_c"), body))
    await seen.hear(us, "an envelope of two megabytes", ("text/xml", b"<a>" + b"x" * 2_000_000 + b"</a>"))
    await seen.hear(us, "a document of nine megabytes", encoded_large(play))
    await seen.hear(us, "base64 that is none", packed([("text/xml", "soap", "base64", b"@@@@")]))


def encoded_large(play):
    head = replace(question(play, 401), document=message(401, "office", more="x" * 9_000_000))
    return play.nav.message(head)


async def _signals(seen, play, us):
    """Signals about what was never sent, about another party's message, and errors that are none."""
    await us.rig.intake.accept(message(500, "office"), "json", "ehr", "key-500")
    await us.rig.until(lambda: any(row.destination == "office" for row in us.rig.messages_in("acknowledged")))
    [another] = [row.id for row in us.rig.messages_in("acknowledged") if row.destination == "office"][:1]
    play.nav.transport.signal = Signal.NEVER
    play.nav.business = lambda *_: None
    play.said |= {900: message(900, "nav")}
    await play.send(us)
    await us.rig.until(lambda: any(one.action == "Registrering" for one in play.nav.heard))
    ours = next(one for one in play.nav.heard if one.action == "Registrering").message_id
    about = {"nothing we sent": "0" * 32 + "@us.example", "another party's": f"{another}@us.example"}
    about |= {"a stranger's": "x@elsewhere.example", "an odd id": "@us.example"}
    for name, message_id in about.items():
        for action in ("Acknowledgment", "MessageError"):
            raw = play.nav._signal(Heard("", "", message_id, "c", ""), action)
            await seen.hear(us, f"{action} about {name}", ("text/xml", raw))
    sign = play.nav._sign
    play.nav._sign = lambda envelope, parts: sign(envelope.replace(b'severity="Error"', b'severity="Warning"'), parts)
    await seen.hear(us, "a warning", ("text/xml", play.nav._signal(Heard("", "", ours, "c", ""), "MessageError")))
    play.nav._sign = sign
    seen.states["after a warning"] = us.rig.states().get("dead-letter", 0)
    await seen.hear(us, "an error", ("text/xml", play.nav._signal(Heard("", "", ours, "c", ""), "MessageError")))
    seen.states["after an error"] = us.rig.states().get("dead-letter", 0)
    assert seen.states == {"after a warning": 0, "after an error": 1}


async def _expired(seen, play, us):
    msh = us.intake._mshs["nav"]
    msh.relation = replace(msh.relation, agreement=replace(msh.relation.agreement, end=now() - timedelta(seconds=1)))
    await seen.hear(us, "an agreement that has ended", play.nav.message(question(play, 600)))


@pytest.fixture(scope="module")
def seen(tmp_path_factory, certificates):
    with capture_logs() as logs:
        found = asyncio.run(lived(Play(tmp_path_factory.mktemp("line"), certificates)))
    found.logs = logs
    return found


def test_what_only_looks_odd_is_taken_and_acknowledged(seen):
    assert {name: seen.answers[name] for name in TAKEN} == dict.fromkeys(TAKEN, "Acknowledgment")


@pytest.mark.parametrize("name", TOLD)
def test_what_departs_from_the_agreement_is_told_where(seen, name):
    _, code, place = TOLD[name]
    assert seen.answers[name].removeprefix("raised ") == code
    assert place is None or seen.places[name] == [place]


@pytest.mark.parametrize("name", PARTS)
def test_attachments_that_are_not_as_the_manifest_and_the_signature_say_are_told(seen, name):
    assert seen.answers[name].split()[-1] == PARTS[name][-1]


def test_another_content_under_a_known_message_id_is_told_and_not_acknowledged(seen):
    assert seen.answers["for the first time"] == seen.answers["the same again"] == "Acknowledgment"
    assert seen.answers["another content under its MessageId"] == "Inconsistent"
    assert seen.places["another content under its MessageId"] == ["//MessageId"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("no Content-ID", "MimeProblem"),
        ("a start that is not there", "MimeProblem"),
        ("cut off in the middle", "MimeProblem"),
        ("a boundary that is not there", "MimeProblem"),
        ("an envelope of two megabytes", "OtherXml"),
        ("base64 that is none", "MimeProblem"),
    ],
)
def test_what_nobody_can_be_answered_about_is_refused_without_a_signal(seen, name, code):
    assert seen.answers[name] == f"raised {code}"


def test_a_document_of_nine_megabytes_is_a_document(seen):
    assert seen.answers["a document of nine megabytes"] == "Acknowledgment"


def test_signals_about_what_is_not_the_partys_move_nothing_and_are_not_answered(seen):
    told = {name: answer for name, answer in seen.answers.items() if " about " in name}
    assert len(told) == 8
    assert set(told.values()) == {""}
    verdicts = [one["verdict"] for one in seen.logs if one["event"] == "ebms-signal"]
    assert verdicts.count("unmatched") == 4
    assert seen.answers["a warning"] == seen.answers["an error"] == ""


def test_after_its_end_an_agreement_takes_nothing(seen):
    assert seen.answers["an agreement that has ended"] == "Inconsistent"
    assert seen.places["an agreement that has ended"] == ["//CPAId"]


def test_each_that_was_taken_came_to_the_office_once_and_nothing_failed_within(seen):
    assert seen.offices == len(TAKEN) + 3  # the first of two under one id, the large one, our own
    assert [one for one in seen.logs if one["log_level"] in {"error", "critical"}] == []


def test_a_message_that_nobody_acknowledges_is_given_up_when_its_persist_duration_is_over(
    tmp_path, certificates, monkeypatch
):
    async def go():
        play = Play(tmp_path, certificates)
        play.nav.transport.signal, play.nav.business = Signal.NEVER, lambda *_: None
        monkeypatch.setattr("ebms_kit.TERMS", replace(TERMS, retry=Agreed(400, 0.02, 0.3, Retry())))
        async with play.start() as us:
            play.say(1)
            await play.send(us)
            await us.rig.until(lambda: us.rig.states() == {"dead-letter": 1})
            [row] = us.rig.messages_in("dead-letter")
            await play.nav.stop()
            return row.reason, play.wire.count["to-nav", "Registrering"]

    reason, times = asyncio.run(go())
    assert reason == "unacknowledged"
    assert times > 1


@pytest.mark.parametrize(("elimination", "asked"), [("always", True), ("perMessage", True), ("never", False)])
def test_duplicate_elimination_is_asked_for_as_agreed(tmp_path, certificates, elimination, asked):
    file = write(
        tmp_path / "cpa.xml", certificates, "https://nav.example/msh", "https://us.example/ebms", Reliability()
    )
    text = file.read_text().replace('duplicateElimination="always"', f'duplicateElimination="{elimination}"')
    party = replace(agreement_for(tmp_path, certificates, "none")[0], way=Way(Transport.EBMS, file))
    file.write_text(text)
    msh = Msh(relation(party, "us.example"), ebxml, None, list, now)
    address = msh.address("Sykmelding", "Registrering")
    assert msh.header(address, "key-1", "key-1").eliminate_duplicates is asked
