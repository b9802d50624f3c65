"""A case played after its sick note: each party posts its own messages, and what each of the others has got is shown.

The messages are the examples beside the mappings, which belong together: NAV's question and the statement that answers
it, NAV's invitation and the answer to that, and the employer's plan, all about one invented person.
"""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson

from gateway.sandbox.ehr import SandboxEhr
from gateway.sandbox.employer import SandboxEmployer
from gateway.sandbox.nav import Answer, SandboxNav
from gateway.sandbox.office import SandboxOffice
from gateway.sandbox.server import Received, client_context

PATIENCE: Final = 15.0
ASKS: Final = "nav/dialogmelding/examples/01-nav-asks.in.xml"
STATES: Final = "fhir/legeerklaring/examples/01-on-request.in.json"
CALLS: Final = "nav/dialogmelding/examples/04-dialogue-meeting.in.xml"
COMES: Final = "fhir/dialogue/examples/05-comes-to-the-meeting.in.json"
PLANS: Final = "nav/oppfolgingsplan/examples/01-shared-with-both.in.xml"
REASON: Final = "Pasienten er ikke registrert i folkeregisteret"
TOLD: Final = (
    ("the sick note, stopped by a rule", ("stopped",)),
    ("the sick note, rejected by NAV", ("rejected",)),
    ("the sick note, corrected", ("corrected",)),
    ("NAV's question", ("Vi ber om en vurdering av hvilke arbeidsoppgaver", "DIALOG_FORESPORSEL")),
    ("the medical statement", ("Langvarig belastning",)),
    ("NAV's invitation to a meeting", ("Vi kaller inn til dialogmøte 2 den 14.01.2027", "DIALOG_FORESPORSEL")),
    ("the answer to it", ("Jeg deltar på telefon",)),
    ("the follow-up plan", ("Opplæring i mottakssystemet",)),
)
"""What each message is, and words that only it has; of the sick note, under which name its id is kept."""

TITLES: Final = (
    "The EHR sends a sick note that breaks one of NAV's own rules",
    "The EHR sends it mended, and NAV rejects it for what only NAV knows",
    "The EHR sends it once more, corrected",
    "The EHR sends a medical statement that NAV has not asked for",
    "NAV asks the certifier about the patient",
    "The certifier answers with the same statement, now on request",
    "NAV calls to a dialogue meeting, and the certifier comes",
    "The employer sends a follow-up plan, which the employee lets NAV and the doctor see",
)


@dataclass(frozen=True, slots=True)
class Ends:
    """Everybody on the line, the gateway's address, and the folders of certificates and of mappings."""

    nav: SandboxNav
    employer: SandboxEmployer
    office: SandboxOffice
    ehr: SandboxEhr
    base: str
    certificates: Path
    mappings: Path


class Case:
    """Plays it, a step a method, and says what happens with `say`."""

    def __init__(self, ends: Ends, say: Callable[[str], None]) -> None:
        self._ends = ends
        self._say = say
        self._ids: dict[str, str] = {}
        self._reason = ""

    async def play(self, note: bytes, first: int) -> None:
        """Play every step, numbered from `first`; `note` is the sick note that the case begins with."""
        steps = (self._stopped, self._rejected, self._corrected, self._unasked, self._question, self._statement)
        for number, (title, step) in enumerate(zip(TITLES, (*steps, self._meeting, self._plan), strict=True), first):
            self._say(f"{number}. {title}")
            await step(note)
        self._readers()

    async def _stopped(self, note: bytes) -> None:
        """Send a note that is partly on sick leave by all of 100 per cent."""
        answer = await self._ends.ehr.send(self._named(degree_to(100, note), "stopped"))
        outcome = orjson.loads(answer.body)
        [error] = [one for one in outcome["issue"] if one["severity"] == "error"]
        self._say(f"   {answer.status}, before anything was stored or sent; what NAV would have answered days later:")
        self._say(f"   - {error['details']['text']}")
        self._say(f"   at {error['expression'][0]}\n")

    async def _rejected(self, note: bytes) -> None:
        """Send a note that NAV rejects."""
        control = self._ends.nav.control
        control.answer, control.reason = Answer.REJECTED, REASON
        task = await self._follow(self._named(note, "rejected"))
        control.answer = Answer.OK
        self._say(f"   the AppRec says why, and so does the Task ({task}): {self._reason}\n")

    async def _corrected(self, note: bytes) -> None:
        """Send it again, under an id of its own."""
        self._say(f"   Task {await self._follow(self._named(note, 'corrected'))}, with an AppRec: OK\n")

    async def _unasked(self, _: bytes) -> None:
        """Send a statement before NAV asks."""
        task = await self._follow(self._named(self._example(STATES), "unasked"))
        self._say(f"   stopped by the rules before anything left: no request of NAV's to answer (Task {task})\n")

    async def _question(self, _: bytes) -> None:
        """Ask as NAV."""
        await self._ends.nav.send(self._ends.base, self._example(ASKS))
        got = await self._got(self._ends.office.received, TOLD[3][1][0])
        self._say(f"   the office got {len(got.body)} bytes of FHIR, a Task, with none of NAV's health knowledge\n")

    async def _statement(self, _: bytes) -> None:
        """Send the statement in the conversation of the question."""
        task = await self._follow(self._example(STATES))
        self._say(
            f"   NAV got it as Legeerklæring in a signed MsgHead, in the conversation of its question (Task {task})\n"
        )

    async def _meeting(self, _: bytes) -> None:
        """Call as NAV, and answer as the certifier."""
        await self._ends.nav.send(self._ends.base, self._example(CALLS))
        await self._got(self._ends.office.received, TOLD[5][1][0])
        await self._follow(self._example(COMES))
        self._say("   an Appointment to the office, an AppointmentResponse back, Dialogmelding at NAV's end\n")

    async def _plan(self, _: bytes) -> None:
        """Send the plan as the employer."""
        await self._post("employer", "/hr/messages/nav-oppfolgingsplan", self._example(PLANS))
        for end in (self._ends.nav.received, self._ends.office.received):
            await self._got(end, TOLD[7][1][0])
        self._say("   NAV and the doctor who wrote the note have it; without its flags it would have gone nowhere\n")

    def _readers(self) -> None:
        """Show who has got what of the case."""
        got = {"NAV": self._ends.nav.received, "the office": self._ends.office.received}
        got["the employer"] = self._ends.employer.received
        self._say(f"   {'who has got what':<34} {'   '.join(got)}")
        for title, words in TOLD:
            marks = [self._ids.get(word, word).encode() for word in words]
            cells = (
                "yes" if any(all(mark in one.body for mark in marks) for one in end) else "-" for end in got.values()
            )
            row = "   ".join(f"{cell:<{len(name)}}" for cell, name in zip(cells, got, strict=True))
            self._say(f"   {title:<34} {row}".rstrip())

    def _example(self, path: str) -> bytes:
        return (self._ends.mappings / path).read_bytes()

    def _named(self, bundle: bytes, name: str) -> bytes:
        """Give a Bundle under an id of its own, which is kept under a name."""
        made = orjson.loads(bundle)
        self._ids[name] = str(uuid.uuid4())
        made["identifier"] = {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{self._ids[name]}"}
        return orjson.dumps(made)

    async def _follow(self, bundle: bytes) -> str:
        """Send a Bundle, and give the status of its Task once it is final."""
        answer = await self._ends.ehr.send(bundle)
        task = await self._ends.ehr.follow(answer.location, PATIENCE)
        issues = (issue for outcome in task.get("contained", ()) for issue in outcome["issue"])
        self._reason = next((issue["details"]["coding"][0]["display"] for issue in issues), "")
        return str(task["status"])

    async def _post(self, actor: str, path: str, body: bytes) -> None:
        connector = aiohttp.TCPConnector(ssl=client_context(self._ends.certificates, actor))
        headers = {"Content-Type": "application/xml"}
        async with (
            aiohttp.ClientSession(connector=connector, trust_env=False) as session,
            session.post(self._ends.base + path, data=body, headers=headers) as answer,
        ):
            answer.raise_for_status()

    async def _got(self, received: list[Received], words: str) -> Received:
        async with asyncio.timeout(PATIENCE):
            while True:
                for one in received:
                    if words.encode() in one.body:
                        return one
                await asyncio.sleep(0.05)


def degree_to(degree: int, note: bytes) -> bytes:
    """Give a Bundle with another degree of sick leave in its first graded period."""
    made = orjson.loads(note)
    degrees = (one for one in _items(made) if one.get("linkId") == "aktivitet-grad")
    next(degrees)["answer"][0]["valueInteger"] = degree
    return orjson.dumps(made)


def _items(node: Any) -> Iterator[dict[str, Any]]:
    """Give every object of a JSON document that stands in a list."""
    for one in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _items(one)
        if isinstance(node, list) and isinstance(one, dict):
            yield one
