"""Files of absence made in the test, and what becomes of their rows."""

import io
import zipfile
from pathlib import Path

from adapters.hr.load import load
from gateway.bench import sheets
from gateway.wiring.absences import account

ROOT = Path(__file__).parents[3]
PERSON = "01819010001"

PROFILE = """
profile: made-up
title: A made-up system
version: "1"
status: assumed
file: {format: csv, encoding: utf-8, delimiter: ";"}
dates: [yyyy-mm-dd]
decimal: ","
open_end: [""]
columns:
  nr: {field: employee, blank: yes}
  fnr: {field: person, blank: yes}
  fra: start
  til: end
  kode: kind
  grad: {field: degree, unit: percent, blank: yes}
  dager: {field: days, blank: yes}
drop:
  notat: a free text
codes:
  S: sick-unspecified
  E: sick-self
  "07": vacation
  W: {ignore: working time}
"""
HEADINGS = ["nr", "fnr", "fra", "til", "kode", "grad", "dager", "notat"]


def profile(*changes):
    """Give the made-up profile with parts of its text replaced."""
    text = PROFILE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    made, faults = load(text, "profile.yaml")
    assert faults == []
    return made


def faults(*changes):
    """Give the faults of the made-up profile with parts of its text replaced."""
    text = PROFILE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return [str(fault) for fault in load(text, "profile.yaml")[1]]


def read(raw, made=None, *, synthetic=True):
    """Give what becomes of each row of a file."""
    return list(account(io.BytesIO(raw), made or profile(), synthetic=synthetic))


def line(**cells):
    """Give a row of the made-up system with cells replaced."""
    usual = dict(zip(HEADINGS, ["0017", "", "2026-01-05", "2026-01-07", "S", "100", "", ""], strict=True))
    return ";".join({**usual, **cells}.values()) + "\n"


def file(*lines):
    """Give a file of the made-up system."""
    return (";".join(HEADINGS) + "\n" + "".join(lines)).encode()


def sheet(*rows):
    """Give a spreadsheet of the made-up system."""
    out = io.BytesIO()
    sheets.write(out, [HEADINGS, *rows])
    return out.getvalue()


def bomb():
    """Give a small ZIP that unpacks to more than is read."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open("xl/worksheets/sheet1.xml", "w") as part,
    ):
        for _ in range(520):
            part.write(bytes(1024 * 1024))
    return out.getvalue()
