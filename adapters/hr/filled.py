"""Rows of absence in the form of a profile: separated values, fixed positions, or PAXml (strictly 2.0). Pure."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lxml import etree

from adapters.hr.cells import EMPLOYEE
from adapters.hr.profile import Column, Profile
from gateway.core.errors import Issue, NotAcceptable
from gateway.model.common import Identifier

CSV, FIXED, XML = "text/csv", "text/plain", "application/xml"
FULL = 100
TWELVE = re.compile(r"[0-9]{12}")
PARTS = re.compile(r"yyyy|yy|mm|dd|hhmmss")
MIDNIGHT, END_OF_DAY = "000000", "240000"


@dataclass(frozen=True, slots=True)
class Row:
    """One absence of one person: both ends included, `degree` in per cent, `code` the system's own word for it."""

    id: str
    person: Identifier
    employee: str
    employer: str
    start: date
    end: date | None
    degree: int
    code: str


def table(rows: list[Row], profile: Profile) -> bytes:
    """Write separated values; a column that says nothing and may be left out is not there."""
    columns = {one.name: one for one in profile.columns}
    names = list(columns) if profile.header else sorted({*columns, *profile.drop}, key=int)
    written = [[_cell(row, columns.get(name), profile) for name in names] for row in rows]
    kept = _kept(names, columns, written) if profile.header else names
    text = io.StringIO()
    table = csv.writer(text, delimiter=profile.delimiter, quotechar=profile.quote, lineterminator="\r\n")
    for _ in range(profile.skip):
        table.writerow([])
    if profile.header:
        table.writerow(kept)
    for cells in written:
        table.writerow([cell for name, cell in zip(names, cells, strict=True) if name in kept])
    return _encoded(text.getvalue(), profile)


def fixed(rows: list[Row], profile: Profile) -> bytes:
    """Write lines of fixed positions: numbers with leading zeros, texts with blanks after them."""
    columns = {one.name: one for one in profile.columns}
    names = sorted({*columns, *profile.drop}, key=lambda name: int(name.partition("-")[0]))
    lines = ("".join(_placed(row, name, columns.get(name), profile) for name in names) for row in rows)
    return _encoded("".join(f"{line}\r\n" for line in lines), profile)


def _placed(row: Row, name: str, column: Column | None, profile: Profile) -> str:
    first, last = (int(one) for one in name.split("-"))
    text, width = _cell(row, column, profile), last - first + 1
    if len(text) > width:
        what = f"the profile {profile.name} has {width} characters for the column {name}, and that is too few"
        raise NotAcceptable([Issue("too-long", "", what)])
    counts = column is not None and column.field in ("employee", "degree") and text.isdigit()
    return text.rjust(width, "0") if counts else text.ljust(width)


def _encoded(text: str, profile: Profile) -> bytes:
    try:
        return text.encode(profile.encoding)
    except UnicodeEncodeError:
        what = f"the profile {profile.name} is written as {profile.encoding}, which has no room for a character of it"
        raise NotAcceptable([Issue("not-supported", "", what)]) from None


def _kept(names: list[str], columns: dict[str, Column], written: list[list[str]]) -> list[str]:
    """Give the columns that say something, or may not be left out."""
    said = [any(cells) for cells in zip(*written, strict=True)]
    return [name for name, there in zip(names, said, strict=True) if there or not columns[name].optional]


def _cell(row: Row, column: Column | None, profile: Profile) -> str:
    if column is None:
        return ""
    text = _CELLS.get(column.field, _none)(row, column, profile)
    if text or column.blank or column.optional or (column.field == "end" and "" in profile.open_end):
        return text
    what = f"the profile {profile.name} demands the column {column.name}, which the message says nothing for"
    raise NotAcceptable([Issue("required", "", what, "let the column be blank in a copy of the profile")])


def _none(row: Row, column: Column, profile: Profile) -> str:
    del row, column, profile
    return ""


def _id(row: Row, column: Column, profile: Profile) -> str:
    del column, profile
    return row.id if EMPLOYEE.fullmatch(row.id) else ""


def _person(row: Row, column: Column, profile: Profile) -> str:
    if row.person.kind not in profile.persons and not column.blank:
        what = f"the profile {profile.name} has no room for a {row.person.kind}"
        raise NotAcceptable([Issue("not-supported", "", what, field="patient.id")])
    return row.person.value if row.person.kind in profile.persons else ""


def _employee(row: Row, column: Column, profile: Profile) -> str:
    if column.width and row.employee and len(row.employee) != column.width:
        what = f"the profile {profile.name} has employee numbers of {column.width} characters, and this one has not"
        raise NotAcceptable([Issue("value", "", what, "nothing is cut off or filled up", field="patient.employee")])
    return row.employee


def _employer(row: Row, column: Column, profile: Profile) -> str:
    del column, profile
    return row.employer


def _start(row: Row, column: Column, profile: Profile) -> str:
    del column
    return _date(row.start, profile)


def _end(row: Row, column: Column, profile: Profile) -> str:
    del column
    if row.end is not None:
        return _date(row.end, profile, END_OF_DAY)
    if not profile.open_end:
        what = f"the profile {profile.name} has no word for an absence that goes on"
        raise NotAcceptable([Issue("not-supported", "", what)])
    return profile.open_end[0]


def _date(day: date, profile: Profile, time: str = MIDNIGHT) -> str:
    said = {
        "yyyy": f"{day.year:04}",
        "yy": f"{day.year % 100:02}",
        "mm": f"{day.month:02}",
        "dd": f"{day.day:02}",
        "hhmmss": time,
    }
    return PARTS.sub(lambda part: said[part.group()], profile.dates[0])


def _kind(row: Row, column: Column, profile: Profile) -> str:
    del column, profile
    return row.code


def _share(row: Row, column: Column, profile: Profile) -> str:
    value = Decimal(row.degree) / (1 if column.unit == "percent" else FULL)
    if column.implied:
        return str(int(value * 10**column.implied))
    return format(value, "f").replace(".", profile.decimal)


_CELLS: dict[str, Callable[[Row, Column, Profile], str]] = {
    "id": _id,
    "employee": _employee,
    "person": _person,
    "employer": _employer,
    "start": _start,
    "end": _end,
    "kind": _kind,
    "degree": _share,
}
"""What a certificate says for a column; for others it says nothing."""


def paxml(rows: list[Row], profile: Profile) -> bytes:
    """Write PAXml, strictly as 2.0 has it."""
    del profile
    root = etree.Element("paxml")
    header = etree.SubElement(root, "header")
    etree.SubElement(header, "version").text = "2.0"
    section = etree.SubElement(root, "tidtransaktioner")
    for row in rows:
        if row.end is None or not TWELVE.fullmatch(row.person.value):
            what = "PAXml has room for spans with both ends, and for personal numbers of twelve digits"
            raise NotAcceptable([Issue("not-supported", "", what, field="patient.id")])
        element = etree.SubElement(section, "tidtrans", persnr=row.person.value)
        said = (
            ("tidkod", row.code),
            ("datumfrom", row.start.isoformat()),
            ("datumtom", row.end.isoformat()),
            ("omfattning", f"{row.degree}.00"),
        )
        for name, text in said:
            etree.SubElement(element, name).text = text
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
