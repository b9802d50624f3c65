"""A profile: how one system writes absences. Data, read from `mappings/hr/<system>/profile.yaml`.

There is no common absence export: systems differ in columns, codes, encodings, dates and units, and customers in their
codes. What a profile does not say is refused and never guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.mapping.language import Spot

FORMATS = frozenset({"csv", "fixed", "xlsx", "paxml"})
STATUSES = frozenset({"verified", "partly", "assumed"})
MODES = frozenset({"range", "day", "month", "register", "income"})
FIELDS = (
    *("id", "employee", "person", "employer", "start", "end", "kind", "degree", "hours", "days"),
    *("quantity", "unit", "year", "month"),
)
"""What a column may hold. In mode `day`, `start` is the day; in mode `month`, `year` and `month` stand for dates.

In mode `register` a row says no absence, but whose an employee number is; in mode `income` it is an income report.
"""

INCOME_FIELDS = (
    *("id", "employee", "person", "employer", "start", "end", "kind"),
    *("first_day", "monthly", "refund", "refund_end", "paid", "reduced", "close", "purpose"),
    *("employment", "contact", "telephone", "system", "version"),
)
"""What a column may hold in mode `income`: `start` and `end` are the employer's period, and no column is a `kind`."""

NEEDED = {
    "range": ("start", "end", "kind"),
    "day": ("start", "kind"),
    "month": ("year", "month", "kind"),
    "register": ("employee", "person"),
    "income": ("person", "first_day", "monthly", "close", "purpose"),
}
DEGREES = frozenset({"percent", "fraction", "percent-cell"})
"""Units of `degree`: 50 is half, 0.5 is half, or a cell formatted as per cent (it holds 0.5)."""
PERSONS = frozenset({"national-number", "d-number", "personnummer", "samordningsnummer"})


@dataclass(frozen=True, slots=True)
class Code:
    """What a code of the system means: a canonical kind and cause, or, with `ignore`, why it is no absence.

    `written` says that of several codes of a kind this is the one that is written back.
    """

    kind: str = ""
    cause: str = ""
    ignore: str = ""
    written: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, its number from 1, or its span of characters in a fixed line; and what it holds.

    `width` is how many characters an identifier has, `unit` that of a degree, `implied` how many decimals are written
    without a decimal sign, `negative` that absence is written as a negative number, `optional` that the column, or
    `blank` that its cell, may be missing.
    """

    name: str
    field: str
    spot: Spot
    span: tuple[int, int] | None = None
    width: int = 0
    unit: str = ""
    implied: int = 0
    negative: bool = False
    optional: bool = False
    blank: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything that has to be known of a system's file. `drop` gives, by column, why it is not carried."""

    name: str
    spot: Spot
    title: str = ""
    version: str = ""
    status: str = "assumed"
    verified: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    format: str = "csv"
    encoding: str = "utf-8"
    delimiter: str = ";"
    quote: str = '"'
    header: bool = True
    skip: int = 0
    complete: bool = True
    sheet: str = ""
    dates: tuple[str, ...] = ("yyyy-mm-dd",)
    decimal: str = ","
    open_end: tuple[str, ...] = ()
    mode: str = "range"
    persons: frozenset[str] = frozenset({"national-number", "d-number"})
    columns: tuple[Column, ...] = ()
    drop: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Code] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> tuple[str, ...]:
        """What its columns may hold."""
        return INCOME_FIELDS if self.mode == "income" else FIELDS

    def column(self, name: str) -> Column | None:
        """Give the column that holds a field."""
        return next((one for one in self.columns if one.field == name), None)
