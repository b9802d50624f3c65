"""The same rules in Cedar's language, for a second engine that must agree on decision and reasons.

Written from the YAML itself and not from our compiled table, so that the two share no code. Cedar permits by rule, its
forbids override, and an erroring policy is skipped: hence every fact is always sent, `unknown` as a word, and the
schema demands each (a request that leaves one out is refused; anything but an error-free Allow is a refusal).
"""

import json
from collections.abc import Mapping
from typing import Any

import yaml

DIMENSIONS = {"message": "message", "from": "from", "to": "to", "purpose": "purpose", "classes": "class"}
"""The keys of a row's scope, and the context attributes they look at."""

PRINCIPAL, ACTION, RESOURCE = 'Role::"recipient"', 'Action::"receive"', 'Message::"message"'


def policies(rules_yaml: str) -> str:
    """Give the rules of `rules.yaml` as Cedar policies, `@id` being the rule's."""
    data = yaml.load(rules_yaml, Loader=yaml.BaseLoader)  # noqa: S506 (BaseLoader reads text only)
    return "\n".join(_policy(rule, data["groups"]) for rule in data["rules"])


def schema(facts_yaml: str) -> dict[str, Any]:
    """Give a Cedar schema in which every dimension and every fact of `facts.yaml` is a required string."""
    names = [*DIMENSIONS.values(), *facts(facts_yaml)]
    context = {"type": "Record", "attributes": {name: {"type": "String", "required": True} for name in names}}
    return {
        "": {
            "entityTypes": {"Role": {}, "Message": {}},
            "actions": {
                "receive": {"appliesTo": {"principalTypes": ["Role"], "resourceTypes": ["Message"], "context": context}}
            },
        }
    }


def facts(facts_yaml: str) -> list[str]:
    """Give the names of the facts, each of which a request must carry."""
    return [fact["name"] for fact in yaml.load(facts_yaml, Loader=yaml.BaseLoader)["facts"]]  # noqa: S506


def request(context: Mapping[str, str]) -> dict[str, Any]:
    """Give a request that carries everything in its context."""
    return {"principal": PRINCIPAL, "action": ACTION, "resource": RESOURCE, "context": dict(context)}


def _policy(rule: Mapping[str, Any], groups: Mapping[str, list[str]]) -> str:
    permits = rule["effect"] == "permit"
    conditions = [_scope(rule[key], attribute, groups) for key, attribute in DIMENSIONS.items() if rule[key] != "any"]
    for fact, value in rule.get("when", {}).items():
        conditions.append(_one_of([value] if permits else [value, "unknown"], fact))
    text = f"@id({_quoted(rule['id'])})\n{rule['effect']}(principal, action, resource)"
    if conditions:
        text += "\nwhen { " + " && ".join(conditions) + " }"
    if rule.get("unless"):
        text += "\nunless { " + " && ".join(_one_of([v], fact) for fact, v in rule["unless"].items()) + " }"
    return text + ";\n"


def _scope(words: Any, attribute: str, groups: Mapping[str, list[str]]) -> str:
    excluded = isinstance(words, Mapping)
    listed = [one for word in (words["all-except"] if excluded else words) for one in groups.get(word, [word])]
    return ("!" if excluded else "") + _one_of(listed, attribute)


def _one_of(words: list[str], attribute: str) -> str:
    return f"[{', '.join(map(_quoted, words))}].contains(context[{_quoted(attribute)}])"


def _quoted(word: str) -> str:
    return json.dumps(word)
