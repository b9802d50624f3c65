"""The rows of the legal notes (N Norway, SE Sweden), each with the rules that carry it or why there is none."""

from collections.abc import Iterator

from gateway.policy.rules import Rule, RuleSet

_HEAD = """# The legal rows and their rules

Made from `mappings/policy/rules.yaml` by `samspill rules rows`; a test holds the two equal. Each row of the legal
notes (N1 to N{N} for Norway, SE1 to SE{SE} for Sweden) is carried by rules, or says why it is none of the gateway's.
A forbid beats a permit, whatever the order here.

Not legal advice: {reviewed} of {count} rules have been reviewed by a lawyer.

| row | carried by | what it says |
|---|---|---|
"""


def legal_rows(rules: RuleSet) -> str:
    """Give the table as Markdown; a row that nothing carries and that gives no reason is a mistake of the files."""
    counts = {series: str(sum(row.startswith(series) for row in rules.legal_rows)) for series in ("SE", "N")}
    reviewed = sum(rule.reviewed for rule in rules.rules)
    head = _HEAD.format(**counts, reviewed=reviewed or "none", count=len(rules.rules))
    return head + "\n".join(_row(rules, row) for row in rules.legal_rows) + "\n"


def _row(rules: RuleSet, row: str) -> str:
    carrying = [rule for rule in rules.rules if row in rule.rows]
    if not carrying:
        return f"| {row} | no rule | {rules.without_rule[row]} |"
    names = "<br>".join(_names(carrying))
    return f"| {row} | {names} | {'<br>'.join(rule.en for rule in carrying)} |"


def _names(carrying: list[Rule]) -> Iterator[str]:
    for rule in carrying:
        status = "" if rule.status == "verified" else f" ({rule.status})"
        yield f"{'permit' if rule.permits else 'forbid'} `{rule.id}`{status}"
