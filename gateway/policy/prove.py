"""The proof that the rules keep their promises, in every abstract state, for every day on which the rules change.

`check` is what `samspill check` runs; `mutate` asks whether anything would notice if a rule were other than it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.core.errors import ConfigurationError, Fault
from gateway.core.vocabulary import DataClass, Purpose
from gateway.policy.breaches import TOGETHER, breaches, listed, narrowed, permitted_cells, undemanded, unlisted
from gateway.policy.difference import in_words
from gateway.policy.examples import Example, ExampleFile, failures
from gateway.policy.invariants import Invariant, InvariantFile
from gateway.policy.load import FILES, read, texts
from gateway.policy.mutate import MutationReport, mutations
from gateway.policy.nodes import Reader
from gateway.policy.rules import ANY, DIMENSIONS, STRANGE, Rule, RuleSet, Table, compile_table
from gateway.policy.space import Selection, cells, reach, releases, row_sets, states

LIFTING = ("consent", "glass")
"""The facts that may never lift a forbid of tier statute."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything in `mappings/policy/` that the proof looks at."""

    rules: RuleSet
    invariants: tuple[Invariant, ...]
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Size:
    """How much was looked at: cells, cells with a permit, different sets of rows, and distinct states of these."""

    cells: int
    with_permit: int
    groups: int
    states: int


def check(policy_dir: Path) -> list[Fault]:
    """Read the rule files of a directory, run their examples and prove their invariants.

    Gives every mistake as `file:line:column`: first those of reading, and only when there are none those of the
    rules themselves. A rule that leaks is named at its own line, with the invariant that forbids it.
    """
    policy, faults = read_policy(policy_dir)
    return faults if policy is None or faults else list(proved(policy))


def read_policy(policy_dir: Path) -> tuple[Policy | None, list[Fault]]:
    """Read everything; the policy is absent only when a file is missing or cannot be read at all."""
    names = (*FILES, "invariants.yaml", "examples.yaml")
    try:
        found = texts(policy_dir, names)
    except ConfigurationError as error:
        return None, [fault for fault in error.faults if isinstance(fault, Fault)]
    files = list(found.items())
    rules, faults = read(dict(files[: len(FILES)]))
    if rules is None:
        return None, faults
    (invariants_file, invariants_text), (examples_file, examples_text) = files[len(FILES) :]
    reader = Reader(invariants_file)
    invariants = InvariantFile(reader, rules.facts, rules.groups).read(invariants_text)
    examples_reader = Reader(examples_file)
    examples = ExampleFile(examples_reader, rules).read(examples_text)
    return Policy(rules, invariants, examples), [*faults, *reader.faults, *examples_reader.faults]


def proved(policy: Policy) -> Iterator[Fault]:
    """Give everything that does not hold, on each day from which the rules are others."""
    yield from _structure(policy.rules)
    for day in policy.rules.changes():
        table = compile_table(policy.rules, day)
        yield from _broken(table, policy.invariants)
        yield from _unlisted(table, policy.invariants)
        yield from _idle(table)
        yield from _narrowing(table)
    if policy.rules.changes():
        last = compile_table(policy.rules, policy.rules.changes()[-1])
        yield from failures(last, policy.examples)


def size(table: Table) -> Size:
    """Count what the proof covers."""
    groups = row_sets(table, Selection())
    cells = 1
    for words in DIMENSIONS.values():
        cells *= len(words) + 1
    return Size(
        cells=cells,
        with_permit=sum(1 for _ in permitted_cells(table)),
        groups=len(groups),
        states=sum(_product(table, rows) for rows in groups),
    )


def _product(table: Table, rows: int) -> int:
    number = 1
    for fact in table.looked_at(rows):
        number *= len(table.facts[fact])
    return number


def enumerate_states(table: Table) -> Iterator[tuple[int, dict[str, str], int]]:
    """Give every distinct abstract state: the rows a cell meets, the facts they name, and the rows that hold."""
    for rows in sorted(row_sets(table, Selection())):
        for known, left in states(table, rows):
            yield rows, known, left


def cells_meeting(table: Table, rows: int) -> dict[str, str]:
    """Give one cell that meets exactly these rows; raises `LookupError` when there is none."""
    sets: dict[int, tuple[str, ...]] = {table.everything: ()}
    for dimension, words in DIMENSIONS.items():
        sets = {
            left & table.word(dimension, word): (*path, word)
            for left, path in sets.items()
            for word in (*words, STRANGE)
        }
    return dict(zip(DIMENSIONS, sets[rows], strict=True))


def _broken(table: Table, invariants: tuple[Invariant, ...]) -> Iterator[Fault]:
    for invariant in (one for one in invariants if one.kind not in TOGETHER):
        seen: set[str] = set()
        for rows, left in breaches(table, invariant):
            for rule in table.pick(left & table.permits) if invariant.kind == "never" else ():
                if rule.id not in seen:
                    seen.add(rule.id)
                    yield rule.at.fault(
                        f"rule «{rule.id}» releases {_where(table, rows, rule, invariant.selection)}",
                        f"invariant {invariant} forbids it",
                    )
            if invariant.kind != "never" and not seen:
                seen.add(invariant.id)
                yield invariant.at.fault(
                    f"«{invariant.id}» does not hold: {_WRONG[invariant.kind]}", _spoke(table, left)
                )


_WRONG = {
    "speaks": "in some state no forbid speaks",
    "independent": "in some state the fact changes what is released elsewhere",
    "obliges": "in some state the obligation is missing, or what should be withheld is released",
    "must": "something that has to get through does not",
}


def _spoke(table: Table, left: int) -> str:
    names = ", ".join(rule.id for rule in table.pick(left))
    return f"the rules that hold there: {names}" if names else "no rule holds there"


def _where(table: Table, rows: int, rule: Rule, selection: Selection) -> str:
    for cell in cells(rule.scope):
        if table.meets(cell) == rows and selection.holds(cell):
            return in_words(cell)
    return "something it should not"


def _unlisted(table: Table, invariants: tuple[Invariant, ...]) -> Iterator[Fault]:
    """Releases that no `may` line lists, and obligations that no `only-obliges` line does; once for each rule."""
    seen: set[tuple[str, str]] = set()
    for cell, left in unlisted(table, listed(invariants, "may")):
        for rule in table.pick(left & table.permits):
            if (rule.id, cell["to"]) not in seen:
                seen.add((rule.id, cell["to"]))
                yield rule.at.fault(f"rule «{rule.id}» releases {in_words(cell)}", "no line of «may» lists that")
    for duty, left in undemanded(table, listed(invariants, "only-obliges")):
        for rule in table.pick(left):
            if duty in rule.obligations and (rule.id, duty) not in seen:
                seen.add((rule.id, duty))
                yield rule.at.fault(
                    f"rule «{rule.id}» demands «{duty}» where it should not", "no line of «only-obliges» lists that"
                )
    for fact, kind in table.kinds.items():
        if not any(one.kind == "independent" and one.fact == fact for one in invariants):
            yield kind.at.fault(f"no line of «independent» says what «{fact}» may matter for")


def _idle(table: Table) -> Iterator[Fault]:
    """Rules that never fire, and permits that never release or never do so alone."""
    effective = alone = 0
    for rows in row_sets(table, Selection()):
        if rows & table.permits:
            for left in reach(table, rows):
                if releases(table, left):
                    effective |= left
                    alone |= left if left.bit_count() == 1 else 0
    for i, rule in enumerate(table.rules):
        bit = 1 << i
        if not any(left & bit for left in reach(table, bit)):
            yield rule.at.fault(f"rule «{rule.id}» can never hold", "its conditions contradict each other")
        elif rule.permits and not effective & bit:
            yield rule.at.fault(f"permit «{rule.id}» never releases anything", "a forbid always speaks where it holds")
        elif rule.permits and not alone & bit:
            yield rule.at.fault(f"permit «{rule.id}» is never the only one", "another permit always says the same")


def _narrowing(table: Table) -> Iterator[Fault]:
    groups = [rows for rows in row_sets(table, Selection()) if rows & table.permits]
    for fact, kind in table.kinds.items():
        for rows in groups:
            if rows & table.named[fact] and any(narrowed(table, fact, rows)):
                yield kind.at.fault(
                    f"widening «{fact}», or coming to know it, narrows a release", "values run from tightest to widest"
                )
                break


def _structure(rules: RuleSet) -> Iterator[Fault]:
    at = rules.rules[0].at if rules.rules else None
    for rule in rules.rules:
        if not rule.permits and rule.tier == "statute" and any(fact in rule.unless for fact in LIFTING):
            yield rule.at.fault(f"forbid «{rule.id}» of tier statute is lifted by a consent or by breaking the glass")
        for language in (rule.nb, rule.en, rule.sv):
            if not language.endswith((".", ".)")):
                yield rule.at.fault(f"a text of «{rule.id}» does not end with a full stop", "write whole sentences")
    if at is None:
        return
    for purpose in Purpose:
        if not any(rule.permits and purpose in rule.scope["purpose"] for rule in rules.rules):
            yield at.fault(f"no permit is for purpose «{purpose}»")
    for data_class in DataClass:
        if not any(data_class in rule.scope["classes"] for rule in rules.rules if rule.permits or _flat(rule)):
            yield at.fault(f"no permit names class «{data_class}», and no forbid holds for it everywhere")
    spoken = {row for rule in rules.rules for row in rule.rows} | set(rules.without_rule)
    for row in rules.legal_rows:
        if row not in spoken:
            yield at.fault(
                f"row {row} of the legal notes has no rule", "give it one, or a reason under rows-without-rule"
            )


def _flat(rule: Rule) -> bool:
    everywhere = all(rule.scope[dimension] == ANY for dimension in DIMENSIONS if dimension != "classes")
    return everywhere and not rule.when and not rule.unless


def mutate(policy_dir: Path, *, bounded: bool) -> MutationReport:
    """Change every rule in every way and see whether the invariants notice; see `gateway.policy.mutate`.

    Raises `ConfigurationError` when the rules cannot be read or proved as they are.
    """
    policy, faults = read_policy(policy_dir)
    faults = faults or (list(proved(policy)) if policy else [])
    if policy is None or faults:
        raise ConfigurationError(faults)
    table = compile_table(policy.rules, policy.rules.changes()[-1])
    return mutations(table, policy.invariants, bounded=bounded)
