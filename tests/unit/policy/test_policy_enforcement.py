"""The enforcement: everything that was not permitted is gone, and told by path and rule."""

from dataclasses import dataclass, replace

import pytest
from policy_cases import TO_EMPLOYER, TO_NAV, TO_PATIENT, certificate, facts, table

from gateway.core.decision import PLACEHOLDER, ClassDecision, Decision, Effect
from gateway.core.errors import Refused
from gateway.core.message import Route
from gateway.core.vocabulary import DataClass, MessageKind, Obligation, Purpose, Role
from gateway.model import HumanName, NotPossible, Party, PartyPerson, Receipt, ReceiptError
from gateway.model.labels import Absence, DiagnosisData, Envelope
from gateway.model.walk import values_of
from gateway.policy.pdp import decide
from gateway.policy.pep import AWAITS_OFFICER, acknowledge, release, unrestricted


def test_nav_gets_everything_but_what_the_patient_keeps_from_nav() -> None:
    released = release(certificate(), decide(table(), TO_NAV, facts(), certificate()))
    assert {one.field for one in released.withheld} == {
        f"answers[0].answers[1].{leaf}" for leaf in ("id", "question", "text", "restrictions[0]")
    }
    assert all(one.rules == ("restricted-n",) for one in released.withheld)
    assert [one.id for one in released.record.answers[0].answers] == ["6.2.1", "6.2.3"]
    assert released.rules["diagnosis"] == ("sykmelding-to-nav",)


def test_a_group_of_questions_goes_with_its_last_answer() -> None:
    [group] = certificate().answers
    alone = replace(group, answers=(replace(group.answers[1], restrictions=("nav",)),))
    record = replace(certificate(), answers=(alone,))
    released = release(record, decide(table(), TO_NAV, facts(), record))
    assert released.record.answers == ()
    lost = {one.field for one in released.withheld}
    assert {"answers[0].id", "answers[0].title", "answers[0].answers[0].text"} <= lost
    assert all(one.rules == ("restricted-n",) for one in released.withheld)
    assert len(list(values_of(released.record))) + len(released.withheld) == len(list(values_of(record)))


def test_the_employer_gets_who_where_when_and_what_was_meant_for_him() -> None:
    released = release(certificate(), decide(table(), TO_EMPLOYER, facts(), certificate()))
    classes = {data_class for _, _, data_class in values_of(released.record)}
    assert classes == {
        "envelope", "identity", "certifier", "employment", "absence", "function", "workplace", "prognosis",
    }  # fmt: skip
    kind = released.record.periods[0].kind
    assert isinstance(kind, NotPossible)
    assert kind.medical is None
    assert kind.workplace is not None
    assert released.record.sender is None
    assert released.record.prognosis is not None
    assert released.record.prognosis.outlook is None
    assert released.record.answers == ()


def test_what_is_released_and_what_is_withheld_are_together_everything() -> None:
    for route in (TO_NAV, TO_EMPLOYER, TO_PATIENT):
        released = release(certificate(), decide(table(), route, facts(standing="self"), certificate()))
        withheld = [one.field for one in released.withheld]
        assert len(withheld) == len(set(withheld))
        assert len(list(values_of(released.record))) + len(withheld) == len(list(values_of(certificate())))


def test_an_optional_record_that_lost_every_leaf_goes_with_them() -> None:
    record = replace(certificate(), prognosis=replace(certificate().prognosis, fit_after=None, considerations=None))  # type: ignore[type-var]
    assert release(record, decide(table(), TO_EMPLOYER, facts(), record)).record.prognosis is None


def test_the_kind_of_a_period_stays_though_all_it_said_was_medical() -> None:
    medical = replace(certificate().periods[0], kind=NotPossible(medical=certificate().periods[0].kind.medical))  # type: ignore[union-attr]
    record = replace(certificate(), periods=(medical,))
    released = release(record, decide(table(), TO_EMPLOYER, facts(), record))
    assert released.record.periods[0].kind == NotPossible()


def test_nothing_permitted_is_a_refusal_with_its_rules() -> None:
    with pytest.raises(Refused) as raised:
        release(certificate(), decide(table(), TO_EMPLOYER, facts(patient_act="false"), certificate()))
    assert "no-employer-diagnosis" in raised.value.rules
    assert "Prøve" not in str(raised.value)


def test_a_message_that_an_officer_must_see_waits_and_then_goes() -> None:
    strict = facts(address_grading="strengt-fortrolig")
    with pytest.raises(Refused) as raised:
        release(certificate(), decide(table(), TO_EMPLOYER, strict, certificate()))
    assert raised.value.why == AWAITS_OFFICER
    cleared = facts(address_grading="strengt-fortrolig", officer_cleared="true")
    released = release(certificate(), decide(table(), TO_EMPLOYER, cleared, certificate()))
    assert released.record.certifier.name == HumanName(family=PLACEHOLDER)
    assert Obligation.PLACEHOLDER in released.obligations


def test_only_what_an_officer_could_let_through_is_said_to_wait_for_one() -> None:
    strict = facts(address_grading="strengt-fortrolig")
    decision = decide(table(), TO_EMPLOYER, strict, certificate())
    assert {one.data_class for one in decision.classes if one.held} == {
        "envelope", "identity", "employment", "absence", "function", "workplace", "prognosis",
    }  # fmt: skip
    before = facts(address_grading="strengt-fortrolig", patient_act="false")
    assert not decide(table(), TO_EMPLOYER, before, certificate()).held
    with pytest.raises(Refused) as raised:
        release(certificate(), decide(table(), TO_EMPLOYER, before, certificate()))
    assert raised.value.why != AWAITS_OFFICER


def test_a_permit_that_is_held_for_review_holds_the_whole_message() -> None:
    route = Route(Role.NAV, Role.CERTIFIER, MessageKind.NAV_REQUEST, Purpose.BENEFIT)
    with pytest.raises(Refused) as raised:
        release(certificate(), decide(table(), route, facts(health_knowledge_needed="true"), certificate()))
    assert raised.value.why == AWAITS_OFFICER
    assert raised.value.rules == ("nav-asks-with-needed-health",)
    cleared = facts(health_knowledge_needed="true", officer_cleared="true")
    released = release(certificate(), decide(table(), route, cleared, certificate()))
    assert released.record.diagnosis == certificate().diagnosis


def test_a_psychiatric_clinic_is_replaced_by_neutral_words() -> None:
    released = release(certificate(), decide(table(), TO_EMPLOYER, facts(sender_discloses="true"), certificate()))
    assert released.record.certifier.name == HumanName(family=PLACEHOLDER)
    assert [one.value for one in released.record.certifier.telecoms] == [PLACEHOLDER]
    assert "certifier.name.family" in {one.field for one in released.withheld}
    assert "sender-discloses" in next(one.rules for one in released.withheld if one.field == "certifier.name.family")
    assert released.record.sender is None


def test_a_field_held_for_review_is_told_in_the_obligations_of_what_goes() -> None:
    record = replace(certificate(), message_to_employer="Hun har depresjon")
    released = release(record, decide(table(), TO_EMPLOYER, facts(), record))
    assert released.record.message_to_employer is None
    assert released.record.measures.workplace == "Ny stol"
    assert Obligation.HOLD_FOR_REVIEW in released.obligations


def test_an_obligation_nobody_knows_refuses() -> None:
    decision = decide(table(), TO_NAV, facts(), certificate())
    first, *others = decision.classes
    strange = replace(decision, classes=(replace(first, obligations=frozenset({"shred"})), *others))
    with pytest.raises(Refused):
        release(certificate(), strange)


def test_a_leaf_that_was_never_decided_does_not_go() -> None:
    without = decide(table(), TO_NAV, facts(), replace(certificate(), nav_note=None))
    released = release(certificate(), replace(without, record_hash=hash(certificate())))
    assert released.record.nav_note is None
    assert ("nav_note.text", ()) in {(one.field, one.rules) for one in released.withheld}


def test_a_decision_about_another_record_releases_nothing() -> None:
    harmless = decide(table(), TO_EMPLOYER, facts(), certificate())
    other = replace(certificate(), message_to_employer="Hun har depresjon")
    for decision in (harmless, replace(harmless, record_hash=None)):
        with pytest.raises(Refused) as raised:
            release(other, decision)
        assert raised.value.why == "the decision is about another record"


def test_a_decision_about_another_class_does_not_count() -> None:
    fields = tuple(path for path, _, _ in values_of(certificate()))
    one = ClassDecision("envelope", Effect.PERMIT, ("x",), fields=fields)
    decision = Decision(TO_NAV, (one,), "", "", record_hash=hash(certificate()))
    released = release(certificate(), decision)
    assert {data_class for _, _, data_class in values_of(released.record)} == {DataClass.ENVELOPE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    day: Absence[str]
    why: DiagnosisData[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    id: Envelope[str | None] = None
    one: Absence[Inner | None] = None
    many: Absence[tuple[Inner, ...]] = ()


def test_a_record_that_cannot_be_made_without_what_is_withheld_goes_with_it() -> None:
    inner = Inner(day="2026-01-01", why="L03")
    record = Outer(id="1", one=inner, many=(inner, inner))
    decision = decide(table(), TO_EMPLOYER, facts(), record)
    released = release(record, decision)
    assert (released.record.id, released.record.one, released.record.many) == ("1", None, ())
    gone = {one.field: one.rules for one in released.withheld}
    assert gone["one.day"] == gone["one.why"] == ("no-employer-diagnosis",)


def test_a_whole_that_makes_no_sense_without_a_part_is_refused() -> None:
    record = Inner(day="2026-01-01", why="L03")
    with pytest.raises(Refused):
        release(record, decide(table(), TO_EMPLOYER, facts(), record))


def test_an_operator_may_translate_without_the_rules_and_no_route_says_so() -> None:
    released = unrestricted(certificate())
    assert released.record is not None
    assert released.route is None
    assert released.rules == {}


def test_a_receipt_goes_back_with_its_envelope_and_without_persons() -> None:
    person = PartyPerson(name="Noen", id="0", kind="hpr")
    receipt = Receipt(
        id="r1",
        status="rejected",
        original_id="m1",
        sender=Party(name="NAV", person=(person,)),
        receiver=Party(name="Legesenter"),
        errors=(ReceiptError(code="T01", display="feil"),),
    )
    released = acknowledge(receipt)
    assert released.record.sender == Party(name="NAV")
    assert released.record.errors == receipt.errors
    assert {one.field for one in released.withheld} == {f"sender.person[0].{leaf}" for leaf in ("name", "id", "kind")}
