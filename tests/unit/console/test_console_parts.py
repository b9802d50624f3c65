"""What the console is made of, each part by itself: sessions, log-in answers, texts, small numbers, dates, forms."""

import re
from datetime import date, datetime
from pathlib import Path

import pytest
import yaml

from gateway.console import log, mine
from gateway.console.cases import FINDINGS, STEPS
from gateway.console.desk import patient_name
from gateway.console.oidc import Person
from gateway.console.people import People
from gateway.console.sessions import ABSOLUTE, IDLE, NotLoggedIn, Session, Sessions, Standing
from gateway.console.statistics import SMALLEST, middle, rounded, suppressed
from gateway.console.visit import TEMPLATES, seen
from gateway.console.words import FOLDER, OSLO, languages, preferred, words
from gateway.core.audit import AuditAction, Outcome
from gateway.core.errors import NotAcceptable, Severity
from gateway.core.line import State
from gateway.core.queues import FOUND, Queue
from gateway.core.visible import visible
from gateway.core.vocabulary import DataClass, MessageKind, Purpose, Role
from gateway.edge.glass import REASONS
from gateway.edge.keys import Vault, keyring, make
from gateway.edge.store.review import Status
from gateway.policy.consent import admissible


class Watch:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def session(at: float) -> Session:
    return Session(Standing.OFFICER, "officer:0", "Ane Prøvdal", "11870399989", "p", at, at)


def names(node: object, prefix: str = "") -> set[str]:
    if not isinstance(node, dict):
        return {prefix}
    return {name for key, value in node.items() for name in names(value, f"{prefix}.{key}" if prefix else str(key))}


def test_a_session_ends_when_nobody_uses_it() -> None:
    watch = Watch()
    sessions = Sessions(watch)
    name = sessions.open(session(watch.at))
    watch.at += IDLE - 1
    assert sessions.find(name).actor == "officer:0"
    watch.at += IDLE
    with pytest.raises(NotLoggedIn):
        sessions.find(name)


def test_a_session_ends_after_a_days_work_however_it_is_used() -> None:
    watch = Watch()
    sessions = Sessions(watch)
    name = sessions.open(session(watch.at))
    for _ in range(int(ABSOLUTE // (IDLE / 2)) - 1):
        watch.at += IDLE / 2
        sessions.find(name)
    watch.at += IDLE / 2
    with pytest.raises(NotLoggedIn):
        sessions.find(name)


def test_a_login_under_way_is_good_for_one_answer() -> None:
    sessions = Sessions(Watch())
    name, begun = sessions.begin("staff")
    assert sessions.pending(name) == begun
    with pytest.raises(NotLoggedIn):
        sessions.pending(name)


def test_a_handle_means_nothing_in_another_session() -> None:
    one, other = session(0), session(0)
    handle = one.handle("aa" * 16)
    assert one.pseudonym(handle) == "aa" * 16
    assert other.pseudonym(handle) == ""
    assert "aa" * 16 not in handle


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    folder = tmp_path_factory.mktemp("keys") / "keys"
    make(folder)
    return People(Vault(keyring(f"file:{folder}")), frozenset({"ane"}), frozenset({"ola"}))


@pytest.mark.parametrize(
    ("provider", "person"),
    [
        ("staff", Person("somebody", "X", "11870399989")),
        ("staff", Person("ane", "an officer without a number", "")),
        ("patient", Person("ane", "nobody's number", "")),
    ],
)
def test_whoever_has_no_place_is_not_let_in(people: People, provider: str, person: Person) -> None:
    with pytest.raises(NotLoggedIn):
        people.session(provider, "https://issuer", person, 0.0)


def test_an_officer_who_logs_in_as_a_patient_is_a_patient(people: People) -> None:
    assert people.session("patient", "i", Person("ane", "Ane", "11870399989"), 0.0).standing is Standing.PATIENT
    assert people.session("staff", "i", Person("ane", "Ane", "11870399989"), 0.0).standing is Standing.OFFICER


@pytest.mark.parametrize("language", languages())
def test_every_language_has_the_same_texts(language: str) -> None:
    mine, first = (yaml.safe_load((FOLDER / f"{one}.yaml").read_text("utf-8")) for one in (language, "nb"))
    assert names(mine) == names(first)


@pytest.mark.parametrize("language", languages())
def test_a_text_has_the_same_gaps_in_every_language(language: str) -> None:
    mine, first = (yaml.safe_load((FOLDER / f"{one}.yaml").read_text("utf-8")) for one in (language, "nb"))
    for name in names(first):
        texts = [_at(one, name) for one in (mine, first)]
        assert len({frozenset(re.findall(r"\{(\w+)[:}]", text)) for text in texts}) == 1, name


def _at(node: object, name: str) -> str:
    for part in name.split("."):
        assert isinstance(node, dict)
        node = node[part]
    assert isinstance(node, str)
    return node


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize(
    ("list_", "codes"),
    [
        ("actions", AuditAction),
        ("outcomes", Outcome),
        ("states", State),
        ("classes", DataClass),
        ("roles", Role),
        ("purposes", Purpose),
        ("kinds", MessageKind),
        ("case_states", Status),
        ("glass_reasons", REASONS),
        ("views", log.VIEWS),
        ("todo", (*Queue, "dead")),
        ("case_kinds", Queue),
        ("queue_rules", FOUND),
        ("case_steps", (*STEPS, "taken", "due-set")),
        ("findings", {one for acts in FINDINGS.values() for codes in acts.values() for one in codes}),
    ],
)
def test_every_code_has_a_word(language: str, list_: str, codes: type[str]) -> None:
    said = yaml.safe_load((FOLDER / f"{language}.yaml").read_text("utf-8"))[list_]
    assert {str(code) for code in codes} <= set(said)


def test_pages_have_no_script_and_no_style_of_their_own() -> None:
    for path in TEMPLATES.glob("*.html"):
        text = Path(path).read_text("utf-8")
        assert not re.search(r"<script|\son\w+=|\sstyle=|<style|https?://|javascript:", text), path.name


def test_every_form_that_is_posted_has_the_sessions_token() -> None:
    for path in TEMPLATES.glob("*.html"):
        for form in re.findall(r"<form\b.*?</form>", path.read_text("utf-8"), re.DOTALL):
            if 'method="post"' in form:
                assert "m.csrf(session)" in form, (path.name, form[:80])


@pytest.mark.parametrize(
    ("header", "language"),
    [("en-GB,nb;q=0.5", "en"), ("nn-NO", "nb"), ("sv-SE,sv;q=0.9", "sv"), ("de, en", "en"), ("", "nb"), ("xx", "nb")],
)
def test_a_page_is_in_the_language_that_the_browser_asks_for(header: str, language: str) -> None:
    assert preferred(header) == language


def test_a_small_number_is_left_out_and_so_is_what_would_give_it_away() -> None:
    cells = dict(suppressed({"acknowledged": 90, "refused": 2, "received": 12}))
    assert cells == {"acknowledged": 90, "refused": None, "received": None}


def test_numbers_that_are_large_enough_and_zeroes_are_told() -> None:
    assert dict(suppressed({"acknowledged": SMALLEST, "refused": 0})) == {"acknowledged": SMALLEST, "refused": 0}


def test_numbers_are_rounded_down_so_that_one_person_more_is_not_seen() -> None:
    assert [rounded(number) for number in (5, 9, 10, 412)] == [5, 5, 10, 410]
    assert dict(suppressed({"acknowledged": 94, "received": 8})) == {"acknowledged": 90, "received": 5}


@pytest.mark.parametrize(("counts", "told"), [({3: 1}, 3), ({1: 2, 9: 2}, 1), ({1: 2, 9: 3}, 9), ({0: 5, 30: 4}, 0)])
def test_the_middle_of_spans_is_one_that_somebody_had(counts: dict[int, int], told: int) -> None:
    assert middle(counts) == told


def test_two_small_numbers_hide_each_other() -> None:
    assert dict(suppressed({"a": 1, "b": 4, "c": 50})) == {"a": None, "b": None, "c": 50}


@pytest.mark.parametrize("text", ["20.11.2026", "20.11.2026.", "2026-11-20"])
def test_a_date_is_read_as_it_is_written(text: str) -> None:
    assert log.day_of(text) == datetime(2026, 11, 20, tzinfo=OSLO).timestamp()


@pytest.mark.parametrize("text", ["31.2.2026", "2026", "i går", "-xd", "1.1.1.1", "99999999.1.1"])
def test_a_date_that_cannot_be_read_is_refused_and_widens_nothing(text: str) -> None:
    with pytest.raises(NotAcceptable):
        log.day_of(text)


def test_a_pseudonym_is_short_and_the_same_each_time() -> None:
    assert patient_name("0123456789abcdef" * 2) == patient_name("0123456789abcdef" * 2)
    assert re.fullmatch(r"P-[0-9A-Z]{6}", patient_name("0123456789abcdef" * 2))


def test_numbers_and_days_are_written_as_norwegians_write_them() -> None:
    nb, sv = words("nb"), words("sv")
    assert nb.count(412907) == "412\N{NO-BREAK SPACE}907"
    assert nb.moment(datetime(2026, 9, 1, 14, 32, 5, tzinfo=OSLO).timestamp()) == "1. september 2026 kl. 14.32.05"
    assert sv.stamp(datetime(2026, 9, 1, 14, 32, 5, tzinfo=OSLO).timestamp()) == "2026-09-01 14.32"


@pytest.mark.parametrize(
    ("number", "system"),
    [
        ("02917923100", "urn:oid:2.16.578.1.12.4.1.4.1"),
        ("42917901400", "urn:oid:2.16.578.1.12.4.1.4.2"),
        ("191212121212", "http://electronichealth.se/identifier/personnummer"),
    ],
)
def test_a_consent_names_its_patient_by_the_kind_of_number_they_have(number: str, system: str) -> None:
    given = mine.consent(number, "310567891", Purpose.SICK_LEAVE_FOLLOW_UP, date(2027, 4, 1))
    assert given["patient"]["identifier"] == {"system": system, "value": number}
    assert not [one for one in admissible(given, datetime.now(OSLO)) if one.severity is Severity.ERROR]


def test_what_is_not_seen_in_a_held_text_or_turns_it_round_is_marked_with_its_number() -> None:
    told = seen("Kan ikke l\u00f8fte\u202esbor\u202c k\u200bre\u00adft <b>\x1b[2J\u3164\U000e0041\nny linje")
    assert told == (
        "<bdi>Kan ikke l\u00f8fte<mark>U+202E</mark>sbor<mark>U+202C</mark> k<mark>U+200B</mark>re<mark>U+00AD</mark>ft"
        " &lt;b&gt;<mark>U+001B</mark>[2J<mark>U+3164</mark><mark>U+E0041</mark>\nny linje</bdi>"
    )
    assert visible("trist\u202e \x1b[31m") == "trist[U+202E] [U+001B][31m"
    assert visible("Ærlig talt: 50 % av «bra», ü, é") == "Ærlig talt: 50 % av «bra», ü, é"


def test_a_held_field_is_told_in_words_and_one_that_nobody_has_put_into_words_by_its_path() -> None:
    nb = words("nb")
    assert nb.field("message_to_employer") == "Melding til arbeidsgiver"
    assert nb.field("periods[1].kind.advice") == "Innspill til arbeidsgiver, periode 2"
    assert nb.field("answers[0].text") == "answers[0].text"
    assert [words(one).field("measures.workplace") for one in ("en", "sv")] == [
        "Adaptations at the workplace",
        "Anpassning på arbetsplatsen",
    ]
