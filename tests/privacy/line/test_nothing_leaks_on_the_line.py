"""A word of its own in every text of a sick note, sent through a running gateway, and looked for everywhere."""

import asyncio
import contextlib
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from in_process import samspill
from live_line import EMPLOYER, FHIR, XML, Live, act_on, line
from planted_note import CERTIFIER, NEVER, PATIENT, bare, contents, found, planted, words_of
from prometheus_client import generate_latest

from gateway import flow
from gateway.core.decision import Effect
from gateway.core.message import Route
from gateway.core.vocabulary import DataClass, MessageKind, Purpose, Role
from gateway.edge import log
from gateway.edge.keys import Envelope, Vault
from gateway.model import Pending, SickLeaveCertificate
from gateway.policy import pep
from gateway.policy.consent import purpose_coding
from gateway.policy.consent_facts import consent_facts
from gateway.policy.facts import Facts, from_json
from gateway.policy.pdp import releasable
from gateway.policy.provision import Request
from gateway.sandbox.employer import Answer as Unwell
from gateway.sandbox.installation import settings_for
from gateway.sandbox.nav import Answer
from gateway.wiring.gateway import Gateway

ROUTE = Route(Role.CERTIFIER, Role.EMPLOYER, MessageKind.SYKMELDING, Purpose.SICK_LEAVE_FOLLOW_UP)
TO_NAV = Route(Role.CERTIFIER, Role.NAV, MessageKind.SYKMELDING, Purpose.BENEFIT)
FACTS = {"patient-act": True, "address-grading": "none", "sender-discloses": False, "officer-cleared": False}
NUMBERS = (PATIENT, CERTIFIER)
REASON = "Qzavvistgrunnqx"
"""What NAV writes in a receipt that says no."""

pytestmark = pytest.mark.xdist_group("privacy-line")  # one gateway for all of them


@dataclass
class Told:
    """Everything that the gateway said to anybody but the two recipients, and what these got."""

    live: Live
    notes: list[SickLeaveCertificate]
    log: str = ""
    answers: list[bytes] = field(default_factory=list)
    nav: list[bytes] = field(default_factory=list)
    employer: list[bytes] = field(default_factory=list)
    files: list[bytes] = field(default_factory=list)

    @property
    def words(self) -> dict[str, tuple[str, DataClass]]:
        """Every planted word of every note that was sent."""
        return {word: where for note in self.notes for word, where in words_of(note).items()}


def written(live: Live, note: SickLeaveCertificate, wire: str = "fhir") -> bytes:
    return flow.render(live.scene.gateway.formats[wire], pep.unrestricted(note), None).body


def post(told: Told, path: str, body: bytes | str, media: dict[str, str], actor: str = "ehr") -> Any:
    with told.live.client(actor) as calling:
        answer = calling.post(path, content=body, headers=media)
    told.answers.append(answer.content)
    return answer


def tell_good(told: Told) -> None:
    """A note that goes to NAV, and by the patient's act to the employer."""
    body = written(told.live, told.notes[0])
    post(told, "/fhir/$validate", body, FHIR)
    taken = post(told, "/fhir", body, FHIR)
    assert taken.status_code == 202, taken.text
    told.live.settled(taken.headers["Location"], nav="acknowledged")
    consent = {**act_on(json.loads(body)), "patient": {"identifier": person(body), "display": "Qzvisningqx"}}
    assert post(told, "/fhir/Consent", json.dumps(consent), FHIR).status_code == 201
    told.answers.pop()  # the patient's service gets its own Consent back
    told.live.settled(taken.headers["Location"], employer="acknowledged")
    with told.live.client() as calling:
        told.answers.append(calling.get(taken.headers["Location"]).content)


def person(body: bytes) -> dict[str, str]:
    found_ = next(e["resource"] for e in json.loads(body)["entry"] if e["resource"]["resourceType"] == "Patient")
    identifier: dict[str, str] = found_["identifier"][0]
    return identifier


def tell_refused(told: Told) -> None:
    """Without an act the employer's copy is refused; NAV says no, in words; the employer says no; a bad Consent."""
    control = told.live.scene.nav.control
    control.answer, control.reason = Answer.REJECTED, REASON
    taken = post(told, "/fhir", written(told.live, told.notes[1]), FHIR)
    told.live.settled(taken.headers["Location"], nav="dead-letter")
    control.answer = Answer.OK
    told.live.add(taken.headers["Location"], "employer")
    told.live.settled(taken.headers["Location"], employer="refused")
    told.live.scene.employer.control.answer = Unwell.REJECTED
    body = written(told.live, told.notes[2])
    taken = post(told, "/fhir", body, FHIR)
    post(told, "/fhir/Consent", json.dumps(act_on(json.loads(body))), FHIR)
    told.answers.pop()
    told.live.settled(taken.headers["Location"], employer="dead-letter")
    told.live.scene.employer.control.answer = Unwell.OK
    post(told, "/fhir/Consent", json.dumps({**act_on(json.loads(body)), "status": REASON, "dateTime": REASON}), FHIR)


def tell_bad(told: Told) -> None:
    """Notes that are not acceptable, in both formats, and a fault of our own."""
    last = told.notes[-1]
    backwards = replace(last, periods=tuple(replace(one, end=date(2020, 1, 1)) for one in last.periods))
    assert post(told, "/fhir", written(told.live, backwards), FHIR).status_code == 422
    broken = written(told.live, last).replace(b'"valueInteger":50', b'"valueInteger":"Qzbrokenqx"')
    assert post(told, "/fhir", broken, FHIR).status_code in {400, 422}
    assert post(told, "/fhir", broken[:-40], FHIR).status_code in {400, 422}
    xml = written(told.live, replace(last, function=None), "nav-sykmelding")
    for there, instead in (
        (b"PeriodeTOMDato>", b"PeriodeTOMDato>Qzdatoqx"),
        (b"</", b"</x"),
        (PATIENT.encode(), b"02917923101"),
    ):
        bad = xml.replace(there, instead, 1)
        assert bad != xml
        assert post(told, "/nav/messages", bad, XML).status_code in {400, 422}
    assert post(told, "/nav/messages", xml, XML).status_code == 200
    gateway_line = told.live.scene.gateway.line
    gateway_line.again = failing(last)
    try:
        assert post(told, "/fhir/$validate", written(told.live, last), FHIR).status_code == 500
    finally:
        del gateway_line.again


def failing(note: SickLeaveCertificate) -> Any:
    def again(raw: bytes, format_id: str) -> Any:
        raise RuntimeError(f"{note} {raw!r} {format_id}")

    return again


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    with contextlib.redirect_stderr(stream):
        log.configure()
    logging.getLogger().addHandler(handler)
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.INFO)
    try:
        with line(tmp_path_factory.mktemp("privacy")) as live:
            told = Told(live, [planted(0), planted(1), planted(2, Pending), planted(3)])
            tell_good(told)
            tell_refused(told)
            tell_bad(told)
            told.answers.append(generate_latest(live.scene.gateway.services().registry))
            live.rows()
            told.nav = [one.body for one in live.scene.nav.received]
            told.employer = [one.body for one in live.scene.employer.received]
            told.files = contents(live.folder)
            told.log = stream.getvalue()
            yield told
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger().setLevel(level)
        log.configure()


def employers_words(live: Live, note: SickLeaveCertificate) -> set[str]:
    """The words that the rules let an employer have and its format has a place for."""
    places = set(map(bare, live.scene.gateway.formats["nav-employer"].places))
    allowed = releasable(live.scene.gateway.line.rulebook.table, ROUTE)
    return {w for w, (path, data_class) in words_of(note).items() if data_class in allowed and bare(path) in places}


# the controls: the search can find what is there


def test_every_text_that_a_sick_note_can_hold_is_planted_and_reaches_nav(told: Told) -> None:
    words = words_of(told.notes[0])
    assert len(words) > 60
    assert {data_class for _, data_class in words.values()} >= NEVER & {
        DataClass.DIAGNOSIS,
        DataClass.CLINICAL,
        DataClass.AUTHORITY_NOTE,
        DataClass.CONTACT,
        DataClass.CERTIFIER_DETAIL,
    }
    allowed = releasable(told.live.scene.gateway.line.rulebook.table, TO_NAV)
    missing = [words[word] for word in words.keys() - found(words, *told.nav)]
    # what Sykmelding 2013 has no place for, and the recipient, whom the gateway names itself
    nowhere = ("function.", "receiver.")
    assert [path for path, one in missing if one in allowed and not path.startswith(nowhere)] == []


def test_an_unencrypted_database_would_be_found_out(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = Vault.seal

    def unsealed(vault: Vault, table: str, record: str, plain: bytes) -> Envelope:
        return replace(sealed(vault, table, record, plain), body=plain)

    monkeypatch.setattr(Vault, "seal", unsealed)
    gateway = Gateway(settings_for(tmp_path))

    async def store() -> None:
        await gateway.intake.accept(written(told.live, told.notes[0]), "fhir", "ehr", "key")
        await gateway.aclose()

    asyncio.run(store())
    words = words_of(told.notes[0])
    assert len(words.keys() - found(words, *contents(tmp_path))) <= 1  # the edge of a database's page may part a word


def test_the_log_that_is_searched_is_there(told: Told) -> None:
    assert told.log.count('"event": "request"') > 10
    assert "RuntimeError" in told.log


# the walls


def test_the_employer_gets_every_word_that_the_rules_and_its_format_allow_and_no_other(told: Told) -> None:
    for number, note in enumerate((told.notes[0], told.notes[2])):
        words = words_of(note)
        got = found(words, told.employer[number])
        assert {words[word][0] for word in got} == {words[word][0] for word in employers_words(told.live, note)}
        assert not {words[word][1] for word in got} & NEVER
        assert found(told.words, told.employer[number]) == got


def test_the_employer_gets_nothing_without_the_patients_act(told: Told) -> None:
    assert len(told.employer) == 2
    assert not found(words_of(told.notes[1]), *told.employer)
    assert not found(words_of(told.notes[3]), *told.employer)


def test_the_employers_copy_holds_no_code_of_what_it_may_not_see(told: Told) -> None:
    for code in ("icpc-2", "2.16.578.1.12.4.1.1.7170", CERTIFIER, "Arsakskode", "Strekkode", "MedisinskVurdering"):
        assert code.encode() not in b"".join(told.employer)


def test_no_word_and_no_number_is_in_the_log(told: Told) -> None:
    assert not found([*told.words, *NUMBERS, REASON, "Qzbrokenqx", "Qzdatoqx", "Qzvisningqx"], told.log)


def test_no_word_and_no_number_is_in_an_answer_or_in_the_metrics(told: Told) -> None:
    own = {note.id or "" for note in told.notes}  # an AppRec names the message it answers, which its sender knows
    parties = {word for word, (path, _) in told.words.items() if path.startswith(("sender.", "receiver."))}
    leaked = found([*told.words, *NUMBERS, REASON, "Qzbrokenqx", "Qzdatoqx", "Qzvisningqx"], *told.answers)
    assert leaked - own - parties == set()
    assert len(told.answers) > 10


def test_no_word_and_no_number_is_in_the_data_folder_or_in_a_file_name(told: Told) -> None:
    assert any(b"SQLite format 3" in one for one in told.files)
    assert not found([*told.words, *NUMBERS, REASON, "Qzvisningqx"], *told.files)


def test_a_text_that_names_an_illness_is_held_back_from_the_employer_and_the_rest_goes(told: Told) -> None:
    live, note = told.live, told.notes[0]
    known = live.scene.gateway
    note = replace(note, measures=replace(note.measures, workplace="Har depresjon og F32.1"))
    parsed = flow.parse(known.formats["fhir"], written(live, note), report=True)
    facts = flow_facts(live)
    to = flow.Addressee(employer=EMPLOYER, received_at=datetime.now(UTC))
    for wire in ("nav-employer", "nav-employer-json"):
        done = flow.forward(parsed, known.formats[wire], known.line.rules(ROUTE), facts, to)
        assert not found(["depresjon", "F32.1"], done.rendered.body)
        assert "measures.workplace" in {one.field for one in done.released.withheld}
        words = words_of(note)
        assert not {words[word][1] for word in found(words, done.rendered.body)} & NEVER
        assert found([note.message_to_employer], done.rendered.body)
        assert done.decision is not None
        assert any(one.effect is Effect.PERMIT for one in done.decision.classes)


def flow_facts(live: Live) -> Facts:
    request = Request(purpose=purpose_coding(ROUTE.purpose), at=datetime.now(UTC))
    return Facts(from_json(live.scene.gateway.line.rulebook.table.kinds, FACTS), consent_facts([], request, "note"))


@pytest.mark.parametrize("command", [["explain", "--json"], ["translate", "--report", "{folder}/report.json"]])
def test_no_word_and_no_number_is_in_a_translation_report_or_an_explanation(
    told: Told, tmp_path: Path, command: list[str]
) -> None:
    bundle, facts = tmp_path / "in.json", tmp_path / "facts.json"
    bundle.write_bytes(written(told.live, told.notes[0]))
    facts.write_text(json.dumps({**FACTS, "consents": []}))
    name, *options = (part.format(folder=tmp_path) for part in command)
    asked = ("--from", "fhir", "--to", "nav-employer", "--recipient", "employer", "--purpose", "sick-leave-follow-up")
    done = samspill(name, *options, *asked, "--facts", facts, bundle)
    assert done.returncode == 0, done.stderr
    said = [done.err, done.out if name == "explain" else (tmp_path / "report.json").read_bytes()]
    assert b"withheld" in said[1]
    assert not found([*told.words, *NUMBERS], *said)
