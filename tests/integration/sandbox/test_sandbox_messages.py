"""The demo's messages are FHIR R4 about synthetic persons, and only the faulty one is not acceptable."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from adapters.fhir.codec import decode
from gateway.core import identifiers
from gateway.core.errors import Severity
from gateway.sandbox import messages

ROOT = Path(__file__).parents[3]
OID = "urn:oid:2.16.578.1.12.4.1."
SOUND = [name for name in messages.NAMES if name != "faulty"]


def bundle(name: str) -> dict[str, Any]:
    return json.loads(messages.load(name))


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(child)


def link_ids(name: str) -> set[str]:
    return {node["linkId"] for node in nodes(bundle(name)) if "linkId" in node}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_message_is_fhir_r4_to_the_codec_and_to_the_library(name):
    decoded = decode(messages.load(name))
    assert [str(issue) for issue in decoded.issues if issue.severity is Severity.ERROR] == []
    assert decoded.resource is not None
    get_fhir_model_class("Bundle").model_validate(bundle(name))
    for entry in bundle(name)["entry"]:
        get_fhir_model_class(entry["resource"]["resourceType"]).model_validate(entry["resource"])


def test_the_faulty_message_has_several_faults_at_once():
    found = {issue.at for issue in decode(messages.load("faulty")).issues if issue.severity is Severity.ERROR}
    assert len(found) >= 3
    assert not {"aktivitet-tom"} & link_ids("faulty")


@pytest.mark.parametrize("name", messages.NAMES)
def test_everybody_in_a_message_is_synthetic(name):
    numbers = {n["value"]: n["system"] for n in nodes(bundle(name)) if "value" in n and n["system"].startswith(OID)}
    persons = [value for value, system in numbers.items() if system == f"{OID}4.1"]
    assert len(persons) == 2
    assert all(map(identifiers.is_synthetic, persons))
    organisations = [value for value, system in numbers.items() if system == f"{OID}4.101"]
    assert all(map(identifiers.is_synthetic_organisation, organisations))
    assert organisations


@pytest.mark.parametrize("name", messages.NAMES)
def test_birth_dates_fit_the_numbers(name):
    for node in nodes(bundle(name)):
        if "birthDate" in node:
            year, month, day = node["birthDate"].split("-")
            assert node["identifier"][0]["value"][:6] == f"{day}{int(month) + 80}{year[2:]}"


def test_the_messages_show_what_the_demo_is_to_show():
    text = {name: messages.load(name).decode() for name in messages.NAMES}
    assert {name for name in SOUND if "hoveddiagnose" in link_ids(name)} == {"graded", "full", "treatment-days"}
    assert "GRADERT" in text["graded"]
    assert {"bidiagnose", "samspill-nav-note"} <= link_ids("full")
    assert "BEHANDLINGSDAGER" in text["treatment-days"]
    assert bundle("treatment-days")["type"] == "batch"
    assert {"Condition", "Encounter"} <= {entry["resource"]["resourceType"] for entry in bundle("clinical")["entry"]}
    pair = {"QuestionnaireResponse", "DocumentReference"}
    ids = {e["resource"]["id"] for e in bundle("treatment-days")["entry"] if e["resource"]["resourceType"] in pair}
    assert len(ids) == 1


def test_each_message_has_its_own_key():
    keys = [bundle(name)["identifier"]["value"] for name in messages.NAMES]
    assert len(set(keys)) == len(messages.NAMES)


def test_a_message_that_is_not_there_is_told():
    with pytest.raises(FileNotFoundError):
        messages.load("no-such")


def test_nothing_but_the_demo_and_the_benchmarks_imports_the_sandbox():
    importing = {
        file.relative_to(ROOT).as_posix()
        for package in ("gateway", "adapters")
        for file in (ROOT / package).rglob("*.py")
        if "gateway.sandbox" in file.read_text() or "import sandbox" in file.read_text()
    }
    allowed = ("gateway/sandbox/", "gateway/cli/demo", "gateway/demo", "gateway/bench/")
    assert [file for file in sorted(importing) if not file.startswith(allowed)] == []
