"""NAV's rules for dialogue messages and statements: every outcome has one that meets it and one that just does not."""

from typing import Any, Self

import pytest
import yaml
from nav_notes import FOLDER, KNOWN

from gateway.core.errors import Severity
from gateway.model.common import Identifier
from gateway.model.dialogue import Answer, Dialogue, Inquiry, MeetingAnswer, Request
from gateway.model.envelope import Attachment, Professional, Sender, Subject
from gateway.model.statement import MedicalStatement, StatedPatient
from gateway.navrules.evaluate import evaluate
from gateway.navrules.kinds import KINDS
from gateway.navrules.load import load
from gateway.navrules.message_facts import NAV_ONLY, facts
from gateway.navrules.tell import issues

MATTERS: dict[str, Any] = {
    "answer": lambda text: Answer(topic="answer", text=text),
    "inquiry": lambda text: Inquiry(topic="sick-leave", text=text),
    "meeting-answer": lambda text: MeetingAnswer(topic="comes", text=text),
    "request": lambda text: Request(topic="request", question=text),
}
CASES = [
    (record, outcome)
    for record in (Dialogue, MedicalStatement)
    for outcome in load(FOLDER, KINDS[record]).outcomes
]  # fmt: skip


class Sized(str):
    """A text of base64 that is as long as it says, and takes no room."""

    __slots__ = ("size",)

    def __new__(cls, size: int) -> Self:
        made = super().__new__(cls)
        made.size = size
        return made

    def __len__(self) -> int:
        return self.size


def examples(record: type) -> dict[str, Any]:
    text = (FOLDER / "examples" / KINDS[record].file).read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def message(record: type, said: dict[str, Any]) -> Any:
    common = {
        "sender": Sender(professional=Professional(fnr=said["signer"])),
        "attachments": tuple(Attachment(content=Sized(size)) for size in said["attachments"]),
    }
    if record is MedicalStatement:
        return MedicalStatement(patient=StatedPatient(number=said["patient"]), function="x" * said["letters"], **common)
    ids = (Identifier(kind="national-number", value=said["patient"]),) if said["patient"] else ()
    return Dialogue(patient=Subject(identifiers=ids), matter=MATTERS[said["matter"]](said["text"]), **common)


def met(record: type, said: dict[str, Any]) -> set[str]:
    kind, whole = KINDS[record], {**examples(record)["base"], **said}
    known = {name: KNOWN.get(name, "no") for name in NAV_ONLY} | said.get("nav", {})
    return {one.outcome.id for one in evaluate(load(FOLDER, kind), facts(message(record, whole), known)).sure}


@pytest.mark.parametrize(("record", "outcome"), CASES)
def test_every_outcome_has_a_message_that_meets_it_and_one_that_does_not(record: type, outcome: str) -> None:
    cases = examples(record)["rules"][outcome]
    assert all(outcome in met(record, said) for said in cases["meets"])
    assert not any(outcome in met(record, said) for said in cases["passes"])
    assert cases["meets"]
    assert cases["passes"]


@pytest.mark.parametrize("record", [Dialogue, MedicalStatement])
def test_a_message_as_nav_wants_it_meets_nothing_and_what_only_nav_knows_is_told(record: type) -> None:
    assert met(record, {}) == set()
    made = message(record, examples(record)["base"])
    rules = load(FOLDER, KINDS[record])
    [told] = issues(rules, evaluate(rules, facts(made)), {})
    assert told.severity is Severity.INFORMATION
    assert told.what.startswith("NAV will also check: ")
    assert "virus" not in told.what
