import statistics
import subprocess
import sys
import time
from timeit import Timer

import pytest
from sick_note import message, written

from adapters.fhir.codec import (
    FHIR_JSON,
    FHIR_XML,
    Delivery,
    capability_statement,
    decode,
    encode,
    encode_outcome,
    media_type,
    message_task,
)
from adapters.fhir.codec.bindings import CODED_CONCEPTS, CORRECTED
from adapters.fhir.codec.definitions import definition, is_resource, model_of
from gateway.core.errors import Issue, Severity
from gateway.core.line import State


def test_importing_the_codec_does_not_import_the_models() -> None:
    code = "import sys, adapters.fhir.codec; sys.exit(any(m.startswith('fhir.resources') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("media", [FHIR_JSON, FHIR_XML])
def test_an_outcome_is_itself_valid_whatever_the_issues_are(media: str) -> None:
    issues = [
        Issue("structure", "line 3, column 4", "the JSON does not parse here"),
        Issue("value", "Bundle.entry[1].resource.item[0].value.ofType(integer)", "wrong", "mend it", Severity.WARNING),
        Issue("unknown-code", "/MsgHead/MsgInfo", "an issue type of nobody"),
    ]
    for given in (issues, []):
        decoded = decode(encode_outcome(given, media), media)
        assert decoded.issues == ()
        assert decoded.resource is not None
    rows = (decode(encode_outcome(issues, media)).resource or {})["issue"]
    assert [row["code"] for row in rows] == ["structure", "value", "processing"]
    assert [row.get("expression") for row in rows] == [None, [issues[1].at], None]
    assert [row.get("diagnostics") for row in rows] == ["line 3, column 4", None, "/MsgHead/MsgInfo"]


def test_the_capability_statement_is_valid() -> None:
    statement = capability_statement("https://gateway.example/fhir", version="0.1.0", date="2026-11-24")
    assert decode(encode(statement)).issues == ()
    assert decode(encode(statement, FHIR_XML)).resource == statement


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ([State.ACKNOWLEDGED, State.ACKNOWLEDGED], "completed"),
        ([State.ACKNOWLEDGED, State.SEALED], "in-progress"),
        ([State.DEAD_LETTER, State.SEALED], "on-hold"),
        ([State.REFUSED, State.REFUSED], "rejected"),
        ([State.REFUSED, State.ACKNOWLEDGED], "failed"),
        ([], "completed"),
    ],
)
def test_a_task_says_where_a_message_is(states: list[State], status: str) -> None:
    task = message_task("m1", 1_790_000_000.0, 1_790_000_060.0, [Delivery("nav", state) for state in states])
    assert decode(encode(task)).issues == ()
    assert task["status"] == status
    assert task["authoredOn"] == "2026-09-21T14:13:20+00:00"


@pytest.mark.parametrize(
    ("header", "form", "right"),
    [
        ("application/fhir+json", FHIR_JSON, True),
        ("application/json; charset=UTF-8", FHIR_JSON, True),
        ("Application/FHIR+XML", FHIR_XML, True),
        ("application/fhir+json; fhirVersion=4.0", FHIR_JSON, True),
        ('application/fhir+json; fhirVersion="4.0"', FHIR_JSON, True),
        ("application/fhir+json; fhirVersion=5.0", FHIR_JSON, False),
        ("application/fhir+json; fhirversion=3.0", FHIR_JSON, False),
        ("application/json; charset=latin-1", FHIR_JSON, False),
        ("text/plain", "", False),
        ("", "", False),
        (";;;", "", False),
    ],
)
def test_media_types_are_read_with_their_parameters(header: str, form: str, right: bool) -> None:
    read = media_type(header)
    assert (read.format, read.issue is None) == (form, right)


def test_the_corrections_of_bindings_are_about_elements_that_exist() -> None:
    for owner, name in [*CORRECTED, *CODED_CONCEPTS]:
        assert name in definition(owner).elements
        assert definition(owner).elements[name].codes == CORRECTED.get((owner, name), CODED_CONCEPTS.get((owner, name)))


@pytest.mark.parametrize("name", ["Patient", "Bundle", "QuestionnaireResponse", "Consent"])
def test_resource_types_are_told_from_data_types_and_from_nothing(name: str) -> None:
    assert is_resource(name)
    assert not is_resource("HumanName")
    assert not is_resource(name.lower())
    assert not is_resource("../" + name)


def test_a_decode_costs_no_more_than_twice_what_the_models_alone_cost() -> None:
    raw = written(message())
    model = model_of("Bundle")
    alone = Timer(lambda: model.model_validate_json(raw), timer=time.thread_time)
    ours = Timer(lambda: decode(raw), timer=time.thread_time)
    ratios = [ours.timeit(5) / alone.timeit(5) for _ in range(15)]
    assert statistics.median(ratios) < 2
