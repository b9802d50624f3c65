"""The receipts that the gateway writes on NAV's interface, and how it reads those that come."""

import asyncio
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lxml import etree

from adapters.xml.kind import kind_of
from gateway import flow
from gateway.core.errors import Issue, NotAcceptable
from gateway.core.message import Rendered
from gateway.edge.receipts import LONGEST, Receipts
from gateway.edge.seal import SealBroken
from gateway.sandbox.server import XmlSchema
from gateway.wiring.formats import installed, kinds

ROOT = Path(__file__).parents[3]
NOTE = (ROOT / "mappings/nav/sykmelding/examples/01-graded-with-adaptations.in.xml").read_bytes()
SCHEMA = XmlSchema(ROOT / "mappings/schema/nav/nav.xsd")
APPREC = "{http://www.kith.no/xmlstds/apprec/2004-11-21}"
MSGHEAD = "{http://www.kith.no/xmlstds/msghead/2006-05-24}"
CALLER: Any = SimpleNamespace(party=SimpleNamespace(id="ehr"))


class Taken:
    """An intake that remembers what it was given."""

    def __init__(self, receipts: bool = False) -> None:
        self.accepted: list[tuple[bytes, str, str, str]] = []
        self._receipts = receipts

    async def receive_receipt(self, raw: bytes, party: str) -> object | None:
        return (raw, party) if self._receipts else None

    async def accept(self, raw: bytes, format_id: str, sender: str, key: str) -> None:
        self.accepted.append((raw, format_id, sender, key))


class Plain:
    """An envelope that is none."""

    def open(self, party: str, raw: bytes) -> bytes:
        del party
        return raw

    def close(self, party: str, rendered: Rendered) -> Rendered:
        del party
        return rendered


@cache
def known() -> dict[str, Any]:
    return installed()[1]


def kind(raw: bytes) -> Any:
    return known().get(kind_of(raw, kinds(known())))


async def unsigned(raw: bytes) -> None:
    del raw


def receipts(intake: Any, signed: Any = unsigned) -> Receipts:
    return Receipts(known()["nav-apprec"], kind, intake, Plain(), signed)


def read(raw: bytes) -> Any:
    assert SCHEMA.faults(raw) == ()
    return flow.parse(known()["nav-apprec"], raw).record


def take(raw: bytes, intake: Any) -> bytes:
    return asyncio.run(receipts(intake).take(raw, CALLER)).body


def test_a_message_is_stored_under_its_own_id_and_receipted_with_sides_changed() -> None:
    intake = Taken()
    receipt = read(take(NOTE, intake))
    info = etree.fromstring(NOTE).find(f"{MSGHEAD}MsgInfo")
    identity = info.findtext(f"{MSGHEAD}MsgId")
    assert intake.accepted == [(NOTE, "nav-sykmelding", "ehr", identity)]
    assert (receipt.status, receipt.original_id, receipt.original_kind) == ("ok", identity, "SYKMELD")
    sender, receiver = (
        info.findtext(f"{MSGHEAD}{side}/{MSGHEAD}Organisation/{MSGHEAD}OrganisationName")
        for side in ("Sender", "Receiver")
    )
    assert (receipt.sender.name, receipt.receiver.name) == (receiver, sender)


def test_a_receipt_is_answered_with_nothing_and_not_stored_as_a_message() -> None:
    intake = Taken(receipts=True)
    assert take(NOTE, intake) == b""
    assert intake.accepted == []


def test_each_receipt_has_an_id_of_its_own() -> None:
    assert read(take(NOTE, Taken())).id != read(take(NOTE, Taken())).id


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"", "there is no XML here"),
        (b"<MsgHead", "ends too early|not well-formed"),
        (b"<!DOCTYPE a><a/>", "document type declaration"),
        (b"<a/>", "no payload that is taken here"),
        (NOTE.replace(b"MsgId>", b"MsgIdent>"), "MsgId"),
    ],
)
def test_what_cannot_be_taken_is_told_by_what_is_wrong_with_it(raw: bytes, what: str) -> None:
    intake = Taken()
    with pytest.raises(NotAcceptable, match=what):
        take(raw, intake)
    assert intake.accepted == []


@pytest.mark.parametrize("raw", [b"", b"<a/>", b"\x00", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", NOTE, NOTE[:900]])
def test_a_rejection_is_valid_whatever_was_sent_and_repeats_nothing_of_the_person(raw: bytes) -> None:
    said = receipts(Taken()).reject((Issue("value", "/MsgHead", "it is wrong", "mend it"),), raw, CALLER).body
    receipt = read(said)
    assert receipt.status == "rejected"
    assert [(error.code, error.display) for error in receipt.errors] == [("X99", "/MsgHead: it is wrong; mend it")]
    for value in etree.fromstring(NOTE).itertext("{*}Fodselsnummer", "{*}Etternavn"):
        assert not value.strip() or value.encode() not in said


def test_a_rejection_without_a_reason_says_so_and_a_long_reason_is_cut() -> None:
    assert read(receipts(Taken()).reject((), NOTE, CALLER).body).errors[0].display == "the message cannot be taken"
    [error] = read(receipts(Taken()).reject((Issue("value", "", "x" * 1000),), NOTE, CALLER).body).errors
    assert len(error.display) == LONGEST


def test_every_reason_is_told_at_once() -> None:
    issues = tuple(Issue("value", f"/a[{number}]", "it is wrong") for number in range(5))
    assert len(read(receipts(Taken()).reject(issues, NOTE, CALLER).body).errors) == 5


def test_a_moment_that_makes_no_sense_does_not_stop_the_receipt() -> None:
    at = NOTE.index(b"GenDate>") + len(b"GenDate>")
    assert (
        read(receipts(Taken()).reject((), NOTE[:at] + b"i gaar" + NOTE[at:], CALLER).body).original_sent_at is not None
    )


def test_a_format_that_cannot_be_written_is_our_own_mistake() -> None:
    with pytest.raises(TypeError):
        Receipts(replace(known()["nav-apprec"], render=None), kind, Taken(), Plain(), unsigned)  # type: ignore[arg-type]


def test_a_message_whose_signers_token_does_not_hold_is_not_taken() -> None:
    seen: list[bytes] = []

    async def broken(raw: bytes) -> None:
        seen.append(raw)
        raise SealBroken("the signer's token has expired")

    taken = Taken()
    with pytest.raises(NotAcceptable):
        asyncio.run(receipts(taken, broken).take(NOTE, CALLER))
    assert (seen, taken.accepted) == ([NOTE], [])
