"""What the steps of NAV's trees may ask of a dialogue message or a medical statement; `facts` says what a fact is."""

from collections.abc import Mapping

from gateway.core.identifiers import PERSONS, is_synthetic, kind_of
from gateway.model.dialogue import Answer, Dialogue, Inquiry, MeetingAnswer
from gateway.model.statement import MedicalStatement
from gateway.model.walk import values_of
from gateway.navrules.facts import Fact, Seen
from gateway.navrules.trees import Value

NAV_ONLY = (
    "nav.duplicate",
    "nav.patient-registered",
    "nav.signer-registered",
    "nav.production",
    "nav.virus",
    "nav.suspended",
    "nav.hpr-active",
    "nav.hpr-authorisation",
    "nav.hpr-category",
)
"""What no message says."""

_MATTERS = {MeetingAnswer: "meeting-answer", Answer: "answer", Inquiry: "inquiry"}
_MEGABYTE = 1_000_000
_BASE64 = 3 / 4


def facts(message: Dialogue | MedicalStatement, given: Mapping[str, Value] | None = None) -> dict[str, Fact]:
    """Give every fact by its name; `given` are facts of NAV's that somebody knows."""
    found: dict[str, Fact] = {
        **dict.fromkeys(NAV_ONLY),
        **_persons(message),
        **_content(message),
    }
    if not message.attachments:
        found["nav.virus"] = ()
    return {**found, **{name: (Seen(value),) for name, value in (given or {}).items()}}


def _persons(message: Dialogue | MedicalStatement) -> dict[str, Fact]:
    patient, field = _patient(message)
    signer = message.sender.professional.fnr if message.sender and message.sender.professional else None
    by = "sender.professional.fnr"
    return {
        "patient.number": (Seen("yes", field),) if patient else (),
        "patient.number-length": (Seen(len(patient), field),) if patient else (),
        "patient.number-valid": (Seen(_valid(patient), field),) if patient else (),
        "patient.synthetic": (Seen("yes", field),) if is_synthetic(patient) else (),
        "sender.number-valid": (Seen(_valid(signer), by),) if signer else (),
        "sender.is-patient": (Seen("yes" if signer == patient else "no", by),) if signer else (),
    }


def _patient(message: Dialogue | MedicalStatement) -> tuple[str, str]:
    if isinstance(message, MedicalStatement):
        return message.patient.number or "", "patient.number"
    for i, one in enumerate(message.patient.identifiers):
        if one is message.patient.id:
            return one.value, f"patient.identifiers[{i}].value"
    return "", ""


def _content(message: Dialogue | MedicalStatement) -> dict[str, Fact]:
    sizes = tuple(
        Seen(len(one.content) * _BASE64 / _MEGABYTE, f"attachments[{i}].content")
        for i, one in enumerate(message.attachments)
    )
    texts = tuple(
        Seen(len(value), field)
        for field, value, _ in values_of(message)
        if isinstance(value, str) and not field.startswith("attachments")
    )
    matter = message.matter if isinstance(message, Dialogue) else None
    said = matter.text if isinstance(matter, MeetingAnswer | Answer | Inquiry) else None
    written = (Seen(len((said or "").strip()), "matter.text"),) if type(matter) in _MATTERS else ()
    return {
        "matter": (Seen(_MATTERS.get(type(matter), "other"), "matter.topic"),),
        "text.length": written,
        "texts.length": texts,
        "attachments.megabytes": sizes,
    }


def _valid(number: str) -> str:
    return "yes" if kind_of(number) in PERSONS else "no"


NAMES = frozenset(facts(MedicalStatement()))
"""Every fact that a step may ask."""
