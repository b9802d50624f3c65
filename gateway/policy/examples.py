"""The worked examples of `examples.yaml`: what is asked, and what must be released; written before any rule was run."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from yaml.nodes import Node

from gateway.core.decision import Decision, Effect
from gateway.core.errors import Fault
from gateway.core.message import Route
from gateway.core.vocabulary import DataClass, MessageKind, Obligation, Purpose, Role
from gateway.policy.elements import Element
from gateway.policy.facts import Facts
from gateway.policy.nodes import Position, Reader, nearest
from gateway.policy.pdp import decide_elements
from gateway.policy.rules import STRANGE, UNKNOWN, RuleSet, Table

_REQUIRED = ("n", "title", "message", "from", "to", "purpose", "present", "released")
_KEYS = (*_REQUIRED, "facts", "by-class", "why", "obligations")


@dataclass(frozen=True, slots=True)
class Example:
    """One question and its expected answer. `why` and `obligations` give one rule and one obligation for a class."""

    number: str
    title: str
    route: Route
    facts: Facts
    present: tuple[str, ...]
    released: frozenset[str]
    why: Mapping[str, str]
    obligations: Mapping[str, str]
    at: Position

    def answer(self, table: Table) -> Decision:
        """Decide it."""
        return decide_elements(table, self.route, self.facts, map(Element, self.present))


def failures(table: Table, examples: Iterable[Example]) -> Iterator[Fault]:
    """Give every example whose answer is not the expected one."""
    for example in examples:
        decision = example.answer(table)
        released = frozenset(one.data_class for one in decision.classes if one.effect is Effect.PERMIT)
        name = f"example {example.number} ({example.title})"
        for data_class in sorted(released ^ example.released):
            what = "released" if data_class in released else "withheld"
            rules = next(one.rules for one in decision.classes if one.data_class == data_class)
            yield example.at.fault(f"{name}: {data_class} is {what}", f"by {', '.join(rules) or 'no rule'}")
        of_class = {one.data_class: one for one in decision.classes}
        for data_class, rule in example.why.items():
            if rule not in of_class[data_class].rules:
                yield example.at.fault(f"{name}: «{rule}» does not decide about {data_class}")
        for data_class, duty in example.obligations.items():
            if duty not in of_class[data_class].obligations:
                yield example.at.fault(f"{name}: {data_class} does not carry «{duty}»")


@dataclass(slots=True)
class ExampleFile:
    """One reading of `examples.yaml`; mistakes gather in `reader`."""

    reader: Reader
    rules: RuleSet

    def read(self, text: str) -> tuple[Example, ...]:
        """Give every example; those that cannot be read are mistakes and left out."""
        reader = self.reader
        keys = ("defaults", "examples")
        entries = reader.mapping(reader.root(text), keys, keys)
        defaults = self._facts(entries.get("defaults"))
        found = (self._example(node, defaults) for node in reader.sequence(entries.get("examples")))
        return tuple(one for one in found if one)

    def _example(self, node: Node, defaults: Mapping[str, str]) -> Example | None:
        reader = self.reader
        before = len(reader.faults)
        entries = reader.mapping(node, _KEYS, _REQUIRED)
        present = self._classes(entries.get("present"))
        words = {
            "from": reader.word(entries.get("from"), tuple(Role), "role"),
            "to": reader.word(entries.get("to"), tuple(Role), "role"),
            "message": reader.word(entries.get("message"), tuple(MessageKind), "message kind"),
            "purpose": reader.word(entries.get("purpose"), tuple(Purpose), "purpose"),
        }
        by_class = {
            data_class: self._facts(facts)
            for data_class, facts in reader.mapping(entries.get("by-class"), present).items()
        }
        facts = {**defaults, **self._facts(entries.get("facts"))}
        released = self._classes(entries.get("released"))
        why = self._about(entries.get("why"), present, [rule.id for rule in self.rules.rules], "rule")
        obligations = self._about(entries.get("obligations"), present, tuple(Obligation), "known obligation")
        if len(reader.faults) > before:
            return None
        route = Route(Role(words["from"]), Role(words["to"]), MessageKind(words["message"]), Purpose(words["purpose"]))
        return Example(
            number=reader.text(entries["n"]),
            title=reader.text(entries["title"]),
            route=route,
            facts=Facts(facts, by_class),
            present=present,
            released=frozenset(released),
            why=why,
            obligations=obligations,
            at=reader.at(node),
        )

    def _classes(self, node: Node | None) -> tuple[str, ...]:
        groups = self.rules.groups
        words = self.reader.words(node, (*DataClass, *groups, STRANGE), "data class")
        return tuple(dict.fromkeys(one for word in words for one in groups.get(word, (word,))))

    def _about(self, node: Node | None, present: tuple[str, ...], words: Iterable[str], kind: str) -> dict[str, str]:
        known = tuple(words)
        entries = self.reader.mapping(node, present)
        return {data_class: self.reader.word(word, known, kind) for data_class, word in entries.items()}

    def _facts(self, node: Node | None) -> dict[str, str]:
        kinds = self.rules.facts
        facts: dict[str, str] = {}
        for name, value in self.reader.mapping(node).items():
            if name in kinds:
                facts[name] = self.reader.word(value, (*kinds[name].values, UNKNOWN), f"value of fact «{name}»")
            else:
                self.reader.fault(value, f"«{name}» is not a fact of facts.yaml", nearest(name, kinds))
        return facts
