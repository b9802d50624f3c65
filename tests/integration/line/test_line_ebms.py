"""The whole line with NAV on ebMS by an agreement: notes out, receipts and questions in, each once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from gateway.core.errors import ConfigurationError
from gateway.demo import MESSAGES, running
from gateway.edge.certs import private_copy
from gateway.edge.identity.parties import Registry, Transport, Way
from gateway.edge.identity.registry import load
from gateway.sandbox.agreement import write
from gateway.sandbox.case import ASKS
from gateway.sandbox.installation import EXAMPLES, PATIENCE, settings_for, until
from gateway.sandbox.msh import SandboxMsh, Signal
from gateway.sandbox.server import client_context
from gateway.wiring.ebms import relation

MAPPINGS = Path(__file__).parents[3] / "mappings"


async def _played(folder: Path) -> dict[str, object]:
    seen: dict[str, object] = {}
    async with running(settings_for(folder), lambda _text: None, ebms=True) as scene:
        nav = scene.nav
        assert isinstance(nav, SandboxMsh)
        nav.transport.signal = Signal.TWICE
        answer = await scene.ehr.send((MESSAGES / "graded.json").read_bytes())
        seen["note"] = (await scene.ehr.follow(answer.location, PATIENCE))["status"]
        await nav.send(scene.base, (MAPPINGS / ASKS).read_bytes())
        await until(lambda: bool(nav.receipts and scene.office.received), 0.05)
        await nav.settled()
        seen["heard"] = [(one.service, one.action) for one in nav.heard if one.document]
        seen["faults"] = [one.faults for one in nav.received]
        seen["receipts"] = len(nav.receipts)
        context = client_context(scene.gateway.settings.certificates, "ehr")
        async with httpx.AsyncClient(verify=context, base_url=scene.base, trust_env=False) as calling:
            seen["another"] = (
                await calling.post("/ebms", content=b"<a/>", headers={"Content-Type": "text/xml"})
            ).status_code
        seen["chunked"], seen["huge"] = await _odd_requests(nav, scene.base, scene.gateway.settings.certificates)
    return seen


async def _odd_requests(nav: SandboxMsh, base: str, certificates: Path) -> tuple[int, int]:
    """Post a message in chunks of no announced length, and one that is larger than is taken; give the statuses."""
    media, body = nav.message(nav.head("HenvendelseFraSaksbehandler", "Henvendelse", b"no document of NAV's"))

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 700):
            yield body[start : start + 700]

    headers = {"Content-Type": media}
    async with httpx.AsyncClient(verify=client_context(certificates, "nav"), base_url=base, trust_env=False) as calling:
        chunked = await calling.post("/ebms", content=chunks(), headers=headers)
        huge = await calling.post("/ebms", content=body + b"x" * 6_000_000, headers=headers)
    return chunked.status_code, huge.status_code


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    return asyncio.run(_played(tmp_path_factory.mktemp("ebms")))


def test_a_note_goes_out_by_the_agreement_and_navs_receipt_completes_its_task(seen: dict[str, object]) -> None:
    assert seen["note"] == "completed"
    assert seen["heard"] == [("Sykmelding", "Registrering"), ("ForesporselFraSaksbehandler", "Kvittering")]
    assert seen["faults"] == [()]


def test_navs_question_reaches_the_office_and_is_receipted_once(seen: dict[str, object]) -> None:
    assert seen["receipts"] == 1


def test_a_request_in_chunks_is_taken_and_one_that_is_too_large_is_not(seen: dict[str, object]) -> None:
    assert (seen["chunked"], seen["huge"]) == (200, 413)


def test_a_party_that_is_not_on_ebms_is_not_heard_there(seen: dict[str, object]) -> None:
    assert seen["another"] == 403


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    private_copy(EXAMPLES, folder)
    return folder


def _agreed(folder: Path, certificates: Path, change: Callable[[str], str]) -> None:
    nav = load(MAPPINGS / "parties", certificates).parties["nav"]
    file = write(folder / "cpa.xml", certificates, "https://nav.example/msh", "https://us.example/ebms")
    file.write_text(change(file.read_text("utf-8")), "utf-8")
    relation(replace(nav, way=Way(Transport.EBMS, file)), "us.example")


def test_an_agreement_that_says_the_same_as_the_register_holds(tmp_path: Path, certificates: Path) -> None:
    _agreed(tmp_path, certificates, str)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (
            lambda text: text.replace("990002", "990003").replace("310000000", "311111111"),
            "not one of the agreement's two",
        ),
        (
            lambda text: text.replace('"application/pkcs7-mime"', '"text/plain"'),
            "differ in whether documents are sealed",
        ),
        (lambda text: text.replace('value="agreed"', 'value="draft"'), "status is none that is known"),
        (lambda text: text.replace("<Start>", "<Start>in "), "not a time"),
        (lambda text: text.replace("<Start>", "<Begin>"), "not well-formed"),
        (
            lambda text: text.replace("<ds:X509Certificate>", "<ds:X509Certificate>AAAA"),
            "other signing certificates.*\n.*other sealing certificates",
        ),
    ],
)
def test_an_agreement_that_says_otherwise_than_the_register_is_refused(
    tmp_path: Path, certificates: Path, change: Callable[[str], str], what: str
) -> None:
    with pytest.raises(ConfigurationError, match=what):
        _agreed(tmp_path, certificates, change)


def test_a_register_says_by_which_agreement_a_party_is_reached(tmp_path: Path, certificates: Path) -> None:
    (tmp_path / "cpa.xml").write_text("<a/>", "utf-8")

    def read(lines: str) -> Registry:
        party = f"parties:\n  nav:\n    name: NAV\n    roles: [nav]\n{lines}"
        (tmp_path / "parties.yaml").write_text(party, "utf-8")
        return load(tmp_path, certificates)

    way = read("    channel: ebms\n    agreement: cpa.xml\n").parties["nav"].way
    assert way == Way(Transport.EBMS, tmp_path / "cpa.xml")
    for wrong in (
        "    channel: ebms\n",
        "    channel: ebms\n    agreement: none.xml\n",
        "    channel: ebms\n    agreement: ../cpa.xml\n",
        "    agreement: cpa.xml\n",
        "    channel: pigeon\n",
    ):
        with pytest.raises(ConfigurationError, match=r"agreement|channel"):
            read(wrong)
