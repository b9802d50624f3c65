"""What NAV sends is taken only signed by NAV and sealed for us, and what goes to NAV leaves in no other way."""

from pathlib import Path

import httpx
import pytest
from live_line import Live
from lxml import etree
from test_line_conversation import nav_message
from test_line_nav import SCHEMA, message, sealed_message

from gateway.edge.seal import payload, xmldsig
from gateway.edge.seal.keys import read_ring
from gateway.sandbox.envelope import MEDIA_TYPE, Envelope
from gateway.sandbox.nav import app_rec
from gateway.wiring.identity import now

pytestmark = pytest.mark.xdist_group("line")


def certificates(live: Live) -> Path:
    return live.scene.gateway.settings.certificates


def post(live: Live, body: bytes, media: str = MEDIA_TYPE) -> httpx.Response:
    with live.client("nav") as calling:
        return calling.post("/nav/messages", content=body, headers={"Content-Type": media})


def wrapped(live: Live, signed: bytes, actor: str = "gateway") -> bytes:
    """Seal something for an actor without signing it."""
    [key] = read_ring(certificates(live), f"{actor}-signing").keys
    return payload.wrap(signed, payload.Peer((), [key.certificate]))


def signed_by(live: Live, xml: bytes, actor: str) -> bytes:
    return xmldsig.sign(xml, read_ring(certificates(live), f"{actor}-signing").signing(now()))


def test_what_goes_to_nav_is_signed_by_us_compressed_and_sealed_for_nav_alone(live: Live) -> None:
    _, body = sealed_message(live)
    received = live.scene.nav.received[-1]
    assert received.media_type == MEDIA_TYPE
    [gateway] = read_ring(certificates(live), "gateway-signing").keys
    assert xmldsig.verify(body, [gateway.certificate]) is not None
    assert SCHEMA.faults(body) == ()


def test_a_receipt_that_is_not_sealed_or_not_signed_by_nav_moves_nothing(live: Live) -> None:
    location, body = sealed_message(live)
    receipt = app_rec(etree.fromstring(body))
    forged = {
        "plain": (receipt, "application/xml"),
        "sealed and unsigned": (wrapped(live, receipt), MEDIA_TYPE),
        "signed and not sealed": (signed_by(live, receipt, "nav"), "application/xml"),
        "signed by another": (wrapped(live, signed_by(live, receipt, "ehr")), MEDIA_TYPE),
        "sealed for another": (wrapped(live, signed_by(live, receipt, "nav"), "nav"), MEDIA_TYPE),
        "changed after it was signed": (
            wrapped(live, signed_by(live, receipt, "nav").replace(b'Status V="1"', b'Status V="2"')),
            MEDIA_TYPE,
        ),
        "no envelope at all": (b"\x30\x80", MEDIA_TYPE),
    }
    said = set()
    for name, (sent, media) in forged.items():
        answer = post(live, sent, media)
        assert answer.status_code == 422, name
        assert SCHEMA.faults(answer.content) == (), name
        said.add(etree.fromstring(answer.content).find("{*}Error").get("DN"))
    assert len(said) == 1  # whatever was wrong, the peer is told the same
    assert live.states(location) == {"nav": "delivered"}
    assert post(live, Envelope(certificates(live)).close(receipt)).status_code == 200
    live.settled(location, nav="acknowledged")


def test_a_receipt_in_an_answer_counts_only_when_it_is_sealed_and_signed(live: Live) -> None:
    location, body = sealed_message(live)
    lane_reads = live.scene.gateway.line
    receipt = app_rec(etree.fromstring(body))
    with pytest.raises(Exception, match="could not be opened"):
        lane_reads.open("nav", receipt)
    opened = lane_reads.open("nav", Envelope(certificates(live)).close(receipt))
    seen = lane_reads.read_receipt(opened)
    assert seen is not None
    assert seen.ok
    assert live.states(location) == {"nav": "delivered"}


@pytest.mark.parametrize(("body", "status"), [(nav_message("01-nav-asks")[1], 200), (message()[1], 422)])
def test_the_receipt_to_nav_is_sealed_as_well_whatever_it_says(live: Live, body: bytes, status: int) -> None:
    answer = live.from_nav(body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, MEDIA_TYPE)
    inside = Envelope(certificates(live)).unwrap(answer.content)
    assert etree.QName(etree.fromstring(inside)).localname == "AppRec"
