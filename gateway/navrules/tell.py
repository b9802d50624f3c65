"""NAV's answer as issues at the places of the sender's own message."""

from collections.abc import Iterator, Mapping

from gateway.core.errors import Issue, Severity
from gateway.model.walk import without_indices
from gateway.navrules.evaluate import Answer, Finding
from gateway.navrules.trees import NavRules, Status

_VERBS = {
    Status.INVALID: ("rejects", "may reject"),
    Status.MANUAL: ("has a person look at", "may have a person look at"),
}


def issues(rules: NavRules, answer: Answer, places: Mapping[str, str]) -> Iterator[Issue]:
    """Give what to tell the sender; `places` gives the place of a canonical field in the sender's own terms.

    What is certain to be rejected is an error, what a person will look at a warning. What rests on NAV's registers
    is told as far as the sender can do something about it, and the rest in one sentence.
    """
    for finding in answer.sure:
        severity = Severity.ERROR if finding.outcome.status is Status.INVALID else Severity.WARNING
        yield _issue(rules, finding, severity, places)
    for finding in answer.possible:
        if finding.outcome.if_unsure is Severity.WARNING:
            yield _issue(rules, finding, Severity.WARNING, places)
    checks = dict.fromkeys(rules.labels[name][1] for name in answer.unknown)
    if checks:
        yield Issue("informational", "", "NAV will also check: " + ", ".join(checks), severity=Severity.INFORMATION)


def _issue(rules: NavRules, finding: Finding, severity: Severity, places: Mapping[str, str]) -> Issue:
    outcome = finding.outcome
    verb = _VERBS[outcome.status][not finding.sure]
    unless = dict.fromkeys(rules.labels[name][1] for name in finding.unless)
    known = f" (it depends on {', '.join(unless)})" if unless else ""
    field = finding.fields[0] if finding.fields else ""
    at = next((places[one] for one in (*finding.fields, *map(without_indices, finding.fields)) if one in places), "")
    what = f"NAV {verb} this by its rule {outcome.id}{known}: «{outcome.sender}»"
    return Issue("business-rule", at, what, outcome.mend, severity, field, outcome.id)
