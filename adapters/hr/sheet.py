"""Spreadsheets (XLSX), by calamine. The whole sheet stands in memory, so what may be unpacked has a limit."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

from adapters.hr.broken import Wide, with_errors_as_texts
from adapters.hr.profile import Profile
from adapters.hr.rows import Outcome, outcomes, plan
from gateway.core.errors import Issue, NotAcceptable

MOST_UNPACKED = 512 * 1024 * 1024
MOST_PARTS = 2000


BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
)
"""What `zipfile` raises for an archive that is none, or whose parts do not unpack."""


def read(source: BinaryIO, profile: Profile, *, synthetic: bool) -> Iterator[Outcome]:
    """Give the outcome of each row. Raises `NotAcceptable` when it is no sheet that the profile can read."""
    _small_enough(source)
    sheet = _sheet(source, profile)
    first = (sheet.start or (0, 0))[0] + 1
    rows = sheet.iter_rows()
    for _ in range(profile.skip):
        next(rows, None)
    names = next(rows, None)
    if names is None:
        raise NotAcceptable([Issue("structure", "row 1", "the sheet is empty")])
    first += profile.skip
    if profile.header:
        how = plan([str(name).strip() for name in names], profile, synthetic=synthetic)
        yield from outcomes(_plain(rows), how, first + 1)
        return
    numbered = [str(number) for number in range(1, len(names) + 1)]
    yield from outcomes(_plain(_after(names, rows)), plan(numbered, profile, synthetic=synthetic), first)


def _after(first: list[Any], rest: Iterator[list[Any]]) -> Iterator[list[Any]]:
    yield first
    yield from rest


def _plain(rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
    """Write truth values as texts; as they are, they equal 0 and 1."""
    for row in rows:
        yield [str(cell) if cell is True or cell is False else cell for cell in row] if bool in map(type, row) else row


def _small_enough(source: BinaryIO) -> None:
    try:
        parts = zipfile.ZipFile(source).infolist()
    except BROKEN:
        mend = "save it as .xlsx; a password or the old .xls is not read"
        raise NotAcceptable([Issue("structure", "", "this is not an XLSX file", mend)]) from None
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        mend = f"split it; at most {MOST_UNPACKED // 1024 // 1024} MB are unpacked"
        raise NotAcceptable([Issue("too-long", "", "the spreadsheet is too large", mend)])
    source.seek(0)


def _sheet(source: BinaryIO, profile: Profile) -> CalamineSheet:
    try:
        book = CalamineWorkbook.from_filelike(with_errors_as_texts(source))
        shown = [one.name for one in book.sheets_metadata if one.visible is SheetVisibleEnum.Visible]
        if profile.sheet:
            shown = [name for name in shown if name == profile.sheet]
        if len(shown) != 1:
            raise NotAcceptable([_no_sheet(profile)])
        return book.get_sheet_by_name(shown[0])
    except PasswordError:
        raise NotAcceptable([Issue("structure", "", "the spreadsheet has a password", "save it without")]) from None
    except (CalamineError, Wide, *BROKEN):
        raise NotAcceptable(
            [Issue("structure", "", "the spreadsheet cannot be read", "save it anew as .xlsx")]
        ) from None


def _no_sheet(profile: Profile) -> Issue:
    if profile.sheet:
        return Issue("structure", "", "the sheet that the profile names is not there", "look at `sheet:`")
    return Issue("structure", "", "there is not one visible sheet alone", "let the profile name it under `sheet:`")
