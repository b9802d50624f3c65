"""What a permit demands is done, each obligation by its own executor, or the message does not go."""

import json
from dataclasses import replace
from datetime import date

import pytest
from policy_cases import ROOT, TO_EMPLOYER, TO_NAV, certificate, facts, table

from gateway import flow
from gateway.core.decision import Decision, Question
from gateway.core.errors import Refused
from gateway.core.message import Parsed, Released, Route
from gateway.core.vocabulary import DataClass, MessageKind, Obligation, Purpose, Role
from gateway.edge.library import Library
from gateway.model import Measures
from gateway.model.dialogue import Answer, Dialogue, Inquiry, Notice, Request
from gateway.model.envelope import Attachment, Conversation
from gateway.model.followup import FollowUpPlan
from gateway.model.statement import CarePlan, Incapacity, MedicalStatement, Referral, StatedDiagnosis
from gateway.policy.elements import stated
from gateway.policy.load import load
from gateway.policy.pdp import decide
from gateway.policy.pep import release
from gateway.policy.question import question_of
from gateway.wiring.formats import Formats

LABELS = load(ROOT / "mappings" / "policy").labels

EVIDENCE = Route(Role.CERTIFIER, Role.NAV, MessageKind.LEGEERKLARING, Purpose.BENEFIT)
AUTUMN = Question(date(2026, 9, 1), date(2026, 11, 30))
EVERY = Formats(Library(ROOT / "mappings"))


def statement(*referred: date) -> MedicalStatement:
    first, second = (Referral(what="til spesialist", referred=day) for day in referred)
    return MedicalStatement(id="s1", plan=CarePlan(examination=first, treatment=second, news="intet nytt"))


def demanding(*obligations: Obligation, route: Route = TO_NAV) -> Decision:
    """Give a decision of the real rules that demands more than they do."""
    decision = decide(table(), route, facts(), certificate())
    classes = tuple(replace(one, obligations=one.obligations | set(obligations)) for one in decision.classes)
    return replace(decision, classes=classes)


def evidence(record: object, question: Question | None) -> Released[MedicalStatement]:
    given = replace(facts(request_scope="specified"), question=question)
    return release(record, decide(table(), EVIDENCE, given, record))


# minimise-to-question


def test_what_is_dated_outside_the_days_that_nav_asked_about_does_not_go_to_nav() -> None:
    record = statement(date(2026, 10, 1), date(2024, 3, 1))
    released = evidence(record, AUTUMN)
    assert released.record.plan is not None
    assert released.record.plan.examination is not None
    assert released.record.plan.treatment is None
    assert released.record.plan.news == "intet nytt"
    assert {(one.field, one.rules) for one in released.withheld} == {
        (f"plan.treatment.{leaf}", ("evidence-to-nav",)) for leaf in ("what", "referred")
    }


@pytest.mark.parametrize(
    ("question", "goes"),
    [
        (Question(), True),
        (Question(date(2024, 3, 1), None), True),
        (Question(None, date(2024, 3, 1)), True),
        (Question(date(2024, 3, 2), None), False),
        (Question(None, date(2024, 2, 29)), False),
    ],
)
def test_both_ends_of_the_days_belong_to_them_and_an_open_end_has_none(question: Question, goes: bool) -> None:
    released = evidence(statement(date(2024, 3, 1), date(2024, 3, 1)), question)
    assert released.record.plan is not None
    assert (released.record.plan.examination is not None) is goes


def test_a_document_stays_here_when_nothing_but_days_was_asked_for_and_the_written_answer_goes() -> None:
    record = Dialogue(
        id="d1",
        conversation=Conversation(parent="r1"),
        matter=Answer(topic="answer", text="Kan ikke stå lenge"),
        attachments=(Attachment(title="Hele journalen", content="Qzqx"),),
    )
    route = Route(Role.CERTIFIER, Role.NAV, MessageKind.DIALOGMELDING, Purpose.BENEFIT)
    given = replace(facts(request_scope="specified"), question=AUTUMN)
    released = release(record, decide(table(), route, given, record))
    assert released.record.attachments == ()
    assert isinstance(released.record.matter, Answer)
    assert released.record.matter.text == "Kan ikke stå lenge"
    assert {one.field for one in released.withheld} == {"attachments[0].title", "attachments[0].content"}
    given = replace(given, question=Question(items=True))
    assert release(record, decide(table(), route, given, record)).record.attachments == record.attachments


def test_an_answer_whose_question_is_not_at_hand_does_not_go() -> None:
    with pytest.raises(Refused, match="the question is not at hand"):
        evidence(statement(date(2026, 10, 1), date(2026, 10, 1)), None)


def test_a_question_names_days_or_items_or_it_is_none() -> None:
    def asked(**parts: object) -> Question | None:
        return question_of(Dialogue(matter=Request(topic="request", **parts)))  # type: ignore[arg-type]

    assert asked(question="Hva kan pasienten gjøre?") == Question(items=True)
    assert asked(start=date(2026, 9, 1), end=date(2026, 11, 30)) == AUTUMN
    assert asked() is None
    assert question_of(Dialogue(matter=Notice(topic="message", text="hei"))) is None
    assert question_of(Dialogue(matter=Inquiry(topic="inquiry"))) is None


# hold-for-review


def test_a_clearing_lets_through_what_the_officer_saw_and_only_when_nothing_else_waits() -> None:
    record = replace(certificate(), message_to_employer="Har depresjon", measures=Measures(workplace="Har kreft"))
    waits = decide(table(), TO_EMPLOYER, facts(), record).held
    assert waits == {"message_to_employer free-text-hit", "measures.workplace free-text-hit"}

    def goes(cleared: frozenset[str], **others: str) -> set[str]:
        released = release(record, decide(table(), TO_EMPLOYER, replace(facts(**others), cleared=cleared), record))
        texts = {released.record.message_to_employer, getattr(released.record.measures, "workplace", None)}
        return {one for one in texts if one}

    assert goes(frozenset()) == set()
    assert goes(frozenset({"measures.workplace free-text-hit"})) == set()
    assert goes(waits) == {"Har depresjon", "Har kreft"}
    assert goes(waits | {"answers free-text-hit"}) == {"Har depresjon", "Har kreft"}
    with pytest.raises(Refused, match="waits for an officer"):
        goes(waits, address_grading="strengt-fortrolig")


# no-redisclosure, show-as-break-glass


def test_fhir_tells_its_recipient_not_to_pass_it_on() -> None:
    released = release(certificate(), demanding(Obligation.NO_REDISCLOSURE))
    flow.check_duties(released, EVERY["fhir"], flow.ON_THE_LINE)
    bundle = json.loads(flow.render(EVERY["fhir"], released, None).body)
    assert [one["code"] for one in bundle["meta"]["security"]] == ["NORDSCLCD"]
    plain = flow.render(EVERY["fhir"], release(certificate(), demanding()), None).body
    assert b"NORDSCLCD" not in plain
    assert EVERY["fhir"].parse is not None
    assert EVERY["fhir"].parse(flow.render(EVERY["fhir"], released, None).body).record == released.record


@pytest.mark.parametrize("name", sorted(set(EVERY) - {"fhir"}))
def test_a_format_without_a_place_for_it_is_not_used(name: str) -> None:
    released = release(certificate(), demanding(Obligation.NO_REDISCLOSURE))
    with pytest.raises(Refused, match="no-redisclosure"):
        flow.check_duties(released, EVERY[name], flow.ON_THE_LINE)


def test_the_line_itself_refuses_what_it_cannot_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "decide", lambda *_: demanding(Obligation.NO_REDISCLOSURE))
    rules = flow.Rules(table(), TO_NAV, frozenset(DataClass))
    parsed = Parsed(certificate())
    with pytest.raises(Refused, match="no-redisclosure"):
        flow.forward(parsed, EVERY["nav-sykmelding"], rules, facts(), flow.Addressee())
    monkeypatch.setattr(flow, "decide", lambda *_: demanding(Obligation.SHOW_AS_BREAK_GLASS))
    with pytest.raises(Refused, match="show-as-break-glass"):
        flow.forward(parsed, EVERY["fhir"], rules, facts(), flow.Addressee())


def test_what_was_shown_through_broken_glass_says_so_itself() -> None:
    released = release(certificate(), demanding(Obligation.SHOW_AS_BREAK_GLASS))
    flow.check_duties(released, EVERY["fhir"], frozenset(Obligation))
    bundle = json.loads(flow.render(EVERY["fhir"], released, None).body)
    assert [one["code"] for one in bundle["meta"]["security"]] == ["BTG"]


def test_every_obligation_is_done_on_the_line_or_on_another_way_that_is_known() -> None:
    assert set(Obligation) - flow.ON_THE_LINE == {Obligation.SHOW_AS_BREAK_GLASS}
    assert EVERY["fhir"].marks == flow.MARKED


# what other messages say of themselves


def test_a_follow_up_plan_says_whom_it_is_shared_with_and_silence_is_unknown() -> None:
    plan = FollowUpPlan(share_with_nav=True, share_with_gp=False)
    assert stated(plan) == {"share-with-nav": "true", "share-with-gp": "false"}
    assert stated(FollowUpPlan()) == {}
    to_nav = Route(Role.EMPLOYER, Role.NAV, MessageKind.OPPFOLGINGSPLAN, Purpose.SICK_LEAVE_FOLLOW_UP)
    to_gp = Route(Role.EMPLOYER, Role.CERTIFIER, MessageKind.OPPFOLGINGSPLAN, Purpose.SICK_LEAVE_FOLLOW_UP)
    for route, shared in ((to_nav, True), (to_gp, False)):
        record = replace(plan, id="p1")
        assert decide(table(), route, facts(), record).permitted is shared
        assert not decide(table(), route, facts(), FollowUpPlan(id="p1")).permitted


def test_the_diagnoses_of_a_medical_statement_are_labelled_as_those_of_a_sick_note() -> None:
    record = MedicalStatement(incapacity=Incapacity(system="icd-10", diagnoses=(StatedDiagnosis(code="F32.1"),)))
    assert LABELS.of_record(record).sensitivities == {"PSY"}
    strange = replace(record, incapacity=replace(record.incapacity, system="icd-9"))
    assert LABELS.of_record(strange).confidentiality == "V"
