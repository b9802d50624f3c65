"""Real ebMS envelopes and agreements read."""

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.ebxml import read, read_agreement, write
from gateway.core.ebxml import MESSAGE_ERROR

DATA = Path(__file__).parents[2] / "../shared/data/nav"
ENVELOPES = sorted(DATA.glob("ebxml/*message*.xml")) + sorted(DATA.glob("ebxml/*oppgjorsmelding_2023*.xml"))
ENVELOPES += sorted(DATA.glob("ebxml/*unsigned_document.xml")) + sorted(DATA.glob("ebxml/*testPayload.xml"))
AGREEMENTS = sorted(DATA.glob("ebxml/*cpa_nav*.xml")) + sorted(DATA.glob("helsenorge-messaging/*CPA_*.xml"))
ABSENT = pytest.mark.skipif(not DATA.exists(), reason="the collected samples are not here")


@ABSENT
def test_every_envelope_is_read_and_written_again_with_nothing_lost():
    assert len(ENVELOPES) >= 6
    for file in ENVELOPES:
        message = read(file.read_bytes())
        again = read(write(message))
        exact = message.header.timestamp.replace(microsecond=0)
        assert again == replace(message, header=replace(message.header, timestamp=exact)), file.name
    error = read(next(DATA.glob("ebxml/*messageerror.xml")).read_bytes())
    assert error.header.action == MESSAGE_ERROR
    assert [one.code for one in error.errors] == ["ValueNotRecognized"]
    assert error.sync_reply


@ABSENT
def test_every_agreement_is_read_with_its_terms():
    assert len(AGREEMENTS) >= 10
    nav = {}
    for file in AGREEMENTS:
        agreement = read_agreement(file.read_bytes())
        assert all(party.ids and party.bindings for party in agreement.parties), file.name
        nav.setdefault(agreement.id, agreement)
    doctor, them = nav["nav:qass:35065"].parties
    channel = doctor.binding("Sykmelding", "Registrering", sends=True).channels[0]
    assert (channel.retries, channel.retry_interval, channel.persist) == (4, 12 * 3600, 4 * 86400)
    assert them.binding("DialogmoteInnkalling", "MoteInnkalling", sends=True).packing == ("application/pkcs7-mime",)
