"""The sandbox actors over real TLS on loopback."""

import asyncio
import json
import ssl
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from lxml import etree

from gateway.edge import certs
from gateway.edge.seal import payload
from gateway.edge.seal.keys import read_ring
from gateway.sandbox import employer, nav
from gateway.sandbox.ehr import SandboxEhr
from gateway.sandbox.employer import SandboxEmployer
from gateway.sandbox.nav import SandboxNav
from gateway.sandbox.server import Server, client_context

ROOT = Path(__file__).parents[3]
SCHEMAS = ROOT / "mappings/schema"
KITH = "http://www.kith.no/xmlstds"

NUMBER = '<f:Id>01810112345</f:Id><f:TypeId V="FNR"/>'
NAME = "<Navn><Etternavn>Testesen</Etternavn><Fornavn>Tore</Fornavn></Navn>"
MSGHEAD = f"""<MsgHead xmlns="{KITH}/msghead/2006-05-24">
<MsgInfo><Type V="SYKMELD"/><MIGversion>v1.2 2006-05-24</MIGversion><GenDate>2026-01-05T10:00:00</GenDate>
<MsgId>1</MsgId><Sender><Organisation><OrganisationName>Legekontoret</OrganisationName>
<Ident><Id>990001</Id><TypeId V="HER" DN="HER-id"/></Ident><Ident><Id>7</Id><TypeId V="ENH"/></Ident>
</Organisation></Sender><Receiver><Organisation><OrganisationName>NAV</OrganisationName>
<Ident><Id>990002</Id><TypeId V="HER"/></Ident></Organisation></Receiver></MsgInfo>
<Document><RefDoc><MsgType V="XML"/><Content>
<HelseOpplysningerArbeidsuforhet xmlns="{KITH}/HelseOpplysningerArbeidsuforhet/2013-10-01"
 xmlns:f="{KITH}/felleskomponent1"><SyketilfelleStartDato>2026-01-05</SyketilfelleStartDato>
<Pasient>{NAME}<Fodselsnummer>{NUMBER}</Fodselsnummer></Pasient>
<Arbeidsgiver><HarArbeidsgiver V="1"/></Arbeidsgiver><MedisinskVurdering/>
<KontaktMedPasient><BehandletDato>2026-01-05T10:00:00</BehandletDato></KontaktMedPasient>
<Behandler>{NAME}<Id>{NUMBER}</Id><Adresse/><KontaktInfo><f:TeleAddress V="tel:55550000"/></KontaktInfo></Behandler>
<AvsenderSystem><SystemNavn>EPJ</SystemNavn><SystemVersjon>1</SystemVersjon></AvsenderSystem>
<Strekkode>0</Strekkode></HelseOpplysningerArbeidsuforhet></Content></RefDoc></Document></MsgHead>"""
EMPLOYER = """<s:sykmeldingArbeidsgiver
 xmlns:s="http://nav.no/melding/virksomhet/sykmeldingArbeidsgiver/v1/sykmeldingArbeidsgiver"><sykmelding>
<syketilfelleFom>2026-01-05</syketilfelleFom>
<pasient><navn><etternavn>Testesen</etternavn><fornavn>Tore</fornavn></navn><ident>01810112345</ident></pasient>
<kontaktMedPasient><behandlet>2026-01-05T10:00:00</behandlet></kontaktMedPasient>
<behandler><navn><etternavn>Lege</etternavn><fornavn>Lea</fornavn></navn><telefonnummer>55550000</telefonnummer>
</behandler></sykmelding><juridiskOrganisasjonsnummer>1</juridiskOrganisasjonsnummer>
<virksomhetsnummer>2</virksomhetsnummer><sykmeldingId>3</sykmeldingId>
<mottattidspunkt>2026-01-05T10:00:00</mottattidspunkt></s:sykmeldingArbeidsgiver>"""
XML = "application/xml"
AR = {"a": nav.APPREC}
LPS = {
    "sykmeldingId": "1",
    "sykmeldt": {"fnr": "01810112345", "navn": {"fornavn": "Tore", "etternavn": "Testesen"}},
    "sykmeldingPerioder": [
        {"fom": "2026-01-05", "tom": "2026-01-09", "aktivitet": {"gradertSykmelding": {"sykmeldingsgrad": 50}}}
    ],
    "arbeidsgiver": {"navn": "Prøveverket", "orgnr": "310000000"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certs.private_copy(ROOT / "certs/example", tmp_path_factory.mktemp("certs"))


Answer = tuple[int, bytes]
Post = Callable[..., Coroutine[Any, Any, Answer]]


async def post(url: str, body: bytes, media: str, context: ssl.SSLContext, **headers: str) -> Answer:
    connector = aiohttp.TCPConnector(ssl=context)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.post(url, data=body, headers={"Content-Type": media, **headers}) as response,
    ):
        return response.status, await response.read()


def with_nav(folder: Path, work: Callable[[SandboxNav, Post], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        async with SandboxNav(folder, SCHEMAS) as sandbox:
            await work(sandbox, lambda body, **h: post(sandbox.url, body, XML, client_context(folder, "gateway"), **h))

    asyncio.run(run())


def status(receipt: bytes) -> str:
    root = etree.fromstring(receipt)
    etree.XMLSchema(etree.parse(SCHEMAS / "nav/apprec.xsd")).assertValid(root)
    assert root.findtext("a:OriginalMsgId/a:Id", None, AR) == "1"
    return root.find("a:Status", AR).get("V")


def opened(folder: Path, sealed: bytes) -> bytes:
    """Open what NAV has sealed for the gateway, and give what NAV has signed of it."""
    [ours], [theirs] = (read_ring(folder, f"{actor}-signing").keys for actor in ("gateway", "nav"))
    return payload.open_(sealed, [ours], payload.Peer([theirs.certificate], ()))


def test_nav_answers_a_sound_message_with_a_positive_receipt_and_keeps_it(folder):
    async def work(sandbox: SandboxNav, send: Post) -> None:
        code, receipt = await send(MSGHEAD.encode(), **{"Idempotency-Key": "k"})
        assert (code, status(receipt)) == (200, "1")
        (kept,) = sandbox.received
        assert (kept.body, kept.media_type, kept.key, kept.peer) == (MSGHEAD.encode(), XML, "k", "gateway")
        assert kept.faults == ()

    with_nav(folder, work)


def test_nav_s_receipt_changes_the_sides_and_names_the_message(folder):
    async def work(_sandbox: SandboxNav, send: Post) -> None:
        root = etree.fromstring((await send(MSGHEAD.encode()))[1])
        assert root.findtext("a:Sender/a:HCP/a:Inst/a:Name", None, AR) == "NAV"
        assert root.findtext("a:Receiver/a:HCP/a:Inst/a:Name", None, AR) == "Legekontoret"
        assert root.findtext("a:Receiver/a:HCP/a:Inst/a:Id", None, AR) == "990001"
        assert root.findtext("a:Receiver/a:HCP/a:Inst/a:AdditionalId/a:Id", None, AR) == "7"
        assert root.findtext("a:OriginalMsgId/a:IssueDate", None, AR) == "2026-01-05T10:00:00"

    with_nav(folder, work)


def test_nav_rejects_what_the_schema_rejects_and_refuses_what_is_no_message(folder):
    async def work(sandbox: SandboxNav, send: Post) -> None:
        code, receipt = await send(MSGHEAD.replace("<Strekkode>0</Strekkode>", "").encode())
        assert (code, status(receipt)) == (200, "2")
        assert sandbox.received[0].faults
        for bad in (b"hei", EMPLOYER.encode(), MSGHEAD.replace("<MsgId>1</MsgId>", "<MsgId/>").encode()):
            assert (await send(bad))[0] == 400

    with_nav(folder, work)


def test_nav_rejects_with_the_code_it_was_told(folder):
    async def work(sandbox: SandboxNav, send: Post) -> None:
        sandbox.control = nav.Control(nav.Answer.REJECTED, error="E21", reason="Mottaker finnes ikke")
        _, receipt = await send(MSGHEAD.encode())
        error = etree.fromstring(receipt).find("a:Error", AR)
        assert (status(receipt), error.get("V"), error.get("S")) == ("2", "E21", nav.ERRORS)

    with_nav(folder, work)


def test_nav_gives_the_same_receipt_for_the_same_message(folder):
    async def work(sandbox: SandboxNav, send: Post) -> None:
        first, second = await send(MSGHEAD.encode()), await send(MSGHEAD.encode())
        assert first == second
        assert len(sandbox.received) == 2

    with_nav(folder, work)


@pytest.mark.parametrize(
    ("answer", "code", "late"),
    [
        (nav.Answer.LATE, 202, ["1"]),
        (nav.Answer.LATE_REJECTED, 202, ["2"]),
        (nav.Answer.DUPLICATE, 200, ["1"]),
        (nav.Answer.NONE, 202, []),
    ],
)
def test_nav_posts_late_receipts_back_over_mutual_tls(folder, answer, code, late):
    posted: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        posted.append(await request.read())
        return web.Response()

    async def work(sandbox: SandboxNav, send: Post) -> None:
        async with Server(folder, "gateway", "/nav/messages", take) as back:
            sandbox.control = nav.Control(answer, delay=0.01, post_back=back.url)
            got = await send(MSGHEAD.encode())
            assert got[0] == code
            await sandbox.settled()
            assert [status(opened(folder, receipt)) for receipt in posted] == late
            assert bool(got[1]) == (code == 200)

    with_nav(folder, work)


def test_nav_can_be_away_or_slow(folder):
    async def work(sandbox: SandboxNav, send: Post) -> None:
        sandbox.control = nav.Control(nav.Answer.UNAVAILABLE)
        assert (await send(MSGHEAD.encode()))[0] == 503
        assert sandbox.received == []
        sandbox.control = nav.Control(nav.Answer.SLOW, delay=0.15)
        begun = asyncio.get_running_loop().time()
        assert status((await send(MSGHEAD.encode()))[1]) == "1"
        assert asyncio.get_running_loop().time() - begun >= 0.15

    with_nav(folder, work)


@pytest.mark.parametrize("make", [SandboxNav, SandboxEmployer])
def test_whoever_shows_no_certificate_or_another_authority_s_is_refused(folder, make, tmp_path):
    certs.make(tmp_path / "other", datetime.now(UTC))
    nobody = ssl.create_default_context(cafile=folder / "ca.pem")
    stranger = ssl.create_default_context(cafile=folder / "ca.pem")
    stranger.load_cert_chain(tmp_path / "other/gateway.pem", tmp_path / "other/gateway.key")

    async def run() -> None:
        async with make(folder, SCHEMAS) as sandbox:
            for context in (nobody, stranger):
                with pytest.raises((aiohttp.ClientError, ssl.SSLError, ConnectionError)):
                    await post(sandbox.url, b"<a/>", XML, context)
            assert sandbox.received == []

    asyncio.run(run())


@pytest.mark.parametrize(
    ("body", "media", "code"),
    [
        (EMPLOYER, XML, 200),
        (EMPLOYER.replace("<kontaktMedPasient>", "<diagnose>L03</diagnose><kontaktMedPasient>"), XML, 422),
        (json.dumps(LPS), "application/json", 200),
        (json.dumps(LPS | {"diagnose": "L03"}), "application/json", 422),
        (json.dumps({k: v for k, v in LPS.items() if k != "sykmeldt"}), "application/json", 422),
        ("hei", "application/json", 422),
        ("hei", XML, 422),
    ],
)
def test_the_employer_takes_the_reduced_copy_and_nothing_more(folder, body, media, code):
    async def run() -> None:
        async with SandboxEmployer(folder, SCHEMAS) as sandbox:
            got, answer = await post(sandbox.url, body.encode(), media, client_context(folder, "gateway"))
            assert got == code
            assert json.loads(answer)["mottatt"] is (code == 200)
            assert bool(sandbox.received[0].faults) is (code != 200)
            assert sandbox.received[0].body == body.encode()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "code"),
    [(employer.Answer.REJECTED, 422), (employer.Answer.UNAVAILABLE, 503), (employer.Answer.SLOW, 200)],
)
def test_the_employer_behaves_as_told(folder, answer, code):
    async def run() -> None:
        async with SandboxEmployer(folder, SCHEMAS) as sandbox:
            sandbox.control = employer.Control(answer, delay=0.01)
            assert (await post(sandbox.url, EMPLOYER.encode(), XML, client_context(folder, "gateway")))[0] == code

    asyncio.run(run())


def test_the_ehr_posts_a_bundle_and_follows_its_task_to_the_end(folder):
    seen: list[tuple[str, bytes]] = []
    states = iter(["requested", "in-progress", "completed"])

    async def take(request: web.Request) -> web.Response:
        seen.append((request.headers["Idempotency-Key"], await request.read()))
        return web.Response(status=202, headers={"Location": "/fhir/Task/1"})

    async def task(_request: web.Request) -> web.Response:
        return web.json_response({"resourceType": "Task", "status": next(states)})

    async def run() -> None:
        server = Server(folder, "gateway", "/fhir/$process-message", take)
        server._runner.app.router.add_get("/fhir/Task/1", task)
        async with server, SandboxEhr(folder, server.url) as ehr:
            answer = await ehr.send(b"{}", key="k")
            assert (answer.status, seen) == (202, [("k", b"{}")])
            assert (await ehr.follow(answer.location, pause=0.001))["status"] == "completed"

    asyncio.run(run())


def test_the_ehr_does_not_wait_for_ever(folder):
    async def take(_request: web.Request) -> web.Response:
        return web.Response()

    async def task(_request: web.Request) -> web.Response:
        return web.json_response({"status": "requested"})

    async def run() -> None:
        server = Server(folder, "gateway", "/fhir", take)
        server._runner.app.router.add_get("/fhir/Task/1", task)
        async with server, SandboxEhr(folder, server.url) as ehr:
            with pytest.raises(TimeoutError):
                await ehr.follow("/fhir/Task/1", patience=0.05, pause=0.01)

    asyncio.run(run())
