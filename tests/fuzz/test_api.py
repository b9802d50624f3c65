"""Every HTTP route against what its schema allows, and much that it does not: answered, soon, and never with a 5xx.

The requests are made by schemathesis from the routes of the application itself; it runs in this process, with the real
way in, real tokens of the demo issuer and a real store. Longer with `make fuzz`.
"""

import json
import resource
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
import pytest
import requests
import schemathesis
import structlog
from api_document import document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live_api import PERSON, ROLES, Api, api
from long_runs import times
from schemathesis import GenerationMode
from test_parsers import damaged, read

from gateway.core.vocabulary import Role
from gateway.edge.identity.access import ROUTES, match
from gateway.sandbox import messages

QUICK, LONG = 7, times(25)
CPU_SECONDS = 1.5
GROWTH = 600 * 1024
INSIDE = {
    "/fhir": ("messages", "fhir"),
    "/nav": ("messages", "nav-sykmelding"),
    "/hr": ("messages", "nav-oppfolgingsplan"),
    "/glass": ("edge", "plea to break the glass"),
}
MEDIA = {"/fhir": "application/fhir+json", "/nav": "application/xml", "/riv-ta": "text/xml"}
ELSEWHERE = {"GET /metrics", "GET /health/live", "GET /health/ready", "POST /ebms"}
"""Those that listen on the port for operators, and that are there where a party of the register is on ebMS."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with api(tmp_path_factory.mktemp("api")) as running:
        yield running


@cache
def operations(live: Api) -> list[Any]:
    schema = schemathesis.openapi.from_dict(document(live.app))
    return [found.ok() for found in schema.get_all_operations()]


def allowed(name: str) -> list[str]:
    method, _, path = name.partition(" ")
    return [role for role in ROLES if Role(role) in match(method, path).roles] or [""]


def written(case: Any, body: bytes | None, *, plain: bool) -> httpx.Request:
    """Give a case as bytes on the wire; a plain one has no headers but the right media type, so that it gets far."""
    given_ = requests.Request(**case.as_transport_kwargs(base_url="https://localhost")).prepare()
    raw = given_.body if body is None else body
    content = raw.encode() if isinstance(raw, str) else raw or b""
    headers = {name: value for name, value in given_.headers.items() if name.lower() != "content-length"}
    if plain and body is not None:
        headers = {"Content-Type": MEDIA.get("/" + case.path.split("/")[1], "application/json")}
    url = httpx.URL((given_.url or "").partition("?")[0] if plain else given_.url or "")
    return httpx.Request(case.method, url, headers=headers, content=content)


def timed(live: Api, role: str, request: httpx.Request) -> tuple[httpx.Response, list[Any], float]:
    began = time.process_time()
    with structlog.testing.capture_logs() as logged:
        answer = live.send(role, request)
    return answer, list(logged), time.process_time() - began


def hold(live: Api, role: str, request: httpx.Request) -> int:
    """Send, and hold the answer to what every answer is."""
    answer, logged, spent = timed(live, role, request)
    if spent >= CPU_SECONDS:  # what costs so much costs it again; a collection of garbage does not
        answer, logged, spent = timed(live, role, request)
    assert spent < CPU_SECONDS
    assert answer.status_code < 500, (answer.status_code, logged)
    assert [line for line in logged if line["log_level"] in {"error", "critical"}] == []
    assert "Traceback" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    if answer.status_code >= 400 and request.method != "HEAD":
        assert answer.headers["content-type"].partition(";")[0] in {
            "application/fhir+json", "application/fhir+xml", "application/xml", "text/xml", "application/problem+json",
        }  # fmt: skip
    return answer.status_code


def inside_of(name: str) -> tuple[bytes, ...]:
    """Give real bodies for a route."""
    group, reader = INSIDE.get("/" + name.split("/")[1], ("messages", "se-fk7804"))
    found = read(group)[reader].seeds
    return (messages.load("full"), messages.load("graded"), *found) if "/fhir" in name else found


def searched(live: Api, name: str, operation: Any, examples: int) -> set[int]:
    """Send so many requests to a route; give the statuses."""
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))
    inside = inside_of(name) if name.startswith(("POST", "PUT")) else ()
    bodies = st.one_of(st.none(), st.sampled_from(inside), damaged(inside)) if inside else st.none()
    callers = st.sampled_from([*allowed(name) * 4, *ROLES, ""])
    seen: set[int] = set()

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(case=cases, body=bodies, role=callers, plain=st.booleans())
    def each(case: Any, body: bytes | None, role: str, plain: bool) -> None:
        seen.add(hold(live, role, written(case, body, plain=plain)))

    each()
    seen.update(hold(live, allowed(name)[0], good(name, raw)) for raw in inside[:2])
    return seen


def good(name: str, raw: bytes) -> httpx.Request:
    """Give a request as a caller means it."""
    method, _, path = name.partition(" ")
    address = path.replace("{format_id}", INSIDE["/hr"][1]).replace("{", "").replace("}", "")
    media = MEDIA.get("/" + path.split("/")[1], "application/json")
    return httpx.Request(method, f"https://localhost{address}", headers={"Content-Type": media}, content=raw)


def test_every_route_has_its_row_and_every_row_its_route(live: Api) -> None:
    served = {f"{one.method.upper()} {match(one.method.upper(), one.path).path}" for one in operations(live)}
    stated = {str(access) for access in ROUTES}
    assert served <= stated
    assert stated - served == ELSEWHERE


def test_no_request_makes_a_route_fail(live: Api) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen = {name: searched(live, name, one, QUICK) for one in operations(live) if (name := one.label)}
    assert len(seen) > 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH
    every = set.union(*seen.values())
    assert {200, 202, 400, 401, 403, 404, 422} <= every, every


@pytest.mark.fuzz
@pytest.mark.timeout(7200)
def test_many_more_requests_make_no_route_fail(live: Api) -> None:
    for one in operations(live):
        searched(live, one.label, one, LONG)


ODD = ("%0A", "%00", "%3F", "%23", "%2F", "%2e%2e%2f", "%C0%AF", "..;", "%", "x" * 4000)


def test_no_strange_address_makes_a_route_fail_or_opens_another(live: Api) -> None:
    for path in sorted({one.path for one in operations(live)}):
        for odd in ODD:
            for address in (
                path.partition("{")[0] + odd,
                f"{path.partition('{')[0].rstrip('/')}{odd}",
                f"/{odd}{path}",
            ):
                request = httpx.Request("GET", f"https://localhost{address}".replace("{", "").replace("}", ""))
                assert hold(live, "officer", request) in {200, 400, 403, 404, 405, 406}


def test_a_patient_reaches_their_own_and_nobody_elses(live: Api) -> None:
    """The person of the token decides, whatever the address says."""
    theirs = live.gateway.vault.mac("patient", PERSON)
    for pseudonym, total in ((theirs, 0), ("0" * 32, None)):
        request = httpx.Request("GET", f"https://localhost/fhir/Consent?patient={pseudonym}")
        answer = live.send("patient", request)
        if total is None:
            assert answer.status_code in {403, 404} or json.loads(answer.text)["total"] == 0
        else:
            assert json.loads(answer.text)["total"] == total


def test_a_sender_who_is_not_the_callers_own_is_told_where_it_stands(live: Api) -> None:
    bundle = json.loads(messages.load("full"))
    place = next(i for i, one in enumerate(bundle["entry"]) if one["resource"]["resourceType"] == "Organization")
    numbers = bundle["entry"][place]["resource"]["identifier"]
    index = next(i for i, one in enumerate(numbers) if one["value"] == "315000009")
    numbers[index]["value"] = "314000005"
    headers = {"Content-Type": "application/fhir+json"}
    answer = live.send("certifier", httpx.Request("POST", "https://localhost/fhir", headers=headers, json=bundle))
    assert answer.status_code == 422
    (issue,) = [one for one in answer.json()["issue"] if "may not send for" in json.dumps(one)]
    assert issue["expression"] == [f"Bundle.entry[{place}].resource.identifier[{index}].value"]
    assert "314000005" not in answer.text
