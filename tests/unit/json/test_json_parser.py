"""Plain JSON messages: read, or refused with a place and a reason, whatever was sent."""

from pathlib import Path

import pytest

from adapters.json.parse import BOM, MAX_BYTES
from gateway import flow
from gateway.core.errors import NotAcceptable
from gateway.wiring.formats import installed

EXAMPLE = Path(__file__).parents[3] / "mappings/nav/oppfolgingsplan-api/examples/01-shared-with-nav.in.json"
PLAN = installed()[1]["nav-oppfolgingsplan-api"]


def test_a_plan_is_read_with_and_without_a_byte_order_mark() -> None:
    read = flow.parse(PLAN, EXAMPLE.read_bytes()).record
    assert read == flow.parse(PLAN, BOM + EXAMPLE.read_bytes()).record
    assert read.share_with_nav is True
    assert read.share_with_gp is False


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"", "this is not JSON"),
        (b"{", "this is not JSON"),
        (b"\xff", "this is not JSON"),
        (b"[]", "an object was expected here"),
        (b'{"sendPlanToNav": "ja"}', "neither true nor false"),
        (b" " * (MAX_BYTES + 1), "too large"),
    ],
)
def test_what_is_no_plan_is_refused_with_a_reason(raw: bytes, what: str) -> None:
    with pytest.raises(NotAcceptable, match=what):
        flow.parse(PLAN, raw)
