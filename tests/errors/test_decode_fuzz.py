"""Whatever bytes come, the codec answers: never a traceback, never a silent refusal, never a value repeated."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from long_runs import times
from sick_note import batch, message, written

from adapters.fhir.codec import FHIR_XML, decode, encode, encode_outcome, message_key
from gateway.core.errors import Severity

WORD = "Kanarifugl"
JSON_BYTES = written(message())
XML_BYTES = encode(message(), FHIR_XML)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LONG = settings(max_examples=times(50), deadline=None, suppress_health_check=[HealthCheck.too_slow])

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8).map(lambda t: t + WORD),
    st.sampled_from(["", " ", "\x00", "Patient/1", "#", "#x", "urn:uuid:x", "2026-02-30", "true", "60.5", WORD]),
)
names = st.sampled_from(
    ["resourceType", "id", "extension", "_id", "value", "valueString", "url", "contained", "reference", "item", WORD]
)
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=6
)


def answered(raw: bytes, media: str | None = None) -> None:
    """Hold that the answer to `raw` is one, and says nothing it was told."""
    decoded = decode(raw, media)
    errors = [issue for issue in decoded.issues if issue.severity is Severity.ERROR]
    assert (decoded.resource is None) == bool(errors)
    outcome = encode_outcome(decoded.issues)
    assert WORD.encode() not in outcome
    assert decode(outcome).issues == ()
    assert message_key(raw)


@st.composite
def spoilt_bytes(draw: st.DrawFn) -> bytes:
    raw = bytearray(draw(st.sampled_from([JSON_BYTES, XML_BYTES])))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(raw) - 1))
        match draw(st.sampled_from(["cut", "put", "swap", "twice"])):
            case "cut":
                del raw[at : at + draw(st.integers(1, 30))]
            case "put":
                raw[at:at] = draw(st.binary(min_size=1, max_size=6))
            case "swap":
                raw[at] = draw(st.integers(0, 255))
            case _:
                raw[at:at] = raw[at : at + 40]
        if not raw:
            return b""
    return bytes(raw)


@st.composite
def spoilt_trees(draw: st.DrawFn) -> Any:
    tree: Any = draw(st.sampled_from([message(), batch()]))
    for _ in range(draw(st.integers(1, 3))):
        node: Any = tree
        while True:
            keys: list[Any] = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = draw(st.sampled_from(keys))
            inner = node[key]
            if not isinstance(inner, dict | list) or not inner or draw(st.integers(0, 4)) == 0:
                break
            node = inner
        if isinstance(node, dict) and draw(st.booleans()):
            node[draw(names)] = draw(trees)
        else:
            node[key] = draw(trees)
        if not tree:
            break
    return tree


@QUICK
@given(st.binary(max_size=200), st.sampled_from([None, "application/fhir+json", "application/fhir+xml"]))
def test_any_bytes_are_answered(raw: bytes, media: str | None) -> None:
    answered(raw, media)


@QUICK
@given(spoilt_bytes())
def test_a_message_with_spoilt_bytes_is_answered(raw: bytes) -> None:
    answered(raw)


@QUICK
@given(spoilt_trees())
def test_a_message_with_spoilt_content_is_answered(tree: Any) -> None:
    answered(json.dumps(tree).encode())


@QUICK
@given(trees)
def test_any_json_is_answered(tree: Any) -> None:
    answered(json.dumps(tree).encode())


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
@LONG
@given(st.one_of(st.binary(max_size=400), spoilt_bytes(), spoilt_trees().map(lambda t: json.dumps(t).encode())))
def test_much_more_of_it_is_answered(raw: bytes) -> None:
    answered(raw)
