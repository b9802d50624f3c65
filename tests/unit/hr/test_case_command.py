"""`samspill case timeline` as an officer uses it, and the rows that it reads."""

import json
from datetime import UTC, datetime

import pytest
from hr_kit import PERSON, ROOT
from in_process import samspill

from adapters.fhir import codec
from gateway.cli.case import months
from gateway.core.errors import ConfigurationError
from gateway.wiring.followup import load, read

FILE = f"""id;employee;person;start;end;kind;degree
1;0001;{PERSON};2026-01-05;2026-01-09;sick-self;100
2;0001;{PERSON};2026-01-12;;sick-unspecified;100
3;0002;;2026-01-12;2026-01-13;vacation;100
"""


def run(tmp_path, *arguments):
    path = tmp_path / "absences.csv"
    path.write_text(FILE, "utf-8")
    asked = ("--profile", "generic-csv", "--synthetic", "--today", "2026-02-10")
    return samspill("case", "timeline", path, *asked, *arguments)


def test_each_point_has_its_day_and_its_basis_and_nobody_is_named(tmp_path):
    done = run(tmp_path, "--row", "3")
    assert done.returncode == 0, done.stderr
    assert "2026-02-02  passed       employer   A follow-up plan is to be drawn up" in done.stdout
    assert "[aml § 4-6 (3); verified]" in done.stdout
    assert "2027-01-04  ahead" in done.stdout
    assert PERSON not in done.stdout


def test_it_is_fhir_that_our_own_reader_takes(tmp_path):
    done = run(tmp_path, "--row", "2", "--fhir")
    decoded = codec.decode(done.stdout.encode())
    assert decoded.resource, [str(issue) for issue in decoded.issues]
    kinds = [entry["resource"]["resourceType"] for entry in decoded.resource["entry"]]
    assert kinds == ["CarePlan", *["Task"] * 6]


def test_a_note_of_somebody_else_is_not_joined(tmp_path):
    other = ROOT / "gateway/sandbox/messages/full.json"
    done = run(tmp_path, "--row", "2", "--certificate", str(other))
    assert done.returncode == 3
    assert "not certainly about the same person" in done.stderr


def test_the_person_s_own_note_makes_the_unspecified_days_certified(tmp_path):
    text = (ROOT / "gateway/sandbox/messages/full.json").read_text("utf-8")
    number = next(
        one["value"]
        for entry in json.loads(text)["entry"]
        if entry["resource"]["resourceType"] == "Patient"
        for one in entry["resource"]["identifier"]
    )
    note = tmp_path / "note.json"
    note.write_text(text.replace(number, PERSON), "utf-8")
    plain = run(tmp_path, "--row", "2")
    with_note = run(tmp_path, "--row", "2", "--certificate", str(note))
    assert with_note.returncode == 0, with_note.stderr
    assert "sick-unspecified" in plain.stdout
    assert "sick-certified" not in plain.stdout
    assert "sick-certified" in with_note.stdout


@pytest.mark.parametrize(("row", "said"), [("9", "no absence in this row"), ("4", "no absence for illness")])
def test_a_row_without_a_case_says_so(tmp_path, row, said):
    done = run(tmp_path, "--row", row)
    assert done.returncode == 3
    assert said in done.stderr


def test_absence_by_month_names_nobody_and_says_nothing_of_few(tmp_path, capsys):
    path = tmp_path / "absences.csv"
    rows = [f"{n};00{n:02};;2026-01-30;{'2026-02-02' if n < 3 else '2026-01-31'};sick-self;100" for n in range(1, 7)]
    path.write_text("\n".join(["id;employee;person;start;end;kind;degree", *rows, ""]), "utf-8")
    months(path, "generic-csv", datetime(2026, 12, 31, tzinfo=UTC), synthetic=True)
    assert capsys.readouterr().out == "2026-01  6 people, 12 days\n2026-02  fewer than 5 people\n"


def test_the_points_are_those_that_the_law_names():
    law = load(ROOT / "mappings", "norway")
    assert [one.days for one in law.points] == [7 * weeks for weeks in (4, 7, 8, 26, 39, 52)]
    assert all(one.basis and one.nb and one.en for one in (*law.points, *law.signals))
    sweden = load(ROOT / "mappings", "sweden")
    assert (sweden.between, sweden.sick_pay_days) == (4, 14)
    assert all(one.basis and one.nb and one.en and one.sv for one in sweden.points)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("after-weeks: 4", "after-weeks: four", "a whole number of at least 1"),
        ("who: employer", "who: nobody", "not one of certifier, employer"),
        ("after-weeks: 4", "after-days: 4\n    after-weeks: 4", "a point has one of"),
        ("days-between: 16", "between: 16", "between"),
        ("status: verified", "status: sure", "not one of memory, verified"),
        ("    full-weeks: 8\n", "", "a signal has at-least and within-days, or full-weeks"),
        ('basis: "aml § 4-6 (3)"\n    ', "", "there is no basis here"),
    ],
)
def test_a_mistake_in_the_rows_is_told_at_its_place(tmp_path, old, new, said):
    text = (ROOT / "mappings/followup/norway.yaml").read_text("utf-8")
    assert old in text
    folder = tmp_path / "mappings"
    (folder / "followup").mkdir(parents=True)
    (folder / "followup/norway.yaml").write_text(text.replace(old, new, 1), "utf-8")
    assert said in str(read(folder)[1][0])
    with pytest.raises(ConfigurationError):
        load(folder, "norway")
