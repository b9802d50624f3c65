import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sick_note import (
    DOCTOR,
    DOCUMENT,
    ENCOUNTER,
    FORM,
    HEADER,
    ORGANISATION,
    PATIENT,
    batch,
    message,
    resource,
    written,
)

from adapters.fhir.codec import FHIR_XML, Finding, decode, encode, message_key, reread
from gateway.core.errors import Severity

Spoil = Callable[[dict[str, Any]], object]
QR = f"Bundle.entry[{FORM}].resource"


def found(bundle: dict[str, Any]) -> list[tuple[str, str]]:
    decoded = decode(written(bundle))
    errors = [(issue.code, issue.at) for issue in decoded.issues if issue.severity is Severity.ERROR]
    assert (decoded.resource is None) == bool(errors)
    return errors


def test_a_right_message_comes_through_unchanged() -> None:
    decoded = decode(written(message()))
    assert decoded.issues == ()
    assert json.loads(written(message())) == json.loads(encode(decoded.resource or {}))


@pytest.mark.parametrize("kind", ["batch", "transaction", "collection", "message", "document"])
def test_each_bundle_type_that_carries_a_message_is_read(kind: str) -> None:
    bundle = batch() if kind in {"batch", "transaction"} else message()
    bundle["type"] = kind
    if kind == "document":
        composition = {
            "resourceType": "Composition",
            "status": "final",
            "type": {"text": "sick note"},
            "date": "2026-11-02",
            "author": [{"reference": bundle["entry"][DOCTOR]["fullUrl"]}],
            "title": "Sykmelding",
        }
        bundle["entry"].insert(0, {"fullUrl": "urn:uuid:3c7d1a30-52c4-4f0e-9a3e-0f6f6a6f0009", "resource": composition})
    assert found(bundle) == []


def test_a_message_in_parameters_is_unwrapped_and_its_issues_are_placed_where_the_caller_put_them() -> None:
    bundle = message()
    wrapped = {"resourceType": "Parameters", "parameter": [{"name": "content", "resource": bundle}]}
    assert decode(written(wrapped)).resource == decode(written(bundle)).resource
    resource(bundle, PATIENT)["gender"] = "kvinne"
    assert found(wrapped) == [("code-invalid", f"Parameters.parameter[0].resource.entry[{PATIENT}].resource.gender")]


def test_what_was_accepted_is_read_again_as_it_was() -> None:
    wrapped = {"resourceType": "Parameters", "parameter": [{"name": "content", "resource": message()}]}
    for raw in (written(message()), written(wrapped), encode(message(), FHIR_XML)):
        assert reread(raw) == decode(raw).resource
    with pytest.raises(ValueError, match="does not parse"):
        reread(b"{")


def test_parameters_without_a_message_are_refused() -> None:
    assert found({"resourceType": "Parameters", "parameter": [{"name": "async", "valueBoolean": True}]}) == [
        ("required", "Parameters")
    ]


def at(index: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda bundle: resource(bundle, index)


def put(index: int, name: str, value: object) -> Spoil:
    return lambda b: resource(b, index).__setitem__(name, value)


def drop(index: int, name: str) -> Spoil:
    return lambda b: resource(b, index).pop(name)


FAULTS: dict[str, tuple[Spoil, str, str]] = {
    "a required element is missing": (drop(FORM, "status"), "required", f"{QR}.status"),
    "a required complex element is missing": (
        drop(DOCUMENT, "content"),
        "required",
        "Bundle.entry[6].resource.content",
    ),
    "a required choice is missing": (drop(HEADER, "eventCoding"), "required", "Bundle.entry[0].resource.event"),
    "an unknown element": (put(PATIENT, "favouriteColour", "blue"), "invalid", "Bundle.entry[1].resource"),
    "a misspelt element": (put(PATIENT, "birthDaet", "1969-09-13"), "invalid", "Bundle.entry[1].resource"),
    "an element of R5": (put(HEADER, "definition", "x"), "", ""),
    "an array where one is wanted": (put(PATIENT, "gender", ["female"]), "invalid", "Bundle.entry[1].resource.gender"),
    "one where an array is wanted": (put(PATIENT, "name", {"family": "T"}), "invalid", "Bundle.entry[1].resource.name"),
    "a null": (put(PATIENT, "gender", None), "invalid", "Bundle.entry[1].resource.gender"),
    "a null in an array": (put(PATIENT, "name", [None]), "invalid", "Bundle.entry[1].resource.name[0]"),
    "a null that nothing explains": (
        lambda b: resource(b, PATIENT)["name"][0].__setitem__("given", ["Prøve", None]),
        "invalid",
        "Bundle.entry[1].resource.name[0].given[1]",
    ),
    "an empty array": (put(PATIENT, "telecom", []), "invalid", "Bundle.entry[1].resource.telecom"),
    "an empty object": (put(FORM, "subject", {}), "invalid", f"{QR}.subject"),
    "a string for an object": (put(FORM, "subject", "p1"), "invalid", f"{QR}.subject"),
    "a blank string": (
        lambda b: resource(b, PATIENT)["name"][0].__setitem__("family", " "),
        "value",
        "Bundle.entry[1].resource.name[0].family",
    ),
    "a control character": (
        lambda b: resource(b, PATIENT)["name"][0].__setitem__("family", "a\x00b"),
        "value",
        "Bundle.entry[1].resource.name[0].family",
    ),
    "a string for a boolean": (put(PATIENT, "active", "true"), "value", "Bundle.entry[1].resource.active"),
    "a number for a boolean": (put(PATIENT, "active", 1), "value", "Bundle.entry[1].resource.active"),
    "a string for an integer": (
        lambda b: resource(b, FORM)["item"][1]["item"][3]["answer"][0].__setitem__("valueInteger", "60"),
        "value",
        f"{QR}.item[1].item[3].answer[0].value.ofType(integer)",
    ),
    "a boolean for an integer": (
        lambda b: resource(b, FORM)["item"][1]["item"][3]["answer"][0].__setitem__("valueInteger", True),
        "value",
        f"{QR}.item[1].item[3].answer[0].value.ofType(integer)",
    ),
    "a fraction for an integer": (
        lambda b: resource(b, FORM)["item"][1]["item"][3]["answer"][0].__setitem__("valueInteger", 60.0),
        "value",
        f"{QR}.item[1].item[3].answer[0].value.ofType(integer)",
    ),
    "an integer out of range": (
        lambda b: resource(b, FORM)["item"][1]["item"][3]["answer"][0].__setitem__("valueInteger", 2**31),
        "value",
        f"{QR}.item[1].item[3].answer[0].value.ofType(integer)",
    ),
    "a string for a decimal": (
        lambda b: resource(b, FORM)["item"][3]["answer"][0].__setitem__("valueDecimal", "60.5"),
        "value",
        f"{QR}.item[3].answer[0].value.ofType(decimal)",
    ),
    "two types of one choice": (
        lambda b: resource(b, FORM)["item"][2]["answer"][0].__setitem__("valueString", "nei"),
        "invalid",
        f"{QR}.item[2].answer[0].value",
    ),
    "a code that is not bound": (put(PATIENT, "gender", "kvinne"), "code-invalid", "Bundle.entry[1].resource.gender"),
    "a status that is not bound": (put(FORM, "status", "ferdig"), "code-invalid", f"{QR}.status"),
    "a code with a blank at its end": (put(PATIENT, "gender", "female "), "value", "Bundle.entry[1].resource.gender"),
    "a day that does not exist": (
        put(PATIENT, "birthDate", "1969-02-30"),
        "value",
        "Bundle.entry[1].resource.birthDate",
    ),
    "a day as Norwegians write it": (
        put(PATIENT, "birthDate", "13.09.1969"),
        "value",
        "Bundle.entry[1].resource.birthDate",
    ),
    "a time without a zone": (put(FORM, "authored", "2026-11-02T09:20:00"), "value", f"{QR}.authored"),
    "a time that does not exist": (put(FORM, "authored", "2026-11-02T24:20:00+01:00"), "value", f"{QR}.authored"),
    "an id with an underscore": (put(PATIENT, "id", "p_1"), "value", "Bundle.entry[1].resource.id"),
    "an id of 65 characters": (put(PATIENT, "id", "p" * 65), "value", "Bundle.entry[1].resource.id"),
    "an id with a line feed at its end": (put(PATIENT, "id", "p1\n"), "value", "Bundle.entry[1].resource.id"),
    "a uri with a blank": (put(FORM, "questionnaire", "https://nav no"), "value", f"{QR}.questionnaire"),
    "base64 that is none": (
        lambda b: resource(b, DOCUMENT)["content"][0]["attachment"].__setitem__("data", "JVBERi0xLjQ"),
        "value",
        "Bundle.entry[6].resource.content[0].attachment.data",
    ),
    "a sibling that does not line up": (
        lambda b: resource(b, PATIENT)["name"][0].__setitem__("_given", [{"id": "a"}]),
        "invalid",
        "Bundle.entry[1].resource.name[0].given",
    ),
    "a period that ends first": (
        lambda b: resource(b, DOCUMENT)["context"]["period"].__setitem__("end", "2026-11-01"),
        "invariant",
        "Bundle.entry[6].resource.context.period",
    ),
    "an item nested twice": (
        lambda b: resource(b, FORM)["item"][2].__setitem__("item", [{"linkId": "x"}]),
        "invariant",
        f"{QR}.item[2]",
    ),
    "an extension with nothing in it": (
        put(PATIENT, "extension", [{"url": "urn:x"}]),
        "invariant",
        "Bundle.entry[1].resource.extension[0]",
    ),
    "a modifier extension": (
        put(PATIENT, "modifierExtension", [{"url": "urn:x", "valueBoolean": True}]),
        "extension",
        "Bundle.entry[1].resource.modifierExtension[0]",
    ),
    "a data type that only R4B has": (
        put(PATIENT, "extension", [{"url": "urn:x", "valueRatioRange": {"id": "x"}}]),
        "invalid",
        "Bundle.entry[1].resource.extension[0]",
    ),
    "a resource type that FHIR does not have": (put(ORGANISATION, "resourceType", "Sykmelding"), "not-supported", ""),
    "a resource type of R5": (put(ORGANISATION, "resourceType", "Transport"), "not-supported", ""),
    "no resource type": (drop(ORGANISATION, "resourceType"), "required", "Bundle.entry[3].resource"),
    "a resource type that only R4B has": (put(ORGANISATION, "resourceType", "NutritionProduct"), "not-supported", ""),
    "an abstract type": (put(ORGANISATION, "resourceType", "DomainResource"), "not-supported", ""),
    "two contained resources of one name": (
        put(ORGANISATION, "contained", [{"resourceType": "Basic", "id": "x", "code": {"text": "y"}}] * 2),
        "business-rule",
        "Bundle.entry[3].resource.contained[1]",
    ),
    "a period that ends first by the clock": (
        put(ENCOUNTER, "period", {"start": "2026-11-02T09:00:00+01:00", "end": "2026-11-02T08:30:00+01:00"}),
        "invariant",
        "Bundle.entry[4].resource.period",
    ),
    "a number for a text": (
        lambda b: resource(b, PATIENT)["name"][0].__setitem__("family", 1),
        "value",
        "Bundle.entry[1].resource.name[0].family",
    ),
    "a text of more than a million characters": (
        lambda b: resource(b, PATIENT)["name"][0].__setitem__("family", "x" * 1_048_577),
        "value",
        "Bundle.entry[1].resource.name[0].family",
    ),
    "a narrative that is no XHTML": (
        put(PATIENT, "text", {"status": "generated", "div": "Hei"}),
        "value",
        "Bundle.entry[1].resource.text.div",
    ),
    "a response in a message": (
        lambda b: b["entry"][1].__setitem__("response", {"status": "201"}),
        "invariant",
        "Bundle.entry[1].response",
    ),
    "a fullUrl that names a version": (
        lambda b: b["entry"][ORGANISATION].__setitem__("fullUrl", "https://ehr.example/Organization/o1/_history/2"),
        "invariant",
        "Bundle.entry[3].fullUrl",
    ),
    "a data type for a resource": (put(ORGANISATION, "resourceType", "HumanName"), "not-supported", ""),
    # the bundle
    "a bundle type that is no message": (lambda b: b.__setitem__("type", "searchset"), "not-supported", "Bundle.type"),
    "no entries": (lambda b: b.pop("entry"), "required", "Bundle"),
    "a total": (lambda b: b.__setitem__("total", 7), "invariant", "Bundle.total"),
    "a search in an entry": (
        lambda b: b["entry"][1].__setitem__("search", {"mode": "match"}),
        "invariant",
        "Bundle.entry[1].search",
    ),
    "a request in a message": (
        lambda b: b["entry"][1].__setitem__("request", {"method": "PUT", "url": "Patient/p1"}),
        "invariant",
        "Bundle.entry[1].request",
    ),
    "an entry without a resource": (
        lambda b: b["entry"].append({"fullUrl": "urn:x:1"}),
        "invariant",
        "Bundle.entry[7]",
    ),
    "a fullUrl twice": (
        lambda b: b["entry"][3].__setitem__("fullUrl", b["entry"][2]["fullUrl"]),
        "invariant",
        "Bundle.entry[3].fullUrl",
    ),
    "a message that does not begin with its header": (
        lambda b: b["entry"].append(b["entry"].pop(0)),
        "invariant",
        "Bundle.entry[0].resource",
    ),
    # the references
    "a reference to nothing": (
        lambda b: resource(b, FORM)["encounter"].__setitem__(
            "reference", "urn:uuid:00000000-0000-4000-8000-000000000000"
        ),
        "not-found",
        f"{QR}.encounter",
    ),
    "a reference to a contained resource that is not there": (
        lambda b: resource(b, FORM)["encounter"].__setitem__("reference", "#e1"),
        "invariant",
        f"{QR}.encounter",
    ),
    "a reference to the wrong type": (
        lambda b: resource(b, FORM).__setitem__("encounter", {"reference": b["entry"][DOCTOR]["fullUrl"]}),
        "value",
        f"{QR}.encounter",
    ),
    "a patient who is elsewhere": (
        lambda b: resource(b, FORM)["subject"].__setitem__("reference", "Patient/another"),
        "business-rule",
        f"{QR}.subject",
    ),
    "a certifier who is elsewhere": (
        lambda b: resource(b, FORM)["author"].__setitem__("reference", "Practitioner/another"),
        "not-found",
        f"{QR}.author",
    ),
    "a patient referred to and yet known by another number": (
        lambda b: resource(b, ENCOUNTER)["subject"].__setitem__(
            "identifier", {"system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": "01819012345"}
        ),
        "business-rule",
        "Bundle.entry[4].resource.subject",
    ),
    "a patient known by another number": (
        lambda b: resource(b, ENCOUNTER).__setitem__(
            "subject", {"identifier": {"system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": "01819012345"}}
        ),
        "business-rule",
        "Bundle.entry[4].resource.subject",
    ),
}
FAULTS["an element of R5"] = (
    lambda b: resource(b, ENCOUNTER).__setitem__("actualPeriod", {"start": "2026-11-02"}),
    "not-supported",
    "Bundle.entry[4].resource",
)


@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_gives_one_issue_at_its_place(name: str) -> None:
    spoil, code, place = FAULTS[name]
    bundle = message()
    spoil(bundle)
    issues = found(bundle)
    assert (code, place or f"Bundle.entry[{ORGANISATION}].resource") in issues
    assert len(issues) == 1


def test_a_misspelt_element_is_answered_with_the_nearest_name_and_never_with_what_stood_there() -> None:
    bundle = message()
    resource(bundle, PATIENT)["birthDaet"] = "1969-09-13"
    (issue,) = decode(written(bundle)).issues
    assert "birthDate" in issue.what
    assert "birthDaet" not in str(issue)


def test_five_faults_in_three_entries_are_five_issues() -> None:
    bundle = message()
    resource(bundle, PATIENT)["gender"] = "kvinne"
    resource(bundle, PATIENT)["birthDate"] = "1969-02-30"
    resource(bundle, FORM)["status"] = None
    resource(bundle, FORM)["encounter"]["reference"] = "#nowhere"
    resource(bundle, DOCUMENT).pop("content")
    assert sorted(found(bundle)) == [
        ("code-invalid", "Bundle.entry[1].resource.gender"),
        ("invalid", f"{QR}.status"),
        ("invariant", f"{QR}.encounter"),
        ("required", "Bundle.entry[6].resource.content"),
        ("value", "Bundle.entry[1].resource.birthDate"),
    ]


def test_an_entry_without_a_patient_first_does_not_shift_the_others() -> None:
    bundle = batch()
    bundle["entry"].insert(0, {"request": {"method": "DELETE", "url": "Task/1"}})
    resource(bundle, PATIENT)["gender"] = "kvinne"  # one further on than before
    assert ("code-invalid", f"Bundle.entry[{PATIENT}].resource.gender") in found(bundle)
    assert ("not-supported", "Bundle.entry[0].request.method") in found(bundle)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-02T00:30:00+02:00", "2026-11-01T23:00:00Z"),
        ("2026-11", "2026-11-01"),
        ("2026-11-30", "2026-11"),
        ("2026-11-02", "2026-11-02T00:00:00Z"),
        ("2026-11-02T09:00:60Z", "2026-11-02T09:00:60Z"),
    ],
)
def test_a_period_in_order_is_right_whatever_its_zones_and_precision(start: str, end: str) -> None:
    bundle = message()
    resource(bundle, ENCOUNTER)["period"] = {"start": start, "end": end}
    assert found(bundle) == []


def test_a_contained_resource_does_not_contain() -> None:
    bundle = message()
    inner = {"resourceType": "Basic", "id": "y", "code": {"text": "y"}}
    resource(bundle, ORGANISATION)["contained"] = [{**inner, "id": "x", "contained": [inner]}]
    assert found(bundle) == [("invariant", "Bundle.entry[3].resource.contained[0]")]


def test_a_batch_says_for_each_entry_what_to_do() -> None:
    bundle = batch()
    del bundle["entry"][2]["request"]
    assert found(bundle) == [("invariant", "Bundle.entry[2].request")]


def test_a_document_has_a_composition_an_identifier_and_a_time() -> None:
    bundle = message()
    bundle["type"] = "document"
    del bundle["identifier"], bundle["timestamp"]
    assert found(bundle) == [
        ("invariant", "Bundle.entry[0].resource"),
        ("invariant", "Bundle.identifier"),
        ("invariant", "Bundle.timestamp"),
    ]


def test_no_more_issues_are_listed_than_anybody_reads() -> None:
    bundle = message()
    resource(bundle, FORM)["item"] = [{"linkId": ""}] * 1000
    assert len(decode(written(bundle)).issues) == 200


def test_two_patients_are_refused_even_if_nothing_refers_to_the_second() -> None:
    bundle = message()
    bundle["entry"].append({"fullUrl": "urn:x:2", "resource": {"resourceType": "Patient", "id": "p2"}})
    assert found(bundle) == [("business-rule", "Bundle.entry[7].resource")]


def test_two_resources_with_one_name_are_refused_since_a_reference_could_mean_either() -> None:
    bundle = batch()
    bundle["entry"].append(bundle["entry"][DOCTOR - 1])
    assert found(bundle) == [("business-rule", "Bundle.entry[6].resource.id")]


def test_two_patients_are_refused_also_when_neither_is_in_the_bundle() -> None:
    bundle = batch()
    del bundle["entry"][PATIENT - 1]
    resource(bundle, ENCOUNTER - 2)["subject"]["reference"] = "Patient/another"
    assert ("business-rule", f"Bundle.entry[{FORM - 2}].resource.subject") in found(bundle)


def test_a_link_from_the_patient_to_another_record_of_theirs_is_no_other_patient() -> None:
    bundle = batch()
    resource(bundle, PATIENT - 1)["link"] = [{"other": {"reference": "Patient/old"}, "type": "replaces"}]
    assert found(bundle) == []


def test_a_reference_to_a_version_is_one_to_the_resource() -> None:
    bundle = batch()
    resource(bundle, FORM - 1)["subject"]["reference"] += "/_history/3"
    assert decode(written(bundle)).issues == ()


def test_contained_resources_refer_to_each_other_and_to_what_contains_them() -> None:
    bundle = message()
    one = {"resourceType": "Basic", "id": "one", "code": {"text": "x"}, "author": {"reference": "#two"}}
    two = {"resourceType": "Practitioner", "id": "two"}
    three = {"resourceType": "Basic", "id": "three", "code": {"text": "x"}, "subject": {"reference": "#"}}
    resource(bundle, ORGANISATION)["contained"] = [one, two, three]
    assert found(bundle) == []
    one["author"] = {"reference": "#none"}
    assert found(bundle) == [("invariant", "Bundle.entry[3].resource.contained[0].author")]


@pytest.mark.parametrize(
    ("given", "sibling", "right"),
    [
        (["Prøve", None], [None, {"id": "a"}], True),
        (["Prøve", "Anne"], [None, {"extension": [{"url": "urn:x", "valueCode": "y"}]}], True),
        (["Prøve", None], [{"id": "a"}, None], False),
        (["Prøve", "Anne"], [None, {}], False),
        (["Prøve"], {"id": "a"}, False),
        (["Prøve"], [], False),
        (["Prøve"], ["a"], False),
    ],
)
def test_the_extensions_of_an_array_line_up_with_it(given: object, sibling: object, right: bool) -> None:
    bundle = message()
    resource(bundle, PATIENT)["name"][0] |= {"given": given, "_given": sibling}
    assert {code for code, _ in found(bundle)} == (set() if right else {"invalid"})


@pytest.mark.parametrize("sibling", [[], 5, None, "a", {"id": "a"}])
def test_extensions_of_an_array_that_is_not_there_are_an_array_all_the_same(sibling: object) -> None:
    bundle = message()
    name = resource(bundle, PATIENT)["name"][0]
    del name["given"]
    name["_given"] = sibling
    assert found(bundle) == [("invalid", "Bundle.entry[1].resource.name[0].given")]


def test_a_value_that_only_an_extension_explains_is_there() -> None:
    bundle = message()
    del resource(bundle, FORM)["status"]
    resource(bundle, FORM)["_status"] = {"extension": [{"url": "urn:x", "valueCode": "unknown"}]}
    assert found(bundle) == []
    resource(bundle, FORM)["_status"] = None
    assert found(bundle) == [("invalid", f"{QR}.status")]


def test_an_extension_does_not_hold_a_value_and_extensions_at_once() -> None:
    bundle = message()
    inner = {"url": "urn:y", "valueCode": "y"}
    resource(bundle, PATIENT)["extension"] = [{"url": "urn:x", "valueCode": "x", "extension": [inner]}]
    assert found(bundle) == [("invariant", "Bundle.entry[1].resource.extension[0]")]


def test_a_condition_says_its_status_in_fhirs_own_codes_beside_any_others() -> None:
    bundle = message()
    condition: dict[str, Any] = {"resourceType": "Condition", "id": "k1", "subject": {"reference": "Patient/p1"}}
    bundle["entry"].append({"fullUrl": "urn:uuid:3c7d1a30-52c4-4f0e-9a3e-0f6f6a6f0008", "resource": condition})
    condition["clinicalStatus"] = {"coding": [{"system": "urn:x", "code": "pågår"}, {"code": "active"}]}
    assert found(bundle) == []
    condition["clinicalStatus"] = {"coding": [{"system": "urn:x", "code": "pågår"}]}
    assert found(bundle) == [("code-invalid", "Bundle.entry[7].resource.clinicalStatus")]


def test_references_that_leave_the_bundle_are_warnings_where_a_sick_note_can_do_without() -> None:
    bundle = batch()
    resource(bundle, FORM - 1)["encounter"]["reference"] = "Encounter/elsewhere"
    decoded = decode(written(bundle))
    assert [(i.severity, i.at) for i in decoded.issues] == [
        (Severity.WARNING, f"Bundle.entry[{FORM - 1}].resource.encounter")
    ]
    assert decoded.resource is not None


def test_a_contained_patient_is_the_patient() -> None:
    bundle = message()
    form = resource(bundle, FORM)
    form["contained"] = [{**resource(bundle, PATIENT), "id": "pat"}]
    form["subject"] = {"reference": "#pat"}
    del bundle["entry"][PATIENT]
    assert {code for code, _ in found(bundle)} == {"not-found"}  # the others still point at the entry that went
    for index in (ENCOUNTER - 1, DOCUMENT - 1):
        del resource(bundle, index)["subject"]
    assert found(bundle) == []


def test_absolute_and_relative_references_resolve_by_the_full_url() -> None:
    bundle = message()
    text = written(bundle).decode()
    for entry in bundle["entry"]:
        body = entry["resource"]
        text = text.replace(entry["fullUrl"], f"https://ehr.example/fhir/{body['resourceType']}/{body['id']}")
    relative = text.replace('"reference": "https://ehr.example/fhir/', '"reference": "')
    assert decode(text.encode()).issues == decode(relative.encode()).issues == ()


def test_a_name_given_twice_is_reported_at_its_place() -> None:
    raw = written(message()).replace(b'"gender": "female"', b'"gender": "male", "gender": "female"')
    assert [(i.code, i.at) for i in decode(raw).issues] == [("invalid", "Bundle.entry[1].resource.gender")]


def test_decimals_keep_every_digit() -> None:
    raw = written(message()).replace(b"60.5", b"60.500000000000000000010")
    decoded = decode(raw)
    assert decoded.resource is not None
    value = resource(decoded.resource, FORM)["item"][3]["answer"][0]["valueDecimal"]
    assert value == Decimal("60.500000000000000000010")
    assert b"60.500000000000000000010" in encode(decoded.resource)


def test_xml_says_the_same_as_json() -> None:
    decoded = decode(written(message()))
    xml = encode(decoded.resource or {}, FHIR_XML)
    again = decode(xml)
    assert again.issues == ()
    assert again.resource == decoded.resource


def test_xml_faults_are_placed_as_json_faults_are() -> None:
    xml = encode(message(), FHIR_XML)
    assert [(i.code, i.at) for i in decode(xml.replace(b'gender value="female"', b'gender value="kvinne"')).issues] == [
        ("code-invalid", "Bundle.entry[1].resource.gender")
    ]
    assert [i.at for i in decode(xml.replace(b'value="60"', b'value="seksti"')).issues] == [
        f"{QR}.item[1].item[3].answer[0].value.ofType(integer)"
    ]
    twice = decode(xml.replace(b'<gender value="female"/>', b'<gender value="female"/><gender value="male"/>'))
    assert [(i.code, i.at) for i in twice.issues] == [("invalid", "Bundle.entry[1].resource.gender")]
    stray = decode(xml.replace(b'<gender value="female"/>', b'<gender value="female">kvinne</gender>'))
    assert [i.at for i in stray.issues] == ["Bundle.entry[1].resource.gender"]


def test_xml_comments_and_processing_instructions_say_nothing() -> None:
    xml = encode(message(), FHIR_XML).replace(b"<gender", b"<?pi x?><!-- c --><gender")
    assert decode(xml).issues == ()


def test_the_message_names_itself_by_identifier_then_header_then_bytes() -> None:
    bundle = message()
    by_identifier = message_key(written(bundle))
    assert by_identifier == "identifier:urn:ietf:rfc:3986|urn:uuid:5b6f4b0c-8a0e-4a55-9d3a-0c2f6f0e8d11"
    assert message_key(encode(bundle, FHIR_XML)) == by_identifier
    del bundle["identifier"]
    assert message_key(written(bundle)) == "header:h1"
    del resource(bundle, HEADER)["id"]
    assert message_key(written(bundle)).startswith("sha256:")
    assert message_key(b"not a message") != message_key(b"not a message either")


def test_every_finding_can_be_said_without_words_left_open() -> None:
    words = dict.fromkeys(("limit", "found", "said", "element", "type", "codes", "types"), "x")
    for finding in Finding:
        issue = finding.at("Bundle", **words)
        assert "{" not in str(issue)
        assert issue.what[0].islower() or issue.what.startswith(("{", "JSON", "DOCTYPE", "Parameters"))
        assert not issue.what.endswith(".")
        assert not issue.mend.endswith(".")


@pytest.mark.parametrize("raw", [
    b'<Bundle xmlns="http://hl7.org/fhir"' + b"".join(b' a%d=""' % n for n in range(480_000)) + b"/>",
    b'{"resourceType":"Bundle","type":"collection","entry":[' + b"{}," * 800_000 + b"{}]}",
    b'<Bundle xmlns="http://hl7.org/fhir">' + b"<entry/>" * 400_000 + b"</Bundle>",
], ids=["attributes", "entries", "elements"])  # fmt: skip
def test_what_would_cost_more_to_read_than_any_message_is_worth_is_refused_before(raw: bytes) -> None:
    began = time.process_time()
    issues = decode(raw).issues
    assert [issue.code for issue in issues] == ["too-costly"]
    assert time.process_time() - began < 0.5
