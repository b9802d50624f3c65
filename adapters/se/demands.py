"""What is demanded of several answers of a certificate together, held against a certificate by question number. Pure.

The national schematrons say it in XPath; here it is the table of `gateway.mapping.load.questions`.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from lxml import etree

from gateway.core.errors import Issue
from gateway.mapping.load.questions import ANY, Demand, Questions


class Answers:
    """The answers of one certificate: the elements by question number."""

    def __init__(self, root: Any) -> None:
        self._found: dict[str, list[Any]] = {}
        for element in root.iter("{*}*"):
            name = etree.QName(element).localname
            if name.startswith(("svar-", "delsvar-")):
                self._found.setdefault(name.partition("-")[2], []).append(element)

    def elements(self, number: str, within: Any = None) -> list[Any]:
        """Give the answers to a question, all of them or those within the same answer as another part of it."""
        found = self._found.get(number, [])
        return found if within is None else [one for one in found if one.getparent() is within]

    def holds(self, demand: Demand, within: Any = None) -> bool:
        """Whether a demand concerns this certificate (or this answer of it)."""
        met = all(self._answered(number, said, within) for number, said in demand.when.items())
        lifted = any(self._answered(number, said, within) for number, said in demand.unless.items())
        return met and not lifted

    def _answered(self, number: str, said: frozenset[str], within: Any) -> bool:
        scope = within if within is not None and _question(number) == _number(within) else None
        found = self.elements(number, scope)
        return any(ANY in said or _value(one) in said for one in found)


def broken(questions: Questions, answers: Answers) -> tuple[Issue, ...]:
    """Give every demand that a certificate does not meet, at the question it is about."""
    issues = (issue for demand in questions.demands for issue in _broken(demand, questions, answers))
    return tuple({(issue.at, issue.what): issue for issue in issues}.values())


def _broken(demand: Demand, questions: Questions, answers: Answers) -> Iterator[Issue]:
    named = questions.named
    if demand.rule in ("needs", "only", "never"):
        for number in demand.of:
            for within in _scopes(number, demand, answers):
                yield from _presence(demand, number, answers, within, named(number))
        return
    for at, what in _RULES.get(demand.rule, _nothing)(demand, answers):
        yield Issue("business-rule", f"/RegisterCertificate/intyg/{_step(at)}", f"{named(at)}: {what}", demand.why)


def _scopes(number: str, demand: Demand, answers: Answers) -> list[Any]:
    """Give the answers that a demand is about one by one, when all it speaks of is parts of one question."""
    own = _question(number)
    told = {_question(one) for one in (*demand.when, *demand.unless)}
    return list(answers.elements(own)) if "." in number and told <= {own} else [None]


def _presence(demand: Demand, number: str, answers: Answers, within: Any, named: str) -> Iterator[Issue]:
    there, holds = bool(answers.elements(number, within)), answers.holds(demand, within)
    at = f"/RegisterCertificate/intyg/{_step(number)}"
    told = " and ".join(f"question {one} is answered as it is" for one in demand.when)
    if demand.rule == "needs" and holds and not there:
        yield Issue("required", at, f"{named} has to be answered" + (f" when {told}" if told else ""), demand.why)
    elif there and ((demand.rule == "never" and holds) or (demand.rule == "only" and not holds)):
        yield Issue("business-rule", at, f"{named} may not be answered here; see {told or 'the form'}", demand.why)


def _once(demand: Demand, answers: Answers) -> Iterator[tuple[str, str]]:
    for number in demand.of:
        codes = [_value(one) for one in answers.elements(number)]
        if len(set(codes)) < len(codes):
            yield number, "the same code stands there twice"


def _apart(demand: Demand, answers: Answers) -> Iterator[tuple[str, str]]:
    for number in demand.of:
        periods = [_period(one) for one in answers.elements(number)]
        if any(a[0] < b[1] and a[1] > b[0] for a, b in combinations(periods, 2)):
            yield number, "two periods overlap"


def _ordered(demand: Demand, answers: Answers) -> Iterator[tuple[str, str]]:
    for number in demand.of:
        if any(start > end for start, end in map(_period, answers.elements(number))):
            yield number, "the period ends before it begins"


def _alike(demand: Demand, answers: Answers) -> Iterator[tuple[str, str]]:
    systems = [one.findtext(".//{*}codeSystem") for number in demand.of for one in answers.elements(number)]
    if len({" ".join((one or "").split()) for one in systems}) > 1:
        yield demand.of[0], "the diagnoses are in more than one code system"


def _together(demand: Demand, answers: Answers) -> Iterator[tuple[str, str]]:
    for svar in answers.elements(_question(demand.of[0])):
        there = [number for number in demand.of if answers.elements(number, svar)]
        if there and len(there) < len(demand.of):
            yield next(number for number in demand.of if number not in there), "it goes together with what is answered"


def _alone(demand: Demand, answers: Answers) -> Iterator[tuple[str, str]]:
    for number in demand.of:
        codes = [_value(one) for one in answers.elements(number)]
        if len(codes) > 1 and any(code in demand.when.get(number, ()) for code in codes):
            yield number, "this answer stands alone"


def _nothing(demand: Demand, answers: Answers) -> Iterator[tuple[str, str]]:
    del demand, answers
    return iter(())


_RULES = {
    "once": _once,
    "apart": _apart,
    "ordered": _ordered,
    "alike": _alike,
    "together": _together,
    "alone": _alone,
}


def _question(number: str) -> str:
    return number.partition(".")[0]


def _number(element: Any) -> str:
    return etree.QName(element).localname.partition("-")[2]


def _step(number: str) -> str:
    question = _question(number)
    return f"svar-{question}/delsvar-{number}" if "." in number else f"svar-{question}"


def _value(element: Any) -> str:
    """Give what an answer says: the code, or the text with the truth values in words."""
    code = element.find(".//{*}code")
    said = " ".join(((code if code is not None else element).text or "").split())
    return {"1": "true", "0": "false"}.get(said, said)


def _period(element: Any) -> tuple[str, str]:
    return tuple((element.findtext(f".//{{*}}{name}") or "").strip() for name in ("start", "end"))  # type: ignore[return-value]
