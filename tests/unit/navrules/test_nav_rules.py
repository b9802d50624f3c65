"""NAV's rules: every outcome has a note that meets it and one that just does not, and the borders are NAV's."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.errors import ConfigurationError, Severity
from gateway.edge.library import default_folder
from gateway.model.certificate import (
    AbsenceReason,
    Answer,
    AnswerGroup,
    Certifier,
    Contact,
    Diagnosis,
    Employment,
    Graded,
    NotPossible,
    Pending,
    Period,
    SickLeaveCertificate,
    TravelOnly,
    TreatmentDays,
)
from gateway.model.common import Coding, Identifier
from gateway.model.envelope import Patient, Professional, Sender
from gateway.navrules.draw import draw
from gateway.navrules.evaluate import Answer as NavAnswer
from gateway.navrules.evaluate import evaluate
from gateway.navrules.facts import OSLO, Asked, facts
from gateway.navrules.load import load, read
from gateway.navrules.tell import issues
from gateway.navrules.trees import Status

FOLDER = default_folder() / "nav-rules"
RULES = load(FOLDER)
EXAMPLES: dict[str, Any] = yaml.safe_load((FOLDER / "examples.yaml").read_text("utf-8"))
KNOWN: dict[str, str | float] = {
    "nav.duplicate": "no",
    "nav.patient-registered": "yes",
    "nav.signer-registered": "yes",
    "nav.suspended": "no",
    "nav.hpr-found": "yes",
    "nav.hpr-active": "yes",
    "nav.hpr-authorisation": "1",
    "nav.hpr-category": "LE",
    "nav.main-diagnosis-listed": "yes",
    "nav.other-diagnoses-listed": "yes",
    "nav.sent-before": "no",
    "nav.extension": "no",
    "nav.employer-period": "no",
}
NUMBER = "14858400072"
KINDS = {
    "pending": lambda advice=None: Pending(advice=advice),
    "graded": lambda degree=50: Graded(degree=degree),
    "not-possible": NotPossible,
    "treatment-days": lambda days=1: TreatmentDays(per_week=days),
    "travel": lambda: TravelOnly(paid=True),
    "untyped": lambda: None,
}


def coding(text: str) -> Coding:
    system, _, code = text.partition(" ")
    return Coding(system=system.replace("-none", "") if system != "none" else None, code=code or None, display="vist")


def note(said: dict[str, Any]) -> SickLeaveCertificate:
    """Make a note from what an example says of it; what it does not say is as NAV wants it."""
    said = {**EXAMPLES["base"], **said}
    periods = tuple(
        Period(start=date.fromisoformat(str(a)), end=date.fromisoformat(str(b)), kind=KINDS[kind](*rest))
        for a, b, kind, *rest in said["periods"]
    )
    main = said["main"] and replace(coding(said["main"]), **({} if said["display"] else {"display": None}))
    others = tuple(
        replace(coding(one), **({} if said["other-display"] else {"display": None})) for one in said["others"]
    )
    reason = AbsenceReason(text=said["reason"]) if said["reason"] is not None else None
    professional = Professional(fnr=said["signer"])
    ids = tuple(Identifier(kind=kind, value=value) for kind, value in said["certifier"])
    return SickLeaveCertificate(
        id="n",
        sent_at=local(said["signed"]),
        sender=Sender(identifiers=(Identifier(kind="orgnr", value=said["orgnr"]),), professional=professional),
        ruleset=said["ruleset"],
        episode_start=said["episode"] and date.fromisoformat(str(said["episode"])),
        patient=Patient(id=Identifier(kind="national-number", value=NUMBER), birth_date=said["born"]),
        employment=Employment(has_employer=said["employer"]),
        diagnosis=Diagnosis(main=main or None, others=others, reason=reason),
        periods=periods,
        answers=(
            AnswerGroup(
                id="6.5", title="", answers=tuple(Answer(id=a, question="", text="x") for a in said["answers"])
            ),
        ),
        contact=Contact(treated_at=said["treated"] and local(said["treated"]), reason_none=said["why"]),
        certifier=Certifier(identifiers=ids),
    )


def local(text: Any) -> datetime:
    return datetime.fromisoformat(str(text)).replace(tzinfo=OSLO)


def answered(said: dict[str, Any], *, known: bool = True, paper: bool = False) -> NavAnswer:
    extra = {**KNOWN, **said.get("nav", {})} if known else said.get("nav", {})
    if known and "nav.other-diagnoses-listed" not in said.get("nav", {}):
        extra.pop("nav.other-diagnoses-listed", None)
    asked = Asked(note(said), local(said.get("received", EXAMPLES["base"]["received"])), paper)
    return evaluate(RULES, facts(asked, extra), paper=paper)


def met(said: dict[str, Any]) -> set[str]:
    return {one.outcome.id for one in answered(said).sure}


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


KIND = st.sampled_from(["graded", "not-possible", "travel"])


@settings(max_examples=150, deadline=None)
@given(
    spans=st.lists(st.tuples(st.integers(-1300, 60), st.integers(-3, 420), KIND), max_size=3),
    words=st.integers(0, 4),
    icd=st.booleans(),
    extension=st.booleans(),
    early=st.booleans(),
)
def test_dates_and_dating_back_agree_with_an_independent_reading_of_the_table(
    spans: list[tuple[int, int, str]], words: int, *, icd: bool, extension: bool, early: bool
) -> None:
    today = date(2026, 11, 16)
    periods = [(today + timedelta(days=a), today + timedelta(days=a + b), kind) for a, b, kind in spans]
    said = {
        "periods": [[str(a), str(b), kind] for a, b, kind in periods],
        "main": "icd-10 J06" if icd else "icpc-2 L02",
        "why": " ".join(["ord"] * words),
        "nav": {
            "nav.extension": "yes" if extension else "no",
            "nav.employer-period": "yes" if early else "no",
        },
    }
    wanted = table(periods, today, words, icd=icd, extension=extension, early=early)
    found = met(said) - {"MOTTAK_PERIODER_MANGLER"}
    assert found == wanted


def table(
    periods: list[tuple[date, date, str]], today: date, words: int, *, icd: bool, extension: bool, early: bool
) -> set[str]:
    """Read rows 2.1 to 2.4, 6 and 7 of NAV's table once more, without the data or the engine."""
    if not periods:
        return {"PERIODER_MANGLER"}
    first, last = min(p[0] for p in periods), max(p[1] for p in periods)
    found = {_of_periods(periods), _of_dates(first, last, today)}
    found.add(_dated_back(first, today, words, icd=icd, extension=extension, early=early))
    return found - {""}


def _of_periods(periods: list[tuple[date, date, str]]) -> str:
    if any(b < a for a, b, _ in periods):
        return "FRADATO_ETTER_TILDATO"
    for one in periods:
        for other in periods:
            if one != other and (other[0] <= one[0] <= other[1] or other[0] <= one[1] <= other[1]):
                return "OVERLAPPENDE_PERIODER"
    inorder = sorted(periods, key=lambda p: p[0])
    for i in range(1, len(inorder)):
        day = inorder[i - 1][1] + timedelta(days=1)
        while day < inorder[i][0]:
            if day.isoweekday() <= 5:
                return "OPPHOLD_MELLOM_PERIODER"
            day += timedelta(days=1)
    return ""


def _of_dates(first: date, last: date, today: date) -> str:
    if first > today + timedelta(days=30):
        return "FREMDATERT"
    if first < today.replace(year=today.year - 3):
        return "TILBAKEDATERT_MER_ENN_3_AR"
    return "TOTAL_VARIGHET_OVER_ETT_AAR" if (last - first).days > 365 else ""


def _dated_back(first: date, today: date, words: int, *, icd: bool, extension: bool, early: bool) -> str:
    if today <= first or icd or today <= first + timedelta(days=4):
        return ""
    if today < first + timedelta(days=9):
        return "" if words or extension else "INNTIL_8_DAGER"
    # today is the 16th, so a month and a day after the first day is passed on the same day as the 15th of last month
    if first > date(2026, 10, 15):
        if not words:
            return "MINDRE_ENN_1_MAANED"
        return "" if extension or early else "MINDRE_ENN_1_MAANED_MED_BEGRUNNELSE"
    return "OVER_1_MND_MED_BEGRUNNELSE" if words >= 3 else "OVER_1_MND"


def test_faults_in_the_data_are_told_at_their_places(tmp_path: Path) -> None:
    text = (FOLDER / "trees.yaml").read_text("utf-8")
    broken = text.replace("over: 273", "over: many", 1).replace("ask: periods.count", "ask: periods.cuont", 1)
    (tmp_path / "trees.yaml").write_text(broken, "utf-8")
    _, faults = read(tmp_path)
    assert sorted(fault.what for fault in faults) == ["a number is expected here", "«periods.cuont» is no fact"]
    assert all(broken.splitlines()[fault.line - 1][fault.column - 1 :].strip() for fault in faults)
    with pytest.raises(ConfigurationError):
        load(tmp_path)


def test_the_page_shows_the_trees_as_they_are() -> None:
    page = (Path(__file__).parents[3] / "docs" / "nav" / "rules.md").read_text("utf-8")
    assert draw(RULES) in page


def test_every_text_that_a_patient_gets_is_there_in_english_too() -> None:
    assert all(bool(one.patient) == bool(one.en) for one in RULES.outcomes.values())
    assert json.dumps([one.sender for one in RULES.outcomes.values()])
