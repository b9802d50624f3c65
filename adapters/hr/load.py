"""From the text of a profile to a `Profile`; every mistake is a fault at `file:line:column`, all at once."""

import re
from collections.abc import Iterable
from itertools import pairwise

from adapters.hr.dates import BadForm, date_form
from adapters.hr.profile import (
    DEGREES,
    FIELDS,
    FORMATS,
    INCOME_FIELDS,
    MODES,
    NEEDED,
    PERSONS,
    STATUSES,
    Code,
    Column,
    Profile,
)
from gateway.core.errors import Fault
from gateway.mapping.load.yamltext import Block, compose
from gateway.mapping.nearest import nearest
from gateway.model.codes import LISTS

HEADER = frozenset(
    (
        *("profile", "title", "version", "status", "verified", "assumed", "file", "dates", "decimal", "open_end"),
        *("mode", "persons", "columns", "drop", "codes", "units", "words"),
    )
)
FILE = frozenset({"format", "encoding", "delimiter", "quote", "header", "skip", "complete", "sheet"})
COLUMN = frozenset({"field", "width", "unit", "implied", "negative", "optional", "blank"})
CODE = frozenset({"kind", "cause", "ignore", "written"})
NEVER_BLANK = frozenset({"kind", "year", "month", "first_day", "monthly", "close", "purpose"})
ENCODINGS = frozenset({"utf-8", "cp1252", "iso-8859-1", "iso-8859-15", "cp437", "cp850", "ascii"})
WORDS = LISTS["income-purpose"] | LISTS["pay-reduction"] | {"yes", "no"}
"""What the words in columns of an income report may mean."""

SWITCH = {"yes": True, "no": False}
SPAN = re.compile(r"([1-9][0-9]{0,3})-([1-9][0-9]{0,3})")


def load(text: str, file: str) -> tuple[Profile | None, list[Fault]]:
    """Read a profile; with faults there may be none, or one that is not to be used."""
    faults: list[Fault] = []
    root = compose(text, file, faults)
    if root is None:
        return None, faults
    entries = root.entries(HEADER)
    root.demand(("profile", "title", "version", "status", "file", "columns"), entries)
    if faults:
        return None, faults
    profile = _profile(root, entries)
    if not faults:
        _whole(root, profile)
    return profile, faults


def _profile(root: Block, entries: dict[str, Block]) -> Profile:
    form = entries["file"].entries(FILE)
    entries["file"].demand(("format",), form)
    kind = _word(form.get("format"), FORMATS, "csv")
    return Profile(
        name=entries["profile"].text(),
        spot=root.spot,
        title=entries["title"].text(),
        version=entries["version"].text(),
        status=_word(entries["status"], STATUSES, "assumed"),
        verified=_texts(entries.get("verified")),
        assumed=_texts(entries.get("assumed")),
        format=kind,
        encoding=_encoding(form.get("encoding")),
        delimiter=_one_character(form.get("delimiter"), ";"),
        quote=_one_character(form.get("quote"), '"'),
        header=_switch(form.get("header"), default=kind != "fixed"),
        skip=_number(form.get("skip")),
        complete=_switch(form.get("complete"), default=True),
        sheet=_text(form.get("sheet")),
        dates=_dates(entries.get("dates")),
        decimal=_word(entries.get("decimal"), frozenset({",", "."}), ","),
        open_end=_texts(entries.get("open_end")),
        mode=_word(entries.get("mode"), MODES, "range"),
        persons=_persons(entries.get("persons")),
        columns=tuple(_column(name, value, kind) for name, value in entries["columns"].items()),
        drop={name.text(): _reason(value) for name, value in _items(entries.get("drop"))},
        codes={name.text(): _code(value) for name, value in _items(entries.get("codes"))},
        units={
            name.text(): _word(value, frozenset({"hours", "days"}), "") for name, value in _items(entries.get("units"))
        },
        words={name.text(): _word(value, WORDS, "") for name, value in _items(entries.get("words"))},
    )


def _column(name: Block, value: Block, kind: str) -> Column:
    entries = {"field": value} if value.is_text else value.entries(COLUMN)
    value.demand(("field",), entries) if not value.is_text else None
    field = _word(entries.get("field"), frozenset((*FIELDS, *INCOME_FIELDS)), "")
    unit = _word(entries.get("unit"), DEGREES, "")
    if field == "degree" and not unit:
        value.fault("a degree says no unit", f"give `unit:`, one of {', '.join(sorted(DEGREES))}")
    if "blank" in entries and field in NEVER_BLANK:
        entries["blank"].fault(f"a row without {field} says nothing")
    if unit and field != "degree":
        entries["unit"].fault("only a degree has a unit here")
    return Column(
        name=name.text(),
        field=field,
        spot=name.spot,
        span=_span(name) if kind == "fixed" else None,
        width=_number(entries.get("width")),
        unit=unit,
        implied=_number(entries.get("implied")),
        negative=_switch(entries.get("negative"), default=False),
        optional=_switch(entries.get("optional"), default=False),
        blank=_switch(entries.get("blank"), default=False),
    )


def _whole(root: Block, profile: Profile) -> None:
    """Note what is wrong with the profile as a whole."""
    held = [one.field for one in profile.columns]
    for field in sorted(set(held) - set(profile.fields)):
        root.fault(f"a column holds {field}, which mode {profile.mode} has no place for")
    for field in sorted({one for one in held if held.count(one) > 1}):
        root.fault(f"two columns hold {field}")
    for field in NEEDED[profile.mode]:
        if field not in held:
            root.fault(f"no column holds {field}, which mode {profile.mode} needs")
    if profile.mode != "income" and any(one.blank for one in profile.columns if one.field == "start"):
        root.fault("a row without start says nothing", "take `blank:` away")
    if "kind" in held and not profile.codes:
        root.fault("there is no codes here", "say under `codes:` what each code of the system means")
    if "employee" not in held and "person" not in held:
        root.fault("no column says who is away", "let one hold `employee` or `person`")
    if ("quantity" in held) != ("unit" in held) or ("unit" in held) != bool(profile.units):
        root.fault("quantity, unit and `units:` go together")
    for name in sorted({one.name for one in profile.columns} & set(profile.drop)):
        root.fault(f"column {name} is both mapped and dropped")
    if profile.format == "fixed":
        _apart(root, profile)
    elif profile.format != "paxml" and not profile.header:
        _numbered(root, profile)


def _apart(root: Block, profile: Profile) -> None:
    """Note spans of a fixed line that overlap, and characters that no span has."""
    spans = sorted([one.span for one in profile.columns if one.span] + [_bounds(name) for name in profile.drop])
    for (_, end), (start, _) in pairwise(spans):
        if start <= end:
            root.fault(f"characters {start} to {end} are in two columns")
        elif start > end + 1:
            root.fault(f"characters {end + 1} to {start - 1} are neither mapped nor dropped", "drop them with a reason")
    if spans and spans[0][0] != 1:
        root.fault("the first characters are neither mapped nor dropped", "drop them with a reason")


def _numbered(root: Block, profile: Profile) -> None:
    """Note a file without headings whose columns are not numbered from 1 without a gap."""
    names = [*(one.name for one in profile.columns), *profile.drop]
    if sorted(names) != sorted(map(str, range(1, len(names) + 1))):
        root.fault("without a header row, columns are named by number, from 1 and without a gap")


def _code(value: Block) -> Code:
    entries = {"kind": value} if value.is_text else value.entries(CODE)
    code = Code(
        kind=_word(entries.get("kind"), LISTS["absence-kind"], ""),
        cause=_word(entries.get("cause"), LISTS["absence-cause"], ""),
        ignore=_reason(entries["ignore"]) if "ignore" in entries else "",
        written=_switch(entries.get("written"), default=False),
    )
    if bool(code.kind) == bool(code.ignore) and entries:
        value.fault("a code says either a kind or why it is ignored")
    return code


def _encoding(block: Block | None) -> str:
    return _word(block, ENCODINGS, "utf-8")


def _dates(block: Block | None) -> tuple[str, ...]:
    forms = _texts(block) or ("yyyy-mm-dd",)
    for form in forms:
        try:
            date_form(form)
        except BadForm as wrong:
            if block:
                block.fault(str(wrong), "write it as in `dd.mm.yyyy`, `yymmdd` or `yyyymmddhhmmss`")
    return forms


def _persons(block: Block | None) -> frozenset[str]:
    if block is None:
        return frozenset({"national-number", "d-number"})
    return frozenset(_word(item, PERSONS, "") for item in block.list())


def _span(block: Block) -> tuple[int, int]:
    found = SPAN.fullmatch(block.text())
    if not found or int(found[1]) > int(found[2]):
        block.fault("a column of a fixed line is named by its first and last character", "write it as in `7-12`")
        return (0, 0)
    return int(found[1]), int(found[2])


def _bounds(name: str) -> tuple[int, int]:
    found = SPAN.fullmatch(name)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _one_character(block: Block | None, default: str) -> str:
    text = _text(block).replace("\\t", "\t").replace("tab", "\t") or default
    if len(text) != 1 and block:
        block.fault("one character was expected", "a tabulator is written `tab`")
        return default
    return text


def _reason(block: Block) -> str:
    if not block.text().strip():
        block.fault("the reason is empty", "say in a few words why this is not carried")
    return block.text()


def _number(block: Block | None) -> int:
    text = _text(block) or "0"
    if not (text.isascii() and text.isdigit()):
        if block:
            block.fault("a whole number was expected")
        return 0
    return int(text)


def _switch(block: Block | None, *, default: bool) -> bool:
    return SWITCH[_word(block, frozenset(SWITCH), "yes" if default else "no")]


def _word(block: Block | None, known: Iterable[str], default: str) -> str:
    if block is None:
        return default
    words = frozenset(known)
    if block.text() not in words:
        block.fault(f"{block.text()} is not one of {', '.join(sorted(words))}", nearest(block.text(), words))
        return default
    return block.text()


def _items(block: Block | None) -> list[tuple[Block, Block]]:
    return list(block.items()) if block else []


def _text(block: Block | None) -> str:
    return block.text() if block else ""


def _texts(block: Block | None) -> tuple[str, ...]:
    if block is None:
        return ()
    return (block.text(),) if block.is_text else tuple(item.text() for item in block.list())
