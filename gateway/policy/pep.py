"""The enforcement point: takes away everything that was not permitted. The only maker of `Released`.

A leaf goes when the decision does not permit it: a field becomes empty, an item leaves its list. When a record cannot
be made without it, the record goes, up to the nearest place that may be empty. A record that has lost every leaf goes
as well wherever it may, because that it stood there tells something too; so does one that has lost the last item of
the list it stands for.
"""

import dataclasses
from collections.abc import Iterable
from typing import Any, TypeVar

from gateway.core.decision import PLACEHOLDER, ClassDecision, Decision, Effect
from gateway.core.errors import Refused
from gateway.core.message import Released, Withheld
from gateway.core.vocabulary import DataClass, Obligation
from gateway.model import HumanName, Receipt, Telecom
from gateway.model.walk import Field, class_of, fields_of, values_of
from gateway.policy.question import beyond

Record = TypeVar("Record")

KNOWN_OBLIGATIONS = frozenset(Obligation)
"""What can be discharged: held, replaced and minimised here; the rest by whoever takes `Released`, or they refuse."""

AWAITS_OFFICER = "waits for an officer to clear it"

_GONE: Any = object()


def release(record: Record, decision: Decision) -> Released[Record]:
    """Give the record with everything removed that the decision does not permit.

    `withheld` names each leaf that was removed, by its path in the record that was decided, with every rule that
    decided. Where a rule demands a placeholder, the certifier's name becomes `core.decision.PLACEHOLDER` as a family
    name and a telephone number the same words, for formats that demand them; such a leaf is withheld all the same.

    Raises `Refused` when the decision is about another record, when nothing is permitted, when a permit waits for an
    officer, when the rules demand something that the gateway does not know how to do, or when what is left makes no
    sense without what was removed.
    """
    if decision.record_hash != hash(record):
        raise Refused("the decision is about another record")
    _refuse_strange_obligations(decision)
    permitted = [one for one in decision.classes if one.effect is Effect.PERMIT]
    if Obligation.MINIMISE_TO_QUESTION in decision.obligations and decision.question is None:
        raise Refused("it may go as far as it answers a question, and the question is not at hand", decision.rules)
    if not permitted:
        why = AWAITS_OFFICER if decision.held else "nothing of it is permitted to this recipient"
        raise Refused(why, decision.rules, decision.held)
    held = [one for one in permitted if Obligation.HOLD_FOR_REVIEW in one.obligations and not decision.cleared]
    if held:
        raise Refused(AWAITS_OFFICER, dict.fromkeys(rule for one in held for rule in one.rules), decision.held)
    removal = _Removal(decision)
    kept = removal.record(record, None, "")
    if kept is _GONE:
        raise Refused("what is permitted makes no sense without what is withheld", decision.rules)
    return Released(
        record=kept,
        route=decision.route,
        withheld=tuple(removal.withheld),
        rules=_permitting(permitted),
        obligations=frozenset(map(Obligation, decision.obligations)),
        held=tuple(sorted(decision.held)),
    )


def shown(record: Any, decision: Decision, fields: Iterable[str]) -> dict[str, Any]:
    """Give the values of some leaves, by path, to somebody who may read them: those that the decision permits.

    Raises `Refused` when the decision is about another record, or demands more than that the reading is logged.
    """
    if decision.record_hash != hash(record):
        raise Refused("the decision is about another record")
    if decision.obligations - {Obligation.LOG}:
        raise Refused("the rules demand more of this reading than that it is logged", decision.rules)
    permitted = {path for one in decision.classes if one.effect is Effect.PERMIT for path in one.fields}
    wanted = permitted.intersection(fields)
    return {path: value for path, value, _ in values_of(record) if path in wanted}


def unrestricted(record: Record) -> Released[Record]:
    """Give the whole record, decided by nobody: for an operator who says `--unrestricted`."""
    return Released(record=record, route=None)


def acknowledge(receipt: Receipt) -> Released[Receipt]:
    """Give a receipt as it may go back to the sender of the message that it answers: its envelope and nothing else.

    A receipt is of the gateway's or the recipient's own making and names no patient; what is no envelope is withheld.
    """
    removed = tuple(
        Withheld(path, data_class, ("receipt-is-envelope-only",))
        for path, _, data_class in values_of(receipt)
        if data_class is not DataClass.ENVELOPE
    )
    sender, receiver = (party and dataclasses.replace(party, person=()) for party in (receipt.sender, receipt.receiver))
    return Released(
        record=dataclasses.replace(receipt, sender=sender, receiver=receiver),
        route=None,
        withheld=removed,
        obligations=frozenset({Obligation.LOG}),
    )


def _refuse_strange_obligations(decision: Decision) -> None:
    strange = [one for one in decision.classes if one.obligations - KNOWN_OBLIGATIONS]
    if strange:
        rules = dict.fromkeys(rule for one in strange for rule in one.rules)
        raise Refused("a rule demands something that the gateway does not know how to do", rules)


def _permitting(permitted: list[ClassDecision]) -> dict[str, tuple[str, ...]]:
    rules: dict[str, dict[str, None]] = {}
    for one in permitted:
        rules.setdefault(one.data_class, {}).update(dict.fromkeys(one.permits))
    return {data_class: tuple(ids) for data_class, ids in rules.items()}


class _Removal:
    """One removal under way: what each leaf's decision is, and what has been withheld so far."""

    def __init__(self, decision: Decision) -> None:
        self.decisions = {path: one for one in decision.classes for path in one.fields}
        self.present = {one.data_class for one in decision.classes if one.effect is Effect.PERMIT and not one.marks}
        minimised = Obligation.MINIMISE_TO_QUESTION in decision.obligations
        self.question = decision.question if minimised else None
        self.withheld: list[Withheld] = []

    def record(self, record: Any, inherited: DataClass | None, prefix: str) -> Any:
        """Give the record with what is permitted, or `_GONE` when it cannot stand without what is withheld."""
        changes: dict[str, Any] = {}
        whole = True
        for field in fields_of(type(record)).values():
            held = getattr(record, field.name)
            if held is None or held == ():
                continue
            data_class = class_of(type(record), field, inherited)
            path = prefix + field.name
            kept = (
                self._items(field, held, data_class, path) if field.many else self._item(field, held, data_class, path)
            )
            if kept == () and field.essential:
                kept, whole = held, False
            if kept is _GONE:
                kept = _empty(type(record), field)
                whole = whole and kept is not _GONE
            if kept is not held:
                changes[field.name] = kept
        if not whole:
            self._withhold_rest(record, inherited, prefix)
            return _GONE
        return dataclasses.replace(record, **changes) if changes else record

    def _items(self, field: Field, held: tuple[Any, ...], data_class: DataClass, path: str) -> Any:
        kept = tuple(
            one
            for i, item in enumerate(held)
            if (one := self._item(field, item, data_class, f"{path}[{i}]")) is not _GONE
        )
        if len(kept) == len(held) and all(new is old for new, old in zip(kept, held, strict=True)):
            return held
        return kept

    def _item(self, field: Field, held: Any, data_class: DataClass, path: str) -> Any:
        if not field.is_record:
            return held if self._permits(path, data_class) else _GONE
        if (field.many or field.optional) and self.question and beyond(held, data_class, self.question):
            self._withhold_beyond(held, data_class, path)
            return _GONE
        before = any(True for _ in values_of(held, data_class, path + "."))
        if not before and (field.many or field.optional or field.is_one_of):
            return held if self._permits(path, data_class) else _GONE
        replaced = self._placeholder(held, data_class, path)
        if replaced is not None:
            return replaced
        kept = self.record(held, data_class, path + ".")
        if kept is _GONE or kept is held or any(True for _ in values_of(kept, data_class)):
            return kept
        needed = not field.optional and not field.many
        return kept if needed and data_class in self.present else _GONE

    def _permits(self, path: str, data_class: DataClass) -> bool:
        """Whether a leaf may go. One that was never decided may not, nor one decided as another class."""
        one = self.decisions.get(path)
        if one is not None and one.effect is Effect.PERMIT and one.data_class == data_class:
            return True
        self.withheld.append(Withheld(path, data_class, one.rules if one else ()))
        return False

    def _placeholder(self, held: Any, data_class: DataClass, path: str) -> Any:
        """Give neutral words in the place of a certifier's name or number that a rule wants replaced, else none."""
        if data_class is not DataClass.CERTIFIER or not isinstance(held, HumanName | Telecom):
            return None
        leaves = [at for at, _, _ in values_of(held, data_class, path + ".")]
        found = [self.decisions.get(at) for at in leaves]
        if not all(
            one and one.effect is not Effect.PERMIT and Obligation.PLACEHOLDER in one.obligations for one in found
        ):
            return None
        for at in leaves:
            self._permits(at, data_class)
        return HumanName(family=PLACEHOLDER) if isinstance(held, HumanName) else Telecom(value=PLACEHOLDER)

    def _withhold_beyond(self, held: Any, data_class: DataClass, path: str) -> None:
        """Name the leaves that go because nobody asked for them, by the rule that lets only an answer through."""
        for at, _, of in values_of(held, data_class, path + "."):
            one = self.decisions.get(at)
            self.withheld.append(Withheld(at, of, one.rules if one else ()))

    def _withhold_rest(self, record: Any, inherited: DataClass | None, prefix: str) -> None:
        """Name the leaves that go only because the record they stand in goes, with the rules that took it away."""
        named = {one.field: one.rules for one in self.withheld if one.field.startswith(prefix)}
        rules = tuple(dict.fromkeys(rule for of_leaf in named.values() for rule in of_leaf))
        for path, _, data_class in values_of(record, inherited, prefix):
            if path not in named:
                self.withheld.append(Withheld(path, data_class, rules))


def _empty(kind: type, field: Field) -> Any:
    """Give what stands in a field that lost its content, or `_GONE` when the record cannot be made without."""
    if field.many:
        return ()
    if field.optional:
        return None
    default = next(f.default for f in dataclasses.fields(kind) if f.name == field.name)
    empty = field.is_record and default is not dataclasses.MISSING and not any(True for _ in values_of(default))
    return default if empty else _GONE
