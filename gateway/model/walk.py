"""The canonical model seen as data: every field with its type, data class and marks.

The mapping checker, the enforcement point and the property tests all look at the records through this module.
"""

import dataclasses
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from gateway.core.vocabulary import STRICTNESS, DataClass
from gateway.model.labels import Label


def without_indices(field: str) -> str:
    """Give a canonical field without its list indices: `periods.start` of `periods[0].start`."""
    first, *rest = field.split("[")
    return first + "".join(part.partition("]")[2] for part in rest)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record.

    `kinds` are the types it may hold without `None` and without `tuple`: one scalar type, one record class, or the
    several record classes of a one-of. `many` says that it holds a tuple of them. `data_class` is absent when the field
    takes its holder's. `required` says that the record cannot be made without it. `is_record` says that it holds
    records, of one kind or several, `is_one_of` that it holds exactly one of several kinds.
    """

    name: str
    kinds: tuple[type, ...]
    many: bool
    optional: bool
    required: bool
    data_class: DataClass | None
    free_text: bool
    codes: str
    impersonal: bool
    essential: bool
    is_record: bool
    is_one_of: bool


_FIELDS: dict[type, dict[str, Field]] = {}


def fields_of(record: type) -> dict[str, Field]:
    """Give the fields of a record class by name, in order.

    Raises `TypeError` for a field without a data class, which no record may have.
    """
    if record not in _FIELDS:
        hints = get_type_hints(record, include_extras=True)
        _FIELDS[record] = {f.name: _field(record, f, hints[f.name]) for f in dataclasses.fields(record)}
    return _FIELDS[record]


def _field(record: type, field: "dataclasses.Field[Any]", hint: object) -> Field:
    labels, bare = _peel(hint)
    if not labels:
        raise TypeError(f"{record.__name__}.{field.name} says no data class")
    bare, optional = _without_none(bare)
    many = get_origin(bare) is tuple
    if many:
        bare = get_args(bare)[0]
    kinds = get_args(bare) if get_origin(bare) in (Union, types.UnionType) else (bare,)
    return Field(
        name=field.name,
        kinds=tuple(kinds),
        many=many,
        optional=optional,
        required=field.default is dataclasses.MISSING,
        data_class=next((label.data_class for label in labels if label.data_class), None),
        free_text=any(label.free_text for label in labels),
        codes=next((label.codes for label in labels if label.codes), ""),
        impersonal=any(label.impersonal for label in labels),
        essential=any(label.essential for label in labels),
        is_record=dataclasses.is_dataclass(kinds[0]),
        is_one_of=len(kinds) > 1,
    )


def _peel(hint: object) -> tuple[tuple[Label, ...], object]:
    if get_origin(hint) is Annotated:
        bare, *extras = get_args(hint)
        inner, bare = _peel(bare)
        return (*inner, *(extra for extra in extras if isinstance(extra, Label))), bare
    return (), hint


def _without_none(hint: object) -> tuple[object, bool]:
    if get_origin(hint) in (Union, types.UnionType):
        arms = [arm for arm in get_args(hint) if arm is not type(None)]
        optional = len(arms) < len(get_args(hint))
        return (arms[0] if len(arms) == 1 else Union[tuple(arms)]), optional  # noqa: UP007
    return hint, False


@dataclass(frozen=True, slots=True)
class Leaf:
    """One scalar of a record family, at its path (`periods[].kind(Graded).degree`), with its data class."""

    path: str
    kind: type
    data_class: DataClass
    free_text: bool
    codes: str


def leaves_of(record: type, inherited: DataClass | None = None, prefix: str = "") -> Iterator[Leaf]:
    """Give every scalar leaf below a record class, depth first, with inherited data classes resolved.

    Raises `TypeError` for a field that is less strict than the record it stands in, or inherits from nobody.
    """
    for field in fields_of(record).values():
        data_class = class_of(record, field, inherited)
        path = f"{prefix}{field.name}" + ("[]" if field.many else "")
        if not field.is_record:
            yield Leaf(path, field.kinds[0], data_class, field.free_text, field.codes)
            continue
        for kind in field.kinds:
            below = f"{path}({kind.__name__})." if field.is_one_of else f"{path}."
            yield from leaves_of(kind, data_class, below)


def class_of(record: type, field: Field, inherited: DataClass | None) -> DataClass:
    """Give the data class that a field is released by, `inherited` being that of the record it stands in."""
    data_class = field.data_class or inherited
    if data_class is None:
        raise TypeError(f"{record.__name__}.{field.name} inherits a data class from nobody")
    if inherited and STRICTNESS[data_class] < STRICTNESS[inherited]:
        raise TypeError(f"{record.__name__}.{field.name} is {data_class}, less strict than the {inherited} it is in")
    return data_class


def values_of(
    record: Any, inherited: DataClass | None = None, prefix: str = ""
) -> Iterator[tuple[str, object, DataClass]]:
    """Give every populated leaf of a record as instance path (`periods[0].kind.degree`), value and data class.

    A record that is there without a single populated leaf says something by being there: it is given as a leaf
    of its own, with the record as the value.
    """
    for field in fields_of(type(record)).values():
        held = getattr(record, field.name)
        if held is None:
            continue
        data_class = class_of(type(record), field, inherited)
        name = f"{prefix}{field.name}"
        items = [(f"{name}[{i}]", item) for i, item in enumerate(held)] if field.many else [(name, held)]
        for path, item in items:
            if not field.is_record:
                yield path, item, data_class
                continue
            below = list(values_of(item, data_class, f"{path}."))
            if below:
                yield from below
            elif field.many or field.optional or field.is_one_of:
                yield path, item, data_class
