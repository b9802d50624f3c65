"""A case after the sick note: NAV asks and is answered, calls a meeting, gets a plan; each read by whom it is for."""

import json
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from live_line import FHIR, Live, note, until
from lxml import etree
from sqlalchemy import text

from gateway.demo import act
from gateway.edge.library import Library
from gateway.sandbox.nav import MSGHEAD
from gateway.sandbox.server import Received

EXAMPLES = Path(__file__).parents[3] / "mappings"
HEAD = f"{{{MSGHEAD}}}"
NAV = "310000000"
"""The organisation number of the register's NAV."""

WORD = "Qzplantetordqx"

pytestmark = pytest.mark.xdist_group("line")  # one gateway for all of them


def nav_message(name: str, parent: str = "", **texts: str) -> tuple[str, bytes]:
    """Give an example of NAV's under an id of its own, with other texts, in the conversation of `parent`."""
    root = etree.fromstring((EXAMPLES / f"nav/dialogmelding/examples/{name}.in.xml").read_bytes())
    identity = str(uuid.uuid4())
    info = root.find(f"{HEAD}MsgInfo")
    info.find(f"{HEAD}MsgId").text = identity
    said = info.find(f"{HEAD}ConversationRef")
    if said is not None:
        info.remove(said)
    if parent:
        said = etree.Element(f"{HEAD}ConversationRef")
        for step in ("RefToParent", "RefToConversation"):
            etree.SubElement(said, f"{HEAD}{step}").text = parent
        info.find(f"{HEAD}Sender").addprevious(said)
    for path, words in texts.items():
        next(root.iter(f"{{*}}{path}")).text = words
    return identity, etree.tostring(root)


def bundle(folder: str, name: str, parent: str = "") -> tuple[str, dict[str, Any]]:
    """Give an example of the EHR's under an id of its own, in the conversation of `parent`."""
    made = json.loads((EXAMPLES / f"fhir/{folder}/examples/{name}.in.json").read_bytes())
    identity = str(uuid.uuid4())
    made["identifier"]["value"] = f"urn:uuid:{identity}"
    made["link"] = [{"relation": one, "url": f"urn:uuid:{parent}"} for one in ("prev", "first")] if parent else []
    if not parent:
        del made["link"]
    return identity, made


def from_nav(live: Live, body: bytes) -> httpx.Response:
    return live.from_nav(body)


def plan(live: Live, body: bytes, kind: str = "nav-oppfolgingsplan") -> httpx.Response:
    with live.client("employer") as calling:
        return calling.post(f"/hr/messages/{kind}", content=body, headers={"Idempotency-Key": str(uuid.uuid4())})


def arrived(received: list[Received], word: str) -> Received:
    return until(lambda: next((one for one in received if word.encode() in one.body), None))


def nothing_of(live: Live, word: str) -> bool:
    """Whether no end of the line has got anything with a word in it, once nothing is on its way any more."""
    live.rows()
    ends = (live.scene.nav.received, live.scene.employer.received, live.scene.office.received)
    return not any(word.encode() in one.body for end in ends for one in end)


def asked(live: Live) -> str:
    """Let NAV ask, and give the id of the request once the office has it."""
    identity, body = nav_message("01-nav-asks")
    answer = from_nav(live, body)
    assert answer.status_code == 200, answer.text
    arrived(live.scene.office.received, identity)
    return identity


def refused(live: Live, made: dict[str, Any]) -> bool:
    """Whether a message that was taken goes nowhere, as the rules have it."""
    answer = live.post(made)
    assert answer.status_code == 202, answer.text
    return live.settled(answer.headers["Location"], nav="refused") == {"nav": "refused"}


def test_navs_question_reaches_the_office_it_is_addressed_to_as_a_task(live: Live) -> None:
    identity, body = nav_message("01-nav-asks", Sporsmal=f"Hva kan pasienten gjøre? {WORD}1")
    assert from_nav(live, body).status_code == 200
    got = arrived(live.scene.office.received, identity)
    assert got.media_type == "application/fhir+json"
    record = Library().reader("fhir-dialogue").read(json.loads(got.body)).record
    assert record.matter.question.endswith(f"{WORD}1")
    assert record.patient.identifiers[0].value == "14858412006"
    assert record.receiver.professional.hpr == "9990001"


def test_what_nav_knows_of_the_illness_does_not_go_along(live: Live) -> None:
    identity, body = nav_message("01-nav-asks")
    root = etree.fromstring(body)
    attached = etree.fromstring(
        (EXAMPLES / "nav/dialogmelding/examples/02-answer-with-an-attachment.in.xml").read_bytes()
    ).findall(f"{HEAD}Document")[1]
    next(attached.iter(f"{HEAD}Description")).text = f"{WORD}2"
    root.append(attached)
    assert from_nav(live, etree.tostring(root)).status_code == 200
    assert WORD.encode() not in arrived(live.scene.office.received, identity).body
    assert nothing_of(live, f"{WORD}2")


@pytest.mark.parametrize("name", ["01-nav-asks", "04-dialogue-meeting"])
def test_a_text_of_navs_that_names_an_illness_is_held(live: Live, name: str) -> None:
    _, body = nav_message(name, Sporsmal=f"Pasienten har depresjon {WORD}3")
    assert from_nav(live, body).status_code == 200
    assert nothing_of(live, f"{WORD}3")


def test_the_answer_to_a_question_goes_to_nav_in_its_conversation_with_its_attachment(live: Live) -> None:
    question = asked(live)
    identity, made = bundle("dialogue", "02-answer-with-an-attachment", question)
    answer = live.post(made)
    assert answer.status_code == 202, answer.text
    got = arrived(live.scene.nav.received, identity)
    assert got.faults == ()
    root = etree.fromstring(got.body)
    assert root.findtext(f"{HEAD}MsgInfo/{HEAD}ConversationRef/{HEAD}RefToParent") == question
    assert root.findtext(f"{HEAD}MsgInfo/{HEAD}ConversationRef/{HEAD}RefToConversation") == question
    assert len(root.findall(f"{HEAD}Document")) == 2
    live.settled(answer.headers["Location"], nav="acknowledged")


@pytest.mark.parametrize("kind", [("dialogue", "02-answer-with-an-attachment"), ("legeerklaring", "01-on-request")])
def test_an_answer_that_nav_has_not_asked_for_goes_nowhere(live: Live, kind: tuple[str, str]) -> None:
    assert refused(live, bundle(*kind)[1])
    assert refused(live, bundle(*kind, str(uuid.uuid4()))[1])


def test_a_notice_is_no_question_that_one_could_answer(live: Live) -> None:
    identity, body = nav_message("07-nav-tells")
    assert from_nav(live, body).status_code == 200
    arrived(live.scene.office.received, identity)
    assert refused(live, bundle("legeerklaring", "01-on-request", identity)[1])


def test_a_letter_that_nobody_asked_for_needs_the_patients_consent(live: Live) -> None:
    identity, made = bundle("dialogue", "06-inquiry-unasked")
    assert refused(live, made)
    patient = next(e["resource"] for e in made["entry"] if e["resource"]["resourceType"] == "Patient")
    given = act({**made, "entry": [{"resource": patient}]}, NAV)
    del given["provision"]["data"]
    try:
        consent_id = live.give(given).json()["id"]
        identity, made = bundle("dialogue", "06-inquiry-unasked")
        assert live.post(made).status_code == 202
        assert arrived(live.scene.nav.received, identity).faults == ()
    finally:
        assert live.give({**given, "status": "inactive"}, consent_id).status_code == 200
    assert refused(live, bundle("dialogue", "06-inquiry-unasked")[1])


def test_a_statement_goes_to_nav_on_request(live: Live) -> None:
    identity, made = bundle("legeerklaring", "01-on-request", asked(live))
    answer = live.post(made)
    assert answer.status_code == 202, answer.text
    assert arrived(live.scene.nav.received, identity).faults == ()
    live.settled(answer.headers["Location"], nav="acknowledged")


def test_a_meeting_is_called_and_answered(live: Live) -> None:
    identity, body = nav_message("04-dialogue-meeting")
    assert from_nav(live, body).status_code == 200
    assert "14.01.2027" in arrived(live.scene.office.received, identity).body.decode()
    coming, made = bundle("dialogue", "05-comes-to-the-meeting", identity)
    assert live.post(made).status_code == 202
    got = arrived(live.scene.nav.received, coming)
    assert got.faults == ()
    assert "Jeg deltar på telefon." in got.body.decode()


def test_a_question_to_an_unknown_receiver_finds_who_wrote_in_its_conversation(live: Live) -> None:
    first = note("graded")
    live.send(first)
    known = first["identifier"]["value"].removeprefix("urn:uuid:")
    patient = next(e["resource"] for e in first["entry"] if e["resource"]["resourceType"] == "Patient")
    identity, body = nav_message("01-nav-asks", known)
    body = body.replace(b"14858412006", patient["identifier"][0]["value"].encode())
    body = body.replace(b">990001<", b">990077<").replace(b">315000009<", b">315000017<")
    assert from_nav(live, body).status_code == 200
    arrived(live.scene.office.received, identity)
    lost, body = nav_message("01-nav-asks", str(uuid.uuid4()))
    body = body.replace(b">990001<", b">990077<").replace(b">315000009<", b">315000017<")
    assert from_nav(live, body).status_code == 422
    assert nothing_of(live, lost)


def test_a_plan_goes_where_its_flags_say_and_to_the_doctor_who_wrote_last(live: Live) -> None:
    live.send(note("graded"))
    raw = (EXAMPLES / "nav/oppfolgingsplan/examples/01-shared-with-both.in.xml").read_text("utf-8")
    first = note("graded")
    patient = next(e["resource"] for e in first["entry"] if e["resource"]["resourceType"] == "Patient")
    raw = raw.replace("14858412006", patient["identifier"][0]["value"])
    for nav, doctor in ((True, True), (True, False), (False, True), (False, False)):
        word = f"{WORD}{nav}{doctor}"
        told = raw.replace("TiNav>true<", f"TiNav>{str(nav).lower()}<").replace("Løftebord", word)
        told = told.replace("TilFastlege>true<", f"TilFastlege>{str(doctor).lower()}<")
        assert plan(live, told.encode()).status_code == 202
        live.rows()
        at_nav, at_office = live.scene.nav.received, live.scene.office.received
        assert any(word in one.body.decode() for one in at_nav) is nav
        assert any(word in one.body.decode() for one in at_office) is doctor
        assert not any(word in one.body.decode() for one in live.scene.employer.received)


def test_an_income_report_goes_to_nav_and_nobody_else_and_only_from_an_employer_that_it_names(live: Live) -> None:
    raw = (EXAMPLES / "nav/inntektsmelding/examples/01-sick-pay-with-refund.in.xml").read_text("utf-8")
    number = f"A-{uuid.uuid4()}"
    raw = raw.replace(">A-17<", f">{number}<")
    answer = plan(live, raw.encode(), "nav-inntektsmelding")
    assert answer.status_code == 202, answer.text
    live.rows()
    assert any(number in one.body.decode() for one in live.scene.nav.received)
    assert not any(number in one.body.decode() for one in (*live.scene.office.received, *live.scene.employer.received))
    private = (EXAMPLES / "nav/inntektsmelding/examples/02-parental-benefit-changed.in.xml").read_bytes()
    for stranger in (raw.replace("313000001", "315000017").encode(), private):
        told = plan(live, stranger, "nav-inntektsmelding")
        assert told.status_code == 422
        assert "may not send for" in told.text


def test_an_income_report_of_a_payroll_system_goes_to_nav_as_it_came_or_says_which_field_is_missing(live: Live) -> None:
    posted = json.loads((EXAMPLES / "nav/inntektsmelding-lps/examples/01-with-refund.in.json").read_text("utf-8"))
    posted["navReferanseId"] = str(uuid.uuid4())
    answer = plan(live, json.dumps(posted).encode(), "nav-inntektsmelding-lps")
    assert answer.status_code == 202, answer.text
    got = until(lambda: next((r for r in live.scene.nav.received if posted["navReferanseId"].encode() in r.body), None))
    assert json.loads(got.body) == _without_nothing(posted)
    given = json.loads((EXAMPLES / "nav/inntektsmelding-api/examples/01-with-refund.in.json").read_text("utf-8"))
    given["id"] = given["type"]["id"] = str(uuid.uuid4())
    assert plan(live, json.dumps(given).encode(), "nav-inntektsmelding-api").status_code == 202
    got = until(lambda: next((r for r in live.scene.nav.received if given["type"]["id"].encode() in r.body), None))
    assert json.loads(got.body)["sykmeldtFnr"] == given["sykmeldt"]["fnr"]
    del given["avsender"]["tlf"], given["type"]["id"]
    given["id"] = str(uuid.uuid4())
    refused = plan(live, json.dumps(given).encode(), "nav-inntektsmelding-api")
    assert refused.status_code == 422
    assert "type.id" in refused.text
    assert "avsender.tlf" in refused.text


def _without_nothing(value: Any) -> Any:
    """Give JSON without nulls and empty lists."""
    if isinstance(value, dict):
        return {key: _without_nothing(one) for key, one in value.items() if one not in (None, [])}
    return [_without_nothing(one) for one in value] if isinstance(value, list) else value


def test_nav_asks_an_employer_for_an_income_report_and_nobody_else_hears_of_it(live: Live) -> None:
    example = EXAMPLES / "nav/inntektsmelding-foresporsel/examples/01-both-wanted.in.json"
    asked = json.loads(example.read_text("utf-8"))
    asked["navReferanseId"] = str(uuid.uuid4())

    def ask(actor: str = "nav") -> httpx.Response:
        with live.client(actor) as calling:
            return calling.post("/nav/income-requests", content=json.dumps(asked).encode())

    assert ask().status_code == 202
    name = asked["navReferanseId"].encode()
    got = until(lambda: next((r for r in live.scene.employer.received if name in r.body), None))
    kept = {key: value for key, value in asked.items() if key not in ("loepenr", "opprettetTid")}
    assert json.loads(got.body) == kept
    assert ask().status_code == 202
    live.rows()
    assert sum(name in one.body for one in live.scene.employer.received) == 1
    assert not any(name in one.body for one in (*live.scene.nav.received, *live.scene.office.received))
    assert ask("employer").status_code == ask("ehr").status_code == 403
    asked["orgnr"], asked["navReferanseId"] = "315000017", str(uuid.uuid4())
    refused = ask()
    assert refused.status_code == 422
    assert "no recipient of this income-request" in refused.text


def test_an_employer_sends_only_what_it_may_and_only_in_formats_that_are_read(live: Live) -> None:
    example = (EXAMPLES / "nav/sykmelding/examples/01-graded-with-adaptations.in.xml").read_bytes()
    before = live.rows()
    assert plan(live, example, "nav-sykmelding").status_code == 422
    assert plan(live, b"{}", "nav-oppfolgingsplan-api").status_code == 422
    assert plan(live, b"<a/>", "no-such-format").status_code == 422
    assert plan(live, b"<a/>", "No%20Format").status_code == 404
    assert live.rows() == before
    with live.client("ehr") as calling:
        assert calling.post("/hr/messages/nav-oppfolgingsplan", content=b"", headers=FHIR).status_code == 403


# reminders


def age(live: Live, days: float) -> None:
    """Move everything that is stored so many days back, as if the clock had gone on."""
    with live.scene.gateway.database.engine.begin() as connection:
        for table, column in (("inbound", "received_at"), ("outbound", "created_at")):
            connection.execute(text(f"update {table} set {column} = {column} - :by"), {"by": days * 86_400})  # noqa: S608


def copies(live: Live, identity: str) -> int:
    live.rows()
    return sum(identity.encode() in one.body for one in live.scene.office.received)


def test_a_request_that_stays_unanswered_reminds_once_an_interval_and_so_many_times(live: Live) -> None:
    reminders, question = live.scene.gateway.reminders, asked(live)
    live.run(reminders.look())
    assert copies(live, question) == 1
    age(live, 13.9)
    live.run(reminders.look())
    assert copies(live, question) == 1
    for number in (2, 3, 4):
        age(live, 7.01 if number > 2 else 0.2)
        live.run(reminders.look())
        live.run(reminders.look())
        assert copies(live, question) == number
    age(live, 7.01)
    live.run(reminders.look())
    assert copies(live, question) == 4


def test_a_request_that_was_answered_reminds_of_nothing_nor_does_what_asks_nothing(live: Live) -> None:
    question = asked(live)
    identity, made = bundle("dialogue", "02-answer-with-an-attachment", question)
    assert live.post(made).status_code == 202
    arrived(live.scene.nav.received, identity)
    told, body = nav_message("07-nav-tells")
    assert from_nav(live, body).status_code == 200
    arrived(live.scene.office.received, told)
    age(live, 14.1)
    live.run(live.scene.gateway.reminders.look())
    assert (copies(live, question), copies(live, told)) == (1, 1)


def test_an_answer_to_an_earlier_question_does_not_answer_the_next_in_its_conversation(live: Live) -> None:
    first = asked(live)
    identity, made = bundle("dialogue", "02-answer-with-an-attachment", first)
    assert live.post(made).status_code == 202
    arrived(live.scene.nav.received, identity)
    second, body = nav_message("01-nav-asks", first)
    assert from_nav(live, body).status_code == 200
    arrived(live.scene.office.received, second)
    before = copies(live, second)
    age(live, 14.1)
    live.run(live.scene.gateway.reminders.look())
    assert copies(live, second) == before + 1


def test_a_reminder_is_decided_anew_and_stands_in_the_log(live: Live) -> None:
    question = asked(live)
    age(live, 14.1)
    before = live.rows()["outbound"]
    live.run(live.scene.gateway.reminders.look())
    assert copies(live, question) == 2
    assert live.rows()["outbound"] > before
    with live.scene.gateway.database.engine.connect() as connection:
        found = connection.execute(text("select count(*) from audit where action = 'reminded'")).scalar_one()
    assert found
