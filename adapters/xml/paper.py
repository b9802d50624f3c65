"""Scans of sick notes on paper to the certificates that they are. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.xml.parse import Reads, XmlParser
from gateway.core.errors import Issue
from gateway.core.message import Parsed, Read
from gateway.model.paper import ScannedNote, astray, certificate, fields


class PaperParser:
    """Reads scans with the program of their mapping, and gives each as a certificate."""

    def __init__(self, reads: Reads) -> None:
        self._parse = XmlParser(reads)

    def __call__(self, raw: bytes, *, report: bool = False) -> Parsed[Any]:
        """Read a scan. Never raises for what a scanner sent."""
        parsed = self._parse(raw, report=report)
        note: ScannedNote | None = parsed.record
        if note is None:
            return parsed
        wrong = [*astray(note)]
        if wrong:
            told = parsed if report else self._parse(raw, report=True)
            at = {row.field: row.at for row in told.rows}
            issues = (Issue("business-rule", _place(at, field), what, mend) for field, what, mend in wrong)
            return replace(parsed, record=None, issues=(*parsed.issues, *issues))
        elsewhere = fields(note)
        rows = tuple(_renamed(row, elsewhere) for row in parsed.rows)
        return replace(parsed, record=certificate(note), rows=rows)

    def again(self, raw: bytes) -> Parsed[Any]:
        """Read bytes that were accepted before."""
        return self(raw)


def _place(at: Mapping[str, str], field: str) -> str:
    return next((place for name, place in at.items() if name.startswith(field)), "")


def _renamed(row: Read, elsewhere: Mapping[str, str]) -> Read:
    """Give a row with the certificate's name of the field that it was carried to."""
    for name, other in elsewhere.items():
        rest = row.field.removeprefix(name)
        if rest != row.field and (not rest or rest[0] in ".["):
            return row._replace(field=other + rest)
    return row
