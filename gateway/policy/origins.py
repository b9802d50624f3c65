"""Where the leaves of a released record stood before: an item that goes moves those after it."""

from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from typing import Any

from gateway.core.decision import PLACEHOLDER
from gateway.core.message import Released, Written
from gateway.core.vocabulary import DataClass
from gateway.model import Telecom
from gateway.model.walk import fields_of, values_of


def renamed(record: Any, released: Released[Any], rows: Iterable[Written]) -> tuple[Written, ...]:
    """Give rows about a released record with the instance paths of the record it was released from."""
    moved = dict(_moved(record, released))
    return tuple(row._replace(field=_origin(row.field, moved)) for row in rows) if moved else tuple(rows)


def _origin(field: str, moved: dict[str, str]) -> str:
    """Translate a path by the longest of its item prefixes that moved."""
    end = field.rfind("]") + 1
    while end:
        if field[:end] in moved:
            return moved[field[:end]] + field[end:]
        end = field.rfind("]", 0, end - 1) + 1
    return field


def _moved(record: Any, released: Released[Any]) -> Iterator[tuple[str, str]]:
    """Give each list item that stands elsewhere than before: its path in what was released, and the one it had."""
    withheld = {one.field for one in released.withheld}
    yield from _below(record, released.record, "", "", withheld)


def _below(old: Any, new: Any, was: str, now: str, withheld: set[str]) -> Iterator[tuple[str, str]]:
    for field in fields_of(type(new)).values():
        before, after = getattr(old, field.name), getattr(new, field.name)
        if after is None or before is None:
            continue
        if not field.many:
            if field.is_record and type(before) is type(after):
                yield from _below(before, after, f"{was}{field.name}.", f"{now}{field.name}.", withheld)
            continue
        kept = [i for i, item in enumerate(before) if _kept(item, f"{was}{field.name}[{i}]", withheld, after)]
        for j, (i, item) in enumerate(zip(kept, after, strict=False)):
            there, here = f"{was}{field.name}[{i}]", f"{now}{field.name}[{j}]"
            if there != here:
                yield here, there
            if field.is_record:
                yield from _below(before[i], item, there + ".", here + ".", withheld)


def _kept(item: Any, path: str, withheld: set[str], after: tuple[Any, ...]) -> bool:
    """Whether an item is still there: something of it was not withheld, or neutral words stand in its place."""
    if isinstance(item, Telecom) and any(isinstance(one, Telecom) and one.value == PLACEHOLDER for one in after):
        return True
    leaves = [at for at, _, _ in values_of(item, DataClass.ENVELOPE, path + ".")] if is_dataclass(item) else []
    return any(leaf not in withheld for leaf in leaves or [path])
