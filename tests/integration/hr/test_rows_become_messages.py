"""Rows that are more than absence: income reports to NAV, registers that join numbers, days that employees certify."""

import uuid

import httpx
from live_line import Live, until
from sqlalchemy import text

PERSON = "14858412006"
WORD = "Kvitsoppfeber"
HEADINGS = (
    "id;employee;person;employer;purpose;close_relation;first_day;monthly_income;refund;refund_ends;period_start;"
    "period_end;paid_in_period;reduced;contact;telephone;system;system_version;note\n"
)


def report(employment: str, **changed: str) -> str:
    cells = {
        **dict.fromkeys(HEADINGS.strip().split(";"), ""),
        "person": PERSON,
        "employer": "313000001",
        "purpose": "new",
        "close_relation": "no",
        "first_day": "2026-11-02",
        "monthly_income": "42350.75",
        "contact": "Prøve Lønnsdatter",
        "telephone": "55000001",
        "system": employment,
        "system_version": "7.1",
        "note": WORD,
        **changed,
    }
    return ";".join(cells.values()) + "\n"


def uploaded(live: Live, body: str, profile: str, more: str = "") -> tuple[dict[str, object], str]:
    """Upload a file, and give how it went and its table of errors."""
    with live.client("employer") as calling:
        answer = calling.post(f"/hr/absences?profile={profile}{more}", content=body.encode())
        assert answer.status_code == 202, answer.text
        where = answer.headers["Location"]
        found = until(lambda: (d := calling.get(where).json())["state"] in ("done", "refused") and d)
        return found, calling.get(f"{where}/errors.csv").text


def asked(live: Live, **who: str) -> httpx.Response:
    with live.client("employer") as calling:
        return calling.post("/hr/cases", json=who)


def messages(live: Live) -> int:
    with live.scene.gateway.database.engine.connect() as connection:
        return int(connection.execute(text("select count(*) from inbound")).scalar_one())


def at_nav(live: Live, mark: str) -> list[str]:
    return [one.body.decode() for one in live.scene.nav.received if mark.encode() in one.body]


def test_a_row_of_income_is_a_report_to_nav_once_and_one_that_lacks_something_says_which_column(live: Live) -> None:
    mark = f"L-{uuid.uuid4().hex[:8]}"
    body = HEADINGS + report(mark) + report(mark, system="") + report(mark, employer="315000017")
    found, errors = uploaded(live, body, "generic-income")
    assert (found["good"], found["refused"]) == (1, 2)
    rows = [line.split(";")[:2] for line in errors.splitlines()[1:]]
    assert ['"3"', '"system"'] in rows
    assert any(row[0] == '"4"' for row in rows)
    [sent] = until(lambda: at_nav(live, mark))
    assert "<arbeidstakerFnr>14858412006<" in sent.replace("i:", "")
    assert WORD not in sent + errors
    again, _ = uploaded(live, HEADINGS + report(mark) + report(f"{mark}b"), "generic-income")
    assert (again["good"], again["repeated"]) == (1, 1)
    assert len(until(lambda: at_nav(live, f"{mark}b"))) == 1
    assert len(at_nav(live, mark)) == 2


def test_all_or_nothing_sends_no_report_when_one_would_be_refused(live: Live) -> None:
    mark = f"L-{uuid.uuid4().hex[:8]}"
    body, before = HEADINGS + report(mark) + report(mark, system=""), messages(live)
    found, errors = uploaded(live, body, "generic-income", "&all-or-nothing=yes")
    assert (found["state"], found["good"], found["refused"]) == ("refused", 0, 1)
    assert '"3";"system"' in errors
    assert messages(live) == before


def test_an_employee_number_has_no_case_until_a_register_says_whose_it_is_and_then_the_persons(live: Live) -> None:
    number, person = uuid.uuid4().hex[:6] + "7", "17857110021"
    rows = "employee;start;end;kind;degree\n" + "".join(
        f"{number};{day};{day};sick-self;100\n" for day in ("2026-11-06", "2026-11-09")
    )
    found, _ = uploaded(live, rows, "generic-csv")
    assert (found["good"], found["apart"]) == (2, 2)
    told = asked(live, employee=number)
    assert told.status_code == 409
    assert "whose number this is" in told.text
    assert number not in told.text
    uploaded(live, f"employee;person\n{number};{person}\n", "generic-register")
    case = asked(live, employee=number).json()
    assert case == asked(live, person=person).json()
    assert case["self-certified"] == [{"start": "2026-11-06", "end": "2026-11-09", "calendar-days": 4}]
    uploaded(
        live, f"employee;person;start;end;kind;degree\n{number};{PERSON};2020-01-06;;vacation;100\n", "generic-csv"
    )
    assert asked(live, employee=number).status_code == 409
    assert asked(live, person=person).status_code == 404
