"""Certificates between their two forms, and what is demanded of several answers together."""

from functools import cache, partial
from pathlib import Path

import pytest
from lxml import etree

from adapters.se.svar import Certificates
from adapters.xml.document import read, validate_element
from gateway.core.errors import Issue, NotAcceptable
from gateway.mapping.load.questions import load_questions

FOLDER = Path(__file__).parents[3] / "mappings"


@cache
def certificates(kind: str) -> Certificates:
    file = FOLDER / f"se/{kind}/questions.yaml"
    questions, faults = load_questions(file.read_text("utf-8"), file.name)
    assert faults == []
    return Certificates(questions, partial(validate_element, schema=f"se/{kind}.xsd", schemas=FOLDER / "schema"))


def example(kind: str, number: int = 1) -> bytes:
    return next((FOLDER / f"se/{kind}/examples").glob(f"{number:02}-*.in.xml")).read_bytes()


def told(kind: str, old: str = "", new: str = "", number: int = 1) -> list[Issue]:
    raw = example(kind, number)
    changed = raw.replace(old.encode(), new.encode(), 1)
    assert not old or changed != raw
    return list(certificates(kind).typed(read(changed)).issues)


@pytest.mark.parametrize("kind", ["ag114", "ag7804", "fk7804"])
@pytest.mark.parametrize("number", [1, 2])
def test_a_certificate_by_number_goes_back_to_what_it_was(kind: str, number: int) -> None:
    raw = example(kind, number)
    typed = certificates(kind).typed(read(raw))
    assert typed.issues == ()
    back = certificates(kind).generic(etree.tostring(typed.root))
    parser = etree.XMLParser(remove_blank_text=True)
    assert etree.tostring(etree.fromstring(back, parser), method="c14n2") == etree.tostring(
        etree.fromstring(raw, parser), method="c14n2"
    )


def test_an_envelope_around_a_certificate_stays_behind() -> None:
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    body = example("ag114").partition(b"?>")[2]
    raw = f'<s:Envelope xmlns:s="{soap}"><s:Body>'.encode() + body + b"</s:Body></s:Envelope>"
    prepared = certificates("ag114").typed(read(raw))
    assert prepared.issues == ()
    assert etree.QName(prepared.root).localname == "RegisterCertificate"


@pytest.mark.parametrize(
    ("kind", "old", "new", "what"),
    [
        ("ag114", '<delsvar id="6.2">Kan sköta beställningar sittande</delsvar>', "", "question 6.2 "),
        ("ag114", "<t:value>75.0</t:value>", "<t:value>75</t:value>", "question 7.1 "),
        ("ag114", "<t:value>75.0</t:value>", "<t:value>101.0</t:value>", "question 7.1 "),
        ("ag114", "<t:end>2026-10-09</t:end>", "<t:end>2026-09-09</t:end>", "question 7.2 "),
        ("ag114", "<instans>1</instans>", "", "question 10 "),
        ("ag114", "<instans>1</instans>", "<instans>0</instans>", "question 10 "),
        ("ag7804", "ATER_X_ANTAL_DGR", "PROGNOS_OKLAR", "question 39.3 "),
        ("ag7804", "HALFTEN", "HELT_NEDSATT", "question 32.1 "),
        ("ag7804", "<t:start>2026-11-01</t:start>", "<t:start>2026-10-20</t:start>", "question 32.2 "),
        ("ag7804", ">ANNAT<", ">UNDERSOKNING<", "question 1.1 "),
        ("ag7804", "HJALPMEDEL", "EJ_AKTUELLT", "question 40.1 "),
        ("ag7804", "HJALPMEDEL", "SOKA_NYTT_ARBETE", "question 40.1 "),
        ("ag7804", '<delsvar id="100.1">false', '<delsvar id="100.1">true', "question 6 "),
        ("fk7804", 'id="9001.1"', 'id="9001.2"', "question 9000"),
    ],
)
def test_each_demand_is_told_at_its_question(kind: str, old: str, new: str, what: str) -> None:
    assert any(what in issue.what or what in issue.mend for issue in told(kind, old, new))


@pytest.mark.parametrize("number", ["99", "1e9", "6.2.1", "Plantordet", "-1"])
def test_an_answer_to_no_question_is_refused_and_its_number_is_not_repeated(number: str) -> None:
    issues = told("ag114", '<svar id="2">', f'<svar id="{number}">')
    assert issues
    assert not any("Plantordet" in str(issue) for issue in issues)


def test_what_may_not_be_answered_together_is_not_written_either() -> None:
    typed = certificates("ag7804").typed(read(example("ag7804", 2)))
    body = etree.tostring(typed.root).replace(b"100.1>true<", b"100.1>false<")
    with pytest.raises(NotAcceptable, match="question 6"):
        certificates("ag7804").generic(body)


def test_a_table_of_questions_tells_each_mistake_at_its_place() -> None:
    questions = "questions:\n  '1': {sv: Ett}\n  '1.1': {sv: Ett, en: One, numbred: yes}\n"
    text = questions + "demands:\n- {needs: '2'}\n- {when: {'1': any}}\n"
    _, faults = load_questions(text, "questions.yaml")
    assert [(fault.line, fault.what.partition(";")[0]) for fault in faults] == [
        (2, "there is no en here"),
        (3, "there is no key numbred here"),
        (5, "there is no question 2 in this table"),
        (6, "this demands nothing"),
    ]
