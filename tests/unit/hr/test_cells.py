"""Every way that an export goes wrong between a system and a reader, as a row that is refused and never guessed."""

import pytest
from hr_kit import HEADINGS, PERSON, bomb, file, line, profile, read, sheet

from adapters.hr.profile import FIELDS
from adapters.hr.rows import Values


def refused(found):
    assert len(found) == 1
    assert list(found[0]) == ["row", "refused"]
    return " ".join(found[0]["refused"])


def absence(found):
    assert len(found) == 1
    return found[0]["absence"]


def test_values_stand_in_the_order_of_the_fields():
    assert Values._fields == FIELDS


def test_leading_zeros_stay():
    assert absence(read(file(line(nr="00123"))))["patient.employee"] == "00123"
    assert absence(read(file(line(fnr=PERSON))))["patient.id.value"] == PERSON


def test_a_personal_number_that_lost_its_zero_is_refused_and_not_mended():
    assert "leading zeros may be lost" in refused(read(file(line(fnr=PERSON[1:]))))


def test_an_employee_number_shorter_than_the_profile_says_is_refused():
    made = profile(("nr: {field: employee", "nr: {width: 6, field: employee"))
    assert "fewer than 6 characters" in refused(read(file(line(nr="123")), made))
    assert "more than 6 characters" in refused(read(file(line(nr="1234567")), made))


@pytest.mark.parametrize("cell", ["1,23E+10", "1.23E+10", "1E10", "123.0", "123,00"])
def test_a_number_that_a_spreadsheet_has_counted_with_is_no_id(cell):
    assert "a spreadsheet has made a number of it" in refused(read(file(line(nr=cell))))


def test_the_mark_of_utf_8_is_no_part_of_the_first_heading():
    assert absence(read(b"\xef\xbb\xbf" + file(line())))


def test_cp1252_is_read_where_the_profile_says_so_and_else_stops_the_file():
    raw = file(line(), line(notat="blåbær €")).decode().encode("cp1252")
    assert len(read(raw, profile(("encoding: utf-8", "encoding: cp1252")))) == 2
    *_, last = read(raw)
    assert "the file is not utf-8 from here on" in last["stopped"][0]


def test_mixed_encodings_stop_the_file_where_they_begin_and_keep_what_was_before():
    raw = file(*[line()] * 20_000) + line(notat="grønn").encode("cp1252") + line().encode()
    found = read(raw)
    assert "stopped" in found[-1]
    assert len(found) > 10_000
    assert all("absence" in one for one in found[:-1])


@pytest.mark.parametrize(
    ("cell", "degree"), [("50", "50"), ("62,5", "62.5"), ("33,33", "33.33"), ("50 %", "50"), ("50%", "50")]
)
def test_decimals_are_read_with_the_sign_of_the_profile(cell, degree):
    assert absence(read(file(line(grad=cell))))["degree"] == degree


@pytest.mark.parametrize(
    "cell", ["62.5", "1.000,5", "1 000", "+50", "5e1", "\u0665\u0660", "50,", "-12,30", "0", "101", "nan"]
)
def test_other_numbers_are_refused(cell):
    assert "column grad" in refused(read(file(line(grad=cell))))


def test_a_fraction_is_a_fraction_only_where_the_profile_says_so():
    made = profile(("unit: percent", "unit: fraction"))
    half = absence(read(file(line(grad="0,5")), made))
    assert (half["degree"], half["amounts[0].value"], half["amounts[0].unit"]) == ("50", "0.5", "fraction")
    assert "column grad" in refused(read(file(line(grad="50")), made))


@pytest.mark.parametrize("day", ["05.01.2026", "2026-1-5", "2026-02-30", "20260105", "2026-W02-1", "2026-01-05T00:00"])
def test_a_date_of_another_form_is_refused(day):
    assert "column fra" in refused(read(file(line(fra=day))))


def test_a_date_that_two_forms_read_differently_is_refused():
    made = profile(("dates: [yyyy-mm-dd]", "dates: [ddmmyyyy, mmddyyyy]"))
    assert "no date, or two" in refused(read(file(line(fra="03042026", til="")), made))
    assert absence(read(file(line(fra="25122026", til="")), made))["start"] == "2026-12-25"


@pytest.mark.parametrize(
    ("first", "last", "column"),
    [("9999-12-30", "9999-12-31", "fra"), ("0001-01-01", "", "fra"), ("2026-01-05", "9999-12-31", "til")],
)
def test_a_day_that_nobody_can_be_away_on_is_refused_at_its_cell(first, last, column):
    said = refused(read(file(line(fra=first, til=last))))
    assert f"column {column}: a day in the years 1990 to 2100" in said


def test_an_absence_of_decades_is_refused_unless_the_profile_says_that_it_goes_on():
    decades = file(line(til="2099-12-31"))
    assert "spans more than ten years" in refused(read(decades))
    made = profile(('open_end: [""]', 'open_end: ["", "2099-12-31"]'))
    assert "end" not in absence(read(decades, made))
    in_a_sheet = profile(("format: csv", "format: xlsx"), ('open_end: [""]', 'open_end: ["2099-12-31"]'))
    assert "end" not in absence(read(sheet(row(til=(73050, sheets_date()))), in_a_sheet))


def test_an_unknown_code_is_refused_and_its_text_is_not_repeated():
    said = refused(read(file(line(kode="Influensa"))))
    assert "no such code" in said
    assert "Influensa" not in said


def test_what_contradicts_itself_is_refused():
    assert "last day is before the first" in refused(read(file(line(til="2026-01-04"))))
    assert "more days than it spans" in refused(read(file(line(dager="4"))))
    assert "who is away" in refused(read(file(line(nr=""))))


def test_everything_that_is_wrong_with_a_row_is_told_at_once():
    assert len(read(file(line(fra="x", kode="x", grad="x")))[0]["refused"]) == 3


def test_a_row_that_is_no_absence_says_why():
    assert read(file(line(kode="W"))) == [{"row": 2, "ignored": "working time"}]


def test_synthetic_persons_are_refused_where_persons_are_real():
    assert "synthetic series" in refused(read(file(line(fnr=PERSON)), synthetic=False))


def test_real_persons_are_refused_where_persons_are_invented():
    nobody = "01010000035"
    said = refused(read(file(line(fnr=nobody))))
    assert "column fnr" in said
    assert nobody not in said


def test_rows_that_are_cut_or_too_long_are_refused_and_empty_ones_are_nothing():
    raw = file("0017;;2026-01-05\n", line().replace("\n", ";x\n"), "\n", ";;;;;;;\n", line())
    found = read(raw)
    assert [("refused" in one, one["row"]) for one in found] == [(True, 2), (True, 3), (False, 6)]


def test_a_file_that_ends_in_the_middle_of_a_line_does_not_pass_its_last_row():
    whole = file(line(), line(grad="100", dager="", notat=""))
    made = profile(("drop:\n  notat: a free text\n", ""), ("  dager: {field: days, blank: yes}\n", ""))
    shorter = (
        "\n".join(one.removesuffix(";;") for one in whole.decode().splitlines()).replace(";dager;notat", "") + "\n"
    )
    assert [one["absence"]["degree"] for one in read(shorter.encode(), made)] == ["100", "100"]
    cut = shorter.encode().removesuffix(b"0\n")
    assert "may be cut" in read(cut, made)[-1]["refused"][0]
    lax = profile(('delimiter: ";"', 'delimiter: ";", complete: no'))
    assert read(whole.removesuffix(b"\n"), lax)[-1]["absence"]


def test_a_quote_that_never_ends_stops_the_file():
    assert "a quoted cell never ends" in read(file(line(), line(notat='"so'), *[line()] * 9000))[-1]["stopped"][0]
    assert "never ends" in read(file(line(), line(notat='"so')))[-1]["stopped"][0]


def test_another_system_s_file_is_refused_as_a_whole():
    assert "is it the right profile" in read(b"a;b\n1;2\n")[0]["stopped"][0]
    assert "the file is empty" in read(b"")[0]["stopped"][0]


def test_a_column_that_is_neither_mapped_nor_dropped_stops_the_file_before_a_row():
    raw = file(line()).replace(b";notat", b";notat;diagnose", 1)
    found = read(raw)
    assert len(found) == 1
    assert found[0]["stopped"][0].startswith("row 1, column 9: the column is neither mapped nor dropped")


def test_a_missing_or_doubled_column_stops_the_file():
    assert "no column kode" in read(file(line()).replace(b";kode", b"", 1))[0]["stopped"][0]
    assert "a second time" in read(file(line()).replace(b";dager", b";grad", 1))[0]["stopped"][0]


XLSX = profile(("format: csv", "format: xlsx"))


def row(**cells):
    usual = dict(zip(HEADINGS, ["0017", "", "2026-01-05", (46029, sheets_date()), "S", 100, "", ""], strict=True))
    return list({**usual, **cells}.values())


def sheets_date():
    return 1


def test_a_spreadsheet_is_read_with_its_dates_and_numbers():
    assert absence(read(sheet(row()), XLSX)) == {
        "patient.employee": "0017",
        "start": "2026-01-05",
        "end": "2026-01-07",
        "kind": "sick-unspecified",
        "degree": "100",
        "amounts[0].value": "100",
        "amounts[0].unit": "percent",
    }


@pytest.mark.parametrize("column", ["nr", "fnr"])
def test_an_identifier_that_is_a_number_in_a_spreadsheet_has_lost_its_zeros_and_is_refused(column):
    assert "leading zeros are lost" in refused(read(sheet(row(**{column: 1019000083})), XLSX))


def test_a_number_never_passes_because_the_same_text_has():
    found = read(sheet(row(nr="17"), row(nr=17), row(nr="17")), XLSX)
    assert ["refused" in one for one in found] == [False, True, False]


def test_a_code_that_is_a_number_and_may_have_lost_a_zero_is_refused():
    assert "leading zeros are lost" in refused(read(sheet(row(kode=7)), XLSX))


@pytest.mark.parametrize("cell", ["0,5", "1,0", "1"])
def test_what_looks_like_a_fraction_in_a_column_of_per_cents_is_refused(cell):
    assert "look at `unit:`" in refused(read(file(line(grad=cell))))


def test_a_cell_formatted_as_per_cent_is_half_of_what_it_shows_and_refused_where_it_is_not_said():
    assert "at most 1" in refused(read(sheet(row(grad=(0.5, 2))), XLSX))
    made = profile(("format: csv", "format: xlsx"), ("unit: percent", "unit: percent-cell"))
    assert absence(read(sheet(row(grad=(0.5, 2))), made))["degree"] == "50"


def test_a_day_that_is_a_bare_number_is_refused():
    assert "not formatted as a date" in refused(read(sheet(row(fra=46027)), XLSX))


LATER = sheet().replace(b"PK\x01\x02", b"PK\x01\x02\xff\xff\xff\xff", 1)
NO_SHEETS = [(b"nothing", "not an XLSX file"), (bomb(), "too large"), (LATER, "not an XLSX file")]


@pytest.mark.parametrize(("raw", "said"), NO_SHEETS, ids=["no", "bomb", "of a version that there is none of"])
def test_what_is_no_spreadsheet_or_unpacks_to_too_much_is_refused(raw, said):
    assert said in read(raw, XLSX)[0]["stopped"][0]


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"\xff\xfef\x00r\x00", "UTF-16"),
        (b"PK\x03\x04rest", "a spreadsheet or a ZIP"),
        (b"\xd0\xcf\x11\xe0rest", "of the old kind"),
        (b"\r\n <HTML><body>", "a web page"),
        (b"sep=;\n" + file(line()), "skip: 1"),
        (b"Rapport;;;;;\n" + file(line()), "looks like a title"),
        (file(line()).upper(), "capital letters alone"),
        (file(line()).replace(b";", b","), "another delimiter"),
    ],
)
def test_what_is_another_kind_of_file_is_told_so(raw, what):
    [one] = read(raw)
    assert what in " ".join(one["stopped"])
