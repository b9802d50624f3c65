"""Reads the rules of `mappings/nav-rules/`, a file a kind of message; every mistake at once as `file:line:column`."""

from collections.abc import Mapping
from pathlib import Path

from yaml.nodes import Node, ScalarNode

from gateway.core.errors import ConfigurationError, Fault, Severity
from gateway.navrules.kinds import KINDS, Kind
from gateway.navrules.trees import END, NavRules, Outcome, Status, Step, Test, Tree
from gateway.policy.nodes import Reader

_LISTS = ("in", "not-in", "lacks")
_LIMITS = ("over", "under", "at-least")
_TESTS = (*_LISTS, *_LIMITS, "there")


def load(directory: Path, kind: Kind) -> NavRules:
    """Read the rules of a kind of message in a directory. Raises `ConfigurationError` with every mistake."""
    rules, faults = read(directory, kind)
    if rules is None or faults:
        raise ConfigurationError(faults)
    return rules


def check(directory: Path) -> list[Fault]:
    """Give every mistake in the rules of a directory."""
    return [fault for kind in KINDS.values() for fault in read(directory, kind)[1]]


def read(directory: Path, kind: Kind) -> tuple[NavRules | None, list[Fault]]:
    """Read the rules of a kind of message in a directory; nothing when they cannot be read at all."""
    path = directory / kind.file
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None, [Fault(str(path), 1, 1, "the file cannot be read")]
    reader = Reader(str(path))
    root = reader.root(text)
    rules = None if root is None else _rules(reader, root, kind)
    return rules, sorted(reader.faults, key=lambda fault: (fault.line, fault.column))


def _rules(reader: Reader, root: Node, kind: Kind) -> NavRules:
    keys = ("version", "trees", "outcomes", "facts")
    entries = reader.mapping(root, keys, keys)
    outcomes = {name: _outcome(reader, name, node) for name, node in reader.mapping(entries.get("outcomes")).items()}
    trees = tuple(_tree(reader, node, outcomes, kind) for node in reader.sequence(entries.get("trees")))
    ends = {end for tree in trees for step in tree.steps for end in (step.then, step.otherwise)}
    for name, node in reader.mapping(entries.get("outcomes")).items():
        if f"={name}" not in ends:
            reader.fault(node, f"no step ends in {name}", "name it in a tree, or take it out")
    return NavRules(
        version=reader.text(entries.get("version")),
        trees=trees,
        outcomes=outcomes,
        labels=_labels(reader, entries.get("facts"), kind),
    )


def _labels(reader: Reader, node: Node | None, kind: Kind) -> dict[str, tuple[str, str]]:
    labels = {}
    for name, entry in reader.mapping(node, kind.may_be_unknown, kind.may_be_unknown).items():
        words = reader.mapping(entry, ("nb", "en"), ("nb", "en"))
        labels[name] = (reader.text(words.get("nb")), reader.text(words.get("en")))
    return labels


def _outcome(reader: Reader, name: str, node: Node) -> Outcome:
    entries = reader.mapping(node, ("status", "sender", "patient", "en", "mend", "if-unsure"), ("status", "sender"))
    status = reader.word(entries.get("status"), ("MANUAL", "INVALID"), "status")
    if ("patient" in entries) != ("en" in entries):
        reader.fault(node, "the patient's text stands in one language only", "give both «patient» and «en»")
    unsure = reader.word(entries.get("if-unsure"), ("warning", "information"), "severity")
    return Outcome(
        id=name,
        status=Status(status or "INVALID"),
        sender=reader.text(entries.get("sender")),
        patient=reader.text(entries.get("patient")),
        en=reader.text(entries.get("en")),
        mend=reader.text(entries.get("mend")),
        if_unsure=Severity(unsure or "information"),
    )


def _tree(reader: Reader, node: Node, outcomes: Mapping[str, Outcome], kind: Kind) -> Tree:
    entries = reader.mapping(node, ("id", "nb", "en", "steps"), ("id", "nb", "en", "steps"))
    nodes = reader.sequence(entries.get("steps"))
    names = [reader.text(reader.mapping(one).get("id")) for one in nodes]
    steps = []
    for i, one in enumerate(nodes):
        if names[i] in names[:i]:
            reader.fault(one, f"step «{names[i]}» stands here twice", "give one of them another id")
        steps.append(_step(reader, one, names[i + 1 :], outcomes, kind))
    reached = {names[0]} if names else set()
    for one, step in zip(nodes, steps, strict=True):
        if step.id not in reached:
            reader.fault(one, f"no step leads to {step.id}")
        reached |= {step.then, step.otherwise}
    name, nb, en = (reader.text(entries.get(key)) for key in ("id", "nb", "en"))
    return Tree(name, nb, en, tuple(steps))


def _step(reader: Reader, node: Node, later: list[str], outcomes: Mapping[str, Outcome], kind: Kind) -> Step:
    entries = reader.mapping(node, ("id", "ask", "then", "else", *_TESTS), ("id", "ask"))
    tests = [name for name in _TESTS if name in entries]
    if len(tests) != 1:
        reader.fault(node, "a step has exactly one test", "give one of: " + ", ".join(_TESTS))
    return Step(
        id=reader.text(entries.get("id")),
        fact=reader.word(entries.get("ask"), kind.names, "fact"),
        test=_test(reader, tests[0], entries[tests[0]]) if tests else Test("there"),
        then=_end(reader, entries.get("then"), later, outcomes),
        otherwise=_end(reader, entries.get("else"), later, outcomes),
    )


def _test(reader: Reader, kind: str, node: Node) -> Test:
    if kind in _LISTS:
        return Test(kind, words=tuple(reader.text(one) for one in reader.sequence(node)))
    if kind == "there":
        reader.word(node, ("yes",), "answer here")
        return Test(kind)
    try:
        return Test(kind, limit=float(reader.text(node)))
    except ValueError:
        reader.fault(node, "a number is expected here")
        return Test(kind)


def _end(reader: Reader, node: Node | None, later: list[str], outcomes: Mapping[str, Outcome]) -> str:
    """Give where an answer leads: steps only lead to later ones, so that no tree can go round."""
    if node is None:
        return later[0] if later else END
    if isinstance(node, ScalarNode) and node.value == END:
        return END
    entries = reader.mapping(node, ("outcome", "step"))
    if len(entries) != 1:
        reader.fault(node, "an answer leads to one outcome or one later step, or is «end»")
    if "step" in entries:
        return reader.word(entries["step"], later, "later step of this tree") or END
    return _named(reader.word(entries.get("outcome"), outcomes, "outcome")) if "outcome" in entries else END


def _named(outcome: str) -> str:
    return f"={outcome}" if outcome else END
