"""The closed word lists are those of the rules; routes, receipts and audit entries say them."""

from pathlib import Path

import pytest

from gateway.core.audit import AuditAction, AuditEntry, Disclosure
from gateway.core.message import Route
from gateway.core.vocabulary import STRICTNESS, DataClass, MessageKind, Obligation, Purpose, Role
from gateway.policy.load import load
from gateway.policy.rules import compile_table

POLICY = Path(__file__).parents[3] / "mappings" / "policy"
RULES = load(POLICY)
TABLE = compile_table(RULES, RULES.changes()[-1])


def said(part: str) -> set[str]:
    return {word for rule in TABLE.rules for word in rule.scope[part].listed}


@pytest.mark.parametrize(
    ("part", "words"),
    [("from", Role), ("to", Role), ("message", MessageKind), ("purpose", Purpose), ("classes", DataClass)],
)
def test_the_rules_speak_only_in_the_words_of_the_vocabulary(part: str, words: type[Role]) -> None:
    assert said(part) <= set(words)
    assert len(said(part)) > 3


def test_the_rules_demand_only_what_the_gateway_knows_how_to_do() -> None:
    assert {word for rule in TABLE.rules for word in rule.obligations} <= set(Obligation)


def test_each_class_says_how_far_it_may_travel_and_health_never_to_an_employer() -> None:
    assert set(STRICTNESS) == set(DataClass)
    for health in (DataClass.DIAGNOSIS, DataClass.CLINICAL, DataClass.AUTHORITY_NOTE, DataClass.OPAQUE):
        assert STRICTNESS[health] > 1


def test_a_route_reads_as_a_sentence() -> None:
    route = Route(Role.CERTIFIER, Role.NAV, MessageKind.SYKMELDING, Purpose.BENEFIT)
    assert str(route) == "certifier > nav: sykmelding for benefit"


def test_an_audit_entry_has_one_byte_form() -> None:
    entry = AuditEntry(
        id="1", recorded_at=1.5, action=AuditAction.DECIDED, actor="gateway", disclosure=Disclosure(policy="3")
    )
    assert entry.canonical() == (
        b'{"action":"decided","actor":"gateway","disclosure":{"policy":"3"},"id":"1","outcome":"success","recorded_at":1.5}'
    )
