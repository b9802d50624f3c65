"""A record seen as elements: leaves of one data class with the same marks, which are decided together.

An element's marks are its own facts: NAV's restriction codes (kodeverk 8134) on exactly that answer, and what the
screen says of its free text, names and numbers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from gateway.core.vocabulary import DataClass
from gateway.model.walk import Field, class_of, fields_of
from gateway.policy.rules import UNKNOWN
from gateway.policy.screen import CLEAN, NOTHING, Own, Screen

Marks = tuple[tuple[str, str], ...]

SCREENED = "free-text-screen"
SHIELDED = "shielded-for-patient"

SHARED = {"share_with_nav": "share-with-nav", "share_with_gp": "share-with-gp"}
"""The fact that each sharing flag of a follow-up plan states."""

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


def elements_of(record: Any, screen: Screen | None = None, unsaid: Iterable[str] = ()) -> tuple[Element, ...]:
    """Group every populated leaf of a record by class and marks, in the order met.

    Without a screen texts count as clean: give one wherever a rule looks at it. `unsaid` is what else the message says
    of the illness. What is a diagnosis by its class is not screened: whoever may have it knows that it is one.
    """
    walk = _Walk(screen, _own(screen, record, unsaid) if screen else NOTHING)
    walk.record(record, None, "", ())
    return tuple(Element(data_class, marks, tuple(paths)) for (data_class, marks), paths in walk.groups.items())


def stated(record: Any) -> dict[str, str]:
    """Give the facts that a record itself states.

    Whether it is shielded from the patient (absent means it is not), and whom it may be shared with (absent: unknown).
    """
    said = {}
    if hasattr(record, "shielded_for_patient"):
        said[SHIELDED] = "true" if record.shielded_for_patient else "false"
    for name, fact in SHARED.items():
        flag = getattr(record, name, None)
        if flag is not None:
            said[fact] = "true" if flag else "false"
    return said


def restrictions(codes: Iterable[str]) -> Marks:
    """Give the marks of an answer: what its codes restrict, and unknown in every respect for a strange code.

    A restrictable answer without a code counts as restricted for the employer (every 6.x question carries A).
    """
    given = tuple(codes)
    if any(code not in RESTRICTED for code in given):
        return tuple((fact, UNKNOWN) for fact in RESTRICTED.values())
    return tuple((RESTRICTED[code], "true") for code in RESTRICTED if code in (given or ("employer",)))


class _Walk:
    """One walk over a record; the leaves are those of `gateway.model.walk.values_of`."""

    __slots__ = ("groups", "own", "screen")

    def __init__(self, screen: Screen | None, own: Own) -> None:
        self.groups: dict[tuple[str, Marks], list[str]] = {}
        self.screen = screen
        self.own = own

    def record(self, record: Any, inherited: DataClass | None, prefix: str, marks: Marks) -> bool:
        """Note the leaves below a record; says whether there was any."""
        kind = type(record)
        plan = _PLANS.get((kind, inherited)) or _plan(kind, inherited)
        if plan.restrictable:
            marks = restrictions(record.restrictions)
        found = False
        for field in plan.fields:
            held = getattr(record, field.name)
            if held is None:
                continue
            path = prefix + field.name
            if not field.many:
                found |= self._item(field, held, path, marks)
            else:
                for i, item in enumerate(held):
                    found |= self._item(field, item, f"{path}[{i}]", marks)
        return found

    def _item(self, field: "_Planned", item: Any, path: str, marks: Marks) -> bool:
        if field.is_record:
            if self.record(item, field.data_class, path + ".", marks):
                return True
            if not field.telling:
                return False
        elif self.screen and field.data_class is not DataClass.DIAGNOSIS and (field.free_text or field.naming):
            look = self.screen.look if field.free_text else self.screen.look_at_name
            found = look(item, self.own)
            marks = marks if found == CLEAN else (*marks, (SCREENED, found or UNKNOWN))
        self.groups.setdefault((field.data_class, marks), []).append(path)
        return True


def _own(screen: Screen, record: Any, unsaid: Iterable[str]) -> Own:
    """Give what a message says of the illness (diagnoses, clinical texts) and of where its patient lives."""
    said = [*unsaid]
    lives: list[str] = []
    _hear(record, None, said, lives)
    return screen.own(said, lives)


def _hear(record: Any, inherited: DataClass | None, said: list[str], lives: list[str]) -> None:
    kind = type(record)
    for field in (_PLANS.get((kind, inherited)) or _plan(kind, inherited)).fields:
        held = getattr(record, field.name)
        for item in held if field.many else (held,):
            if field.is_record:
                if item is not None:
                    _hear(item, field.data_class, said, lives)
            elif isinstance(item, str) and (field.telling_illness or field.telling_place):
                (said if field.telling_illness else lives).append(item)


class _Planned(NamedTuple):
    """What the walk needs to know of a field.

    `telling` means that an empty record says something by being there, `naming` that it is another text that no
    code list holds to its words: a name, a number, in whose place people have been seen to write remarks,
    `telling_illness` that it is the code or text of a diagnosis, or a clinical text, `telling_place` that it is a
    street or telephone of the patient's.
    """

    name: str
    data_class: DataClass
    many: bool
    is_record: bool
    free_text: bool
    telling: bool
    naming: bool
    telling_illness: bool
    telling_place: bool


class _Plan(NamedTuple):
    fields: tuple[_Planned, ...]
    restrictable: bool


_PLACES = frozenset({"street", "postbox", "value"})

_PLANS: dict[tuple[type, DataClass | None], _Plan] = {}


def _plan(kind: type, inherited: DataClass | None) -> _Plan:
    fields = tuple(_planned(f, class_of(kind, f, inherited)) for f in fields_of(kind).values())
    plan = _PLANS[kind, inherited] = _Plan(fields, "restrictions" in fields_of(kind))
    return plan


def _planned(field: Field, data_class: DataClass) -> _Planned:
    text = field.kinds[0] is str and not field.codes
    diagnosis, clinical = data_class is DataClass.DIAGNOSIS, data_class is DataClass.CLINICAL
    return _Planned(
        name=field.name,
        data_class=data_class,
        many=field.many,
        is_record=field.is_record,
        free_text=field.free_text,
        telling=field.many or field.optional or field.is_one_of,
        naming=text and not (field.free_text or field.impersonal or diagnosis or clinical),
        telling_illness=text and (diagnosis or (clinical and field.free_text)),
        telling_place=text and data_class is DataClass.CONTACT and field.name in _PLACES,
    )
