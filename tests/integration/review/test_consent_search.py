"""Searching consents: about one patient, only what the caller may see, with a total that counts only that."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from live_line import Live
from people import Api, by_name, who
from prometheus_client import CollectorRegistry

from gateway.core.errors import NotAcceptable, Refused
from gateway.core.vocabulary import Role
from gateway.edge.http import create_app

ANE, BO = "24850299982", "13860199941"
SYSTEM = "urn:oid:2.16.578.1.12.4.1.4.1"

pytestmark = pytest.mark.xdist_group("review")


CALLERS = {
    "ehr-a": who("search-a", Role.CERTIFIER),
    "ehr-b": who("search-b", Role.CERTIFIER),
    "ane": who("portal", Role.PATIENT, ANE),
    "bo": who("portal", Role.PATIENT, BO),
    "nobody": who("portal", Role.PATIENT),
    "officer": who("officer", Role.OFFICER),
    "employer": who("hr", Role.EMPLOYER),
}
GIVEN = [  # who recorded it, whose it is, its status, its day
    ("ehr-a", ANE, "active", "2026-01-10"),
    ("ehr-a", ANE, "inactive", "2026-02-10"),
    ("ehr-a", ANE, "active", "2026-03-10"),
    ("ehr-b", ANE, "active", "2026-04-10"),
    ("ehr-a", BO, "active", "2026-05-10"),
]


class Asked(Api):
    def search(self, name: str, number: str, **asked: str) -> dict[str, Any]:
        body = urlencode({"patient": f"{SYSTEM}|{number}", **asked})
        answer = self.call(name, "POST", "/fhir/Consent/_search", body)
        assert answer.status_code == 200, answer.text
        bundle: dict[str, Any] = answer.json()
        return bundle

    def pseudonym(self, number: str) -> str:
        return self.live.scene.gateway.register.pseudonym(number)


def consent(number: str, status: str, day: str) -> dict[str, Any]:
    return {
        "resourceType": "Consent",
        "status": status,
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
        },
        "patient": {"identifier": {"system": SYSTEM, "value": number}},
        "dateTime": day,
        "performer": [{"identifier": {"system": SYSTEM, "value": number}}],
        "provision": {"type": "deny"},
    }


@pytest.fixture(scope="module")
def api(live: Live) -> Asked:
    gateway = live.scene.gateway

    for name, number, status, day in GIVEN:
        live.run(gateway.consents.put(None, consent(number, status, day), CALLERS[name], None))
    services = replace(gateway.services(), identify=by_name(CALLERS), registry=CollectorRegistry())
    return Asked(live, create_app(services))


def days(bundle: dict[str, Any]) -> list[str]:
    return [one["resource"]["dateTime"] for one in bundle.get("entry", ())]


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("ehr-a", ANE, ["2026-01-10", "2026-02-10", "2026-03-10"]),
        ("ehr-b", ANE, ["2026-04-10"]),
        ("ehr-b", BO, []),
        ("officer", ANE, ["2026-01-10", "2026-02-10", "2026-03-10", "2026-04-10"]),
        ("ane", ANE, ["2026-01-10", "2026-02-10", "2026-03-10", "2026-04-10"]),
    ],
)
def test_each_caller_finds_what_they_may_see_and_the_total_counts_no_more(
    api: Asked, name: str, number: str, expected: list[str]
) -> None:
    found = api.search(name, number)
    assert sorted(days(found)) == expected
    assert found["total"] == len(expected)


def test_status_and_date_narrow_it(api: Asked) -> None:
    assert days(api.search("officer", ANE, status="inactive")) == ["2026-02-10"]
    assert sorted(days(api.search("officer", ANE, status="active,inactive", date="ge2026-03"))) == [
        "2026-03-10",
        "2026-04-10",
    ]
    assert days(api.search("officer", ANE, date="2026-01")) == ["2026-01-10"]
    assert api.search("officer", ANE, date="lt2026-01-10")["total"] == 0


def test_pages_follow_each_other_to_the_end_without_a_gap_and_name_no_number(api: Asked) -> None:
    page = api.search("officer", ANE, _count="1", status="active")
    seen = days(page)
    while following := next((one["url"] for one in page["link"] if one["relation"] == "next"), None):
        assert ANE not in following
        place = urlsplit(following)
        page = api.call("officer", "GET", f"{place.path}?{place.query}").json()
        assert page["total"] == 3
        seen += days(page)
    assert sorted(seen) == ["2026-01-10", "2026-03-10", "2026-04-10"]


def test_a_page_that_was_made_up_is_empty(api: Asked) -> None:
    assert "entry" not in api.search("officer", ANE, _page="made-up")


def test_a_patient_finds_their_own_without_naming_themselves_and_no_one_elses(api: Asked) -> None:
    assert api.call("bo", "GET", "/fhir/Consent").json()["total"] == 1
    assert api.call("bo", "GET", f"/fhir/Consent?patient={api.pseudonym(ANE)}").status_code == 403
    assert api.call("nobody", "GET", "/fhir/Consent").status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        "",
        "status=active",
        f"patient={ANE}",
        f"patient={SYSTEM}%7C{ANE}",
        "patient=x&status=active",
        "actor=Organization/1",
        "_include=Consent:patient",
        "patient=0&patient=0",
    ],
)
def test_what_would_widen_a_search_or_put_a_number_into_an_address_is_refused(api: Asked, query: str) -> None:
    answer = api.call("ehr-a", "GET", f"/fhir/Consent?{query}")
    assert answer.status_code == 400
    assert ANE not in answer.text


@pytest.mark.parametrize("asked", [{"status": "valid"}, {"_count": "0"}, {"_count": "101"}, {"date": "yesterday"}])
def test_values_that_are_none_are_refused_without_repeating_them(api: Asked, asked: dict[str, str]) -> None:
    body = urlencode({"patient": f"{SYSTEM}|{ANE}", **asked})
    answer = api.call("officer", "POST", "/fhir/Consent/_search", body)
    assert answer.status_code == 400
    assert "yesterday" not in answer.text


def test_an_employer_has_no_such_route(api: Asked) -> None:
    assert api.call("employer", "GET", "/fhir/Consent").status_code == 403


def test_a_later_version_is_found_and_not_the_one_before(api: Asked) -> None:
    gateway = api.live.scene.gateway
    made = api.live.run(gateway.consents.put(None, consent(BO, "active", "2026-06-01"), CALLERS["ehr-b"], None))
    changed = consent(BO, "inactive", "2026-06-02")
    api.live.run(gateway.consents.put(made.id, changed, CALLERS["ehr-b"], None))
    assert days(api.search("ehr-b", BO)) == ["2026-06-02"]
    assert api.search("ehr-b", BO, status="active")["total"] == 0


@pytest.mark.parametrize("caller", ["bo", "nobody"])
def test_nobody_gives_a_consent_for_another(live: Live, caller: str) -> None:
    with pytest.raises(Refused):
        live.run(live.scene.gateway.consents.put(None, consent(ANE, "active", "2026-01-10"), CALLERS[caller], None))


def test_a_patient_gives_no_consent_that_somebody_else_performs(live: Live) -> None:
    by_two = consent(ANE, "active", "2026-01-10")
    by_two["performer"].append({"display": "somebody else"})
    with pytest.raises(Refused):
        live.run(live.scene.gateway.consents.put(None, by_two, CALLERS["ane"], None))


def test_what_was_withdrawn_stays_withdrawn_whoever_sends_an_old_copy(live: Live) -> None:
    consents, given = live.scene.gateway.consents, consent(ANE, "active", "2026-01-10")
    first = live.run(consents.put(None, given, CALLERS["ehr-a"], None))
    live.run(consents.put(first.id, {**given, "status": "inactive"}, CALLERS["ane"], None))
    with pytest.raises(NotAcceptable) as error:
        live.run(consents.put(first.id, given, CALLERS["ehr-a"], None))
    assert [issue.at for issue in error.value.issues] == ["Consent.status"]
