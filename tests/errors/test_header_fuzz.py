"""Whatever stands in headers and addresses, the answer is one of ours: never our own fault, never what was sent."""

from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live_edge import TOKEN, Edge
from sick_note import message, written

WORD = "Kanarifugl"
visible = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30).map(str.strip)
media = st.one_of(
    visible,
    st.lists(
        st.sampled_from(
            [
                "application/fhir+json",
                "application/fhir+xml",
                "*/*",
                "text/html",
                ";q=0.5",
                ";q=x",
                ";charset=",
                ",",
                '"',
            ]
        ),
        max_size=5,
    ).map("".join),
)
paths = st.one_of(
    st.sampled_from(["/fhir", "/fhir/", "/fhir/$validate", "/fhir/Consent", "/nav/messages", "/fhir/Task/", "/"]),
    st.text(st.characters(codec="utf-8", exclude_characters="#?"), max_size=10).map(
        lambda t: f"/fhir/Consent/{quote(t)}"
    ),
)


@pytest.fixture(scope="module")
def client(edge: Edge) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=edge.url, timeout=20) as calling:
        yield calling


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"]),
    path=paths,
    headers=st.fixed_dictionaries(
        {"Accept": media, "Content-Type": media},
        optional={
            name: visible.map(lambda text: text + WORD)
            for name in ("Prefer", "Idempotency-Key", "X-Request-Id", "If-Match", "Authorization", "Content-Encoding")
        },
    ),
    query=visible,
    body=st.sampled_from([b"", b"{}", b"<a/>", written(message())]),
)
def test_any_headers_and_address_are_answered(
    client: httpx.Client, method: str, path: str, headers: dict[str, str], query: str, body: bytes
) -> None:
    answer = client.request(
        method, path, params={"_format": query} if query else None, headers={**TOKEN, **headers}, content=body
    )
    assert answer.status_code in {200, 201, 202, 400, 401, 403, 404, 405, 406, 412, 413, 415, 422}
    assert WORD not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    if answer.status_code >= 400 and method != "HEAD":
        assert answer.headers["content-type"].split(";")[0] in {
            "application/fhir+json",
            "application/fhir+xml",
            "application/xml",
            "application/problem+json",
        }
