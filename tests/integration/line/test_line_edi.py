"""The whole line with NAV on NHN's message service: notes out, receipts and questions in, each once, whatever fails."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import text
from structlog.testing import capture_logs

from gateway.core.errors import ConfigurationError
from gateway.demo import MESSAGES, PATIENCE, running, settings_for, until
from gateway.edge.config import Settings
from gateway.edge.identity.parties import Registry, Transport, Way
from gateway.edge.identity.registry import load
from gateway.sandbox.agreement import NAME, write
from gateway.sandbox.case import ASKS
from gateway.sandbox.edi import CLIENT, EdiNav, SandboxEdi, Trouble
from gateway.wiring import edi
from gateway.wiring.gateway import Gateway

MAPPINGS = Path(__file__).parents[3] / "mappings"
SEALED = "    envelope: sealed\n    compress: yes\n"
KEY = RSAKey.generate_key(2048, {"alg": "RS256", "use": "sig"}, auto_kid=True)
TROUBLES = {
    "send": [Trouble.NONCE],
    "status": [Trouble.STRANGER],
    "unread": [Trouble.MANY, Trouble.BROKEN],
    "document": [Trouble.BROKEN, Trouble.LOST],
    "receipt": [Trouble.LOST],
    "read": [Trouble.LOST, Trouble.BROKEN],
}


def on_edi(folder: Path, way: str) -> Path:
    """Give a register in which NAV is on the message service."""
    folder.mkdir()
    register = (MAPPINGS / "parties/demo.yaml").read_text("utf-8")
    assert SEALED in register
    (folder / "demo.yaml").write_text(register.replace(SEALED, way, 1), "utf-8")
    return folder


def settings_on(folder: Path, url: str, way: str = "    channel: edi\n") -> Settings:
    """Give the settings of a demo whose NAV is on the message service at `url`."""
    (folder / "helseid.json").write_text(json.dumps(KEY.as_dict(private=True)), "utf-8")
    settings = settings_for(folder)
    if "agreement" in way:
        (folder / "parties").mkdir()
        write(folder / "parties/nav.xml", settings.certificates, "https://nav.example/msh", "https://us.example/ebms")
        (folder / "parties").rename(folder / "agreement")
    parties = on_edi(folder / "parties", way)
    if "agreement" in way:
        (folder / "agreement/nav.xml").rename(parties / "nav.xml")
    more = {
        "parties": parties,
        "edi_url": url,
        "edi_her_ids": ("990001",),
        "edi_poll_seconds": 0.05,
        "poll_seconds": 0.05,
    }
    more |= {"helseid_issuer": url, "helseid_client": CLIENT, "helseid_key": folder / "helseid.json"}
    return settings.model_copy(update=more)


@dataclass
class Seen:
    """What a play leaves to be looked at."""

    edi: SandboxEdi
    nav: EdiNav
    notes: list[str] = field(default_factory=list)
    office: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    logs: list[Any] = field(default_factory=list)
    put: dict[str, str] = field(default_factory=dict)


async def _played(folder: Path) -> Seen:
    settings = settings_for(folder / "certs-only")
    async with SandboxEdi(settings.certificates, KEY) as service:
        nav = EdiNav(settings.certificates, MAPPINGS / "schema", service)
        seen = Seen(service, nav)
        service.troubles = {kind: list(troubles) for kind, troubles in TROUBLES.items()}
        way = "    channel: edi\n    agreement: nav.xml\n"
        with capture_logs() as seen.logs:
            async with running(settings_on(folder, service.url, way), lambda _text: None) as scene:
                for name in ("graded", "full"):
                    answer = await scene.ehr.send((MESSAGES / f"{name}.json").read_bytes())
                    seen.notes.append((await scene.ehr.follow(answer.location, PATIENCE))["status"])
                question = (MAPPINGS / ASKS).read_bytes()
                seen.put = {
                    "question": service.put(question),
                    "again": service.put(question),
                    "stranger": service.put(question, sender=990777),
                    "no MsgHead": service.put(b"<a/>"),
                    "no XML": service.put(b"\xff\x00"),
                    "entity": service.put(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
                    "unmatched": service.put(b"<AppRec/>", is_apprec=True),
                }
                await until(lambda: bool(scene.office.received) and not service.unread(), 0.02)
                await asyncio.sleep(0.3)  # in which nothing more may come
                seen.office = len(scene.office.received)
                with scene.gateway.database.engine.connect() as connection:
                    query = "select count(*) from inbound where sender = 'nav'"
                    seen.rows["inbound"] = connection.execute(text(query)).scalar_one()
    return seen


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    return asyncio.run(_played(tmp_path_factory.mktemp("edi")))


def test_notes_go_out_and_navs_receipts_complete_their_tasks_though_each_call_fails_first(seen: Seen) -> None:
    assert seen.notes == ["completed", "completed"]
    assert [one.faults for one in seen.nav.received] == [(), ()]
    assert not any(seen.edi.troubles.values())


def test_the_envelope_is_written_as_the_recipients_agreement_demands(seen: Seen) -> None:
    demanded = {
        "cpaId": NAME,
        "service": "Sykmelding",
        "action": "Registrering",
        "senderRole": "Sykmelder",
        "receiverRole": "Saksbehandler",
    }
    assert [post.overrides for post in seen.edi.sent()] == [demanded] * 2


def test_navs_question_reaches_the_office_once_though_it_was_fetched_and_sent_more_than_once(seen: Seen) -> None:
    assert (seen.office, seen.rows["inbound"]) == (1, 1)
    assert seen.edi.calls.count("document") > len(seen.put)


def test_each_message_is_answered_and_read_but_a_receipt_is_not_answered(seen: Seen) -> None:
    posts = {name: seen.edi.posts[put] for name, put in seen.put.items()}
    assert {name: post.apprec for name, post in posts.items()} == {
        "question": "Ok",
        "again": "Ok",
        "stranger": "Rejected",
        "no MsgHead": "Rejected",
        "no XML": "Rejected",
        "entity": "Rejected",
        "unmatched": None,
    }
    assert all(
        post.errors and post.errors[0]["errorCode"] == "X99" for post in posts.values() if post.apprec == "Rejected"
    )
    assert all(post.read for post in seen.edi.posts.values() if post.receiver == 990001)


def test_one_token_serves_until_it_is_refused(seen: Seen) -> None:
    assert seen.edi.helseid.given == 2


def test_the_log_holds_no_value_of_a_message_a_token_or_a_proof(seen: Seen) -> None:
    told = " ".join(map(str, seen.logs))
    for value in ("99000", "eyJ", "Prøv", "DPoP "):
        assert value not in told.replace("localhost", "")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    folder = tmp_path_factory.mktemp("registry")
    parties = on_edi(folder / "register", "    channel: edi\n")
    return load(parties, settings_for(folder).certificates)


def _read(folder: Path, way: str) -> Way:
    on_edi(folder / "register", way)
    settings = settings_for(folder)
    return load(folder / "register", settings.certificates).parties["nav"].way


def test_a_party_on_edi_needs_no_agreement(tmp_path: Path) -> None:
    assert _read(tmp_path, "    channel: edi\n    envelope: signed\n") == Way(Transport.EDI)


@pytest.mark.parametrize(
    ("way", "what"),
    [
        ("    channel: edi\n    envelope: sealed\n", "reads and seals documents itself; say envelope: signed or plain"),
        ("    channel: edi\n    envelope: soap\n", "reads and seals documents itself"),
        ("    channel: edi\n    agreement: none.xml\n", "there is no such agreement"),
    ],
)
def test_what_the_message_service_cannot_carry_is_told_where_it_stands(tmp_path: Path, way: str, what: str) -> None:
    with pytest.raises(ConfigurationError, match=what):
        _read(tmp_path, way)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"edi_url": ""}, "setting edi_url: a party is on edi, and this is missing"),
        ({"edi_her_ids": ()}, "setting edi_her_ids: a party is on edi, and this is missing"),
        ({"helseid_client": "", "helseid_key": None}, "helseid_client.*\n.*helseid_key"),
        ({"edi_url": "http://edi.example"}, "setting edi_url: this is not an address that begins with https"),
        ({"edi_her_ids": ("x",)}, "setting edi_her_ids: one of them is not a HER-id"),
        ({"helseid_key": Path("none.json")}, "no private key"),
    ],
)
def test_the_check_says_which_setting_a_party_on_edi_needs(
    tmp_path: Path, registry: Registry, change: dict[str, Any], what: str
) -> None:
    settings = settings_on(tmp_path, "https://edi.example").model_copy(update=change)
    with pytest.raises(ConfigurationError, match=what):
        edi.service(settings, registry)


def test_the_check_is_content_where_everything_is_there_and_else_tells(tmp_path: Path) -> None:
    settings = settings_on(tmp_path, "https://edi.example")
    assert Gateway(settings).faults() == []
    assert "edi_url" in Gateway(settings.model_copy(update={"edi_url": ""})).faults()[0]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: "{}",
        lambda text: text.replace('"d"', '"dd"'),
        lambda _: "no key",
        lambda _: '{"kty": "oct", "k": "AA"}',
    ],
)
def test_a_key_that_is_none_is_told_without_a_value_of_it(
    tmp_path: Path, registry: Registry, spoil: Callable[[str], str]
) -> None:
    settings = settings_on(tmp_path, "https://edi.example")
    assert settings.helseid_key
    settings.helseid_key.write_text(spoil(settings.helseid_key.read_text("utf-8")), "utf-8")
    with pytest.raises(ConfigurationError, match="no private key") as caught:
        edi.service(settings, registry)
    assert str(KEY["d"]) not in str(caught.value)
