"""Whether a form answers what its Questionnaire asks, as it asks it: FHIR R4 QuestionnaireResponse, 2.34. Pure.

A reading program takes the answer that it looks for and tells of the rest. That is not enough where an answer keeps
something from somebody: one that stands a second time, under a misspelt name or as another type would not be heard.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.core.errors import Issue

OURS: Final = "samspill-"
"""What the linkIds of our own questions begin with: one that is not asked is a question misspelt."""
BY_ANSWER: Final = frozenset({"annen-fravarsgrunn"})
"""Questions of which several answers in one item are read; of the others that repeat, the item is repeated."""
KEPT_BACK: Final = frozenset({"samspill-shield-patient", "restriction"})
"""Questions whose item says something only by its answer, and where silence must not be read as a no."""
VALUES: Final[Mapping[str, frozenset[str]]] = {
    "boolean": frozenset({"valueBoolean"}),
    "integer": frozenset({"valueInteger", "valueDecimal", "valueQuantity"}),
    "date": frozenset({"valueDate", "valueDateTime"}),
    "string": frozenset({"valueString"}),
    "text": frozenset({"valueString"}),
    "choice": frozenset({"valueCoding"}),
    "open-choice": frozenset({"valueCoding", "valueString"}),
}
"""What an answer to each type of question may be; other types are not looked at."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question or group: its type, whether it repeats, and what is asked within it, by linkId."""

    type: str
    repeats: bool
    within: Mapping[str, "Question"]


def questions(items: list[dict[str, Any]]) -> dict[str, Question]:
    """Give the questions of a Questionnaire's items, by linkId."""
    return {
        one["linkId"]: Question(one["type"], one.get("repeats", False), questions(one.get("item", []))) for one in items
    }


def misanswered(items: Any, asked: Mapping[str, Question], place: str) -> Iterator[Issue]:
    """Give what is wrong with the items of a form at a place (FHIRPath), and with those within them."""
    seen: set[str] = set()
    for number, item in enumerate(items if isinstance(items, list) else ()):
        name = item.get("linkId") if isinstance(item, dict) else None
        if not isinstance(name, str):
            continue
        at, question = f"{place}.item[{number}]", asked.get(name)
        if question is None:
            yield from _unasked(name, asked, at)
            continue
        if name in seen and not question.repeats:
            yield Issue("structure", at, "the question is answered a second time", "answer it once")
        seen.add(name)
        yield from _answers(name, question, item, at)
        yield from misanswered(item.get("item"), question.within, at)


def _unasked(name: str, asked: Mapping[str, Question], at: str) -> Iterator[Issue]:
    alike = {known.casefold() for known in asked}
    if name.casefold() in alike or name.casefold().startswith(OURS) or name in KEPT_BACK:
        what = "the Questionnaire does not ask this here"
        yield Issue("value", f"{at}.linkId", what, "write the linkId and its place as the Questionnaire has them")


def _answers(name: str, question: Question, item: dict[str, Any], at: str) -> Iterator[Issue]:
    answers = [one for one in item.get("answer", ()) if isinstance(one, dict)]
    if not answers and name in KEPT_BACK:
        yield Issue("required", f"{at}.answer", "the item has no answer", "answer it, or leave the item out")
    if len(answers) > 1 and name not in BY_ANSWER:
        mend = "repeat the item" if question.repeats else "answer it once"
        yield Issue("structure", f"{at}.answer[1]", "the question has more than one answer in an item", mend)
    allowed = VALUES.get(question.type)
    for number, answer in enumerate(answers):
        told = [key for key in answer if key.startswith("value")]
        if allowed is not None and not allowed.issuperset(told):
            what = f"the answer is of another type than the question, which is {question.type}"
            yield Issue("value", f"{at}.answer[{number}]", what, "answer as the Questionnaire asks")
        yield from misanswered(answer.get("item"), question.within, f"{at}.answer[{number}]")
