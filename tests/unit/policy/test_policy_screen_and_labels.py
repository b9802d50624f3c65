from dataclasses import replace

import pytest
from policy_cases import certificate, rules

from gateway.model import Coding, Diagnosis
from gateway.model.codes import LISTS
from gateway.policy.labels import CONFIDENTIALITY_SYSTEM, SENSITIVITY_SYSTEM, Security
from gateway.policy.screen import Screen


@pytest.mark.parametrize("text", [
    "P76", "L03 ryggplager", "bruker F32.1", "kode F321", "ICPC", "F 32.1",
    "Hun har depresjon", "DEPRESJON", "d e p r e s j o n", "d.e.p.r.e.s.j.o.n", "dépression",
    "kre\u00adft", "storfekreft",
    "langvarig angst", "ÅNGEST", "har vondt i ryggen", "gravid i uke 20", "er hiv-positiv", "MS",
    "P 76", "P-76", "F.32.1", "p ٧٦", "02 91 79 23 100", "dia-\ngnose", "dia gnose", "depr€sjon", "d3presjon",
    "har ryggsmerter", "soevnforstyrrelse", "sovnforstyrrelse", "KJOENNSSYKDOM", "blodning", "tennisalbue",
    "utredes for", "søvnvansker", "panikkanfall", "rusproblemer", "brukket arm", "hodepine", "headache", "ME-syk",
    "13097248022", "130972 48022", "19720913-4802", "f 3 2 . 1", "a diagnosis", "brystkreft",
])  # fmt: skip
def test_a_text_that_may_reveal_an_illness_is_a_hit(text: str) -> None:
    assert rules().screen.look(text) == "hit"


@pytest.mark.parametrize("text", [
    "", "Trenger hev- og senkbart bord", "Tilrettelegging i 50 % stilling", "I 50 % stilling fra uke 12",
    "Unngå løft over 10 kg, pauser hver time", "Kan jobbe hjemmefra to dager i uka", "Ring 22 33 44 55",
    "Møt opp kl 10:30 den 12.01.2027", "E-post: arkiv", "Kan inte lyfta tungt, behöver hjälp med datorn",
    "Reduced hours for four weeks", "Contact me by mail", "Fra 05.01.2026 50 %, deretter fullt", "v. 32, uke 33",
    "Kan ikke sitte lenge, bør kunne veksle mellom å stå og gå", "Avhengig av hvem som er på jobb, uavhengig av skift",
    "Langvarig støy bør unngås; omsorg for barn", "Protester i gata", "Potensial for flere timer", "Påverkas av kyla",
    "Trenger egnet verktøy og verkstedet på bakkeplan", "Teacher with fundamental tasks",
])  # fmt: skip
def test_a_text_about_work_is_clean(text: str) -> None:
    assert rules().screen.look(text) == "clean"


@pytest.mark.parametrize("text", ["x" * 4001, "Тяжёлая работа", "عمل", "\uff44\uff49\uff41\uff47", None, 7, True])
def test_what_cannot_be_judged_is_unknown(text: object) -> None:
    assert rules().screen.look(text) is None


@pytest.mark.parametrize("text", [
    "Har klämskador i dag", "skuldran", "S 47 nevnes", "Ansiktslammelse", "ansikts-\nlammelsen",
])  # fmt: skip
def test_what_the_message_itself_says_of_the_illness_is_a_hit(text: str) -> None:
    screen = rules().screen
    assert screen.look(text) in {"clean", "hit"}
    assert screen.look(text, screen.own(["Klämskada skuldra", "S47", "Ansiktslammelse, annen"])) == "hit"


@pytest.mark.parametrize("text", ["Kan jobbe hjemme i Lyngveien 4", "Ring 555 501 01", "Lyngvejen"])
def test_where_the_patient_lives_and_answers_is_a_hit_in_a_text(text: str) -> None:
    screen = rules().screen
    own = screen.own([], ["Lyngveien 4", "tel:+4755550101"])
    assert (screen.look(text), screen.look(text, own)) == ("clean", "hit" if text != "Lyngvejen" else "clean")


def test_of_what_the_message_says_of_the_illness_ordinary_words_and_long_accounts_are_not_looked_for() -> None:
    screen = rules().screen
    own = screen.own(["Problem med arbeidsforhold, høyre", "Kan ikke løfte. " * 20])
    assert screen.look("Arbeidet kan gjøres med høyre hånd; kan ikke løfte", own) == "clean"


@pytest.mark.parametrize(("name", "found"), [
    ("Langstrand", "clean"), ("55550100", "clean"), ("tel:+47 55 55 01 00", "clean"), ("Havna AS", "clean"),
    ("urn:uuid:0b12f32a-a45b-4c12-b76f-d12e3f45a6b7", "clean"), ("V12.3", "clean"), ("02917923100", "clean"),
    ("Havna AS (rusproblem, ikke kontakt)", "hit"), ("Rypefjell, overlege DPS", "hit"), ("P76_depresjon", "hit"),
    ("55550100 (psykiatrisk)", "hit"), ("msg-L03-1", "hit"), ("Klämskada", "hit"), (7, None), ("Тяжёлая", None),
])  # fmt: skip
def test_a_name_or_number_is_looked_at_as_what_it_is(name: object, found: str | None) -> None:
    screen = rules().screen
    assert screen.look_at_name(name, screen.own(["Klämskada", "L03"])) == found


def test_a_screen_that_knows_no_words_judges_nothing() -> None:
    assert Screen().look("Ny stol") is None


@pytest.mark.parametrize(("system", "code", "expected"), [
    ("icd-10", "F32.1", Security("R", frozenset({"PSY"}))),
    ("icd-10", "F321", Security("R", frozenset({"PSY"}))),
    ("icd-10", "F10", Security("R", frozenset({"ETHUD"}))),
    ("icd-10", "F112", Security("R", frozenset({"OPIOIDUD"}))),
    ("icd-10", "B24", Security("R", frozenset({"HIV"}))),
    ("icd-10", "T742", Security("V", frozenset({"SDV"}))),
    ("icd-10", "M545", Security("R")),
    ("icpc-2", "P76", Security("R", frozenset({"PSY"}))),
    ("icpc-2b", "P76.0001", Security("R", frozenset({"PSY"}))),
    ("icpc-2", "Z25", Security("V", frozenset({"SDV"}))),
    ("icpc-2", "X71", Security("R", frozenset({"SEX", "STD"}))),
    ("icpc-2", "L03", Security("R")),
    ("snomed", "38341003", Security("V")),
    (None, "F32", Security("V")),
    ("icd-10", None, Security("V")),
    ("icd-10", "F", Security("V")),
])  # fmt: skip
def test_a_code_says_how_sensitive_it_is_and_an_unreadable_one_is_the_most(
    system: str | None, code: str | None, expected: Security
) -> None:
    assert rules().labels.of_code(system, code) == expected


def test_a_record_is_as_sensitive_as_all_its_codes_together() -> None:
    record = replace(
        certificate(),
        diagnosis=Diagnosis(main=Coding(code="L03", system="icpc-2"), others=(Coding(code="F10", system="icd-10"),)),
    )
    assert rules().labels.of_record(record) == Security("R", frozenset({"ETHUD"}))
    labels = rules().labels.by_class(record)
    assert labels["diagnosis"] == labels["clinical"] == Security("R", frozenset({"ETHUD"}))
    assert labels["absence"] == Security("N")


def test_labels_raise_and_never_lower_what_came_with_a_message() -> None:
    came = Security("V", frozenset({"SDV"}))
    assert came.raised_by(Security("R", frozenset({"PSY"}))) == Security("V", frozenset({"PSY", "SDV"}))
    assert Security("N").raised_by(Security("R")) == Security("R").raised_by(Security("N")) == Security("R")
    assert Security("R").raised_by(Security("strange")).confidentiality == "V"


def test_labels_are_written_as_codings() -> None:
    assert Security("R", frozenset({"PSY"})).codings() == (
        (CONFIDENTIALITY_SYSTEM, "R"),
        (SENSITIVITY_SYSTEM, "PSY"),
    )


def test_every_code_system_that_a_record_can_name_is_labelled_or_counts_as_very_restricted() -> None:
    labels = rules().labels
    for system in LISTS["diagnosis-system"] | LISTS["se-diagnosis-system"]:
        assert system in labels.systems
        code = "P76" if system.startswith("icpc") else "F32-P"
        assert labels.of_code(system, code).sensitivities == {"PSY"}
    for system in LISTS["statement-diagnosis-system"] - set(labels.systems):
        assert labels.of_code(system, "P76").confidentiality == "V"
