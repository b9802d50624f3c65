"""One cell to one typed value, by what the profile says of its column. Strict: what is not said is refused.

Cells of text files are texts, all of them. Cells of spreadsheets are what the person who made the sheet let Excel make
of them: an identifier that is a number has lost its leading zeros, and no reader can say which it had.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from adapters.hr.dates import BadDate, date_form
from adapters.hr.profile import Column, Profile
from gateway.core import identifiers
from gateway.core.identifiers import Kind
from gateway.model.codes import LISTS
from gateway.model.common import Identifier

Convert = Callable[[Any], Any]

EMPLOYEE = re.compile(r"(?=[^0-9]*[0-9])[0-9A-Za-zÆØÅæøåÄÖäö][0-9A-Za-zÆØÅæøåÄÖäö._/-]{0,39}")
COUNTED = re.compile(r"[0-9]+[.,]0+|[0-9]+([.,][0-9]+)?[Ee][+-]?[0-9]+")
"""What a spreadsheet writes of a number that it counts with: 123.0, 1,23E+10."""

ERROR = re.compile(r"#[A-Z][A-Z0-9/_]*[!?]?")
"""What a spreadsheet shows of an error: #REF!, #N/A, #DIV/0!, #NAME?."""

NUMBERS = {sign: re.compile(rf"-?[0-9]{{1,9}}({re.escape(sign)}[0-9]{{1,16}})?") for sign in (",", ".")}
LINE = re.compile(r"[\w .,'+/-]{1,60}")
WORDS_OF = {"purpose": "income-purpose", "reduced": "pay-reduction"}
"""The list that the words of a column are from."""

WHOLE = Decimal(100)
YEARS = (1990, 2100)
MONTHS = 12
TWELVE = 12
ELEVEN = 11
LOST = "the cell holds a number, so its leading zeros are lost"
AS_TEXT = "format the column as text and enter it again; nothing is guessed"


class BadCell(Exception):
    """A cell cannot be accepted: what is wrong and how to mend it, without what stood there."""

    def __init__(self, what: str, mend: str = "") -> None:
        self.what = what
        self.mend = mend
        super().__init__(what)


def nothing(cell: Any) -> None:
    """Stand for a field that the profile has no column for."""
    del cell


def converter(column: Column, profile: Profile, *, synthetic: bool) -> Convert:
    """Give what converts the cells of a column; it raises `BadCell`.

    With `synthetic`, persons of the published synthetic series are accepted and others are refused; without, the
    other way round.
    """
    one: Convert
    match column.field:
        case "start" | "end" | "first_day" | "refund_end":
            one = _date(profile, ends=column.field == "end")
        case "close" | "purpose" | "reduced":
            one = _word(column.field, profile)
        case "contact" | "telephone" | "system" | "version":
            one = _line
        case "person":
            one = _person(profile, synthetic=synthetic)
        case "employer":
            one = _employer
        case "kind":
            one = _kind(profile)
        case "unit":
            one = _unit(profile)
        case "degree":
            one = _degree(column, profile)
        case "hours" | "days" | "quantity" | "monthly" | "refund" | "paid":
            one = _amount(column, profile)
        case "year" | "month":
            one = _between(*(YEARS if column.field == "year" else (1, MONTHS)))
        case _:
            one = _name(column)
    empty_is_said = column.field == "end" and "" in profile.open_end
    return _sound(one if empty_is_said else _filled(one, blank=column.blank))


def _sound(convert: Convert) -> Convert:
    def read(cell: Any) -> Any:
        if isinstance(cell, str) and cell[:1] == "#" and ERROR.fullmatch(cell):
            raise BadCell(
                "the cell holds an error of the spreadsheet, or a formula that was never calculated",
                "mend it in the sheet, and save it in a spreadsheet program",
            )
        return convert(cell)

    return read


def _filled(convert: Convert, *, blank: bool) -> Convert:
    def read(cell: Any) -> Any:
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            if blank:
                return None
            raise BadCell("the cell is empty")
        return convert(cell)

    return read


def _text(cell: Any) -> str:
    """Give a cell of a text, or a whole number as its digits."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, float | int) and not isinstance(cell, bool) and cell == int(cell):
        return str(int(cell))
    raise BadCell("the cell holds something else than a text")


def _name(column: Column) -> Convert:
    fits = EMPLOYEE.fullmatch

    def read(cell: Any) -> str:
        if not isinstance(cell, str):
            raise BadCell(LOST, AS_TEXT)
        text = cell.strip()
        if COUNTED.fullmatch(text):
            raise BadCell("a spreadsheet has made a number of it, so its leading zeros may be lost", AS_TEXT)
        if not fits(text):
            raise BadCell(
                "this is not a number or id", "at least one digit, and else letters, dots, hyphens and slashes only"
            )
        if column.width and len(text) != column.width:
            fewer = len(text) < column.width
            raise BadCell(
                f"it has {'fewer' if fewer else 'more'} than {column.width} characters",
                "its leading zeros may be lost; nothing is guessed" if fewer else "",
            )
        return text

    return read


def _person(profile: Profile, *, synthetic: bool) -> Convert:
    def read(cell: Any) -> Identifier:
        if not isinstance(cell, str):
            raise BadCell(LOST, AS_TEXT)
        text = cell.strip()
        digits = text[:8] + text[9:] if len(text) == TWELVE + 1 and text[8] == "-" else text
        kind = identifiers.kind_of(digits)
        if kind is None or kind.value not in profile.persons:
            raise BadCell(*_no_person(digits, profile))
        if kind in (Kind.NATIONAL_NUMBER, Kind.D_NUMBER) and identifiers.is_synthetic(digits) is not synthetic:
            wrong = "a real one" if synthetic else "of a synthetic series"
            raise BadCell(f"the number is {wrong}", "synthetic numbers are for demos and tests alone")
        return Identifier(kind=kind.value, value=digits)

    return read


def _no_person(digits: str, profile: Profile) -> tuple[str, str]:
    norwegian = "national-number" in profile.persons
    if digits.isdigit() and len(digits) < (ELEVEN if norwegian else TWELVE):
        return "it has too few digits for a personal number", "its leading zeros may be lost; nothing is guessed"
    return "this is not a personal number that the profile allows", "look at the digits, or at `persons:`"


def _employer(cell: Any) -> str:
    text = _text(cell).replace(" ", "")
    if not identifiers.is_valid(text, Kind.ORGANISATION):
        raise BadCell("this is not an organisation number", "nine digits, the last of which is a check digit")
    return text


def _date(profile: Profile, *, ends: bool) -> Convert:
    forms = [date_form(form) for form in profile.dates]
    open_end = frozenset(profile.open_end) if ends else frozenset()
    open_days = frozenset(day for text in open_end for day in _days(text, forms))

    def read(cell: Any) -> date | None:
        if isinstance(cell, str) and cell.strip() in open_end:
            return None
        day = _of_text(cell.strip(), forms, profile) if isinstance(cell, str) else _of_sheet(cell)
        if day in open_days:
            return None
        if not YEARS[0] <= day.year <= YEARS[1]:
            mend = "name it under `open_end:` if it stands for an absence that goes on" if ends else "look at the year"
            raise BadCell(f"a day in the years {YEARS[0]} to {YEARS[1]} was expected", mend)
        return day

    return read


def _of_text(text: str, forms: list[Callable[[str], date]], profile: Profile) -> date:
    found = _days(text, forms)
    if len(found) != 1:
        raise BadCell("this is no date, or two", f"the profile says {' or '.join(profile.dates)}")
    return found.pop()


def _days(text: str, forms: list[Callable[[str], date]]) -> set[date]:
    """Give the days that a text may be, by every form."""
    found = set()
    for form in forms:
        with suppress(BadDate):
            found.add(form(text))
    return found


def _of_sheet(cell: Any) -> date:
    if isinstance(cell, datetime):
        if cell.time() != cell.time().min:
            raise BadCell("the cell holds a time of day", "give a date alone")
        return cell.date()
    if isinstance(cell, date):
        return cell
    raise BadCell("the cell holds a number that is not formatted as a date", "format the column as a date")


def _kind(profile: Profile) -> Convert:
    codes = profile.codes
    unclear = {code.lstrip("0") for code in codes if code.startswith("0")}

    def read(cell: Any) -> Any:
        text = _text(cell)
        if not isinstance(cell, str) and text in unclear:
            raise BadCell(LOST, AS_TEXT)
        if text not in codes:
            raise BadCell("the profile has no such code", "add it under `codes:` with what it means")
        return codes[text]

    return read


def _word(field: str, profile: Profile) -> Convert:
    may = frozenset({"yes", "no"}) if field == "close" else LISTS[WORDS_OF[field]]
    words = {text: word for text, word in profile.words.items() if word in may}

    def read(cell: Any) -> str:
        text = _text(cell)
        if text not in words:
            raise BadCell("the profile has no such word for this column", "add it under `words:` with what it means")
        return words[text]

    return read


def _line(cell: Any) -> str:
    text = _text(cell)
    if not LINE.fullmatch(text):
        raise BadCell("this is no name or number", "at most 60 letters, digits, blanks, and . , ' + - /")
    return text


def _unit(profile: Profile) -> Convert:
    def read(cell: Any) -> str:
        text = _text(cell)
        if text not in profile.units:
            raise BadCell("the profile has no such unit", "add it under `units:`")
        return profile.units[text]

    return read


def _degree(column: Column, profile: Profile) -> Convert:
    fraction = column.unit in ("fraction", "percent-cell")

    def read(cell: Any) -> Decimal:
        if isinstance(cell, str) and column.unit != "fraction" and cell.rstrip().endswith("%"):
            value = _number(cell.rstrip()[:-1], profile)
        else:
            value = _number(cell, profile)
            if column.unit == "percent" and 0 < value <= 1:
                raise BadCell(
                    "a number of at most 1 in a column of per cents",
                    "is it a fraction? look at `unit:` of the column; a cell formatted as per cent holds one, too",
                )
            if fraction and not (column.unit == "percent-cell" and isinstance(cell, str)):
                value *= WHOLE
        if not 0 < value <= WHOLE:
            raise BadCell("a degree is more than 0 and at most 100 per cent", "look at `unit:` of the column")
        return value

    return read


def _amount(column: Column, profile: Profile) -> Convert:
    scale = Decimal(10) ** -column.implied

    def read(cell: Any) -> Decimal:
        value = _number(cell, profile) * scale
        value = -value if column.negative else value
        if value < 0:
            raise BadCell("the amount is of the wrong sign", "look at `negative:` of the column")
        return value

    return read


def _number(cell: Any, profile: Profile) -> Decimal:
    if isinstance(cell, bool) or not isinstance(cell, str | float | int):
        raise BadCell("the cell holds something else than a number")
    if not isinstance(cell, str):
        return Decimal(repr(cell))
    text = cell.strip()
    if not NUMBERS[profile.decimal].fullmatch(text):
        raise BadCell("this is not a number", f"digits, with `{profile.decimal}` before decimals, and nothing else")
    return Decimal(text.replace(",", "."))


def _between(least: int, most: int) -> Convert:
    def read(cell: Any) -> int:
        text = _text(cell)
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most):
            raise BadCell(f"a whole number from {least} to {most} was expected")
        return int(text)

    return read
