"""`samspill demo --sweden`: a clinic, Försäkringskassan and a municipality as employer, around a whole gateway.

The certificates are the examples that stand beside the mappings; all persons and organisations are invented.
"""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from gateway.demo import Say, act
from gateway.edge.delivery.terms import Acknowledges, Retry, Terms
from gateway.edge.pdl_log import SWEDEN
from gateway.mapping.answers import fields_asked
from gateway.model.timeline import sick_pay
from gateway.sandbox.care_lists import CareReader, ask
from gateway.sandbox.care_services import SandboxCareServices
from gateway.sandbox.ehr import SandboxEhr
from gateway.sandbox.installation import Doors, OpenAddresses, at_work, settings_for, until
from gateway.sandbox.insurer import SandboxInsurer
from gateway.sandbox.office import SandboxOffice
from gateway.sandbox.payroll import upload
from gateway.sandbox.people import STAFF
from gateway.sandbox.provider import Account, SandboxProvider
from gateway.wiring.followup import load
from gateway.wiring.gateway import Gateway, Outside

PARTIES: Final = Path(__file__).parent / "sandbox" / "sweden"
FK7804: Final = "fk7804/examples/01-two-degrees"
COMPLETED: Final = "fk7804/examples/02-completes-an-earlier-one"
ASKED: Final = "se/fk-question/examples/01-completion-request.in.xml"
WITHOUT: Final = "ag7804/examples/01-without-the-diagnosis"
WITH: Final = "ag7804/examples/02-with-the-diagnosis"
ABSENCES: Final = PARTIES / "absences.xml"
PERSON: Final = "191212121212"
PATIENTS: Final = (Account("patient-tolvan", "Tolvan Tolvansson", PERSON, "FK 7804, AG 7804"),)
CLINIC: Final = "SE2321000990-A1B2"
OTHER_UNIT: Final = "SE2321000990-I1"
NATIONAL: Final = "SE5560000000-NATIONAL"
TODAY: Final = date(2026, 11, 24)
LAST: Final = date(2026, 11, 30)
"""The last day of the sick leave in the example of FK 7804; the demo moves it, so that it goes on today."""


@dataclass(slots=True)
class Scene:
    """A running Swedish demo: the gateway, those who send, and those who get."""

    gateway: Gateway
    clinic: SandboxEhr
    patient: SandboxEhr
    forsakringskassan: SandboxInsurer
    office: SandboxOffice
    municipality: SandboxOffice
    care: SandboxCareServices
    console: str

    def certificate(self, name: str) -> dict[str, Any]:
        """Give an example Bundle."""
        read: dict[str, Any] = orjson.loads((self.gateway.library.folder / f"fhir/{name}.in.json").read_bytes())
        return read

    async def ask(self) -> bytes:
        """Have Försäkringskassan ask the clinic to complete the certificate; gives the result of the call."""
        body = (self.gateway.library.folder / ASKED).read_bytes()
        clinic = self.gateway.registry.parties["clinic"].hsa_id
        return await self.forsakringskassan.call(self.gateway.settings.base_url, body, clinic)

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
    known = {"samspill-staff": STAFF, "samspill-patients": PATIENTS}
    async with AsyncExitStack() as stack:
        certificates = settings.certificates
        agency = await stack.enter_async_context(SandboxInsurer(certificates))
        office = await stack.enter_async_context(SandboxOffice(certificates))
        employer = await stack.enter_async_context(SandboxOffice(certificates, "employer", "/intyg"))
        provider = await stack.enter_async_context(SandboxProvider(certificates, known))
        care = await stack.enter_async_context(SandboxCareServices(certificates))
        asked = {"block_service": care.url, "consent_service": care.url, "care_services_address": NATIONAL}
        asked |= {"log_service": care.url, "system_hsa_id": "SE2321000990-SYS1"}
        settings = settings.model_copy(update=asked)
        doors = stack.enter_context(Doors())
        settings = doors.settings(settings, provider.issuer)
        terms = Terms(retry=Retry(), acknowledges=Acknowledges.TRANSPORT)
        ends = {"forsakringskassan": agency.url, "municipality": employer.url, "clinic": office.url}
        outside = Outside(ends, OpenAddresses(), dict.fromkeys(ends, terms), frozenset())
        gateway = await stack.enter_async_context(at_work(settings, outside, doors))
        base = settings.base_url
        clinic = await stack.enter_async_context(SandboxEhr(certificates, base))
        patient = await stack.enter_async_context(SandboxEhr(certificates, base, actor="coordinator"))
        yield Scene(gateway, clinic, patient, agency, office, employer, care, settings.console_url)


def moved(bundle: dict[str, Any], last: date, today: date, ahead: int) -> dict[str, Any]:
    """Give a message with all its days moved by as many, so that the one that was `last` is so many days from today."""
    by = today - last + timedelta(days=ahead)
    text = re.sub(rb"(?<!\d)\d{4}-\d\d-\d\d(?!\d|-)", lambda day: _later(day.group(), by), orjson.dumps(bundle))
    made: dict[str, Any] = orjson.loads(text)
    return made


def _later(day: bytes, by: timedelta) -> bytes:
    return str(date.fromisoformat(day.decode()) + by).encode()


async def play(say: Say, *, keep_running: bool = False) -> None:
    """Run the Swedish demo from beginning to end."""
    with tempfile.TemporaryDirectory(prefix="samspill-") as name:
        async with running(Path(name)) as scene:
            await _benefit(scene, say)
            await _completion(scene, say)
            await _lists(scene, say)
            await _employer(scene, WITHOUT, "no", say)
            await _employer(scene, WITH, "yes", say)
            await _payroll(scene, say)
            await _refused(scene, say)
            if keep_running:
                say(f"\nstill running; stop it with Ctrl-C. Konsolen / the console: {scene.console}")
                say("log in as staff (Ane Prøvdal is the privacy officer) or as Tolvan, and choose svenska")
                await asyncio.Event().wait()


async def _benefit(scene: Scene, say: Say) -> None:
    say(
        "1. Vårdcentralen skickar FK 7804, och patienten har bett om det / the clinic sends FK 7804 as the patient asks"
    )
    bundle = moved(scene.certificate(FK7804), LAST, datetime.now(SWEDEN).date(), ahead=6)
    statuses = await scene.send(scene.clinic, bundle, "forsakringskassan")
    await until(lambda: bool(scene.forsakringskassan.received), 0.05)
    body = scene.forsakringskassan.received[-1].body
    answers = body.count(b"<svar ")
    say(f"   {statuses[0]}, {statuses[1]}; Försäkringskassan got RegisterCertificate with {answers} answers\n")


async def _completion(scene: Scene, say: Say) -> None:
    say("2. Försäkringskassan ber om komplettering / Försäkringskassan asks for a completion (SendMessageToCare)")
    code = "OK" if b">OK<" in await scene.ask() else "ERROR"
    await until(lambda: bool(scene.office.received), 0.05)
    bundle: dict[str, Any] = orjson.loads(scene.office.received[-1].body)
    task = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Task")
    last = next(e["valueDate"] for e in task["extension"] if "valueDate" in e)
    say(f"   {code}; the clinic got a FHIR Task, to be answered by {last}:")
    form, questions = scene.gateway.library.mappings["se-fk7804"], scene.gateway.library.questions("se-fk7804")
    for one in task["input"]:
        asked = one["type"]["coding"][0]["code"]
        numbers = [e["valueInteger"] for e in one["type"].get("extension", ())]
        fields = ", ".join(fields_asked(form, asked, *numbers))
        say(f"   - {questions.named(asked)}, {fields}: {one['type']['text']}")
    before = len(scene.forsakringskassan.received)
    sent = await scene.clinic.send(orjson.dumps(scene.certificate(COMPLETED)))
    await until(lambda: len(scene.forsakringskassan.received) > before, 0.05)
    relation = "KOMPLT" if b">KOMPLT<" in scene.forsakringskassan.received[-1].body else "none"
    say(f"   {sent.status}; the answer is a new certificate with the relation {relation}, and needs no new consent\n")


async def _lists(scene: Scene, say: Say) -> None:
    """Say who is shown the sick leaves: the unit that issued them, another with samtycke, and nobody past a block."""
    say("3. Vården läser listor över sjukskrivningar / care reads lists of sick leaves")
    own = CareReader(CLINIC).for_unit(CLINIC)
    say(f"   enheten själv / the unit itself: {await _shown(scene, own, 'ehr')} (ListActiveSickLeavesForCareUnit)")
    other = CareReader(OTHER_UNIT).for_person(PERSON)
    say(f"   annan enhet / another unit: {await _shown(scene, other, 'coordinator')} (ListSickLeavesForPerson)")
    scene.care.consents[PERSON] = "Consent"
    say(f"   med samtycke / with a consent: {await _shown(scene, other, 'coordinator')}")
    scene.care.blocked.add(PERSON)
    blocked = await _shown(scene, other, "coordinator"), await _shown(scene, own, "ehr")
    say(f"   med spärr / with a block: {blocked[0]}, and the unit itself {blocked[1]}")
    scene.care.blocked.clear()
    scene.care.consents.clear()
    say(f"   StoreLog was told of {len(scene.care.kept)} before they were shown, each under its patient\n")


async def _shown(scene: Scene, call: bytes, actor: str) -> str:
    settings = scene.gateway.settings
    _, answer = await ask(settings.certificates, settings.base_url, call, actor)
    count = answer.count("intygsData>") // 2
    return f"{count} certificate{'' if count == 1 else 's'}"


async def _employer(scene: Scene, name: str, choice: str, say: Say) -> None:
    before = len(scene.municipality.received)
    said = {"yes": "ja", "no": "nej"}[choice]
    say(
        f"{4 + before}. Patienten skickar AG 7804 till kommunen, diagnos: {said} / AG 7804, diagnosis: {choice} (100.1)"
    )
    await scene.send(scene.patient, scene.certificate(name), "municipality")
    await until(lambda: len(scene.municipality.received) > before, 0.05)
    got: dict[str, Any] = orjson.loads(scene.municipality.received[-1].body)
    say(f"   the municipality got {', '.join(got)}")
    say(f"   the diagnosis: {got['diagnosis']['code'] if 'diagnosis' in got else 'none'}\n")


async def _payroll(scene: Scene, say: Say) -> None:
    say("6. Lönesystemet skickar frånvaron som PAXml / the payroll system sends absences as PAXml")
    settings = scene.gateway.settings
    told = await upload(settings.certificates, settings.base_url, ABSENCES.read_bytes(), "paxml")
    say(f"   {told['state']}: {told['good']} absences taken, {told['refused']} refused")
    law = load(scene.gateway.library.folder, "sweden")
    case = scene.gateway.cases.of(scene.gateway.registry.parties["municipality"], PERSON, TODAY)
    for spell in case.spells:
        say(f"   {spell.start} to {spell.end or 'now'}, {spell.degree} %: {spell.kind}")
    paid = sick_pay(case.spells, law.sick_pay_days)
    say(f"   one case: two illnesses within five days; sick pay for {len(paid)} days, the last of them {paid[-1]}")
    entry = next(one for one in case.entries if one.point.after_sick_pay)
    say(f"   {entry.by}: {entry.point.sv} [{entry.point.basis}]\n")


async def _refused(scene: Scene, say: Say) -> None:
    say("7. Samma intyg med nej (100.1) och diagnosen kvar / the same with no, and the diagnosis left in it")
    bundle = scene.certificate(WITH)
    bundle["identifier"]["value"] = "urn:uuid:7f000002-0000-4000-8000-000000000009"
    form = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "QuestionnaireResponse")
    next(item for item in form["item"] if item["linkId"] == "100.1")["answer"][0]["valueBoolean"] = False
    answer = await scene.patient.send(orjson.dumps(bundle))
    told = [issue["details"]["text"] for issue in orjson.loads(answer.body)["issue"]]
    say(f"   {answer.status}: {told[0]}")
    say(f"   the municipality has got {len(scene.municipality.received)} certificates, and not this one")
