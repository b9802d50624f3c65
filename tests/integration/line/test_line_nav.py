"""NAV-style messages in, application receipts out: a MsgHead is taken and receipted, an AppRec is matched."""

import uuid
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fhir.resources.R4B.task import Task
from live_line import XML, Live, note, until
from lxml import etree

from gateway.sandbox.messages import dated
from gateway.sandbox.nav import APPREC, MSGHEAD, Answer, app_rec
from gateway.sandbox.server import XmlSchema

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "mappings/nav/sykmelding/examples/01-graded-with-adaptations.in.xml"
SCHEMA = XmlSchema(ROOT / "mappings/schema/nav/nav.xsd")

pytestmark = pytest.mark.xdist_group("line")  # one gateway for all of them


def message() -> tuple[str, bytes]:
    root = etree.fromstring(dated(SAMPLE.read_bytes(), datetime.now(UTC).date()))
    identity = str(uuid.uuid4())
    root.find(f"{{{MSGHEAD}}}MsgInfo/{{{MSGHEAD}}}MsgId").text = identity
    return identity, etree.tostring(root)


def post(live: Live, body: bytes, actor: str = "ehr") -> httpx.Response:
    if actor == "nav":
        return live.from_nav(body)
    with live.client(actor) as calling:
        return calling.post("/nav/messages", content=body, headers=XML)


def receipt(answer: httpx.Response) -> etree._Element:
    assert SCHEMA.faults(answer.content) == ()
    return etree.fromstring(answer.content)


def sealed_message(live: Live) -> tuple[str, bytes]:
    """A note that NAV has taken without a receipt so far, as NAV got it."""
    live.scene.nav.control.answer = Answer.NONE
    try:
        location = live.post(note("graded")).headers["Location"]
        live.settled(location, nav="delivered")
    finally:
        live.scene.nav.control.answer = Answer.OK
    return location, live.scene.nav.received[-1].body


def test_a_message_is_stored_sent_on_and_receipted_by_its_own_id(live: Live) -> None:
    identity, body = message()
    answer = post(live, body)
    assert answer.status_code == 200
    said = receipt(answer)
    assert said.tag == f"{{{APPREC}}}AppRec"
    assert said.find(f"{{{APPREC}}}Status").get("V") == "1"
    assert said.findtext(f"{{{APPREC}}}OriginalMsgId/{{{APPREC}}}Id") == identity
    got = until(lambda: next((one for one in live.scene.nav.received if identity.encode() in one.body), None))
    assert got.faults == ()


def test_a_message_that_is_no_sick_note_is_rejected_with_its_own_id(live: Live) -> None:
    before = live.rows()
    identity, body = message()
    root = etree.fromstring(body)
    root.remove(root.find(f"{{{MSGHEAD}}}Document"))
    answer = post(live, etree.tostring(root))
    assert answer.status_code == 422
    said = receipt(answer)
    assert said.find(f"{{{APPREC}}}Status").get("V") == "2"
    assert said.findtext(f"{{{APPREC}}}OriginalMsgId/{{{APPREC}}}Id") == identity
    assert live.rows() == before


def test_a_message_that_navs_rules_reject_is_rejected_with_navs_own_words(live: Live) -> None:
    before = live.rows()
    _, body = message()
    root = etree.fromstring(body)
    next(root.iter("{*}Sykmeldingsgrad")).text = "0"
    answer = post(live, etree.tostring(root))
    assert answer.status_code == 422
    [error] = receipt(answer).iter(f"{{{APPREC}}}Error")
    assert error.get("V") == "X99"
    assert "Hvis sykmeldingsgrad er 0% for delvis sykmelding avvises meldingen" in error.get("DN")
    assert live.rows() == before


def test_the_same_message_again_is_receipted_again_and_stored_once(live: Live) -> None:
    _, body = message()
    assert post(live, body).status_code == 200
    before = live.rows()["inbound"]
    assert post(live, body).status_code == 200
    assert live.rows()["inbound"] == before


def test_another_message_under_the_same_id_is_rejected(live: Live) -> None:
    _, body = message()
    assert post(live, body).status_code == 200
    answer = post(live, body.replace(b"Sykmeldingsgrad>60<", b"Sykmeldingsgrad>70<"))
    assert answer.status_code == 409
    assert receipt(answer).find(f"{{{APPREC}}}Status").get("V") == "2"


@pytest.mark.parametrize(("error", "state"), [(None, "acknowledged"), (("X99", "Nei"), "dead-letter")])
def test_a_receipt_from_nav_moves_the_message_it_answers(live: Live, error: tuple[str, str] | None, state: str) -> None:
    location, body = sealed_message(live)
    answer = post(live, app_rec(etree.fromstring(body), error), "nav")
    assert answer.status_code == 200
    assert answer.content == b""
    live.settled(location, nav=state)


def test_a_receipt_from_somebody_else_than_the_recipient_moves_nothing(live: Live) -> None:
    location, body = sealed_message(live)
    post(live, app_rec(etree.fromstring(body)), "ehr")
    assert live.states(location) == {"nav": "delivered"}
    post(live, app_rec(etree.fromstring(body)), "nav")
    live.settled(location, nav="acknowledged")


def test_a_receipt_for_a_message_that_nobody_sent_is_taken_and_moves_nothing(live: Live) -> None:
    _, body = message()
    before = live.rows()["outbound"]
    assert post(live, app_rec(etree.fromstring(body)), "nav").status_code == 200
    assert live.rows()["outbound"] == before


def test_the_sender_sees_navs_reason_as_an_operation_outcome_in_the_task(live: Live) -> None:
    control = live.scene.nav.control
    control.answer, control.error, control.reason = Answer.REJECTED, "E21", "Mottaker finnes ikke"
    try:
        answer = live.post(note("graded"))
        task = live.task(answer.headers["Location"], "on-hold")
    finally:
        control.answer, control.error, control.reason = Answer.OK, "X99", "Avvist av sandkassen"
    [outcome] = task["contained"]
    assert outcome["resourceType"] == "OperationOutcome"
    [coding] = outcome["issue"][0]["details"]["coding"]
    assert coding == {
        "system": "urn:oid:2.16.578.1.12.4.1.1.8221",
        "code": "E21",
        "display": "Mottaker finnes ikke",
    }
    assert task["output"][1]["valueReference"] == {"reference": f"#{outcome['id']}"}
    Task.model_validate(task)
