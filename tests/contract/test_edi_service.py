"""One contract of the message service, held against our calls to a service over HTTPS and against the one in memory."""

import asyncio
import contextlib
import json
import time
from pathlib import Path

import pytest
from edi_memory import MemoryEdi
from joserfc.jwk import ECKey, RSAKey
from structlog.testing import capture_logs

from gateway.core.errors import (
    ConfigurationError,
    NotAcceptable,
    Rejected,
    Unacknowledged,
    Uncertain,
    Unreachable,
)
from gateway.edge.certs import private_copy
from gateway.edge.channel import Endpoint, HttpsChannel, Reply
from gateway.edge.edi import api
from gateway.edge.edi.channel import EdiChannel
from gateway.edge.edi.helseid import Client, HelseId, read_key
from gateway.edge.edi.service import MessageService
from gateway.sandbox.edi import CLIENT, SandboxEdi, Trouble

KEYS = {"RSA": RSAKey.generate_key(2048, auto_kid=True), "EC": ECKey.generate_key("P-256", auto_kid=True)}
KINDS = pytest.mark.parametrize("kind", ["https", "memory"])
GATEWAY, NAV = "990001", "990002"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    private_copy(Path(__file__).parents[2] / "certs" / "example", folder)
    return folder


class Clock:
    def __init__(self):
        self.ahead = 0.0

    def __call__(self):
        return time.time() + self.ahead


@contextlib.asynccontextmanager
async def calling(certificates, key=KEYS["EC"], clock=time.time, limit=1_000_000, within=5.0):
    """Give our calls to a service over HTTPS, and that service."""
    async with SandboxEdi(certificates, key) as edi:

        def http():
            return HttpsChannel(
                Endpoint(edi.url, authorities=certificates / "ca.pem", answer_limit=limit, timeout=within)
            )

        service = MessageService(edi.url, http(), HelseId(Client(edi.url, CLIENT, key), http(), clock))
        yield service, edi
        await service.close()


@contextlib.asynccontextmanager
async def service_of(kind, certificates, state="Unconfirmed"):
    """Give a service of either kind, and what puts a document for us into it."""
    if kind == "memory":
        memory = MemoryEdi(lambda _her, _document: state.lower())
        yield memory, memory.put
        return
    async with calling(certificates) as (service, edi):
        edi.arrived = lambda _post: state
        yield service, edi.put


@KINDS
@pytest.mark.parametrize("state", ["Unconfirmed", "Acknowledged", "Rejected"])
def test_what_is_sent_gets_an_id_and_the_state_of_the_recipients_transport(kind, state, certificates):
    async def go():
        async with service_of(kind, certificates, state) as (service, _put):
            name = await service.send(b"<a/>", NAV, {})
            assert await service.status(name, NAV) == state.lower()
            assert await service.send(b"<a/>", NAV, {}) != name  # which is why the channel remembers it

    asyncio.run(go())


@KINDS
def test_a_message_is_unread_until_it_is_marked_and_is_receipted_once(kind, certificates):
    async def go():
        async with service_of(kind, certificates) as (service, put):
            first, second = put(b"<a/>"), put(b"<b/>", is_apprec=True)
            one, two = await service.unread([GATEWAY])
            assert (one.id, one.receiver, one.sender, one.is_apprec) == (first, GATEWAY, NAV, False)
            assert (two.id, two.is_apprec) == (second, True)
            assert await service.document(first) == b"<a/>"
            assert not await service.receipted(one)
            await service.receipt(one, api.refusal(["why"]))
            assert await service.receipted(one)
            with pytest.raises(Rejected):
                await service.receipt(one, api.refusal(["why"]))
            await service.read(one)
            assert await service.unread([GATEWAY]) == [two]

    asyncio.run(go())


@KINDS
def test_what_is_not_there_is_rejected(kind, certificates):
    async def go():
        async with service_of(kind, certificates) as (service, _put):
            for call in (service.status("0" * 8, NAV), service.document("0" * 8)):
                with pytest.raises(Rejected):
                    await call

    asyncio.run(go())


class Sent(dict):
    """Ids that are remembered, in memory."""

    async def find(self, key):
        return self.get(key, "")

    async def keep(self, key, name):
        self[key] = name

    async def forget(self, key):
        self.pop(key, None)


@KINDS
@pytest.mark.parametrize(
    ("state", "raised"), [("Unconfirmed", Unacknowledged), ("Rejected", Rejected), ("Acknowledged", None)]
)
def test_a_channel_sends_once_and_then_asks_until_the_recipients_transport_has_answered(
    kind, state, raised, certificates
):
    async def go():
        async with service_of(kind, certificates, state) as (service, _put):
            ids = Sent()
            channel = EdiChannel(service, ids, NAV)
            for _ in range(2):
                if raised is None:
                    assert await channel.deliver("key-1", b"<a/>", "application/xml") == b""
                    continue
                with pytest.raises(raised) as caught:
                    await channel.deliver("key-1", b"<a/>", "application/xml")
                assert type(caught.value) is raised
            names = set(ids.values())
            # A refused one is sent anew, if ever an operator has it sent again.
            assert len(names) == (0 if raised is Rejected else 1)

    asyncio.run(go())


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_token_is_asked_for_once_with_the_nonce_and_used_until_near_its_end(certificates, key):
    async def go():
        clock = Clock()
        async with calling(certificates, key, clock) as (service, edi):
            await asyncio.gather(*(service.unread([GATEWAY]) for _ in range(20)))
            assert (edi.helseid.given, edi.calls.count("token")) == (1, 2)  # the first answer gave the nonce
            clock.ahead = 565
            await service._helseid.token()
            assert edi.calls.count("token") == 2
            clock.ahead = 575
            with pytest.raises(Unreachable):  # the service's own clock has not moved
                await service._helseid.token()
            assert edi.calls.count("token") > 2

    asyncio.run(go())


def test_a_token_that_lives_for_seconds_is_used_for_half_of_them(certificates):
    async def go():
        clock = Clock()
        async with calling(certificates, clock=clock) as (service, edi):
            edi.helseid.life = 8
            for clock.ahead, given in ((0.0, 1), (3.0, 1), (5.0, 2)):
                await service.unread([GATEWAY])
                assert edi.helseid.given == given

    asyncio.run(go())


@pytest.mark.parametrize(
    ("trouble", "meaning"),
    [
        (Trouble.MANY, Unreachable),
        (Trouble.LOCKED, Unreachable),
        (Trouble.BROKEN, Uncertain),
        (Trouble.LOST, Uncertain),
        (Trouble.REFUSED, Rejected),
        (Trouble.SLOW, Uncertain),
    ],
)
def test_a_failure_of_a_send_means(certificates, trouble, meaning):
    async def go():
        async with calling(certificates, within=0.4) as (service, edi):
            edi.troubles = {"send": [trouble]}
            with pytest.raises(meaning) as caught:
                await service.send(b"<secret-word/>", NAV, {})
            assert type(caught.value) is meaning
            assert "secret-word" not in str(caught.value)
            assert await service.send(b"<a/>", NAV, {})

    asyncio.run(go())


@pytest.mark.parametrize("troubles", [[Trouble.NONCE], [Trouble.STRANGER], [Trouble.NONCE, Trouble.NONCE]])
def test_a_401_is_answered_with_the_nonce_or_with_a_new_token(certificates, troubles):
    async def go():
        async with calling(certificates) as (service, edi):
            edi.troubles = {"send": list(troubles)}
            if len(troubles) == 1:
                await service.send(b"<a/>", NAV, {})
            else:
                with pytest.raises(Unreachable):
                    await service.send(b"<a/>", NAV, {})
            assert len(edi.sent()) == (len(troubles) == 1)
            assert await service.unread([GATEWAY]) == []

    asyncio.run(go())


@pytest.mark.parametrize("trouble", [Trouble.REFUSED, Trouble.BROKEN])
def test_without_a_token_nothing_is_sent_and_the_log_says_so_without_a_value(certificates, trouble):
    async def go():
        async with calling(certificates) as (service, edi):
            edi.helseid.troubles = [trouble] * 2
            with pytest.raises(Unreachable):
                await service.send(b"<a/>", NAV, {})
            assert edi.calls == ["token"]

    with capture_logs() as logs:
        asyncio.run(go())
    assert [(one["event"], one["status"]) for one in logs] == [
        ("helseid-refused", 400 if trouble is Trouble.REFUSED else 503)
    ]
    assert CLIENT not in str(logs)
    assert "eyJ" not in str(logs)


def test_a_key_that_helseid_does_not_know_gets_no_token(certificates):
    async def go():
        async with calling(certificates) as (service, edi):
            edi.helseid._client_key = KEYS["RSA"]
            with pytest.raises(Unreachable):
                await service.unread([GATEWAY])
            assert edi.helseid.given == 0

    asyncio.run(go())


def test_a_document_larger_than_is_taken_is_told_as_such(certificates):
    async def go():
        async with calling(certificates, limit=10_000) as (service, edi):
            name = edi.put(b"<a>" + b"x" * 20_000 + b"</a>")
            with pytest.raises(NotAcceptable, match="larger"):
                await service.document(name)

    asyncio.run(go())


@pytest.mark.parametrize(
    "body",
    [b"", b"<a/>", b"[]", b"{}", b"null", b'"../../x"', b'"a b"', b'{"id": 1}', b'[{"id": "12345678"}]', b"\xff"],
)
def test_what_the_service_answers_otherwise_than_it_says_is_uncertain_and_no_traceback(body):
    class Odd:
        async def ask(self, method, path, body_, headers):  # noqa: ARG002
            return Reply(200, {}, body)

        async def token(self):
            return "token"

        def proof(self, *_all):
            return "proof"

        def drop(self, _token):
            pass

    async def go():
        service = MessageService("https://edi.example", Odd(), Odd())
        with pytest.raises(Uncertain):
            await service.send(b"<a/>", NAV, {})
        with pytest.raises(Uncertain):
            await service.document("12345678")
        with contextlib.suppress(Uncertain):
            assert await service.unread([GATEWAY]) == []
        with contextlib.suppress(Uncertain):
            assert await service.status("12345678", NAV) == ""

    asyncio.run(go())


def test_a_key_is_read_as_a_jwk_or_as_pem_and_a_public_one_is_none(tmp_path):
    for key in KEYS.values():
        file = tmp_path / "key"
        file.write_text(json.dumps(key.as_dict(private=True)))
        assert read_key(file).thumbprint() == key.thumbprint()
        file.write_bytes(key.as_pem(private=True))
        assert read_key(file).thumbprint() == key.thumbprint()
        file.write_text(json.dumps(key.as_dict(private=False)))
        with pytest.raises(ConfigurationError, match="no private key"):
            read_key(file)
