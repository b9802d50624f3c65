"""Breaking the glass through the real application: who may, what they see, who hears of it, and who never may."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from live_line import Live, note, number_of
from people import Api, by_name, who
from prometheus_client import CollectorRegistry

from gateway.core.audit import AuditAction
from gateway.core.errors import Busy, Refused
from gateway.core.message import Route
from gateway.core.vocabulary import MessageKind, Purpose, Role
from gateway.edge import glass as breaking
from gateway.edge.audit.reader import LogReader
from gateway.edge.audit.search import Filter, Found, search
from gateway.edge.http import create_app, glass, notices
from gateway.edge.identity.parties import Party
from gateway.edge.review import Item, Officer
from gateway.edge.store.review import Status
from gateway.policy.pdp import releasable
from gateway.wiring.audit import router as log_router
from gateway.wiring.notices import shown

PATIENT = "02917923100"
DOCTOR, OTHER_DOCTOR = "11870399989", "13860199941"
PLEA = {"patient": PATIENT, "reason": "unconscious", "treats": True}
SECRET = ("P76", "Depressiv", "forverring")  # the diagnosis and the history of the demo's full note
WORK = ("Skjermet plass", "Havna", "arbeidsrettet", "Kundebehandler")  # employer, measures, note to NAV

pytestmark = pytest.mark.xdist_group("review")


CALLERS = {
    "doctor": who("emergency", Role.CAREGIVER, DOCTOR),
    "gp": who("ehr", Role.CERTIFIER, DOCTOR),
    "colleague": who("emergency", Role.CAREGIVER, OTHER_DOCTOR),
    "elsewhere": who("other-ward", Role.CAREGIVER, DOCTOR),
    "nobody": who("emergency", Role.CAREGIVER),
    "patient": who("portal", Role.PATIENT, PATIENT),
    "stranger": who("portal", Role.PATIENT, OTHER_DOCTOR),
} | {
    role.value: who(role.value, role, DOCTOR)
    for role in Role
    if role not in {Role.CERTIFIER, Role.CAREGIVER, Role.PATIENT}
}


class Asked(Api):
    def ask(self, name: str = "doctor", **changes: Any) -> httpx.Response:
        return self.call(name, "POST", "/glass", {**PLEA, **changes})

    def entries(self, *actions: AuditAction) -> list[Found]:
        return search(self.live.scene.gateway.database, Filter(actions=actions), 100)

    def cases(self, status: Status = Status.OPEN) -> list[Item]:
        return self.live.scene.gateway.review.items(status, "glass", 500)


@pytest.fixture(scope="module")
def api(live: Live) -> Asked:
    gateway = live.scene.gateway

    services = replace(gateway.services(), identify=by_name(CALLERS), registry=CollectorRegistry())
    reader = LogReader(gateway.database, gateway.vault, gateway.rulebook)
    parties = [caller.party for caller in CALLERS.values()]
    parts = [
        glass.router(services, gateway.glass),
        notices.router(services, gateway.notices, shown),
        log_router(services, reader, parties, "https://gateway.example"),
    ]
    return Asked(live, create_app(services, parts))


@pytest.fixture(scope="module")
def record(api: Asked) -> str:
    return api.live.send(note("full")).rpartition("/")[2]


def opened(api: Asked, record: str, name: str = "doctor") -> httpx.Response:
    return api.call(name, "POST", f"/glass/{api.ask(name).json()['opening']}/{record}")


@pytest.mark.parametrize("name", ["doctor", "gp"])
def test_whoever_treats_is_first_shown_that_there_is_something_and_then_one_record(
    api: Asked, record: str, name: str
) -> None:
    asked = api.ask(name)
    assert asked.status_code == 201, asked.text
    assert record in {one["id"] for one in asked.json()["records"]}
    assert {one["kind"] for one in asked.json()["records"]} == {"sykmelding"}
    assert not [word for word in (*SECRET, *WORK, PATIENT) if word in asked.text]
    shown_ = api.call(name, "POST", f"/glass/{asked.json()['opening']}/{record}")
    assert shown_.status_code == 200, shown_.text
    assert shown_.headers["cache-control"] == "no-store"
    assert [word for word in SECRET if word in shown_.text] == list(SECRET)
    assert [word for word in WORK if word in shown_.text] == []


def test_the_log_tells_it_before_and_shows_it_as_breaking_the_glass_to_officer_and_patient(
    api: Asked, record: str
) -> None:
    opened(api, record)
    [newest, *_] = api.entries(AuditAction.GLASS_OPENED)
    entry = newest.entry
    assert (entry.actor, entry.message, entry.reason) == ("emergency", record, "unconscious")
    assert entry.person
    assert entry.disclosure is not None
    assert entry.disclosure.permitted == ("glass-opens-care",)
    assert set(entry.disclosure.obligations) == {"log", "show-as-break-glass", "notify-patient"}
    assert entry.digest
    for number in (PATIENT, DOCTOR):
        assert number not in newest.raw.decode()
    page = api.call("patient", "GET", "/fhir/AuditEvent?_count=200").json()
    own = next(one["resource"] for one in page["entry"] if one["resource"]["id"] == entry.id)
    assert own["purposeOfEvent"][0]["coding"][0]["code"] == "BTG"
    assert own["agent"][0]["purposeOfUse"][0]["coding"][0]["code"] == "BTG"
    assert "unconscious" not in json.dumps(own)


def test_the_patient_is_told_in_each_language_and_nobody_else_is(api: Asked, record: str) -> None:
    opened(api, record)
    told = api.call("patient", "GET", "/fhir/Communication").json()
    mine = [one["resource"] for one in told["entry"] if one["resource"]["about"][0]["identifier"]["value"] == record]
    notice = next(one for one in mine if one["category"][0]["coding"][0]["code"] == "glass")
    languages = [one["_contentString"]["extension"][0]["valueCode"] for one in notice["payload"]]
    assert languages == ["nb", "en", "sv"]
    assert "nødrett" in notice["payload"][0]["contentString"]
    assert "breaking the glass" in notice["payload"][1]["contentString"]
    assert "entry" not in api.call("stranger", "GET", "/fhir/Communication").json()
    assert api.call("doctor", "GET", "/fhir/Communication").status_code == 403


def test_each_case_waits_for_an_officer_who_is_not_the_one_who_broke_the_glass(api: Asked, record: str) -> None:
    opening = api.ask().json()["opening"]
    [case] = [one for one in api.cases() if one.id == opening]
    queue = api.live.scene.gateway.review
    assert (case.party, case.recipient, case.reason) == ("emergency", "caregiver", "unconscious")
    with pytest.raises(Refused):
        queue.close(opening, Officer("console", DOCTOR), "was-an-emergency")
    queue.close(opening, Officer("console", OTHER_DOCTOR), "was-an-emergency")
    assert [one.finding for one in api.cases(Status.CLOSED) if one.id == opening] == ["was-an-emergency"]
    assert api.call("doctor", "POST", f"/glass/{opening}/{record}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"reason": "curious"}, "reason"),
        ({"treats": False}, "treats"),
        ({"treats": "true"}, "treats"),
        ({"patient": ""}, "patient"),
    ],
)
def test_a_plea_without_a_known_reason_a_patient_or_the_word_that_one_treats_is_refused(
    api: Asked, changes: dict[str, Any], at: str
) -> None:
    before = len(api.cases())
    answer = api.ask(**changes)
    assert answer.status_code == 422
    assert [one["at"] for one in answer.json()["issues"]] == [at]
    assert len(api.cases()) == before


@pytest.mark.parametrize("body", [[], "x", {"patient": 1, "reason": "unconscious", "treats": True}, None])
def test_a_plea_that_is_none_is_not_acceptable(api: Asked, body: Any) -> None:
    assert api.call("doctor", "POST", "/glass", body).status_code in {400, 422}


def test_a_system_without_a_person_breaks_no_glass(api: Asked, record: str) -> None:
    assert api.ask("nobody").status_code == 403
    opening = api.ask().json()["opening"]
    assert api.call("nobody", "POST", f"/glass/{opening}/{record}").status_code == 403


@pytest.mark.parametrize("name", ["colleague", "elsewhere"])
def test_an_opening_is_one_persons_at_one_party(api: Asked, record: str, name: str) -> None:
    opening = api.ask().json()["opening"]
    assert api.call(name, "POST", f"/glass/{opening}/{record}").status_code == 404


def test_an_opening_runs_out(api: Asked, record: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opening = api.ask().json()["opening"]
    monkeypatch.setattr(breaking, "LASTS", -1.0)
    assert api.call("doctor", "POST", f"/glass/{opening}/{record}").status_code == 404


def test_another_patients_record_is_not_opened_by_this_ones_plea(api: Asked, record: str) -> None:
    opening = api.ask(patient=OTHER_DOCTOR).json()
    assert opening["records"] == []
    answer = api.call("doctor", "POST", f"/glass/{opening['opening']}/{record}")
    assert answer.status_code == 404


def test_nothing_is_shown_when_it_cannot_be_logged(api: Asked, record: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opening = api.ask().json()["opening"]

    def away(*_: Any) -> None:
        raise Busy("the store is away")

    monkeypatch.setattr(api.live.scene.gateway.glass, "_log", away)
    answer = api.call("doctor", "POST", f"/glass/{opening}/{record}")
    assert answer.status_code == 503
    assert not [word for word in SECRET if word in answer.text]


def test_nothing_is_shown_when_the_address_register_does_not_answer(
    api: Asked, record: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = api.ask().json()["opening"]
    before = len(api.entries(AuditAction.GLASS_OPENED))
    monkeypatch.setattr(api.live.scene.gateway.gather, "_addresses", None)
    assert api.call("doctor", "POST", f"/glass/{opening}/{record}").status_code == 403
    assert len(api.entries(AuditAction.GLASS_OPENED)) == before


@pytest.mark.parametrize("role", [one for one in Role if one not in {Role.CERTIFIER, Role.CAREGIVER}])
def test_nobody_but_those_who_treat_has_such_a_route(api: Asked, record: str, role: Role) -> None:
    name = "patient" if role is Role.PATIENT else role.value
    opening = api.ask().json()["opening"]
    assert api.ask(name).status_code == 403
    assert api.call(name, "POST", f"/glass/{opening}/{record}").status_code == 403
    table = api.live.scene.gateway.rulebook.table
    if role is not Role.PATIENT:
        assert all(
            not releasable(table, Route(sender, role, MessageKind.CARE_RECORD, purpose))
            for sender in (Role.CERTIFIER, Role.CAREGIVER)
            for purpose in Purpose
        )


def test_no_record_that_did_not_come_from_care_is_among_them(api: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    location = api.live.send(bundle := note("graded"))
    assert number_of(bundle)
    known = api.live.scene.gateway.line
    real = known.party

    def as_employer(name: str) -> Party | None:
        found = real(name)
        return replace(found, roles=frozenset({Role.EMPLOYER})) if found and name == "ehr" else found

    monkeypatch.setattr(known, "party", as_employer)
    assert api.ask().json()["records"] == []
    answer = api.call("doctor", "POST", f"/glass/{api.ask().json()['opening']}/{location.rpartition('/')[2]}")
    assert answer.status_code == 404
