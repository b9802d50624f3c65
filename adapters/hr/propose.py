"""Proposes a profile from a sample: what can be seen is filled in, what only a person knows is left open.

Nothing of the file but headings and what looks like absence codes gets into the proposal: a column that is not
recognised is proposed as dropped, and its reason is left open, so that the profile does not load until somebody has
read it.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineWorkbook

from adapters.hr.dates import BadDate, date_form
from adapters.hr.delimited import no_text
from adapters.hr.rows import MOST_COLUMNS
from gateway.core.errors import Issue, NotAcceptable

SAMPLE = 1 << 18
ROWS = 500
DELIMITERS = (";", ",", "\t", "|")
FORMS = (
    "yyyy-mm-dd",
    "dd.mm.yyyy",
    "yyyymmdd",
    "dd/mm/yyyy",
    "dd-mm-yyyy",
    "ddmmyyyy",
    "ddmmyy",
    "yymmdd",
    "yyyymmddhhmmss",
)
CODE = re.compile(r"[A-Za-z0-9ÆØÅæøåÄÖäö_/.-]{1,8}")
MOST_CODES = 60
LETTERS = re.compile(r"[^\W\d_]")
WORDS = {
    "employee": "ansattnr ansattnummer ansatt anstnr anstid anställningsnr anställningsnummer pernr medarbejdernr "
    "employeeid employeenumber employee workerid employeeemploymentcode",
    "person": "person fnr fødselsnummer personnummer persnr personnr ssn nationalid",
    "employer": "employer orgnr organisasjonsnummer organisationsnummer",
    "start": "fra fradato fom startdato start begda startdate absencestartdate datumfrom franvfran från dato "
    "date datum",
    "end": "end til tildato tom sluttdato slutt endda enddate absenceenddate datumtom franvtill till",
    "kind": "kind kode fraværskode fraværstype art awart subty absencecode tidkod franvtyp frånvaroorsak type "
    "timeofftype lønnsart lønnart code",
    "degree": "degree prosent grad fraværsprosent omfattning franvomfatt procent percent percentage",
    "hours": "timer timmar hours stdaz antalltimer",
    "days": "dager dagar days abwtg antalldager",
    "year": "år year",
    "month": "måned månad month",
    "id": "id postid løpenr",
}
FIELD_OF = {word: field for field, words in WORDS.items() for word in words.split()}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a sample shows: its form, its headings or nothing, and rows of cells."""

    form: dict[str, str]
    names: list[str]
    rows: list[list[Any]]


def propose(source: BinaryIO) -> str:
    """Give a profile, as YAML, for a sample; raises `NotAcceptable` for one in which nothing can be seen."""
    head = source.read(SAMPLE)
    if b"<paxml" in head[:4096]:
        raise NotAcceptable(
            [Issue("structure", "", "this is PAXml", "the profile paxml reads it; copy that for own codes")]
        )
    source.seek(0)
    if head[:2] != b"PK":
        no_text(head)
    seen = _sheet(source) if head[:2] == b"PK" else _text(head)
    if not seen.rows:
        raise NotAcceptable([Issue("structure", "", "the sample has no rows", "take a file with some absences")])
    return "\n".join(_written(seen)) + "\n"


def _sheet(source: BinaryIO) -> Seen:
    try:
        book = CalamineWorkbook.from_filelike(source)
        rows = book.get_sheet_by_index(0).to_python(nrows=ROWS + 1)
    except CalamineError:
        raise NotAcceptable(
            [Issue("structure", "", "the spreadsheet cannot be read", "save it anew as .xlsx")]
        ) from None
    titles = _titles(rows)
    return _headed({"format": "xlsx"} | ({"skip": str(titles)} if titles else {}), [list(row) for row in rows[titles:]])


def _text(head: bytes) -> Seen:
    try:
        text, encoding = head.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError as wrong:
        cut = len(head) == SAMPLE and wrong.start > SAMPLE - 4
        text = head[: wrong.start].decode("utf-8-sig") if cut else head.decode("cp1252", errors="replace")
        encoding = "utf-8" if cut else "cp1252"
    every = text.splitlines()
    while every and not every[0].strip():
        every.pop(0)
    skip = len(text.splitlines()) - len(every)
    if every and every[0].lower().startswith("sep="):
        every, skip = every[1:], skip + 1
    lines = [line for line in every if line.strip()][: ROWS + 1]
    delimiter = max(DELIMITERS, key=lambda one: _even(lines, one))
    if not _even(lines, delimiter):
        what = "no delimiter can be seen; it may have fixed positions"
        raise NotAcceptable([Issue("structure", "", what, "write the profile by hand: docs/hr-integrators.md")])
    rows = list(csv.reader(io.StringIO("\n".join(lines[:-1] if len(head) == SAMPLE else lines)), delimiter=delimiter))
    shown = "tab" if delimiter == "\t" else delimiter
    titles = _titles(rows)
    skip += every.index(lines[titles]) if titles < len(lines) else 0
    form = {"format": "csv", "encoding": encoding, "delimiter": shown} | ({"skip": str(skip)} if skip else {})
    return _headed(form, [list(row) for row in rows[titles:]])


def _titles(rows: Sequence[Sequence[Any]]) -> int:
    """Give how many rows stand before the headings: those of several cells of which one at most says something."""
    titles = 0
    while titles < len(rows) and len(rows[titles]) > 1 and sum(cell not in ("", None) for cell in rows[titles]) <= 1:
        titles += 1
    return titles


def _even(lines: list[str], delimiter: str) -> int:
    """Give how many delimiters the lines have, if nearly all have as many; else nothing."""
    counts = [line.count(delimiter) for line in lines]
    usual = max(set(counts), key=counts.count, default=0)
    return usual if counts.count(usual) >= 0.8 * len(counts) else 0


def _headed(form: dict[str, str], rows: list[list[Any]]) -> Seen:
    """Tell whether the first row has headings: nothing in it is a number or a date, and all of it is different."""
    if not rows:
        return Seen(form, [], [])
    first = rows[0]
    if len(first) > MOST_COLUMNS:
        raise NotAcceptable([Issue("too-costly", "row 1", f"the sample has more than {MOST_COLUMNS} columns")])
    names = [str(cell).strip() for cell in first]
    headed = all(isinstance(cell, str) and not re.search(r"\d{3}", cell) for cell in first)
    headed = headed and len(set(names)) == len(names) and any(LETTERS.search(name) for name in names)
    if headed:
        return Seen(form, names, rows[1:])
    return Seen({**form, "header": "no"}, [str(number) for number in range(1, len(first) + 1)], rows)


def _written(seen: Seen) -> list[str]:
    headed = "header" not in seen.form
    columns = {name: [row[i] for row in seen.rows if len(row) > i] for i, name in enumerate(seen.names)}
    fields = _fields(columns, headed=headed)
    dates = _forms(cell for name, field in fields.items() if field in ("start", "end") for cell in columns[name])
    decimal = (
        "."
        if any(_looks(columns[n], r"\d+\.\d+") for n, f in fields.items() if f in ("degree", "hours", "days"))
        else ","
    )
    lines = [
        "# Proposed from a sample. Read every line; the profile does not load before you have said what is `open`.",
        "profile: my-system",
        "title: open",
        'version: "1"',
        "status: assumed",
        f"file: {{{', '.join(f'{key}: {_quoted(value)}' for key, value in seen.form.items())}}}",
        f"dates: [{', '.join(dates)}]" if dates else "dates: [open]  # no form of dates that is known fits all",
        f"decimal: {_quoted(decimal)}",
        *(['open_end: [""]  # in the sample, some have no last day'] if _unended(columns, fields) else []),
        f"mode: {'month' if 'year' in fields.values() else 'range' if 'end' in fields.values() else 'day'}",
        "columns:",
        *(f"  {_quoted(name)}: {_column(field, columns[name])}" for name, field in fields.items()),
    ]
    dropped = [name for name in seen.names if name not in fields]
    if dropped:
        lines += [
            "drop:  # why is it not carried? A free text may tell of illness",
            *(f'  {_quoted(n)}: ""' for n in dropped),
        ]
    codes = sorted({str(cell).strip() for name, field in fields.items() if field == "kind" for cell in columns[name]})
    lines.append("codes:  # a kind of absence, or {ignore: why it is none}")
    shown = [code for code in codes if CODE.fullmatch(code)][:MOST_CODES]
    lines += [f"  {_quoted(code)}: open" for code in shown] or ["  open: open"]
    if len(shown) < len(codes):
        lines.append("  # there are more in the sample, which do not look like codes")
    return lines


def _fields(columns: dict[str, list[Any]], *, headed: bool) -> dict[str, str]:
    """Give what columns seem to hold, by their headings; without headings, dates alone can be seen."""
    found: dict[str, str] = {}
    for name, cells in columns.items():
        field = FIELD_OF.get(re.sub(r"[^a-zæøåäö]", "", name.lower())) if headed else None
        if field is None and not headed and _forms(cells):
            field = "end" if "start" in found.values() else "start"
        if field and field not in found.values():
            found[name] = field
    return found


def _unended(columns: dict[str, list[Any]], fields: dict[str, str]) -> bool:
    return any(cell in ("", None) for name, field in fields.items() if field == "end" for cell in columns[name])


def _column(field: str, cells: Sequence[Any]) -> str:
    if field != "degree":
        return field
    numbers = [
        float(str(cell).replace(",", ".").rstrip("% ")) for cell in cells if re.fullmatch(r"[\d.,]+ ?%?", str(cell))
    ]
    small = bool(numbers) and max(numbers) <= 1
    unit = "percent" if not small else "fraction" if isinstance(cells[0], str) else "percent-cell"
    return f"{{field: degree, unit: {unit}}}"


def _forms(cells: Iterable[Any]) -> list[str]:
    """Give the forms that every date has; several where the sample cannot tell."""
    texts = {cell.strip() for cell in cells if isinstance(cell, str) and cell.strip()}
    if not texts:
        return []
    return [form for form in FORMS if all(_is(date_form(form), text) for text in texts)]


def _is(read: Callable[[str], Any], text: str) -> bool:
    try:
        read(text)
    except BadDate:
        return False
    return True


def _looks(cells: Iterable[Any], pattern: str) -> bool:
    return any(isinstance(cell, str) and re.fullmatch(pattern, cell.strip()) for cell in cells)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
