"""What a JSON message says about itself, judged before it is read: which entries and which items of a list are meant.

An item that does not hold, and one of another entry than the message points at, becomes nothing (`None`) in a copy of
the message, so that what is read keeps its place. What changes the meaning and no rule knows is refused.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.mapping.run.point import Pointer, peek_all
from gateway.mapping.run.values import Bad, Look, blank, peek

DAY = len("YYYY-MM-DD")


@dataclass(frozen=True, slots=True)
class Choice:
    """By what the items of a list tell which of them are meant.

    `by` is the property that says it: `first` are its values in order of preference, `never` those of an item that
    does not hold. `until` is the period in which it holds. `known` is where the item says of which system it is.
    """

    where: int
    by: tuple[Look, ...] = ()
    first: tuple[str, ...] = ()
    never: frozenset[str] = frozenset()
    until: tuple[Look, ...] = ()
    known: tuple[Look, ...] = ()

    def rank(self, item: object) -> int:
        """Give how far an item stands behind the most preferred."""
        said = _said(peek(item, self.by)) if self.by else ""
        return self.first.index(said) if said in self.first else len(self.first)

    def against(self, item: object, day: str) -> str:
        """Say why an item does not hold on a day (YYYY-MM-DD, or nothing when it is not told), or nothing."""
        if self.by and _said(peek(item, self.by)) in self.never:
            return f"its {self.by[-1]} says that it does not hold"
        period = peek(item, self.until) if self.until else None
        if not isinstance(period, dict):
            return ""
        start, end = _said(period.get("start"))[:DAY], _said(period.get("end"))[:DAY]
        if end and (not day or end < day[: len(end)]):
            return "its period is over"
        return "its period has not begun" if start and day and start > day[: len(start)] else ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of what may stand at a place: an object, or the items of a list that have the same marks.

    `one` says that only one is expected, `systems` which systems of it are known. `only` are the values that are taken,
    `modifiers` the properties that change the meaning and that no rule knows. `link` and `word` name entries.
    """

    name: str
    where: int
    marks: tuple[tuple[tuple[Look, ...], tuple[str, ...]], ...] = ()
    one: bool = False
    choice: Choice | None = None
    systems: frozenset[str] = frozenset()
    only: tuple[str, ...] | None = None
    modifiers: tuple[str, ...] = ()
    link: str = ""
    word: str = ""
    below: "tuple[At, ...]" = ()

    def holds(self, item: object) -> bool:
        """Whether an item has the marks of this kind."""
        return all(peek(item, way) in values for way, values in self.marks)


@dataclass(frozen=True, slots=True)
class At:
    """A property, whether it is a list, and the kinds of what stands there, those with most marks first.

    Where one look tells all kinds that have marks, it is `look`, and `by_mark` has the number of the kind of each mark.
    """

    name: str
    many: bool
    kinds: tuple[Kind, ...]
    look: tuple[Look, ...] = ()
    by_mark: Mapping[str, int] = field(default_factory=dict)

    def sorted(self, items: Sequence[Any]) -> list[list[int]]:
        """Give for each kind the numbers of its items: an item is of the first kind whose marks hold."""
        out: list[list[int]] = [[] for _ in self.kinds]
        rest = next((n for n, kind in enumerate(self.kinds) if not kind.marks), None)
        for number, item in enumerate(items):
            if item is None:
                continue
            if self.look:
                mark = peek(item, self.look)
                kind = self.by_mark.get(mark, rest) if isinstance(mark, str) else rest
            else:
                kind = next((n for n, one in enumerate(self.kinds) if one.marks and one.holds(item)), rest)
            if kind is not None:
                out[kind].append(number)
        return out


@dataclass(frozen=True, slots=True)
class Judged:
    """What is judged of a message: everything below its root, and how entries are told.

    `ways` gives for each word, in the order in which they are told, the chains of references that lead to its entry.
    `own` are the references in a word's entry that have to lead to the entry of another word. `day` are the places of
    the time from which the message speaks.
    """

    root: Kind
    ways: tuple[tuple[str, tuple[tuple[tuple[Look, ...], ...], ...]], ...] = ()
    own: tuple[tuple[str, tuple[tuple[tuple[Look, ...], str], ...]], ...] = ()
    day: tuple[tuple[Look, ...], ...] = ()


class Judge:
    """One look at one message. Without an account, raises `Bad` for what is not acceptable."""

    def __init__(self, judged: Judged, message: dict[str, Any], account: Any = None) -> None:
        self.account = account
        self.judged = judged
        self.pointer = Pointer(judged, message)
        told = (_said(one) for way in judged.day for one in peek_all(message, way))
        self.day = next((one for one in told if one), "")[:DAY]

    def message(self, at: str) -> Any:
        """Give the message as it is to be read."""
        return self._object(self.pointer.message, self.judged.root, at)

    # what is told

    def _refuse(self, s: Any, at: str, kind: Kind, why: str, mend: str, code: str = "business-rule") -> None:
        if self.account is None:
            raise Bad(why)
        self.account.judge(s, at, kind.where, why, mend, code)

    def _leave(self, s: Any, at: str, why: str) -> None:
        if self.account is not None:
            self.account.unknown(s, at, why)

    # objects

    def _object(self, d: Any, kind: Kind, at: str) -> Any:
        if not isinstance(d, dict):
            return d
        changed: dict[str, Any] = {}
        for name in kind.modifiers:
            if name in d and not blank(d[name]):
                why = f"{name} changes what the rest says, and no rule here knows it"
                mend = "leave it out, if the rest holds without it"
                self._refuse(d[name], f"{at}.{name}", kind, why, mend, "not-supported")
                changed[name] = None
        for step in kind.below:
            held = d.get(step.name)
            if held is None or step.name in changed:
                continue
            new = self._held(held, step, f"{at}.{step.name}")
            if new is not held:
                changed[step.name] = new
        return {**d, **changed} if changed else d

    def _held(self, held: Any, step: At, at: str) -> Any:
        if step.many and isinstance(held, list):
            return self._list(held, step, at)
        kind = step.kinds[0]
        return self._one(held, kind, at) if not step.many else held

    def _one(self, s: Any, kind: Kind, at: str) -> Any:
        """Judge what is no list, or one item of a list that is meant."""
        if kind.link:
            return self._link(s, kind, at)
        if kind.only is not None:
            return self._only(s, kind, kind.only, at)
        if kind.choice and (why := kind.choice.against(s, self.day)) and kind.one:
            self._refuse(s, at, kind, why, "give the one that holds")
            return None
        return self._object(s, kind, at)

    def _only(self, s: Any, kind: Kind, only: tuple[str, ...], at: str) -> Any:
        if blank(s) or (only and isinstance(s, dict | list)) or _said(s) in only:
            return s
        why = f"{kind.name} says what is not taken here"
        mend = f"what is taken is {', '.join(only)}" if only else "leave out what does not hold"
        self._refuse(s, at, kind, why, mend, "not-supported")
        return None

    # lists

    def _list(self, items: list[Any], step: At, at: str) -> list[Any]:
        out = list(items)
        told = self.pointer.sorted if items is self.pointer.entries else step.sorted(items)
        for kind, numbers in zip(step.kinds, told, strict=True):
            if not numbers:
                continue
            meant = self._meant(items, kind, numbers, at)
            for number in numbers:
                if number not in meant:
                    out[number] = None
                    continue
                out[number] = self._item(items[number], kind, f"{at}[{number}]")
        return items if all(a is b for a, b in zip(items, out, strict=True)) else out

    def _item(self, item: Any, kind: Kind, at: str) -> Any:
        if kind.link or kind.only is not None:
            return self._one(item, kind, at)
        return self._object(item, kind, at)

    def _meant(self, items: list[Any], kind: Kind, numbers: Sequence[int], at: str) -> Sequence[int]:
        """Give the items that are meant; says of the others why they are not."""
        if kind.word in self.pointer.candidates and kind.one:
            return self._entry(items, kind, numbers, at)
        choice = kind.choice
        if choice is None:
            return numbers
        holding = self._without(items, numbers, at, lambda item: choice.against(item, self.day))
        if kind.systems and any(_said(peek(items[n], choice.known)) in kind.systems for n in holding):
            holding = self._without(items, holding, at, lambda item: _of_no_known(item, choice, kind))
        if not kind.one or len(holding) < 2:  # noqa: PLR2004 (one of one)
            return holding
        best = min(choice.rank(items[n]) for n in holding)
        holding = self._without(
            items, holding, at, lambda item: "another is preferred" if choice.rank(item) > best else ""
        )
        if all(items[n] == items[holding[0]] for n in holding):
            return holding
        return self._ambiguous(items, kind, holding, at)

    def _without(
        self, items: list[Any], numbers: Iterable[int], at: str, against: Callable[[Any], str]
    ) -> Sequence[int]:
        kept: list[int] = []
        for number in numbers:
            why = against(items[number])
            if why:
                self._leave(items[number], f"{at}[{number}]", why)
            else:
                kept.append(number)
        return kept

    def _ambiguous(self, items: list[Any], kind: Kind, numbers: Sequence[int], at: str) -> Sequence[int]:
        why = f"one {kind.name} is expected, and nothing tells which of these is meant"
        first = kind.choice.first if kind.choice else ()
        by = kind.choice.by[-1] if kind.choice and kind.choice.by else ""
        mend = f"give one, or mark it {by}: {first[0]}" if first else "give one"
        for number in numbers:
            self._refuse(items[number], f"{at}[{number}]", kind, why, mend)
        return ()

    # entries

    def _entry(self, items: list[Any], kind: Kind, numbers: Sequence[int], at: str) -> Sequence[int]:
        meant = self.pointer.meant(kind.word)
        if meant is None:
            why = f"one {kind.name} is expected, and nothing tells which of these is the {kind.word}"
            mend = "send one, or let the reference that names it point at it"
            for number in numbers:
                self._refuse(items[number], f"{at}[{number}]", kind, why, mend)
            return ()
        why = f"another {kind.name} than the {kind.word}"
        return self._without(items, numbers, at, lambda item: "" if item is items[meant] else why)

    def _link(self, s: Any, kind: Kind, at: str) -> Any:
        found = self.pointer.leads(s, kind.link)
        if found is None:
            return s
        if found:
            if self.account is not None:
                self.account.urls.setdefault(kind.link, set()).add(found)
            return s
        why = f"points at another entry than the {kind.link}"
        self._refuse(s, at, kind, why, f"let it point at the {kind.link}, directly or through a role")
        return None


def _of_no_known(item: Any, choice: Choice, kind: Kind) -> str:
    known = _said(peek(item, choice.known)) in kind.systems
    return "" if known else "of a system that no rule knows, beside a known one"


def _said(s: Any) -> str:
    """Give a scalar as it is told in a file; nothing for what is none."""
    if s is True or s is False:
        return "true" if s else "false"
    return " ".join(s.split()) if isinstance(s, str) else "" if s is None or isinstance(s, dict | list) else str(s)
