"""Whole files: right ones, and ones that are hardly files at all."""

from collections.abc import Iterator

import pytest
import yaml
from check_kit import APPREC, CODES, EMPLOYER, FHIR, LPS, NAV, faults_in, library, position, text_of

from gateway.core.errors import Fault
from gateway.mapping.load.mapping import load


def test_nothing_is_wrong_with_the_real_files() -> None:
    assert list(map(str, library().faults())) == []


@pytest.mark.parametrize("text", ["", "\n\n", "# only a remark\n"])
def test_an_empty_file_is_said_to_be_empty(text: str) -> None:
    assert load(text, "x.yaml") == (None, [Fault("x.yaml", 1, 1, "the file is empty")])


def test_a_file_that_is_a_list_is_told_what_was_expected() -> None:
    mapping, faults = load("- nav/sykmelding\n- fhir\n", "x.yaml")
    assert mapping is None
    assert faults == [Fault("x.yaml", 1, 1, "a mapping of names to values was expected here")]


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    text = text_of(NAV)
    for right, wrong in (
        ("SyketilfelleStartDato", "SyketilfelleStart"),
        ("street: ", "streat: "),
        ("NavnFastlege", "Fastlege"),
    ):
        assert text.count(right) == 1
        text = text.replace(right, wrong)
    told = [(fault.line, fault.column) for fault in faults_in(text, NAV)]
    assert sorted(told) == sorted(
        [
            position(text, "${form}/SyketilfelleStart"),
            position(text, "streat"),
            position(text, "${form}/Pasient/Fastlege"),
        ]
    )


def test_a_mistake_is_one_line_that_an_editor_turns_into_a_link() -> None:
    text = text_of(FHIR).replace("${patient}.birthDate", "${patient}.birthDaet")
    line = position(text, "${patient}.birthDaet")[0]
    told = "Patient (Bundle/entry/resource) has no property birthDaet; did you mean birthDate?"
    assert list(map(str, faults_in(text, FHIR))) == [f"{FHIR}:{line}:23: {told}"]


@pytest.mark.parametrize("word", ["no", "on", "1.0", "0x1f", "2026-01-01", "~", "1_000"])
def test_a_word_stays_the_word_that_was_typed(word: str) -> None:
    text = text_of(NAV).replace("MsgInfo/Type@V: SYKMELD", f"MsgInfo/Type@V: {word}")
    mapping, faults = load(text, NAV)
    assert faults == []
    assert mapping is not None
    assert mapping.consts[0].values == (word,)


@pytest.mark.parametrize(
    ("file", "old", "new", "at", "told"),
    [
        (FHIR, "resourceType: Bundle", "resourceType: Bundel", "resourceType: Bundel", "Bundel is not allowed"),
        (FHIR, 'hpr: ["urn:oid:2.16', 'hpr: ["2.16', "hpr: [", "hpr is for a system or a URL"),
        (FHIR, "{at: ., parts:", "{at: use, parts:", "use, parts:", "`parts:` are properties of the record itself"),
        (
            NAV,
            "Arbeidsuforhet: ${form}",
            "Arbeidsuforhet: form",
            "HelseOpplysningerArbeidsuforhet: form",
            "no rule reaches",
        ),
        (NAV, "{reason: asked for by the channel}", "{reason: ''}", "''", "the reason is empty"),
        (NAV, "\nversion: 1", "\nversion: ''", "''", "the version is empty"),
    ],
)
def test_what_would_silently_do_nothing_is_told(file: str, old: str, new: str, at: str, told: str) -> None:
    text = text_of(file)
    assert text.count(old) == 1
    text = text.replace(old, new)
    (fault,) = faults_in(text, file)
    assert (fault.line, fault.column) == position(text, at)
    assert fault.what.startswith(told)


def nodes(node: yaml.Node) -> Iterator[yaml.Node]:
    yield node
    if isinstance(node, yaml.MappingNode):
        for pair in node.value:
            for side in pair:
                yield from nodes(side)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from nodes(item)


@pytest.mark.parametrize("file", [FHIR, NAV, EMPLOYER, LPS, APPREC, CODES])
@pytest.mark.parametrize("wrong", ["x", "[x]", "{x: y}", '""', '"${x}"', '"x[y=z]"'])
def test_anything_in_the_place_of_anything_is_told_and_never_crashes(file: str, wrong: str) -> None:
    text = text_of(file)
    for node in list(nodes(yaml.compose(text)))[1::29]:
        start, end = node.start_mark.index, node.end_mark.index
        line = "\n" if text[start:end].endswith("\n") else ""
        assert all(fault.line > 0 for fault in faults_in(text[:start] + wrong + line + text[end:], file))
