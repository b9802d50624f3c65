"""What waits for an employer that fetches its messages itself."""

import re
import uuid
from base64 import b64decode
from dataclasses import replace

import httpx
import pytest
from live_line import Live, act_on, note, until
from sqlalchemy import text

from gateway.edge import inbox

WORD = "Kvitsoppfeber"


def fetch(live: Live, query: str = "", actor: str = "employer", recipient: str = "employer") -> httpx.Response:
    with live.client(actor) as calling:
        return calling.get(f"/inbox/{recipient}{query}")


def take(live: Live, message: str, actor: str = "employer", recipient: str = "employer") -> int:
    with live.client(actor) as calling:
        return calling.post(f"/inbox/{recipient}/{message}/ack").status_code


def shared(live: Live) -> tuple[str, str]:
    """Let a patient send a note to the employer; give the note's Location and the consent's id."""
    sent = note()
    location = live.send(sent)
    given = live.give(act_on(sent))
    assert given.status_code == 201, given.text
    live.settled(location, employer="sealed")
    return location, given.headers["Location"].rpartition("/Consent/")[2].partition("/")[0]


def waiting(live: Live, query: str = "") -> list[dict[str, str]]:
    answer = fetch(live, query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return list(answer.json()["messages"])


def emptied(live: Live) -> None:
    for one in waiting(live, "?count=50"):
        assert take(live, one["id"]) == 204


def entries(live: Live, message: str) -> list[str]:
    with live.scene.gateway.database.engine.connect() as connection:
        found = connection.execute(text("select action from audit where message = :m order by seq"), {"m": message})
        return [str(row.action) for row in found]


def test_a_shared_note_waits_is_shown_with_an_entry_in_the_log_and_taken_over_once(live: Live) -> None:
    emptied(live)
    location, _ = shared(live)
    [one] = waiting(live)
    body = b64decode(one["data"])
    assert one["contentType"].startswith("application/xml")
    assert b"sykmeldingArbeidsgiver" in body
    assert not any(word in body for word in (b"diagnos", b"L84", b"M54", b"Diagnos"))
    assert entries(live, one["id"])[-1] == "disclosed"
    assert live.states(location)["employer"] == "sealed"
    assert take(live, one["id"]) == 204
    assert live.settled(location, employer="acknowledged")
    assert take(live, one["id"]) == 204
    assert waiting(live) == []


def test_what_is_not_taken_over_is_shown_again_under_the_same_id(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    emptied(live)
    monkeypatch.setattr(inbox, "SHOWN_FOR", 0.0)
    shared(live)
    first, again = waiting(live), until(lambda: waiting(live))
    assert [one["id"] for one in first] == [one["id"] for one in again]
    emptied(live)


def test_a_page_is_as_long_as_asked_and_says_that_there_is_more(live: Live) -> None:
    emptied(live)
    for _ in range(2):
        shared(live)
    answer = fetch(live, "?count=1").json()
    assert (len(answer["messages"]), answer["more"]) == (1, True)
    assert take(live, answer["messages"][0]["id"]) == 204
    emptied(live)
    assert fetch(live).json() == {"messages": [], "more": False}


@pytest.mark.parametrize("query", ["?count=0", "?count=51", "?count=x", "?count=-1"])
def test_a_count_that_is_none_is_told(live: Live, query: str) -> None:
    assert fetch(live, query).status_code == 400


def test_a_note_that_the_patient_takes_back_before_it_was_fetched_is_never_shown(live: Live) -> None:
    emptied(live)
    sent = note()
    location = live.send(sent)
    consent = act_on(sent)
    given = live.give(consent)
    live.settled(location, employer="sealed")
    name = given.json()["id"]
    assert live.give({**consent, "status": "inactive"}, name).status_code == 200
    assert waiting(live) == []
    assert live.settled(location, employer="refused")


def test_nobody_reaches_the_inbox_of_another_and_nothing_that_was_not_shown_is_taken_over(live: Live) -> None:
    emptied(live)
    shared(live)
    assert fetch(live, actor="ehr").status_code == 403
    assert fetch(live, recipient="nav").status_code == 403
    assert fetch(live, actor="ehr", recipient="ehr").status_code == 409
    with live.scene.gateway.database.engine.connect() as connection:
        unseen = connection.execute(text("select id from outbound where state = 'sealed'")).scalar_one()
    assert take(live, unseen) == 404
    assert take(live, unseen, "nav", "nav") == 404
    assert take(live, str(uuid.uuid4())) == 404
    assert take(live, "no%20id") == 404
    emptied(live)


def test_who_shows_a_token_that_is_none_sees_nothing(live: Live) -> None:
    with live.client("employer") as calling:
        answer = calling.get("/inbox/employer", headers={"Authorization": "Bearer no-token"})
    assert answer.status_code == 401


def test_an_employer_that_reads_csv_gets_the_note_as_rows_of_absence_and_nothing_of_what_it_says(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    emptied(live)
    parties = live.scene.gateway.registry.parties
    monkeypatch.setitem(parties, "employer", replace(parties["employer"], formats=("hr-generic-csv",)))
    shared(live)
    [one] = waiting(live)
    heading, *rows = b64decode(one["data"]).decode().splitlines()
    assert one["contentType"] == "text/csv"
    assert heading.startswith("id;employee;person;employer;start;end;kind;degree")
    assert rows
    form = re.compile(r"[0-9a-f-]+;(17)?;[0-9]{11};313000001;[0-9-]{10};[0-9-]{10};sick-certified;[0-9]+")
    assert [row for row in rows if not form.fullmatch(row)] == []
    emptied(live)
