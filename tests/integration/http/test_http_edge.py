import json
import logging
import socket
import time

import httpx
import pytest
import structlog
from live_edge import Edge
from sick_note import message, written

JSON = {"Content-Type": "application/fhir+json"}


def test_a_request_id_is_echoed_and_one_is_made_where_none_or_a_bad_one_came(client: httpx.Client) -> None:
    assert client.get("/fhir/metadata", headers={"X-Request-Id": "abc-1"}).headers["x-request-id"] == "abc-1"
    assert len(client.get("/fhir/metadata", headers={"X-Request-Id": "a b"}).headers["x-request-id"]) == 32


def test_every_answer_has_the_security_headers(client: httpx.Client) -> None:
    for path in ("/fhir/metadata", "/fhir/none", "/none"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "content-security-policy" in headers
        assert "server" not in headers


def test_readiness_is_503_when_something_is_not(upkeep: httpx.Client, edge: Edge) -> None:
    assert upkeep.get("/health/ready").status_code == 200
    edge.ready["store"] = False
    answer = upkeep.get("/health/ready")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"store": False})


def test_metrics_name_routes_and_never_addresses(client: httpx.Client, upkeep: httpx.Client) -> None:
    client.get("/fhir/Task/kanarifugl")
    client.get("/fhir/Kanarifugl")
    text = upkeep.get("/metrics").text
    assert 'route="/fhir/Task/{message_id}"' in text
    assert "anarifugl" not in text


def test_nothing_of_a_request_but_its_route_reaches_the_log(
    client: httpx.Client, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    raw = written(message()).replace(b"female", b"Kanarifugl")
    with structlog.testing.capture_logs() as logged, caplog.at_level(logging.DEBUG):
        assert client.post("/fhir?patient=Kanarifugl", content=raw, headers=JSON).status_code == 422
        client.get("/fhir/Task/Kanarifugl?name=Kanarifugl", headers={"X-Request-Id": "r-1", "Referer": "Kanarifugl"})
    assert [(line["route"], line["status"]) for line in logged] == [("/fhir", 422), ("/fhir/Task/{message_id}", 404)]
    assert logged[1]["request"] == "r-1"
    out = capfd.readouterr()
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]
    assert "Kanarifugl" not in json.dumps(logged) + out.out + out.err + "".join(ours)


def test_nothing_there_and_wrong_method_are_told_in_the_format_of_the_place(client: httpx.Client) -> None:
    for path, media in (
        ("/fhir/none", "application/fhir+json"),
        ("/nav/none", "application/xml"),
        ("/none", "application/problem+json"),
    ):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith(media)
    wrong = client.delete("/fhir/Bundle")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert wrong.json()["resourceType"] == "OperationOutcome"
    assert client.post("/.well-known/smart-configuration").json()["status"] == 405


def test_what_operators_ask_is_not_at_the_callers_door_and_the_other_way_round(
    client: httpx.Client, upkeep: httpx.Client
) -> None:
    for path in ("/health/live", "/health/ready", "/metrics"):
        assert client.get(path).status_code == 404
        assert upkeep.get(path).status_code == 200
        assert "server" not in upkeep.get(path).headers
    for path in ("/fhir/metadata", "/fhir/Task/1", "/.well-known/smart-configuration"):
        assert upkeep.get(path).status_code == 404


def test_nav_gets_an_apprec_also_when_refused(client: httpx.Client) -> None:
    xml = {"Content-Type": "application/xml"}
    good = client.post("/nav/messages", content=b"<MsgHead/>", headers=xml)
    assert (good.status_code, b"V='1'" in good.content) == (200, True)
    for answer, status in (
        (client.post("/nav/messages", content=b"<other/>", headers=xml), 400),
        (client.post("/nav/messages", content=b"{}", headers=JSON), 415),
        (client.post("/nav/messages", content=b"<MsgHead/>", headers={**xml, "Authorization": ""}), 401),
        (client.post("/nav/messages", content=b"<" * 1_000_001, headers=xml), 413),
    ):
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("application/xml")
        assert b"V='2'" in answer.content


def test_our_own_fault_says_nothing_and_logs_only_where(
    client: httpx.Client, edge: Edge, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    edge.intake.broken = True
    with structlog.testing.capture_logs() as logged, caplog.at_level(logging.DEBUG):
        answer = client.post("/fhir", content=written(message()), headers=JSON)
    assert answer.status_code == 500
    assert answer.json()["issue"][0]["code"] == "exception"
    (failed,) = [line for line in logged if line["event"] == "request failed"]
    assert failed["error"] == "ZeroDivisionError"
    assert failed["at"].startswith("live_edge.py:")
    out = capfd.readouterr()
    for text in (answer.text, json.dumps(logged), out.out, out.err, caplog.text):
        assert "Testnes" not in text
        assert "Traceback" not in text


def test_a_body_that_is_too_large_is_refused_by_its_length_and_by_its_stream(client: httpx.Client, edge: Edge) -> None:
    told = client.post("/fhir", content=b" " * 2_000_000, headers=JSON)
    assert (told.status_code, told.json()["issue"][0]["code"]) == (413, "too-long")
    streamed = client.post("/fhir", content=(b" " * 100_000 for _ in range(30)), headers=JSON)
    assert streamed.status_code == 413
    assert not edge.intake.by_key


def test_a_party_may_send_no_more_and_no_faster_than_the_register_says(client: httpx.Client) -> None:
    large = client.post("/fhir", content=written(message()), headers={**JSON, "Authorization": "Bearer small"})
    assert (large.status_code, large.json()["issue"][0]["code"]) == (413, "too-long")
    answers = [client.get("/fhir/Task/x", headers={"Authorization": "Bearer hasty"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [404, 404, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


def test_a_route_is_closed_to_roles_it_is_not_open_to(client: httpx.Client, edge: Edge) -> None:
    answer = client.post("/fhir", content=written(message()), headers={**JSON, "Authorization": "Bearer employer"})
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (403, "forbidden")
    assert not edge.intake.by_key


def test_a_body_that_does_not_come_is_given_up(edge: Edge) -> None:
    with socket.create_connection(("127.0.0.1", edge.port), timeout=10) as line:
        line.sendall(
            b"POST /fhir HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ehr\r\n"
            b"Content-Type: application/fhir+json\r\nContent-Length: 100\r\n\r\n{"
        )
        started = time.monotonic()
        answer = line.recv(200)
    assert answer.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - started < 5


def test_a_compressed_body_is_refused(client: httpx.Client) -> None:
    answer = client.post("/fhir", content=b"x", headers={**JSON, "Content-Encoding": "gzip"})
    assert answer.status_code == 415


def test_a_sender_who_hangs_up_leaves_no_trace_of_the_message(
    client: httpx.Client, edge: Edge, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(("127.0.0.1", edge.port), timeout=10) as line:
        line.sendall(
            b"POST /fhir HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ehr\r\n"
            b"Content-Type: application/fhir+json\r\nContent-Length: 100\r\n\r\n{kanarifugl"
        )
    assert client.get("/fhir/metadata").status_code == 200
    out = capfd.readouterr()
    assert "anarifugl" not in out.out + out.err
    assert "Traceback" not in out.out + out.err
    assert not edge.intake.by_key
