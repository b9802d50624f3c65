"""Inera's certificates, as they are and changed: read or refused as the national XSD and schematrons decide."""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from accounts import differences, library
from long_runs import times
from lxml import etree
from mutations import changed_xml
from schematron import failed

from adapters.xml.document import read
from adapters.xml.kind import kind_of
from gateway import flow
from gateway.core.errors import NotAcceptable
from gateway.core.message import Parsed
from gateway.core.ports import Format
from gateway.wiring.formats import Formats, kinds

DATA = Path(__file__).parents[2] / "../shared/data/se"
NATIONAL = DATA / "xsd"
RESPONDER = (
    "tree/rivta/clinicalprocess-healthcond-certificate/schemas/interactions/"
    "RegisterCertificateInteraction/RegisterCertificateResponder_3.1.xsd"
)
SCHEMATRON = {"se-ag114": "ag114", "se-ag7804": "ag7804", "se-fk7804": "lisjp"}
CERTIFICATE = "{urn:riv:clinicalprocess:healthcond:certificate:3}"
FEW, MANY = 60, times(30)

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="Inera's sample messages are not in ../shared/data")


@cache
def known() -> dict[str, Format]:
    return Formats(library())


@cache
def samples() -> dict[str, str]:
    """Give every certificate of a kind that we know, with its format."""
    told = kinds(known())
    found = {}
    for file in sorted(DATA.glob("*.xml")) if DATA.is_dir() else ():
        raw = file.read_bytes()
        if b"RegisterCertificate" in raw and (kind := kind_of(raw, told)) in SCHEMATRON:
            found[file.name] = kind
    return found


@cache
def national() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(NATIONAL / RESPONDER))


def national_verdict(raw: bytes, kind: str) -> list[str]:
    """Give what the national XSD and schematron have against a certificate."""
    root = read(raw)
    wrong = [] if national().validate(root) else [error.type_name for error in national().error_log]
    return wrong + failed(root, NATIONAL / f"main__resources__{SCHEMATRON[kind]}.v1.sch")


def parse(name: str, *, report: bool = False) -> Parsed[Any]:
    source = known()[samples()[name]].parse
    assert source is not None
    return source((DATA / name).read_bytes(), report=report)


def accepted() -> list[str]:
    return [name for name in samples() if parse(name).acceptable]


def test_the_samples_are_there() -> None:
    assert len(samples()) >= 80
    assert len(accepted()) >= 20


@pytest.mark.parametrize("name", samples())
def test_each_certificate_is_read_or_refused_as_the_national_rules_decide(name: str) -> None:
    parsed = parse(name)
    assert parsed.acceptable == (not national_verdict((DATA / name).read_bytes(), samples()[name]))


@pytest.mark.parametrize("name", samples())
def test_each_refusal_of_an_answer_names_its_question(name: str) -> None:
    for issue in parse(name).issues:
        assert issue.at.startswith("/RegisterCertificate/intyg")
        if "svar-" in issue.at:
            assert re.search(r"question [0-9.]+ \(\w", issue.what)


@pytest.mark.parametrize("name", accepted())
def test_each_certificate_is_written_again_as_the_national_rules_have_it_and_reads_the_same(name: str) -> None:
    target = known()[samples()[name]]
    parsed = parse(name, report=True)
    body = flow.convert(parsed, target).rendered.body
    assert national_verdict(body, target.id) == []
    assert target.parse is not None
    assert target.parse(body).record == parsed.record
    assert [row for row in parsed.rows if row.outcome == "unmapped"] == []
    assert len(parsed.rows) == parsed.leaves


@pytest.mark.parametrize("name", accepted())
def test_each_certificate_goes_through_fhir_and_back_and_loses_only_the_version_of_the_form(name: str) -> None:
    record = parse(name).record
    bundle = flow.convert(Parsed(record), known()["fhir"]).rendered.body
    between = flow.parse(known()["fhir"], bundle).record
    assert differences(record, between) == ["version"]


# the diagnosis choice


def with_diagnoses(choice: str) -> bytes:
    """Give Inera's AG 1-14 with its three diagnoses and every optional answer, with 3.1 answered so."""
    root = etree.parse(DATA / "ag114__scenarios__fail-missing-kontaktanledning.xml").getroot()
    for part in root.iter(f"{CERTIFICATE}delsvar"):
        if part.get("id") == "3.1":
            part.text = choice
        if part.get("id") == "9.1":
            why = etree.SubElement(part.getparent(), f"{CERTIFICATE}delsvar", id="9.2")
            why.text = "Planera återgången"
    return etree.tostring(root)


def test_a_certificate_whose_patient_says_no_comes_out_without_a_diagnosis_although_the_national_rules_let_it() -> None:
    yes, no = with_diagnoses("true"), with_diagnoses("false")
    assert national_verdict(no, "se-ag114") == []
    source = known()["se-ag114"]
    assert source.parse is not None
    asked, declined = source.parse(yes, report=True), source.parse(no, report=True)
    assert len(asked.record.diagnoses) == 3
    assert declined.record.diagnoses == ()
    why = {row.why for row in declined.rows if "svar-4" in row.at}
    assert why == {"the patient does not wish the diagnosis passed on (3.1)"}
    words = {w for one in asked.record.diagnoses for w in (one.code, one.text, one.display) if w}
    for name in ("se-ag114", "fhir", "canonical"):
        body = flow.convert(declined, known()[name]).rendered.body.decode()
        assert [word for word in words if word in body] == []


def test_a_certificate_that_says_no_is_never_written_with_a_diagnosis() -> None:
    record = known()["se-ag114"].parse(with_diagnoses("true")).record  # type: ignore[misc]
    with pytest.raises(NotAcceptable, match="question 4"):
        flow.convert(Parsed(replace(record, wants_diagnosis=False)), known()["se-ag114"])


MOVED = ("1", "2", "5", "6", "8", "9", "17", "35", "44", "100", "103", "9001", "04", "4 ", "4.0", "٤")


def moved_diagnoses(to: str, *, whole: bool) -> bytes:
    """Give the certificate that says no, with its diagnoses under the number of another question."""
    root = etree.fromstring(with_diagnoses("false"))
    for svar in [one for one in root.iter(f"{CERTIFICATE}svar") if one.get("id") == "4"]:
        svar.set("id", to)
        for part in svar if whole else ():
            if part.get("id"):
                part.set("id", f"{to}.{part.get('id').partition('.')[2]}")
    return etree.tostring(root)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("to", MOVED)
def test_a_diagnosis_under_the_number_of_another_question_is_refused(to: str, whole: bool) -> None:
    source = known()["se-ag114"]
    assert source.parse is not None
    assert not source.parse(moved_diagnoses(to, whole=whole)).acceptable


@pytest.mark.parametrize("said", ["", "False", "TRUE", "nej", "ja", "\u200bfalse", "2"])
def test_a_choice_that_is_no_choice_is_refused(said: str) -> None:
    source = known()["se-ag114"]
    assert source.parse is not None
    assert not source.parse(with_diagnoses(said)).acceptable


@pytest.mark.parametrize("order", [("true", "false"), ("false", "true")])
def test_a_choice_that_is_made_twice_is_refused(order: tuple[str, str]) -> None:
    root = etree.fromstring(with_diagnoses("true"))
    [svar] = [one for one in root.iter(f"{CERTIFICATE}svar") if one.get("id") == "3"]
    svar.addnext(deepcopy(svar))
    for one, said in zip(
        [one for one in root.iter(f"{CERTIFICATE}delsvar") if one.get("id") == "3.1"], order, strict=True
    ):
        one.text = said
    assert not known()["se-ag114"].parse(etree.tostring(root)).acceptable  # type: ignore[misc]


@pytest.mark.parametrize("name", ["svar", "delsvar"])
def test_an_answer_of_another_namespace_is_no_answer(name: str) -> None:
    root = etree.fromstring(with_diagnoses("true"))
    strange = [one for one in root.iter(f"{CERTIFICATE}{name}") if one.get("id", "").partition(".")[0] == "4"]
    for one in strange:
        one.tag = f"{{urn:x}}{name}"
    assert not known()["se-ag114"].parse(etree.tostring(root)).acceptable  # type: ignore[misc]


# changed


def storm(times: int) -> Iterator[bool]:
    names = accepted()
    for seed in range(times):
        random = Random(f"se{seed}")  # noqa: S311
        name = random.choice(names)
        changed = changed_xml(read((DATA / name).read_bytes()), random)
        prepared = known()[samples()[name]].parse(etree.tostring(changed), report=True)  # type: ignore[misc]
        if prepared.acceptable:
            assert len(prepared.rows) == prepared.leaves, f"seed {seed}"
        yield prepared.acceptable


@pytest.mark.parametrize("times", [FEW, pytest.param(MANY, marks=[pytest.mark.fuzz, pytest.mark.timeout(0)])])
def test_changed_certificates_are_read_or_refused_without_a_traceback(times: int) -> None:
    assert set(storm(times)) == {True, False}


@pytest.mark.parametrize("times", [FEW // 3, pytest.param(MANY, marks=[pytest.mark.fuzz, pytest.mark.timeout(0)])])
def test_changed_answers_are_refused_wherever_the_national_rules_refuse_them(times: int) -> None:
    names = accepted()
    for seed in range(times):
        random = Random(f"answers{seed}")  # noqa: S311
        name = random.choice(names)
        root = deepcopy(read((DATA / name).read_bytes()))
        answers = list(root.iter(f"{CERTIFICATE}svar"))
        one = random.choice(answers)
        if random.random() < 0.5:
            one.getparent().remove(one)
        else:
            one.addnext(deepcopy(one))
        raw = etree.tostring(root)
        taken = known()[samples()[name]].parse(raw)  # type: ignore[misc]
        assert not (taken.acceptable and national_verdict(raw, samples()[name])), f"seed {seed}"
