"""The account that a reporting program writes while it reads: a row for each leaf, counted where it is used.

A plain program stops at the first thing that is not acceptable; the reporting program, run after it, says everything
that is wrong and where. Both make equal records; a test holds them equal. Rows, issues and deviations hold paths and
reasons, never values.
"""

from collections.abc import Collection, Sequence
from typing import Any

from gateway.core.errors import Issue
from gateway.core.message import Deviation, Read
from gateway.mapping.run.values import Bad, Codec, Zoned, blank, malformed, token

Values = dict[str, Any]
FEW_CODES = 16
"""A list of at most so many codes is told to a sender who wrote another."""

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


class Account:
    """The account of one reading: a row for each leaf, the issues, and the deviations from the schema."""

    def __init__(self, places: Sequence[str]) -> None:
        self.places = places
        self.rows: list[Read] = []
        self.issues: list[Issue] = []
        self.deviations: list[Deviation] = []
        self.presences = 0

    # leaves

    def leaf(
        self,
        v: Values,
        key: str,
        codec: Codec,
        raw: Any,
        at: str,
        path: str,
        w: int,
        table: Any = None,
        omit: bool = False,
    ) -> None:
        """Carry one leaf to `v[key]`, or say why it cannot be."""
        if key in v:
            self.rows.append(Read(at, "unmapped", "", self.places[w], "a second value for one field"))
            return
        try:
            value = codec(raw)
        except Bad as bad:
            self.refuse(at, str(bad), w, raw=raw)
            return
        if table is not None:
            value = table.get(token(value))
            if value is None and omit:
                self.rows.append(Read(at, "unmapped", "", self.places[w], "a code that its table does not hold"))
                return
            if value is None:
                self.refuse(at, "a code that its table does not hold", w, code="code-invalid", known=table)
                return
        if isinstance(codec, Zoned) and codec.local(raw):
            self.deviations.append(Deviation(at, "a time without a zone, read as local time"))
        v[key] = value
        self.rows.append(Read(at, "carried", path, self.places[w], ""))

    def refuse(
        self, at: str, why: str, w: int, *, code: str = "value", raw: Any = None, known: Collection[str] = ()
    ) -> None:
        """Say that a leaf makes the message unacceptable; `known` are the codes that would have been taken."""
        where = self.places[w]
        if isinstance(raw, dict | list):
            self._tree(raw, at, "refused", where, why)
        else:
            self.rows.append(Read(at, "refused", "", where, why))
        mend = f"write one of {', '.join(known)}" if 0 < len(known) <= FEW_CODES else f"see the rule at {where}"
        self.issues.append(Issue(code, at, why, mend))

    def lacking(self, at: str, field: str, w: int) -> None:
        """Say that a record lacks what it makes no sense without."""
        self.issues.append(Issue("required", at, f"{field} is missing here", f"give it; see {self.places[w]}"))

    def formed(self, v: Values, key: str, system: str, forms: Any, at: str, field: str, w: int) -> None:
        """Hold a code to the form that its code system has."""
        wrong = malformed(v, key, system, forms)
        if wrong:
            what = wrong if wrong.endswith("missing") else f"{field} is {wrong}"
            self.issues.append(Issue("code-invalid", at, what, f"give a code and its system; see {self.places[w]}"))

    def two(self, at: str, what: str, w: int) -> None:
        """Say that two things stand where the schema allows one, and that they contradict each other."""
        self.issues.append(Issue("structure", at, what, f"see the rule at {self.places[w]}"))

    def fixed(self, s: str | None, values: Collection[str], at: str, w: int) -> None:
        """Account for a leaf that should be a constant."""
        if s is None or not s or s.isspace():
            return
        if token(s) in values:
            self.rows.append(Read(at, "fixed", "", self.places[w], ""))
        else:
            self.rows.append(Read(at, "dropped", "", self.places[w], "not the constant that is expected here"))
            self.deviations.append(Deviation(at, "not the constant that is expected here"))

    def aside(self, s: object, at: str, w: int, why: str) -> None:
        """Account for one scalar that a rule drops, as the display beside a code."""
        if isinstance(s, dict | list):
            self._tree(s, at, "dropped", self.places[w], why)
        elif not blank(s):
            self.rows.append(Read(at, "dropped", "", self.places[w], why))

    def present(self, at: str, path: str, w: int, before: int) -> None:
        """Count a place that says something by standing there, when nothing below it was carried."""
        if all(row.at != at for row in self.rows[before:]):
            self.presences += 1
            self.rows.append(Read(at, "carried", path, self.places[w], ""))

    def _tree(self, s: Any, at: str, outcome: str, where: str, why: str) -> None:
        if isinstance(s, dict):
            for name, value in s.items():
                self._tree(value, f"{at}.{name}", outcome, where, why)
        elif isinstance(s, list):
            for i, value in enumerate(s):
                self._tree(value, f"{at}[{i}]", outcome, where, why)
        elif not blank(s):
            self.rows.append(Read(at, outcome, "", where, why))
