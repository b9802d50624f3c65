"""Absence files: a check of every row against the bare readers, and the memory that it takes."""

import csv
import datetime as dt
import itertools
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from python_calamine import CalamineWorkbook

from gateway.bench import Ratio, sheets
from gateway.edge.library import default_folder
from gateway.wiring.absences import Profiles, Tally, outcomes

ROWS, SHEET_ROWS, ROUNDS = 1_000_000, 100_000, 3
PERSONS = 20_000
LIMIT = 3.0
MEMORY = 64 * 1024 * 1024
HEADINGS = ("id", "employee", "employer", "start", "end", "kind", "degree", "hours", "days", "note")
EXCEL_ZERO = dt.date(1899, 12, 30)
KINDS = ("sick-self", "sick-certified", "sick-child", "vacation")


def rows(count: int) -> Iterator[tuple[str, ...]]:
    """Give absences of invented persons, ten columns each."""
    first = dt.date(2025, 1, 1)
    for n in range(count):
        start = first + dt.timedelta(days=n * 7 % 700)
        length = n % 16
        yield (
            *(f"r{n}", f"{n * 7919 % PERSONS:06}", ""),
            *(start.isoformat(), (start + dt.timedelta(days=length)).isoformat()),
            *(KINDS[n % len(KINDS)], ("100", "50", "62.5")[n % 3], f"{7.5 * (n % 3 + 1)}", str(min(n % 3, length)), ""),
        )


def _typed(row: tuple[str, ...]) -> Iterator[str | float | tuple[float, int]]:
    """Give the cells of a row as a spreadsheet has them: days as numbers shown as dates, amounts as numbers."""
    for heading, cell in zip(HEADINGS, row, strict=True):
        if heading in ("start", "end"):
            yield (dt.date.fromisoformat(cell) - EXCEL_ZERO).days, sheets.DATE
        else:
            yield float(cell) if heading in ("degree", "hours", "days") else cell


def write_csv(path: Path, count: int) -> None:
    """Write a file of absences in our own layout."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=";", lineterminator="\n")
        writer.writerow(HEADINGS)
        writer.writerows(rows(count))


def run() -> list[Ratio]:
    """Measure in turns: the reference is what the bare reader needs with the same cells as typed values."""
    with tempfile.TemporaryDirectory() as folder:
        text, sheet = Path(folder) / "absences.csv", Path(folder) / "absences.xlsx"
        write_csv(text, ROWS)
        sheets.write(sheet, itertools.chain([HEADINGS], map(_typed, rows(SHEET_ROWS))))
        ours, bare = _medians(lambda: _check(text), lambda: _bare(text))
        ours_sheet, bare_sheet = _medians(lambda: _check_sheet(sheet), lambda: _bare_sheet(sheet))
        return [
            Ratio(f"hr check, {ROWS} rows of CSV, against csv.reader with typed values", ours, bare, LIMIT),
            Ratio(f"hr check, {SHEET_ROWS} rows of XLSX, against calamine", ours_sheet, bare_sheet, LIMIT),
            Ratio(
                f"hr check, {ROWS} rows of CSV, memory above start-up, against {MEMORY >> 20} MB",
                _memory(text),
                MEMORY,
                1.0,
                in_bytes=True,
            ),
        ]


def _check(path: Path) -> None:
    tally = Tally()
    with path.open("rb") as source:
        for _ in outcomes(source, Profiles(default_folder()).get("generic-csv"), tally, synthetic=True):
            pass
    if tally.good != ROWS:
        raise AssertionError("not every row was read")


def _check_sheet(path: Path) -> None:
    profile = replace(Profiles(default_folder()).get("generic-csv"), format="xlsx")
    tally = Tally()
    with path.open("rb") as source:
        for _ in outcomes(source, profile, tally, synthetic=True):
            pass
    if tally.good != SHEET_ROWS:
        raise AssertionError("not every row was read")


def _bare(path: Path) -> None:
    """Read it as one would by hand: the standard library's reader, dates and numbers as such."""
    day = dt.date.fromisoformat
    with path.open(encoding="utf-8", newline="") as source:
        reader = csv.reader(source, delimiter=";")
        next(reader)
        for row in reader:
            day(row[3]), day(row[4]), float(row[6]), float(row[7]), int(row[8])


def _bare_sheet(path: Path) -> None:
    for _ in CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).iter_rows():
        pass


def _medians(*functions: Callable[[], Any]) -> list[float]:
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(ROUNDS):
        for function, found in zip(functions, times, strict=True):
            start = perf_counter()
            function()
            found.append(perf_counter() - start)
    return [median(found) for found in times]


def _memory(path: Path) -> float:
    """Give the most bytes above start-up that a check needs, in a process of its own."""
    program = f"from gateway.bench.hr import peak; print(peak({str(path)!r}))"
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)  # noqa: S603
    return float(found.stdout)


def peak(path: str) -> int:
    """Give by how many bytes the largest size of this process grows while a file is checked."""
    before = _largest()
    _check(Path(path))
    return _largest() - before


def _largest() -> int:
    """Give the most bytes that this process has had in memory, as Linux counts them."""
    said = Path("/proc/self/status").read_text("ascii")
    return 1024 * int(said.partition("VmHWM:")[2].split()[0])
