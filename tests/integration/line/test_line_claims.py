"""A benefit claim from a patient's own service: to the employer by the patient's act, and never more than pay needs."""

import json
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from live_line import EMPLOYER, Live, act, until

from gateway.core.errors import NotAcceptable, Refused
from gateway.edge.identity.access import Caller, match, reach
from gateway.sandbox.server import XmlSchema

ROOT = Path(__file__).parents[3]
CLAIM = ROOT / "mappings/nav/sykepengesoknad/examples/01-worked-a-little.in.xml"
SCHEMA = XmlSchema(ROOT / "mappings/schema/nav/sykepengesoknad.xsd")
PATIENT, OTHER = "14858412006", "11827020089"

pytestmark = pytest.mark.xdist_group("line")  # one gateway for all of them


def claim() -> tuple[str, bytes]:
    """The example under an id of its own."""
    identity = str(uuid.uuid4())
    return identity, CLAIM.read_bytes().replace(b"9e209a16-9120-5ba0-9747-7934303930e0", identity.encode())


def sent(
    live: Live, body: bytes, person: str = PATIENT, sender: str = "portal", form: str = "nav-sykepengesoknad"
) -> str:
    party = live.scene.gateway.registry.parties[sender]
    caller = Caller(party, frozenset(), "token", person=person)
    if sender == "portal":
        caller = Caller(party, frozenset({"samspill:hr/messages.write"}), "token", person=person)
    may = partial(reach, caller, match("POST", f"/hr/messages/{form}"))
    key = str(uuid.uuid4())
    return live.run(live.scene.gateway.intake.accept(body, form, sender, key, may)).id


def patients_act(identity: str) -> dict[str, Any]:
    patient = {"resourceType": "Patient", "identifier": [{"system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": PATIENT}]}
    return act({"identifier": {"value": f"urn:uuid:{identity}"}, "entry": [{"resource": patient}]}, EMPLOYER)


def test_a_claim_goes_to_the_employer_when_the_patient_sends_it_without_other_income_and_studies(live: Live) -> None:
    identity, body = claim()
    assert b"FRILANSER" in body
    sent(live, body)
    live.rows()
    assert not any(identity.encode() in one.body for one in live.scene.employer.received)
    assert live.give(patients_act(identity)).status_code == 201
    got = until(lambda: next((one for one in live.scene.employer.received if identity.encode() in one.body), None))
    assert SCHEMA.faults(got.body) == ()
    for never in (b"FRILANSER", b"utdanning", b"Diagnose", b"diagnose"):
        assert never not in got.body
    assert b"<sykmeldingsgrad>60</sykmeldingsgrad>" in got.body


def test_a_patients_service_sends_the_claims_of_whoever_is_logged_in_and_nothing_else(live: Live) -> None:
    before = live.rows()
    with pytest.raises(Refused):
        sent(live, claim()[1], person=OTHER)
    with pytest.raises(Refused):
        sent(live, claim()[1], person="")
    with pytest.raises(NotAcceptable, match="may not send messages of the kind sykepengesoknad"):
        sent(live, claim()[1], sender="employer")
    assert live.rows() == before


def test_a_self_certification_goes_to_the_employer_when_its_employee_sends_it_and_never_to_nav(live: Live) -> None:
    identity, word = str(uuid.uuid4()), "Kvitsoppfeber"
    example = json.loads((ROOT / "mappings/fhir/egenmelding/examples/01-three-days.in.json").read_text("utf-8"))
    example["identifier"]["value"] = f"urn:uuid:{identity}"
    example["entry"][2]["resource"]["item"].append({"linkId": "note", "answer": [{"valueString": word}]})
    sent(live, json.dumps(example).encode(), form="fhir")
    live.rows()
    assert live.give(patients_act(identity)).status_code == 201
    got = until(lambda: next((one for one in live.scene.employer.received if identity.encode() in one.body), None))
    row = got.body.decode().splitlines()
    assert word not in got.body.decode()
    assert row[0] == "id;employee;person;employer;start;end;kind;degree"
    assert row[1].split(";")[1:] == ["00017", PATIENT, "313000001", "2026-11-13", "2026-11-15", "sick-self", "100"]
    live.rows()
    assert not any(identity.encode() in one.body for one in (*live.scene.nav.received, *live.scene.office.received))
    with pytest.raises(Refused):
        sent(live, json.dumps(example).encode(), person=OTHER, form="fhir")
    with pytest.raises(NotAcceptable, match="may not send messages of the kind egenmelding"):
        sent(live, json.dumps(example).encode(), sender="employer", form="fhir")
