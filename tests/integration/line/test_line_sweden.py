"""The Swedish case through a whole gateway: what Försäkringskassan and a municipality get, and what they do not."""

import asyncio
import re
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).parents[1] / "console"))

from visitor import Visitor

from gateway import demo_sweden
from gateway.demo import act
from gateway.demo_sweden import ASKED, CLINIC, COMPLETED, FK7804, PERSON, WITH, WITHOUT, Scene, running
from gateway.edge import soap
from gateway.edge.audit.watch import OSLO
from gateway.edge.store.schema import follow_up
from gateway.sandbox.care_lists import CareReader, ask
from gateway.sandbox.ehr import SandboxEhr
from gateway.sandbox.installation import until

PAUSE = 0.05
ROLES = {"forsakringskassan": "forsakringskassan", "municipality": "employer"}


def played(tmp_path: Path, part: Callable[[Scene], Any]) -> Any:
    async def whole() -> Any:
        async with running(tmp_path) as scene:
            return await part(scene)

    return asyncio.run(whole())


def test_each_recipient_gets_what_the_rules_release_and_the_diagnosis_only_by_the_patients_yes(tmp_path: Path) -> None:
    async def part(scene: Scene) -> tuple[bytes, list[dict[str, Any]]]:
        assert await scene.send(scene.clinic, scene.certificate(FK7804), "forsakringskassan") == (202, 201)
        for name in (WITHOUT, WITH):
            assert await scene.send(scene.patient, scene.certificate(name), "municipality") == (202, 201)
        await until(lambda: bool(scene.forsakringskassan.received and len(scene.municipality.received) > 1), PAUSE)
        views = [orjson.loads(one.body) for one in scene.municipality.received]
        return scene.forsakringskassan.received[0].body, views

    body, views = played(tmp_path, part)
    assert b'<svar id="6"><delsvar id="6.1">' in body
    assert b"M545" in body
    assert [("diagnosis" in view) for view in sorted(views, key=lambda view: str(view["certificateId"]))] == [
        False,
        True,
    ]
    assert sorted(view["diagnosis"].get("text", "") for view in views if "diagnosis" in view) == ["Ländryggssmärta"]
    for view in views:
        assert not {"findings", "treatment", "address"} & view.keys()
        assert "Sjukgymnastik" not in str(view)
        assert "rörlighet" not in str(view)


def test_nothing_goes_before_the_patients_act_and_never_to_another(tmp_path: Path) -> None:
    async def part(scene: Scene) -> tuple[int, int, int]:
        sent = await scene.clinic.send(orjson.dumps(scene.certificate(FK7804)))
        elsewhere = await scene.send(scene.clinic, scene.certificate(FK7804), "municipality")
        by_clinic = await scene.clinic.send(orjson.dumps(scene.certificate(WITH)))
        await asyncio.sleep(0.5)
        assert scene.forsakringskassan.received == scene.municipality.received == []
        return sent.status, elsewhere[0], by_clinic.status

    assert played(tmp_path, part) == (202, 202, 422)


def renamed(bundle: dict[str, Any], identity: str, **related: str) -> dict[str, Any]:
    """Give a certificate under another id, with the relation and the message that it answers made otherwise."""
    text = orjson.dumps(bundle).decode().replace(bundle["identifier"]["value"], f"urn:uuid:{identity}")
    for old, new in related.items():
        text = text.replace(RELATED[old], new)
    made: dict[str, Any] = orjson.loads(text)
    return made


RELATED = {"question": "7f000004-0000-4000-8000-000000000001", "certificate": "7f000003-0000-4000-8000-000000000001"}
OTHER = "7f000009-0000-4000-8000-00000000000"
REVOKED = "fk-revocation/examples/01-withdrawn"


async def states(sender: SandboxEhr, location: str) -> dict[str, str]:
    """Give the state of each copy of a message, once none of them is on its way."""
    task = await sender.follow(location)
    return {one["type"]["text"]: one["valueCode"] for one in task.get("output", ()) if "valueCode" in one}


async def sent(sender: SandboxEhr, bundle: dict[str, Any]) -> dict[str, str]:
    answer = await sender.send(orjson.dumps(bundle))
    assert answer.status == 202, answer.body
    return await states(sender, answer.location)


def test_a_completion_goes_only_to_the_question_that_asked_for_it_about_the_same_certificate(tmp_path: Path) -> None:
    async def part(scene: Scene) -> None:
        completed = scene.certificate(COMPLETED)
        unasked = await sent(scene.clinic, renamed(completed, OTHER + "1"))
        assert unasked == {"forsakringskassan": "refused"}
        assert b">OK<" in await scene.ask()
        assert b">OK<" in await scene.ask()
        await until(lambda: bool(scene.office.received), PAUSE)
        for number, changed in ((2, {"question": OTHER + "8"}), (3, {"certificate": OTHER + "7"})):
            refused = await sent(scene.clinic, renamed(completed, f"{OTHER}{number}", **changed))
            assert refused == {"forsakringskassan": "refused"}
        assert scene.forsakringskassan.received == []
        assert await sent(scene.clinic, completed) == {"forsakringskassan": "acknowledged"}
        letter = scene.certificate("fk-letter/examples/01-answers-in-words")
        assert await sent(scene.clinic, letter) == {"forsakringskassan": "acknowledged"}
        unasked = await sent(scene.clinic, scene.certificate("fk-letter/examples/02-asks-unasked"))
        assert unasked == {"forsakringskassan": "refused"}
        assert len(scene.office.received) == 1
        assert [b">KOMPLT<" in one.body for one in scene.forsakringskassan.received] == [True, True]
        assert all(b"<LogicalAddress" in one.body for one in scene.forsakringskassan.received)
        await asyncio.to_thread(scene.gateway.watch.catch_up)
        spans = scene.gateway.database.rows(select(follow_up).where(follow_up.c.what.notlike("receipt-%")))
        days = (datetime.now(OSLO).date() - date(2026, 10, 15)).days
        assert sorted((row.what, row.span) for row in spans) == [
            ("completion-answered", 0),
            ("fk-completion", days),
            ("fk-letter", days),
            ("fk-question", days),
        ]

    played(tmp_path, part)


def test_a_withdrawn_certificate_goes_nowhere_and_its_recipient_is_told(tmp_path: Path) -> None:
    async def part(scene: Scene) -> None:
        assert await sent(scene.clinic, scene.certificate(REVOKED)) == {"forsakringskassan": "refused"}
        for name, recipient in ((FK7804, "forsakringskassan"), (WITH, "municipality")):
            bundle = scene.certificate(name)
            sender = scene.clinic if name is FK7804 else scene.patient
            taken = await sender.send(orjson.dumps(bundle))
            taken_back = scene.certificate(REVOKED)
            own = bundle["identifier"]["value"].removeprefix("urn:uuid:")
            text = orjson.dumps(renamed(taken_back, OTHER + recipient[0].replace("f", "4").replace("m", "5")))
            await scene.clinic.send(text.replace(RELATED["certificate"].encode(), own.encode()))
            organisation = scene.gateway.registry.parties[recipient].organisation
            assert (await sender.send(orjson.dumps(act(bundle, organisation)), "/fhir/Consent")).status == 201
            await until(lambda: True, PAUSE)
            assert (await states(sender, taken.location))[ROLES[recipient]] == "refused"
        assert scene.forsakringskassan.received == scene.municipality.received == []

    played(tmp_path, part)


def test_the_insurer_is_told_of_the_withdrawal_of_what_it_got_and_its_refusal_is_no_delivery(tmp_path: Path) -> None:
    async def part(scene: Scene) -> None:
        await scene.send(scene.clinic, scene.certificate(FK7804), "forsakringskassan")
        await until(lambda: bool(scene.forsakringskassan.received), PAUSE)
        scene.forsakringskassan.error = soap.APPLICATION
        refused = await scene.clinic.send(orjson.dumps(scene.certificate(REVOKED)))
        await until(lambda: True, PAUSE)
        assert await states(scene.clinic, refused.location) == {"forsakringskassan": "dead-letter"}
        scene.forsakringskassan.error = ""
        again = await sent(scene.clinic, renamed(scene.certificate(REVOKED), OTHER + "6"))
        assert again == {"forsakringskassan": "acknowledged"}
        assert b"RevokeCertificate" in scene.forsakringskassan.received[-1].body

    played(tmp_path, part)


def test_a_call_that_cannot_be_taken_is_answered_with_a_result_that_says_why(tmp_path: Path) -> None:
    async def part(scene: Scene) -> list[bytes]:
        question = (scene.gateway.library.folder / ASKED).read_bytes()
        revoked = (scene.gateway.library.folder / "se/fk-revocation/examples/01-withdrawn.in.xml").read_bytes()
        bad = (
            question.replace(b"KOMPLT", b"PAMINN"),
            question.replace(b"SE2321000990-A1B2</logisk", b"X</logisk"),
            revoked,
        )
        return [await scene.forsakringskassan.call(scene.gateway.settings.base_url, one, "X") for one in bad]

    topic, stranger, another = played(tmp_path, part)
    assert all(b">ERROR<" in one and b">VALIDATION_ERROR<" in one for one in (topic, stranger, another))
    assert b"reminder" in topic
    assert b"no recipient" in stranger
    assert b"may not send" in another


def read_in_swedish(console: str) -> tuple[str, str, str]:
    """Log in with a browser that asks for Swedish: the officer's log, one message of it, and the patient's own page."""
    visitors = [Visitor(console, "demo-officer"), Visitor(console, "patient-tolvan", "patient")]
    for one in visitors:
        one.client.headers["Accept-Language"] = "sv-SE,sv;q=0.9"
    listed, mine = visitors[0].get("/log").text, visitors[1].get("/mine").text
    told = [visitors[0].get(path).text for path in sorted({*re.findall(r'href="(/message/[^"]+)"', listed)})]
    for one in visitors:
        one.client.close()
    return listed, "".join(told), mine


def test_the_console_shows_the_case_in_swedish(tmp_path: Path) -> None:
    async def part(scene: Scene) -> tuple[str, str, str]:
        await scene.send(scene.clinic, scene.certificate(FK7804), "forsakringskassan")
        await scene.send(scene.patient, scene.certificate(WITHOUT), "municipality")
        await until(lambda: bool(scene.forsakringskassan.received and scene.municipality.received), PAUSE)
        settings, own = scene.gateway.settings, CareReader(CLINIC).for_person(PERSON)
        for _ in range(2):
            assert "intygsData" in (await ask(settings.certificates, settings.base_url, own))[1]
        return await asyncio.to_thread(read_in_swedish, scene.console)

    listed, told, mine = played(tmp_path, part)
    assert all('<html lang="sv"' in page for page in (listed, told, mine))
    assert "Logg över utlämnanden" in listed
    assert "Vad varje mottagare kunde få" in told
    assert "AG 7804" in told
    assert "FK 7804 går till Försäkringskassan när patienten har bett om intyget." in mine
    assert "I Sverige lämnar patienten själv AG-intyget till arbetsgivaren." in mine
    assert mine.count("En enhet läser de intyg som den själv har utfärdat") == 2
    assert "Tolvansson" not in listed + told


def test_validation_tells_what_the_insurer_would_ask_back(tmp_path: Path) -> None:
    async def part(scene: Scene) -> list[dict[str, Any]]:
        bundle = scene.certificate(FK7804)
        form = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "QuestionnaireResponse")
        next(item for item in form["item"] if item["linkId"] == "35.1")["answer"][0]["valueString"] = "Ont"
        answer = await scene.clinic.send(orjson.dumps(bundle), "/fhir/$validate")
        told: list[dict[str, Any]] = orjson.loads(answer.body)["issue"]
        return told

    told = [one for one in played(tmp_path, part) if one["severity"] == "warning"]
    assert any("35.1" in one["diagnostics"] and "check findings" in one["details"]["text"] for one in told)


def test_the_demo_plays_to_its_end() -> None:
    told: list[str] = []
    asyncio.run(demo_sweden.play(told.append))
    said = "\n".join(told)
    assert "the diagnosis: none" in said
    assert "the diagnosis: M545" in said
    assert "question 35 (Funktionsnedsättning), findings" in said
    assert "the relation KOMPLT" in said
    assert "2026-10-14 to 2026-10-31, 100 %: sick-certified" in said
    assert "2026-10-02 to 2026-10-09, 100 %: sick-unspecified" in said
    assert "sick pay for 14 days, the last of them 2026-10-19" in said
    assert "has not chosen to pass it on" in said
    assert "the unit itself: 2 certificates" in said
    assert "another unit: 0 certificates" in said
    assert "with a consent: 2 certificates" in said
    assert "with a block: 0 certificates, and the unit itself 0 certificates" in said
    assert "told of 4 before they were shown" in said
