"""Of several entries, numbers, names and codes a reader takes the one that the message means, and never just the first.

Each case changes the sandbox's clinical Bundle. What is refused names the place; what is taken is looked at in the
record, and the account of it holds every leaf once.
"""

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from accounts import json_leaves

from gateway.core.errors import Severity
from gateway.core.message import Parsed
from gateway.wiring.formats import installed

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "mappings/fhir").glob("*/examples/*.in.json"))
SANDBOX = ROOT / "gateway/sandbox/messages"
FNR, HPR, ORGNR = (f"urn:oid:2.16.578.1.12.4.1.4.{n}" for n in (1, 4, 101))
OLD, NEW = "02917923100", "08886818182"
URL = "urn:uuid:11111111-2222-4333-8444-55555555555{}"

Note = dict[str, Any]
Change = Callable[[Note], object]


def read(note: Note) -> Parsed[Any]:
    parsed = installed()[1]["fhir"].parse(json.dumps(note).encode(), report=True)
    if parsed.rows:
        assert len(parsed.rows) == json_leaves(note)
    return parsed


def clinical(*changes: Change) -> Note:
    note: Note = json.loads((SANDBOX / "clinical.json").read_bytes())
    for change in changes:
        change(note)
    return note


def the(note: Note, kind: str) -> Note:
    return next(e["resource"] for e in note["entry"] if e["resource"]["resourceType"] == kind)


def url(note: Note, kind: str) -> str:
    return next(e["fullUrl"] for e in note["entry"] if e["resource"]["resourceType"] == kind)


def put(kind: str, **elements: Any) -> Change:
    return lambda note: the(note, kind).update(copy.deepcopy(elements))


def without(kind: str, *names: str) -> Change:
    return lambda note: [the(note, kind).pop(name) for name in names]


def add(number: int, resource: Note, at: int = 1) -> Change:
    return lambda note: note["entry"].insert(at, {"fullUrl": URL.format(number), "resource": copy.deepcopy(resource)})


def pointing(kind: str, name: str, at: str) -> Change:
    return lambda note: the(note, kind).update({name: {"reference": at if ":" in at else url(note, at)}})


def role(note: Note) -> None:
    """Let the author be a role of the practitioner who was the author, at the office."""
    who, where = the(note, "QuestionnaireResponse")["author"], {"reference": url(note, "Organization")}
    add(3, {"resourceType": "PractitionerRole", "practitioner": who, "organization": where})(note)
    pointing("QuestionnaireResponse", "author", URL.format(3))(note)


def coding(*codings: Note) -> Change:
    return lambda note: the(note, "Condition")["code"].update(
        coding=[*codings, *the(note, "Condition")["code"]["coding"]]
    )


def coded(code: str, system: str | None = "urn:oid:2.16.578.1.12.4.1.1.7170") -> Change:
    return put("Condition", code={"coding": [{"code": code} | ({"system": system} if system else {})]})


COLLEAGUE = add(
    1,
    {
        "resourceType": "Practitioner",
        "identifier": [{"system": HPR, "value": "9990002"}],
        "name": [{"family": "Annenlege"}],
    },
)
EMPLOYER = add(
    2,
    {
        "resourceType": "Organization",
        "identifier": [{"system": ORGNR, "value": "313000001"}],
        "name": "Arbeidsgiver AS",
    },
)
ICD = {"system": "urn:oid:2.16.578.1.12.4.1.1.7110", "code": "M54.5"}
SNOMED = {"system": "http://snomed.info/sct", "code": "279039007"}


def number(value: str, **said: Any) -> Note:
    return {"system": FNR, "value": value, **said}


def certifier(parsed: Parsed[Any]) -> object:
    return parsed.record.certifier.name.family


def office(parsed: Parsed[Any]) -> object:
    return parsed.record.sender.name


def person(parsed: Parsed[Any]) -> object:
    return parsed.record.patient.id.value


def family(parsed: Parsed[Any]) -> object:
    return parsed.record.patient.name.family


def street(parsed: Parsed[Any]) -> object:
    return parsed.record.patient.address.street


def main(parsed: Parsed[Any]) -> object:
    return parsed.record.diagnosis.main.code


Case = tuple[tuple[Change, ...], Callable[[Parsed[Any]], object], object]
TAKEN: dict[str, Case] = {
    "the certifier is the author, and no colleague": ((COLLEAGUE,), certifier, "Rypefjell"),
    "the author may be a role": ((role, COLLEAGUE), certifier, "Rypefjell"),
    "the author may be named by a number": (
        (put("QuestionnaireResponse", author={"identifier": {"system": HPR, "value": "9990001"}}), COLLEAGUE),
        certifier,
        "Rypefjell",
    ),
    "the header says who sends": ((EMPLOYER,), office, "Fjellvik legekontor"),
    "the consultation says who sends": ((EMPLOYER, without("MessageHeader", "sender")), office, "Fjellvik legekontor"),
    "the author's role says who sends": (
        (role, EMPLOYER, without("MessageHeader", "sender"), without("Encounter", "serviceProvider")),
        office,
        "Fjellvik legekontor",
    ),
    "an old number": ((put("Patient", identifier=[number(OLD, use="old"), number(NEW, use="official")]),), person, NEW),
    "an official number": ((put("Patient", identifier=[number(OLD), number(NEW, use="official")]),), person, NEW),
    "a number that is over": (
        (put("Patient", identifier=[number(OLD, period={"end": "2020"}), number(NEW)]),),
        person,
        NEW,
    ),
    "a number that is not yet": (
        (put("Patient", identifier=[number(OLD, period={"start": "2026-11-20"}), number(NEW)]),),
        person,
        NEW,
    ),
    "a number that ends today holds": (
        (put("Patient", identifier=[number(NEW, period={"end": "2026-11-19"})]),),
        person,
        NEW,
    ),
    "a number of the sender's own": (
        (put("Patient", identifier=[{"system": "urn:local", "value": "12"}, number(NEW)]),),
        person,
        NEW,
    ),
    "the same number twice": ((put("Patient", identifier=[number(NEW), number(NEW)]),), person, NEW),
    "a maiden name": (
        (put("Patient", name=[{"use": "maiden", "family": "Lyng"}, {"use": "official", "family": "Blåveis"}]),),
        family,
        "Blåveis",
    ),
    "an old address": (
        (put("Patient", address=[{"use": "old", "line": ["Lia 1"]}, {"use": "home", "line": ["Lia 2"]}]),),
        street,
        "Lia 2",
    ),
    "a certifier's address at home": (
        (put("Practitioner", address=[{"use": "home", "line": ["Lia 1"]}, {"use": "work", "line": ["Lia 2"]}]),),
        lambda parsed: parsed.record.certifier.address.street,
        "Lia 2",
    ),
    "an old telephone": (
        (put("Patient", telecom=[{"system": "phone", "use": "old", "value": "55550102"}]),),
        lambda parsed: parsed.record.patient.telecoms,
        (),
    ),
    "a code of another system": ((coding(SNOMED),), main, "L03"),
    "the code that the certifier chose": ((coding({**ICD, "userSelected": True}),), main, "M54.5"),
    "a diagnosis that is not yet confirmed": (
        (put("Condition", verificationStatus={"coding": [{"code": "provisional"}]}),),
        main,
        "L03",
    ),
    "a patient who is said to live": ((put("Patient", deceasedBoolean=False, active=True),), person, NEW),
    "a record that replaces another": (
        (lambda note: put("Patient", link=[{"other": {"reference": url(note, "Patient")}, "type": "replaces"}])(note),),
        person,
        NEW,
    ),
}
FORM, PATIENT = "QuestionnaireResponse", "Patient"
REFUSED: dict[str, tuple[tuple[Change, ...], str]] = {
    "several practitioners and no author": ((COLLEAGUE, without(FORM, "author")), "entry[1]"),
    "a patient for an author": ((pointing(FORM, "author", PATIENT),), ".author"),
    "a patient for an author, and several practitioners": ((COLLEAGUE, pointing(FORM, "author", PATIENT)), "entry[1]"),
    "an author by a number that is another's": (
        (put(FORM, author={"identifier": {"system": HPR, "value": "9990002"}}),),
        ".author",
    ),
    "a form that another answered": ((COLLEAGUE, pointing(FORM, "source", URL.format(1))), ".source"),
    "several offices and nothing that tells": (
        (EMPLOYER, without("MessageHeader", "sender"), without("Encounter", "serviceProvider")),
        "entry[1]",
    ),
    "two numbers": ((put(PATIENT, identifier=[number(OLD), number(NEW)]),), "identifier[0]"),
    "two official numbers": (
        (put(PATIENT, identifier=[number(OLD, use="official"), number(NEW, use="official")]),),
        "identifier[1]",
    ),
    "no number of a known system": (
        (put(PATIENT, identifier=[{"system": "urn:local", "value": "12"}]),),
        "identifier[0].system",
    ),
    "two names": ((put(PATIENT, name=[{"family": "Lyng"}, {"family": "Blåveis"}]),), "name[0]"),
    "two codes that are known": ((coding(ICD),), "code.coding[1]"),
    "codes of unknown systems only": (
        (put("Condition", code={"coding": [SNOMED]}),),
        "code.coding[0].system",
    ),
    "a code of no ICPC-2 code's form": ((coded("XX99"),), "entry[5].resource"),
    "an ICPC-2 code with a part of another's": ((coded("L03.1"),), "entry[5].resource"),
    "an ICD-10 code in small letters": ((coded("m54.5", ICD["system"]),), "entry[5].resource"),
    "a diagnosis in words only": ((put("Condition", code={"text": "vondt i ryggen"}),), "entry[5].resource"),
    "a code that is of no system": ((coded("L03", None),), "entry[5].resource"),
    "several diagnoses of which none is the main one": ((without("Encounter", "diagnosis"),), "Bundle.entry"),
    "a dead patient": ((put(PATIENT, deceasedBoolean=True),), ".deceasedBoolean"),
    "a patient with a day of death": ((put(PATIENT, deceasedDateTime="2026-11-01"),), ".deceasedDateTime"),
    "a record that is not in use": ((put(PATIENT, active=False),), ".active"),
    "a record that was replaced": (
        (lambda note: put(PATIENT, link=[{"other": {"reference": url(note, PATIENT)}, "type": "replaced-by"}])(note),),
        "link[0].type",
    ),
    "rules that nobody has agreed": ((lambda note: note.update(implicitRules="urn:x"),), "Bundle.implicitRules"),
    "rules for one resource": ((put(PATIENT, implicitRules="urn:x"),), "resource.implicitRules"),
    "a consultation that was a mistake": ((put("Encounter", status="entered-in-error"),), ".status"),
    "a diagnosis that is past": (
        (put("Condition", clinicalStatus={"coding": [{"code": "resolved"}]}),),
        "clinicalStatus.coding[0].code",
    ),
    "a diagnosis with an end": ((put("Condition", abatementDateTime="2020-01-01"),), ".abatementDateTime"),
    "a diagnosis with an end in words": ((put("Condition", abatementString="i fjor"),), ".abatement"),
} | {
    f"a form that is {status}": ((put(FORM, status=status),), ".status")
    for status in ("in-progress", "stopped", "entered-in-error")
} | {
    f"a diagnosis that is {status}": (
        (put("Condition", verificationStatus={"coding": [{"code": status}]}),),
        "verificationStatus.coding[0].code",
    )
    for status in ("refuted", "entered-in-error", "differential")
}  # fmt: skip


@pytest.mark.parametrize(("changes", "look", "found"), TAKEN.values(), ids=TAKEN)
def test_what_is_meant_is_taken_and_the_rest_is_told(changes: Any, look: Any, found: object) -> None:
    parsed = read(clinical(*changes))
    assert not parsed.issues or {issue.severity for issue in parsed.issues} == {Severity.WARNING}
    assert look(parsed) == found


@pytest.mark.parametrize(("changes", "place"), REFUSED.values(), ids=REFUSED)
def test_what_is_open_or_does_not_hold_is_refused_at_its_place(changes: Any, place: str) -> None:
    parsed = read(clinical(*changes))
    assert parsed.record is None
    places = [issue.at for issue in parsed.issues if issue.severity is Severity.ERROR]
    assert any(place in at for at in places), places
    assert all(issue.mend for issue in parsed.issues)


def test_the_diagnoses_that_the_consultation_names_come_by_rank_and_the_others_by_code() -> None:
    more = [
        {**clinical()["entry"][5]["resource"], "code": {"coding": [{**ICD, "code": code}]}} for code in ("M99", "B01")
    ]
    note = clinical(
        add(5, more[0]), add(6, more[1], 8), lambda note: the(note, "Encounter")["diagnosis"][0].pop("rank")
    )
    diagnosis = read(note).record.diagnosis
    assert [diagnosis.main.code, *(one.code for one in diagnosis.others)] == ["A04", "L03", "B01", "M99"]
    note["entry"][1:] = reversed(note["entry"][1:])
    assert read(note).record.diagnosis == diagnosis


def test_what_stays_behind_is_told_with_its_reason() -> None:
    rows = read(clinical(COLLEAGUE, put("Patient", identifier=[number(OLD, use="old"), number(NEW)]))).rows
    told = {row.why for row in rows if row.outcome == "unmapped"}
    assert {"another Practitioner than the certifier", "its use says that it does not hold"} <= told


@pytest.mark.parametrize("path", [*EXAMPLES, *sorted(SANDBOX.glob("[!f]*.json"))], ids=lambda path: path.stem)
def test_the_order_of_the_entries_means_nothing(path: Path) -> None:
    bundle = json.loads(path.read_bytes())
    parse = installed()[1]["fhir"].parse
    meant, shuffle = parse(json.dumps(bundle).encode()).record, random.Random(path.stem)  # noqa: S311 (an order)
    assert meant is not None
    header = [e for e in bundle["entry"] if e["resource"]["resourceType"] == "MessageHeader"]
    others = [e for e in bundle["entry"] if e not in header]
    for _ in range(4):
        shuffle.shuffle(others)
        assert parse(json.dumps({**bundle, "entry": [*header, *others]}).encode()).record == meant
