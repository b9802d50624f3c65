"""Who may open which page, what a form must hold, which headers every answer has, and that the log comes first."""

import json
import re
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from live_line import Live, act_on, note
from sqlalchemy import insert, text
from visitor import Visitor

from gateway.console import policy
from gateway.console.app import PAGES
from gateway.console.consent_words import Given
from gateway.console.guard import HEADERS
from gateway.console.opens import opened
from gateway.console.sessions import Session, Standing
from gateway.console.visit import Visit as Asked
from gateway.console.words import words as words_in
from gateway.core.audit import AuditAction
from gateway.core.queues import Queue
from gateway.core.vocabulary import Role
from gateway.edge.audit.search import Filter, search
from gateway.edge.store import statements
from gateway.edge.store.cases import FIND, WATCH, Hit, Search
from gateway.edge.store.review import add
from gateway.edge.store.schema import rule_set
from gateway.edge.store.writer import Tx
from gateway.wiring.console import desk

PATIENT = "02917923100"
OFFICERS_OWN = "11870399989"
SECRETS = ("P76", "Depressiv", "forverring", "Fjellrype", "Rypefjell", PATIENT, "11827020089", "Skjermet plass")
"""What the demo's full note holds, and no page may: diagnosis, history, names, numbers, and a measure at work."""

Visit = Callable[..., Visitor]
pytestmark = pytest.mark.xdist_group("console")


@pytest.fixture(scope="module")
def officer(visit: Visit) -> Visitor:
    return visit("demo-officer")


@pytest.fixture(scope="module")
def operator(visit: Visit) -> Visitor:
    return visit("demo-operator")


@pytest.fixture(scope="module")
def patient(visit: Visit) -> Visitor:
    return visit("patient-full", "patient")


@pytest.fixture(scope="module")
def shared(live: Live) -> str:
    """A note that went to NAV and, by its patient's act, to the employer; its id."""
    bundle = note("full")
    location = live.send(bundle)
    assert live.give(act_on(bundle)).status_code == 201
    live.settled(location, employer="acknowledged")
    return location.rpartition("/")[2]


def address(path: str) -> str:
    return re.sub(r"\{\w+\}", "0123456789abcdef", path)


def handle(visitor: Visitor, number: str = PATIENT) -> str:
    answer = visitor.post("/patients", number=number, reason="patient-asked")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


@pytest.mark.parametrize(("method", "path"), [page[:2] for page in PAGES])
def test_nobody_opens_a_page_without_logging_in(visit: Visit, method: str, path: str) -> None:
    nobody = visit()
    answer = nobody.client.request(method, address(path))
    assert answer.status_code == 401


@pytest.mark.parametrize(("method", "path"), [(m, p) for m, p, who, _ in PAGES if Standing.PATIENT not in who])
def test_a_patient_does_not_learn_that_the_officers_pages_are_there(patient: Visitor, method: str, path: str) -> None:
    answer = patient.get(address(path)) if method == "GET" else patient.post(address(path))
    assert answer.status_code == 404
    assert "Vi sier ikke om det finnes" in answer.text


@pytest.mark.parametrize(("method", "path"), [(m, p) for m, p, who, _ in PAGES if Standing.OPERATOR not in who])
def test_an_operator_gets_no_page_about_persons(operator: Visitor, method: str, path: str) -> None:
    answer = operator.get(address(path)) if method == "GET" else operator.post(address(path))
    assert answer.status_code == 404


@pytest.mark.parametrize(("method", "path"), [page[:2] for page in PAGES if page[0] == "POST"])
@pytest.mark.parametrize("token", ["", "of-another-session"])
def test_a_form_without_the_sessions_token_is_not_taken(
    officer: Visitor, patient: Visitor, method: str, path: str, token: str
) -> None:
    del method
    visitor = patient if path.startswith("/mine") else officer
    assert visitor.post(address(path), token).status_code == 403


def test_a_form_that_another_site_sends_is_not_taken(officer: Visitor) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    form = {"csrf": officer.token, "reason": "sample"}
    assert officer.client.post("/reason", data=form, headers=headers).status_code == 403


@pytest.mark.parametrize("path", ["/", "/console.css", "/overview", "/log", "/nothing", "/callback?state=x&code=y"])
def test_every_answer_has_its_headers(officer: Visitor, path: str) -> None:
    answer = officer.get(path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    kept = answer.headers["cache-control"]
    assert kept == ("max-age=3600" if path == "/console.css" else "no-store")


def test_cookies_are_out_of_reach_of_scripts_and_of_other_hosts(visit: Visit) -> None:
    visitor = visit()
    [cookie] = visitor.get("/login/staff").headers.get_list("set-cookie")
    assert cookie.startswith("__Host-")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}


def test_logging_out_ends_the_session_on_the_server_too(visit: Visit) -> None:
    visitor = visit("demo-officer")
    kept = {"Cookie": "; ".join(f"{one.name}={one.value}" for one in visitor.client.cookies.jar)}
    assert visitor.client.get("/overview", headers=kept).status_code == 200
    assert visitor.post("/logout").status_code == 303
    assert visitor.client.get("/overview", headers=kept).status_code == 401


@pytest.mark.parametrize(
    "path", ["/overview", "/log", "/cases", "/rules", "/who", "/recipients", "/check", "/statistics"]
)
def test_a_look_at_a_page_is_in_the_log_with_its_reason(live: Live, officer: Visitor, path: str) -> None:
    database = live.scene.gateway.database
    before = search(database, Filter(), 1)[0].entry.id
    assert officer.get(path).status_code == 200
    [entry] = [one.entry for one in search(database, Filter(actions=(AuditAction.LOG_READ,)), 1)]
    assert entry.id > before
    assert entry.actor.startswith("officer:")
    assert entry.reason == "ongoing-review"
    assert entry.disclosure is not None
    assert entry.disclosure.permitted


def test_what_cannot_be_logged_is_not_shown(live: Live, officer: Visitor, shared: str) -> None:
    database = live.scene.gateway.database
    with database.engine.begin() as connection:
        connection.execute(text("create trigger no_log before insert on audit begin select raise(abort, 'full'); end"))
    try:
        for path in ("/overview", "/log", f"/message/{shared}", "/cases"):
            answer = officer.get(path)
            assert answer.status_code in {500, 503}, path
            assert "M-" not in answer.text
    finally:
        with database.engine.begin() as connection:
            connection.execute(text("drop trigger no_log"))
    assert officer.get(f"/message/{shared}").status_code == 200


def test_nobody_looks_into_their_own_record_at_work(officer: Visitor) -> None:
    answer = officer.get(handle(officer, OFFICERS_OWN))
    assert answer.status_code == 403
    assert "Du kan ikke slå opp deg selv her" in answer.text


def test_a_number_stands_in_no_address_and_on_no_page(officer: Visitor) -> None:
    where = handle(officer)
    assert PATIENT not in where
    assert PATIENT not in officer.get(where).text
    wrong = officer.post("/patients", number="02917923101", reason="sample")
    assert wrong.status_code == 422
    assert "02917923101" not in wrong.text


def test_a_handle_of_one_session_opens_nothing_in_another(visit: Visit, officer: Visitor) -> None:
    other = visit("demo-reviewer")
    assert other.get(handle(officer)).status_code == 404


def test_no_page_or_export_shows_what_a_message_says(officer: Visitor, operator: Visitor, shared: str) -> None:
    who = handle(officer)
    pages = [
        *(
            "/overview",
            "/log?view=all",
            "/cases",
            "/rules",
            "/who",
            "/recipients",
            "/check",
            "/statistics",
            "/patients",
        ),
        *(f"/message/{shared}", who, f"{who}/answer"),
    ]
    answers = [officer.get(page) for page in pages] + [operator.get(page) for page in ("/recipients", "/check")]
    for form in ("csv", "fhir", "proofs"):
        answers.append(officer.post("/log/export?view=all", format=form))
        answers.append(officer.post(f"{who}/export", format=form))
    answers.append(officer.post(f"/message/{shared}/proof"))
    for answer in answers:
        assert answer.status_code == 200, answer.url
        for secret in SECRETS:
            assert secret not in answer.text, (answer.url.path, secret)
            assert secret not in str(answer.url)


def test_a_patient_sees_who_got_something_and_neither_rules_nor_paths(
    live: Live, patient: Visitor, shared: str
) -> None:
    del shared
    page = patient.get("/mine").text
    assert "Havna Prøveverk AS (eksempel)" in page
    ids = [rule.id for rule in live.scene.gateway.rulebook.table.rules]
    for hidden in (*ids, "diagnosis.", "officer:", "Ane Prøvdal", "P76", "Depressiv"):
        assert not re.search(rf"(?<![\w-]){re.escape(hidden)}(?![\w-])", page), hidden


def test_another_patient_sees_nothing_of_this_one(visit: Visit, shared: str) -> None:
    del shared
    other = visit("patient-graded", "patient")
    assert "Ingen har fått opplysninger om deg" in other.get("/mine").text


def test_an_export_is_in_the_log_and_proves_itself(live: Live, officer: Visitor, shared: str) -> None:
    answer = officer.post(f"/message/{shared}/proof")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.json()["format"] == "samspill-disclosure-log/1"
    [entry] = search(live.scene.gateway.database, Filter(actions=(AuditAction.LOG_EXPORT,)), 1)
    assert entry.entry.message == shared


def test_a_filter_that_cannot_be_read_widens_nothing(officer: Visitor) -> None:
    assert officer.get("/log?since=i+forgårs").status_code == 422
    assert officer.get("/log?patient=somebody").status_code == 422
    assert officer.get("/log?outcome=whatever").status_code == 422
    for unknown in ("foo=1", "page=-1", "q=x", "after=2026-11-01", "recipent=nav", "view=all&%C3%A6=1"):
        assert officer.get(f"/log?{unknown}").status_code == 422


@pytest.fixture
def found(live: Live, shared: str) -> str:
    """A case that the log was searched for, about the employer's copy of a note; its id."""
    gateway = live.scene.gateway
    [copy] = [row for row in gateway.database.rows(statements.MESSAGES_OF, id=shared) if row.recipient == "employer"]
    [watch] = gateway.database.rows(WATCH)
    hit = Hit(Queue.AGAIN, copy.id, copy.patient, copy.destination)
    while not live.run(gateway.database.write(FIND, Search(watch.upto, watch.upto, watch.drawn, (hit,)))):
        [watch] = gateway.database.rows(WATCH)
    [item] = [one for one in gateway.review.items(None, Queue.AGAIN) if one.message == copy.id]
    return item.id


def test_a_case_is_taken_noted_on_given_a_day_and_closed_and_the_log_tells_of_each_without_the_words(
    live: Live, visit: Visit, officer: Visitor, found: str
) -> None:
    words = "Ringte Havna; de har bekreftet"
    database = live.scene.gateway.database
    assert "ble først avvist, og siden tillatt" in officer.get(f"/case/{found}").text
    assert officer.post(f"/case/{found}/note", step="taken").status_code == 303
    assert officer.post(f"/case/{found}/note", step="explanation-got", text=words, due="1.4.2099").status_code == 303
    for nothing in ({"step": "noted"}, {"step": "noted", "text": "x" * 2001}, {"step": "whatever", "text": "x"}):
        assert officer.post(f"/case/{found}/note", **nothing).status_code == 422
    page = visit("demo-reviewer").get(f"/case/{found}").text
    for told in (words, "forklaring er mottatt", "1. april 2099", "Personvern "):
        assert told in page
    with database.engine.connect() as connection:
        kept = connection.execute(text("select body from payload where kind = 'review-note'")).all()
        logged = b"".join(row[0] for row in connection.execute(text("select entry from audit")))
    assert len(kept) == 1
    assert words.encode() not in kept[0].body + logged
    noted = [one.entry for one in search(database, Filter(actions=(AuditAction.CASE_NOTED,)), 10)]
    assert [one.reason for one in noted] == ["explanation-got", "taken"]
    assert officer.post(f"/case/{found}/close", finding="close:was-an-emergency").status_code == 422
    assert officer.post(f"/case/{found}/close", finding="close:explained").status_code == 303
    assert officer.post(f"/case/{found}/close", finding="close:explained").status_code == 409
    assert officer.post(f"/case/{found}/note", step="noted", text="for sent").status_code == 409
    assert search(database, Filter(actions=(AuditAction.REVIEWED,)), 1)[0].entry.reason == "explained"


def test_nobody_closes_the_case_about_what_they_did_themselves(live: Live, visit: Visit, officer: Visitor) -> None:
    gateway = live.scene.gateway
    officer.get("/log")
    [look] = search(gateway.database, Filter(actions=(AuditAction.LOG_READ,)), 1)
    item = {"kind": "volume", "party": look.entry.actor, "reason": "log-read/2026-10-28"}
    empty = dict.fromkeys(("patient", "inbound", "outbound", "recipient", "purpose", "policy", "held", "person"), "")
    with gateway.database.engine.begin() as connection:
        add(Tx(connection, gateway.database.time(), "a-test"), [{"id": "0" * 32, **empty, **item}])
    assert "Uvanlig mengde" in officer.get("/cases?kind=volume").text
    assert officer.get(f"/case/{'0' * 32}").status_code == 200
    assert officer.post(f"/case/{'0' * 32}/close", finding="close:in-order").status_code == 403
    assert visit("demo-reviewer").post(f"/case/{'0' * 32}/close", finding="close:in-order").status_code == 303


def test_a_consent_is_told_with_its_history_what_it_opened_and_by_which_rule(
    live: Live, visit: Visit, officer: Visitor, shared: str
) -> None:
    del shared
    who = handle(officer)
    page = officer.get(who).text
    addresses = re.findall(r'href="(/patient/[^"]+/consent/[^"]+)"', page)
    told = [officer.get(one).text for one in addresses]
    act = next(one for one in told if "Send denne meldingen" in one)
    for words in ("Havna Prøveverk AS (eksempel)", "sykmelding-to-employer", "tiltak på arbeidsplassen", "Versjon"):
        assert words in act
    assert "diagnose" not in act.partition("Hva det åpner")[2].partition("Historikk")[0].lower()
    assert not any(secret in one for one in told for secret in SECRETS)
    assert visit("demo-reviewer").get(addresses[0]).status_code == 404
    looks = search(live.scene.gateway.database, Filter(actions=(AuditAction.LOG_READ,)), 20)
    assert next(one.entry.patient for one in looks if "page:consent" in one.entry.sought)


def test_a_withdrawn_consent_opens_nothing_and_one_that_says_no_closes(live: Live) -> None:
    gateway = live.scene.gateway
    console = desk(gateway)
    words = {"version": 1, "parties": (), "classes": (), "until": "", "recorded_at": 0.0, "by": "", "clear": True}
    at_work = Given(
        id="1",
        kind="permit",
        status="active",
        purposes=("sick-leave-follow-up",),
        roles=frozenset({Role.OCCUPATIONAL_HEALTH}),
        **words,
    )
    found = opened(console, at_work)
    assert found
    assert {one.route.recipient for one in found} == {Role.OCCUPATIONAL_HEALTH}
    assert all(rule.permits and "consent" in rule.when for one in found for rule in one.rules)
    assert opened(console, replace(at_work, status="inactive")) == []
    closed = opened(console, replace(at_work, kind="deny", roles=frozenset({Role.CERTIFIER})))
    assert all(not rule.permits for one in closed for rule in one.rules)


def test_whatever_an_officer_looks_at_of_a_patient_is_logged_with_that_patient(
    live: Live, officer: Visitor, shared: str
) -> None:
    database = live.scene.gateway.database
    who = handle(officer)
    pseudonym = live.scene.gateway.vault.mac("patient", PATIENT)
    pages = (who, f"{who}/answer", f"/log?view=all&patient={who.rpartition('/')[2]}", f"/message/{shared}")
    for page in pages:
        assert officer.get(page).status_code == 200
        [look] = search(database, Filter(actions=(AuditAction.LOG_READ,)), 1)
        assert (look.entry.patient, look.entry.reason) == (pseudonym, "patient-asked"), page
    officer.post(f"{who}/export", format="csv")
    [copied] = search(database, Filter(actions=(AuditAction.LOG_EXPORT,)), 1)
    assert copied.entry.patient == pseudonym


def test_the_rules_page_tells_what_the_rules_in_force_opened_closed_and_changed(live: Live) -> None:
    gateway = live.scene.gateway
    older = {**gateway.rulebook.files}
    wide = "work-view: [envelope, identity, certifier, employment, absence, function, workplace, prognosis]"
    assert wide in older["rules.yaml"]
    older["rules.yaml"] = older["rules.yaml"].replace(wide, wide.replace("workplace, ", ""))
    row = {
        "digest": "0" * 64,
        "version": "2026-01-01",
        "since": 1.0,
        "files": zlib.compress(json.dumps(older).encode()),
    }
    with gateway.database.engine.begin() as connection:
        connection.execute(insert(rule_set), [row])
    session = Session(Standing.OFFICER, "officer:0", "Ane Prøvdal", "", "p", 0.0, 0.0)
    page = bytes(policy.rules(Asked(desk(gateway), session, words_in("nb"), {}, {})).body).decode()
    told = page.partition("Endret siden forrige regelsett")[2].partition("Tidligere regelsett")[0]
    assert "Sammenlignet med 2026-01-01 (0000000000000000)" in told
    assert "tiltak på arbeidsplassen i sykmelding, fra sykmelder til arbeidsgiver, for oppfølging av sykefravær" in told
    assert "Åpner" in told
    assert "Lukker" not in told
    assert "sykmelding-to-employer" in told
