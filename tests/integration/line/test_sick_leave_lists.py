"""Lists of sick leaves for care, through a whole gateway: who is shown what, what the log tells, and who never is."""

import asyncio
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from lxml import etree

from gateway.core.audit import AuditAction
from gateway.demo import act
from gateway.demo_sweden import CLINIC, FK7804, LAST, OTHER_UNIT, PERSON, Scene, moved, running
from gateway.edge.audit.search import Filter, search
from gateway.edge.pdl_log import SWEDEN
from gateway.edge.sick_leave_lists import goes_on
from gateway.model.intyg import BenefitCertificate, Reduction
from gateway.sandbox.care_lists import PERSON_LIST, UNIT_LIST, CareReader, ask

XSD = Path(__file__).parents[3] / (
    "../shared/data/se/xsd/tree/intyg/clinicalprocess-healthcond-rehabilitation/schemas/interactions"
)
REVOKED = "fk-revocation/examples/01-withdrawn"
NAMED = b"7f000003-0000-4000-8000-000000000001"
EMPLOYEE = "SE2321000990-E1"
PERSONAL = ("M545", "Tolvan", PERSON, EMPLOYEE)

pytestmark = pytest.mark.xdist_group("sick-leave-lists")


def call(number: str = PERSON, unit: str = OTHER_UNIT, treats: str = "true") -> bytes:
    return CareReader(unit, EMPLOYEE, treats=treats).for_person(number)


async def asked(scene: Scene, body: bytes, actor: str = "coordinator") -> tuple[int, str]:
    settings = scene.gateway.settings
    return await ask(settings.certificates, settings.base_url, body, actor)


def valid(answer: str, contract: str) -> Any:
    """Give the answer by a contract, which the published schema of it takes."""
    told = etree.fromstring(answer.encode()).find(f".//{{*}}{contract}Response")
    assert told is not None, answer
    file = XSD / f"{contract}Interaction/{contract}Responder_1.0.xsd"
    if file.exists():
        etree.XMLSchema(etree.parse(file)).assertValid(told)
    return told


def played(tmp_path: Path, part: Callable[[Scene], Any]) -> None:
    async def whole() -> None:
        async with running(tmp_path) as scene:
            await part(scene)

    asyncio.run(whole())


def entries(scene: Scene) -> list[Any]:
    found = search(scene.gateway.database, Filter(actions=(AuditAction.DISCLOSED,)), 100)
    return [one.entry for one in found if one.entry.purpose == "treatment"]


def test_care_that_treats_is_shown_what_the_rules_release_and_the_log_tells_it(tmp_path: Path) -> None:
    async def part(scene: Scene) -> None:
        taken = await scene.clinic.send(orjson.dumps(scene.certificate(FK7804)))
        assert taken.status == 202
        scene.care.consents[PERSON] = "Consent"
        status, answer = await asked(scene, call())
        assert status == 200, answer
        told = valid(answer, PERSON_LIST)
        assert told.findtext(".//{*}diagnoskod") == "M545"
        assert [one.text for one in told.iter("{*}nedsattning")] == ["100", "50"]
        assert told.findtext(".//{*}startdatum") == "2026-10-15"
        assert told.findtext(".//{*}enhetsId/{*}extension") == "SE2321000990-A1B2"
        assert "sysselsattning" not in answer
        texts = free_texts(scene.certificate(FK7804))
        assert texts
        assert [one for one in texts if one in answer] == []
        [entry] = entries(scene)
        [kept] = scene.care.kept
        assert (kept.findtext("{*}logId") or "").replace("-", "") == entry.id
        assert kept.findtext("{*}user/{*}userId") == EMPLOYEE
        assert kept.findtext(".//{*}patientId/{*}extension") == PERSON
        assert kept.findtext("{*}resources//{*}careUnitId") == "SE2321000990-A1B2"
        scene.care.full = True
        _, unlogged = await asked(scene, call())
        assert "Fault" in unlogged
        assert [word for word in PERSONAL if word in unlogged] == []
        assert len(scene.care.kept) == 1
        assert (entry.actor, entry.message) == ("patient-service", taken.location.rpartition("/")[2])
        assert entry.person
        assert "coherent-care-se" in entry.disclosure.permitted
        assert [word for word in PERSONAL if word in repr(entry)] == []
        await withdrawn(scene)
        assert "intygsData" not in (await asked(scene, call()))[1]
        assert len(entries(scene)) == 2

    played(tmp_path, part)


async def withdrawn(scene: Scene) -> None:
    """Have the clinic take its certificate back."""
    own = scene.certificate(FK7804)["identifier"]["value"].removeprefix("urn:uuid:")
    text = orjson.dumps(scene.certificate(REVOKED)).replace(NAMED, own.encode())
    assert (await scene.clinic.send(text)).status == 202


def free_texts(bundle: dict[str, Any]) -> list[str]:
    return list(re.findall(r'"valueString": ?"([^"]{12,})"', orjson.dumps(bundle).decode()))


def test_nobody_else_and_nothing_that_is_blocked_and_the_answer_does_not_tell(tmp_path: Path) -> None:
    async def part(scene: Scene) -> None:
        assert (await scene.clinic.send(orjson.dumps(scene.certificate(FK7804)))).status == 202
        _, nothing = await asked(scene, call("191212121220"))
        _, without = await asked(scene, call())
        scene.care.consents[PERSON] = "Consent"
        scene.care.blocked.add(PERSON)
        _, blocked = await asked(scene, call())
        scene.care.blocked.clear()
        scene.care.away = True
        _, away = await asked(scene, call())
        scene.care.away = False
        denied = act(scene.certificate(FK7804), "")
        denied["provision"] = {"type": "deny"}
        assert (await scene.patient.send(orjson.dumps(denied), "/fhir/Consent")).status == 201
        _, no = await asked(scene, call())
        assert nothing == without == blocked == away == no
        assert "<intygsLista/>" in nothing.replace("<intygsLista></intygsLista>", "<intygsLista/>")
        for body, said in (
            (call(unit=""), "who reads"),
            (call(treats="false"), "takes part"),
            (call(unit="SE2321000990-X9"), "does not act"),
            (call("191212121213"), "no personnummer"),
            (b"<a/>", "not provided"),
        ):
            _, refused = await asked(scene, body)
            assert "Fault" in refused
            assert said in refused
            assert PERSON not in refused
        for actor in ("nav", "employer", "ehr"):
            _, refused = await asked(scene, call(), actor)
            assert "Fault" in refused
            assert "intygsData" not in refused
        assert entries(scene) == scene.care.kept == []

    played(tmp_path, part)


OF_UNIT = CareReader(CLINIC, EMPLOYEE)


def going_on(scene: Scene, days: int = 0) -> bytes:
    """Give the certificate with its days moved, so that the last of them is so many days from now."""
    return orjson.dumps(moved(scene.certificate(FK7804), LAST, datetime.now(SWEDEN).date(), days))


def test_a_unit_reads_what_it_has_issued_itself_and_that_goes_on_and_nothing_else(tmp_path: Path) -> None:
    async def part(scene: Scene) -> None:
        taken = await scene.clinic.send(going_on(scene))
        assert taken.status == 202, taken.body
        status, answer = await asked(scene, OF_UNIT.for_unit(CLINIC), "ehr")
        assert status == 200, answer
        told = valid(answer, UNIT_LIST)
        assert told.findtext(".//{*}diagnoskod") == "M545"
        assert told.findtext(".//{*}personId/{*}extension") == PERSON
        assert told.findtext("{*}resultCode") == "INFO"
        [entry] = entries(scene)
        assert (entry.actor, entry.message) == ("clinic", taken.location.rpartition("/")[2])
        assert entry.patient == scene.gateway.vault.mac("patient", PERSON)
        assert "own-unit-se" in entry.disclosure.permitted
        assert [one.findtext(".//{*}patientId/{*}extension") for one in scene.care.kept] == [PERSON]
        calls = [one.body for one in scene.care.received]
        assert [b"CheckConsent" in one for one in calls] == [False, False]
        assert [name in one for name, one in zip((b"CheckBlocks", b"StoreLog"), calls, strict=True)] == [True, True]
        assert "intygsData" in (await asked(scene, OF_UNIT.for_unit(CLINIC, PERSON, "14"), "ehr"))[1]
        own = await asked(scene, OF_UNIT.for_person(PERSON), "ehr")
        assert valid(own[1], PERSON_LIST).findtext(".//{*}diagnoskod") == "M545"
        empty = "<intygsLista/>"
        assert empty in (await asked(scene, OF_UNIT.for_unit(CLINIC, "191212121220"), "ehr"))[1]
        before = len(entries(scene))
        scene.care.blocked.add(PERSON)
        assert empty in (await asked(scene, OF_UNIT.for_unit(CLINIC), "ehr"))[1]
        scene.care.blocked.clear()
        scene.care.away = True
        assert empty in (await asked(scene, OF_UNIT.for_unit(CLINIC), "ehr"))[1]
        scene.care.away = False
        other = CareReader(OTHER_UNIT, EMPLOYEE)
        assert empty in (await asked(scene, other.for_unit(OTHER_UNIT), "coordinator"))[1]
        for reader, unit, actor, days, said in (
            (OF_UNIT, OTHER_UNIT, "ehr", "", "that very unit"),
            (other, CLINIC, "coordinator", "", "that very unit"),
            (other, OTHER_UNIT, "ehr", "", "does not act"),
            (OF_UNIT, CLINIC, "ehr", "15", "number of days"),
            (OF_UNIT, CLINIC, "ehr", "-1", "number of days"),
            (OF_UNIT, CLINIC, "ehr", "x", "number of days"),
            (CareReader(CLINIC, treats="false"), CLINIC, "ehr", "", "takes part"),
        ):
            refused = (await asked(scene, reader.for_unit(unit, ended=days), actor))[1]
            assert said in refused, refused
            assert "intygsData" not in refused
        scene.care.full = True
        assert "Fault" in (await asked(scene, OF_UNIT.for_unit(CLINIC), "ehr"))[1]
        scene.care.full = False
        assert len(entries(scene)) == before + 1
        await withdrawn(scene)
        assert empty in (await asked(scene, OF_UNIT.for_unit(CLINIC), "ehr"))[1]

    played(tmp_path, part)


@pytest.mark.parametrize(
    ("first", "last", "ended", "goes"),
    [(-9, 0, 0, True), (0, 9, 0, True), (1, 9, 14, False), (-9, -1, 0, False), (-9, -1, 1, True), (-9, -15, 14, False)],
)
def test_a_sick_leave_goes_on_from_its_first_day_to_its_last_and_so_many_days_more(
    first: int, last: int, ended: int, goes: bool
) -> None:
    today = date(2026, 11, 24)
    start, end = (today + timedelta(days=days) for days in (first, last))
    record = BenefitCertificate(reductions=(Reduction(degree="100", start=start, end=end), Reduction()))
    assert goes_on(record, today, ended) is goes
