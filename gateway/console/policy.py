"""The rules in plain words, and who could see what: the same table that decides, asked about messages nobody sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from gateway.console.desk import Desk
from gateway.console.sessions import Standing
from gateway.console.visit import Visit
from gateway.core.decision import ClassDecision, Effect
from gateway.core.message import Route
from gateway.core.vocabulary import DataClass, MessageKind, Obligation, Purpose, Role
from gateway.edge.rule_sets import history
from gateway.policy.elements import UNMARKED, Element
from gateway.policy.facts import Facts
from gateway.policy.pdp import decide_elements
from gateway.policy.rules import TIERS, Rule, Words

USUAL: Final = {"address-grading": "none", "sender-discloses": "false", "officer-cleared": "false", "standing": "self"}
"""What a message usually has: no graded address, a sender whose name tells nothing, nothing cleared."""
ASKED: Final = ("patient-act", "consent")
"""The facts that the page asks about."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Of one class, for one recipient: `yes`, `no` or `review`, and the decision itself."""

    route: Route
    word: str
    decision: ClassDecision


def rules(visit: Visit) -> Response:
    """List every rule, with what it says, its basis, who has read it, and how often it was used."""
    visit.desk.look(visit.session, "rules")
    visit.desk.tally.count()
    table = visit.desk.rulebook.table
    wanted = visit.query.get("q", "").strip().lower()
    lang = visit.words.language
    shown = [rule for rule in table.rules if not wanted or wanted in _text(rule, lang).lower()]
    by_tier = [(tier, [rule for rule in shown if rule.tier == tier]) for tier in TIERS]
    return visit.page(
        "rules",
        by_tier=[(tier, found) for tier, found in by_tier if found],
        number=len(shown),
        total=len(table.rules),
        used=visit.desk.tally.rules(),
        reviewed=sum(rule.reviewed for rule in table.rules),
        q=visit.query.get("q", ""),
        text=lambda rule: getattr(rule, lang, rule.nb),
        told=told,
        version=visit.desk.rulebook.version,
        history=history(visit.desk.database),
        revision=visit.desk.revision(),
    )


def _text(rule: Rule, language: str) -> str:
    return f"{rule.id} {getattr(rule, language, rule.nb)} {rule.basis}"


def told(words: Words) -> tuple[bool, list[str]]:
    """Give whether a set of words is all but some, and the words."""
    return words.inverted, sorted(words.listed)


def who(visit: Visit) -> Response:
    """Give the matrix of a kind of message: what each recipient could have, and why for one cell."""
    visit.desk.look(visit.session, "who")
    desk, query = visit.desk, visit.query
    ways = desk.routing.ways
    kinds = sorted({way.route.kind for way in ways})
    kind = next((one for one in kinds if one == query.get("kind")), MessageKind.SYKMELDING)
    senders = sorted({way.route.sender for way in ways if way.route.kind is kind})
    sender = next((one for one in senders if one == query.get("from")), senders[0])
    facts = {name: _value(desk, name, query.get(name, "")) for name in ASKED}
    routes = _routes(desk, kind, sender)
    matrix = [(one, [answer(desk, route, one, facts) for route in routes]) for one in _classes(desk, routes)]
    chosen = next(
        (one for name, row in matrix for one in row if _asked(one, name, query)),
        None,
    )
    return visit.page(
        "who",
        kinds=kinds,
        kind=kind,
        senders=senders,
        sender=sender,
        routes=routes,
        matrix=matrix,
        facts=facts,
        values={name: desk.rulebook.table.kinds[name].values for name in ASKED},
        chosen=chosen,
        rule={rule.id: rule for rule in desk.rulebook.table.rules},
        text=lambda rule: getattr(rule, visit.words.language, rule.nb),
        tiers=TIERS,
    )


def _asked(one: Answer, data_class: str, query: Mapping[str, str]) -> bool:
    route, wanted = one.route, (query.get("class"), query.get("to"))
    return (data_class, str(route.recipient)) == wanted and query.get("for", route.purpose) == route.purpose


def _value(desk: Desk, fact: str, asked: str) -> str:
    values = desk.rulebook.table.kinds[fact].values
    return asked if asked in values else ("none" if fact == "consent" else values[0])


def _routes(desk: Desk, kind: MessageKind, sender: Role) -> list[Route]:
    """Give every route that some rule permits anything on, one for each recipient and purpose."""
    table = desk.rulebook.table
    found: dict[Route, None] = {}
    for rule in table.rules:
        if rule.permits and kind in rule.scope["message"] and sender in rule.scope["from"]:
            for recipient in rule.scope["to"].listed:
                for purpose in rule.scope["purpose"].listed:
                    found[Route(sender, Role(recipient), kind, Purpose(purpose))] = None
    return sorted(found, key=lambda route: (list(Role).index(route.recipient), route.purpose))


def _classes(desk: Desk, routes: list[Route]) -> list[DataClass]:
    """Give the classes that some route's permits speak of."""
    rows = [rule for rule in desk.rulebook.table.rules if rule.permits]
    spoken = {
        one
        for one in DataClass
        for rule in rows
        if one in rule.scope["classes"] and any(route.kind in rule.scope["message"] for route in routes)
    }
    return [one for one in DataClass if one in spoken or one is DataClass.OPAQUE]


def answer(desk: Desk, route: Route, data_class: DataClass, facts: dict[str, str]) -> Answer:
    """Ask the rules about one class on one route."""
    known = Facts({**UNMARKED, **USUAL, "shielded-for-patient": "false", **facts})
    [one] = decide_elements(desk.rulebook.table, route, known, [Element(data_class)]).classes
    if one.effect is not Effect.PERMIT:
        return Answer(route, "review" if one.held else "no", one)
    return Answer(route, "review" if Obligation.HOLD_FOR_REVIEW in one.obligations else "yes", one)


OFFICER = (Standing.OFFICER,)
PAGES = (
    ("GET", "/rules", OFFICER, rules),
    ("GET", "/who", OFFICER, who),
)
