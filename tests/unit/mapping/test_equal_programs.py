"""Each construct of the language on a made-up letter: what is read, what the report says, and both programs alike."""

import json
from copy import deepcopy
from typing import Any

import pytest
from accounts import library, read_by_the_laws, write_by_the_laws
from expressible import expressible
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from letter import Full, Letter, Note, Partly, Phone, programs
from lxml import etree
from strategies import expressed

from gateway.core.errors import NotAcceptable
from gateway.core.message import Parsed
from gateway.model import Professional
from gateway.model.walk import values_of
from gateway.sandbox import messages

HOME = "<Hjem/>"


def xml(body: str, *, home: str = HOME, wrap: str = "{}") -> Any:
    letter = f'<Brev xmlns="urn:t"><Type V="BREV"/><Innhold><Kropp>{body}{home}</Kropp></Innhold></Brev>'
    return etree.fromstring(wrap.format(letter))


def read(document: Any) -> Parsed[Any]:
    return read_by_the_laws(programs("xml" if hasattr(document, "tag") else "json")[0], document)


def outcomes(parsed: Parsed[Any]) -> dict[str, str]:
    return {row.at.rpartition("Kropp/")[2].removeprefix("Brev."): row.outcome for row in parsed.rows}


def json_letter(**properties: Any) -> dict[str, Any]:
    return {"type": "brev", **deepcopy(properties)}


XML_CASES = {
    "a filter tells which one": (
        '<Merke><Verdi>b</Verdi><Slag V="B"/></Merke><Merke><Verdi>a</Verdi><Slag V="A"/></Merke>',
        Letter(mark="a"),
        {"Merke[1]/Verdi": "dropped", "Merke[2]/Verdi": "carried", "Merke[2]/Slag/@V": "fixed"},
    ),
    "a second one that the filter tells is not carried": (
        '<Merke><Verdi>a</Verdi><Slag V="A"/></Merke><Merke><Verdi>b</Verdi><Slag V="A"/></Merke>',
        Letter(mark="a"),
        {"Merke[2]/Verdi": "unmapped", "Merke[2]/Slag/@V": "unmapped"},
    ),
    "one that no filter tells is not carried": (
        '<Merke><Verdi>c</Verdi><Slag V="C"/></Merke>',
        Letter(),
        {"Merke/Verdi": "unmapped", "Merke/Slag/@V": "unmapped"},
    ),
    "a list keeps its order and leaves blank items out": (
        "<Ord>b</Ord><Ord> </Ord><Ord>a</Ord>",
        Letter(words=("b", "a")),
        {"Ord[1]": "carried", "Ord[3]": "carried"},
    ),
    "a list of records leaves empty items out": (
        '<Notat/><Notat><Navn>n</Navn><Slag V="FNR" DN="noe"/></Notat>',
        Letter(notes=(Note(name="n", kind="national-number"),)),
        {"Notat[2]/Navn": "carried", "Notat[2]/Slag/@V": "carried", "Notat[2]/Slag/@DN": "dropped"},
    ),
    "presence tells a kind and is counted": ("<Hel/>", Letter(state=Full()), {"Hel": "carried"}),
    "a kind whose contents are not known is there all the same": (
        "<Hel><Ukjent>x</Ukjent></Hel>",
        Letter(state=Full()),
        {"Hel": "carried", "Hel/Ukjent": "unmapped"},
    ),
    "the text of an element tells its kind and its field": (
        "<Delvis>t</Delvis>",
        Letter(state=Partly(text="t")),
        {"Delvis": "carried"},
    ),
    "a mark more tells another one": (
        '<Merke><Verdi>g</Verdi><Slag V="A" DN="gammelt"/></Merke><Merke><Verdi>n</Verdi><Slag V="A"/></Merke>',
        Letter(mark="n"),
        {"Merke[1]/Verdi": "dropped", "Merke[1]/Slag/@DN": "dropped", "Merke[2]/Verdi": "carried"},
    ),
    "a second one of a kind is refused and not passed over": (
        "<Hel><Grad>1</Grad></Hel><Hel><Grad>2</Grad></Hel>",
        None,
        {"Hel/Grad": "carried", "Hel[2]/Grad": "unmapped"},
    ),
    "two kinds contradict each other": ("<Hel/><Delvis>t</Delvis>", None, {"Delvis": "unmapped"}),
    "a second value is not carried": (
        "<Tittel>a</Tittel><Tittel>b</Tittel>",
        Letter(title="a"),
        {"Tittel": "carried", "Tittel[2]": "unmapped"},
    ),
    "another place is read when the first is not there": (
        "<Overskrift>o</Overskrift>",
        Letter(title="o"),
        {"Overskrift": "carried"},
    ),
    "another place is second to the first": (
        "<Tittel>a</Tittel><Overskrift>o</Overskrift>",
        Letter(title="a"),
        {"Tittel": "carried", "Overskrift": "unmapped"},
    ),
    "a text with attributes is read, its attributes told": (
        '<Tall enhet="kg">7</Tall>',
        Letter(number=7),
        {"Tall": "carried", "Tall/@enhet": "unmapped"},
    ),
    "an element where a text was expected carries nothing": (
        "<Tall>7<b>8</b>9</Tall>",
        Letter(),
        {"Tall/text()[1]": "unmapped", "Tall/b": "unmapped", "Tall/text()[2]": "unmapped"},
    ),
    "a number that is none refuses the letter": ("<Tall>syv</Tall>", None, {"Tall": "refused"}),
    "a code that its table does not hold refuses the letter": (
        '<Plan><Navn>n</Navn><Slag V="HVA"/></Plan>',
        None,
        {"Plan/Slag/@V": "refused"},
    ),
    "a record without what it makes no sense without refuses the letter": (
        '<Plan><Slag V="FNR"/></Plan>',
        None,
        {"Plan/Slag/@V": "carried"},
    ),
    "what the schema's wildcard lets in is read": (
        "<Vedheng><Tekst>v</Tekst></Vedheng>",
        Letter(appended="v"),
        {"Vedheng/Tekst": "carried"},
    ),
    "a right name in a wrong namespace is read": (
        '<Tittel xmlns="urn:annet">a</Tittel>',
        Letter(title="a"),
        {"Tittel": "carried"},
    ),
    "attributes of one name in two namespaces are two leaves": (
        '<Plan><Navn>n</Navn><Slag V="FNR" xmlns:u="urn:u" u:V="x"/></Plan>',
        Letter(plan=Note(name="n", kind="national-number")),
        {"Plan/Slag/@V": "carried", "Plan/Slag/@Q{urn:u}V": "unmapped"},
    ),
    "stray text is told": ("stray<Hel/>", Letter(state=Full()), {}),
}


@pytest.mark.parametrize("case", XML_CASES)
def test_in_xml(case: str) -> None:
    body, record, told = XML_CASES[case]
    parsed = read(xml(body))
    assert parsed.record == record
    assert {at: outcome for at, outcome in outcomes(parsed).items() if at in told} == told
    if record is not None:
        written, _ = write_by_the_laws(programs("xml")[1], record)
        assert read(etree.fromstring(written.encode())).record == record


def test_an_envelope_is_taken_off_and_what_stands_beside_the_letter_stays_behind() -> None:
    wrap = '<Konvolutt a="1"><Ved>x</Ved>{}<Ved>y</Ved>z</Konvolutt>'
    parsed = read(xml("<Tittel>a</Tittel>", wrap=wrap))
    assert parsed.record == Letter(title="a")
    told = outcomes(parsed)
    assert told["/Konvolutt/Ved[1]"] == told["/Konvolutt/Ved[2]"] == "dropped"
    assert told["/Konvolutt/@a"] == told["/Konvolutt/text()[4]"] == "dropped"


@pytest.mark.parametrize("inside", ["", "{0}{0}"])
def test_an_envelope_with_no_letter_or_two_is_refused(inside: str) -> None:
    parsed = read(xml("<Tittel>a</Tittel>", wrap=f"<Konvolutt><Ved>x</Ved>{inside}</Konvolutt>"))
    assert parsed.record is None
    assert {row.outcome for row in parsed.rows} == {"unmapped"}


def test_a_letter_around_a_letter_is_taken_off_and_said() -> None:
    outer, inner = xml("<Tittel>utenpå</Tittel>"), xml("<Tittel>inni</Tittel>")
    outer.find(".//{urn:t}Kropp").append(inner)
    parsed = read(outer)
    assert parsed.record == Letter(title="inni")
    assert [deviation.what for deviation in parsed.deviations] == ["a Brev around a Brev; the inner one is read"]
    told = {row.at: row.outcome for row in parsed.rows}
    assert told["/Brev/Innhold/Kropp/Tittel"] == "dropped"
    assert told["/Brev/Innhold/Kropp/Brev/Innhold/Kropp/Tittel"] == "carried"


def test_a_letter_around_two_letters_is_refused() -> None:
    outer = xml("")
    for title in "ab":
        outer.find(".//{urn:t}Kropp").append(xml(f"<Tittel>{title}</Tittel>"))
    assert read(outer).record is None


def test_a_payload_without_its_letter_is_read() -> None:
    body = xml("<Tittel>a</Tittel>").find(".//{urn:t}Kropp")
    parsed = read(etree.fromstring(etree.tostring(body)))
    assert parsed.record == Letter(title="a")


def test_another_root_is_refused_and_told_in_full() -> None:
    parsed = read(etree.fromstring('<Annet a="1">x<b>y</b></Annet>'))
    assert parsed.record is None
    assert [row.outcome for row in parsed.rows] == ["unmapped"] * 3


def test_a_constant_that_differs_is_noted_and_the_letter_read() -> None:
    document = xml("<Tittel>a</Tittel>")
    document[0].set("V", "NOTAT")
    parsed = read(document)
    assert parsed.record == Letter(title="a")
    assert parsed.deviations
    assert outcomes(parsed)["/Brev/Type/@V"] == "dropped"


def test_a_demanded_record_is_written_empty_and_read_as_absent() -> None:
    written, _ = write_by_the_laws(programs("xml")[1], Letter(title="a"))
    assert "<t:Hjem" in written
    assert read(etree.fromstring(written.encode())).record == Letter(title="a")


def test_a_text_that_xml_cannot_hold_is_refused_by_both_programs() -> None:
    with pytest.raises(NotAcceptable):
        write_by_the_laws(programs("xml")[1], Letter(title="a\x00"))


JSON_CASES: dict[str, tuple[dict[str, Any], Letter | None, dict[str, str]]] = {
    "a filter tells which one": (
        {"felt": [{"id": "annet", "verdi": "b"}, {"id": "merke", "verdi": "a"}, {"id": "merke", "verdi": "c"}]},
        Letter(mark="a"),
        {"felt[0].verdi": "unmapped", "felt[1].verdi": "carried", "felt[1].id": "fixed", "felt[2].verdi": "unmapped"},
    ),
    "a mark more tells another one": (
        {"felt": [{"id": "merke", "verdi": "gammelt"}, {"id": "merke", "verdi": "n"}]},
        Letter(mark="n"),
        {"felt[0].verdi": "dropped", "felt[1].verdi": "carried"},
    ),
    "a list keeps its order and leaves blank items out": (
        {"ord": ["b", " ", None, "a"]},
        Letter(words=("b", "a")),
        {"ord[0]": "carried", "ord[3]": "carried"},
    ),
    "strings of a list are joined": (
        {"fornavn": ["Ola", " ", "Nordlys"]},
        Letter(given="Ola Nordlys"),
        {"fornavn[0]": "carried", "fornavn[2]": "carried"},
    ),
    "a code tells a kind": (
        {"tilstand": {"kode": "HEL", "vist": "noe"}, "grad": 50},
        Letter(state=Full(degree=50)),
        {"tilstand.kode": "carried", "tilstand.vist": "dropped", "grad": "carried"},
    ),
    "a field of another kind is not carried": (
        {"grad": 50, "tekst": "t", "tilstand": {"kode": "DELVIS"}},
        Letter(state=Partly(text="t")),
        {"grad": "unmapped", "tekst": "carried"},
    ),
    "a code that tells no kind refuses the letter": ({"tilstand": {"kode": "HVA"}}, None, {"tilstand.kode": "refused"}),
    "a kind that is no text refuses the letter": ({"tilstand": {"kode": 7}}, None, {"tilstand.kode": "refused"}),
    "a list where the kind should stand carries none": (
        {"tilstand": [{"kode": "HEL"}]},
        Letter(),
        {"tilstand[0].kode": "unmapped"},
    ),
    "several properties tell a code": (
        {"tlf": [{"value": "1", "system": "phone", "use": "work", "rank": 1}]},
        Letter(phones=(Phone(value="1", use="work-direct"),)),
        {"tlf[0].system": "carried", "tlf[0].use": "carried", "tlf[0].rank": "carried"},
    ),
    "properties that tell no code are left out": (
        {"tlf": [{"value": "1", "system": "phone"}, {"value": "2", "use": "old"}]},
        Letter(phones=(Phone(value="1"), Phone(value="2"))),
        {"tlf[0].system": "dropped", "tlf[1].use": "unmapped"},
    ),
    "another place is second to the first": (
        {"tittel": "a", "overskrift": "o"},
        Letter(title="a"),
        {"tittel": "carried", "overskrift": "unmapped"},
    ),
    "a record that is there empty is there": ({"plan": {"navn": "n"}}, Letter(plan=Note(name="n")), {}),
    "a record without what it makes no sense without refuses the letter": ({"plan": {}}, None, {}),
    "a list where a record was expected refuses the letter": (
        {"plan": [{"navn": "n"}]},
        None,
        {"plan[0].navn": "refused"},
    ),
    "a record where a list was expected refuses the letter": (
        {"notat": {"navn": "n"}},
        None,
        {"notat.navn": "refused"},
    ),
    "a scalar where a record was expected refuses the letter": ({"notat": ["n"]}, None, {"notat[0]": "refused"}),
    "a wrong scalar refuses the letter": ({"tall": "7"}, None, {"tall": "refused"}),
    "what is dropped is dropped whole": ({"meta": {"navn": ["a", {"b": 1}]}}, Letter(), {"meta.navn[1].b": "dropped"}),
    "what no rule names is told": ({"ukjent": [{"a": 1}, "b", None]}, Letter(), {"ukjent[0].a": "unmapped"}),
}


@pytest.mark.parametrize("case", JSON_CASES)
def test_in_json(case: str) -> None:
    properties, record, told = JSON_CASES[case]
    parsed = read(json_letter(**properties))
    assert parsed.record == record
    assert {at: outcome for at, outcome in outcomes(parsed).items() if at in told} == told
    if record is not None:
        written, _ = write_by_the_laws(programs("json")[1], record)
        assert read(written).record == record


@pytest.mark.parametrize("document", [None, [], "brev", 7, [{"type": "brev"}]])
def test_what_is_no_object_is_refused(document: Any) -> None:
    assert read_by_the_laws(programs("json")[0], document).record is None


def test_the_order_of_properties_changes_nothing() -> None:
    letter = json_letter(grad=50, tlf=[{"rank": 1, "use": "work", "system": "phone", "value": "1"}], type="brev")
    letter["tilstand"] = {"vist": "Hel", "kode": "HEL"}
    turned = dict(reversed(letter.items()))
    assert read(letter).record == read(turned).record


@pytest.mark.parametrize("wire", ["xml", "json"])
@settings(max_examples=60, deadline=None, derandomize=True, database=None, phases=[Phase.generate, Phase.shrink])
@given(data=st.data())
def test_any_letter_that_can_be_expressed_comes_back_equal(wire: str, data: st.DataObject) -> None:
    _, writer = programs(wire)
    letter = data.draw(expressed(expressible(writer.mapping, writer.tree).root))
    written, rows = write_by_the_laws(writer, letter)
    assert read(etree.fromstring(written.encode()) if wire == "xml" else written).record == letter
    assert {path for path, _, _ in values_of(letter)} <= {row.field for row in rows}


def test_a_record_that_its_holder_always_has_says_nothing_by_being_there_empty() -> None:
    bundle = json.loads(messages.load("full"))
    organisation = next(one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "Organization")
    nobody = {"resourceType": "Practitioner", "name": [{"extension": [{"url": "urn:x", "valueString": "x"}]}]}
    organisation["contained"] = [nobody]
    parsed = read_by_the_laws(library().reader("fhir"), bundle)
    assert parsed.record.sender.professional == Professional()
    told = [row.field for row in parsed.rows if row.outcome == "carried" and ".contained[0]" in row.at]
    assert told == ["sender.professional"]
