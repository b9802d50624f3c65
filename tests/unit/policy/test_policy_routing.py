"""The recipient list: what stands in the table, what the loader refuses, and that every way has a rule to decide by."""

from pathlib import Path

import pytest

from gateway.core.errors import ConfigurationError
from gateway.core.vocabulary import MessageKind, Role
from gateway.edge.library import default_folder
from gateway.policy.load import load as load_rules
from gateway.policy.routing import How, load, read

POLICY = default_folder() / "policy"


def table(folder: Path, *ways: str) -> Path:
    lines = "\n".join(f"- {way}" for way in ways)
    (folder / "routing.yaml").write_text(f"version: 1\nways:\n{lines}\n")
    return folder


def test_a_sick_note_goes_to_nav_by_law_and_to_an_employer_only_by_the_patients_act() -> None:
    ways = {way.route.recipient: way.how for way in load(POLICY).of(MessageKind.SYKMELDING)}
    assert ways == {Role.NAV: How.BY_LAW, Role.EMPLOYER: How.BY_ACT}


def test_every_way_has_a_rule_that_could_permit_it() -> None:
    permits = [rule.scope for rule in load_rules(POLICY).rules if rule.permits]
    for way in load(POLICY).ways:
        route = way.route
        cell = {"message": route.kind, "from": route.sender, "to": route.recipient, "purpose": route.purpose}
        assert any(all(word in scope[name] for name, word in cell.items()) for scope in permits), str(route)


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("{message: sykmeldng, from: certifier, to: nav, purpose: benefit, how: by-law}", "did you mean «sykmelding»"),
        ("{message: sykmelding, from: certifier, to: nav, purpose: benefit, how: by-lw}", "did you mean «by-law»"),
        ("{message: sykmelding, from: certifier, to: nav, purpose: benefit}", "«how» is missing"),
        ("{message: sykmelding, form: certifier, to: nav, purpose: benefit, how: by-law}", "did you mean «from»"),
    ],
)
def test_a_mistake_is_told_at_its_own_line(tmp_path: Path, way: str, said: str) -> None:
    good = "{message: legeerklaring, from: certifier, to: nav, purpose: benefit, how: by-law}"
    routing, faults = read(table(tmp_path, good, way))
    assert said in " ".join(map(str, faults))
    assert {fault.line for fault in faults} == {4}
    assert [one.route.kind for one in routing.ways] == [MessageKind.LEGEERKLARING]
    with pytest.raises(ConfigurationError):
        load(tmp_path)


def test_the_same_way_twice_is_a_mistake(tmp_path: Path) -> None:
    way = "{message: sykmelding, from: certifier, to: nav, purpose: benefit, how: by-law}"
    assert "stands here twice" in str(read(table(tmp_path, way, way))[1][0])


def test_without_the_table_nothing_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(tmp_path)
