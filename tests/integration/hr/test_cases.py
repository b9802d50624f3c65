"""What an employer may see of a sick-leave case: its own absences, what it was sent, and the dates that follow."""

import uuid
from base64 import b64decode
from typing import Any

import httpx
from live_line import Live, act_on, note, resource, until
from sqlalchemy import text

BOTH = {"Content-Type": "application/json"}
WORD = "Kvitsoppfeber"


def reported(live: Live, number: str, start: str, end: str, kind: str = "sick-unspecified") -> None:
    """Let the employer upload an absence, and wait until it is kept."""
    mark = uuid.uuid4().hex[:12]
    body = f"id;employee;person;start;end;kind;degree;note\n{mark}-1;17;{number};{start};{end};{kind};100;{WORD}\n"
    with live.client("employer") as calling:
        answer = calling.post("/hr/absences?profile=generic-csv", content=body.encode())
        assert answer.status_code == 202, answer.text
        told = until(lambda: (d := calling.get(answer.headers["Location"]).json())["state"] == "done" and d)
    assert told["good"] == 1, told


def asked(live: Live, number: str, actor: str = "employer", **headers: str) -> httpx.Response:
    with live.client(actor) as calling:
        return calling.post("/hr/cases", json={"person": number}, headers=headers)


def patient_of(bundle: dict[str, Any]) -> str:
    return str(resource(bundle, "Patient")["identifier"][0]["value"])


def taken(live: Live) -> list[bytes]:
    with live.client("employer") as calling:
        found = calling.get("/inbox/employer?count=50").json()["messages"]
        for one in found:
            assert calling.post(f"/inbox/employer/{one['id']}/ack").status_code == 204
    return [b64decode(one["data"]) for one in found]


def disclosed(live: Live) -> int:
    with live.scene.gateway.database.engine.connect() as connection:
        wanted = "select count(*) from audit where action = 'disclosed' and actor = 'employer'"
        return int(connection.execute(text(wanted)).scalar_one())


def test_an_illness_becomes_certified_only_by_a_note_that_its_patient_has_sent_and_stays_so_only_then(
    live: Live,
) -> None:
    sent = note()
    number = patient_of(sent)
    first = next(i for i in str(sent).split("'") if i.startswith("2026-") and len(i) == 10)
    reported(live, number, first, first)
    live.send(sent)
    before = disclosed(live)
    own = asked(live, number)
    assert own.status_code == 200, own.text
    assert own.headers["cache-control"] == "no-store"
    assert [one["kind"] for one in own.json()["spells"]] == ["sick-unspecified"]
    consent = act_on(sent)
    given = live.give(consent)
    until(lambda: taken(live))
    assert [one["kind"] for one in asked(live, number).json()["spells"]] == ["sick-certified"]
    assert live.give({**consent, "status": "inactive"}, given.json()["id"]).status_code == 200
    assert [one["kind"] for one in asked(live, number).json()["spells"]] == ["sick-unspecified"]
    assert disclosed(live) == before + 3


def test_a_case_has_what_the_law_asks_for_by_which_day_and_no_word_of_the_file(live: Live) -> None:
    reported(live, "11827020089", "2026-01-05", "2026-03-20")
    told = asked(live, "11827020089")
    case = told.json()
    assert case["first-day"] == "2026-01-05"
    assert [one["by"] for one in case["points"]][:1] == ["2026-02-02"]
    [spell] = case["spells"]
    assert (spell["calendar-days"], spell["working-days"]) == (75, 55)
    assert WORD not in told.text
    plan = asked(live, "11827020089", Accept="application/fhir+json").json()
    assert [one["resource"]["resourceType"] for one in plan["entry"]][:2] == ["CarePlan", "Task"]


def test_nobody_else_sees_it_and_whoever_asks_wrongly_is_told(live: Live) -> None:
    assert asked(live, "11827020089", "ehr").status_code == 403
    assert asked(live, "17857110021").status_code == 404
    with live.client("employer") as calling:
        for body in (b"{}", b"[]", b"x", b'{"person": 1}', b'{"person": "11827020089", "more": 1}', b'{"person": "1"}'):
            answer = calling.post("/hr/cases", content=body, headers=BOTH)
            assert answer.status_code in (400, 422), answer.text
            assert "11827020089" not in answer.text
