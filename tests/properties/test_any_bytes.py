"""Whatever bytes a peer sends, each parser answers with a record or with issues, never with an exception."""

from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.core.ports import Format
from gateway.wiring.formats import installed

MAPPINGS = Path(__file__).parents[2] / "mappings"
READ = ("fhir", "nav-sykmelding", "nav-apprec", "canonical")


@cache
def known() -> dict[str, Format]:
    return installed()[1]


@cache
def examples() -> list[bytes]:
    files = [*MAPPINGS.glob("*/*/examples/*.in.*"), *MAPPINGS.glob("*/*/examples/*.out.json")]
    return [file.read_bytes() for file in sorted(files)]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    raw = bytearray(draw(st.sampled_from(examples())))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(raw) - 1))
        cut = draw(st.integers(0, 40))
        raw[at : at + cut] = draw(
            st.one_of(st.binary(max_size=20), st.sampled_from([b"null", b"[]", b"{}", b'"', b"<a>"]))
        )
    return bytes(raw)


def answers(name: str, raw: bytes) -> None:
    parse = known()[name].parse
    assert parse is not None
    for report in (False, True):
        parsed = parse(raw, report=report)
        assert (parsed.record is None) == any(issue.severity == "error" for issue in parsed.issues)
        if report and parsed.record is not None:
            assert parsed.leaves == len(parsed.rows)


@pytest.mark.parametrize("name", READ)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(raw=st.one_of(st.binary(max_size=400), damaged()))
def test_any_bytes_are_answered(name, raw):
    answers(name, raw)


@pytest.mark.fuzz
@pytest.mark.parametrize("name", READ)
@settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
@given(raw=st.one_of(st.binary(max_size=400), damaged()))
def test_many_more_bytes_are_answered(name, raw):
    answers(name, raw)


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe", b"\x00" * 100, b"[" * 10_000, b"<a>" * 10_000, b'{"a":' * 10_000, b"\xef\xbb\xbf{}"]
)
def test_known_bad_bytes_are_answered(name, raw):
    answers(name, raw)
