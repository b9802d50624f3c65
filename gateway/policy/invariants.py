"""Reads `invariants.yaml`: what the rules must never, always and only do; every mistake at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from yaml.nodes import MappingNode, Node, ScalarNode

from gateway.core.vocabulary import Obligation
from gateway.policy.nodes import Position, Reader, nearest
from gateway.policy.rules import DIMENSIONS, STRANGE, UNKNOWN, FactKind, Words
from gateway.policy.space import Selection

KINDS: dict[str, tuple[str, ...]] = {
    "never": ("unless",),
    "speaks": ("given",),
    "independent": ("fact", "only-in"),
    "obliges": ("on", "facts", "given", "obligation"),
    "only-obliges": ("facts", "given", "obligation"),
    "may": (),
    "must": ("given",),
}
"""The kinds of statement, and what each may say besides its selectors."""

SELECTORS: dict[str, str] = {"message": "message", "from": "from", "to": "to", "purpose": "purpose", "class": "classes"}
"""The dimension that each selector confines."""


@dataclass(frozen=True, slots=True, eq=False)
class Invariant:
    """One statement, equal only to itself. Which fields it uses is told by its kind (see `invariants.yaml`)."""

    kind: str
    id: str
    selection: Selection
    at: Position
    unless: tuple[Mapping[str, str], ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    fact: str = ""
    only_in: tuple[Selection, ...] = ()
    on: str = ""
    obligation: str = ""

    def __str__(self) -> str:
        """`emp-diagnosis (mappings/policy/invariants.yaml:23:3)`."""
        return f"{self.id} ({self.at})"


@dataclass(slots=True)
class InvariantFile:
    """One reading of `invariants.yaml`; mistakes gather in `reader`."""

    reader: Reader
    kinds: Mapping[str, FactKind]
    groups: Mapping[str, tuple[str, ...]]

    def read(self, text: str) -> tuple[Invariant, ...]:
        """Give every statement of the file."""
        found: dict[str, Invariant] = {}
        for kind, node in self.reader.mapping(self.reader.root(text), KINDS, KINDS).items():
            for i, item in enumerate(self.reader.sequence(node)):
                one = self._invariant(kind, i, item)
                if one.id in found:
                    self.reader.fault(item, f"«{one.id}» stands here twice", "give one of them another id")
                found[one.id] = one
        return tuple(found.values())

    def _invariant(self, kind: str, number: int, node: Node) -> Invariant:
        reader = self.reader
        named = kind not in ("may", "only-obliges")
        entries = reader.mapping(node, ("id", *SELECTORS, *KINDS[kind]), ("id",) if named else ())
        only_in = reader.sequence(entries.get("only-in"))
        return Invariant(
            kind=kind,
            id=reader.text(entries.get("id")) or f"{kind}-{number + 1}",
            selection=self._selection(entries),
            at=reader.at(node),
            unless=tuple(self._facts(item, unknown=False) for item in reader.sequence(entries.get("unless"))),
            given=self._facts(entries.get("given"), unknown=kind == "must"),
            facts=self._facts(entries.get("facts"), unknown=False),
            fact=reader.word(entries.get("fact"), self.kinds, "fact of facts.yaml"),
            only_in=tuple(self._selection(reader.mapping(item, SELECTORS)) for item in only_in),
            on=reader.word(entries.get("on"), ("release", "withhold"), "moment"),
            obligation=reader.word(entries.get("obligation"), tuple(Obligation), "known obligation"),
        )

    def _selection(self, entries: Mapping[str, Node]) -> Selection:
        words = {SELECTORS[key]: self._words(SELECTORS[key], node) for key, node in entries.items() if key in SELECTORS}
        return Selection(words)

    def _words(self, dimension: str, node: Node) -> Words:
        if isinstance(node, MappingNode):
            inner = self.reader.mapping(node, {"all-except"}, {"all-except"}).get("all-except")
            return Words(self._listed(dimension, inner), inverted=True)
        return Words(self._listed(dimension, node))

    def _listed(self, dimension: str, node: Node | None) -> frozenset[str]:
        groups = self.groups if dimension == "classes" else {}
        known = (*DIMENSIONS[dimension], *groups, STRANGE)
        if isinstance(node, ScalarNode):
            words: tuple[str, ...] = (self.reader.word(node, known, "word of this selector"),)
        else:
            words = self.reader.words(node, known, "word of this selector")
        return frozenset(one for word in words for one in groups.get(word, (word,)))

    def _facts(self, node: Node | None, *, unknown: bool) -> dict[str, str]:
        facts: dict[str, str] = {}
        for name, value in self.reader.mapping(node).items():
            if name not in self.kinds:
                self.reader.fault(value, f"«{name}» is not a fact of facts.yaml", nearest(name, self.kinds))
                continue
            values = (*self.kinds[name].values, UNKNOWN) if unknown else self.kinds[name].values
            facts[name] = self.reader.word(value, values, f"value of fact «{name}»")
        return facts
