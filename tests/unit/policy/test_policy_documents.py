"""What the documents say of the rules is what the rules say."""

import json
import re
from datetime import UTC, date, datetime
from typing import Any

import yaml
from policy_cases import POLICY, ROOT, rules, table

from gateway.core.errors import Severity
from gateway.core.vocabulary import DataClass, MessageKind, Obligation, Purpose, Role
from gateway.policy.authzen import answer, question
from gateway.policy.consent import admissible
from gateway.policy.consent_facts import patient_act
from gateway.policy.data_map import data_map
from gateway.policy.legal_rows import legal_rows
from gateway.policy.provision import Request
from gateway.policy.rules import RuleSet, compile_table


def test_the_data_map_is_what_the_rules_say() -> None:
    written = (ROOT / "docs" / "privacy" / "data-map.md").read_text(encoding="utf-8")
    assert written == data_map(rules()), "make it anew: samspill rules map > docs/privacy/data-map.md"


def test_every_legal_row_is_carried_by_a_rule_or_says_why_not_and_the_page_says_so_too() -> None:
    page = (ROOT / "docs" / "privacy" / "legal-rows.md").read_text(encoding="utf-8")
    assert page == legal_rows(rules()), "make it anew: samspill rules rows > docs/privacy/legal-rows.md"
    named = [line.split(" | ")[0].strip("| ") for line in page.splitlines() if re.match(r"\| (N|SE)\d", line)]
    assert named == [f"N{n}" for n in range(1, 28)] + [f"SE{n}" for n in range(1, 10)]


def test_the_vocabulary_of_the_rules_is_the_programs() -> None:
    listed = yaml.load((POLICY / "rules.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)["vocabulary"]  # noqa: S506
    program = {
        "roles": Role,
        "messages": MessageKind,
        "purposes": Purpose,
        "classes": DataClass,
        "obligations": Obligation,
    }
    assert {name: set(words) for name, words in listed.items()} == {
        name: {str(word) for word in words} for name, words in program.items()
    }


def test_every_rule_is_in_the_map_with_its_basis_and_both_texts() -> None:
    text = data_map(rules())
    for rule in rules().rules:
        assert rule.nb in text
        assert rule.en in text
        assert rule.id in text
        assert not rule.permits or rule.basis in text


def test_the_map_says_what_the_employer_never_gets() -> None:
    employer = data_map(rules()).split("## employer\n")[1].split("\n## ")[0]
    never = employer.rsplit("Never: ", 1)[1]
    for data_class in ("clinical", "authority-note", "contact", "certifier-detail", "return-estimate", "opaque"):
        assert data_class in never


def test_a_rule_set_without_rules_says_that_nobody_gets_anything() -> None:
    empty = RuleSet("0", "", (), rules().facts, {}, {}, (), {}, rules().screen, rules().labels)
    assert "nobody gets anything" in data_map(empty)


def test_every_permit_carries_the_log_and_every_rule_is_reachable_by_its_id() -> None:
    for rule in compile_table(rules(), date(2026, 11, 24)).rules:
        assert rules()[rule.id] is rule
        assert not rule.permits or "log" in rule.obligations
    assert len(table().rules) == len({rule.id for rule in table().rules})


def test_the_guide_to_the_rules_names_real_files_and_real_rules() -> None:
    guide = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    for name in ("rules.yaml", "facts.yaml", "invariants.yaml", "examples.yaml", "screen.yaml", "labels.yaml"):
        assert name in guide
        assert (POLICY / name).is_file()
    shown = guide.split("```yaml\n")[1].split("```")[0]
    (row,) = yaml.load(shown, Loader=yaml.BaseLoader)  # noqa: S506
    assert rules()[row["id"]].basis == row["basis"]


def blocks(name: str) -> list[dict[str, Any]]:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    return [json.loads(block.split("```")[0]) for block in text.split("```json\n")[1:]]


def test_the_request_in_the_guide_is_answered_as_the_guide_says() -> None:
    (request,) = blocks("rules.md")
    answered = answer(question(table(), request, datetime(2026, 11, 24, tzinfo=UTC)).decide(table()))
    assert answered["decision"] is False
    assert answered["context"]["released"] == ["absence"]


def test_the_consent_in_the_guide_is_taken_in_and_is_the_patients_act() -> None:
    (consent,) = blocks("privacy/consent.md")
    assert [
        issue for issue in admissible(consent, datetime(2026, 11, 24, tzinfo=UTC)) if issue.severity is Severity.ERROR
    ] == []
    identifier = consent["provision"]["actor"][0]["reference"]["identifier"]
    request = Request(actors=(f"{identifier['system']}|{identifier['value']}",), at=datetime(2026, 11, 24, tzinfo=UTC))
    assert patient_act([consent], request, "c0ffee00-0000-4000-8000-000000000001") == "true"
