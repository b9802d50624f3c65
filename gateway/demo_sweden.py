"""`samspill demo --sweden`: a clinic, Försäkringskassan and a municipality as employer, around a whole gateway.

The certificates are the examples that stand beside the mappings; all persons and organisations are invented.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from gateway.demo import OpenAddresses, Say, act, settings_for, until
from gateway.edge.delivery.terms import Acknowledges, Retry, Terms
from gateway.sandbox.ehr import SandboxEhr
from gateway.sandbox.office import SandboxOffice
from gateway.wiring.gateway import Gateway, Outside
from gateway.wiring.server import https_server

PARTIES: Final = Path(__file__).parent / "sandbox" / "sweden"
FK7804: Final = "fk7804/examples/01-two-degrees"
WITHOUT: Final = "ag7804/examples/01-without-the-diagnosis"
WITH: Final = "ag7804/examples/02-with-the-diagnosis"
ACCEPTED: Final = 202


@dataclass(slots=True)
class Scene:
    """A running Swedish demo: the gateway, those who send, and those who get."""

    gateway: Gateway
    clinic: SandboxEhr
    patient: SandboxEhr
    forsakringskassan: SandboxOffice
    municipality: SandboxOffice

    def certificate(self, name: str) -> dict[str, Any]:
        """Give an example Bundle."""
        read: dict[str, Any] = orjson.loads((self.gateway.library.folder / f"fhir/{name}.in.json").read_bytes())
        return read

    async def send(self, sender: SandboxEhr, bundle: dict[str, Any], recipient: str) -> tuple[int, int]:
        """Send a certificate, and then the patient's act that names the recipient; gives both statuses."""
        sent = await sender.send(orjson.dumps(bundle))
        organisation = self.gateway.registry.parties[recipient].organisation
        given = await sender.send(orjson.dumps(act(bundle, organisation)), "/fhir/Consent")
        return sent.status, given.status


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Scene]:
    """Start everything on free loopback ports, and stop it all at the end."""
    settings = settings_for(folder).model_copy(update={"parties": PARTIES})
    async with AsyncExitStack() as stack:
        certificates = settings.certificates
        agency = await stack.enter_async_context(SandboxOffice(certificates, "nav", "/register-certificate"))
        employer = await stack.enter_async_context(SandboxOffice(certificates, "employer", "/intyg"))
        terms = Terms(retry=Retry(), acknowledges=Acknowledges.TRANSPORT)
        ends = {"forsakringskassan": agency.url, "municipality": employer.url}
        gateway = Gateway(settings, Outside(ends, OpenAddresses(), dict.fromkeys(ends, terms), frozenset()))
        server = https_server(gateway)
        stopping = asyncio.Event()
        serving = asyncio.create_task(server.serve())
        delivering = asyncio.create_task(gateway.worker().run(stopping))
        try:
            await until(lambda: server.started, 0.01)
            base = settings.base_url
            clinic = await stack.enter_async_context(SandboxEhr(certificates, base))
            patient = await stack.enter_async_context(SandboxEhr(certificates, base, actor="coordinator"))
            yield Scene(gateway, clinic, patient, agency, employer)
        finally:
            server.should_exit = True
            stopping.set()
            await asyncio.gather(serving, delivering)
            await gateway.aclose()


async def play(say: Say) -> None:
    """Run the Swedish demo from beginning to end."""
    with tempfile.TemporaryDirectory(prefix="samspill-") as name:
        async with running(Path(name)) as scene:
            await _benefit(scene, say)
            await _employer(scene, WITHOUT, "no", say)
            await _employer(scene, WITH, "yes", say)
            await _refused(scene, say)


async def _benefit(scene: Scene, say: Say) -> None:
    say(
        "1. Vårdcentralen skickar FK 7804, och patienten har bett om det / the clinic sends FK 7804 as the patient asks"
    )
    statuses = await scene.send(scene.clinic, scene.certificate(FK7804), "forsakringskassan")
    await until(lambda: bool(scene.forsakringskassan.received), 0.05)
    body = scene.forsakringskassan.received[-1].body
    answers = body.count(b"<svar ")
    say(f"   {statuses[0]}, {statuses[1]}; Försäkringskassan got RegisterCertificate with {answers} answers\n")


async def _employer(scene: Scene, name: str, choice: str, say: Say) -> None:
    before = len(scene.municipality.received)
    said = {"yes": "ja", "no": "nej"}[choice]
    say(
        f"{2 + before}. Patienten skickar AG 7804 till kommunen, diagnos: {said} / AG 7804, diagnosis: {choice} (100.1)"
    )
    await scene.send(scene.patient, scene.certificate(name), "municipality")
    await until(lambda: len(scene.municipality.received) > before, 0.05)
    got: dict[str, Any] = orjson.loads(scene.municipality.received[-1].body)
    say(f"   the municipality got {', '.join(got)}")
    say(f"   the diagnosis: {got['diagnosis']['code'] if 'diagnosis' in got else 'none'}\n")


async def _refused(scene: Scene, say: Say) -> None:
    say("4. Samma intyg med nej (100.1) och diagnosen kvar / the same with no, and the diagnosis left in it")
    bundle = scene.certificate(WITH)
    bundle["identifier"]["value"] = "urn:uuid:7f000002-0000-4000-8000-000000000009"
    form = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "QuestionnaireResponse")
    next(item for item in form["item"] if item["linkId"] == "100.1")["answer"][0]["valueBoolean"] = False
    answer = await scene.patient.send(orjson.dumps(bundle))
    told = [issue["details"]["text"] for issue in orjson.loads(answer.body)["issue"]]
    say(f"   {answer.status}: {told[0]}")
    say(f"   the municipality has got {len(scene.municipality.received)} certificates, and not this one")
