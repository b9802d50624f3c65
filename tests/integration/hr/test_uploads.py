"""Absence files uploaded to the running gateway, as an HR system and its owner meet them."""

import time
import uuid

import pytest
from live_line import until
from sqlalchemy import text

HEADINGS = "id;employee;start;end;kind;degree;note\n"
WORD = "Kvitsoppfeber"


def rows(count, first=0, **changed):
    mark = uuid.uuid4().hex[:8]
    cells = {"kind": "sick-self", "degree": "100", "note": WORD, **changed}
    return "".join(
        f"{mark}-{n};{n:06};2026-01-05;2026-01-07;{cells['kind']};{cells['degree']};{cells['note']}\n"
        for n in range(first, first + count)
    )


def upload(live, body, query="profile=generic-csv"):
    with live.client("employer") as calling:
        return calling.post(f"/hr/absences?{query}", content=body if isinstance(body, bytes) else body.encode())


def done(live, answer):
    assert answer.status_code == 202, answer.text

    def ended():
        time.sleep(0.3)
        with live.client("employer") as calling:
            found = calling.get(answer.headers["Location"]).json()
        return found if found["state"] in ("done", "refused") else None

    return until(ended)


def errors(live, answer):
    with live.client("employer") as calling:
        return calling.get(answer.headers["Location"] + "/errors.csv")


def count(live, query):
    with live.scene.gateway.database.engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def test_good_rows_go_on_when_some_are_bad_and_each_bad_one_is_told(live):
    answer = upload(live, HEADINGS + rows(1200) + rows(2, kind="what"))
    found = done(live, answer)
    assert {word: found[word] for word in ("rows", "good", "repeated", "refused", "ignored")} == {
        "rows": 1202,
        "good": 1200,
        "repeated": 0,
        "refused": 2,
        "ignored": 0,
    }
    table = errors(live, answer)
    assert table.headers["content-type"].startswith("text/csv")
    lines = table.content.decode("utf-8").splitlines()
    assert lines[0].startswith("\ufeff")
    assert [line.split(";")[:2] for line in lines[1:]] == [['"1202"', '"kind"'], ['"1203"', '"kind"']]


def test_the_same_file_again_is_the_same_upload_and_nothing_is_kept_twice(live):
    body = HEADINGS + rows(30)
    first, before = upload(live, body), count(live, "select count(*) from absence")
    done(live, first)
    again = upload(live, body)
    assert again.headers["Location"] == first.headers["Location"]
    assert count(live, "select count(*) from absence") <= before + 30


def test_a_longer_export_with_the_same_rows_adds_only_the_new_ones(live):
    body = HEADINGS + rows(20)
    done(live, upload(live, body))
    found = done(live, upload(live, body + rows(5)))
    assert (found["good"], found["repeated"]) == (5, 20)


def test_all_or_nothing_keeps_nothing_of_a_file_with_a_bad_row_and_says_which(live):
    before = count(live, "select count(*) from absence")
    answer = upload(live, HEADINGS + rows(600) + rows(1, degree="0"), "profile=generic-csv&all-or-nothing=yes")
    found = done(live, answer)
    assert (found["state"], found["good"], found["refused"]) == ("refused", 0, 1)
    assert count(live, "select count(*) from absence") == before
    assert '"602";"degree"' in errors(live, answer).text
    mended = done(live, upload(live, HEADINGS + rows(3), "profile=generic-csv&all-or-nothing=yes"))
    assert (mended["state"], mended["good"]) == ("done", 3)


def test_ten_thousand_bad_rows_have_ten_thousand_lines(live):
    answer = upload(live, HEADINGS + rows(10_000, kind="what") + rows(1))
    found = done(live, answer)
    assert (found["good"], found["refused"]) == (1, 10_000)
    assert len(errors(live, answer).text.splitlines()) == 10_001


def test_another_system_s_file_keeps_nothing_and_says_why(live):
    answer = upload(live, "a;b\n1;2\n")
    found = done(live, answer)
    assert (found["good"], found["refused"]) == (0, 1)
    assert "none of the profile" in errors(live, answer).text


def test_a_spreadsheet_is_read_as_well(live):
    path = live.scene.gateway.library.folder / "hr/workday/examples/01-days-with-units.in.xlsx"
    found = done(live, upload(live, path.read_bytes(), "profile=workday"))
    assert (found["good"], found["refused"]) == (2, 2)


def test_no_bytes_of_a_file_are_left_when_it_is_handled_and_none_lie_open(live):
    done(live, upload(live, HEADINGS + rows(3)))
    assert until(lambda: count(live, "select count(*) from payload where kind = 'absence-part'") == 0)
    raw = b"".join(path.read_bytes() for path in live.folder.rglob("samspill.db*"))
    assert b"sick-self" not in raw
    assert WORD.encode() not in raw


def test_a_free_text_comes_out_nowhere(live):
    gateway = live.scene.gateway
    answer = upload(live, HEADINGS + rows(1) + rows(1, kind=WORD))
    told = str(done(live, answer)) + errors(live, answer).text
    with gateway.database.engine.connect() as connection:
        kept = connection.execute(text("select record, body, wrapped from payload where kind = 'absence'")).all()
    opened = [gateway.vault.open("absence", row.record, row.body, row.wrapped) for row in kept]
    assert opened
    assert WORD not in told
    assert not [one for one in opened if WORD.encode() in one]


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 400), ("profile=generic-csv&all-or-nothing=maybe", 400), ("profile=no-such", 422), ("profile=../x", 400)],
)
def test_a_question_that_cannot_be_answered_is_refused(live, query, status):
    answer = upload(live, HEADINGS, query)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_nobody_else_may_upload_or_see_how_it_went(live):
    location = upload(live, HEADINGS + rows(1)).headers["Location"]
    with live.client("ehr") as calling:
        assert calling.post("/hr/absences?profile=generic-csv", content=b"x").status_code == 403
        assert calling.get(location).status_code == 403
    with live.client("employer") as calling:
        assert calling.get("/hr/absences/not-there").status_code == 404
