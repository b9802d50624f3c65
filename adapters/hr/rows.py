"""Rows of cells to typed values, row by row: how a file's rows become outcomes, whatever it is written in."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from adapters.hr.cells import BadCell, Convert, converter, nothing
from adapters.hr.dates import last_of_month
from adapters.hr.profile import Code, Profile
from gateway.core.errors import Issue, NotAcceptable
from gateway.model.absence import Absence, Amount, Worker
from gateway.model.common import Identifier
from gateway.model.envelope import System
from gateway.model.income import Company, Days, Earner, Earnings, EmployerPeriod, IncomeReport, Job, Refund

HOURS_OF_DAY = 24
MOST_COLUMNS = 1000
MOST_KNOWN = 65_536
"""How many cells of a column are remembered, so that memory is bounded."""

LONGEST = 3653
"""How many days one absence may go on after its first: ten years, longer than any leave that a law knows."""
TOO_LONG = "look at the years; what stands for an absence that goes on, the profile names under `open_end:`"

NOBODY = "the row does not say who is away"
FULL = Decimal(100)


class Values(NamedTuple):
    """A row as typed values, in the order of `FIELDS`."""

    id: str | None
    employee: str | None
    person: Identifier | None
    employer: str | None
    start: date | None
    end: date | None
    kind: Code
    degree: Decimal | None
    hours: Decimal | None
    days: Decimal | None
    quantity: Decimal | None
    unit: str | None
    year: int | None
    month: int | None


class IncomeValues(NamedTuple):
    """A row of an income report as typed values, in the order of `INCOME_FIELDS`."""

    id: str | None
    employee: str | None
    person: Identifier
    employer: str | None
    start: date | None
    end: date | None
    kind: Code
    first_day: date
    monthly: Decimal
    refund: Decimal | None
    refund_end: date | None
    paid: Decimal | None
    reduced: str | None
    close: str
    purpose: str
    employment: str | None
    contact: str | None
    telephone: str | None
    system: str | None
    version: str | None


Outcome = tuple[int, tuple[Any, ...] | None, tuple[Issue, ...]]
"""A row's number as a spreadsheet counts it, its values in the order of `FIELDS`, and what is wrong with it.

Without values the row is refused, or, when every issue is a warning, something is noted of the file. A good row has
no issues.
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the cells of a row become values: which cell each field is taken from, and by what.

    `names` are the columns of the row in order, `width` how many it has. A field without a column is taken from the
    cell after the last, and is nothing.
    """

    names: tuple[str, ...]
    fields: tuple[str, ...]
    takes: tuple[int, ...]
    converts: tuple[Convert, ...]
    mode: str

    @property
    def width(self) -> int:
        """How many cells a row has."""
        return len(self.names)


def plan(names: Sequence[str], profile: Profile, *, synthetic: bool) -> Plan:
    """Give the plan for rows with these columns.

    Raises `NotAcceptable` for a column that is neither mapped nor dropped, one that stands twice, and one that is
    missing. What stands in an unknown heading is not repeated: without a header row it is somebody's data.
    """
    if len(names) > MOST_COLUMNS:
        mend = f"at most {MOST_COLUMNS} are read; is it another delimiter?"
        raise NotAcceptable([Issue("too-costly", "row 1", "the file has more columns than any such file", mend)])
    known = {one.name for one in profile.columns} | set(profile.drop)
    issues = []
    seen: set[str] = set()
    if not known.intersection(names):
        raise NotAcceptable([_elsewhere(names, known)])
    for number, name in enumerate(names, 1):
        at = f"row 1, column {number}"
        if name not in known:
            mend = "map it, or drop it with a reason, in the profile; until then the file is not read"
            issues.append(Issue("structure", at, "the column is neither mapped nor dropped", mend))
        elif name in seen:
            issues.append(Issue("structure", at, f"the column {name} stands a second time"))
        seen.add(name)
    issues += [
        Issue("required", "row 1", f"there is no column {one.name}", "is it the right profile?")
        for one in profile.columns
        if one.name not in names and not one.optional
    ]
    if issues:
        raise NotAcceptable(issues)
    places = {one.field: names.index(one.name) for one in profile.columns if one.name in names}
    columns = {one.field: one for one in profile.columns}
    return Plan(
        names=tuple(names),
        fields=profile.fields,
        takes=tuple(places.get(field, len(names)) for field in profile.fields),
        converts=tuple(
            converter(columns[field], profile, synthetic=synthetic) if field in places else nothing
            for field in profile.fields
        ),
        mode=profile.mode,
    )


def _elsewhere(names: Sequence[str], known: set[str]) -> Issue:
    """Say why none of the columns is there, as far as it can be seen without repeating what stands there."""
    mend = "is it the right profile, and the right delimiter?"
    if names and names[0].lower().startswith("sep="):
        mend = "the first row is Excel's own word for the delimiter; let the profile say `skip: 1`"
    elif {name.casefold() for name in known}.intersection(name.casefold() for name in names):
        mend = "headings differ in capital letters alone; write them in the profile as the file has them"
    elif len(names) == 1 and sum(name in names[0] for name in known) > 1:
        mend = "the row has another delimiter than the profile says"
    elif sum(bool(name) for name in names) <= 1 < len(names):
        mend = "the row looks like a title; let the profile say under `skip:` how many rows stand before the headings"
    return Issue("structure", "row 1", "none of the profile's columns is here", mend)


class Cuts(Protocol):
    """Knows whether the row that was read last may be cut."""

    cut: bool


class Whole:
    """Of a source whose rows cannot be cut."""

    cut = False


def outcomes(rows: Iterable[list[Any]], how: Plan, first: int, ending: Cuts | type[Whole] = Whole) -> Iterator[Outcome]:
    """Give the outcome of each row, the first of which has the number `first`; empty rows have none."""
    judge, width = _JUDGES[how.mode], how.width
    convert, learn = _conversion(how)
    for number, row in enumerate(rows, first):
        if len(row) != width:
            if row:
                yield number, None, (_wrong_width(number, len(row), width),)
            continue
        if ending.cut:
            yield number, None, (_cut(number),)
            continue
        try:
            try:
                values = judge(convert(row))
            except KeyError:
                learn(row)
                values = judge(convert(row))
        except BadCell:
            if any(cell not in ("", None) for cell in row):
                yield number, None, _refusal(number, row, how)
        except BadRow as bad:
            yield number, None, (Issue("value", f"row {number}", bad.what, bad.mend),)
        else:
            yield number, values, ()


def _conversion(how: Plan) -> tuple[Callable[[list[Any]], tuple[Any, ...]], Callable[[list[Any]], None]]:
    """Give a program from the cells of a row to its values, and what it learns from when it does not know a cell.

    Most columns have few different cells, so that what a cell comes to is looked up; a million rows are read in
    little more time than the bare reader needs. The program is one expression made from the numbers of the columns.
    """
    known: dict[str, Any] = {}
    terms = []
    learned: list[tuple[int, dict[Any, Any], Convert]] = []
    for number, (field, take, convert) in enumerate(zip(how.fields, how.takes, how.converts, strict=True)):
        if take == how.width:
            terms.append("None")
        elif field == "id":
            known[f"c{number}"] = convert
            terms.append(f"c{number}(r[{take}])")
        else:
            known[f"k{number}"] = {}
            learned.append((take, known[f"k{number}"], convert))
            terms.append(f"k{number}[r[{take}]]")

    def learn(row: list[Any]) -> None:
        for take, memo, convert in learned:
            if row[take] not in memo:
                value = convert(row[take])
                if len(memo) >= MOST_KNOWN:
                    memo.clear()
                memo[row[take]] = value

    return eval(f"lambda r: ({', '.join(terms)})", known), learn  # noqa: S307 - of our own words and numbers alone


def _cut(number: int) -> Issue:
    return Issue(
        "incomplete",
        f"row {number}",
        "the file ends in the middle of a line, so the row may be cut",
        "export it again; if the system never ends its last line, let the profile say `complete: no`",
    )


class BadRow(Exception):
    """The cells of a row are right by themselves and contradict each other."""

    def __init__(self, what: str, mend: str = "") -> None:
        self.what = what
        self.mend = mend
        super().__init__(what)


def _wrong_width(number: int, found: int, width: int) -> Issue:
    mend = "a cell that holds the delimiter needs quotes" if found > width else "the row may be cut"
    how = "more" if found > width else "fewer"
    return Issue("structure", f"row {number}", f"the row has {how} cells than there are columns", mend)


def _refusal(number: int, row: list[Any], how: Plan) -> tuple[Issue, ...]:
    """Give everything that is wrong with the cells of a row."""
    issues = []
    for take, convert in zip(how.takes, how.converts, strict=True):
        if take == how.width:
            continue
        at = f"row {number}, column {how.names[take]}"
        try:
            convert(row[take])
        except BadCell as bad:
            issues.append(Issue("value", at, bad.what, bad.mend))
    return tuple(issues)


def _in_range(values: tuple[Any, ...]) -> tuple[Any, ...]:
    _, employee, person, _, start, end, kind, _, hours, days, quantity, unit, _, _ = values
    if kind.ignore:
        return values
    if employee is None and person is None:
        raise BadRow(NOBODY)
    if end is not None:
        if end < start:
            raise BadRow("the last day is before the first")
        if (end - start).days > LONGEST:
            raise BadRow("the row spans more than ten years", TOO_LONG)
        if quantity is not None:
            hours, days = _of_unit(quantity, unit)
        if hours is not None or days is not None:
            _fits((end - start).days + 1, hours, days)
    return values


def _on_day(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if values[5] is None:
        values = (*values[:5], values[4], *values[6:])
    elif values[5] != values[4] and not values[6].ignore:
        raise BadRow("the row spans several days, and the profile says a row a day")
    return _in_range(values)


def _in_month(values: tuple[Any, ...]) -> tuple[Any, ...]:
    given = Values._make(values)
    if given.year is None or given.month is None:
        raise BadRow("the row says no month")
    first, last = date(given.year, given.month, 1), last_of_month(given.year, given.month)
    return _in_range(given._replace(start=first, end=last))


def _of_unit(quantity: Decimal, unit: str | None) -> tuple[Decimal | None, Decimal | None]:
    return (quantity, None) if unit == "hours" else (None, quantity)


def _fits(span: int, hours: Decimal | None, days: Decimal | None) -> None:
    """Demand that the amount can be had in as many days as the row spans."""
    if days is not None and days > span:
        raise BadRow("the row says more days than it spans", "dates and days contradict each other; mend the source")
    if hours is not None and hours > span * HOURS_OF_DAY:
        raise BadRow("the row says more hours than its days have", "look at the decimals")


REGISTERED = Code(ignore="a row of the register says whose a number is")


def _in_register(values: tuple[Any, ...]) -> tuple[Any, ...]:
    given = Values._make(values)
    if given.employee is None or given.person is None:
        raise BadRow("the row does not have both numbers of a person", "leave out persons without both")
    return given._replace(kind=REGISTERED)


INCOME = Code()
"""Of a row that is an income report, and so of no kind of absence."""


def _of_income(values: tuple[Any, ...]) -> tuple[Any, ...]:
    given = IncomeValues._make(values)
    if (given.start is None) != (given.end is None):
        raise BadRow("the employer's period has one day of two", "give its first and its last day, or neither")
    if given.start and given.end and given.end < given.start:
        raise BadRow("the last day is before the first")
    if (given.paid is None) != (given.start is None):
        raise BadRow("the employer's period and what was paid in it go together")
    return given._replace(kind=INCOME)


_JUDGES: dict[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]] = {
    "range": _in_range,
    "day": _on_day,
    "month": _in_month,
    "register": _in_register,
    "income": _of_income,
}


def absence_of(values: tuple[Any, ...], profile: Profile) -> Absence:
    """Make the canonical record of a row's values."""
    row = Values._make(values)
    column = profile.column("degree")
    hours, days = (row.hours, row.days) if row.quantity is None else _of_unit(row.quantity, row.unit)
    amounts = [
        Amount(value=_written(value), unit=unit)
        for value, unit in ((hours, "hours"), (days, "days"))
        if value is not None
    ]
    if row.degree is not None and column is not None:
        fraction = column.unit == "fraction"
        amounts.insert(
            0,
            Amount(
                value=_written(row.degree / FULL if fraction else row.degree),
                unit="fraction" if fraction else "percent",
            ),
        )
    return Absence(
        id=row.id,
        employer=row.employer,
        patient=Worker(employee=row.employee, id=row.person),
        start=row.start,
        end=row.end,
        kind=row.kind.kind,
        cause=row.kind.cause or None,
        degree=_written(row.degree) if row.degree is not None else None,
        amounts=tuple(amounts),
    )


def income_of(values: tuple[Any, ...]) -> IncomeReport:
    """Make the canonical income report of a row's values: of sick pay, which is all that such rows are read for."""
    row = IncomeValues._make(values)
    paid = (
        EmployerPeriod(days=(Days(start=row.start, end=row.end),), paid=_amount(row.paid), reduced=row.reduced)
        if row.start
        else None
    )
    return IncomeReport(
        benefit="sick-pay",
        purpose=row.purpose,
        employer=Company(orgnr=row.employer, contact=row.contact, telephone=row.telephone),
        patient=Earner(number=row.person.value),
        close_relation=row.close == "yes",
        job=Job(id=row.employment, first_day=row.first_day, earnings=Earnings(monthly=_amount(row.monthly))),
        refund=Refund(monthly=_amount(row.refund), ends=row.refund_end) if row.refund is not None else None,
        employer_period=paid,
        system=System(name=row.system, version=row.version),
    )


COLUMN_OF = {
    "employer.orgnr": "employer",
    "employer.contact": "contact",
    "employer.telephone": "telephone",
    "patient.number": "person",
    "close_relation": "close",
    "job.id": "employment",
    "job.first_day": "first_day",
    "job.earnings.monthly": "monthly",
    "refund.monthly": "refund",
    "refund.ends": "refund_end",
    "employer_period.paid": "paid",
    "employer_period.reduced": "reduced",
    "employer_period.days": "start",
    "purpose": "purpose",
    "system.name": "system",
    "system.version": "version",
}
"""What column each field of an income report is from."""


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else _written(value)


def _written(value: Decimal) -> str:
    """Write a number with a point, and without zeros that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
