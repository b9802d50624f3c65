"""`samspill demo`: a whole gateway with an EHR, NAV and an employer's HR system as separate servers on loopback.

It sends real-shaped messages through the line, shows what each recipient got beside each other, what was withheld and
by which rule, and the receipts. All persons and organisations are invented.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from gateway import flow
from gateway.edge.config import Settings
from gateway.edge.identity.parties import Transport, Way
from gateway.edge.library import Library
from gateway.edge.store.rows import Destination
from gateway.mapping.run.report import Report
from gateway.model.messages import about
from gateway.model.walk import values_of
from gateway.sandbox import agreement, messages
from gateway.sandbox.case import Case, Ends
from gateway.sandbox.ehr import Answered, SandboxEhr
from gateway.sandbox.employer import SandboxEmployer
from gateway.sandbox.installation import PATIENCE, Doors, OpenAddresses, at_work, settings_for, until
from gateway.sandbox.msh import SandboxMsh
from gateway.sandbox.nav import SandboxNav
from gateway.sandbox.office import SandboxOffice
from gateway.sandbox.people import accounts
from gateway.sandbox.provider import SandboxProvider
from gateway.wiring.gateway import Gateway, Outside

MESSAGES: Final = Path(__file__).parent / "sandbox" / "messages"
STORY: Final = (
    ("graded", "partly on sick leave, with adaptations at work"),
    ("full", "fully on sick leave, with a second diagnosis and a note to NAV"),
    ("treatment-days", "away on treatment days only"),
    ("clinical", "a bundle as an ordinary EHR holds it: Conditions and an Encounter"),
    ("faulty", "a bad one, with several faults at once"),
)
SHARED: Final = "full"
"""The note that the patient sends on to the employer."""

WIDTH: Final = 34
Say = Callable[[str], None]


@dataclass(slots=True)
class Scene:
    """A running demo: the gateway, the other ends of the line, and where to say what happens."""

    gateway: Gateway
    nav: SandboxNav
    employer: SandboxEmployer
    office: SandboxOffice
    ehr: SandboxEhr
    base: str
    console: str
    say: Say
    taken: dict[str, str]


@asynccontextmanager
async def running(settings: Settings, say: Say, *, ebms: bool = False) -> AsyncIterator[Scene]:
    """Start everything on free loopback ports, and stop it all at the end; with `ebms`, NAV speaks ebMS by a CPA."""
    async with AsyncExitStack() as stack:
        schemas = Library(settings.mappings).folder / "schema"
        end = SandboxMsh if ebms else SandboxNav
        nav = await stack.enter_async_context(end(settings.certificates, schemas))
        ways: dict[str, Way] = {}
        employer = await stack.enter_async_context(SandboxEmployer(settings.certificates, schemas))
        office = await stack.enter_async_context(SandboxOffice(settings.certificates))
        provider = await stack.enter_async_context(SandboxProvider(settings.certificates, accounts(MESSAGES)))
        doors = stack.enter_context(Doors())
        settings = doors.settings(settings, provider.issuer)
        if isinstance(nav, SandboxMsh):
            ways["nav"] = _by_agreement(nav, settings)
        ends = {"nav": nav.url, "employer": employer.url, "ehr": office.url}
        outside = Outside(ends, OpenAddresses(), disclosing=frozenset(), ways=ways)
        gateway = await stack.enter_async_context(at_work(settings, outside, doors))
        ehr = await stack.enter_async_context(SandboxEhr(settings.certificates, settings.base_url))
        yield Scene(gateway, nav, employer, office, ehr, settings.base_url, settings.console_url, say, {})


def _by_agreement(nav: SandboxMsh, settings: Settings) -> Way:
    """Write the agreement between the clinic and NAV, and give the way that it says."""
    nav.gateway = f"{settings.base_url}/ebms"
    settings.data.mkdir(parents=True, exist_ok=True)
    file = settings.data / "nav-agreement.xml"
    return Way(Transport.EBMS, agreement.write(file, settings.certificates, nav.url, nav.gateway))


async def play(say: Say, *, keep_running: bool = False) -> None:
    """Run the demo from beginning to end."""
    with tempfile.TemporaryDirectory(prefix="samspill-") as name:
        async with running(settings_for(Path(name)), say, ebms=True) as scene:
            say(f"the gateway listens on {scene.base}; NAV and the employer have servers of their own, all mutual TLS;")
            say("NAV's speaks ebMS 2.0 by an agreement, and its receipts are messages of their own\n")
            for number, (message, title) in enumerate(STORY, 1):
                say(f"{number}. The EHR sends a sick note: {title}")
                await _send(scene, message)
            await _act(scene)
            _summary(scene)
            await _case(scene)
            if keep_running:
                say(f"\nstill running; stop it with Ctrl-C. The console is at {scene.console}")
                say("it has a certificate of the demo's own; log in as staff (Ane Prøvdal is the privacy officer),")
                say("or as a patient, to see what the patient sees: no password, pick a name from the list")
                await asyncio.Event().wait()


def fresh(message: str) -> bytes:
    """Give one of the demo's messages as if it were signed these days."""
    return messages.dated(messages.load(message), datetime.now(UTC).date())


async def _send(scene: Scene, message: str) -> None:
    raw = fresh(message)
    before = len(scene.nav.received)
    answer = await scene.ehr.send(raw)
    if answer.status != 202:  # noqa: PLR2004 - HTTP Accepted
        _show_refusal(scene, answer)
        return
    scene.taken[message] = answer.location.rpartition("/")[2]
    task = await scene.ehr.follow(answer.location, PATIENCE)
    states = (one for one in task.get("output", ()) if "valueCode" in one)
    outputs = ", ".join(f"{one['type']['text']} {one['valueCode']}" for one in states)
    scene.say(f"   202 once it was on disk; then {outputs} (Task {task['status']})")
    got = scene.nav.received[before]
    say_faults = "valid against the schema" if not got.faults else f"{len(got.faults)} faults"
    scene.say(f"   NAV got {len(got.body)} bytes of signed MsgHead XML, {say_faults}, and answered with an AppRec: OK")
    scene.say(f"   the employer has got {len(scene.employer.received)} notes so far\n")


def _show_refusal(scene: Scene, answer: Answered) -> None:
    outcome = json.loads(answer.body)
    scene.say(f"   {answer.status}, and nothing was stored; every fault at once, in the EHR's own format:")
    for issue in outcome["issue"]:
        at = ", ".join(issue.get("expression", ())) or "(message)"
        scene.say(f"   - {at}: {issue.get('diagnostics') or issue.get('details', {}).get('text', '')}")
    scene.say("")


async def _act(scene: Scene) -> None:
    """Let the patient send one note to the employer, and show both copies beside each other."""
    bundle = orjson.loads(fresh(SHARED))
    scene.say(
        "6. The patient sends the second note to the employer: a FHIR Consent that names the note and the employer"
    )
    employer = scene.gateway.registry.parties["employer"].organisation
    answer = await scene.ehr.send(orjson.dumps(act(bundle, employer)), "/fhir/Consent")
    scene.say(f"   {answer.status}; from now on the rules permit the employer's part of it, and only that")
    await until(lambda: bool(scene.employer.received), 0.05)
    got = scene.employer.received[0]
    say_faults = "valid against the schema" if not got.faults else f"{len(got.faults)} faults"
    scene.say(f"   the employer got {len(got.body)} bytes of sykmeldingArbeidsgiver XML, {say_faults}\n")
    _beside(scene, orjson.dumps(bundle))


def act(bundle: dict[str, Any], organisation: str) -> dict[str, Any]:
    """Give the Consent by which the patient of a bundle sends it to an employer."""
    patient = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient")
    who = {"identifier": patient["identifier"][0]}
    note = bundle["identifier"]["value"].removeprefix("urn:uuid:")
    number = {"system": "urn:oid:2.16.578.1.12.4.1.4.101", "value": organisation}
    role = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]}
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
        },
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": who,
        "dateTime": datetime.now(UTC).isoformat(timespec="seconds"),
        "performer": [who],
        "policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTIN"}]},
        "provision": {
            "type": "permit",
            "actor": [{"role": role, "reference": {"identifier": number}}],
            "data": [{"meaning": "instance", "reference": {"reference": f"Bundle/{note}"}}],
        },
    }


async def _case(scene: Scene) -> None:
    """Play how a case goes on: question, statement, meeting and plan."""
    scene.say("\nAnd so a case goes on, about the first of these patients:\n")
    settings = scene.gateway.settings
    ends = Ends(
        scene.nav,
        scene.employer,
        scene.office,
        scene.ehr,
        scene.base,
        settings.certificates,
        scene.gateway.library.folder,
    )
    await Case(ends, scene.say).play(fresh(STORY[0][0]), len(STORY) + 2)


def _beside(scene: Scene, raw: bytes) -> None:
    """Show, leaf by leaf, what NAV and the employer get of the same note, and which rule keeps the rest."""
    line, stored = scene.gateway.line, scene.gateway.intake.find(scene.taken[SHARED])
    parsed = flow.parse(line.formats["fhir"], raw, report=True)
    copies = []
    for destination in _recipients(scene, parsed.record):
        known = scene.gateway.gather(stored, destination, parsed.record)
        to = line.addressee(destination.party, known.received_at)
        done = flow.forward(parsed, line.formats[destination.format], line.rules(known.route), known.facts, to)
        copies.append(_by_field(done.report))
    scene.say(f"   {'field':<{WIDTH}} {'NAV':<{WIDTH}} the employer")
    for path, value, _ in values_of(parsed.record):
        nav, employer = (_told(copy.get(path), value) for copy in copies)
        scene.say(f"   {path:<{WIDTH}} {nav:<{WIDTH}} {employer}")


def _recipients(scene: Scene, record: Any) -> Iterator[Destination]:
    """Give whom the note goes to by law, and the employer that its patient sends it to."""
    line, registry = scene.gateway.line, scene.gateway.registry
    known, sender, employer = about(record), registry.party("ehr"), registry.party("employer")
    if known is None or sender is None or employer is None:
        raise AssertionError("the demo's own note and parties")
    yield from line.destinations(known, type(record).__name__, sender)
    if sent := line.by_act(record, employer.organisation):
        yield sent


def _by_field(report: Report | None) -> dict[str, str]:
    """Give, by canonical field, nothing when it got through, else why it did not."""
    if report is None:
        return {}
    told = {row["field"]: "" for row in report.carried}
    told |= {row["field"]: f"withheld: {(row['rules'] or ['no rule permits it'])[0]}" for row in report.withheld}
    return told | {row["field"]: "no place in this form" for row in report.dropped if "field" in row}


def _told(why: str | None, value: Any) -> str:
    if why is None:
        return "-"
    text = why or str(value)
    return text if len(text) < WIDTH else text[: WIDTH - 2] + "…"


def _summary(scene: Scene) -> None:
    sent = len(STORY) - 1
    nav, employer = len(scene.nav.received), len(scene.employer.received)
    scene.say(f"\n{sent} notes taken, {nav} receipted by NAV, {employer} at the employer, 1 refused with its reasons")
