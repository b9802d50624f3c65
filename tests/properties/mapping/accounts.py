"""The laws of reading and writing, held for one document or one record: what every test here asserts."""

from collections import Counter
from functools import cache
from typing import Any

from gateway.core.errors import NotAcceptable
from gateway.core.message import Parsed, Written
from gateway.core.vocabulary import DataClass
from gateway.edge.library import Library
from gateway.mapping.compile.program import Reader, Writer
from gateway.model.walk import fields_of, values_of

OUTCOMES = {"carried", "fixed", "dropped", "unmapped", "refused"}


def xml_leaves(e: Any) -> int:
    """Count what an element says: attributes and pieces of text that are not blank."""
    pieces = [e.text, *(child.tail for child in e)]
    said = sum(1 for s in [*e.attrib.values(), *pieces] if s and s.strip())
    return said + sum(map(xml_leaves, e))


def json_leaves(s: Any) -> int:
    """Count the scalars that are neither null nor blank."""
    if isinstance(s, dict):
        return sum(map(json_leaves, s.values()))
    if isinstance(s, list):
        return sum(map(json_leaves, s))
    return 0 if s is None or (isinstance(s, str) and not s.strip()) else 1


def records_of(record: Any, prefix: str = "") -> set[str]:
    """Give the instance path of every record inside a record."""
    found = set()
    for field in fields_of(type(record)).values():
        held = getattr(record, field.name)
        if not field.is_record or held is None:
            continue
        path = f"{prefix}{field.name}"
        for name, item in [(f"{path}[{i}]", item) for i, item in enumerate(held)] if field.many else [(path, held)]:
            found |= {name} | records_of(item, f"{name}.")
    return found


def read_by_the_laws(reader: Reader, document: Any) -> Parsed[Any]:
    """Read with both programs; they agree, and the report holds each leaf once and names only what is there."""
    account = reader.account(reader.reporting.places)
    reader.reporting.call(document, account)
    parsed, plain = reader.read(document, report=True), reader.read(document)
    assert parsed.record == plain.record
    assert (parsed.record is None) == bool(parsed.issues)
    assert all(issue.at and issue.what for issue in parsed.issues)
    assert not plain.rows
    counted = xml_leaves(document) if hasattr(document, "tag") else json_leaves(document)
    rows = [row._replace(why="") for row in parsed.rows]
    assert len(rows) - account.presences == counted, "leaves"
    assert {row.outcome for row in rows} <= OUTCOMES
    assert [at for at, n in Counter(row.at for row in rows).items() if n > 1] == []
    assert all(bool(row.field) == (row.outcome == "carried") for row in rows)
    if parsed.record is not None:
        assert "refused" not in {row.outcome for row in rows}
        known = {path for path, _, _ in values_of(parsed.record)} | records_of(parsed.record)
        assert [row.field for row in rows if row.field and row.field not in known] == []
        read = {row.field for row in rows if row.field}
        told = {path for path, _, _ in values_of(parsed.record)} - read
        assert [path for path in told if not any(path.startswith(field) for field in read)] == []
    return parsed


def write_by_the_laws(
    writer: Writer, record: Any, classes: frozenset[DataClass] | None = None
) -> tuple[Any, tuple[Written, ...]]:
    """Write with both programs; they agree: the same output, or both refuse. Raises `NotAcceptable` when they do."""
    plain, reported = (_written(writer, record, classes, report=report) for report in (False, True))
    if isinstance(plain, NotAcceptable) or isinstance(reported, NotAcceptable):
        assert isinstance(plain, NotAcceptable)
        assert isinstance(reported, NotAcceptable)
        assert all(issue.at and issue.what for issue in reported.issues)
        raise reported
    assert plain[0] == reported[0]
    return reported


def _written(writer: Writer, record: Any, classes: frozenset[DataClass] | None, *, report: bool) -> Any:
    try:
        return writer.write(record, classes, report=report)
    except NotAcceptable as refusal:
        return refusal


@cache
def library() -> Library:
    """The data that the product ships, compiled once for all tests of a process."""
    return Library()


def differences(one: Any, other: Any) -> list[str]:
    """Give the paths at which two records differ: the only thing a failing test may print."""
    ours, theirs = (
        {path: value for path, value, _ in values_of(record)} if record is not None else {} for record in (one, other)
    )
    return sorted(path for path in ours.keys() | theirs.keys() if ours.get(path) != theirs.get(path))
