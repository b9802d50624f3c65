"""Lists of sick leaves for care, through a whole gateway: who is shown what, what the log tells, and who never is."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import aiohttp
import orjson
import pytest
from lxml import etree

from gateway.core.audit import AuditAction
from gateway.demo import act
from gateway.demo_sweden import FK7804, PERSON, Scene, running
from gateway.edge.audit.search import Filter, search
from gateway.sandbox.server import client_context

XSD = Path(__file__).parents[3] / (
    "../shared/data/se/xsd/tree/intyg/clinicalprocess-healthcond-rehabilitation/schemas/interactions"
    "/ListSickLeavesForPersonInteraction/ListSickLeavesForPersonResponder_1.0.xsd"
)
LISTS = "urn:riv:clinicalprocess:healthcond:rehabilitation:ListSickLeavesForPersonResponder:1"
REVOKED = "fk-revocation/examples/01-withdrawn"
NAMED = b"7f000003-0000-4000-8000-000000000001"
EMPLOYEE = "SE2321000990-E1"
PERSONAL = ("M545", "Tolvan", PERSON, EMPLOYEE)

pytestmark = pytest.mark.xdist_group("sick-leave-lists")


def call(number: str = PERSON, unit: str = "SE2321000990-I1", treats: str = "true", reader: bool = True) -> bytes:
    who = (
        f'<s:Reader xmlns:s="urn:samspill:riv-ta:1"><s:employee-id>{EMPLOYEE}</s:employee-id><s:care-unit-id>{unit}'
        f"</s:care-unit-id><s:care-provider-id>SE2321000990-V1</s:care-provider-id><s:treats>{treats}</s:treats>"
        "</s:Reader>"
    )
    return (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header>'
        f'<r:LogicalAddress xmlns:r="urn:riv:itintegration:registry:1">X</r:LogicalAddress>{who if reader else ""}'
        f'</e:Header><e:Body><l:ListSickLeavesForPerson xmlns:l="{LISTS}" '
        'xmlns:t="urn:riv:clinicalprocess:healthcond:certificate:types:2"><l:person-id>'
        f"<t:root>1.2.752.129.2.1.3.1</t:root><t:extension>{number}</t:extension></l:person-id>"
        "</l:ListSickLeavesForPerson></e:Body></e:Envelope>"
    ).encode()


async def asked(scene: Scene, body: bytes, actor: str = "coordinator") -> tuple[int, str]:
    settings = scene.gateway.settings
    connector = aiohttp.TCPConnector(ssl=client_context(settings.certificates, actor))
    url, headers = urljoin(settings.base_url, "/riv-ta/sick-leaves"), {"Content-Type": "text/xml"}
    async with (
        aiohttp.ClientSession(connector=connector, trust_env=False) as session,
        session.post(url, data=body, headers=headers) as response,
    ):
        return response.status, (await response.read()).decode()


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
        told: Any = etree.fromstring(answer.encode()).find(".//{*}ListSickLeavesForPersonResponse")
        if XSD.exists():
            etree.XMLSchema(etree.parse(XSD)).assertValid(told)
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
            (call(reader=False), "who reads"),
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
