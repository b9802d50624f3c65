"""What a Swedish employer gets of a certificate, with a word planted in every text, in every state of the choices."""

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from gateway import flow
from gateway.core.errors import Issue, Refused
from gateway.core.message import Parsed, Route
from gateway.core.ports import Format
from gateway.core.vocabulary import DataClass, MessageKind, Purpose, Role
from gateway.edge.library import Library
from gateway.edge.rulebook import Rulebook
from gateway.model.intyg import Related
from gateway.model.messages import MESSAGES, about
from gateway.model.walk import values_of
from gateway.policy.facts import Facts

FOLDER = Path(__file__).parents[2] / "mappings"
KINDS = {"ag114": MessageKind.AG114, "ag7804": MessageKind.AG7804, "fk7804": MessageKind.FK7804}
NEVER = {
    DataClass.CLINICAL,
    DataClass.AUTHORITY_NOTE,
    DataClass.CONTACT,
    DataClass.CERTIFIER_DETAIL,
    DataClass.RETURN_ESTIMATE,
}
OPEN = {
    "address-grading": "none",
    "sender-discloses": "false",
    "officer-cleared": "false",
    "patient-act": "true",
    "withdrawn": "false",
}
TO = flow.Addressee(employer="2320009905", received_at=datetime(2026, 10, 3, tzinfo=UTC))


@cache
def known() -> dict[str, Format]:
    from gateway.wiring.formats import Formats  # noqa: PLC0415

    return Formats(Library(FOLDER))


@cache
def rulebook() -> Rulebook:
    return Rulebook(FOLDER / "policy", lambda: datetime.now(UTC))


def example(kind: str) -> Any:
    stem = "01-two-degrees" if kind == "fk7804" else "02-with-the-diagnosis"
    raw = (FOLDER / f"se/{kind}/examples/{stem}.in.xml").read_bytes()
    return flow.parse(known()[f"se-{kind}"], raw).record


def planted(record: Any, words: dict[str, tuple[str, DataClass]]) -> Any:
    """Plant a word of its own in every text of a record that is no code; `words` tells where and of which class."""
    coded = {"kind", "number_kind", "system", "degree", "outlook", "back_within", "occupation"}
    classes = {path: data_class for path, _, data_class in values_of(record)}

    def grow(value: Any, path: str, name: str) -> Any:
        if is_dataclass(value) and not isinstance(value, type):
            grown = {f.name: grow(getattr(value, f.name), f"{path}.{f.name}", f.name) for f in fields(value)}
            return replace(value, **grown)
        if isinstance(value, tuple) and name not in ("measures", "occupations"):
            return tuple(grow(one, f"{path}[{i}]", name) for i, one in enumerate(value))
        if isinstance(value, str) and name not in coded and path != ".patient.number":
            words[path.lstrip(".")] = (f"plante{len(words)}ord", classes[path.lstrip(".")])
            return words[path.lstrip(".")][0]
        return value

    return grow(record, "", "")


def to_employer(kind: str, record: Any, sender: Role = Role.PATIENT, **given: str) -> str:
    """Send a record to an employer as the line does; raises `Refused`."""
    route = Route(sender, Role.EMPLOYER, KINDS[kind], Purpose.SICK_LEAVE_FOLLOW_UP)
    said = about(record)
    assert said is not None
    facts = Facts({**OPEN, **said.said, **given}, {one: {"consent": "none"} for one in DataClass})
    target = known()[f"se-employer-{kind}" if kind != "fk7804" else "canonical"]
    return flow.forward(Parsed(record), target, rulebook().of(route), facts, TO).rendered.body.decode()


@pytest.mark.parametrize(
    ("kind", "choice", "infection", "copied"),
    [
        (kind, choice, infection, copied)
        for kind, choice, infection, copied in product(
            ("ag114", "ag7804"), (True, False, None), (True, False, None), (None, "copies", "renews", "replaces")
        )
        if kind == "ag7804" or infection is None
    ],
)
def test_the_diagnosis_goes_only_by_the_patients_own_yes_on_this_certificate(
    kind: str, choice: bool | None, infection: bool | None, copied: str | None
) -> None:
    words: dict[str, tuple[str, DataClass]] = {}
    record = replace(planted(example(kind), words), wants_diagnosis=choice)
    if kind == "ag7804":
        record = replace(record, disease_control=infection)
    if copied:
        record = replace(record, relations=(Related(kind=copied, id="earlier"),))
    body = to_employer(kind, record)
    there = {path: word in body for path, (word, _) in words.items()}
    secret = {path for path, (_, data_class) in words.items() if data_class in NEVER}
    diagnosis = {path for path, (_, data_class) in words.items() if data_class is DataClass.DIAGNOSIS}
    told = choice is True and not infection and copied in (None, "replaces")
    assert len(secret) >= 5
    assert [path for path in secret if there[path]] == []
    assert any(there[path] for path in diagnosis) == told
    assert there["work"]
    assert there["patient.family"]


@pytest.mark.parametrize("kind", ["ag114", "ag7804"])
def test_nothing_goes_without_the_patients_act_or_from_a_clinic(kind: str) -> None:
    with pytest.raises(Refused):
        to_employer(kind, example(kind), **{"patient-act": "false"})
    for sender in (Role.CERTIFIER, Role.CAREGIVER, Role.FORSAKRINGSKASSAN):
        with pytest.raises(Refused):
            to_employer(kind, example(kind), sender)


@pytest.mark.parametrize("kind", ["ag114", "ag7804"])
@pytest.mark.parametrize("withdrawn", ["true", "unknown"])
def test_a_certificate_that_may_be_withdrawn_stays(kind: str, withdrawn: str) -> None:
    with pytest.raises(Refused):
        to_employer(kind, example(kind), withdrawn=withdrawn)


def stored() -> list[tuple[MessageKind, Any]]:
    """Give what goes between a certifier and Försäkringskassan, one of each kind."""
    names = {
        "fk7804": "02-completes-an-earlier-one",
        "fk-question": "01-completion-request",
        "fk-letter": "01-answers-in-words",
        "fk-revocation": "01-withdrawn",
    }
    read = {
        kind: flow.parse(known()[f"se-{kind}"], (FOLDER / f"se/{kind}/examples/{name}.in.xml").read_bytes()).record
        for kind, name in names.items()
    }
    return [(MESSAGES[type(record)](record), record) for record in read.values()]


@pytest.mark.parametrize("sender", [*Role])
@pytest.mark.parametrize("given", [{}, {"officer-cleared": "true", "request-scope": "specified"}])
def test_nothing_between_a_certifier_and_the_insurer_ever_goes_to_an_employer(
    sender: Role, given: dict[str, str]
) -> None:
    assert {kind for kind, _ in stored()} == {
        MessageKind.FK_COMPLETION,
        MessageKind.FK_QUESTION,
        MessageKind.FK_LETTER,
        MessageKind.FK_REVOCATION,
    }
    for kind, record in stored():
        for purpose in Purpose:
            facts = Facts({**OPEN, **given}, {one: {"consent": "permit"} for one in DataClass})
            route = Route(sender, Role.EMPLOYER, kind, purpose)
            with pytest.raises(Refused):
                flow.forward(Parsed(record), known()["canonical"], rulebook().of(route), facts, TO)


@pytest.mark.parametrize("sender", list(Role))
def test_a_certificate_for_benefit_never_goes_to_an_employer(sender: Role) -> None:
    with pytest.raises(Refused):
        to_employer("fk7804", example("fk7804"), sender, **{"officer-cleared": "true"})


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("ag114", "how_reduced"),
        ("ag114", "ability"),
        ("ag114", "other"),
        ("ag7804", "limitations"),
        ("ag7804", "other"),
    ],
)
def test_a_text_that_tells_an_illness_stays(kind: str, field: str) -> None:
    record = replace(example(kind), **{field: "Utmattad efter en depression"})
    assert "depression" not in to_employer(kind, record)


@pytest.mark.parametrize(
    "field", ["findings", "treatment", "planned_treatment", "other_hours_reason", "exceeds_guideline"]
)
def test_findings_treatment_and_medical_reasons_stay_however_clean_the_text_is(field: str) -> None:
    record = replace(example("ag7804"), **{field: "Ordfritttext"})
    assert "Ordfritttext" not in to_employer("ag7804", record)


@pytest.mark.parametrize("kind", ["ag114", "ag7804"])
@pytest.mark.parametrize("said", [False, None])
def test_a_diagnosis_against_the_patients_no_is_refused_at_the_door(kind: str, said: bool | None) -> None:
    record = replace(example(kind), wants_diagnosis=said)
    told = [issue for issue in flow.deliverable(Parsed(record)) if isinstance(issue, Issue)]
    assert any("has not chosen" in issue.what for issue in told)
    assert flow.deliverable(Parsed(example(kind))) == ()
