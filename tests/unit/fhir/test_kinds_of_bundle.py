"""Which mapping reads a Bundle follows from what stands in it; what tells of nothing else is a sick note."""

import json
from pathlib import Path

import orjson
import pytest

from adapters.fhir.parse import FhirParser
from adapters.fhir.render import FhirRenderer
from gateway import flow
from gateway.core.errors import NotAcceptable
from gateway.core.message import Parsed
from gateway.model import Receipt
from gateway.policy import pep
from gateway.wiring.formats import installed

EXAMPLES = Path(__file__).parents[3] / "mappings/fhir"


def reads(name: str):
    return lambda bundle, *, report=False: Parsed(name)  # noqa: ARG005


PARSER = FhirParser(
    reads("note"),
    reads("clinical"),
    {"Task": reads("task"), "Task.intent=order": reads("order"), "Communication": reads("communication")},
)


def bundle(*resources: dict[str, object]) -> bytes:
    entries = [
        {"fullUrl": f"urn:uuid:00000000-0000-4000-8000-00000000000{i}", "resource": r} for i, r in enumerate(resources)
    ]
    return orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


def task(intent: str) -> dict[str, object]:
    return {"resourceType": "Task", "status": "requested", "intent": intent}


@pytest.mark.parametrize(
    ("resources", "read"),
    [
        ([task("proposal")], "task"),
        ([task("order")], "order"),
        ([{"resourceType": "Communication", "status": "completed"}], "communication"),
        ([{"resourceType": "QuestionnaireResponse", "status": "completed"}], "note"),
    ],
)
def test_a_bundle_is_read_by_what_tells_it_and_a_value_goes_before_a_type(resources, read) -> None:
    raw = bundle(*resources)
    assert PARSER(raw).record == read
    assert PARSER.again(raw).record == read


def test_a_bundle_that_tells_of_nothing_is_judged_as_a_sick_note() -> None:
    parsed = PARSER(bundle({"resourceType": "Patient"}))
    assert parsed.record is None
    assert "QuestionnaireResponse" in str(parsed.issues[0])


def test_a_record_without_a_form_in_fhir_is_refused() -> None:
    with pytest.raises(NotAcceptable, match="a Receipt has no form in FHIR here"):
        FhirRenderer({})(pep.acknowledge(Receipt(status="ok", original_id="x")))


def test_a_sick_note_stays_a_sick_note_whatever_else_stands_in_its_bundle() -> None:
    known = installed()[1]["fhir"]
    note = json.loads((EXAMPLES / "sykmelding/examples/01-graded-with-adaptations.in.json").read_bytes())
    for other in ("dialogue/examples/01-nav-asks", "receipt/examples/02-rejected"):
        extra = json.loads((EXAMPLES / f"{other}.in.json").read_bytes())["entry"]
        strange = [e for e in extra if e["resource"]["resourceType"] in ("Task", "OperationOutcome")]
        read = flow.parse(known, json.dumps({**note, "entry": [*note["entry"], *strange]}).encode())
        assert type(read.record).__name__ == "SickLeaveCertificate"


def test_a_header_tells_least_of_what_a_bundle_is() -> None:
    known = installed()[1]["fhir"]
    asks = json.loads((EXAMPLES / "dialogue/examples/01-nav-asks.in.json").read_bytes())
    receipt = json.loads((EXAMPLES / "receipt/examples/01-accepted.in.json").read_bytes())
    both = {**asks, "entry": [*receipt["entry"], *asks["entry"]]}
    assert type(flow.parse(known, json.dumps(both).encode()).record).__name__ == "Dialogue"
    assert type(flow.parse(known, json.dumps(receipt).encode()).record).__name__ == "Receipt"
