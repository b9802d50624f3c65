"""The codec held to real FHIR: published examples, national messages in production, and other validators' verdicts.

The samples lie beside the repository and not in it; without them these tests have nothing to read.
"""

import contextlib
import csv
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from fhir_core.xml_utils import xml_loads
from lxml import etree
from second_opinion import refusals as model_refusals
from second_opinion import right

from adapters.fhir.codec import Finding, decode
from adapters.fhir.codec.decoding import _read, _walked
from adapters.fhir.codec.definitions import model_of
from adapters.fhir.codec.structure import Walk
from adapters.fhir.codec.xml_text import read_xml
from gateway.core.errors import Issue, Severity

DATA = Path(__file__).parents[2] / "../shared/data"
pytestmark = pytest.mark.skipif(not (DATA / "fhir/INDEX.tsv").exists(), reason="the published samples are not here")

# What a gateway for messages refuses although a FHIR validator does not: other Bundles, and people who are elsewhere.
_OURS = {
    finding.what
    for finding in (
        Finding.BUNDLE_TYPE,
        Finding.METHOD,
        Finding.PARAMETERS,
        Finding.REFERENCE_NEEDED,
        Finding.REFERENCE_DANGLING,
        Finding.PATIENT_OTHER,
        Finding.PATIENT_TWICE,
        Finding.BUNDLE_EMPTY,
        Finding.MODIFIER,
    )
}

# Labelled valid, and refused, each for a reason that was looked at.
_RIGHTLY_REFUSED = {
    "bnd-ambiguous-refs.xml": "two Patients with one id, told apart only by server",
    "bundle-document-versioned-references-good.json": "two versions of one resource in a message",
    "no-basis-HealthcareService-example.xml": "an id with an underscore",
}


def labelled(expectation: str) -> Iterator[Path]:
    with (DATA / "fhir/INDEX.tsv").open(encoding="utf-8") as index:
        for row in csv.DictReader(index, delimiter="\t"):
            path = DATA / "fhir" / row["file"]
            if row["expectation"] == expectation and path.exists():
                yield path


def refusals(path: Path) -> list[Issue]:
    return [i for i in decode(path.read_bytes()).issues if i.severity is Severity.ERROR and i.what not in _OURS]


def test_no_valid_resource_is_refused_without_a_reason() -> None:
    refused = {path.name for path in labelled("valid") if refusals(path)}
    assert refused == set(_RIGHTLY_REFUSED)


def test_the_national_sick_notes_of_germany_that_are_valid_are_read() -> None:
    paths = [p for p in labelled("valid") if "KBV_PR_EAU_Bundle" in p.name]
    assert len(paths) > 10
    assert [path.name for path in paths if refusals(path)] == []


def test_at_least_as_many_invalid_resources_are_refused_as_the_models_alone_refuse() -> None:
    ours = theirs = 0
    for path in labelled("invalid"):
        ours += bool(refusals(path))
        theirs += _model_refuses(path)
    assert ours >= theirs
    assert ours >= 50


def _model_refuses(path: Path) -> bool:
    try:
        if path.suffix == ".xml":
            model = model_of(etree.QName(etree.fromstring(path.read_bytes(), _parser())).localname)
            xml_loads(model, path.read_bytes(), xmlparser=_parser())
        else:
            body = json.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
            model_of(body["resourceType"]).model_validate(body)
    except Exception:  # noqa: BLE001 (the models raise anything)
        return True
    return False


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )


def test_the_typed_models_refuse_nothing_that_the_walk_found_right() -> None:
    """So that no entry hides a fault behind another, and no message has to be shown to the models (ADR 20)."""
    walks = {str(path): walk_of(path) for path in (DATA / "fhir").rglob("*.*") if path.suffix in {".json", ".xml"}}
    left = {name: said for name, walk in walks.items() if walk and (said := list(model_refusals(right(walk))))}
    assert left == {}
    assert len(walks) > 450


def walk_of(path: Path) -> Walk | None:
    tree = _read(path.read_bytes())
    return None if isinstance(tree, Issue) else _walked(tree)


def test_xml_is_read_as_fhir_core_reads_it() -> None:
    compared = 0
    for path in labelled("valid"):
        if path.suffix != ".xml" or path.stat().st_size > 40_000:
            continue
        raw = path.read_bytes()
        ours = read_xml(raw)
        assert isinstance(ours, dict)
        try:
            theirs = xml_loads(model_of(ours["resourceType"]), raw, xmlparser=_parser()).model_dump(mode="json")
        except Exception:  # noqa: BLE001, S112 (it refuses what it misreads; those files are counted out)
            continue
        assert _plain(ours) == _plain(theirs), path.name
        compared += 1
    assert compared > 100


def _plain(value: object) -> object:
    """Give a resource without what the two write differently though it means the same.

    That is narrative, blanks, and the forms of numbers and times, and the ids of elements, which fhir-core loses.
    """
    if isinstance(value, dict):
        skipped = {"div", "fhir_comments"} if "resourceType" in value else {"div", "fhir_comments", "id"}
        return {name: _plain(held) for name, held in value.items() if name not in skipped}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    text = "".join(str(value).split())
    for read in (float, datetime.fromisoformat):
        with contextlib.suppress(ValueError):
            return read(text)
    return text


NAV = {
    "syk-inn__practitioner.json": {
        ("value", "Practitioner.id"),
        ("code-invalid", "Practitioner.telecom[0].system"),
        ("code-invalid", "Practitioner.telecom[0].use"),
        ("invalid", "Practitioner"),
    },
    "syk-inn__condition.json": {("value", "Condition.id")},
    "syk-inn__bundle.json": {
        ("value", "Bundle.entry[0].resource.id"),
        ("invalid", "Bundle.entry[0].resource.item[0]"),
        ("value", "Bundle.entry[1].resource.id"),
        ("value", "Bundle.entry[1].resource.content[0].attachment.data"),
        ("not-found", "Bundle.entry[0].resource.subject"),
        ("not-found", "Bundle.entry[0].resource.author"),
    },
    "syk-inn__document-reference.json": {
        ("value", "DocumentReference.meta.lastUpdated"),
        ("value", "DocumentReference.id"),
        ("value", "DocumentReference.content[0].attachment.data"),
    },
}


@pytest.mark.parametrize("name", NAV)
def test_navs_own_documentation_examples_are_refused_for_what_is_wrong_with_them(name: str) -> None:
    issues = decode((DATA / "nav/fhir" / name).read_bytes()).issues
    assert {(i.code, i.at) for i in issues if i.severity is Severity.ERROR} == NAV[name]
    assert all(issue.mend for issue in issues)


def test_navs_practitioner_is_told_the_element_it_meant() -> None:
    issues = decode((DATA / "nav/fhir/syk-inn__practitioner.json").read_bytes()).issues
    assert any("the nearest is qualification" in issue.what for issue in issues)


def test_navs_questionnaire_and_capability_statement_are_right() -> None:
    for name in ("syk-inn__Questionnaire-V1.json", "syk-inn__fhir-mock-CapabilityStatement.json"):
        assert decode((DATA / "nav/fhir" / name).read_bytes()).issues == ()
