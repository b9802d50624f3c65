"""Messages about a certificate: what their topics demand, which field a question points to, and what a result means."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gateway import flow
from gateway.core.errors import Issue, Rejected, Uncertain, Unreachable
from gateway.core.message import Parsed
from gateway.core.ports import Format
from gateway.edge import soap
from gateway.edge.library import default_folder
from gateway.mapping.answers import fields_asked
from gateway.model.intyg_dialogue import InsurerLetter, Remark
from gateway.wiring.formats import installed

CALL = soap.close(b'<Ask xmlns="urn:x:1"><a/></Ask>', "SE2321000990-A1B2")


def known() -> Mapping[str, Format]:
    return installed()[1]


def letter(name: str = "01-completion-request") -> InsurerLetter:
    raw = (default_folder() / f"se/fk-question/examples/{name}.in.xml").read_bytes()
    found = flow.parse(known()["se-fk-question"], raw).record
    assert isinstance(found, InsurerLetter)
    return found


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"remarks": ()}, "names no question"),
        ({"topic": "contact"}, "of another topic"),
        ({"topic": "reminder", "remarks": ()}, "names the message that it reminds of"),
        ({"reminds": "7f000004-0000-4000-8000-000000000009"}, "names the message that it reminds of"),
    ],
)
def test_a_letter_that_is_at_odds_with_its_topic_is_not_taken(changed: dict[str, object], told: str) -> None:
    assert flow.deliverable(Parsed(letter())) == ()
    assert flow.deliverable(Parsed(letter("02-reminder"))) == ()
    assert [issue for issue in flow.deliverable(Parsed(replace(letter(), **changed))) if told in issue.what]


@pytest.mark.parametrize(
    ("question", "answer", "fields"),
    [
        ("35", None, ("findings",)),
        ("32", 2, ("reductions[1]",)),
        ("32", None, ("reductions[]",)),
        ("1", 1, ("grounds[0]",)),
        ("29", None, ("work",)),
        ("99", None, ()),
    ],
)
def test_a_question_and_an_answers_number_point_to_the_field(
    question: str, answer: int | None, fields: tuple[str, ...]
) -> None:
    assert fields_asked(installed()[0].mappings["se-fk7804"], question, answer) == fields


def test_every_question_of_the_form_points_to_a_field() -> None:
    form = installed()[0].questions("se-fk7804")
    asked = {number for number in form.texts if "." not in number}
    assert {one for one in asked if not fields_asked(installed()[0].mappings["se-fk7804"], one)} == set()


def test_a_question_is_carried_with_its_number_to_the_form_that_it_is_of() -> None:
    bundle = flow.convert(Parsed(letter()), known()["fhir"]).rendered.body
    assert b'"system":"https://samspill.example/fhir/Questionnaire/fk7804","code":"35"' in bundle
    back = flow.parse(known()["fhir"], bundle).record
    assert back.remarks[1] == Remark(
        question="32", answer=2, text="Ange varför halvtid bedöms räcka i den andra perioden."
    )


def test_a_call_goes_in_its_envelope_to_its_logical_address() -> None:
    assert b'<LogicalAddress xmlns="urn:riv:itintegration:registry:1">SE2321000990-A1B2<' in CALL
    assert soap.action(CALL) == "urn:x:1:Ask"


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (soap.answer(CALL), type(None)),
        (soap.answer(CALL, (Issue("value", "", "wrong"),), soap.VALIDATION), Rejected),
        (soap.answer(CALL, (Issue("value", "", "wrong"),), soap.APPLICATION), Rejected),
        (soap.answer(CALL, (Issue("value", "", "away"),), soap.TECHNICAL), Unreachable),
        (soap.answer(b"<", (Issue("value", "", "wrong"),)), Uncertain),
        (b"", Uncertain),
        (b"<html>OK</html>", Uncertain),
        (b"<!DOCTYPE a><a xmlns='b'/>", Uncertain),
        (soap.answer(CALL).replace(b">OK<", b">DONE<"), Uncertain),
    ],
)
def test_only_a_result_that_says_so_means_that_a_call_was_done(answer: bytes, meaning: type) -> None:
    assert type(soap.failure(answer)) is meaning


def test_an_answer_repeats_nothing_of_what_was_sent() -> None:
    sent = b'<Ask xmlns="urn:x:1"><a>Plantordet</a></Ask>'
    assert b"Plantordet" not in soap.answer(sent, (Issue("value", "/Ask/a", "wrong"),))
