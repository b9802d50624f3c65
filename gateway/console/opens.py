"""What a consent opens or closes, worked out with the rules that decide: the same question with it and without it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.console.consent_words import IN_FORCE, Given
from gateway.console.desk import Desk
from gateway.console.policy import USUAL
from gateway.core.decision import ClassDecision, Decision, Effect
from gateway.core.message import Route
from gateway.core.vocabulary import DataClass, MessageKind, Purpose, Role
from gateway.policy.elements import UNMARKED, Element
from gateway.policy.facts import Facts
from gateway.policy.pdp import decide_elements
from gateway.policy.rules import Rule

WITHOUT: Final = {"consent": "none", "patient-act": "false"}
WITH: Final[Mapping[str, Mapping[str, str]]] = {
    "act": {"patient-act": "true"},
    "permit": {"consent": "permit"},
    "deny": {"consent": "deny"},
}
CLASSES: Final = tuple(DataClass)


@dataclass(frozen=True, slots=True)
class Opened:
    """Of one kind of message, from one role to another for one purpose: the classes, and the rules that say so."""

    route: Route
    classes: tuple[str, ...]
    rules: tuple[Rule, ...]


def opened(desk: Desk, given: Given) -> list[Opened]:
    """Give what a consent in force opens (a denial: closes); nothing for one that is not in force.

    For a sender whose name tells nothing and an address that is not graded. What a Consent says beyond a row of words
    (`Given.clear`) narrows it further.
    """
    if given.status != IN_FORCE:
        return []
    rules = {rule.id: rule for rule in desk.rulebook.table.rules}
    found = []
    for route in _routes(desk, given):
        before, after = (_asked(desk, route, {**WITHOUT, **more}) for more in ({}, WITH[given.kind]))
        changed = [
            now
            for was, now in zip(before.classes, after.classes, strict=True)
            if was.effect is not now.effect and (not given.classes or now.data_class in given.classes)
        ]
        if changed:
            deciding = dict.fromkeys(rule for one in changed for rule in _deciding(one))
            classes = tuple(str(one.data_class) for one in changed)
            found.append(Opened(route, classes, tuple(rules[one] for one in deciding)))
    return found


def _deciding(one: ClassDecision) -> tuple[str, ...]:
    return one.permits if one.effect is Effect.PERMIT else one.forbids


def _asked(desk: Desk, route: Route, facts: Mapping[str, str]) -> Decision:
    known = Facts({**UNMARKED, **USUAL, "shielded-for-patient": "false", **facts})
    return decide_elements(desk.rulebook.table, route, known, [Element(one) for one in CLASSES])


def _routes(desk: Desk, given: Given) -> list[Route]:
    """Give every route to those whom the consent names, for what it names, that some rule permits anything on."""
    found = dict.fromkeys(
        route
        for rule in desk.rulebook.table.rules
        if rule.permits
        for route in _of(rule)
        if (not given.roles or route.recipient in given.roles)
        and (not given.purposes or route.purpose.value in given.purposes)
    )
    return sorted(found, key=lambda one: (one.kind, one.recipient, one.purpose, one.sender))


def _of(rule: Rule) -> Iterator[Route]:
    scope = rule.scope
    for kind in scope["message"].listed:
        for sender in scope["from"].listed:
            for recipient in scope["to"].listed:
                for purpose in scope["purpose"].listed:
                    yield Route(Role(sender), Role(recipient), MessageKind(kind), Purpose(purpose))
