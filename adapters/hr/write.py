"""What an employer gets of a sick-leave certificate, in the form of its own payroll system: rows of absence. Pure.

A profile says how a system writes absences, and so how they are written for it. Only who is away, when, and how much
is read of what was released; there is no way into a row for anything else. PAXml is written strictly as 2.0.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

from adapters.hr.cells import EMPLOYEE
from adapters.hr.profile import Column, Profile
from gateway.core.errors import Issue, NotAcceptable
from gateway.core.message import Released, Rendered
from gateway.core.vocabulary import DataClass
from gateway.model.certificate import Graded, NotPossible, SickLeaveCertificate, TreatmentDays
from gateway.model.common import Identifier
from gateway.model.intyg import EmployerCertificate, SickPayCertificate

NEEDS = frozenset({DataClass.IDENTITY, DataClass.ABSENCE})
MODELS = (SickLeaveCertificate, EmployerCertificate, SickPayCertificate)
KINDS = ("sick-certified", "sick-unspecified")
"""What a certified illness is called, in the words of a system: the first that its codes have; the second says less."""

CSV, XML = "text/csv", "application/xml"
FULL = 100
TWELVE = re.compile(r"[0-9]{12}")
PARTS = re.compile(r"yyyy|yy|mm|dd|hhmmss")


@dataclass(frozen=True, slots=True)
class Row:
    """One absence of one person: both ends included, `degree` in per cent; `number` counts from 1 in the message."""

    number: int
    message: str
    person: Identifier
    employer: str
    start: date
    end: date | None
    degree: int


def writable(profile: Profile) -> bool:
    """Whether certificates can be written for a system: spans of days, of persons told by a personal number."""
    spans = profile.format in ("csv", "paxml") and profile.mode == "range"
    return spans and profile.column("person") is not None and _code(profile) is not None


class PayrollRenderer:
    """Writes what was released as a file of a profile."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def __call__(
        self, released: Released[Any], classes: frozenset[DataClass] | None = None, *, report: bool = False
    ) -> Rendered:
        """Write it. Raises `NotAcceptable` for what the system's form has no place for, or was not released."""
        del report
        if classes is not None and not classes >= NEEDS:
            raise NotAcceptable([Issue("forbidden", "", "the rules never release here who is away, and when")])
        rows = list(_rows(released.record))
        if not rows:
            raise NotAcceptable(
                [Issue("required", "", "there is no period of absence in it that the form has room for")]
            )
        if self._profile.format == "paxml":
            return Rendered(_paxml(rows, self._profile), XML)
        return Rendered(_table(rows, self._profile), CSV)


def _rows(record: Any) -> Iterator[Row]:
    person = record.patient.id
    if person is None:
        raise NotAcceptable([Issue("required", "", "it was not released who is away", field="patient.id")])
    employer = getattr(record, "employer_orgnr", None) or ""
    for number, (start, end, degree) in enumerate(_spans(record), 1):
        yield Row(number, record.id or "", person, employer, start, end, degree)


def _spans(record: Any) -> Iterator[tuple[date, date | None, int]]:
    """Give the days and the degree of each absence; who works in a period (avventende, reisetilskudd) is not away."""
    if isinstance(record, SickPayCertificate):
        spans = [(record.start, record.end, record.degree)]
    elif isinstance(record, EmployerCertificate):
        spans = [(one.start, one.end, int(one.degree) if one.degree else None) for one in record.reductions]
    else:
        spans = [(one.start, one.end, _degree(one.kind)) for one in record.periods if _is_away(one.kind)]
    for start, end, degree in spans:
        if start is None or degree is None:
            raise NotAcceptable([Issue("required", "", "a period lacks its first day, or how much is lost")])
        yield start, end, degree


def _is_away(kind: Any) -> bool:
    return isinstance(kind, Graded | NotPossible | TreatmentDays)


def _degree(kind: Any) -> int | None:
    if isinstance(kind, TreatmentDays):
        what = "absence on days of treatment has no span and no degree, and the form has room for nothing else"
        raise NotAcceptable([Issue("not-supported", "", what)])
    return kind.degree if isinstance(kind, Graded) else FULL


def _code(profile: Profile) -> str | None:
    """Give the system's own code of certified illness; nothing when it has none."""
    plain: dict[str, str] = {}
    for name, one in profile.codes.items():
        if not one.cause and not one.ignore:
            plain.setdefault(one.kind, name)
    return next((plain[kind] for kind in KINDS if kind in plain), None)


def _table(rows: list[Row], profile: Profile) -> bytes:
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
    return text.getvalue().encode(profile.encoding)


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
    what = f"the profile {profile.name} demands the column {column.name}, which a certificate says nothing for"
    raise NotAcceptable([Issue("required", "", what, "let the column be blank in a copy of the profile")])


def _none(row: Row, column: Column, profile: Profile) -> str:
    del row, column, profile
    return ""


def _id(row: Row, column: Column, profile: Profile) -> str:
    del column, profile
    text = f"{row.message}-{row.number}"
    return text if EMPLOYEE.fullmatch(text) else ""


def _person(row: Row, column: Column, profile: Profile) -> str:
    del column
    if row.person.kind not in profile.persons:
        what = f"the profile {profile.name} has no room for a {row.person.kind}"
        raise NotAcceptable([Issue("not-supported", "", what, field="patient.id")])
    return row.person.value


def _employer(row: Row, column: Column, profile: Profile) -> str:
    del column, profile
    return row.employer


def _start(row: Row, column: Column, profile: Profile) -> str:
    del column
    return _date(row.start, profile)


def _end(row: Row, column: Column, profile: Profile) -> str:
    del column
    if row.end is not None:
        return _date(row.end, profile)
    if not profile.open_end:
        what = f"the profile {profile.name} has no word for an absence that goes on"
        raise NotAcceptable([Issue("not-supported", "", what)])
    return profile.open_end[0]


def _date(day: date, profile: Profile) -> str:
    said = {
        "yyyy": f"{day.year:04}",
        "yy": f"{day.year % 100:02}",
        "mm": f"{day.month:02}",
        "dd": f"{day.day:02}",
        "hhmmss": "000000",
    }
    return PARTS.sub(lambda part: said[part.group()], profile.dates[0])


def _kind(row: Row, column: Column, profile: Profile) -> str:
    del row, column
    return _code(profile) or ""


def _share(row: Row, column: Column, profile: Profile) -> str:
    value = Decimal(row.degree) / (1 if column.unit == "percent" else FULL)
    if column.implied:
        return str(int(value * 10**column.implied))
    return format(value, "f").replace(".", profile.decimal)


_CELLS: dict[str, Callable[[Row, Column, Profile], str]] = {
    "id": _id,
    "person": _person,
    "employer": _employer,
    "start": _start,
    "end": _end,
    "kind": _kind,
    "degree": _share,
}
"""What a certificate says for a column; for others it says nothing."""


def _paxml(rows: list[Row], profile: Profile) -> bytes:
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
            ("tidkod", _code(profile)),
            ("datumfrom", row.start.isoformat()),
            ("datumtom", row.end.isoformat()),
            ("omfattning", f"{row.degree}.00"),
        )
        for name, text in said:
            etree.SubElement(element, name).text = text
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
