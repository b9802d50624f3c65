from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from adapters.ebxml import read, write
from gateway.core.ebxml import ACKNOWLEDGMENT, MESSAGE_ERROR, SIGNALS, EbmsError, EbmsProblem, Header, Message, PartyId

AT = datetime(2026, 11, 24, 12, 0, 5, tzinfo=UTC)
HEADER = Header(
    sender=(PartyId("HER", "990001"), PartyId("ENH", "315000009")),
    receiver=(PartyId("HER", "990002"),),
    sender_role="Sykmelder",
    receiver_role="Saksbehandler",
    cpa="example:1",
    conversation="c-1",
    service="Sykmelding",
    service_kind="string",
    action="Registrering",
    message_id="m-1@samspill.example",
    timestamp=AT,
)
SIGNAL = replace(HEADER, service=SIGNALS, service_kind="", action=ACKNOWLEDGMENT, ref_to="m-0@nav")
MESSAGES = [
    Message(header=HEADER),
    Message(
        header=replace(HEADER, eliminate_duplicates=True, expires=AT),
        ack_requested=True,
        ack_signed=True,
        sync_reply=True,
        references=("a@x", "b@x"),
    ),
    Message(header=HEADER, sequence=7),
    Message(header=SIGNAL, acknowledges="m-0@nav"),
    Message(
        header=replace(SIGNAL, action=MESSAGE_ERROR),
        errors=(EbmsError("ValueNotRecognized", "//CPAId", "æøå"), EbmsError("Unknown", severe=False)),
    ),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_what_is_written_is_read_back(message):
    assert read(write(message)) == message


def test_attributes_without_a_prefix_many_decimals_and_a_time_without_a_zone_are_read():
    raw = write(MESSAGES[1]).replace(b"eb:signed", b"signed").replace(b"eb:version", b"version")
    raw = raw.replace(b"2026-11-24T12:00:05Z", b"2026-11-24T12:00:05.1234567", 1)
    message = read(raw)
    assert message.ack_signed
    assert message.header.timestamp == AT.replace(microsecond=123456)


def test_every_error_is_told_at_its_place_and_none_repeats_a_value():
    raw = write(Message(header=HEADER)).replace(b"example:1", b"").replace(b"2026-11-24T12:00:05Z", b"planted-time")
    with pytest.raises(EbmsProblem) as caught:
        read(raw.replace(b">990002<", b"><"))
    assert [(one.code, one.location) for one in caught.value.errors] == [
        ("OtherXml", "//MessageHeader/To/PartyId"),
        ("OtherXml", "//MessageHeader/CPAId"),
        ("ValueNotRecognized", "//MessageData/Timestamp"),
    ]
    assert "planted" not in str(caught.value)


def test_a_header_block_that_must_be_understood_and_is_not_refuses():
    block = b'<x:Via xmlns:x="urn:x" SOAP:mustUnderstand="1"/></SOAP:Header>'
    with pytest.raises(EbmsProblem) as caught:
        read(write(Message(header=HEADER)).replace(b"</SOAP:Header>", block))
    assert caught.value.errors[0].code == "NotSupported"
    read(write(Message(header=HEADER)).replace(b"</SOAP:Header>", block.replace(b'="1"', b'="0"')))


def test_a_reference_that_leads_out_of_the_message_is_refused():
    raw = write(replace(MESSAGES[0], references=("a@x",))).replace(b"cid:a@x", b"http://elsewhere.example/")
    with pytest.raises(EbmsProblem) as caught:
        read(raw)
    assert "elsewhere" not in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00",
        b"<a/>",
        b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/><s:Body/></s:Envelope>',
        b"<a>" + b" " * 1024 * 1024 + b"</a>",
    ],
)
def test_what_is_no_ebms_envelope_is_refused(raw):
    with pytest.raises(EbmsProblem) as caught:
        read(raw)
    assert {one.code for one in caught.value.errors} == {"OtherXml"}


SCHEMA = Path(__file__).parents[3] / "../shared/data/nav/xsd/ebxml-protokoll/msg-header-2_0.xsd"


@pytest.mark.skipif(not SCHEMA.exists(), reason="the official schema is not in ../shared/data")
def test_what_we_write_is_valid_against_the_official_schema():
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    for message in MESSAGES:
        root = etree.fromstring(write(message))
        blocks = [*root.find("{*}Header"), *root.find("{*}Body")]
        assert blocks
        for block in blocks:
            schema.assertValid(etree.fromstring(etree.tostring(block)))
