"""A sick-leave message as an EHR sends it, about people who do not exist."""

import copy
import json
from typing import Any

P = "urn:uuid:3c7d1a30-52c4-4f0e-9a3e-0f6f6a6f0001"
D = "urn:uuid:3c7d1a30-52c4-4f0e-9a3e-0f6f6a6f0002"
O = "urn:uuid:3c7d1a30-52c4-4f0e-9a3e-0f6f6a6f0003"  # noqa: E741
Q = "urn:uuid:3c7d1a30-52c4-4f0e-9a3e-0f6f6a6f0004"
F = "urn:uuid:3c7d1a30-52c4-4f0e-9a3e-0f6f6a6f0005"
E = "urn:uuid:3c7d1a30-52c4-4f0e-9a3e-0f6f6a6f0006"
H = "urn:uuid:3c7d1a30-52c4-4f0e-9a3e-0f6f6a6f0007"

_ICPC2 = "urn:oid:2.16.578.1.12.4.1.1.7170"

_MESSAGE: dict[str, Any] = {
    "resourceType": "Bundle",
    "id": "b1",
    "type": "message",
    "identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:uuid:5b6f4b0c-8a0e-4a55-9d3a-0c2f6f0e8d11"},
    "timestamp": "2026-11-02T09:21:00+01:00",
    "entry": [
        {
            "fullUrl": H,
            "resource": {
                "resourceType": "MessageHeader",
                "id": "h1",
                "eventCoding": {"system": "urn:example:events", "code": "sick-note"},
                "source": {"endpoint": "urn:oid:2.16.578.1.12.4.1.2.1"},
                "focus": [{"reference": Q}],
            },
        },
        {
            "fullUrl": P,
            "resource": {
                "resourceType": "Patient",
                "id": "p1",
                "identifier": [{"system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": "13896900216"}],
                "active": True,
                "name": [{"family": "Testnes", "given": ["Prøve", "Anne"]}],
                "gender": "female",
                "birthDate": "1969-09-13",
                "address": [{"line": ["Oppdiktet vei 1"], "city": "OSLO", "period": {"start": "2020-01-01"}}],
            },
        },
        {
            "fullUrl": D,
            "resource": {
                "resourceType": "Practitioner",
                "id": "d1",
                "identifier": [{"system": "urn:oid:2.16.578.1.12.4.1.4.4", "value": "9144889"}],
                "name": [{"family": "Liksomlege", "given": ["Ole"]}],
                "telecom": [{"system": "phone", "value": "+4700000000", "use": "work"}],
            },
        },
        {
            "fullUrl": O,
            "resource": {"resourceType": "Organization", "id": "o1", "active": True, "name": "Påfunn Bedrift AS"},
        },
        {
            "fullUrl": E,
            "resource": {
                "resourceType": "Encounter",
                "id": "e1",
                "status": "finished",
                "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
                "subject": {"reference": P},
                "period": {"start": "2026-11-02T09:00:00+01:00", "end": "2026-11-02T09:20:00+01:00"},
            },
        },
        {
            "fullUrl": Q,
            "resource": {
                "resourceType": "QuestionnaireResponse",
                "id": "q1",
                "questionnaire": "https://www.nav.no/samarbeidspartner/sykmelding/fhir/R4/Questionnaire/V1",
                "status": "completed",
                "subject": {"reference": P},
                "author": {"reference": D},
                "encounter": {"reference": E},
                "authored": "2026-11-02T09:20:00+01:00",
                "item": [
                    {"linkId": "hoveddiagnose", "answer": [{"valueCoding": {"system": _ICPC2, "code": "L84"}}]},
                    {
                        "linkId": "aktivitet",
                        "item": [
                            {"linkId": "aktivitet-type", "answer": [{"valueCoding": {"code": "GRADERT"}}]},
                            {"linkId": "aktivitet-fom", "answer": [{"valueDate": "2026-11-02"}]},
                            {"linkId": "aktivitet-tom", "answer": [{"valueDate": "2026-11-16"}]},
                            {"linkId": "aktivitet-grad", "answer": [{"valueInteger": 60}]},
                        ],
                    },
                    {"linkId": "svangerskapsrelatert", "answer": [{"valueBoolean": False}]},
                    {"linkId": "stilling", "answer": [{"valueDecimal": 60.5}]},
                ],
            },
        },
        {
            "fullUrl": F,
            "resource": {
                "resourceType": "DocumentReference",
                "id": "f1",
                "status": "current",
                "type": {"coding": [{"system": "urn:oid:2.16.578.1.12.4.1.1.9602", "code": "J01-2"}]},
                "subject": {"reference": P},
                "content": [{"attachment": {"contentType": "application/pdf", "data": "JVBERi0xLjQK"}}],
                "context": {"related": [{"reference": Q}], "period": {"start": "2026-11-02", "end": "2026-11-16"}},
            },
        },
    ],
}

HEADER, PATIENT, DOCTOR, ORGANISATION, ENCOUNTER, FORM, DOCUMENT = range(7)


def message() -> dict[str, Any]:
    """Give a fresh copy, to be spoilt."""
    return copy.deepcopy(_MESSAGE)


def resource(bundle: dict[str, Any], index: int) -> dict[str, Any]:
    """Give the resource of an entry."""
    body: dict[str, Any] = bundle["entry"][index]["resource"]
    return body


def batch() -> dict[str, Any]:
    """Give the same as a batch of PUTs with relative references, as NAV's pair has it, with the people along."""
    bundle = message()
    bundle["type"] = "batch"
    del bundle["entry"][HEADER]
    names = {}
    for entry in bundle["entry"]:
        body = entry["resource"]
        name = f"{body['resourceType']}/{body['id']}"
        names[entry.pop("fullUrl")] = name
        entry["request"] = {"method": "PUT", "url": name}
    text = json.dumps(bundle)
    for url, name in names.items():
        text = text.replace(url, name)
    batch_: dict[str, Any] = json.loads(text)
    return batch_


def written(bundle: dict[str, Any]) -> bytes:
    """Write it as JSON."""
    return json.dumps(bundle, ensure_ascii=False).encode()
