"""Words planted in the free texts of absence files come out nowhere: not in records, refusals, reports or proposals."""

import io
import json

import pytest
from in_process import samspill

from adapters.hr.tally import error_lines, safe
from gateway.bench import sheets
from gateway.core.errors import Issue
from gateway.edge.library import default_folder
from gateway.wiring.absences import Profiles, Tally, account, outcomes, propose, refusals

WORD = "Kvitsoppfeber"
HEADINGS = ["id", "employee", "start", "end", "kind", "degree", "note"]
GOOD = ["1", "0017", "2026-01-05", "2026-01-07", "sick-self", "100", WORD]


def csv(*rows):
    return "".join(";".join(row) + "\n" for row in rows).encode()


FILES = {
    "in the column for it": csv(HEADINGS, GOOD),
    "in every other cell": csv(HEADINGS, *([*GOOD[:i], WORD, *GOOD[i + 1 :]] for i in range(6))),
    "as a heading": csv([*HEADINGS, WORD], [*GOOD, "x"]),
    "in a first row without headings": csv([WORD, *GOOD[1:]]),
    "in a row that is too long": csv(HEADINGS, [*GOOD, WORD]),
    "in a quote that never ends": csv(HEADINGS, [*GOOD[:-1], '"' + WORD]),
    "before a byte that is no UTF-8": csv(HEADINGS, GOOD) + WORD.encode() + b"\xe5",
}


@pytest.mark.parametrize("raw", FILES.values(), ids=list(FILES))
def test_a_word_planted_in_a_text_file_comes_out_nowhere(raw):
    profile = Profiles(default_folder()).get("generic-csv")
    tally = Tally()
    issues = list(refusals(outcomes(io.BytesIO(raw), profile, tally, synthetic=True)))
    told = [
        *map(str, (*issues, *tally.stopped, *tally.noted)),
        *error_lines((*issues, *tally.stopped)),
        json.dumps(list(account(io.BytesIO(raw), profile, synthetic=True)), ensure_ascii=False),
    ]
    assert not [text for text in told if WORD in text]


def test_a_word_planted_in_a_spreadsheet_or_paxml_comes_out_nowhere():
    known = Profiles(default_folder())
    out = io.BytesIO()
    sheets.write(
        out, [["Worker ID", "Time Off Type", "Date", "Quantity", "Unit", "Comment", "Worker"], ["1", WORD] * 3]
    )
    text = (
        '<paxml><tidtransaktioner><tidtrans anstid="1"><tidkod>SJK</tidkod><datum>2026-01-05</datum>'
        f"<info>{WORD}</info><kontonr>{WORD}</kontonr></tidtrans><tidtrans anstid='{WORD} x'><tidkod>{WORD}</tidkod>"
        f"<datum>{WORD}</datum></tidtrans></tidtransaktioner><{WORD}/></paxml>"
    )
    for raw, name in ((out.getvalue(), "workday"), (text.encode(), "paxml")):
        found = list(account(io.BytesIO(raw), known.get(name), synthetic=True))
        assert found
        assert WORD not in json.dumps(found)


def test_a_word_planted_in_a_sample_is_not_in_its_proposal():
    assert WORD not in propose(io.BytesIO(csv(HEADINGS, GOOD)))


def test_the_command_repeats_nothing(tmp_path):
    given = tmp_path / "absences.csv"
    given.write_bytes(FILES["in every other cell"])
    errors = tmp_path / "errors.csv"
    for more in (["--errors", str(errors)], ["--json"]):
        done = samspill("hr", "check", given, "--profile", "generic-csv", *more)
        assert done.returncode == 3, done.stderr
        assert WORD not in done.stdout + done.stderr
    assert WORD not in errors.read_text("utf-8-sig")
    assert len(errors.read_text("utf-8-sig").splitlines()) == 7


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "|x", "%x"])
def test_no_cell_of_the_errors_is_a_formula(cell):
    assert safe(cell) == "'" + cell
    line = list(error_lines([Issue("value", f"row 2, column {cell}", "x", "y")]))[1]
    assert line.split(";")[1].startswith("\"'")


def test_the_errors_are_for_a_spreadsheet():
    lines = list(error_lines([Issue("value", 'row 2, column a"b', "x; y", "z")]))
    assert lines[0].startswith("\ufeff")
    assert lines[1] == '"2";"a""b";"x; y";"z"\r\n'
