"""Försäkringskassan's most common reasons for a completion, as checks before a certificate is sent."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway import flow
from gateway.core.errors import ConfigurationError, Severity
from gateway.edge.library import default_folder
from gateway.model.intyg import BenefitCertificate, Ground, Reduction
from gateway.wiring.formats import installed
from gateway.wiring.preflight import Preflight, load

ENOUGH = "Sex ord eller fler står det här"


def certificate(**changed: Any) -> BenefitCertificate:
    raw = (default_folder() / "se/fk7804/examples/01-two-degrees.in.xml").read_bytes()
    record: BenefitCertificate = flow.parse(installed()[1]["se-fk7804"], raw).record
    sound = {
        "findings": ENOUGH,
        "limitations": ENOUGH,
        "work": "Undersköterska, lyfter och förflyttar patienter",
        "treatment": "Sjukgymnastik",
        "grounds": (Ground(kind="examination", day=date(2026, 10, 1)),),
        "reductions": (Reduction(degree="100", start=date(2026, 10, 1), end=date(2026, 10, 21)),),
        "outlook": "after-this",
    }
    return replace(record, **{**sound, **changed})


def checked(**changed: Any) -> set[str]:
    issues = [*Preflight(installed()[0]).told(certificate(**changed), installed()[1]["fhir"])]
    assert all(issue.severity is Severity.WARNING for issue in issues)
    return {issue.mend.split()[1] for issue in issues}


LONG = (
    Reduction(degree="100", start=date(2026, 10, 1), end=date(2026, 11, 30)),
    Reduction(degree="50", start=date(2026, 12, 1), end=date(2027, 1, 31)),
)


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"findings": "Ont i ryggen"}, "findings"),
        ({"limitations": None}, "limitations"),
        ({"work": "Undersköterska"}, "duties"),
        ({"grounds": (Ground(kind="records"), Ground(kind="telephone")), "other": None}, "no-examination"),
        ({"reductions": (Reduction(start=date(2026, 9, 20), end=date(2026, 10, 9)),), "other": None}, "begins-earlier"),
        ({"outlook": "unclear", "measures_text": None, "other": None}, "unclear-outlook"),
        ({"treatment": None, "planned_treatment": None, "reductions": LONG[:1]}, "no-treatment"),
        ({"reductions": LONG, "exceeds_guideline": None}, "longer-than-guideline"),
    ],
)
def test_each_reason_is_told_alone_and_not_when_it_is_met(changed: dict[str, Any], check: str) -> None:
    assert checked() == set()
    assert checked(**changed) == {check}
    assert checked(**changed, disease_control=True) == set()


def test_every_check_is_tried() -> None:
    tried = {one[1] for one in test_each_reason_is_told_alone_and_not_when_it_is_met.pytestmark[0].args[1]}
    assert {check.id for check in load(default_folder())["BenefitCertificate"]} == tried


def test_a_check_is_told_at_the_senders_own_place_and_repeats_nothing() -> None:
    [issue] = Preflight(installed()[0]).told(certificate(findings="Plantordet"), installed()[1]["fhir"])
    assert "35.1" in issue.at
    assert "Plantordet" not in str(issue)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("at: findings", "at: findigns", "has no field findigns"),
        ("words-under: 6", "words-under: six", "a whole number"),
        ("{field: findings, words-under: 6}", "{field: findings}", "a test is one of"),
        ("status: memory", "status: sure", "not one of"),
        ("    sv: Beskriv undersökningsfynd", "    se: Beskriv undersökningsfynd", "se"),
    ],
)
def test_a_mistake_in_the_checks_is_told_at_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (default_folder() / "fk-rules/fk7804.yaml").read_text("utf-8")
    assert old in text
    folder = tmp_path / "mappings"
    (folder / "fk-rules").mkdir(parents=True)
    (folder / "fk-rules/fk7804.yaml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigurationError, match=said):
        load(folder)
