"""The data map: who may get what, for what, and on which terms, told from the rules and from nothing else.

`docs/privacy/data-map.md` is this text; a test holds the two equal.
"""

from collections.abc import Iterator, Mapping

from gateway.core.vocabulary import DataClass, Role
from gateway.policy.rules import DIMENSIONS, Rule, RuleSet, Table, compile_table

_HEAD = """# Data map: who may get what

Made from `mappings/policy/` (rule set {version}, {count} rules) by `samspill rules map`.
Make it anew when a rule changes.

This is not legal advice.
{reviewed} of the {count} rules have been reviewed by a lawyer.
{unverified} do not rest on a source that was read: {memory} are from memory, {ours} are choices of our own.
What is not listed for a recipient never reaches it.

Ikke juridisk rådgivning. Det som ikke står på listen for en mottaker, når aldri fram til den.
"""


def data_map(rules: RuleSet) -> str:
    """Give the map as Markdown, for the rules in force after the last change that is planned."""
    days = rules.changes()
    if not days:
        return "# Data map: who may get what\n\nNo rules, so nobody gets anything.\n"
    table = compile_table(rules, days[-1])
    lines = [*_head(rules), *(line for role in Role for line in _recipient(table, role))]
    return "\n".join([*lines, *_forbids(table), *_facts(table)]) + "\n"


def _head(rules: RuleSet) -> Iterator[str]:
    statuses = [rule.status for rule in rules.rules]
    yield _HEAD.format(
        version=rules.version,
        count=len(rules.rules),
        reviewed=sum(rule.reviewed for rule in rules.rules) or "None",
        unverified=len(statuses) - statuses.count("verified"),
        memory=statuses.count("memory"),
        ours=statuses.count("ours"),
    )


def _recipient(table: Table, role: Role) -> Iterator[str]:
    permits = [rule for rule in table.rules if rule.permits and role in rule.scope["to"]]
    yield f"## {role}\n"
    if not permits:
        yield "Gets nothing from this gateway.\n"
        return
    every = {one for rule in permits for one in _classes(rule)}
    never = [one for one in DataClass if one not in every]
    for rule in permits:
        yield f"- **{_words(rule, 'message')}** from {_words(rule, 'from')}, for {_words(rule, 'purpose')}"
        yield f"  - {', '.join(_classes(rule))}"
        if rule.when:
            yield f"  - only when {_conditions(rule.when)}"
        if set(rule.obligations) - {"log"}:
            yield f"  - on terms: {', '.join(duty for duty in rule.obligations if duty != 'log')}"
        yield f"  - {rule.nb} / {rule.en}"
        yield f"  - `{rule.id}`: {rule.basis} ({rule.status})"
    yield f"\nNever: {', '.join(never)}.\n"


def _classes(rule: Rule) -> list[str]:
    return [one for one in DataClass if one in rule.scope["classes"]]


def _forbids(table: Table) -> Iterator[str]:
    yield "## What stands above every permit\n"
    for rule in table.rules:
        if not rule.permits:
            yield f"- {rule.nb} / {rule.en}"
            limits = f"  - `{rule.id}` ({rule.tier}): to {_words(rule, 'to')}; {_words(rule, 'classes')}"
            limits += f"; when {_conditions(rule.when)} or not known" if rule.when else ""
            limits += f"; unless {_conditions(rule.unless)}" if rule.unless else ""
            yield limits


def _facts(table: Table) -> Iterator[str]:
    yield "\n## What the conditions mean\n"
    for kind in table.kinds.values():
        yield f"- `{kind.name}` ({', '.join(kind.values)}, or not known): {kind.origin}"
        yield f"  - not known: {kind.unknown}"


def _words(rule: Rule, dimension: str) -> str:
    words = rule.scope[dimension]
    listed = ", ".join(word for word in DIMENSIONS[dimension] if word in words.listed)
    if not words.inverted:
        return listed
    return f"all but {listed}" if listed else "all"


def _conditions(facts: Mapping[str, str]) -> str:
    return ", ".join(f"{name} is {value}" for name, value in facts.items())
