"""A notice to a patient as a FHIR R4 Communication, in two languages. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

CATEGORY = "https://samspill.example/fhir/CodeSystem/notice"
MESSAGE = "https://samspill.example/fhir/NamingSystem/message"
LANGUAGE = "http://hl7.org/fhir/StructureDefinition/language"


@dataclass(frozen=True, slots=True)
class Note:
    """A notice: its id, what kind it is, when (epoch seconds, UTC), about which message, and its words by language."""

    id: str
    kind: str
    at: float
    about: str
    texts: Mapping[str, str]


def communications(notes: Iterable[Note], base: str) -> dict[str, Any]:
    """Give all of a patient's notices as a search Bundle."""
    entries = [
        {
            "fullUrl": f"{base}/Communication/{one.id}",
            "resource": communication(one),
            "search": {"mode": "match"},
        }
        for one in notes
    ]
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(entries)}
    return bundle | ({"entry": entries} if entries else {})


def communication(note: Note) -> dict[str, Any]:
    """Give one notice; each language is a payload of its own, marked by the standard extension `language`."""
    return {
        "resourceType": "Communication",
        "id": note.id,
        "status": "completed",
        "category": [{"coding": [{"system": CATEGORY, "code": note.kind}]}],
        "about": [{"identifier": {"system": MESSAGE, "value": note.about}}],
        "sent": datetime.fromtimestamp(note.at, UTC).isoformat(timespec="seconds"),
        "payload": [
            {
                "contentString": text,
                "_contentString": {"extension": [{"url": LANGUAGE, "valueCode": language}]},
            }
            for language, text in note.texts.items()
        ],
    }
