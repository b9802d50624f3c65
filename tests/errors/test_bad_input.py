"""Bad input of every kind, over HTTP: a clear error in the caller's format, nothing stored, no value repeated.

The word that no answer may hold stands in each body that can hold one.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

import httpx
import pytest
from live_edge import TOKEN, Edge
from sick_note import message, written

from adapters.fhir.codec import decode

WORD = "Kanarifugl"
JSON = "application/fhir+json"
XML = "application/fhir+xml"
FHIR_NS = 'xmlns="http://hl7.org/fhir"'


@dataclass(frozen=True)
class Bad:
    """A body, what it is sent as, and what comes back: status, FHIR issue-type, and words of the answer."""

    body: bytes
    status: int
    code: str
    says: str
    media: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


def note(old: bytes, new: bytes) -> bytes:
    raw = written(message()).replace(b"Testnes", WORD.encode())
    assert old in raw
    return raw.replace(old, new)


def _bomb() -> bytes:
    levels = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    return f'<!DOCTYPE x [<!ENTITY l0 "{WORD}">{levels}]><Patient {FHIR_NS}><id value="&l9;"/></Patient>'.encode()


def _outside() -> bytes:
    return (
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><Patient {FHIR_NS}>'
        f'<name><family value="{WORD}"/><given value="&e;"/></name></Patient>'
    ).encode()


def _deep_resource(levels: int) -> bytes:
    item = '{"linkId":"x","item":[' * levels + f'{{"linkId":"{WORD}"}}' + "]}" * levels
    return f'{{"resourceType":"QuestionnaireResponse","status":"completed","item":[{item}]}}'.encode()


PATIENT = f'"resourceType":"Patient","name":[{{"family":"{WORD}"}}]'

TABLE: dict[str, Bad] = {
    "nothing": Bad(b"", 400, "structure", "empty"),
    "blanks": Bad(b" \n ", 400, "structure", "empty"),
    "JSON that is cut off": Bad(written(message())[:-40], 400, "structure", "does not parse"),
    "JSON with a comment": Bad(f"{{{PATIENT} // {WORD}\n}}".encode(), 400, "structure", "does not parse"),
    "JSON with a comma too many": Bad(f"{{{PATIENT},}}".encode(), 400, "structure", "does not parse"),
    "text": Bad(f"Hei, {WORD}".encode(), 400, "structure", "does not parse"),
    "a JSON array": Bad(f'["{WORD}"]'.encode(), 400, "structure", "not an object"),
    "a JSON string": Bad(f'"{WORD}"'.encode(), 400, "structure", "not an object"),
    "NaN": Bad(note(b"60.5", b"NaN"), 400, "structure", "NaN or Infinity"),
    "Infinity": Bad(note(b"60.5", b"-Infinity"), 400, "structure", "NaN or Infinity"),
    "UTF-16": Bad(written(message()).decode().encode("utf-16"), 400, "structure", "UTF-8"),
    "UTF-16 without a mark": Bad(written(message()).decode().encode("utf-16-le"), 400, "structure", "UTF-8"),
    "Latin-1": Bad(note(b"", b"").decode().encode("latin-1"), 400, "structure", "UTF-8"),
    "a NUL byte": Bad(note(b'"b1"', b'"b\x001"'), 400, "structure", "does not parse"),
    "an escaped NUL": Bad(note(b"Oppdiktet vei 1", b"x\\u0000"), 422, "value", "control character"),
    "half a character": Bad(note(b"Oppdiktet vei 1", b"\\ud83d"), 400, "structure", "half a character"),
    "half a character in a name": Bad(f'{{{PATIENT},"\\udc00":1}}'.encode(), 400, "structure", "half a character"),
    "a surrogate in UTF-8": Bad(note(b"Oppdiktet vei 1", b"\xed\xa0\x80"), 400, "structure", "UTF-8"),
    "a number of 5000 digits": Bad(note(b"60}", b"9" * 5000 + b"}"), 422, "value", "must be a JSON number"),
    "a huge exponent": Bad(note(b"60.5", b"1e999999999"), 422, "value", "more digits"),
    "a huge negative exponent": Bad(note(b"60.5", b"1e-999999999"), 422, "value", "more digits"),
    "10,000 open brackets": Bad(b"[" * 10_000, 400, "structure", "nested deeper"),
    "10,000 nested objects": Bad(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400, "structure", "nested deeper"),
    "10,000 nested items": Bad(_deep_resource(10_000), 400, "structure", "nested deeper"),
    "100 nested items": Bad(_deep_resource(100), 400, "structure", "nested deeper"),
    "10,000 nested elements": Bad(
        f"<Patient {FHIR_NS}>".encode() + b"<extension>" * 10_000, 400, "structure", "nested deeper", XML
    ),
    "the same name twice": Bad(note(b'"gender":', b'"gender": "male", "gender":'), 422, "invalid", "more than once"),
    "a name twice that FHIR does not know": Bad(
        f'{{{PATIENT},"{WORD}":1,"{WORD}":2}}'.encode(), 422, "invalid", "more than once"
    ),
    "a name that FHIR does not know": Bad(f'{{{PATIENT},"{WORD}":1}}'.encode(), 422, "invalid", "not one of Patient"),
    "a type that FHIR does not know": Bad(f'{{"resourceType":"{WORD}"}}'.encode(), 422, "not-supported", "not one of"),
    "a type that is no text": Bad(f'{{"resourceType":["{WORD}"]}}'.encode(), 422, "required", "resourceType"),
    "no type": Bad(f'{{"id":"{WORD}"}}'.encode(), 422, "required", "resourceType"),
    "a path for a type": Bad(b'{"resourceType":"../patient"}', 422, "not-supported", "not one of"),
    "a code that is not bound": Bad(note(b'"female"', f'"{WORD}"'.encode()), 422, "code-invalid", "use one of: female"),
    "a reference of no known type": Bad(
        note(b'"reference": "urn:uuid:3c7d1a30-52c4-4f0e-9a3e-0f6f6a6f0006"', f'"reference": "{WORD}/1"'.encode()),
        422,
        "value",
        "not allowed here",
    ),
    "an element of R5": Bad(
        note(b'"status": "finished"', b'"status": "finished", "actualPeriod": {"start": "2026"}'),
        422,
        "not-supported",
        "FHIR R5",
    ),
    "a media type of FHIR R5": Bad(
        written(message()), 415, "not-supported", "another FHIR version", "application/fhir+json; fhirVersion=5.0"
    ),
    "a charset that is not UTF-8": Bad(
        written(message()), 415, "structure", "UTF-8", "application/fhir+json; charset=iso-8859-1"
    ),
    "a media type of another kind": Bad(WORD.encode(), 415, "not-supported", "media type", "text/csv"),
    "no media type": Bad(written(message()), 415, "not-supported", "media type", ""),
    "XML under a JSON media type": Bad(b"<Patient/>", 400, "structure", "body is XML"),
    "JSON under an XML media type": Bad(written(message()), 400, "structure", "body is JSON", XML),
    "an answer that nobody can write": Bad(
        written(message()), 406, "not-supported", "accepted media types", headers={"Accept": "text/turtle"}
    ),
    "an answer in FHIR R5": Bad(
        written(message()),
        406,
        "not-supported",
        "accepted media types",
        headers={"Accept": "application/fhir+json; fhirVersion=5.0"},
    ),
    "XML that is cut off": Bad(f"<Patient {FHIR_NS}><id value='{WORD}'".encode(), 400, "structure", "parse", XML),
    "XML of another namespace": Bad(
        f"<Patient><id value='{WORD}'/></Patient>".encode(), 400, "structure", "names", XML
    ),
    "XML of a type that FHIR does not know": Bad(f"<{WORD} {FHIR_NS}/>".encode(), 422, "not-supported", "type", XML),
    "an entity bomb": Bad(_bomb(), 400, "structure", "document type declaration", XML),
    "an entity from outside": Bad(_outside(), 400, "structure", "document type declaration", XML),
    "a DOCTYPE in UTF-16": Bad(_bomb().decode().encode("utf-16"), 400, "structure", "UTF-8", XML),
    "XML that declares Latin-1": Bad(
        f"<?xml version='1.0' encoding='iso-8859-1'?><Patient {FHIR_NS}/>".encode(), 400, "structure", "UTF-8", XML
    ),
    "50 MB": Bad(b"", 413, "too-long", "larger than"),
    "50 MB in pieces": Bad(b"", 413, "too-long", "larger than"),
}


def _body(name: str, bad: Bad) -> bytes | Iterator[bytes]:
    if name == "50 MB":
        return b'{"a":"' + b"x" * 50_000_000 + b'"}'
    if name == "50 MB in pieces":
        return (b"x" * 500_000 for _ in range(100))
    return bad.body


@pytest.fixture(scope="module")
def client(edge: Edge) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=edge.url, headers=TOKEN, timeout=60) as calling:
        yield calling


@pytest.mark.parametrize("name", TABLE)
def test_bad_input_to_fhir_gives_a_clear_operation_outcome(name: str, client: httpx.Client, edge: Edge) -> None:
    bad = TABLE[name]
    headers = {"Content-Type": bad.media, **bad.headers} if bad.media else bad.headers
    answer = client.post("/fhir", content=_body(name, bad), headers=headers)
    assert answer.status_code == bad.status
    decoded = decode(answer.content, answer.headers["content-type"])
    assert decoded.issues == ()
    assert decoded.resource is not None
    issues = decoded.resource["issue"]
    assert any(issue["code"] == bad.code and bad.says in issue["details"]["text"] for issue in issues)
    assert WORD not in answer.text
    assert not edge.intake.by_key


@pytest.mark.parametrize("name", ["nothing", "an entity bomb", "50 MB", "text"])
def test_bad_input_to_nav_gives_an_apprec(name: str, client: httpx.Client) -> None:
    answer = client.post("/nav/messages", content=_body(name, TABLE[name]), headers={"Content-Type": "application/xml"})
    assert answer.status_code in {400, 413}
    assert ET.fromstring(answer.content).tag.endswith("AppRec")  # noqa: S314 (our own answer)
    assert WORD not in answer.text


def test_a_bom_is_not_an_error(client: httpx.Client, edge: Edge) -> None:
    answer = client.post("/fhir", content=b"\xef\xbb\xbf" + written(message()), headers={"Content-Type": JSON})
    assert answer.status_code == 202
    edge.intake.by_key.clear()


def test_a_resource_type_that_stands_last_is_found(client: httpx.Client, edge: Edge) -> None:
    bundle = message()
    bundle["resourceType"] = bundle.pop("resourceType")
    assert client.post("/fhir", content=json.dumps(bundle), headers={"Content-Type": JSON}).status_code == 202
    edge.intake.by_key.clear()
