"""FHIR R4 Consent: data, not policy. What is taken in, and a pure evaluation of one Consent for one request.

The reading is IHE Privacy Consent on FHIR 1.1 (ITI.PCF): a root provision and one level of exceptions, a deny exception
before a permit exception before the root. Whatever is not understood makes the whole Consent count for nothing and
the answer unsure; an odd provision is never skipped, because it may be the deny.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from gateway.core.errors import Issue, Severity
from gateway.core.vocabulary import Purpose
from gateway.policy.provision import (
    ACT_REASON,
    CRITERIA,
    READABLE,
    Coding,
    Json,
    Request,
    Unreadable,
    items,
    names_in,
    reaches,
    same,
    span,
    within,
)

PURPOSE_SYSTEM = "https://samspill.example/fhir/CodeSystem/purpose"
"""The purposes that HL7 ActReason has no word for."""

PURPOSES: dict[Purpose, Coding] = {
    Purpose.BENEFIT: (ACT_REASON, "ELIGDTRM"),
    Purpose.SICK_LEAVE_FOLLOW_UP: (PURPOSE_SYSTEM, "sick-leave-follow-up"),
    Purpose.TREATMENT: (ACT_REASON, "TREAT"),
    Purpose.COORDINATION: (ACT_REASON, "COC"),
    Purpose.PAY: (PURPOSE_SYSTEM, "pay"),
    Purpose.OWN_ACCESS: (ACT_REASON, "PATRQT"),
    Purpose.STATISTICS: (PURPOSE_SYSTEM, "statistics"),
    Purpose.OVERSIGHT: (ACT_REASON, "HCOMPL"),
}

_SCOPE = ("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")
_OPT_IN, _OPT_OUT = "OPTIN", "OPTOUT"
_POLICY_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_NOT_HOLDING = frozenset({"old", "temp"})
"""Identifier.use (FHIR R4, a modifier) of a number that nobody is to be known by."""

_EXCLUDED = ("action", "class", "code")

AHEAD = timedelta(minutes=5)
"""How far the clock of whoever records a Consent may be ahead of ours."""


class Outcome(StrEnum):
    """What one Consent says; `NO_CONSENT` that it says nothing about the request."""

    PERMIT = "PERMIT"
    DENY = "DENY"
    NO_CONSENT = "NO_CONSENT"


@dataclass(frozen=True, slots=True)
class Result:
    """An outcome, the FHIRPath of the provision that decided (absent when none did), and what was missing.

    A DENY without a provision means «not covered», which is not the patient's no. `unsure` names what a deny would have
    needed to be told from a silence.
    """

    outcome: Outcome
    provision: str | None = None
    unsure: tuple[str, ...] = ()

    @property
    def explicit_deny(self) -> bool:
        """Whether the patient said no, rather than not yes."""
        return self.outcome is Outcome.DENY and self.provision is not None


def purpose_coding(word: str) -> Coding:
    """Give the coding of one of our purposes, or of an ActReason code."""
    return PURPOSES[Purpose(word)] if word in tuple(Purpose) else (ACT_REASON, word)


def evaluate(consent: Any, request: Request) -> Result:
    """Evaluate one Consent for one request. Never raises for what a Consent says."""
    try:
        return _evaluate(consent, request)
    except Unreadable as what:
        return Result(Outcome.NO_CONSENT, None, (f"unreadable: {what}",))
    except RecursionError:
        return Result(Outcome.NO_CONSENT, None, ("unreadable: nested too deeply",))


def _evaluate(consent: Any, request: Request) -> Result:
    nothing = Result(Outcome.NO_CONSENT)
    if not isinstance(consent, Mapping):
        raise Unreadable("Consent")
    if consent.get("resourceType") != "Consent" or consent.get("status") != "active":
        return nothing
    root = consent.get("provision")
    if "scope" not in consent or not isinstance(root, Mapping):
        raise Unreadable("Consent.provision" if "scope" in consent else "Consent.scope")
    if not _is_privacy(consent):
        return nothing
    if request.patient is not None and not _is_about(consent, request.patient):
        return nothing
    if request.at is not None and _given_after(consent, request.at + AHEAD):
        return nothing
    if root.get("period") and request.at is None:
        return Result(Outcome.NO_CONSENT, None, ("period",))
    if root.get("period") and request.at is not None and not within(root["period"], request.at):
        return nothing
    if not _verified(consent):
        return nothing
    exceptions = list(_exceptions(consent, root))
    base = _base(consent, root)
    return _combine(root, base, exceptions, request) if base else Result(Outcome.NO_CONSENT, None, ("provision.type",))


def _combine(root: Json, base: str, exceptions: list[tuple[str, Json]], request: Request) -> Result:
    unsure: list[str] = []
    reached: dict[str, str] = {}
    for path, exception in exceptions:
        deny = exception["type"] == "deny"
        holds, missing = reaches(exception, request, deny=deny)
        if holds:
            reached.setdefault(exception["type"], path)
        elif deny:
            unsure += missing
    if "deny" in reached:
        return Result(Outcome.DENY, reached["deny"])
    doubts = tuple(dict.fromkeys(unsure))
    if "permit" in reached:
        return Result(Outcome.PERMIT, reached["permit"], doubts)
    holds, missing = reaches({**root, "period": None}, request, deny=base == "deny")
    if holds:
        outcome = Outcome.PERMIT if base == "permit" else Outcome.DENY
        return Result(outcome, "Consent.provision", doubts if base == "permit" else ())
    if base == "permit":
        return Result(Outcome.DENY, None, doubts)
    return Result(Outcome.NO_CONSENT, None, tuple(dict.fromkeys((*doubts, *missing))))


def _is_privacy(consent: Json) -> bool:
    scope = consent.get("scope")
    coding = scope.get("coding", []) if isinstance(scope, Mapping) else []
    return any((one.get("system"), one.get("code")) == _SCOPE for one in items(coding))


def _is_about(consent: Json, patient: str) -> bool:
    return any(same(name, patient, loosely=False) for name in names_in(consent.get("patient")))


def _verified(consent: Json) -> bool:
    """Whether nobody asked for verification, or somebody has verified."""
    if "verification" not in consent:
        return True
    return any(one.get("verified") is True for one in items(consent["verification"]))


def _exceptions(consent: Json, root: Json) -> Iterator[tuple[str, Json]]:
    """Give the path and content of each exception. Raises `Unreadable` for anything that is not understood."""
    if "modifierExtension" in consent or "implicitRules" in consent:
        raise Unreadable("modifierExtension")
    _readable(root, "Consent.provision")
    for i, one in enumerate(items(root.get("provision", []))):
        path = f"Consent.provision.provision[{i}]"
        _readable(one, path)
        if one.get("type") not in ("permit", "deny") or one.get("provision"):
            raise Unreadable(path)
        yield path, one


def _readable(provision: Json, path: str) -> None:
    strange = [key for key in provision if key not in READABLE]
    if strange or provision.get("type") not in ("permit", "deny", None):
        raise Unreadable(path)
    for one in items(provision.get("data", [])):
        if one.get("meaning") not in ("instance", "related", "dependents", "authoredby"):
            raise Unreadable(f"{path}.data.meaning")


def _base(consent: Json, root: Json) -> str | None:
    """Give what the root says; an untyped root with criteria of its own says nothing that could be relied on."""
    if root.get("type"):
        return str(root["type"])
    if any(root.get(element) for element in CRITERIA):
        return None
    rule = consent.get("policyRule")
    coded = items(rule.get("coding", [])) if isinstance(rule, Mapping) else []
    codes = {one.get("code") for one in coded if one.get("system") in (None, _POLICY_SYSTEM)}
    if (_OPT_IN in codes) == (_OPT_OUT in codes):
        return None
    return "permit" if _OPT_IN in codes else "deny"


def admissible(consent: Any, at: datetime) -> list[Issue]:
    """Say what keeps a Consent from being taken in at a moment, with where and why; warnings do not.

    PCF forbids action, class, code and verification, and more than one level of exceptions. What this gateway could not
    evaluate either (an untyped provision, a modifier) is refused too, so that nobody believes it was heard.
    """
    if not isinstance(consent, Mapping) or consent.get("resourceType") != "Consent":
        return [Issue("structure", "Consent", "a FHIR R4 Consent is expected")]
    issues = [
        Issue("required", f"Consent.{element}", "the element is missing")
        for element in ("status", "patient", "dateTime", "performer", "provision")
        if not consent.get(element)
    ]
    issues += [
        Issue("required", f"Consent.{element}", "IHE PCF expects this element", severity=Severity.WARNING)
        for element in ("category", "organization", "policy")
        if not consent.get(element)
    ]
    for element in ("verification", "modifierExtension", "implicitRules"):
        if element in consent:
            issues.append(Issue("not-supported", f"Consent.{element}", "the element is not supported", "leave it out"))
    if _given_after(consent, at + AHEAD):
        issues.append(Issue("value", "Consent.dateTime", "the Consent is given at a time that has not come"))
    issues += _not_holding(consent)
    try:
        if not _is_privacy(consent):
            issues.append(Issue("value", "Consent.scope", "the scope is not patient-privacy"))
        if isinstance(consent.get("provision"), Mapping):
            issues += _inadmissible(consent["provision"], "Consent.provision", depth=0)
    except Unreadable as what:
        issues.append(Issue("structure", "Consent", f"not readable: {what}"))
    return issues


def _not_holding(consent: Json) -> Iterator[Issue]:
    """Refuse a person or organisation that is named by a number of which the Consent says that it does not hold."""
    for element in ("patient", "performer", "organization"):
        held = consent.get(element)
        for one in held if isinstance(held, list) else [held]:
            identifier = one.get("identifier") if isinstance(one, Mapping) else None
            if isinstance(identifier, Mapping) and (identifier.get("use") in _NOT_HOLDING or "period" in identifier):
                what = "the number is an old or passing one, or has a period"
                yield Issue(
                    "value", f"Consent.{element}.identifier", what, "give the number that holds, without a period"
                )


def _inadmissible(provision: Json, path: str, depth: int) -> Iterator[Issue]:
    if provision.get("type") not in ("permit", "deny"):
        yield Issue("required", f"{path}.type", "the provision does not say permit or deny")
    for element in provision:
        if element in _EXCLUDED:
            yield Issue("not-supported", f"{path}.{element}", "IHE PCF does not allow the element", "use securityLabel")
        elif element not in READABLE:
            yield Issue("not-supported", f"{path}.{element}", "the element is not understood", "leave it out")
    for i, one in enumerate(items(provision.get("data", []))):
        if one.get("meaning") not in ("instance", "related", "dependents", "authoredby") or not names_in(
            one.get("reference")
        ):
            yield Issue("value", f"{path}.data[{i}]", "the datum has no known meaning or no reference")
    for element in ("period", "dataPeriod"):
        for end in ("start", "end"):
            value = provision[element].get(end) if isinstance(provision.get(element), Mapping) else None
            if value is not None and not _is_date(value):
                yield Issue("value", f"{path}.{element}.{end}", "not a FHIR dateTime")
    for i, one in enumerate(items(provision.get("provision", []))):
        below = f"{path}.provision[{i}]"
        if depth:
            yield Issue(
                "not-supported", below, "IHE PCF allows one level of exceptions", "make it one of the first level"
            )
        else:
            yield from _inadmissible(one, below, depth + 1)


def _given_after(consent: Json, moment: datetime) -> bool:
    """Whether a Consent says that it was given after a moment; one that says nothing readable does not."""
    try:
        return span(consent.get("dateTime"))[0] > moment
    except Unreadable:
        return False


def _is_date(value: object) -> bool:
    try:
        span(value)
    except Unreadable:
        return False
    return True
