"""`GET /fhir/AuditEvent` over the real application, codec, rules and store."""

import asyncio
import json
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from line_kit import vault
from log_kit import entry
from prometheus_client import CollectorRegistry

sys.path.insert(0, str(Path(__file__).parents[1] / "http"))

import live_edge

from gateway.core.audit import AuditAction
from gateway.core.errors import Busy
from gateway.core.vocabulary import Role
from gateway.edge.audit.reader import LogReader
from gateway.edge.audit.search import Filter, search
from gateway.edge.http import Limits, create_app
from gateway.edge.identity import Unidentified
from gateway.edge.identity.access import Caller
from gateway.edge.identity.parties import Party
from gateway.edge.rulebook import Rulebook
from gateway.edge.store.writer import Step
from gateway.wiring.audit import router

POLICY = Path(__file__).parents[3] / "mappings" / "policy"
RULES = Rulebook(POLICY, lambda: datetime(2026, 11, 24, tzinfo=UTC))
NUMBERS = ("13860199941", "24850299982")  # synthetic, of Tenor's series
PARTIES = {
    "officer": (Party(id="officer", name="Officer", roles=frozenset({Role.OFFICER})), "11870399989"),
    "ane": (Party(id="portal", name="Portal", roles=frozenset({Role.PATIENT})), NUMBERS[0]),
    "bo": (Party(id="portal", name="Portal", roles=frozenset({Role.PATIENT})), NUMBERS[1]),
    "nobody": (Party(id="portal", name="Portal", roles=frozenset({Role.PATIENT})), ""),
    "employer": (Party(id="hr", name="HR", roles=frozenset({Role.EMPLOYER})), ""),
    "narrow": (Party(id="officer", name="Officer", roles=frozenset({Role.OFFICER})), ""),
}
REASON = {"Samspill-Reason": "patient-asked"}
URL = "/fhir/AuditEvent"


async def identify(request):
    name = request.headers.get("authorization", "")
    if name not in PARTIES:
        raise Unidentified("there is no token")
    party, person = PARTIES[name]
    scopes = frozenset() if name == "narrow" else live_edge.SCOPES
    return Caller(party, scopes, "a test", person)


class Api:
    def __init__(self, log):
        self.log, self.vault = log, vault()
        self.pseudonyms = [self.vault.mac("patient", number) for number in NUMBERS]
        edge = live_edge.Edge(live_edge.MemoryIntake(), live_edge.MemoryConsents(), {"store": True})
        services = replace(live_edge.services(edge, Limits()), identify=identify, registry=CollectorRegistry())
        reader = LogReader(log.database, self.vault, RULES)
        app = create_app(services, [router(services, reader, [], "https://gateway.example")])
        self.app = app
        log.database.write_now(Step("own", self.own), 12)

    def own(self, tx, items):
        from gateway.edge.audit.append import append  # noqa: PLC0415

        for count in items:
            append(tx, [replace(entry(tx, n), patient=self.pseudonyms[n % 2]) for n in range(count)])
        return [None] * len(items)

    def get(self, who, query="", **headers):
        async def call():
            wire = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=wire, base_url="https://gateway.example") as client:
                return await client.get(f"{URL}?{query}", headers={"Authorization": who} | headers)

        return asyncio.run(call())

    def post(self, who, form, query="", **headers):
        async def call():
            wire = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=wire, base_url="https://gateway.example") as client:
                return await client.post(f"{URL}/_search{query}", data=form, headers={"Authorization": who} | headers)

        return asyncio.run(call())

    def asked(self, query=""):
        return self.get("officer", query, **REASON)

    def officer(self, query=""):
        answer = self.asked(query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def api(log):
    return Api(log)


def patients(page):
    named = [one["resource"]["entity"][0]["what"].get("identifier", {}) for one in page["entry"]]
    return {one["value"] for one in named if one.get("system", "").endswith("patient-pseudonym")}


def actions(page):
    return [one["resource"]["subtype"][-1]["code"] for one in page["entry"]]


def newest(api, count=1):
    return [one.entry for one in search(api.log.database, Filter(), count)]


def test_a_patient_sees_their_own_entries_and_no_others(api):
    page = api.get("ane").json()
    assert patients(page) == {api.pseudonyms[0]}
    assert len(page["entry"]) == 6 + 1  # and this very search
    assert "a-rule" not in json.dumps(page)
    assert api.pseudonyms[1] not in json.dumps(page)


@pytest.mark.parametrize("query", ["agent=gateway", "purpose=benefit", "outcome=0,4,8", "date=ge2020", "_count=200"])
def test_no_parameter_shows_a_patient_anothers_entries(api, query):
    assert patients(api.get("ane", query).json()) <= {api.pseudonyms[0]}


def test_a_patient_may_not_ask_for_another(api):
    answer = api.get("ane", f"patient={api.pseudonyms[1]}")
    assert answer.status_code == 403
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert api.get("ane", f"patient=Patient/{api.pseudonyms[0]}").status_code == 200


@pytest.mark.parametrize(("who", "status"), [("nobody", 403), ("employer", 403), ("narrow", 403), ("stranger", 401)])
def test_others_see_nothing_and_the_log_holds_no_reading_of_theirs(api, who, status):
    assert api.get(who, **{"Samspill-Reason": "curious"}).status_code == status
    assert newest(api)[0].action is not AuditAction.LOG_READ


def test_an_officer_says_why_or_sees_nothing(api):
    answer = api.get("officer")
    assert answer.status_code == 403
    assert "say why" in answer.text
    assert api.get("officer", **{"Samspill-Reason": "A story about somebody"}).status_code == 400
    assert patients(api.officer()) == set(api.pseudonyms)


def test_every_search_is_in_the_log_before_it_is_answered(api):
    page = api.officer(f"patient={api.pseudonyms[0]}&date=ge2020-01-01")
    written = newest(api)[0]
    assert (written.action, written.actor, written.reason) == (AuditAction.LOG_READ, "officer", "patient-asked")
    assert (written.patient, written.sought) == (api.pseudonyms[0], ("patient", "since"))
    assert written.person == api.vault.mac("patient", "11870399989")
    assert written.disclosure.permitted == ("officer-log",)
    assert actions(page)[0] == "log-read"
    assert "log-read" in actions(api.get("ane").json())  # the patient sees that somebody looked


def test_a_search_that_cannot_be_logged_is_not_answered(api, monkeypatch):
    async def away(step, item):  # noqa: ARG001
        raise Busy("the store is away")

    monkeypatch.setattr(api.log.database, "write", away)
    assert api.get("ane").status_code == 503


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("agent=nav", 8),
        ("agent=Organization/employer", 4),
        ("agent=ehr", 6),
        ("purpose=benefit", 12),
        ("purpose=http://terminology.hl7.org/CodeSystem/v3-ActReason%7CELIGDTRM", 12),
        ("purpose=pay", 0),
        ("outcome=4", 1),
        ("outcome=8", 0),
        ("date=lt2020", 0),
        ("date=ge2020-02&date=lt2020-03", 0),
    ],
)
def test_an_officer_searches_by_agent_purpose_outcome_and_date(api, query, count):
    assert len(api.officer(query)["entry"]) == count


def test_dates_have_the_prefixes_and_the_precision_of_fhir(api):
    today = datetime.fromtimestamp(time.time(), UTC)
    day, month = f"{today:%Y-%m-%d}", f"{today:%Y-%m}"
    for query in (day, month, f"{today:%Y}", f"ge{day}", f"le{day}", f"gt{today.year - 1}", f"lt{today.year + 1}"):
        assert len(api.officer(f"date={query}&purpose=benefit")["entry"]) == 12, query
    for query in (f"gt{day}", f"lt{day}", f"sa{month}", f"eb{today:%Y}", f"lt{day}T00:00:00Z"):
        assert api.officer(f"date={query}&purpose=benefit")["entry"] == [], query


def test_pages_lead_through_everything_once_and_never_say_how_much_there_is(api):
    seen, query = [], "purpose=benefit&_count=5"
    while query:
        page = api.officer(query)
        assert "total" not in page
        seen += [one["resource"]["id"] for one in page["entry"]]
        links = {one["relation"]: one["url"] for one in page["link"]}
        query = httpx.URL(links["next"]).query.decode() if "next" in links else ""
    assert len(seen) == len(set(seen)) == 12


def test_the_link_to_the_next_page_counts_nothing_of_others(api):
    page = api.get("ane", "purpose=benefit&_count=5").json()
    following = next(one["url"] for one in page["link"] if one["relation"] == "next")
    assert httpx.URL(following).params["_page"] == page["entry"][-1]["resource"]["id"]
    rest = api.get("ane", httpx.URL(following).query.decode()).json()
    assert len(rest["entry"]) == 1
    assert [one["relation"] for one in rest["link"]] == ["self"]


@pytest.mark.parametrize(
    "query",
    ["patient=13860199941", "patient:identifier=urn:oid:2.16.578.1.12.4.1.4.1%7C13860199941", "date=yesterday",
     "date=2026-13", "date=2026-11-24T12:00:00", "date=ge9999-12-31T23:59:59Z", "outcome=12",
     "purpose=gossip", "_count=0", "_count=1000", "_count=x", "agent=a%20b", "_page=%27", "entity-name=x",
      "patient=x&patient=y", "_total=accurate"],
)  # fmt: skip
def test_a_search_that_is_not_understood_is_refused_and_not_widened(api, query):
    answer = api.asked(query)
    assert answer.status_code == 400
    assert "13860199941" not in answer.text
    assert newest(api)[0].action is not AuditAction.LOG_READ


def test_the_answer_is_in_xml_where_that_is_asked_for(api):
    answer = api.asked("_format=application/fhir%2Bxml")
    assert answer.headers["content-type"].startswith("application/fhir+xml")
    assert b"<AuditEvent" in answer.content


def test_an_officer_finds_a_patient_by_number_in_a_form_and_the_links_hold_the_pseudonym(api):
    form = {"patient": f"urn:oid:2.16.578.1.12.4.1.4.1|{NUMBERS[0]}", "_count": "2", "outcome": "0,4,8"}
    answer = api.post("officer", form, **REASON)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert patients(page) == {api.pseudonyms[0]}
    assert NUMBERS[0] not in answer.text
    links = {one["relation"]: one["url"] for one in page["link"]}
    assert api.pseudonyms[0] in links["next"]
    following = api.officer(links["next"].partition("?")[2])
    assert patients(following) == {api.pseudonyms[0]}
    assert {one["fullUrl"] for one in page["entry"]}.isdisjoint(one["fullUrl"] for one in following["entry"])
    assert newest(api)[0].patient == api.pseudonyms[0]


def test_a_form_shows_a_patient_their_own_entries_and_refuses_anothers(api):
    assert patients(api.post("ane", {"patient": NUMBERS[0]}).json()) == {api.pseudonyms[0]}
    assert patients(api.post("ane", {}).json()) == {api.pseudonyms[0]}
    refused = api.post("ane", {"patient": NUMBERS[1]})
    assert refused.status_code == 403
    assert NUMBERS[1] not in refused.text


@pytest.mark.parametrize("form", [{"patient": "13860199940"}, {"patient": "x"}, {"somebody": "1"}, {"outcome": "12"}])
def test_a_form_that_cannot_be_read_is_refused_and_its_values_are_not_repeated(api, form):
    answer = api.post("officer", form, **REASON)
    assert answer.status_code == 400
    assert not any(len(value) > 2 and value in answer.text for value in form.values())


def test_a_form_has_its_parameters_in_the_body_alone_and_a_reason_is_still_asked_for(api):
    assert api.post("officer", {}, "?outcome=0", **REASON).status_code == 400
    assert api.post("officer", {"patient": NUMBERS[0]}).status_code == 403
    assert api.post("stranger", {"patient": NUMBERS[0]}).status_code == 401
