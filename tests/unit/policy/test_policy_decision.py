"""The decision: per class and element, fail closed, with every rule that spoke."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from policy_cases import POLICY, TO_EMPLOYER, TO_NAV, TO_PATIENT, TO_PAYROLL, answer, certificate, facts, rules, table

from gateway.core.decision import ClassDecision, Decision, Effect
from gateway.core.message import Route
from gateway.core.vocabulary import DataClass, MessageKind, Purpose, Role
from gateway.model import AnswerGroup
from gateway.model.walk import values_of
from gateway.policy.breaches import permitted_cells
from gateway.policy.elements import Element, elements_of, restrictions
from gateway.policy.examples import failures
from gateway.policy.facts import Facts
from gateway.policy.pdp import decide, decide_elements, releasable
from gateway.policy.prove import read_policy


def of_field(decision: Decision, field: str) -> ClassDecision:
    return next(one for one in decision.classes if field in one.fields)


def asked(route: Route, data_class: str, **known: str) -> ClassDecision:
    given = Facts({name.replace("_", "-"): value for name, value in known.items()})
    return decide_elements(table(), route, given, [Element(data_class)]).classes[0]


def test_every_populated_leaf_is_decided_exactly_once() -> None:
    decision = decide(table(), TO_EMPLOYER, facts(), certificate())
    decided = [field for one in decision.classes for field in one.fields]
    assert sorted(decided) == sorted(path for path, _, _ in values_of(certificate()))


def test_the_worked_examples_come_out_as_written() -> None:
    policy, _ = read_policy(POLICY)
    assert policy is not None
    assert len(policy.examples) == 43
    assert len(policy.examples) > 30
    assert list(failures(table(), policy.examples)) == []


def test_all_forbids_that_speak_are_named_and_not_only_the_first() -> None:
    decision = decide(table(), TO_EMPLOYER, facts(address_grading="strengt-fortrolig"), certificate())
    assert of_field(decision, "patient.address.city").forbids == (
        "no-employer-beyond-form",
        "graded-address-private",
        "strict-address-public",
        "strict-address-by-hand",
    )


def test_a_default_refusal_names_the_nearest_permits_and_what_they_miss() -> None:
    decision = decide(table(), TO_EMPLOYER, facts(patient_act="false"), certificate())
    one = of_field(decision, "episode_start")
    assert one.effect is Effect.NOT_APPLICABLE
    assert one.rules == ()
    assert [(near.rule, near.missing) for near in one.nearest] == [
        ("sykmelding-to-employer", (("patient-act", "true"),))
    ]


def test_a_class_nobody_knows_is_not_decided_and_goes_nowhere() -> None:
    known = {"restricted_for_nav": "false", "address_grading": "none"}
    assert asked(TO_NAV, "?", **known).effect is Effect.NOT_APPLICABLE
    assert asked(TO_NAV, "blood-type", **known).effect is Effect.NOT_APPLICABLE
    assert asked(TO_NAV, "absence", **known).effect is Effect.PERMIT


def test_a_fact_with_a_value_nobody_knows_counts_as_unknown() -> None:
    assert asked(TO_PAYROLL, "absence", **{**dict(facts().message), "patient-act": "yes"}).effect is not Effect.PERMIT
    assert asked(TO_NAV, "clinical", restricted_for_nav="nei", address_grading="none").effect is Effect.INDETERMINATE


def test_only_not_knowing_is_told_from_knowing() -> None:
    base = {"address_grading": "none", "restricted_for_nav": "false"}
    assert asked(TO_NAV, "clinical", **base).effect is Effect.PERMIT
    assert asked(TO_NAV, "clinical", **base | {"restricted_for_nav": "true"}).effect is Effect.DENY
    assert asked(TO_NAV, "clinical", **base | {"restricted_for_nav": "unknown"}).effect is Effect.INDETERMINATE
    assert asked(TO_NAV, "clinical", address_grading="none").effect is Effect.INDETERMINATE


def test_nothing_known_at_all_releases_nothing_on_any_route() -> None:
    cells = {(cell["from"], cell["to"], cell["message"], cell["purpose"]) for cell in permitted_cells(table())}
    assert len(cells) > 80
    for sender, recipient, kind, purpose in cells:
        route = Route(Role(sender), Role(recipient), MessageKind(kind), Purpose(purpose))
        assert not decide_elements(table(), route, Facts(), map(Element, DataClass)).permitted, route


def test_two_answers_of_one_class_may_differ() -> None:
    to_nav = decide(table(), TO_NAV, facts(), certificate())
    assert of_field(to_nav, "answers[0].answers[0].text").effect is Effect.PERMIT
    assert of_field(to_nav, "answers[0].answers[1].text").rules == ("restricted-n",)
    to_patient = decide(table(), TO_PATIENT, facts(standing="self"), certificate())
    assert of_field(to_patient, "answers[0].answers[1].text").effect is Effect.PERMIT
    assert of_field(to_patient, "answers[0].answers[2].text").rules == ("restricted-p",)


@pytest.mark.parametrize("route", [TO_NAV, TO_PATIENT, TO_EMPLOYER])
def test_an_answer_with_a_strange_restriction_code_goes_to_nobody(route: Route) -> None:
    group = AnswerGroup(id="6.2", title="t", answers=(answer(1, "tekst", "hemmelig"),))
    decision = decide(table(), route, facts(standing="self"), replace(certificate(), answers=(group,)))
    assert of_field(decision, "answers[0].answers[0].text").effect is not Effect.PERMIT


def test_an_answer_without_a_restriction_counts_as_restricted_for_the_employer() -> None:
    assert restrictions(()) == (("restricted-for-employer", "true"),)
    assert restrictions(("nav",)) == (("restricted-for-nav", "true"),)
    assert dict(restrictions(("nav", "x"))) == dict.fromkeys(
        ("restricted-for-employer", "restricted-for-patient", "restricted-for-nav"), "unknown"
    )


def test_shielding_stated_in_the_record_is_heard_without_anybody_gathering_it() -> None:
    shielded = replace(certificate(), shielded_for_patient=True)
    decision = decide(table(), TO_PATIENT, facts(standing="self"), shielded)
    assert of_field(decision, "diagnosis.main.code").rules == ("shielded-from-patient",)
    assert of_field(decision, "periods[0].start").effect is Effect.PERMIT
    given = decide(table(), TO_PATIENT, facts(standing="self", shielded_for_patient="true"), certificate())
    assert of_field(given, "diagnosis.main.code").rules == ("shielded-from-patient",)


def test_free_text_that_names_an_illness_is_held_back_and_the_rest_goes() -> None:
    record = replace(certificate(), message_to_employer="Hun har depresjon")
    decision = decide(table(), TO_EMPLOYER, facts(), record)
    assert of_field(decision, "message_to_employer").rules == ("free-text-hit",)
    assert of_field(decision, "message_to_employer").obligations == {"hold-for-review"}
    assert of_field(decision, "measures.workplace").effect is Effect.PERMIT


@pytest.mark.parametrize("text", ["x" * 5000, "Тяжёлая работа", "病気"])
def test_free_text_that_cannot_be_judged_is_held_back(text: str) -> None:
    decision = decide(table(), TO_EMPLOYER, facts(), replace(certificate(), message_to_employer=text))
    assert of_field(decision, "message_to_employer").effect is Effect.INDETERMINATE


def test_saying_that_all_text_is_clean_does_not_overrule_the_screen() -> None:
    record = replace(certificate(), message_to_employer="Hun har depresjon")
    decision = decide(table(), TO_EMPLOYER, facts(free_text_screen="clean"), record)
    assert of_field(decision, "message_to_employer").effect is Effect.DENY


def test_free_text_to_nav_is_not_screened() -> None:
    record = replace(certificate(), message_to_employer="x" * 5000)
    assert of_field(decide(table(), TO_NAV, facts(), record), "message_to_employer").effect is Effect.PERMIT


def test_facts_of_a_class_stand_above_those_of_the_message() -> None:
    route = Route(Role.CERTIFIER, Role.COORDINATOR, MessageKind.COORDINATION_PLAN, Purpose.COORDINATION)
    known = facts(consent="permit", named_in_plan="true", coordinator_side="public")
    per_class = replace(known, by_class={"diagnosis": {"consent": "none"}})
    decision = decide(table(), route, per_class, certificate())
    assert of_field(decision, "diagnosis.main.code").effect is Effect.NOT_APPLICABLE
    assert of_field(decision, "episode_start").effect is Effect.PERMIT


def test_an_explicit_no_beats_a_yes_wherever_consent_matters_and_not_towards_nav() -> None:
    assert of_field(decide(table(), TO_EMPLOYER, facts(consent="deny"), certificate()), "episode_start").rules == (
        "consent-denies",
    )
    assert decide(table(), TO_NAV, facts(consent="deny"), certificate()).permitted


def test_a_consent_that_does_not_cover_is_no_explicit_no() -> None:
    assert decide(table(), TO_EMPLOYER, facts(consent="none"), certificate()).permitted


def test_a_dead_consent_service_stops_the_employer_and_not_nav() -> None:
    unreachable = Facts({name: value for name, value in facts().message.items() if name != "consent"})
    assert not decide(table(), TO_EMPLOYER, unreachable, certificate()).permitted
    assert decide(table(), TO_NAV, unreachable, certificate()).permitted


def test_the_certificate_that_says_no_and_carries_diagnoses_loses_them() -> None:
    route = Route(Role.PATIENT, Role.EMPLOYER, MessageKind.AG114, Purpose.SICK_LEAVE_FOLLOW_UP)
    for choice, goes in (("true", True), ("false", False), ("unknown", False)):
        decision = decide(table(), route, facts(diagnosis_choice=choice, withdrawn="false"), certificate())
        assert (of_field(decision, "diagnosis.main.code").effect is Effect.PERMIT) is goes
        assert of_field(decision, "episode_start").effect is Effect.PERMIT


def test_breaking_the_glass_opens_care_and_nothing_else() -> None:
    assert not decide(table(), TO_EMPLOYER, facts(glass="opened", patient_act="false"), certificate()).permitted
    care = Route(Role.CAREGIVER, Role.CAREGIVER, MessageKind.CARE_RECORD, Purpose.TREATMENT)
    closed = facts(law="sweden", block="active", objection="none", glass="closed", work_reason="true", consent="permit")
    assert not decide(table(), care, closed, certificate()).permitted
    opened = Facts({**closed.message, "glass": "opened"})
    decision = decide(table(), care, opened, certificate())
    assert of_field(decision, "diagnosis.main.code").obligations == {"log", "notify-patient", "show-as-break-glass"}


def test_a_decision_says_how_long_it_holds_and_by_which_rules() -> None:
    moment = datetime(2026, 12, 1, tzinfo=UTC)
    decision = decide(table(), TO_NAV, replace(facts(), until=moment), certificate())
    assert decision.valid_until == moment
    assert (decision.rules_version, decision.rules_digest) == (rules().version, rules().digest)


def test_a_route_can_be_cut_to_the_classes_it_may_ever_release() -> None:
    assert releasable(table(), TO_PAYROLL) == {"envelope", "identity", "employment", "absence"}
    assert DataClass.DIAGNOSIS not in releasable(table(), TO_EMPLOYER)
    assert releasable(table(), TO_NAV) == {*rules().groups["certificate"], "plan"}
    ag = Route(Role.PATIENT, Role.EMPLOYER, MessageKind.AG114, Purpose.SICK_LEAVE_FOLLOW_UP)
    assert DataClass.DIAGNOSIS in releasable(table(), ag)
    fk = Route(Role.PATIENT, Role.EMPLOYER, MessageKind.FK7804, Purpose.SICK_LEAVE_FOLLOW_UP)
    assert releasable(table(), fk) == set()


def test_elements_are_the_leaves_of_the_model_grouped_by_class_and_marks() -> None:
    by_path = {field: element for element in elements_of(certificate()) for field in element.fields}
    assert {path: element.data_class for path, element in by_path.items()} == {
        path: data_class for path, _, data_class in values_of(certificate())
    }
    assert by_path["answers[0].answers[1].text"].marks == (("restricted-for-nav", "true"),)
