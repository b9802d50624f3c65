"""Cells of a spreadsheet that hold an error, or a formula that was never calculated, told from empty cells.

The reader gives both as empty, and an empty cell may mean something (an absence that goes on). So they are written as
the texts that a person sees there, before the spreadsheet is read (ECMA-376 part 1, 18.3.1.4 and 18.18.11).
"""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

ERROR = re.compile(rb"""(<(?:\w+:)?c\s(?:[^>]*?\s)?t\s*=\s*)(?:"e"|'e')""")
FORMULA = re.compile(
    rb"(<(?P<x>(?:\w+:)?)c(?P<said>\s[^>]*)?>\s*<(?P=x)f(?:\s[^>]*)?(?:/>|>[^<]*</(?P=x)f\s*>))"
    rb"\s*(?:<(?P=x)v\s*/>|<(?P=x)v\s*>\s*</(?P=x)v\s*>)?\s*(</(?P=x)c\s*>)"
)
TEXT = re.compile(rb"""\st\s*=\s*["']str["']""")
"""A formula that came to a text, which may be empty."""

SIGNS = (b'"e"', b"'e'", b"<f", b":f")
"""What stands wherever there is such a cell, and quickly found."""

WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
"""How XML in UTF-16 begins, which no spreadsheet program writes, and in which nothing would be found."""

AT_ONCE = 1024 * 1024


class Wide(Exception):
    """A part of the spreadsheet is written in UTF-16."""


def with_errors_as_texts(source: BinaryIO) -> BinaryIO:
    """Give a spreadsheet whose broken cells are texts: the same where there are none, else a copy in memory.

    Raises `Wide`, and what `zipfile` raises for parts that cannot be unpacked.
    """
    with zipfile.ZipFile(source) as book:
        parts = {part.filename: part for part in book.infolist()}
        if any(_signs(book, part) for part in parts.values()):
            source = _rewritten(book, parts)
    source.seek(0)
    return source


def _signs(book: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    return any(sign in rows for rows in _by_rows(book, part) for sign in SIGNS)


def _rewritten(book: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo]) -> BinaryIO:
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for name, part in parts.items():
            with made.open(name, "w", force_zip64=True) as written:
                for rows in _by_rows(book, part):
                    written.write(FORMULA.sub(_uncalculated, ERROR.sub(rb'\1"str"', rows)))
    return copy


def _uncalculated(cell: re.Match[bytes]) -> bytes:
    if TEXT.search(cell["said"] or b""):
        return cell[0]
    prefix = cell["x"]
    return cell[1] + b"<" + prefix + b"v>#N/A</" + prefix + b"v>" + cell[4]


def _by_rows(book: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Give a part piece by piece, none of which ends within a row of cells."""
    with book.open(part) as unpacked:
        rest = b""
        while piece := unpacked.read(AT_ONCE):
            if not rest and piece.startswith(WIDE):
                raise Wide
            rest += piece
            end = max(rest.rfind(b"</row>"), rest.rfind(b":row>"))
            if end > 0:
                yield rest[:end]
                rest = rest[end:]
        yield rest
