"""A decision in the shape of the OpenID AuthZEN Authorization API 1.0: {subject, action, resource, context}.

    subject   {"type": "role", "id": "employer"}             who would receive (`properties.actors`: its references)
    action    {"name": "receive", "properties": {"purpose": "pay"}}
    resource  {"type": "sykmelding", "id": "…",              the message kind, and the message's own id
               "properties": {"sender": "certifier",
                              "items": [{"class": "diagnosis", "facts": {…}}, …]}}   all classes when left out;
                                                             an item's own facts stand above those of the context
    context   {"facts": {…, "consents": [Consent, …]}, "patient": "Patient/1", "at": "2026-11-24T12:00:00+01:00"}

The answer's `decision` is true only when every item asked for is permitted and none waits for an officer, so that a
caller who reads nothing else lets nothing out; `context` says for each item what, why and on what terms.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.core.decision import ClassDecision, Decision, Effect
from gateway.core.errors import Issue, NotAcceptable
from gateway.core.message import Route
from gateway.core.vocabulary import DataClass, MessageKind, Purpose, Role
from gateway.policy.consent import purpose_coding
from gateway.policy.consent_facts import changes_at, consent_facts, patient_act
from gateway.policy.elements import Element
from gateway.policy.facts import Facts, from_json
from gateway.policy.nodes import nearest
from gateway.policy.pdp import decide_elements
from gateway.policy.provision import Request, Unreadable, span
from gateway.policy.rules import Table

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """One request, read: the route, the facts, and the items asked about."""

    route: Route
    facts: Facts
    elements: tuple[Element, ...]

    def decide(self, table: Table) -> Decision:
        """Decide it."""
        return decide_elements(table, self.route, self.facts, self.elements)


def question(table: Table, request: Any, at: datetime) -> Question:
    """Read a request; `at` is the moment of decision unless its context says another.

    Raises `NotAcceptable` with everything that is wrong with it.
    """
    return _Reading(table).question(request, at)


def answer(decision: Decision) -> dict[str, Any]:
    """Give the answer in AuthZEN's shape."""
    effects = {one.effect for one in decision.classes}
    return {
        "decision": bool(decision.classes) and effects == {Effect.PERMIT} and not decision.held,
        "context": {
            "route": str(decision.route),
            "released": [one.data_class for one in decision.classes if one.effect is Effect.PERMIT],
            "items": [_item(one) for one in decision.classes],
            "obligations": sorted(decision.obligations),
            "waits_for_officer": bool(decision.held),
            "rules": {"version": decision.rules_version, "digest": decision.rules_digest},
            "valid_until": decision.valid_until.isoformat() if decision.valid_until else None,
        },
    }


def _item(one: ClassDecision) -> dict[str, Any]:
    return {
        "class": one.data_class,
        "effect": one.effect,
        "permits": list(one.permits),
        "forbids": list(one.forbids),
        "rules": list(one.rules),
        "obligations": sorted(one.obligations),
        "nearest": [{"rule": near.rule, "missing": dict(near.missing)} for near in one.nearest],
        "held": one.held,
        "marks": dict(one.marks),
    }


class _Reading:
    """One reading of a request; every issue is gathered before it is refused."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.issues: list[Issue] = []

    def question(self, request: Any, at: datetime) -> Question:
        subject, action, resource = (self._object(request, key) for key in ("subject", "action", "resource"))
        context = self._object(request, "context", optional=True)
        asked = self._object(resource, "properties", "resource.properties")
        purpose = self._object(action, "properties", "action.properties").get("purpose")
        words = (
            self._word(asked.get("sender"), Role, "resource.properties.sender"),
            self._word(subject.get("id"), Role, "subject.id"),
            self._word(resource.get("type"), MessageKind, "resource.type"),
            self._word(purpose, Purpose, "action.properties.purpose"),
        )
        elements = self._elements(asked.get("items"))
        given = self._object(context, "facts", "context.facts", optional=True)
        known = self._facts({key: value for key, value in given.items() if key != "consents"}, "context.facts")
        moment = self._moment(context.get("at"), at)
        if self.issues:
            raise NotAcceptable(self.issues)
        route = Route(Role(words[0]), Role(words[1]), MessageKind(words[2]), Purpose(words[3]))
        facts = Facts(known)
        if "consents" in given:
            facts = with_consents(known, given["consents"], self._about(request, route, moment), resource.get("id"))
        return Question(route, *_apart(facts, elements))

    def _about(self, request: Json, route: Route, at: datetime) -> Request:
        actors = self._object(request["subject"], "properties", "subject.properties", optional=True).get("actors", [])
        patient = self._object(request, "context", optional=True).get("patient")
        return Request(
            purpose=purpose_coding(route.purpose),
            actors=tuple(str(actor) for actor in actors) if isinstance(actors, list) else (),
            at=at,
            patient=patient if isinstance(patient, str) else None,
        )

    def _object(self, holder: Any, key: str, at: str = "", *, optional: bool = False) -> Json:
        found = holder.get(key) if isinstance(holder, Mapping) else None
        if isinstance(found, Mapping):
            return found
        if not optional or found is not None:
            self.issues.append(Issue("structure", at or key, "a JSON object is expected"))
        return {}

    def _word(self, value: Any, words: type[Role] | type[MessageKind] | type[Purpose], at: str) -> str:
        known = [str(word) for word in words]
        if isinstance(value, str) and value in known:
            return value
        mend = nearest(value, known) if isinstance(value, str) else "it is one of: " + ", ".join(known)
        self.issues.append(Issue("value", at, "not a word that the rules know", mend))
        return ""

    def _elements(self, items: Any) -> tuple[Element, ...]:
        if items is None:
            return tuple(Element(data_class) for data_class in DataClass)
        if not isinstance(items, list) or not items:
            self.issues.append(Issue("structure", "resource.properties.items", "a list of items is expected"))
            return ()
        elements: list[Element] = []
        for i, item in enumerate(items):
            at = f"resource.properties.items[{i}]"
            data_class = item.get("class") if isinstance(item, Mapping) else None
            if not isinstance(data_class, str):
                self.issues.append(Issue("required", f"{at}.class", "an item names its data class"))
                continue
            facts = self._facts(item.get("facts") or {}, f"{at}.facts")
            elements.append(Element(data_class, tuple(facts.items())))
        return tuple(elements)

    def _facts(self, given: Any, at: str) -> dict[str, str]:
        try:
            return from_json(self.table.kinds, given, at)
        except NotAcceptable as wrong:
            self.issues += wrong.issues
            return {}

    def _moment(self, value: Any, default: datetime) -> datetime:
        if value is None:
            return default
        try:
            return span(value)[0]
        except Unreadable:
            self.issues.append(Issue("value", "context.at", "not a date or a date and time"))
            return default


def _apart(facts: Facts, elements: tuple[Element, ...]) -> tuple[Facts, tuple[Element, ...]]:
    """Move each fact that some item has for itself from the message to all items: an item's own stands above."""
    own = {fact for element in elements for fact, _ in element.marks}
    shared = {fact: value for fact, value in facts.message.items() if fact in own}
    rest = {fact: value for fact, value in facts.message.items() if fact not in own}
    marked = (replace(one, marks=tuple({**shared, **dict(one.marks)}.items())) for one in elements)
    return replace(facts, message=rest), tuple(marked)


def with_consents(known: Mapping[str, str], consents: Any, request: Request, message: object) -> Facts:
    """Give facts to which what the patient's Consents say has been added; a fact given by name stands above that.

    `consents` is a list of FHIR R4 Consents, or none when their store did not answer. Raises `NotAcceptable` for
    anything else.
    """
    if consents is not None and not isinstance(consents, list):
        raise NotAcceptable([Issue("structure", "context.facts.consents", "a list of FHIR R4 Consents is expected")])
    name = message if isinstance(message, str) else None
    act = patient_act(consents, request, name) if name else None
    until = changes_at(consents or (), request.at) if request.at else None
    by_class = {} if "consent" in known else consent_facts(consents, request, name)
    return Facts({**({"patient-act": act} if act else {}), **known}, by_class, until)
