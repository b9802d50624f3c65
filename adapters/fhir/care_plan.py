"""The timeline of a sick-leave case as FHIR R4: a CarePlan, and a Task for each point that is to be done. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from gateway.model.common import Identifier
from gateway.model.timeline import Due, Entry

SYSTEM = "https://samspill.example/fhir/CodeSystem/follow-up-point"
PERSONS = {
    "national-number": "urn:oid:2.16.578.1.12.4.1.4.1",
    "d-number": "urn:oid:2.16.578.1.12.4.1.4.2",
    "personnummer": "urn:oid:1.2.752.129.2.1.3.1",
    "samordningsnummer": "urn:oid:1.2.752.129.2.1.3.3",
}
STATUS = {Due.AHEAD: "requested", Due.PASSED: "requested", Due.NOT_REACHED: "cancelled"}
"""A point whose day has passed is still asked for: nothing here knows whether it was done."""

PLAN = "urn:uuid:00000000-0000-4000-8000-000000000000"


def bundle(person: Identifier | None, first: date, entries: Sequence[Entry]) -> Mapping[str, Any]:
    """Give a collection Bundle: the CarePlan first, then its Tasks in order of their days."""
    subject = _subject(person)
    tasks = [(f"urn:uuid:00000000-0000-4000-8000-{n:012x}", entry) for n, entry in enumerate(entries, 1)]
    plan = {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "title": "Oppfølging av sykefravær",
        "subject": subject,
        "period": {"start": first.isoformat()},
        "activity": [{"reference": {"reference": url}} for url, _ in tasks],
    }
    found = [{"fullUrl": PLAN, "resource": plan}, *({"fullUrl": u, "resource": _task(e, subject)} for u, e in tasks)]
    return {"resourceType": "Bundle", "type": "collection", "entry": found}


def _subject(person: Identifier | None) -> Mapping[str, Any]:
    if person is None:
        return {"type": "Patient", "display": "(ansattnummer hos arbeidsgiver)"}
    return {"type": "Patient", "identifier": {"system": PERSONS[person.kind], "value": person.value}}


def _task(entry: Entry, subject: Mapping[str, Any]) -> Mapping[str, Any]:
    point = entry.point
    return {
        "resourceType": "Task",
        "basedOn": [{"reference": PLAN}],
        "status": STATUS[entry.due],
        "intent": "plan",
        "code": {"coding": [{"system": SYSTEM, "code": point.id}], "text": point.nb},
        "description": point.en,
        "for": subject,
        "reasonCode": {"text": point.basis},
        "restriction": {"period": {"end": entry.by.isoformat()}},
    }
