"""Our Questionnaire: made from the mapping, right as FHIR, and true to NAV's V1 that it is derived from."""

import json
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from check_kit import FHIR, FOLDER, TEXTS, checked, library, position, text_of
from fhir.resources.R4B.questionnaire import Questionnaire

from gateway.core.errors import Fault
from gateway.edge.library import Library
from gateway.mapping.check.tree import Tree
from gateway.mapping.language import Mapping
from gateway.mapping.questionnaire.form import Texts, check_questionnaire, load_texts

PUBLISHED = "fhir/sykmelding/questionnaire.json"
NAV_V1 = Path(__file__).parents[3] / "../shared/data/nav/fhir/syk-inn__Questionnaire-V1.json"
Item = dict[str, Any]


@cache
def real() -> tuple[Mapping, Tree, Texts]:
    mapping, tree, _ = checked(text_of(FHIR), FHIR)
    texts, _ = load_texts(text_of(TEXTS), TEXTS)
    assert mapping is not None
    assert tree is not None
    assert texts is not None
    return mapping, tree, texts


def published() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(text_of(PUBLISHED))
    return made


def items(of: list[Item], above: str = "") -> Iterator[tuple[str, Item]]:
    for item in of:
        path = f"{above}/{item['linkId']}" if above else item["linkId"]
        yield path, item
        yield from items(item.get("item", []), path)


def faults_when(committed: dict[str, Any], texts: str | None = None) -> list[Fault]:
    mapping, tree, said = real()
    if texts is not None:
        loaded, faults = load_texts(texts, TEXTS)
        if loaded is None:
            return faults
        said = loaded
    return check_questionnaire(mapping, tree, committed, said)


def test_every_published_file_is_what_its_mapping_makes_and_fhir_takes_it() -> None:
    made = library().questionnaires()
    assert {path.parent.name for path in made} >= {"sykmelding", "legeerklaring"}
    for path, resource in made.items():
        assert resource == path.read_bytes(), "`samspill check --write` makes it anew"
        assert Questionnaire.model_validate_json(resource).id == path.parent.name


def test_a_text_that_changed_is_written_into_the_published_file(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "mappings")
    texts, published_file = folder / "fhir/legeerklaring/texts.yaml", folder / "fhir/legeerklaring/questionnaire.json"
    texts.write_text(texts.read_text("utf-8").replace("Krav i arbeidet", "Krav på jobben"), "utf-8")
    made = Library(folder).questionnaires()
    assert [path for path, resource in made.items() if path.read_bytes() != resource] == [published_file]
    assert "Krav på jobben" in made[published_file].decode()


def test_fhir_takes_it() -> None:
    made = Questionnaire.model_validate(published())
    assert made.url == "https://samspill.example/fhir/Questionnaire/sykmelding"
    assert made.derivedFrom == ["https://www.nav.no/samarbeidspartner/sykmelding/fhir/R4/Questionnaire/V1"]
    assert made.status == "draft"


def test_every_question_is_asked_in_norwegian_and_in_english() -> None:
    for path, item in items(published()["item"]):
        (translation,) = item["_text"]["extension"]
        said = {part["url"]: part.get("valueCode") or part.get("valueString") for part in translation["extension"]}
        assert item["text"].strip(), path
        assert said["lang"] == "en", path
        assert said["content"].strip(), path


def test_every_condition_names_a_question_beside_it_and_a_code_that_it_offers() -> None:
    conditions = 0
    for _, item in items([{"linkId": "", "item": published()["item"]}]):
        beside = {below["linkId"]: below for below in item.get("item", [])}
        for below in beside.values():
            for when in below.get("enableWhen", []):
                conditions += 1
                offered = [o["valueCoding"]["code"] for o in beside[when["question"]]["answerOption"]]
                assert when["answerCoding"]["code"] in offered
    assert conditions == 7


def test_groups_ask_nothing_themselves_and_only_choices_have_options() -> None:
    for path, item in items(published()["item"]):
        assert item["type"] != "group" or item["item"], path
        assert ("answerOption" in item) == (item["type"] == "choice"), path


def test_every_link_id_stands_once() -> None:
    links = [item["linkId"] for _, item in items(published()["item"])]
    assert len(links) == len(set(links))


def test_what_is_asked_beneath_a_question_is_written_beneath_its_answer() -> None:
    """FHIR qrs-1: an item has answers or items, not both."""
    mapping = text_of(FHIR)
    beneath = [
        inner["linkId"]
        for _, item in items(published()["item"])
        if item["type"] != "group"
        for inner in item.get("item", ())
    ]
    assert beneath == ["samspill-diagnosis-text", "samspill-other-diagnosis-text"]
    assert all(f"answer.item[{link}]" in mapping for link in beneath)


@pytest.mark.skipif(not NAV_V1.exists(), reason="NAV's own Questionnaire is not beside the repository")
def test_it_asks_everything_that_navs_v1_asks_with_the_same_types_and_options() -> None:
    ours = dict(items(published()["item"]))
    theirs = dict(items(json.loads(NAV_V1.read_text(encoding="utf-8"))["item"]))
    assert theirs.keys() == set(real()[2].kept)
    for path, item in theirs.items():
        assert ours[path]["text"] == item["text"]
        assert ours[path]["type"] == item["type"] == real()[2].kept[path]
        assert options(ours[path]) == options(item)
        assert ours[path].get("repeats", False) or not item.get("repeats", False)
        assert item.get("required", False) or not ours[path].get("required", False)


def options(item: Item) -> dict[str, str]:
    return {o["valueCoding"]["code"]: o["valueCoding"]["display"] for o in item.get("answerOption", [])}


def test_a_question_that_no_rule_answers_any_more_is_told() -> None:
    committed = published()
    committed["item"].append({"linkId": "samspill-blood-group", "text": "Blodtype", "type": "string"})
    line, column = position(text_of(FHIR), PUBLISHED)
    told = "no rule fills in samspill-blood-group, which the Questionnaire has"
    assert faults_when(committed) == [Fault(FHIR, line, column, told)]


def test_an_option_that_the_published_file_lacks_is_told_at_its_rule() -> None:
    committed = published()
    activity = next(item for path, item in items(committed["item"]) if path == "aktivitet/aktivitet-type")
    activity["answerOption"] = [o for o in activity["answerOption"] if o["valueCoding"]["code"] != "REISETILSKUDD"]
    line, column = position(text_of(FHIR), "REISETILSKUDD")
    (fault,) = faults_when(committed)
    assert (fault.line, fault.column) == (line, column)
    assert fault.what == "the Questionnaire has no answer REISETILSKUDD to aktivitet-type"


def test_a_type_that_the_published_file_has_otherwise_is_told_at_its_rule() -> None:
    committed = published()
    dict(items(committed["item"]))["samspill-percentage"]["type"] = "decimal"
    (fault,) = faults_when(committed)
    assert fault.line == position(text_of(FHIR), "${form}.item[samspill-percentage]")[0]
    assert fault.what == "samspill-percentage is integer here, and decimal in the Questionnaire"


def test_any_other_difference_asks_for_the_file_to_be_written_anew() -> None:
    committed = published()
    dict(items(committed["item"]))["aktivitet/aktivitet-fom"]["required"] = False
    assert [fault.mend for fault in faults_when(committed)] == ["write the file anew"]


@pytest.mark.parametrize(
    ("old", "new", "at", "told"),
    [
        ("nb: Stillingsprosent, ", "", "{en: Position", "there is no nb here"),
        (", en: Other diagnoses", ", ne: Other diagnoses", "ne: Other", "there is no key ne here; there is en, nb"),
        ("  bidiagnose: {", "  bidignose: {", "bidignose: {", "no rule fills in bidignose; did you mean bidiagnose?"),
        (
            "  samspill-ruleset: {",
            "  samspill-rules: {",
            "samspill-rules:",
            "no rule fills in samspill-rules; did you mean samspill-ruleset?",
        ),
        ("nb: Stillingsprosent, ", "nb: '', ", "'', en: Position", "the text is empty"),
        ("read_only:", "read_onyl:", "read_onyl:", "there is no key read_onyl here; did you mean read_only?"),
        (
            "svangerskapsrelatert: boolean",
            "svangerskapsrelatert: choice",
            "",
            "svangerskapsrelatert is boolean here, and choice in the Questionnaire that it is derived from",
        ),
    ],
)
def test_a_mistake_in_the_texts_is_told_once(old: str, new: str, at: str, told: str) -> None:
    text = text_of(TEXTS)
    assert text.count(old) == 1
    text = text.replace(old, new)
    file, place = (TEXTS, position(text, at)) if at else (FHIR, position(text_of(FHIR), "${form}.item[svanger"))
    assert list(map(str, faults_when(published(), text))) == [f"{file}:{place[0]}:{place[1]}: {told}"]


def test_the_codes_that_are_published_are_the_codes_that_are_read() -> None:
    table = library().tables["absence-reason-fhir"]
    asked = dict(items(published()["item"]))["annen-fravarsgrunn"]
    assert set(options(asked)) == set(table.to_canonical)
