"""The laws of the mapping language, for every mapping file there is and any record that it can express."""

import ast
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from accounts import differences, library, read_by_the_laws, records_of, write_by_the_laws
from expressible import Form, expressible
from fhir.resources.R4B.bundle import Bundle
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from long_runs import times
from lxml import etree
from strategies import anything, expressed, planted, whole

from gateway.core.errors import NotAcceptable
from gateway.core.vocabulary import DataClass
from gateway.model.messages import RECORDS
from gateway.model.walk import fields_of, leaves_of, values_of

OFFICIAL = Path(__file__).parents[3] / "../shared/data/nav/xsd"
ELSEWHERE = {
    "nav-employer": "syfo-xml-codegen/sykmelding-arbeidsgiver/sykmeldingArbeidsgiver.xsd",
    "nav-oppfolgingsplan": "syfo-xml-codegen/oppfolgingsplan/Oppfolgingsplan201607_2.xsd",
    "nav-sykepengesoknad": (
        "tjenestespesifikasjoner/digisyfo-sykepengesoeknadarbeidsgiver/sykepengesoeknadarbeidsgiver.xsd"
    ),
    "nav-inntektsmelding": "tjenestespesifikasjoner/nav-altinn-inntektsmelding/Inntektsmelding20181211.xsd",
    "nav-apprec-1.1": "none is public",
    **dict.fromkeys(
        ("se-fk-question", "se-fk-letter", "se-fk-revocation"), "see test_se_messages: times lose their zone last"
    ),
}
"""Where the official schema of a format is, when NAV's combined one leaves it out."""

TWO_WAY = sorted(name for name, mapping in library().mappings.items() if mapping.direction == "both")
WRITERS = sorted(name for name, mapping in library().mappings.items() if mapping.writes)
PHASES = [Phase.explicit, Phase.generate, Phase.shrink]  # no explanations: they would print what was drawn
FEW = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    phases=PHASES,
    suppress_health_check=list(HealthCheck),
)
MANY = settings(FEW, max_examples=times(20))


@cache
def form(name: str) -> Form:
    tree, faults = library().tree(name)
    assert tree is not None, faults
    return expressible(library().mappings[name], tree).root


@cache
def schemas(name: str) -> list[etree.XMLSchema]:
    """Give our schema and, where it is at hand, the official one."""
    own = library().folder / "schema" / library().mappings[name].wire.schema
    official = OFFICIAL / ELSEWHERE.get(name, "_combined/combined.xsd")
    return [etree.XMLSchema(etree.parse(path)) for path in (own, official) if path.is_file()]


def document(output: Any) -> Any:
    return etree.fromstring(output.encode()) if isinstance(output, str) else output


def assert_valid(name: str, output: Any) -> None:
    """Hold an output to its schema, without repeating a value."""
    wire = library().mappings[name].wire
    if wire.questions:
        return  # its schema demands of each answer what no drawn text meets; test_se_samples holds it to real ones
    if wire.format == "xml":
        for schema in schemas(name):
            assert schema.validate(document(output)), {(e.type_name, e.path) for e in schema.error_log}
    elif wire.root == "Bundle":
        Bundle.model_validate(output)


def round_trip(name: str, record: Any) -> None:
    output, rows = write_by_the_laws(library().writer(name), record)
    assert_valid(name, output)
    back = read_by_the_laws(library().reader(name), document(output))
    assert [(issue.at, issue.what) for issue in back.issues] == []
    assert differences(record, back.record) == []
    assert record == back.record
    told = [row.field for row in rows if row.why != "record"]
    leaves = {path for path, value, _ in values_of(record)}
    records = {row.field for row in rows if row.why == "record"}
    assert leaves - set(told) - records == set()
    assert len(told) == len(set(told))
    assert set(told) <= leaves | records_of(record)


@pytest.mark.parametrize("name", TWO_WAY)
@FEW
@given(data=st.data())
def test_what_a_format_can_express_is_written_validly_and_read_back_equal(name: str, data: st.DataObject) -> None:
    round_trip(name, data.draw(expressed(form(name))))


@pytest.mark.fuzz
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", TWO_WAY)
@MANY
@given(data=st.data())
def test_what_a_format_can_express_comes_back_equal_many_more_times(name: str, data: st.DataObject) -> None:
    round_trip(name, data.draw(expressed(form(name))))


@pytest.mark.parametrize("name", WRITERS)
@FEW
@given(data=st.data())
def test_any_record_is_written_the_same_by_both_programs_or_refused_with_reasons(
    name: str, data: st.DataObject
) -> None:
    record = data.draw(anything(RECORDS[library().mappings[name].model]))
    try:
        output, rows = write_by_the_laws(library().writer(name), record)
    except NotAcceptable:
        return
    if name not in TWO_WAY:
        assert_valid(name, output)
    told = [row.field for row in rows if row.why != "record"]
    known = {path for path, _, _ in values_of(record)} | records_of(record)
    assert len(told) == len(set(told))
    assert [field for field in told if not any(path == field or path.startswith(f"{field}[") for path in known)] == []


# cutting


def in_all(output: Any) -> str:
    return output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)


def attributes_of_one_class(model: type) -> dict[str, set[DataClass]]:
    """Give the data classes of each attribute name that only leaves have."""
    classes: dict[str, set[DataClass]] = {}
    for leaf in leaves_of(model):
        classes.setdefault(leaf.path.rpartition(".")[2].removesuffix("[]"), set()).add(leaf.data_class)
    return {name: found for name, found in classes.items() if name not in record_names(model)}


def record_names(model: type) -> set[str]:
    names: set[str] = set()
    for field in fields_of(model).values():
        if field.is_record:
            names |= {field.name}.union(*map(record_names, field.kinds))
    return names


@pytest.mark.parametrize("name", WRITERS)
@settings(FEW, max_examples=10)
@given(data=st.data(), classes=st.frozensets(st.sampled_from(DataClass)))
def test_a_program_cut_to_some_data_classes_lets_nothing_else_out(
    name: str, data: st.DataObject, classes: frozenset[DataClass]
) -> None:
    model, writer = RECORDS[library().mappings[name].model], library().writer(name)
    record, words = data.draw(planted(form(name) if name in TWO_WAY else whole(model)))
    planted_in = {value: data_class for _, value, data_class in values_of(record) if value in set(words)}
    assert planted_in.keys() == set(words)
    try:
        output, rows = write_by_the_laws(writer, record, classes)
    except NotAcceptable:  # what is left makes no sense without what was cut; then nothing is written
        output, rows = "", ()
    assert [
        data_class for word, data_class in planted_in.items() if word in in_all(output) and data_class not in classes
    ] == []
    labels = {path: data_class for path, _, data_class in values_of(record)}
    assert [row.field for row in rows if row.field in labels and labels[row.field] not in classes] == []
    spoken = {
        node.attr
        for program in writer.programs(classes)
        for node in ast.walk(ast.parse(program.source))
        if isinstance(node, ast.Attribute)
    }
    hidden = {attribute for attribute, found in attributes_of_one_class(model).items() if not found & classes}
    assert spoken & hidden == set()


@pytest.mark.parametrize("name", WRITERS)
@settings(FEW, max_examples=10)
@given(data=st.data())
def test_an_uncut_program_lets_out_what_its_mapping_names(name: str, data: st.DataObject) -> None:
    model, writer = RECORDS[library().mappings[name].model], library().writer(name)
    record, words = data.draw(planted(form(name) if name in TWO_WAY else whole(model)))
    output, rows = write_by_the_laws(writer, record)
    text, told = in_all(output), {row.field for row in rows}
    there = {path for path, value, _ in values_of(record) if value in set(words) and value in text}
    assert there
    assert there <= told
    if name in TWO_WAY:
        assert [word for word in words if word not in text] == []
