"""Text files: separated values and fixed positions, as a stream, every cell a text, with memory for one row.

The standard library's reader in strict mode (RFC 4180 where the profile says nothing else). Decoding is strict, so that
a file in another encoding stops at the row where that shows.
"""

import csv
import io
import itertools
from collections.abc import Iterator
from typing import Any, BinaryIO

from adapters.hr.profile import Profile
from adapters.hr.rows import Outcome, outcomes, plan
from gateway.core.errors import Issue, NotAcceptable

CHUNK = 1 << 18
LONGEST = 1 << 16
"""Most characters of a cell; a quote that never ends is told here at the latest."""

LINE_ENDS = (b"\n", b"\r", b"\x1a")
"""What a whole line ends with; old systems write one character more after the last."""


OTHERS = (
    (
        b"pk\x03\x04",
        "this is a spreadsheet or a ZIP, and no text",
        "save it as CSV, or use a profile of `format: xlsx`",
    ),
    (b"\xd0\xcf\x11\xe0", "this is a spreadsheet of the old kind (.xls), and no text", "save it as .xlsx or as CSV"),
    (b"\xff\xfe", "the file is UTF-16, Excel's «Unicode Text»", "save it as «CSV UTF-8»"),
    (b"\xfe\xff", "the file is UTF-16, Excel's «Unicode Text»", "save it as «CSV UTF-8»"),
    (b"<html", "this is a web page, and no text of cells", "open it in a spreadsheet and save it as CSV"),
    (b"<!doctype", "this is a web page, and no text of cells", "open it in a spreadsheet and save it as CSV"),
)
"""What other kinds of file begin with, in small letters, and what to do about them."""

LONGEST_MARK = 64


class Ending(io.RawIOBase):
    """Passes bytes on, and tells whether a text ends in the middle of a line.

    A line without its end is only known to be one when there is nothing after it. So `cut` becomes true just before a
    reader gives that line, and never for a text whose last line is whole.
    """

    def __init__(self, source: BinaryIO, *, complete: bool) -> None:
        super().__init__()
        self._source = source
        self._complete = complete
        self._last = b""
        self.cut = False

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read some bytes."""
        got = self._source.read(len(buffer))
        if not self._last:
            no_text(got[:LONGEST_MARK])
        buffer[: len(got)] = got
        if got:
            self._last = got[-1:]
        else:
            self.cut = self._complete and self._last not in (b"", *LINE_ENDS)
        return len(got)


def read(source: BinaryIO, profile: Profile, *, synthetic: bool) -> Iterator[Outcome]:
    """Give the outcome of each row. Raises `NotAcceptable` where the file as a whole stops being readable."""
    ending = Ending(source, complete=profile.complete)
    encoding = "utf-8-sig" if profile.encoding == "utf-8" else profile.encoding
    text = io.TextIOWrapper(io.BufferedReader(ending, CHUNK), encoding, errors="strict", newline="")
    csv.field_size_limit(LONGEST)
    rows = csv.reader(text, delimiter=profile.delimiter, quotechar=profile.quote, strict=True)
    try:
        yield from (_fixed if profile.format == "fixed" else _csv)(text, rows, profile, synthetic, ending)
    except UnicodeDecodeError:
        raise NotAcceptable([_undecodable(rows.line_num, profile)]) from None
    except csv.Error as wrong:
        raise NotAcceptable([_broken(rows.line_num, wrong)]) from None


def no_text(head: bytes) -> None:
    """Raise `NotAcceptable` for a file that begins as no text of cells does."""
    head = head.lstrip().lower()
    for mark, what, mend in OTHERS:
        if head.startswith(mark):
            raise NotAcceptable([Issue("structure", "in the file", what, mend)])


def _undecodable(line: int, profile: Profile) -> Issue:
    mend = "is it the encoding that the profile says, all through? Excel's «CSV» is cp1252, «CSV UTF-8» is utf-8"
    at = f"after line {line}" if line else "in the file"
    return Issue("structure", at, f"the file is not {profile.encoding} from here on", mend)


def _broken(line: int, wrong: csv.Error) -> Issue:
    endless = "unexpected end" in str(wrong) or "limit" in str(wrong)
    what = "a quoted cell never ends" if endless else "a quote stands where none may"
    return Issue("structure", f"after line {line}", what, "the file may be cut, or a quote in a cell is not doubled")


def _csv(text: Any, rows: Any, profile: Profile, synthetic: bool, ending: Ending) -> Iterator[Outcome]:
    del text
    for _ in range(profile.skip):
        next(rows, None)
    first = profile.skip + 1
    names = next(rows, None)
    if names is None:
        raise NotAcceptable([Issue("structure", "row 1", "the file is empty")])
    if profile.header:
        how = plan([name.strip() for name in names], profile, synthetic=synthetic)
        return outcomes(rows, how, first + 1, ending)
    numbered = [str(number) for number in range(1, len(names) + 1)]
    return outcomes(itertools.chain([names], rows), plan(numbered, profile, synthetic=synthetic), first, ending)


def _fixed(text: Any, rows: Any, profile: Profile, synthetic: bool, ending: Ending) -> Iterator[Outcome]:
    del rows
    names = [*(one.name for one in profile.columns), *profile.drop]
    spans = [(int(first) - 1, int(last)) for first, _, last in (name.partition("-") for name in names)]
    length = max(last for _, last in spans)
    lines = itertools.islice(text, profile.skip, None)

    def cells() -> Iterator[list[str]]:
        for line in lines:
            bare = line.rstrip("\r\n\x1a")
            if len(bare) == length:
                yield [bare[first:last].strip() for first, last in spans]
            else:
                yield [""] * (len(names) + (1 if len(bare) > length else -1)) if bare else []

    return outcomes(cells(), plan(names, profile, synthetic=synthetic), profile.skip + 1, ending)
