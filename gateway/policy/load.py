"""Reads `mappings/policy/*.yaml`: rules, facts, screen and labels, every mistake at once as `file:line:column`."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gateway.core.errors import ConfigurationError, Fault
from gateway.core.vocabulary import DataClass, MessageKind, Obligation, Purpose, Role
from gateway.policy.labels import Labels, read_labels
from gateway.policy.nodes import Reader, nearest
from gateway.policy.rules import ANY, DIMENSIONS, TIERS, UNKNOWN, FactKind, Rule, RuleSet, Words
from gateway.policy.screen import Screen, read_screen

FILES = ("rules.yaml", "facts.yaml", "screen.yaml", "labels.yaml")
"""The files that decide, and whose digest a decision names."""

VOCABULARY: dict[str, tuple[str, ...]] = {
    "roles": tuple(Role),
    "messages": tuple(MessageKind),
    "purposes": tuple(Purpose),
    "classes": tuple(DataClass),
    "obligations": tuple(Obligation),
}
STATUSES = ("verified", "memory", "ours")
SCOPES = ("message", "class", "element")

_REQUIRED = (
    "id",
    "rows",
    "effect",
    "tier",
    *DIMENSIONS,
    "basis",
    "source",
    "status",
    "valid-from",
    "reviewed",
    "nb",
    "en",
    "sv",
)
_KEYS = (*_REQUIRED, "when", "unless", "obligations", "valid-to")
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_KIND_OF_WORD = {"message": "message kind", "from": "role", "to": "role", "purpose": "purpose", "classes": "data class"}


def load(directory: Path) -> RuleSet:
    """Read the rule files of a directory.

    Raises `ConfigurationError` with every mistake of every file.
    """
    rules, faults = read(texts(directory))
    if rules is None or faults:
        raise ConfigurationError(faults)
    return rules


def texts(directory: Path, names: Sequence[str] = FILES) -> dict[str, str]:
    """Give the text of each file under the path that its mistakes are reported at.

    Raises `ConfigurationError` for files that are missing or not UTF-8.
    """
    found: dict[str, str] = {}
    missing: list[Fault] = []
    for name in names:
        path = directory / name
        try:
            found[str(path)] = path.read_text(encoding="utf-8")
        except OSError:
            missing.append(Fault(str(path), 1, 1, "the file cannot be read"))
        except UnicodeDecodeError:
            missing.append(Fault(str(path), 1, 1, "the file is not UTF-8"))
    if missing:
        raise ConfigurationError(missing)
    return found


def read(files: Mapping[str, str]) -> tuple[RuleSet | None, list[Fault]]:
    """Read the texts of `FILES`, in that order; the rule set is absent only when the rules cannot be read at all."""
    digest = hashlib.sha256("\0".join(files.values()).encode()).hexdigest()
    (rules_file, rules_text), (facts_file, facts_text), (screen_file, screen_text), (labels_file, labels_text) = (
        files.items()
    )
    facts_reader = Reader(facts_file)
    kinds = _read_facts(facts_reader, facts_reader.root(facts_text))
    screen_reader, labels_reader = Reader(screen_file), Reader(labels_file)
    screen = read_screen(screen_reader, screen_reader.root(screen_text))
    labels = read_labels(labels_reader, labels_reader.root(labels_text))
    reader = Reader(rules_file)
    root = reader.root(rules_text)
    rules = _RuleFile(reader, kinds, digest, screen, labels).read(root) if root is not None else None
    readers = (reader, facts_reader, screen_reader, labels_reader)
    return rules, [
        fault for one in readers for fault in sorted(one.faults, key=lambda fault: (fault.line, fault.column))
    ]


def _read_facts(reader: Reader, root: Node | None) -> dict[str, FactKind]:
    kinds: dict[str, FactKind] = {}
    for node in reader.sequence(reader.mapping(root, {"facts"}, {"facts"}).get("facts")):
        keys = ("name", "values", "scope", "from", "unknown")
        entries = reader.mapping(node, (*keys, "unordered"), keys)
        name = reader.text(entries.get("name"))
        values = tuple(reader.text(item) for item in reader.sequence(entries.get("values")))
        if name in kinds:
            reader.fault(node, f"fact «{name}» stands here twice", "keep one of them")
        if len(set(values)) != len(values) or len(values) < 2:  # noqa: PLR2004
            reader.fault(node, f"fact «{name}» needs at least two different values")
        if UNKNOWN in values:
            reader.fault(node, f"fact «{name}» lists «{UNKNOWN}»", "every fact has it without saying so: leave it out")
        kinds[name] = FactKind(
            name=name,
            values=values,
            scope=reader.word(entries.get("scope"), SCOPES, "scope"),
            ordered=reader.word(entries.get("unordered"), ("true", "false"), "yes or no") != "true",
            origin=reader.text(entries.get("from")),
            unknown=reader.text(entries.get("unknown")),
            at=reader.at(node),
        )
    return kinds


@dataclass(slots=True)
class _RuleFile:
    """One reading of `rules.yaml`."""

    reader: Reader
    kinds: Mapping[str, FactKind]
    digest: str
    screen: Screen
    labels: Labels

    def read(self, root: Node) -> RuleSet:
        reader = self.reader
        keys = ("version", "vocabulary", "groups", "sources", "rules", "legal-rows", "rows-without-rule")
        entries = reader.mapping(root, keys, keys)
        self._vocabulary(entries.get("vocabulary"))
        groups = {
            name: reader.words(node, VOCABULARY["classes"], "data class")
            for name, node in reader.mapping(entries.get("groups")).items()
        }
        sources = reader.texts(entries.get("sources"))
        legal = self._legal_rows(entries.get("legal-rows"))
        rules: dict[str, Rule] = {}
        for node in reader.sequence(entries.get("rules")):
            rule = self._rule(node, groups, sources, legal)
            if rule.id in rules:
                reader.fault(node, f"rule «{rule.id}» stands here twice", "give one of them another id")
            rules[rule.id] = rule
        return RuleSet(
            version=reader.text(entries.get("version")),
            digest=self.digest,
            rules=tuple(rules.values()),
            facts=self.kinds,
            groups=groups,
            sources=sources,
            legal_rows=legal,
            without_rule=reader.texts(entries.get("rows-without-rule")),
            screen=self.screen,
            labels=self.labels,
        )

    def _vocabulary(self, node: Node | None) -> None:
        entries = self.reader.mapping(node, VOCABULARY, VOCABULARY)
        for name, known in VOCABULARY.items():
            listed = self.reader.words(entries.get(name), known, f"word of gateway.core.vocabulary ({name})")
            for word in known:
                if name in entries and word not in listed:
                    self.reader.fault(
                        entries[name], f"«{word}» is missing from {name}", "the program knows it: list it"
                    )

    def _legal_rows(self, node: Node | None) -> tuple[str, ...]:
        rows: list[str] = []
        for letters, count in self.reader.mapping(node).items():
            number = self.reader.text(count)
            if not number.isdigit():
                self.reader.fault(count, "a number of rows is expected")
                continue
            rows += [f"{letters}{i + 1}" for i in range(int(number))]
        return tuple(rows)

    def _rule(
        self,
        node: Node,
        groups: Mapping[str, tuple[str, ...]],
        sources: Mapping[str, str],
        legal: tuple[str, ...],
    ) -> Rule:
        reader = self.reader
        entries = reader.mapping(node, _KEYS, _REQUIRED)
        name = reader.text(entries.get("id"))
        if "id" in entries and not _ID.fullmatch(name):
            reader.fault(entries["id"], f"«{name}» is not an id", "write small letters, digits and hyphens")
        permits = reader.word(entries.get("effect"), ("permit", "forbid"), "effect") == "permit"
        tier = reader.word(entries.get("tier"), TIERS, "tier")
        if tier and permits != (tier == "permit"):
            reader.fault(entries["tier"], f"a {'permit' if permits else 'forbid'} cannot be of tier «{tier}»")
        for key in ("basis", "nb", "en", "sv"):
            if key in entries and not reader.text(entries[key]).strip():
                reader.fault(
                    entries[key], f"«{key}» is empty", "every rule says its basis and itself in both languages"
                )
        valid_from, valid_to = self._day(entries.get("valid-from")), self._day(entries.get("valid-to"))
        if valid_from and valid_to and valid_to < valid_from:
            reader.fault(entries["valid-to"], "the rule ends before it begins")
        return Rule(
            id=name,
            permits=permits,
            tier=tier,
            scope={d: self._scope(d, entries.get(d), groups if d == "classes" else {}, permits) for d in DIMENSIONS},
            when=self._conditions(entries.get("when")),
            unless=self._unless(entries.get("unless"), permits),
            obligations=reader.words(entries.get("obligations"), VOCABULARY["obligations"], "known obligation"),
            rows=reader.words(entries.get("rows"), legal, "row of the legal notes"),
            basis=reader.text(entries.get("basis")),
            source=reader.words(entries.get("source"), sources, "source listed under «sources»"),
            status=reader.word(entries.get("status"), STATUSES, "status"),
            reviewed=reader.word(entries.get("reviewed"), ("yes", "no"), "yes or no") == "yes",
            valid_from=valid_from or date.max,
            valid_to=valid_to,
            nb=reader.text(entries.get("nb")),
            en=reader.text(entries.get("en")),
            sv=reader.text(entries.get("sv")),
            at=reader.at(node),
        )

    def _scope(self, dimension: str, node: Node | None, groups: Mapping[str, tuple[str, ...]], permits: bool) -> Words:
        if node is None:
            return Words(frozenset())
        if isinstance(node, ScalarNode) and node.value == "any":
            self._only_forbids(node, permits, "any")
            return ANY
        if isinstance(node, MappingNode):
            self._only_forbids(node, permits, "all-except")
            inner = self.reader.mapping(node, {"all-except"}, {"all-except"}).get("all-except")
            return Words(self._listed(dimension, inner, groups), inverted=True)
        return Words(self._listed(dimension, node, groups))

    def _only_forbids(self, node: Node, permits: bool, what: str) -> None:
        if permits:
            self.reader.fault(node, f"«{what}» in a permit", "a permit lists everything by name")

    def _listed(self, dimension: str, node: Node | None, groups: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
        known = (*DIMENSIONS[dimension], *groups)
        words = self.reader.words(node, known, _KIND_OF_WORD[dimension])
        if isinstance(node, SequenceNode) and not node.value:
            self.reader.fault(node, f"«{dimension}» names nothing")
        return frozenset(one for word in words for one in groups.get(word, (word,)))

    def _conditions(self, node: Node | None) -> dict[str, str]:
        conditions: dict[str, str] = {}
        for fact, value in self.reader.mapping(node).items():
            if fact not in self.kinds:
                self.reader.fault(value, f"«{fact}» is not a fact of facts.yaml", nearest(fact, self.kinds))
                continue
            word = self.reader.word(value, self.kinds[fact].values, f"value of fact «{fact}»")
            if word:
                conditions[fact] = word
        return conditions

    def _unless(self, node: Node | None, permits: bool) -> dict[str, str]:
        if node is not None and permits:
            self.reader.fault(node, "«unless» in a permit", "only a forbid can be lifted: put the condition in «when»")
        conditions = self._conditions(node)
        if node is not None and len(conditions) > 1:
            self.reader.fault(node, "«unless» names several facts", "write one forbid for each")
        return conditions

    def _day(self, node: Node | None) -> date | None:
        if node is None:
            return None
        try:
            return date.fromisoformat(self.reader.text(node))
        except ValueError:
            self.reader.fault(node, "not a day", "write YYYY-MM-DD")
            return None
