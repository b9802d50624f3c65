"""A cell that holds an error, or a formula that was never calculated, is no empty cell."""

import io
import zipfile

import pytest
from hr_kit import HEADINGS, profile, read, sheet

XLSX = profile(("format: csv", "format: xlsx"))
HERE = '<c t="inlineStr"><is><t xml:space="preserve">HERE</t></is></c>'


def row(**cells):
    usual = dict(zip(HEADINGS, ["0017", "", "2026-01-05", "2026-01-07", "S", 100, "", ""], strict=True))
    return list({**usual, **cells}.values())


def remade(raw, cell=HERE, encoding="utf-8"):
    """Give a spreadsheet with another cell where it says HERE."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as book, zipfile.ZipFile(out, "w") as made:
        for name in book.namelist():
            made.writestr(name, book.read(name).decode().replace(HERE, cell).encode(encoding))
    return out.getvalue()


@pytest.mark.parametrize(
    "cell",
    [
        '<c t="e"><v>#REF!</v></c>',
        "<c s='0' t = 'e' ><f>A9</f><v>#N/A</v></c>",
        '<c t="e"><v>#SPILL!</v></c>',
        "<c><f>B1+1</f></c>",
        "<c><f>B1+1</f><v></v></c>",
        "<c><f>B1+1</f><v /></c>",
    ],
)
@pytest.mark.parametrize("column", ["til", "grad"])
def test_it_is_refused_at_its_place_and_the_rows_beside_it_stay(cell, column):
    first, second = read(remade(sheet(row(**{column: "HERE"}), row()), cell), XLSX)
    assert first["refused"][0].startswith(f"row 2, column {column}: the cell holds an error of the spreadsheet")
    assert second["absence"]["end"] == "2026-01-07"


def test_a_formula_that_came_to_a_day_or_to_an_empty_text_is_read_as_that():
    day = '<c s="1"><f>B1+1</f><v>46029</v></c>'
    empty = '<c t="str"><f>IF(1,"","")</f><v></v></c>'
    found = [read(remade(sheet(row(til="HERE")), cell), XLSX)[0]["absence"].get("end") for cell in (day, empty)]
    assert found == ["2026-01-07", None]


def test_a_spreadsheet_that_cannot_be_looked_through_is_refused():
    assert "cannot be read" in read(remade(sheet(row()), encoding="utf-16"), XLSX)[0]["stopped"][0]
