"""The proof: the rules as they stand hold, and a rule that would leak is refused at its own line."""

import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from policy_cases import POLICY, rules, table
from test_policy_loading import line_of, planted

from gateway.policy.difference import difference
from gateway.policy.load import load
from gateway.policy.mutate import mutations
from gateway.policy.prove import check, mutate, read_policy, size
from gateway.policy.rules import compile_table


def test_every_invariant_holds_in_every_abstract_state() -> None:
    began = time.perf_counter()
    assert check(POLICY) == []
    assert time.perf_counter() - began < 20


def test_the_proof_covers_every_cell_and_every_state_that_differs() -> None:
    covered = size(table())
    assert covered.cells == 27 * 14 * 14 * 9 * 20
    assert covered.with_permit == 884
    assert covered.states > 200_000


LEAK = """- id: planted
  rows: [N3]
  effect: permit
  tier: permit
  from: [certifier]
  to: [{to}]
  message: [sykmelding]
  purpose: [sick-leave-follow-up]
  classes: [{classes}]
  obligations: [log]
  basis: "none"
  source: [M]
  status: ours
  valid-from: 2025-01-01
  reviewed: no
  nb: "Plantet."
  en: "Planted."
  sv: "Planterat."

- id: sykmelding-to-nav
"""


@pytest.mark.parametrize(
    ("to", "classes"), [("employer", "function"), ("coordinator", "diagnosis"), ("municipality", "absence")]
)
def test_a_planted_rule_that_would_leak_is_refused_at_its_own_line(tmp_path: Path, to: str, classes: str) -> None:
    leak = LEAK.format(to=to, classes=classes)
    directory = planted(tmp_path, "rules.yaml", "- id: sykmelding-to-nav\n", leak)
    faults = check(directory)
    mine = [fault for fault in faults if "planted" in fault.what and "releases" in fault.what]
    assert mine
    assert {fault.line for fault in mine} == {line_of(directory, "rules.yaml", "- id: planted")}
    assert f"{classes} of sykmelding from certifier to {to}" in mine[0].what


def test_taking_away_the_forbid_that_keeps_diagnoses_from_employers_is_noticed(tmp_path: Path) -> None:
    directory = planted(
        tmp_path,
        "rules.yaml",
        "to: [employer]\n  message: {all-except: [ag114, ag7804]}",
        "to: [officer]\n  message: {all-except: [ag114, ag7804]}",
    )
    assert any("says-no-diagnosis" in fault.what for fault in check(directory))


def test_a_forbid_of_statute_cannot_be_made_to_yield_to_a_consent(tmp_path: Path) -> None:
    directory = planted(
        tmp_path,
        "rules.yaml",
        "  message: any\n  purpose: any\n  classes: [opaque]\n",
        "  message: any\n  purpose: any\n  classes: [opaque]\n  unless: {consent: permit}\n",
    )
    assert any("lifted by a consent" in fault.what for fault in check(directory))


def test_a_fact_whose_values_run_the_wrong_way_is_noticed(tmp_path: Path) -> None:
    directory = planted(
        tmp_path,
        "facts.yaml",
        'values: ["false", "true"]\n  scope: message\n  from: "Norway',
        'values: ["true", "false"]\n  scope: message\n  from: "Norway',
    )
    assert any("widening «patient-act»" in fault.what for fault in check(directory))


def test_a_row_of_the_legal_notes_without_a_rule_is_noticed(tmp_path: Path) -> None:
    directory = planted(tmp_path, "rules.yaml", "legal-rows: {N: 27, SE: 9}", "legal-rows: {N: 28, SE: 9}")
    assert [fault.what for fault in check(directory)] == ["row N28 of the legal notes has no rule"]


def test_an_example_whose_answer_is_another_is_told_with_its_rule(tmp_path: Path) -> None:
    was, now = "released: [certificate, plan]", "released: [certificate, plan, opaque]"
    directory = planted(tmp_path, "examples.yaml", was, now)
    faults = check(directory)
    assert [fault.what for fault in faults] == ["example 1 (sykmelding to NAV): opaque is withheld"]
    assert faults[0].mend == "by opaque-stays"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("{id: emp-no-fk, to: employer", "{id: emp-no-fk, to: employr", "«employr» is no word of this selector"),
        ('unless: [{patient-act: "true"}]', 'unless: [{patient-at: "true"}]', "«patient-at» is not a fact"),
        ("obligation: show-as-break-glass}", "obligation: show}", "«show» is no known obligation"),
        ("{id: emp-no-fk,", "{id: emp-health,", "«emp-health» stands here twice"),
        ("independent:\n", "independant:\n", "«independant» is not known here"),
    ],
)
def test_a_statement_that_cannot_be_read_is_refused(tmp_path: Path, old: str, new: str, what: str) -> None:
    assert any(what in fault.what for fault in check(planted(tmp_path, "invariants.yaml", old, new)))


def test_no_surviving_mutant_changes_a_release_or_an_obligation() -> None:
    began = time.process_time()
    report = mutate(POLICY, bounded=True)
    assert report.dangerous == ()
    assert report.mutants > 2000
    assert report.caught > 1700
    assert time.process_time() - began < 60


@pytest.mark.storm
def test_no_surviving_mutant_of_the_whole_set_changes_a_release_or_an_obligation() -> None:
    report = mutate(POLICY, bounded=False)
    assert report.dangerous == ()
    assert report.mutants > 6000


def test_mutation_is_not_blind() -> None:
    """With nothing but the list of what may leave, a narrowed rule survives, and is called dangerous."""
    policy, _ = read_policy(POLICY)
    assert policy is not None
    only = replace(policy.rules, rules=(policy.rules["sykmelding-to-nav"],))
    may = tuple(one for one in policy.invariants if one.kind == "may")
    report = mutations(compile_table(only, date(2026, 11, 24)), may, bounded=True)
    assert "sykmelding-to-nav: classes without diagnosis" in report.dangerous


def test_the_difference_between_two_versions_names_cells_and_rules(tmp_path: Path) -> None:
    wider = load(
        planted(tmp_path, "rules.yaml", "- id: sykmelding-to-nav\n", LEAK.format(to="coordinator", classes="absence"))
    )
    changes = list(difference(table(), compile_table(wider, date(2026, 11, 24))))
    assert [str(change) for change in changes] == [
        "wider: absence of sykmelding from certifier to coordinator for sick-leave-follow-up (planted)"
    ]
    assert list(difference(table(), table())) == []
    back = list(difference(compile_table(wider, date(2026, 11, 24)), table()))
    assert [(change.wider, change.narrower) for change in back] == [(False, True)]


def test_rules_come_into_force_and_end_on_their_days(tmp_path: Path) -> None:
    directory = planted(
        tmp_path, "rules.yaml", "valid-from: 2025-01-01", "valid-from: 2027-01-01\n  valid-to: 2027-12-31"
    )
    later = load(directory)
    names = [
        {rule.id for rule in compile_table(later, day).rules}
        for day in (date(2026, 12, 31), date(2027, 1, 1), date(2027, 12, 31), date(2028, 1, 1))
    ]
    assert ["sykmelding-to-nav" in known for known in names] == [False, True, True, False]
    untils = [compile_table(later, day).until for day in (date(2026, 12, 31), date(2027, 1, 1), date(2028, 1, 1))]
    assert [until and until.date() for until in untils] == [date(2027, 1, 1), date(2028, 1, 1), None]


def test_before_the_first_rule_nothing_is_in_force() -> None:
    assert compile_table(rules(), date(2024, 12, 31)).rules == ()


def test_the_proof_is_made_for_each_day_on_which_the_rules_change(tmp_path: Path) -> None:
    directory = planted(tmp_path, "rules.yaml", "valid-from: 2025-01-01", "valid-from: 2027-01-01")
    assert any("nav-gets-sykmelding" in fault.what for fault in check(directory))
