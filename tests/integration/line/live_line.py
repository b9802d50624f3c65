"""A whole gateway on loopback, with a sandbox EHR, NAV and employer, for tests that look at it from outside."""

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
from sqlalchemy import text

from gateway.demo import Scene, act, fresh, running
from gateway.sandbox.envelope import MEDIA_TYPE, Envelope
from gateway.sandbox.installation import settings_for
from gateway.sandbox.server import client_context

T = TypeVar("T")
PATIENCE = 30.0
FHIR = {"Content-Type": "application/fhir+json"}
XML = {"Content-Type": "application/xml"}
TABLES = ("inbound", "outbound", "payload", "event", "attempt", "receipt", "patient", "consent", "audit")
EMPLOYER = "313000001"
PARTIES = Path(__file__).parents[3] / "mappings" / "parties"
LIMITS = "{body: 5242880, per-minute: 60000, burst: 6000}"
PORTAL = """
  portal:
    name: Innbyggertjeneste (eksempel)
    roles: [patient]
    sends: [sykepengesoknad, egenmelding]
    scopes: ["samspill:hr/messages.write"]
    clients:
      - issuer: https://samspill.example/demo-issuer
        id: demo-portal
        jwks: https://samspill.example/demo-portal/jwks
    example: yes
"""
"""A patient's own service, beside the parties of the demo."""

NOBODY = "314000005"
"""Organisation numbers: the employer's of the register, and one that is nobody's there."""


@dataclass(slots=True)
class Live:
    """A running line. The gateway works in a thread of its own; tests call it as anybody else would."""

    scene: Scene
    folder: Path
    loop: asyncio.AbstractEventLoop

    def run(self, work: Awaitable[T]) -> T:
        """Do something in the gateway's own loop."""

        async def awaited() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(awaited(), self.loop).result(PATIENCE)

    def client(self, actor: str = "ehr") -> httpx.Client:
        """Give a client that shows the certificate of an actor."""
        context = client_context(self.scene.gateway.settings.certificates, actor)
        return httpx.Client(base_url=self.scene.base, verify=context, timeout=PATIENCE, trust_env=False)

    def rows(self) -> dict[str, int]:
        """Count the rows of each table, once nothing is on its way any more."""

        def still() -> dict[str, int] | None:
            if self._scalar("select count(*) from outbound where open or sending"):
                return None
            first = self._counts()
            time.sleep(0.03)
            return first if first == self._counts() else None

        return until(still)

    def _counts(self) -> dict[str, int]:
        return {table: self._scalar(f"select count(*) from {table}") for table in TABLES}  # noqa: S608

    def _scalar(self, query: str) -> int:
        with self.scene.gateway.database.engine.connect() as connection:
            return int(connection.execute(text(query)).scalar_one())

    def post(self, bundle: dict[str, Any], path: str = "/fhir/$process-message", **headers: str) -> httpx.Response:
        """Post as the EHR."""
        with self.client() as calling:
            return calling.post(path, content=json.dumps(bundle), headers=FHIR | headers)

    def task(self, location: str, status: str | None = None) -> dict[str, Any]:
        """Give the Task of a message once it is final, or once it has a status."""

        def ended() -> dict[str, Any] | None:
            with self.client() as calling:
                task: dict[str, Any] = calling.get(location).json()
            done = {"completed", "rejected", "failed", "cancelled"} if status is None else {status}
            return task if task["status"] in done else None

        return until(ended)

    def states(self, location: str) -> dict[str, str]:
        """Give the state of each of a message's copies, by the role of its recipient."""
        with self.client() as calling:
            return outputs(calling.get(location).json())

    def settled(self, location: str, **wanted: str) -> dict[str, str]:
        """Wait until copies are in these states, by role."""

        def there() -> dict[str, str] | None:
            states = self.states(location)
            return states if wanted.items() <= states.items() else None

        return until(there)

    def send(self, bundle: dict[str, Any]) -> str:
        """Send a note, wait until NAV has receipted it, and give its Location."""
        answer = self.post(bundle)
        assert answer.status_code == 202, answer.text
        self.settled(answer.headers["Location"], nav="acknowledged")
        return str(answer.headers["Location"])

    def give(self, consent: dict[str, Any], consent_id: str = "") -> httpx.Response:
        """Post a Consent, or put a version of it."""
        with self.client() as calling:
            if consent_id:
                body = json.dumps({**consent, "id": consent_id})
                return calling.put(f"/fhir/Consent/{consent_id}", content=body, headers=FHIR)
            return calling.post("/fhir/Consent", content=json.dumps(consent), headers=FHIR)

    def from_nav(self, body: bytes) -> httpx.Response:
        """Post a document as NAV does: signed, compressed and sealed."""
        sealed = Envelope(self.scene.gateway.settings.certificates).close(body)
        with self.client("nav") as calling:
            return calling.post("/nav/messages", content=sealed, headers={"Content-Type": MEDIA_TYPE})

    def add(self, location: str, organisation_party: str) -> str:
        """Add the employer as a recipient of a stored note, as if an act had done so."""
        gateway = self.scene.gateway
        organisation = gateway.registry.parties[organisation_party].organisation
        message = location.rpartition("/")[2]
        destination = gateway.by_act(message, organisation)
        assert destination is not None
        return self.run(gateway.intake.add_destination(message, destination))


def outputs(task: dict[str, Any]) -> dict[str, str]:
    """Give the states that a Task tells, by the role of the recipient."""
    states = (one for one in task.get("output", ()) if "valueCode" in one)
    return {one["type"]["text"]: one["valueCode"] for one in states}


def until(look: Callable[[], T | None]) -> T:
    """Look again and again until something is there."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come")


def note(name: str = "full") -> dict[str, Any]:
    """Give one of the demo's bundles under an id of its own."""
    bundle: dict[str, Any] = json.loads(fresh(name))
    bundle["identifier"]["value"] = f"urn:uuid:{uuid.uuid4()}"
    return bundle


def number_of(bundle: dict[str, Any]) -> str:
    """Give the id that a bundle's note goes by."""
    return str(bundle["identifier"]["value"].removeprefix("urn:uuid:"))


def resource(bundle: dict[str, Any], kind: str) -> dict[str, Any]:
    """Give the resource of a kind in a bundle."""
    return next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind)


def act_on(bundle: dict[str, Any], organisation: str = EMPLOYER) -> dict[str, Any]:
    """Give the patient's act on a note."""
    return act(bundle, organisation)


def roomy_register(folder: Path) -> Path:
    """Give the demo's register of parties with limits that tests do not meet when they ask how a message fares."""
    folder.mkdir()
    register = (PARTIES / "demo.yaml").read_text()
    for party in ("ehr", "nav"):
        register = register.replace(f"  {party}:\n", f"  {party}:\n    limits: {LIMITS}\n", 1)
    register = register.replace("per-minute: 120\n", "per-minute: 60000\n")
    (folder / "demo.yaml").write_text(register + PORTAL)
    return folder


@contextmanager
def line(folder: Path, *, fetches: bool = False) -> Iterator[Live]:
    """Run a whole line in a thread until the end of the block; the employer is sent its messages, or fetches them."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    settings = settings_for(folder).model_copy(update={"parties": roomy_register(folder / "parties")})
    if fetches:
        register = folder / "parties/demo.yaml"
        changed = register.read_text().replace("  employer:\n", "  employer:\n    delivery: {fetches: yes}\n", 1)
        register.write_text(changed)
    scene = running(settings, lambda _: None)
    entered = asyncio.run_coroutine_threadsafe(scene.__aenter__(), loop).result(60)
    try:
        yield Live(entered, folder, loop)
    finally:
        asyncio.run_coroutine_threadsafe(scene.__aexit__(None, None, None), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
