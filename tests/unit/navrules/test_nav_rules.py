"""NAV's rules: every outcome has a note that meets it and one that just does not, and the borders are NAV's."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from nav_notes import EXAMPLES, FOLDER, KNOWN, RULES, answered, local, met
from nav_notes import note as nav_note

from gateway.core.errors import ConfigurationError, Severity
from gateway.model import SickLeaveCertificate
from gateway.model.certificate import Contact
from gateway.navrules.draw import draw
from gateway.navrules.evaluate import Answer as NavAnswer
from gateway.navrules.evaluate import evaluate
from gateway.navrules.facts import Asked, facts
from gateway.navrules.kinds import KINDS
from gateway.navrules.load import load, read
from gateway.navrules.tell import issues
from gateway.navrules.trees import Status

SYKMELDING = KINDS[SickLeaveCertificate]


@pytest.mark.parametrize("outcome", RULES.outcomes)
def test_every_outcome_has_a_note_that_meets_it_and_one_that_does_not(outcome: str) -> None:
    cases = EXAMPLES["rules"][outcome]
    for said in cases["meets"]:
        assert outcome in met(said)
    for said in cases["passes"]:
        assert outcome not in met(said)
    assert cases["meets"]
    assert cases["passes"]


def test_no_example_speaks_of_an_outcome_that_is_not_there() -> None:
    assert set(EXAMPLES["rules"]) == set(RULES.outcomes)


def test_a_note_as_nav_wants_it_is_ok() -> None:
    assert answered({}) == NavAnswer((), (), ())


def test_on_paper_nothing_is_rejected_and_a_person_looks() -> None:
    answer = answered({"main": "icpc-2 Z01"}, paper=True)
    assert answer.status is Status.MANUAL
    assert answered({"ruleset": "9"}, paper=True).status is Status.OK


def test_a_code_on_paper_without_its_system_is_looked_up_by_nav_and_never_decided_here() -> None:
    for said in ({"main": "none Z01"}, {"others": ["none L03"]}):
        assert "diagnosis.main.system" in answered(said, paper=True).unknown or said.get("others")
        assert answered(said, paper=True).sure == ()
        assert answered(said).status is Status.INVALID


@pytest.mark.parametrize(
    ("first", "kind", "sure"),
    [("2026-11-16", "graded", set()), ("2026-10-01", "graded", set()), ("2026-10-01", "not-possible", set())],
)
def test_a_sheet_without_a_date_was_signed_on_its_first_day_and_is_not_dated_back(
    first: str, kind: str, sure: set[str]
) -> None:
    note = replace(nav_note({"periods": [[first, "2026-11-29", kind]]}), sent_at=None, contact=Contact())
    asked = Asked(note, local("2026-11-27T10:00"), paper=True)
    assert {one.outcome.id for one in evaluate(RULES, facts(asked, KNOWN), paper=True).sure} == sure


def test_a_sheet_without_a_date_was_signed_on_the_first_day_without_activity() -> None:
    spans = [["2026-10-01", "2026-11-15", "graded"], ["2026-11-16", "2026-11-29", "not-possible"]]
    note = replace(nav_note({"periods": spans}), sent_at=None, contact=Contact())
    asked = Asked(note, local("2026-11-27T10:00"), paper=True)
    found = evaluate(RULES, facts(asked, KNOWN), paper=True)
    assert [one.outcome.id for one in found.sure] == ["OVER_1_MND"]


def test_the_first_rule_in_navs_order_is_navs_answer() -> None:
    answer = answered({"main": "icpc-2 Z01", "ruleset": "9"})
    assert [one.outcome.id for one in answer.sure] == ["UGYLDIG_REGELSETTVERSJON", "ICPC_2_Z_DIAGNOSE"]


def test_what_only_nav_knows_is_told_as_unknown_and_never_decided() -> None:
    answer = answered({}, known=False)
    assert answer.status is Status.OK
    assert {"nav.suspended", "nav.duplicate", "nav.hpr-category"} <= set(answer.unknown)
    told = list(issues(RULES, answer, {}))
    assert [(one.severity, one.what[:20]) for one in told] == [(Severity.INFORMATION, "NAV will also check:")]


def test_dating_back_without_a_reason_warns_since_an_earlier_note_may_save_it() -> None:
    late = {"signed": "2026-11-23T09:00", "received": "2026-11-23T10:00"}
    answer = answered(late, known=False)
    told = [one for one in issues(RULES, answer, {}) if "INNTIL_8_DAGER" in one.what]
    assert [one.severity for one in told] == [Severity.WARNING]
    assert answer.status is Status.OK


def test_an_issue_stands_where_the_sender_wrote_it_and_repeats_no_value() -> None:
    answer = answered({"periods": [["2026-11-16", "2026-11-29", "graded", 100]]}, known=False)
    [error] = [i for i in issues(RULES, answer, {"periods[0].kind.degree": "there"}) if i.severity is Severity.ERROR]
    assert error.at == "there"
    assert error.mend


def test_faults_in_the_data_are_told_at_their_places(tmp_path: Path) -> None:
    text = (FOLDER / "sykmelding.yaml").read_text("utf-8")
    broken = text.replace("over: 273", "over: many", 1).replace("ask: periods.count", "ask: periods.cuont", 1)
    (tmp_path / "sykmelding.yaml").write_text(broken, "utf-8")
    _, faults = read(tmp_path, SYKMELDING)
    assert sorted(fault.what for fault in faults) == ["a number is expected here", "«periods.cuont» is no fact"]
    assert all(broken.splitlines()[fault.line - 1][fault.column - 1 :].strip() for fault in faults)
    with pytest.raises(ConfigurationError):
        load(tmp_path, SYKMELDING)


def test_the_page_shows_the_trees_as_they_are() -> None:
    page = (Path(__file__).parents[3] / "docs" / "nav" / "rules.md").read_text("utf-8")
    assert all(draw(load(FOLDER, kind)) in page for kind in KINDS.values())


def test_every_text_that_a_patient_gets_is_there_in_english_too() -> None:
    assert all(bool(one.patient) == bool(one.en) for one in RULES.outcomes.values())
    assert json.dumps([one.sender for one in RULES.outcomes.values()])
