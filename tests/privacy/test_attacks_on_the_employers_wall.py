"""Attempts to make a diagnosis come out at an employer: by any record, route, purpose, kind, consent or fact.

The attacker chooses everything that a sender, a patient's service or a register could say. What is tried is the real
table, decision and enforcement; a planted word of a class that an employer never gets must not be in what is released.
"""

import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent / "line"))

from planted_note import NEVER, Planting, words_of

from gateway.core.decision import Question
from gateway.core.errors import Refused
from gateway.core.message import Route
from gateway.core.vocabulary import DataClass, MessageKind, Purpose, Role
from gateway.model.dialogue import Dialogue
from gateway.model.messages import DIALOGUE, MESSAGES
from gateway.model.walk import values_of
from gateway.policy import pep
from gateway.policy.consent_facts import CLASS_SYSTEM, consent_facts
from gateway.policy.elements import Element
from gateway.policy.facts import Facts
from gateway.policy.load import load
from gateway.policy.pdp import decide, decide_elements
from gateway.policy.provision import Request
from gateway.policy.rules import ANY, UNKNOWN, Table, compile_table, table_of

POLICY = Path(__file__).parents[2] / "mappings" / "policy"
CHOICE = {MessageKind.AG114, MessageKind.AG7804}
"""The two certificates whose patient may choose that the employer sees the diagnosis."""


@cache
def table() -> Table:
    return compile_table(load(POLICY), date(2026, 11, 24))


def records() -> Iterator[Any]:
    """Give every record that is forwarded, each with every text planted."""
    for number, record in enumerate(MESSAGES):
        made = Planting(number + 1).record(record)
        if isinstance(made, Dialogue):
            yield from (replace(made, matter=Planting(20 + i).record(kind)) for i, kind in enumerate(DIALOGUE))
        else:
            yield made


def to_employers() -> list[Route]:
    """Give every route to an employer on which any permit could hold, whatever the kind says that it is."""
    every = (Route(s, Role.EMPLOYER, k, p) for s, k, p in product(Role, MessageKind, Purpose))
    return [route for route in every if table().route(route) & table().permits]


def states(route: Route) -> Iterator[dict[str, str]]:
    """Give the widest state of the facts, and every state that differs from it in one fact."""
    kinds = {name: table().kinds[name] for name in table().looked_at(table().route(route))}
    widest = {name: kind.values[-1] for name, kind in kinds.items()}
    yield widest
    for name, kind in kinds.items():
        yield from ({**widest, name: value} for value in (*kind.values, UNKNOWN, "no such value"))


def gives_all() -> dict[str, dict[str, str]]:
    """Give what a Consent that permits everything to everybody for ever makes of the fact `consent`."""
    consent = {
        "resourceType": "Consent",
        "status": "active",
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
        },
        "patient": {"reference": "Patient/1"},
        "dateTime": "2026-01-01",
        "provision": {
            "type": "permit",
            "provision": [
                {"type": "permit", "securityLabel": [{"system": CLASS_SYSTEM, "code": one} for one in DataClass]}
            ],
        },
    }
    facts = consent_facts([consent], Request())
    assert {one["consent"] for one in facts.values()} == {"permit"}
    return facts


def escaped(record: Any, route: Route, known: dict[str, str]) -> set[str]:
    """Give the paths of what came out though no employer ever gets it."""
    facts = Facts(
        {**known, "patient-act": known.get("patient-act", "true")}, gives_all(), question=Question(items=True)
    )
    decision = decide(table(), route, facts, record)
    everything = frozenset(decision.held)
    cleared = decide(table(), route, replace(facts, cleared=everything), record)
    gone: set[str] = set()
    for one in (decision, cleared):
        try:
            released = pep.release(record, one)
        except Refused:
            continue
        words = words_of(record)
        left = {value for _, value, _ in values_of(released.record) if isinstance(value, str)} & words.keys()
        gone |= {words[word][0] for word in left if words[word][1] in NEVER}
        gone |= {path for path, _, data_class in values_of(released.record) if data_class in NEVER}
    return gone


RECORDS = list(records())
ROUTES = to_employers()


def test_every_record_there_is_takes_part_and_most_have_something_to_lose() -> None:
    assert {type(one) for one in RECORDS} == set(MESSAGES)
    assert {type(one.matter) for one in RECORDS if isinstance(one, Dialogue)} == set(DIALOGUE)
    safe = {type(one).__name__ for one in RECORDS if not {found for _, _, found in values_of(one)} & NEVER}
    assert safe <= {"SelfCertification", "IncomeReport", "IncomeRequest"}  # written by or for employee and employer
    assert len(ROUTES) > 5


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_no_record_on_no_route_in_no_state_brings_an_employer_what_is_never_theirs(route: Route) -> None:
    for record in RECORDS:
        for known in states(route):
            out = escaped(record, route, known)
            if route.kind in CHOICE and route.sender is Role.PATIENT and known.get("diagnosis-choice") == "true":
                out = {path for path in out if class_at(record, path) is not DataClass.DIAGNOSIS}
            assert out == set(), (type(record).__name__, sorted(out)[:3])


def class_at(record: Any, path: str) -> DataClass:
    return next(data_class for at, _, data_class in values_of(record) if at == path)


@pytest.mark.parametrize("kind", sorted(CHOICE))
@pytest.mark.parametrize("said", ["false", UNKNOWN, "TRUE", "1", "yes", ""])
def test_only_the_word_true_is_a_patients_choice_and_a_consent_is_none(kind: MessageKind, said: str) -> None:
    for route in (one for one in ROUTES if one.kind is kind):
        known = {**next(states(route)), "diagnosis-choice": said}
        for record in RECORDS:
            assert not {p for p in escaped(record, route, known) if class_at(record, p) is DataClass.DIAGNOSIS}


def test_the_attack_would_see_a_diagnosis_that_came_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = load(POLICY).rules
    walls = {rule.id for rule in rules if not rule.permits and Role.EMPLOYER in rule.scope["to"]}
    open_ = [replace(rule, scope={**rule.scope, "classes": ANY}) for rule in rules if rule.id not in walls]
    broken = table_of(open_, table().kinds)
    monkeypatch.setattr(sys.modules[__name__], "table", lambda: broken)
    assert any(escaped(record, ROUTES[0], next(states(ROUTES[0]))) for record in RECORDS)


def test_an_unknown_class_is_released_to_nobody() -> None:
    for route in ROUTES:
        decision = decide_elements(table(), route, Facts(next(states(route))), [Element("diagnosis-code"), Element("")])
        assert not decision.permitted


def test_a_decision_about_one_record_releases_no_other() -> None:
    note = RECORDS[0]
    route = ROUTES[0]
    decision = decide(table(), route, Facts(next(states(route))), note)
    other = replace(note, id="another")
    with pytest.raises(Refused, match="another record"):
        pep.release(other, decision)


def test_no_record_hides_a_field_from_the_walk_that_decides() -> None:
    for record in RECORDS:
        walked = {path.partition(".")[0].partition("[")[0] for path, _, _ in values_of(record)}
        filled = {one.name for one in fields(record) if getattr(record, one.name) not in (None, (), "")}
        assert filled - walked == set(), type(record).__name__
