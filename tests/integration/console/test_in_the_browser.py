"""The officer's five main jobs and the patient's page, in Chromium, each from log-in to answer."""

import json
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import DESKTOP, PHONE, log_in, window
from live_line import Live, act_on
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text
from test_held_messages import held_note

from gateway.core.queues import Queue
from gateway.core.vocabulary import Role
from gateway.edge.glass import Plea
from gateway.edge.identity.access import Caller
from gateway.edge.identity.parties import Party
from gateway.edge.store import statements
from gateway.edge.store.cases import FIND, WATCH, Hit, Search
from gateway.edge.store.review import Status

PATIENT = "02917923100"
OFFICER, DOCTOR = "11870399989", "13860199941"
TELLS = "Har depresjon, trenger pauser"
PAGES = ("overview", "log?view=all", "patients", "cases", "who", "rules?q=diagnos", "recipients", "check", "statistics")
A4 = {"width": 794, "height": 1123}
CELL = "who?class=diagnosis&to=employer"

pytestmark = pytest.mark.xdist_group("console")


@pytest.fixture
def officer(live: Live, browser: Browser) -> Iterator[Page]:
    context = window(browser)
    yield log_in(context, live.scene.console, "Ane Prøvdal")
    context.close()


def hold(live: Live) -> str:
    """Have a note sent whose free text waits for an officer; give its id."""
    bundle = held_note(TELLS)
    location = live.send(bundle)
    assert live.give(act_on(bundle)).status_code == 201
    live.settled(location, employer="acknowledged")
    return location.rpartition("/")[2]


def break_glass(live: Live, doctor: str) -> str:
    party = Party(id="ehr", name="", roles=frozenset({Role.CERTIFIER}))
    caller = Caller(party, frozenset(), "a test", doctor)
    return live.scene.gateway.glass.ask(caller, Role.CERTIFIER, Plea(PATIENT, "unconscious", treats=True)).id


def finish(live: Live) -> None:
    """Work off whatever other tests left in the queue."""
    queue = live.scene.gateway.review
    from gateway.edge.review import Officer  # noqa: PLC0415 - of this helper alone

    for item in queue.items(Status.OPEN, "", 500):
        act = queue.refuse if item.kind == Queue.HELD else queue.close
        act(item.id, Officer("a-test", "27855999336"), "not-needed")


def test_what_waits_is_seen_at_once_and_a_held_text_is_read_and_let_go(live: Live, officer: Page) -> None:
    finish(live)
    hold(live)
    officer.reload()
    officer.get_by_role("link", name="Fritekst holdt tilbake til du har sett på den").click()
    assert TELLS not in officer.content()
    officer.get_by_role("button", name="Vis teksten").click()
    expect(officer.get_by_text(TELLS)).to_be_visible()
    assert "depresjon" not in officer.url
    before = len(live.scene.employer.received)
    officer.get_by_label("Pasienten vil at mottakeren skal ha den").check()
    officer.get_by_role("button", name="Bekreft").click()
    expect(officer.get_by_text("Meldingen vurderes på nytt og sendes")).to_be_visible()
    for _ in range(100):
        if len(live.scene.employer.received) > before:
            break
        officer.wait_for_timeout(50)
    assert TELLS.encode() in live.scene.employer.received[-1].body


def test_broken_glass_is_closed_by_a_second_person_only(live: Live, browser: Browser, officer: Page) -> None:
    finish(live)
    opening = break_glass(live, OFFICER)
    officer.goto(f"{live.scene.console}/case/{opening}")
    expect(officer.get_by_text("Pasienten var bevisstløs.").first).to_be_visible()
    officer.get_by_label("Ja, det var en nødssituasjon").check()
    officer.get_by_role("button", name="Bekreft").click()
    expect(officer.get_by_role("heading", name="En annen må lukke saken")).to_be_visible()
    second = log_in(window(browser), live.scene.console, "Nils Testrud")
    second.get_by_role("link", name="Nødtilgang venter på andre person").click()
    second.get_by_label("Ja, det var en nødssituasjon").check()
    second.get_by_role("button", name="Bekreft").click()
    expect(second.get_by_text("Saken er lukket.")).to_be_visible()
    assert live.scene.gateway.review.item(opening).status is Status.CLOSED


def test_why_the_employer_did_not_get_the_diagnosis(live: Live, officer: Page) -> None:
    hold(live)
    officer.get_by_role("link", name="Logg", exact=True).click()
    officer.get_by_role("row", name="Havna").first.get_by_role("link", name="M-").click()
    row = officer.get_by_role("table", name="Hva hver mottaker kunne få").get_by_role("row", name="Diagnose")
    expect(row).to_contain_text("9 tillatt")
    expect(row).to_contain_text("9 holdt tilbake")
    row.get_by_role("link", name="grunn").click()
    reasons = officer.get_by_role("table", name="Grunner")
    expect(reasons).to_contain_text("Arbeidsgiver får aldri diagnosen")
    expect(reasons).to_contain_text("no-employer-diagnosis")
    officer.get_by_role("link", name="Hvem kan se hva").click()
    officer.get_by_role("row", name="Diagnose").get_by_role("link", name="Arbeidsgiver").first.click()
    expect(officer.get_by_text("Forbyr loven det? Ja.")).to_be_visible()


def test_the_log_is_proved_to_be_unaltered(live: Live, officer: Page) -> None:
    officer.get_by_role("link", name="Loggkontroll", exact=True).click()
    officer.get_by_role("button", name="Kontroller hele loggen nå").click()
    expect(officer.get_by_text("Loggen er hel og uendret")).to_be_visible()
    database = live.scene.gateway.database
    with database.engine.begin() as connection:
        was = connection.execute(text("select actor from audit where seq = 1")).scalar_one()
        connection.execute(text("update audit set actor = 'somebody' where seq = 1"))
    try:
        officer.get_by_role("button", name="Kontroller hele loggen nå").click()
        expect(officer.get_by_text("Loggen stemmer ikke")).to_be_visible()
        expect(officer.get_by_text("its columns say something else than its content: actor")).to_be_visible()
    finally:
        with database.engine.begin() as connection:
            connection.execute(text("update audit set actor = :was where seq = 1"), {"was": was})
    officer.get_by_role("button", name="Kontroller hele loggen nå").click()
    expect(officer.get_by_text("Loggen er hel og uendret")).to_be_visible()


def test_a_patient_who_asks_is_answered(live: Live, officer: Page) -> None:
    hold(live)
    officer.get_by_role("link", name="Pasienter").click()
    officer.get_by_label("Pasienten har spurt").check()
    officer.get_by_label("Fødselsnummer eller D-nummer").fill(PATIENT)
    officer.get_by_role("button", name="Slå opp").click()
    officer.get_by_role("link", name="Svar på innsyn").click()
    expect(officer.get_by_text("Havna Prøveverk AS (eksempel) fikk opplysninger").first).to_be_visible()
    assert "no-employer" not in officer.content()
    officer.get_by_label("Format").select_option("proofs")
    with officer.expect_download() as taken:
        officer.get_by_role("button", name="Lag eksport").click()
    assert json.loads(taken.value.path().read_text("utf-8"))["entries"]
    assert PATIENT not in officer.url


def test_a_patient_sees_who_got_what_gives_a_consent_and_withdraws_it(live: Live, browser: Browser) -> None:
    hold(live)
    page = log_in(window(browser), live.scene.console, "Odd Fjellrype", "patient")
    expect(page.get_by_role("heading", name="Hvem har fått opplysninger om deg?")).to_be_visible()
    expect(
        page.get_by_text("Arbeidsgiver får arbeidsgiverdelen når pasienten selv har sendt den.").first
    ).to_be_visible()
    before = page.get_by_role("button", name="Trekk tilbake").count()
    page.get_by_label("Til hvem").select_option(label="Havna Prøveverk AS (eksempel)")
    page.get_by_label("Til og med").fill("1.4.2099")
    page.get_by_role("button", name="Gi samtykket").click()
    expect(page.get_by_text("Samtykket er lagret.")).to_be_visible()
    assert page.get_by_role("button", name="Trekk tilbake").count() == before + 1
    page.get_by_role("button", name="Trekk tilbake").first.click()
    expect(page.get_by_text("Samtykket er trukket tilbake.")).to_be_visible()
    assert page.get_by_role("button", name="Trekk tilbake").count() == before


def addresses(live: Live, page: Page) -> list[str]:
    """Give the address of every page of an officer, each with something on it; logs a held note and a found case."""
    message = hold(live)
    gateway = live.scene.gateway
    [copy] = [row for row in gateway.database.rows(statements.MESSAGES_OF, id=message) if row.recipient == "employer"]
    hit = Hit(Queue.AGAIN, copy.id, copy.patient, copy.destination)
    found = 0
    while not found:
        [watch] = gateway.database.rows(WATCH)
        found = live.run(gateway.database.write(FIND, Search(watch.upto, watch.upto, watch.drawn, (hit,))))
    [case] = [one for one in gateway.review.items(Status.OPEN, Queue.AGAIN) if one.message == copy.id]
    page.goto(f"{live.scene.console}/patients")
    page.get_by_label("Pasienten har spurt").check()
    page.get_by_label("Fødselsnummer eller D-nummer").fill(PATIENT)
    page.get_by_role("button", name="Slå opp").click()
    who = page.url.removeprefix(f"{live.scene.console}/")
    consent = page.get_by_role("table", name="Samtykker og sperrer").get_by_role("link").first.get_attribute("href")
    own = [f"message/{message}", f"case/{gateway.review.items(Status.OPEN, Queue.HELD)[0].id}", f"case/{case.id}"]
    return [*PAGES, CELL, *own, who, str(consent)[1:], f"{who}/answer", "nothing"]


def test_every_page_is_free_of_serious_faults_and_fits_a_phone(live: Live, browser: Browser) -> None:
    officer = log_in(window(browser), live.scene.console, "Ane Prøvdal")
    for address in addresses(live, officer):
        officer.goto(f"{live.scene.console}/{address}")
        fits(officer)
    entry = window(browser).new_page()
    entry.goto(f"{live.scene.console}/")
    fits(entry)
    patient = log_in(window(browser), live.scene.console, "Odd Fjellrype", "patient")
    fits(patient)
    patient.set_viewport_size(PHONE)
    assert faults(patient) == []
    officer.go_back()
    assert officer.url.endswith("/answer")
    for page in (officer, patient):
        page.emulate_media(media="print")
        page.set_viewport_size(A4)
        assert wide(page) <= A4["width"], page.url
        assert not page.get_by_role("button").first.is_visible()
        assert page.get_by_text("Havna Prøveverk AS (eksempel) fikk opplysninger").first.is_visible()


def fits(page: Page) -> None:
    """Hold a page against axe, and against a phone's width, where nothing may stick out."""
    assert faults(page) == [], page.url
    page.set_viewport_size(PHONE)
    assert wide(page) <= PHONE["width"], page.url
    page.set_viewport_size(DESKTOP)


def wide(page: Page) -> int:
    """Give how wide a page is, with whatever sticks out."""
    return int(page.evaluate("document.documentElement.scrollWidth"))


def faults(page: Page) -> list[str]:
    """Give what axe finds that is serious or critical, by WCAG 2.2 A and AA."""
    asked = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    found = Axe().run(page, options=asked).response["violations"]
    bad = [one for one in found if one["impact"] in {"serious", "critical"}]
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in bad]


def test_the_console_is_used_by_keyboard_alone(live: Live, browser: Browser) -> None:
    finish(live)
    hold(live)
    page = window(browser).new_page()
    page.goto(f"{live.scene.console}/")
    reach(page, "Logg inn som ansatt")
    page.keyboard.press("Enter")
    page.wait_for_url("**/authorize**")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/overview")
    page.keyboard.press("Tab")
    assert focused(page) == "Hopp til innholdet"
    reach(page, "Fritekst holdt tilbake til du har sett på den")
    page.keyboard.press("Enter")
    page.wait_for_url("**/case/**")
    reach(page, "Teksten røper ikke helseopplysninger")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    reach(page, "Bekreft")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Det som var holdt tilbake, blir ikke sendt.")).to_be_visible()


def focused(page: Page) -> str:
    """Give the words of what has the focus."""
    found = "document.activeElement.labels?.[0]?.innerText || document.activeElement.innerText || ''"
    return str(page.evaluate(found)).strip()


def reach(page: Page, words: str) -> None:
    """Press Tab until something has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page) == words:
            return
    raise AssertionError(f"Tab does not come to {words}")


def test_a_page_asks_no_other_host_for_anything_and_breaks_no_policy(live: Live, browser: Browser) -> None:
    page = log_in(window(browser, language="en-GB"), live.scene.console, "Ane Prøvdal")
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    for address in ("overview", "log", "who", "rules"):
        page.goto(f"{live.scene.console}/{address}")
    expect(page.get_by_role("heading", name="Rules in force")).to_be_visible()
    assert all(url.startswith(live.scene.console) for url in asked)
    assert said == []
