"""The main job on one machine: a bundle becomes NAV's XML and, by the patient's own act, the employer's copy."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from live_line import EMPLOYER, FHIR, NOBODY, Live, act_on, note, number_of, resource
from lxml import etree
from structlog.testing import capture_logs

from gateway.core.errors import NotAcceptable
from gateway.core.identifiers import ORGANISATION_SYSTEM
from gateway.core.vocabulary import Role
from gateway.edge.identity.access import Caller
from gateway.edge.seal import xmldsig
from gateway.edge.store.operate import NotThere
from gateway.sandbox.case import degree_to
from gateway.sandbox.employer import Answer as Unwell
from gateway.sandbox.installation import until
from gateway.sandbox.nav import MSGHEAD, Answer

SA = "http://nav.no/melding/virksomhet/sykmeldingArbeidsgiver/v1/sykmeldingArbeidsgiver"
OTHER_PATIENT = "11827020089"

pytestmark = pytest.mark.xdist_group("line")  # one gateway for all of them


def at_nav(live: Live, bundle: dict) -> list:
    return [one for one in live.scene.nav.received if number_of(bundle).encode() in one.body]


def at_employer(live: Live, bundle: dict) -> list:
    return [one for one in live.scene.employer.received if number_of(bundle).encode() in one.body]


@pytest.mark.parametrize("name", ["graded", "full", "treatment-days", "clinical"])
def test_a_bundle_reaches_nav_as_signed_xml_that_its_schema_accepts_and_is_receipted(live: Live, name: str) -> None:
    bundle = note(name)
    location = live.send(bundle)
    [got] = at_nav(live, bundle)
    assert got.faults == ()
    assert got.peer
    root = etree.fromstring(got.body)
    assert root.findtext(f"{{{MSGHEAD}}}MsgInfo/{{{MSGHEAD}}}MsgId") == number_of(bundle)
    assert root.find("{http://www.w3.org/2000/09/xmldsig#}Signature") is not None
    assert live.task(location)["status"] == "completed"
    assert live.states(location) == {"nav": "acknowledged"}
    assert at_employer(live, bundle) == []


def test_what_nav_got_carries_the_gateways_signature_and_is_broken_by_one_changed_letter(live: Live) -> None:
    bundle = note("graded")
    live.send(bundle)
    [got] = at_nav(live, bundle)
    allowed = [live.scene.gateway._signing.signing(datetime.now(UTC)).certificate]
    assert xmldsig.verify(got.body, allowed)
    changed = got.body.replace(number_of(bundle).encode(), number_of(note("graded")).encode())
    with pytest.raises(NotAcceptable):
        xmldsig.verify(changed, allowed)


def test_a_receipt_that_says_no_puts_the_message_among_the_dead_letters(live: Live) -> None:
    live.scene.nav.control.answer = Answer.REJECTED
    try:
        bundle = note("graded")
        answer = live.post(bundle)
        location = answer.headers["Location"]
        live.settled(location, nav="dead-letter")
        assert live.task(location, "on-hold")
    finally:
        live.scene.nav.control.answer = Answer.OK
    live.send(note("graded"))


def test_a_receipt_that_comes_late_is_matched_to_its_message(live: Live) -> None:
    control = live.scene.nav.control
    control.answer, control.post_back = Answer.LATE, f"{live.scene.base}/nav/messages"
    try:
        location = live.post(note("graded")).headers["Location"]
        live.settled(location, nav="acknowledged")
    finally:
        control.answer, control.post_back = Answer.OK, ""


def test_the_same_message_again_gets_the_same_answer_and_is_sent_once(live: Live) -> None:
    bundle = note("treatment-days")
    location = live.send(bundle)
    before = live.rows()
    again = live.post(bundle)
    assert (again.status_code, again.headers["Location"]) == (202, location)
    assert live.rows() == before
    assert len(at_nav(live, bundle)) == 1


def test_the_same_key_with_another_body_is_a_conflict_and_nothing_is_stored(live: Live) -> None:
    bundle = note("graded")
    first = live.post(bundle, **{"Idempotency-Key": number_of(bundle)})
    live.settled(first.headers["Location"], nav="acknowledged")
    before = live.rows()
    resource(bundle, "Patient")["name"][0]["family"] = "Fjellryper"
    second = live.post(bundle, **{"Idempotency-Key": number_of(bundle)})
    assert second.status_code == 409
    assert second.json()["resourceType"] == "OperationOutcome"
    assert live.rows() == before


def test_the_same_note_under_another_key_is_the_same_and_another_under_its_id_is_a_conflict(live: Live) -> None:
    bundle = note("graded")
    first, again = (
        live.post(bundle, **{"Idempotency-Key": key}) for key in (number_of(bundle), number_of(note("full")))
    )
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.headers["Location"] == again.headers["Location"]
    live.settled(first.headers["Location"], nav="acknowledged")
    before = live.rows()
    resource(bundle, "Patient")["name"][0]["family"] = "Fjellryper"
    other = live.post(bundle, **{"Idempotency-Key": number_of(note("full"))})
    assert other.status_code == 409
    assert other.json()["issue"][0]["expression"] == ["Bundle.identifier.value"]
    assert live.rows() == before


def test_ten_of_the_same_message_at_once_are_one(live: Live) -> None:
    bundle = note("graded")
    with ThreadPoolExecutor(10) as several:
        answers = list(several.map(live.post, [bundle] * 10))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    live.settled(answers[0].headers["Location"], nav="acknowledged")
    assert len(at_nav(live, bundle)) == 1


def test_a_note_in_the_name_of_an_organisation_that_the_party_may_not_send_for_is_refused(live: Live) -> None:
    bundle = note("full")
    for one in resource(bundle, "Organization")["identifier"]:
        if one["system"] == ORGANISATION_SYSTEM:
            one["value"] = EMPLOYER
    before = live.rows()
    answer = live.post(bundle)
    assert answer.status_code == 422
    [issue] = answer.json()["issue"]
    assert issue["code"] == "forbidden"
    [place] = issue["expression"]
    assert re.fullmatch(r"Bundle\.entry\[\d+\]\.resource\.identifier\[\d+\]\.value", place)
    assert EMPLOYER not in answer.text
    assert live.rows() == before


# the employer's copy


def test_the_employer_gets_its_copy_after_the_patients_act_and_not_before_it(live: Live) -> None:
    bundle = note("full")
    location = live.send(bundle)
    assert at_employer(live, bundle) == []
    assert live.give(act_on(bundle)).status_code == 201
    live.settled(location, employer="acknowledged")
    [copy] = at_employer(live, bundle)
    assert copy.faults == ()
    root = etree.fromstring(copy.body)
    assert root.tag == f"{{{SA}}}sykmeldingArbeidsgiver"
    assert root.findtext("virksomhetsnummer") == EMPLOYER
    for hidden in ("P76", "P06", "Depressiv", "konsentrasjon", "forverring", "oppfølging", "9990001", "Lyngveien"):
        assert hidden.encode() not in copy.body
    assert live.task(location)["status"] == "completed"


def test_the_act_given_twice_sends_one_copy(live: Live) -> None:
    bundle = note("full")
    location = live.send(bundle)
    for _ in range(2):
        assert live.give(act_on(bundle)).status_code == 201
    live.settled(location, employer="acknowledged")
    assert len(at_employer(live, bundle)) == 1


def test_an_act_that_is_withdrawn_before_the_copy_left_stops_it(live: Live) -> None:
    bundle = note("full")
    location = live.send(bundle)
    live.scene.employer.control.answer = Unwell.UNAVAILABLE
    try:
        given = live.give(act_on(bundle))
        live.settled(location, employer="sealed")
        withdrawn = live.give({**act_on(bundle), "status": "inactive"}, given.json()["id"])
        assert withdrawn.status_code == 200
        live.settled(location, employer="refused")
    finally:
        live.scene.employer.control.answer = Unwell.OK
    assert at_employer(live, bundle) == []


def test_an_act_that_is_given_again_after_a_refusal_sends_the_copy(live: Live) -> None:
    bundle = note("full")
    location = live.send(bundle)
    live.add(location, "employer")
    live.settled(location, employer="refused")
    assert live.give(act_on(bundle)).status_code == 201
    live.settled(location, employer="acknowledged")
    assert len(at_employer(live, bundle)) == 1
    assert live.give(act_on(bundle)).status_code == 201
    live.settled(location, employer="acknowledged")
    assert len(at_employer(live, bundle)) == 1


def test_nothing_more_goes_to_the_employer_after_a_withdrawal(live: Live) -> None:
    bundle = note("full")
    location = live.send(bundle)
    given = live.give(act_on(bundle))
    live.settled(location, employer="acknowledged")
    assert live.give({**act_on(bundle), "status": "inactive"}, given.json()["id"]).status_code == 200
    live.add(location, "employer")
    other = note("full")
    second = live.send(other)
    live.add(second, "employer")
    live.settled(second, employer="refused")
    assert len(at_employer(live, bundle)) == 1
    assert at_employer(live, other) == []


def test_an_act_on_another_patients_note_does_nothing(live: Live) -> None:
    bundle = note("full")
    location = live.send(bundle)
    act = act_on(bundle)
    who = {"identifier": {**act["patient"]["identifier"], "value": OTHER_PATIENT}}
    assert live.give({**act, "patient": who, "performer": [who]}).status_code == 201
    assert live.states(location) == {"nav": "acknowledged"}
    live.add(location, "employer")
    live.settled(location, employer="refused")
    assert at_employer(live, bundle) == []


def test_an_act_that_the_patient_did_not_perform_releases_nothing(live: Live) -> None:
    bundle = note("full")
    location = live.send(bundle)
    by = [{"identifier": {"system": "urn:oid:2.16.578.1.12.4.1.4.4", "value": "9990001"}}]
    assert live.give({**act_on(bundle), "performer": by}).status_code in {201, 422}
    live.add(location, "employer")
    live.settled(location, employer="refused")
    assert at_employer(live, bundle) == []


def test_an_act_that_has_run_out_releases_nothing(live: Live) -> None:
    bundle = note("full")
    location = live.send(bundle)
    act = act_on(bundle)
    act["provision"]["period"] = {"start": "2020-01-01", "end": "2020-02-01"}
    assert live.give(act).status_code == 201
    live.settled(location, employer="refused")
    assert at_employer(live, bundle) == []


def test_an_act_for_an_employer_that_nobody_knows_is_kept_and_sends_nothing(live: Live) -> None:
    bundle = note("full")
    location = live.send(bundle)
    assert live.give(act_on(bundle, NOBODY)).status_code == 201
    assert live.states(location) == {"nav": "acknowledged"}
    assert at_employer(live, bundle) == []


def test_an_act_for_a_note_that_is_not_here_yet_sends_it_when_it_comes(live: Live) -> None:
    before, bundle = live.rows()["outbound"], note("full")
    assert live.give(act_on(bundle)).status_code == 201
    assert live.rows()["outbound"] == before
    live.settled(live.send(bundle), nav="acknowledged", employer="acknowledged")
    assert len(at_employer(live, bundle)) == 1


def test_a_note_that_comes_after_its_act_was_withdrawn_is_not_sent(live: Live) -> None:
    bundle = note("full")
    given = live.give(act_on(bundle)).json()
    assert live.give({**act_on(bundle), "status": "inactive"}, given["id"]).status_code == 200
    live.settled(live.send(bundle), nav="acknowledged")
    assert at_employer(live, bundle) == []


def test_an_act_that_is_given_at_a_time_to_come_is_refused(live: Live) -> None:
    answer = live.give({**act_on(note("full")), "dateTime": "2099-01-01T00:00:00Z"})
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["expression"] == ["Consent.dateTime"]


def test_a_consent_cannot_be_moved_to_another_patient_which_would_leave_the_old_act_in_force(live: Live) -> None:
    bundle = note("full")
    live.send(bundle)
    given = live.give(act_on(bundle))
    who = {"identifier": {**act_on(bundle)["patient"]["identifier"], "value": OTHER_PATIENT}}
    moved = live.give({**act_on(bundle), "patient": who, "performer": [who]}, given.json()["id"])
    assert moved.status_code == 422
    assert any("Consent.patient" in at for issue in moved.json()["issue"] for at in issue.get("expression", ()))


def test_a_consent_is_there_only_for_who_recorded_it_for_its_patient_and_for_officers(live: Live) -> None:
    bundle, gateway = note("full"), live.scene.gateway
    consent_id = live.give(act_on(bundle)).json()["id"]
    ehr = gateway.registry.parties["ehr"]
    scopes = frozenset({"system/Consent.cruds"})

    def seen(role: Role, party: str = "another", person: str = "") -> bool:
        caller = Caller(replace(ehr, id=party, roles=frozenset({role})), scopes, "token", person)
        return live.run(gateway.consents.get(consent_id, caller)) is not None

    assert seen(Role.CERTIFIER, "ehr")
    assert not seen(Role.CERTIFIER)
    assert seen(Role.PATIENT, person=act_on(bundle)["patient"]["identifier"]["value"])
    assert not seen(Role.PATIENT, person=OTHER_PATIENT)
    assert seen(Role.OFFICER)
    stranger = Caller(replace(ehr, id="another"), scopes, "token")
    with pytest.raises(NotThere):
        live.run(gateway.consents.put(consent_id, {**act_on(bundle), "status": "inactive"}, stranger, None))


# the dry run


def test_a_dry_run_tells_what_would_go_to_whom_and_stores_nothing(live: Live) -> None:
    before = live.rows()
    with live.client() as calling:
        answer = calling.post("/fhir/$validate", content=json.dumps(note("full")), headers=FHIR)
    assert answer.status_code == 200
    said = " ".join(issue["details"]["text"] for issue in answer.json()["issue"])
    assert "to nav: it goes" in said
    assert "to employer: nothing goes" in said
    assert live.rows() == before


def test_a_dry_run_tells_what_nav_will_answer_by_its_own_rules(live: Live) -> None:
    with live.client() as calling:
        by_hand, rejected, on_paper = (
            calling.post(f"/fhir/$validate{how}", content=json.dumps(one), headers=FHIR).json()["issue"]
            for one, how in ((note("treatment-days"), ""), (all_of_it(), ""), (all_of_it(), "?paper=true"))
        )
    told = {issue["severity"]: issue["details"]["text"] for issue in by_hand if "NAV has" in issue["details"]["text"]}
    assert "SYKMELDING_MED_BEHANDLINGSDAGER" in told["warning"]
    assert any("NAV will also check" in issue["details"]["text"] for issue in by_hand)
    [error] = [issue for issue in rejected if issue["severity"] == "error"]
    assert "GRADERT_SYKMELDING_OVER_99_PROSENT" in error["details"]["text"]
    assert {issue["severity"] for issue in on_paper} == {"warning", "information"}
    assert error["expression"][0].startswith("Bundle.entry[")


# NAV's own rules, at intake


def all_of_it() -> dict:
    """A note of partial sick leave by all of 100 per cent, which NAV's rules reject."""
    return json.loads(degree_to(100, json.dumps(note("graded")).encode()))


def test_a_note_that_navs_rules_reject_is_refused_at_its_place_before_anything_is_stored_or_sent(live: Live) -> None:
    bundle, before = all_of_it(), live.rows()
    with capture_logs() as logs:
        answer = live.post(bundle)
        live.run(until(lambda: any(entry["event"] == "request" for entry in logs), 0.01))  # told after the answer
    assert answer.status_code == 422
    [error] = answer.json()["issue"]
    assert "Hvis sykmeldingsgrad er høyere enn 99% for delvis sykmelding avvises meldingen" in error["details"]["text"]
    assert "give a degree from 1 to 99" in error["details"]["text"]
    assert error["expression"] == ["Bundle.entry[4].resource.item[1].item[3].answer[0].valueInteger"]
    assert live.rows() == before
    assert at_nav(live, bundle) == []
    [told] = [entry for entry in logs if entry["event"] == "request"]
    assert told["status"] == 422
    assert (told["codes"], told["rules"]) == (["business-rule"], ["GRADERT_SYKMELDING_OVER_99_PROSENT"])


def test_what_nav_has_a_person_look_at_and_what_it_also_checks_is_told_with_the_202(live: Live) -> None:
    answer = live.post(note("treatment-days"))
    assert answer.status_code == 202
    said = [(issue["severity"], issue["details"]["text"]) for issue in answer.json()["issue"]]
    [warning] = [text for severity, text in said if severity == "warning"]
    assert "NAV has a person look at this by its rule SYKMELDING_MED_BEHANDLINGSDAGER" in warning
    [checks] = [text for _, text in said if text.startswith("NAV will also check: ")]
    assert "whether NAV has received the same before" in checks


def test_what_was_taken_stays_taken_when_it_comes_again_after_the_day_until_which_nav_takes_it(live: Live) -> None:
    rules, bundle = live.scene.gateway.line._nav_rules, note("graded")
    taken, now = live.send(bundle), rules._now
    rules._now = lambda: now() + timedelta(days=4 * 365)
    try:
        assert live.post(bundle).headers["Location"] == taken
        refused = live.post(note("graded"))
    finally:
        rules._now = now
    assert refused.status_code == 422
    assert "TILBAKEDATERT_MER_ENN_3_AR" in refused.text


def test_a_dry_run_of_a_bad_message_tells_every_fault_at_its_place(live: Live) -> None:
    with live.client() as calling:
        answer = calling.post("/fhir/$validate", content=json.dumps(note("faulty")), headers=FHIR)
    errors = [issue for issue in answer.json()["issue"] if issue["severity"] == "error"]
    assert len(errors) >= 3
    assert all(issue["expression"][0].startswith("Bundle.entry[4].resource") for issue in errors)
