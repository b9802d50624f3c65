import json
from typing import Any

import httpx
import pytest
from live_edge import Edge
from sick_note import PATIENT, batch, message, resource, written

from adapters.fhir.codec import FHIR_XML, decode, encode

JSON = {"Content-Type": "application/fhir+json"}


def outcome(answer: httpx.Response) -> list[dict[str, Any]]:
    """Give the issues of an answer, which must be a valid OperationOutcome."""
    decoded = decode(answer.content, answer.headers["content-type"])
    assert decoded.issues == ()
    assert decoded.resource is not None
    assert decoded.resource["resourceType"] == "OperationOutcome"
    issues: list[dict[str, Any]] = decoded.resource["issue"]
    return issues


@pytest.mark.parametrize(
    "path", ["/fhir", "/fhir/", "/fhir/Bundle", "/fhir/$process-message", "/fhir/%24process-message"]
)
def test_each_address_that_clients_use_takes_a_message_without_a_redirect(client: httpx.Client, path: str) -> None:
    answer = client.post(path, content=written(message()), headers=JSON)
    assert answer.status_code == 202
    assert answer.headers["location"].endswith("/fhir/Task/m0")
    assert outcome(answer)[0]["severity"] == "information"


@pytest.mark.parametrize(
    "media", ["application/json", "application/fhir+json; fhirVersion=4.0", "application/fhir+json;charset=UTF-8"]
)
def test_the_aliases_and_parameters_of_clients_are_understood(client: httpx.Client, media: str) -> None:
    answer = client.post("/fhir", content=written(batch()), headers={"Content-Type": media})
    assert answer.status_code == 202


def test_xml_comes_in_and_xml_goes_out(client: httpx.Client) -> None:
    answer = client.post("/fhir", content=encode(message(), FHIR_XML), headers={"Content-Type": FHIR_XML})
    assert answer.status_code == 202
    assert answer.headers["content-type"].startswith(FHIR_XML)
    assert outcome(answer)


def test_the_same_message_again_gets_the_same_answer_and_is_stored_once(client: httpx.Client, edge: Edge) -> None:
    first, second = (client.post("/fhir", content=written(message()), headers=JSON) for _ in range(2))
    assert (first.status_code, first.headers["location"]) == (second.status_code, second.headers["location"])
    assert first.content == second.content
    assert len(edge.intake.by_key) == 1


def test_the_same_name_for_another_message_is_a_conflict(client: httpx.Client) -> None:
    client.post("/fhir", content=written(message()), headers=JSON)
    other = message()
    resource(other, PATIENT)["gender"] = "male"
    answer = client.post("/fhir", content=written(other), headers=JSON)
    assert answer.status_code == 409
    assert outcome(answer)[0]["code"] == "conflict"


def test_the_header_names_the_message_before_the_message_names_itself(client: httpx.Client, edge: Edge) -> None:
    for key in ("a", "b"):
        client.post("/fhir", content=written(message()), headers={**JSON, "Idempotency-Key": key})
    assert sorted(key for _, key in edge.intake.by_key) == ["key:a", "key:b"]
    bad = client.post("/fhir", content=written(message()), headers={**JSON, "Idempotency-Key": "x" * 300})
    assert bad.status_code == 400


def test_a_message_with_faults_gets_every_one_of_them_with_its_fhirpath(client: httpx.Client, edge: Edge) -> None:
    bundle = message()
    resource(bundle, PATIENT)["gender"] = "kvinne"
    resource(bundle, PATIENT)["birthDate"] = "13.09.1969"
    answer = client.post("/fhir", content=written(bundle), headers=JSON)
    assert answer.status_code == 422
    assert {issue["expression"][0] for issue in outcome(answer)} == {
        "Bundle.entry[1].resource.gender",
        "Bundle.entry[1].resource.birthDate",
    }
    assert "kvinne" not in answer.text
    assert "13.09" not in answer.text
    assert not edge.intake.by_key


def test_prefer_says_what_the_answer_holds(client: httpx.Client) -> None:
    minimal = client.post("/fhir", content=written(message()), headers={**JSON, "Prefer": "return=minimal"})
    assert (minimal.status_code, minimal.content) == (202, b"")
    task = client.post("/fhir", content=written(message()), headers={**JSON, "Prefer": "return=representation"})
    assert task.json()["resourceType"] == "Task"


def test_the_task_says_where_the_message_is(client: httpx.Client) -> None:
    location = client.post("/fhir", content=written(message()), headers=JSON).headers["location"]
    task = client.get(location)
    assert task.status_code == 200
    assert decode(task.content).issues == ()
    assert task.json()["output"] == [{"type": {"text": "nav"}, "valueCode": "delivered"}]
    assert client.get("/fhir/Task/other").status_code == 404


def test_a_dry_run_answers_200_also_for_a_bad_message_and_stores_nothing(client: httpx.Client, edge: Edge) -> None:
    good = client.post("/fhir/$validate", content=written(message()), headers=JSON)
    assert (good.status_code, outcome(good)[0]["severity"]) == (200, "information")
    bad = client.post("/fhir/$validate", content=b"{", headers=JSON)
    assert (bad.status_code, outcome(bad)[0]["severity"]) == (200, "error")
    assert not edge.intake.by_key


def test_without_identity_the_answer_is_401_in_fhir(client: httpx.Client) -> None:
    answer = client.post("/fhir", content=written(message()), headers={**JSON, "Authorization": ""})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert outcome(answer)[0]["code"] == "login"


def test_a_busy_gateway_says_when_to_try_again(client: httpx.Client, edge: Edge) -> None:
    edge.intake.busy = True
    answer = client.post("/fhir", content=written(message()), headers=JSON)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    assert outcome(answer)[0]["code"] == "throttled"


def test_what_it_can_do_is_told_to_anybody(client: httpx.Client) -> None:
    for media in ("application/fhir+json", "application/fhir+xml"):
        answer = client.get("/fhir/metadata", headers={"Authorization": "", "Accept": media})
        assert answer.status_code == 200
        decoded = decode(answer.content, answer.headers["content-type"])
        assert decoded.issues == ()
        assert decoded.resource is not None
        assert decoded.resource["fhirVersion"] == "4.0.1"
    smart = client.get("/.well-known/smart-configuration", headers={"Authorization": ""})
    assert smart.json()["token_endpoint"].startswith("http://127.0.0.1")


@pytest.mark.parametrize(
    ("asked", "media"),
    [
        ({"Accept": "application/fhir+xml"}, "application/fhir+xml"),
        (
            {"Accept": "text/html;q=0.9, application/fhir+xml;q=0.2, application/fhir+json;q=0.5"},
            "application/fhir+json",
        ),
        ({"Accept": "*/*"}, "application/fhir+json"),
    ],
)
def test_the_answer_is_in_the_format_that_was_asked_for(
    client: httpx.Client, asked: dict[str, str], media: str
) -> None:
    assert client.get("/fhir/metadata", headers=asked).headers["content-type"].startswith(media)


def test_the_format_parameter_goes_before_accept(client: httpx.Client) -> None:
    answer = client.get("/fhir/metadata?_format=xml", headers={"Accept": "application/fhir+json"})
    assert answer.headers["content-type"].startswith("application/fhir+xml")


CONSENT = {
    "resourceType": "Consent",
    "status": "active",
    "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
    "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
    "patient": {"reference": "Patient/p1"},
    "policyRule": {"text": "sick-leave follow-up"},
}


def test_a_consent_is_given_changed_and_its_history_read(client: httpx.Client) -> None:
    given = client.post("/fhir/Consent", content=json.dumps(CONSENT), headers=JSON)
    assert (given.status_code, given.headers["etag"]) == (201, 'W/"1"')
    withdrawn = {**CONSENT, "id": "c0", "status": "inactive"}
    changed = client.put("/fhir/Consent/c0", content=json.dumps(withdrawn), headers={**JSON, "If-Match": 'W/"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, 'W/"2"')
    stale = client.put("/fhir/Consent/c0", content=json.dumps(withdrawn), headers={**JSON, "If-Match": 'W/"1"'})
    assert stale.status_code == 412
    assert client.get("/fhir/Consent/c0").json()["status"] == "inactive"
    history = client.get("/fhir/Consent/c0/_history").json()
    assert [entry["resource"]["status"] for entry in history["entry"]] == ["inactive", "active"]


def test_what_is_no_consent_or_another_consent_is_refused(client: httpx.Client) -> None:
    patient = client.post("/fhir/Consent", content=b'{"resourceType":"Patient","id":"p"}', headers=JSON)
    assert patient.status_code == 422
    other = client.put("/fhir/Consent/c1", content=json.dumps({**CONSENT, "id": "c2"}), headers=JSON)
    assert (other.status_code, outcome(other)[0]["expression"]) == (422, ["Consent.id"])
    assert client.get("/fhir/Consent/none").status_code == 404
    bad_version = client.put("/fhir/Consent/c1", content=json.dumps(CONSENT), headers={**JSON, "If-Match": "1"})
    assert bad_version.status_code == 400
    assert client.put("/fhir/Consent/c1", content=json.dumps(CONSENT), headers=JSON).status_code == 404
