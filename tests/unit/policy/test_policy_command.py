"""`samspill decide` and `samspill consent evaluate`, as a person or a script meets them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from policy_cases import POLICY, SHARED, table
from test_policy_consent import EMPLOYER, act, consent, to
from test_policy_loading import planted
from typer.testing import CliRunner

from gateway.cli.decide import register
from gateway.core.errors import ConfigurationError, NotAcceptable
from gateway.policy.prove import read_policy

APP = typer.Typer()
register(APP)


@dataclass(frozen=True)
class Ran:
    """What a person sees: the exit code and what `gateway.cli.main` says of a failure that was foreseen."""

    exit_code: int
    stdout: str
    stderr: str


def run(*arguments: str, given: str = "") -> Ran:
    result = CliRunner().invoke(APP, list(arguments), input=given)
    wrong = result.exception
    if isinstance(wrong, NotAcceptable):
        return Ran(3, result.stdout, "\n".join(map(str, wrong.issues)))
    if isinstance(wrong, ConfigurationError):
        return Ran(5, result.stdout, "\n".join(map(str, wrong.faults)))
    if wrong is not None and not isinstance(wrong, SystemExit):
        raise wrong
    return Ran(result.exit_code, result.stdout, result.stderr)


def asked(tmp_path: Path, request: Any) -> Ran:
    path = tmp_path / "request.json"
    path.write_text(json.dumps(request), encoding="utf-8")
    return run("decide", str(path))


def request(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "subject": {"type": "role", "id": "employer", "properties": {"actors": [EMPLOYER]}},
        "action": {"name": "receive", "properties": {"purpose": "sick-leave-follow-up"}},
        "resource": {
            "type": "sykmelding",
            "id": "m1",
            "properties": {"sender": "certifier", "items": [{"class": "absence"}]},
        },
        "context": {
            "patient": "Patient/1",
            "at": "2026-11-24T12:00:00+01:00",
            "facts": {
                "patient-act": True,
                "consent": "none",
                "address-grading": "none",
                "officer-cleared": False,
                "restricted-for-employer": False,
                "free-text-screen": "clean",
            },
        },
    }
    return body | changes


EXAMPLES = read_policy(POLICY)[0]


@pytest.mark.parametrize(
    "example", EXAMPLES.examples if EXAMPLES else (), ids=lambda example: f"example-{example.number}"
)
def test_the_worked_examples(tmp_path: Path, example: Any) -> None:
    words = {"true": True, "false": False, "unknown": None}
    per_class = example.facts.by_class
    items = [
        {"class": name, "facts": {fact: words.get(value, value) for fact, value in per_class.get(name, {}).items()}}
        for name in example.present
    ]
    result = asked(
        tmp_path,
        {
            "subject": {"type": "role", "id": example.route.recipient},
            "action": {"name": "receive", "properties": {"purpose": example.route.purpose}},
            "resource": {"type": example.route.kind, "properties": {"sender": example.route.sender, "items": items}},
            "context": {"facts": {fact: words.get(value, value) for fact, value in example.facts.message.items()}},
        },
    )
    answer = json.loads(result.stdout)
    assert result.exit_code == (0 if example.released else 4)
    assert set(answer["context"]["released"]) == example.released
    of_class = {item["class"]: item for item in answer["context"]["items"]}
    assert all(rule in of_class[name]["rules"] for name, rule in example.why.items())
    assert all(duty in of_class[name]["obligations"] for name, duty in example.obligations.items())
    held = answer["context"]["waits_for_officer"]
    assert answer["decision"] is (example.released == set(example.present) and not held)


def test_the_answer_names_rules_obligations_and_the_rule_set(tmp_path: Path) -> None:
    answer = json.loads(asked(tmp_path, request()).stdout)
    assert answer["decision"] is True
    assert answer["context"]["items"] == [
        {
            "class": "absence",
            "effect": "permit",
            "permits": ["sykmelding-to-employer"],
            "forbids": [],
            "rules": ["sykmelding-to-employer"],
            "obligations": ["log"],
            "nearest": [],
            "held": False,
            "marks": {},
        }
    ]
    assert answer["context"]["rules"] == {"version": table().version, "digest": table().digest}


def test_without_items_every_class_is_asked_about(tmp_path: Path) -> None:
    body = request()
    del body["resource"]["properties"]["items"]
    answer = json.loads(asked(tmp_path, body).stdout)
    assert len(answer["context"]["items"]) == 19
    assert answer["decision"] is False
    assert "diagnosis" not in answer["context"]["released"]


def test_what_nobody_says_is_unknown_and_refused(tmp_path: Path) -> None:
    result = asked(tmp_path, request(context={"facts": {}}))
    assert result.exit_code == 4
    (item,) = json.loads(result.stdout)["context"]["items"]
    assert item["effect"] == "indeterminate"


def test_an_items_own_fact_stands_above_the_messages(tmp_path: Path) -> None:
    body = request()
    body["resource"]["properties"]["items"] = [
        {"class": "workplace", "facts": {"free-text-screen": "hit"}},
        {"class": "workplace"},
    ]
    answer = json.loads(asked(tmp_path, body).stdout)
    assert [item["effect"] for item in answer["context"]["items"]] == ["deny", "permit"]
    assert answer["decision"] is False


def test_consents_given_with_the_request_become_facts(tmp_path: Path) -> None:
    system, value = EMPLOYER.split("|")
    sent = act()
    sent["provision"]["actor"] = [{"reference": {"identifier": {"system": system, "value": value}}}]
    body = request()
    body["context"]["facts"] = {
        "consents": [sent],
        "address-grading": "none",
        "restricted-for-employer": False,
        "free-text-screen": "clean",
    }
    assert json.loads(asked(tmp_path, body).stdout)["decision"] is True
    body["context"]["facts"]["consents"] = [{**sent, "status": "inactive"}]
    assert asked(tmp_path, body).exit_code == 4
    body["context"]["facts"]["consents"] = [sent, consent({"type": "deny"})]
    refused = asked(tmp_path, body)
    assert json.loads(refused.stdout)["context"]["items"][0]["rules"] == ["consent-denies"]
    body["context"]["facts"]["consents"] = None
    assert asked(tmp_path, body).exit_code == 4


@pytest.mark.parametrize(("fact", "value"), [
    ("patient-act", 1), ("patient-act", "yes"), ("patient-act", 0), ("patient-act", []),
    ("patient-akt", True), ("consents", 7),
])  # fmt: skip
def test_a_fact_that_is_no_fact_is_a_wrong_request_and_not_a_guess(tmp_path: Path, fact: str, value: Any) -> None:
    body = request()
    body["context"]["facts"][fact] = value
    result = asked(tmp_path, body)
    assert result.exit_code == 3
    assert fact in result.stderr


def test_everything_wrong_with_a_request_is_told_at_once(tmp_path: Path) -> None:
    body = request(
        action={"name": "receive", "properties": {"purpose": "gossip"}}, subject={"type": "role", "id": "employr"}
    )
    result = asked(tmp_path, body)
    assert result.exit_code == 3
    first, second = result.stderr.splitlines()
    assert first == "subject.id: not a word that the rules know; did you mean «employer»?"
    assert second.startswith("action.properties.purpose: not a word that the rules know; it is one of: benefit, coord")


@pytest.mark.parametrize("text", ["", "[", "7", "[]", '{"subject": 1}', "{}", "[" * 100_000])
def test_a_request_that_is_none_is_told_without_a_traceback(tmp_path: Path, text: str) -> None:
    path = tmp_path / "request.json"
    path.write_text(text, encoding="utf-8")
    result = run("decide", str(path))
    assert result.exit_code == 3
    assert result.stderr


def test_a_request_that_is_not_there_and_rules_that_are_wrong(tmp_path: Path) -> None:
    assert run("decide", str(tmp_path / "none.json")).exit_code == 2
    path = tmp_path / "request.json"
    path.write_text(json.dumps(request()), encoding="utf-8")
    result = run("decide", str(path), "--policy", str(tmp_path))
    assert result.exit_code == 5
    assert "rules.yaml:1:1: the file cannot be read" in result.stderr


def test_a_request_may_come_from_standard_input() -> None:
    assert run("decide", "-", given=json.dumps(request())).exit_code == 0


def evaluated(tmp_path: Path, given: Any, *options: str) -> Ran:
    path = tmp_path / "consent.json"
    path.write_text(json.dumps(given), encoding="utf-8")
    return run("consent", "evaluate", "--consent", str(path), "--purpose", "TREAT", *options)


def test_a_consent_is_answered_with_its_provision_and_its_doubts(tmp_path: Path) -> None:
    given = consent({"type": "permit", "provision": [{"type": "deny", "actor": to("Organization/9")}]})
    denied = evaluated(tmp_path, given, "--actor", "Organization/9", "--as-of", "2026-11-24")
    assert denied.exit_code == 0
    assert denied.stdout.splitlines() == [
        "DENY",
        "decided by: Consent.provision.provision[0]",
        "explicit deny: yes",
        "unsure of: nothing",
    ]
    unsure = evaluated(tmp_path, given, "--json")
    assert json.loads(unsure.stdout) == {
        "decision": "PERMIT",
        "provision": "Consent.provision",
        "explicit": False,
        "unsure": ["actor"],
    }
    assert evaluated(tmp_path, consent(status="inactive")).stdout.splitlines()[0] == "NO_CONSENT"


def test_a_consent_that_is_no_json_and_a_date_that_is_none(tmp_path: Path) -> None:
    assert evaluated(tmp_path, consent(), "--as-of", "soon").exit_code == 2
    assert evaluated(tmp_path, [consent()]).exit_code == 3
    assert run("consent", "evaluate", "--consent", str(tmp_path / "none"), "--purpose", "TREAT").exit_code == 2


@pytest.mark.skipif(not SHARED.exists(), reason="the published cases are not beside the repository")
def test_every_published_pcf_case_through_the_command_line() -> None:
    cases = sorted((SHARED / "consent" / "ihe-pcf" / "cases").glob("*.json"))
    assert len(cases) == 95
    for path in cases:
        case = json.loads(path.read_text(encoding="utf-8"))
        given = case["request"]
        options = ["--consent", str(SHARED / "consent" / case["consent"]), "--purpose", given["purposeOfUse"]]
        options += ["--as-of", given.get("asOf", "2022-07-01")]
        options += ["--group", str(SHARED / "consent/ihe-pcf/resources/Group-ex-privilegedUsers.json")]
        for who in ("user", "organization"):
            options += ["--actor", given[who]] if given.get(who) else []
        if given.get("resource"):
            options += ["--resource", str(SHARED / "consent" / given["resource"])]
        assert run("consent", "evaluate", *options).stdout.splitlines()[0] == case["expected"]["decision"], path.stem


def test_the_rules_can_be_read_in_words_and_compared(tmp_path: Path) -> None:
    printed = run("rules", "map")
    assert printed.exit_code == 0
    assert printed.stdout.startswith("# Data map: who may get what")
    older = planted(tmp_path, "rules.yaml", "classes: [work-view]", "classes: [pay-view]")
    differing = run("rules", "difference", str(older)).stdout.splitlines()
    assert (
        "wider: function of sykmelding from nav to employer for sick-leave-follow-up (sykmelding-to-employer)"
        in differing
    )
    assert run("rules", "difference", str(POLICY), str(POLICY)).stdout == ""
    assert run("rules", "difference", str(tmp_path / "none")).exit_code == 5
