"""A record seen as elements: leaves of one data class with the same marks, which are decided together.

An element's marks are its own facts: NAV's restriction codes (kodeverk 8134) on exactly that answer, and what the
screen says of its free text.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.core.vocabulary import DataClass
from gateway.model.walk import class_of, fields_of
from gateway.policy.rules import UNKNOWN
from gateway.policy.screen import CLEAN, Screen

Marks = tuple[tuple[str, str], ...]

SCREENED = "free-text-screen"
SHIELDED = "shielded-for-patient"

RESTRICTED: dict[str, str] = {
    "employer": "restricted-for-employer",
    "patient": "restricted-for-patient",
    "nav": "restricted-for-nav",
}
"""The fact that each word of code list `restriction` makes true."""

UNMARKED: dict[str, str] = {SCREENED: CLEAN, **dict.fromkeys(RESTRICTED.values(), "false")}
"""What is known of an element that carries no marks."""


@dataclass(frozen=True, slots=True)
class Element:
    """Leaves that are decided together: their class, their marks (besides `UNMARKED`), their instance paths."""

    data_class: str
    marks: Marks = ()
    fields: tuple[str, ...] = ()


def elements_of(record: Any, screen: Screen | None = None) -> tuple[Element, ...]:
    """Group every populated leaf of a record by class and marks, in the order met.

    Without a screen free text counts as clean: give one wherever a rule looks at it.
    """
    groups: dict[tuple[str, Marks], list[str]] = {}
    for path, data_class, marks in _leaves(record, None, "", (), screen):
        groups.setdefault((data_class, marks), []).append(path)
    return tuple(Element(data_class, marks, tuple(paths)) for (data_class, marks), paths in groups.items())


def stated(record: Any) -> dict[str, str]:
    """Give the facts that a record itself states: whether it is shielded from the patient (absent means it is not)."""
    if not hasattr(record, "shielded_for_patient"):
        return {}
    return {SHIELDED: "true" if record.shielded_for_patient else "false"}


def restrictions(codes: Iterable[str]) -> Marks:
    """Give the marks of an answer: what its codes restrict, and unknown in every respect for a strange code.

    A restrictable answer without a code counts as restricted for the employer (every 6.x question carries A).
    """
    given = tuple(codes)
    if any(code not in RESTRICTED for code in given):
        return tuple((fact, UNKNOWN) for fact in RESTRICTED.values())
    return tuple((RESTRICTED[code], "true") for code in RESTRICTED if code in (given or ("employer",)))


def _leaves(
    record: Any, inherited: DataClass | None, prefix: str, marks: Marks, screen: Screen | None
) -> Iterator[tuple[str, str, Marks]]:
    kind = type(record)
    fields = _plan(kind, inherited)
    if "restrictions" in fields:
        marks = restrictions(record.restrictions)
    for name, (field, data_class) in fields.items():
        held = getattr(record, name)
        if held is None or held == ():
            continue
        path = prefix + name
        items = ((f"{path}[{i}]", item) for i, item in enumerate(held)) if field.many else ((path, held),)
        for at, item in items:
            if not field.is_record:
                screened = field.free_text and screen is not None
                yield at, data_class, (*marks, *_screened(screen, item)) if screened else marks
                continue
            below = list(_leaves(item, data_class, at + ".", marks, screen))
            if below:
                yield from below
            elif field.many or field.optional or field.is_one_of:
                yield at, data_class, marks


def _screened(screen: Screen | None, text: object) -> Marks:
    found = screen.look(text) if screen else None
    return () if found == CLEAN else ((SCREENED, found or UNKNOWN),)


_PLANS: dict[tuple[type, DataClass | None], Mapping[str, Any]] = {}


def _plan(kind: type, inherited: DataClass | None) -> Mapping[str, Any]:
    key = (kind, inherited)
    if key not in _PLANS:
        _PLANS[key] = {f.name: (f, class_of(kind, f, inherited)) for f in fields_of(kind).values()}
    return _PLANS[key]
