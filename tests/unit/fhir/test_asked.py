"""A form that does not answer its Questionnaire as it asks is refused, above all where it keeps something back."""

from typing import Any

import orjson
import pytest

from adapters.fhir.asked import BY_ANSWER, KEPT_BACK, OURS, misanswered, questions
from gateway.edge.library import Library, default_folder
from gateway.mapping.questionnaire.items import items_of

ASKED = questions(orjson.loads((default_folder() / "fhir/sykmelding/questionnaire.json").read_bytes())["item"])
Item = dict[str, Any]


def item(name: str, *answers: Item, within: tuple[Item, ...] = ()) -> Item:
    return {"linkId": name, **({"answer": list(answers)} if answers else {}), **({"item": [*within]} if within else {})}


SHIELD = "samspill-shield-patient"
YES, NO = {"valueBoolean": True}, {"valueBoolean": False}
A, P = ({"valueCoding": {"code": code}} for code in "AP")


def answered(*restrictions: Item) -> Item:
    return item("samspill-answer-group", within=(item("answer", within=restrictions),))


@pytest.mark.parametrize(("items", "at"), [
    ([item(SHIELD, {"valueString": "true"})], ["F.item[0].answer[0]"]),
    ([item(SHIELD, NO), item(SHIELD, YES)], ["F.item[1]"]),
    ([item(SHIELD, NO, YES)], ["F.item[0].answer[1]"]),
    ([item(SHIELD)], ["F.item[0].answer"]),
    ([item("samspill-sheild-patient", YES)], ["F.item[0].linkId"]),
    ([item(SHIELD.title(), YES)], ["F.item[0].linkId"]),
    ([item("samspill-plan", within=(item(SHIELD, YES),))], ["F.item[0].item[0].linkId"]),
    ([answered(item("restriction", {"valueString": "A"}))], ["F.item[0].item[0].item[0].answer[0]"]),
    ([answered(item("restriction", A, P))], ["F.item[0].item[0].item[0].answer[1]"]),
    ([answered(item("restriction"))], ["F.item[0].item[0].item[0].answer"]),
    ([item("restriction", A)], ["F.item[0].linkId"]),
    ([item("hoveddiagnose", A, P)], ["F.item[0].answer[1]"]),
])  # fmt: skip
def test_what_is_not_answered_as_it_is_asked_is_refused_at_its_place(items: list[Item], at: list[str]) -> None:
    assert [issue.at for issue in misanswered(items, ASKED, "F")] == at


@pytest.mark.parametrize("items", [
    [item(SHIELD, YES)], [answered(item("restriction", A), item("restriction", P))], [item("bidiagnose", A)] * 2,
    [item("annen-fravarsgrunn", A, P)], [item("an EHR's own question", A, P)], [item("yrkesskade")], [], None,
])  # fmt: skip
def test_what_is_answered_as_it_is_asked_and_what_is_not_ours_stays(items: list[Item] | None) -> None:
    assert [*misanswered(items, ASKED, "F")] == []


def test_the_questions_named_here_are_those_of_the_mapping() -> None:
    tree, _ = Library(default_folder()).tree("fhir")
    assert tree is not None
    asked = {one.link_id: one for top in items_of(tree) for one in top.below()}
    answers = {name: next((c for c in one.place.children if c.name == "answer"), None) for name, one in asked.items()}
    assert {n for n, place in answers.items() if place and getattr(place.use, "each", None)} == BY_ANSWER
    assert set(asked) >= KEPT_BACK
    assert any(name.startswith(OURS) for name in asked)
