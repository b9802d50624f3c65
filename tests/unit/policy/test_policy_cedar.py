"""The second opinion: Cedar must agree with the table, on the decision and on every deciding rule."""

import json
import random
from collections.abc import Iterable
from functools import cache

import cedarpy
import pytest
from policy_cases import POLICY, TO_EMPLOYER, certificate, facts, table

from gateway.policy import cedar
from gateway.policy.facts import Facts
from gateway.policy.pdp import decide
from gateway.policy.prove import cells_meeting, enumerate_states
from gateway.policy.rules import UNKNOWN
from gateway.policy.space import releases

RULES = (POLICY / "rules.yaml").read_text(encoding="utf-8")
FACTS = (POLICY / "facts.yaml").read_text(encoding="utf-8")
ENGINE = cedarpy.PolicySet.from_str(cedar.policies(RULES))
SCHEMA = cedarpy.Schema.from_json_str(json.dumps(cedar.schema(FACTS)))
NOBODY = cedarpy.Entities.from_json_str("[]")

State = tuple[int, dict[str, str], int]


@cache
def cell_of(rows: int) -> dict[str, str]:
    return cells_meeting(table(), rows)


def context(rows: int, known: dict[str, str], chance: random.Random) -> dict[str, str]:
    """A cell that meets these rows, the facts they look at, and any value for the others: they must not matter."""
    cell = cell_of(rows)
    rest = {name: chance.choice((*kind.values, UNKNOWN)) for name, kind in table().kinds.items()}
    return {attribute: cell[key] for key, attribute in cedar.DIMENSIONS.items()} | rest | known


def disagreements(states: Iterable[State], chance: random.Random) -> list[str]:
    found = []
    for rows, known, left in states:
        result = cedarpy.is_authorized(cedar.request(context(rows, known, chance)), ENGINE, NOBODY, SCHEMA)
        reasons = set(result.diagnostics.id_annotations_by_reason.values())
        ours = {rule.id for rule in table().pick(left & ~table().permits or left)}
        if result.diagnostics.errors or result.allowed != releases(table(), left) or reasons != ours:
            found.append(f"{known}: {sorted(reasons ^ ours)}")
    return found


def test_the_rules_are_valid_cedar_under_a_schema_that_demands_every_fact() -> None:
    assert cedarpy.validate_policies(cedar.policies(RULES), cedar.schema(FACTS)).validation_passed


def test_cedar_agrees_on_a_sample_of_all_states() -> None:
    chance = random.Random(8134)  # noqa: S311 (a sample, not a secret)
    states = list(enumerate_states(table()))
    permitted = [state for state in states if releases(table(), state[2])]
    assert disagreements([*chance.sample(states, 700), *chance.sample(permitted, 300)], chance) == []


@pytest.mark.storm
@pytest.mark.timeout(3600)
def test_cedar_agrees_on_every_state() -> None:
    chance = random.Random(8126)  # noqa: S311 (a sample, not a secret)
    assert disagreements(enumerate_states(table()), chance) == []


def test_cedar_refuses_a_request_that_leaves_out_a_fact_instead_of_skipping_the_forbid() -> None:
    """The published trap: without a schema a forbid whose attribute is missing errs and is skipped."""
    rows, known, _ = next(state for state in enumerate_states(table()) if releases(table(), state[2]))
    sampled = context(rows, known, random.Random(1))  # noqa: S311 (a sample, not a secret)
    sampled.pop("address-grading")
    result = cedarpy.is_authorized(cedar.request(sampled), ENGINE, NOBODY, SCHEMA)
    assert not result.allowed


def test_a_fact_that_is_left_out_of_our_own_facts_is_refused_too() -> None:
    assert decide(table(), TO_EMPLOYER, facts(), certificate()).permitted
    for left_out in ("patient-act", "consent"):
        known = {name: value for name, value in facts().message.items() if name != left_out}
        assert not decide(table(), TO_EMPLOYER, Facts(known), certificate()).permitted, left_out
