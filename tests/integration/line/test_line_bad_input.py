"""Whatever is thrown at the gateway: a clear error in the caller's own format, nothing stored, and it goes on."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from live_line import FHIR, XML, Live, note
from lxml import etree

from gateway.sandbox.nav import APPREC

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "mappings/nav/sykmelding/examples/01-graded-with-adaptations.in.xml"
MB = 1024 * 1024

pytestmark = pytest.mark.xdist_group("line")  # one gateway for all of them


@pytest.fixture(autouse=True)
def nothing_is_stored(live: Live) -> Iterator[None]:
    before = live.rows()
    yield
    assert live.rows() == before


@pytest.fixture(autouse=True, scope="module")
def and_it_goes_on(live: Live) -> Iterator[None]:
    yield
    live.send(note("graded"))


def told(answer: httpx.Response) -> str:
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"]
    assert all(one["severity"] in {"error", "fatal"} for one in outcome["issue"])
    return " ".join(one["details"]["text"] for one in outcome["issue"])


def rejected(answer: httpx.Response) -> str:
    receipt = etree.fromstring(answer.content)
    assert receipt.tag == f"{{{APPREC}}}AppRec"
    assert receipt.find(f"{{{APPREC}}}Status").get("V") == "2"
    return " ".join(error.get("DN") for error in receipt.iter(f"{{{APPREC}}}Error"))


def streamed(size: int) -> Iterator[bytes]:
    for _ in range(size // 65_536):
        yield b" " * 65_536


@pytest.mark.parametrize("path", ["/fhir/$process-message", "/fhir/$validate", "/fhir/Consent", "/nav/messages"])
def test_fifty_megabytes_that_are_streamed_are_cut_off(live: Live, path: str) -> None:
    media = XML if path.startswith("/nav") else FHIR
    with live.client() as calling:
        answer = calling.post(path, content=streamed(50 * MB), headers=media)
    assert answer.status_code == 413
    assert "larger than" in (rejected(answer) if path.startswith("/nav") else told(answer))


@pytest.mark.parametrize("body", ["[" * 10_000 + "]" * 10_000, '{"a":' * 10_000 + "1" + "}" * 10_000])
def test_json_that_is_ten_thousand_deep_is_refused(live: Live, body: str) -> None:
    with live.client() as calling:
        answer = calling.post("/fhir", content=body, headers=FHIR)
    assert answer.status_code in {400, 422}
    assert told(answer)


def test_a_bundle_with_an_extension_ten_thousand_deep_is_refused(live: Live) -> None:
    bundle = note()
    bundle["extension"] = "@"
    deep = '[{"url":"urn:x","extension":' * 5_000 + "[]" + "}]" * 5_000
    with live.client() as calling:
        answer = calling.post("/fhir", content=json.dumps(bundle).replace('"@"', deep), headers=FHIR)
    assert answer.status_code in {400, 422}
    assert told(answer)


def test_xml_that_is_ten_thousand_deep_is_refused(live: Live) -> None:
    with live.client() as calling:
        answer = calling.post("/nav/messages", content="<a>" * 10_000 + "</a>" * 10_000, headers=XML)
    assert answer.status_code in {400, 422}
    assert "deep" in rejected(answer)


@pytest.mark.parametrize("entity", ["&b;" * 10, "&c;"])
def test_an_entity_bomb_is_refused_and_not_opened(live: Live, entity: str) -> None:
    bomb = f"""<!DOCTYPE MsgHead [<!ENTITY a "{"x" * 1000}"><!ENTITY b "{"&a;" * 1000}">
        <!ENTITY c SYSTEM "file:///etc/passwd">]><MsgHead><MsgId>{entity}</MsgId></MsgHead>"""
    with live.client() as calling:
        answer = calling.post("/nav/messages", content=bomb, headers=XML)
    assert answer.status_code in {400, 422}
    assert "document type" in rejected(answer)
    assert b"root:" not in answer.content


@pytest.mark.parametrize(
    ("path", "media"),
    [("/fhir", "text/plain"), ("/fhir", "application/xml-dtd"), ("/fhir/Consent", "text/csv"), ("/fhir", "")],
)
def test_a_media_type_that_is_not_fhir_is_refused_as_an_outcome(live: Live, path: str, media: str) -> None:
    with live.client() as calling:
        answer = calling.post(path, content=json.dumps(note()), headers={"Content-Type": media})
    assert answer.status_code == 415
    assert told(answer)


def test_a_media_type_that_is_not_xml_is_refused_as_a_receipt(live: Live) -> None:
    with live.client() as calling:
        answer = calling.post("/nav/messages", content=SAMPLE.read_bytes(), headers=FHIR)
    assert answer.status_code == 415
    assert "media type" in rejected(answer)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe{}",
        b'{"resourceType":"Bundle","resourceType":"Bundle"}',
        b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":null}]}',
        b'{"resourceType":"Patient"}',
        b"<Bundle/>",
        b'{"resourceType":"Bundle","type":"batch","id":"\\ud800"}',
    ],
)
def test_malformed_json_is_refused_as_an_outcome(live: Live, body: bytes) -> None:
    with live.client() as calling:
        answer = calling.post("/fhir", content=body, headers=FHIR)
    assert answer.status_code in {400, 422}
    assert told(answer)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "there is no XML here"),
        (b"<MsgHead>", "ends too early"),
        (b"<a/>", "no payload that is taken here"),
        (b"{}", "there is no XML here"),
        (b"\x00\x01", "there is no XML here"),
        (b"<MsgHead xmlns='http://www.kith.no/xmlstds/msghead/2006-05-24'/>", "no payload"),
        (b"<AppRec xmlns='http://www.kith.no/xmlstds/apprec/2004-11-21'/>", "no payload that is taken here"),
    ],
)
def test_malformed_xml_is_refused_as_a_receipt_that_says_what_is_wrong(live: Live, body: bytes, said: str) -> None:
    with live.client() as calling:
        answer = calling.post("/nav/messages", content=body, headers=XML)
    assert answer.status_code in {400, 422}
    assert said in rejected(answer)


@pytest.mark.parametrize("version", ["3.0", "5.0"])
def test_another_version_of_fhir_is_refused(live: Live, version: str) -> None:
    media = {"Content-Type": f"application/fhir+json; fhirVersion={version}"}
    with live.client() as calling:
        answer = calling.post("/fhir", content=json.dumps(note()), headers=media)
    assert answer.status_code == 415
    assert "R4" in told(answer) or "4.0" in told(answer)


def test_a_bundle_of_another_version_of_fhir_is_refused_at_its_own_places(live: Live) -> None:
    bundle = note("clinical")
    encounter = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Encounter")
    encounter["class"] = [{"coding": [{"code": "AMB"}]}]  # R5: a list of concepts
    answer = live.post(bundle)
    assert answer.status_code in {400, 422}
    assert any("class" in at for one in answer.json()["issue"] for at in one.get("expression", ()))


def test_unknown_codes_are_told_at_their_places(live: Live) -> None:
    bundle = note("full")
    form = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "QuestionnaireResponse")
    main = next(item for item in form["item"] if item["linkId"] == "hoveddiagnose")
    main["answer"][0]["valueCoding"]["system"] = "urn:oid:2.16.578.1.12.4.1.1.9999"
    answer = live.post(bundle)
    assert answer.status_code == 422
    assert any(
        "valueCoding" in at or "value.ofType(Coding)" in at
        for one in answer.json()["issue"]
        for at in one.get("expression", ())
    )


def test_the_faulty_message_of_the_demo_is_told_every_fault_at_once(live: Live) -> None:
    answer = live.post(note("faulty"))
    assert answer.status_code in {400, 422}
    assert len(answer.json()["issue"]) >= 3


def test_a_caller_without_a_certificate_is_not_spoken_with(live: Live) -> None:
    authority = live.scene.gateway.settings.certificates / "ca.pem"
    for path in ("/fhir/metadata", "/.well-known/smart-configuration"):
        with (
            pytest.raises(httpx.TransportError),
            httpx.Client(verify=ssl.create_default_context(cafile=authority)) as calling,
        ):
            calling.get(f"{live.scene.base}{path}")


@pytest.mark.parametrize(
    ("actor", "path", "media"),
    [
        ("employer", "/fhir", FHIR),
        ("employer", "/fhir/Consent", FHIR),
        ("employer", "/nav/messages", XML),
        ("nav", "/fhir/$process-message", FHIR),
        ("nav", "/fhir/Consent", FHIR),
        ("nav", "/fhir/$validate", FHIR),
    ],
)
def test_a_party_without_the_role_is_forbidden(live: Live, actor: str, path: str, media: dict[str, str]) -> None:
    with live.client(actor) as calling:
        answer = calling.post(path, content=json.dumps(note()), headers=media)
    assert answer.status_code == 403


def test_a_party_that_is_not_in_the_register_is_not_identified(live: Live) -> None:
    with live.client("gateway") as calling:
        answer = calling.post("/fhir", content=json.dumps(note()), headers=FHIR)
    assert answer.status_code in {401, 403}
    assert told(answer)


def test_an_address_that_is_not_there_and_a_method_that_is_not_are_told(live: Live) -> None:
    with live.client() as calling:
        assert calling.get("/fhir/Nothing").status_code == 404
        assert calling.get("/fhir/Task/nothing").status_code == 404
        assert calling.delete("/fhir").status_code == 405
        assert calling.get("/fhir/Task/..%2f..%2fetc").status_code == 404
