"""Takes a note through NAV's trees, and says what NAV will answer, or may."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from gateway.navrules.facts import Fact, Seen
from gateway.navrules.trees import END, NavRules, Outcome, Status, Step, Test, Tree


@dataclass(frozen=True, slots=True)
class Finding:
    """One outcome that a note meets.

    `sure` says that nothing that only NAV knows could change it; else `unless` names those facts. `fields` are the
    canonical fields that the last step looked at, `path` the steps that led there.
    """

    tree: str
    outcome: Outcome
    fields: tuple[str, ...]
    path: tuple[str, ...]
    unless: tuple[str, ...] = ()

    @property
    def sure(self) -> bool:
        """Whether NAV cannot answer otherwise."""
        return not self.unless


@dataclass(frozen=True, slots=True)
class Answer:
    """What NAV will say of a note.

    `sure` are the outcomes that are certain, in NAV's order: NAV tells the first alone, a sender may hear all.
    `possible` are those that rest on what only NAV knows, `unknown` what that is.
    """

    sure: tuple[Finding, ...]
    possible: tuple[Finding, ...]
    unknown: tuple[str, ...]

    @property
    def status(self) -> Status:
        """What is certain: the status of the first outcome, or OK as far as one can see from here."""
        return self.sure[0].outcome.status if self.sure else Status.OK


@dataclass(frozen=True, slots=True)
class _Leaf:
    end: str
    path: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def evaluate(rules: NavRules, facts: Mapping[str, Fact], *, paper: bool = False) -> Answer:
    """Give NAV's answer. On paper NAV rejects nothing: a person looks at it (ExecutionMode.PAPIR)."""
    sure: list[Finding] = []
    possible: list[Finding] = []
    unknown: dict[str, None] = {}
    for tree in rules.trees:
        leaves = list(_walk({step.id: step for step in tree.steps}, tree.steps[0].id, facts))
        unknown |= dict.fromkeys(name for leaf in leaves for name in leaf.unknown)
        found = [_finding(rules, tree, leaf, paper=paper) for leaf in leaves if leaf.end != END]
        if len(found) < len(leaves):
            possible += found
        else:
            sure.append(replace(min(found, key=_mildest), unless=()))
    return Answer(tuple(sure), tuple(possible), tuple(unknown))


def _finding(rules: NavRules, tree: Tree, leaf: _Leaf, *, paper: bool) -> Finding:
    outcome = rules.outcomes[leaf.end.removeprefix("=")]
    if paper and outcome.status is Status.INVALID:
        outcome = replace(outcome, status=Status.MANUAL)
    return Finding(tree.id, outcome, leaf.fields, leaf.path, leaf.unknown)


def _mildest(finding: Finding) -> tuple[bool, bool]:
    """Order the ends of a tree that cannot be OK: what is least grave is certain, and what the note shows is told."""
    return finding.outcome.status is Status.INVALID, not finding.fields


def _walk(
    steps: Mapping[str, Step],
    at: str,
    facts: Mapping[str, Fact],
    path: tuple[str, ...] = (),
    unknown: tuple[str, ...] = (),
) -> Iterator[_Leaf]:
    """Give every end that a tree can come to: one when all that it asks is known."""
    fields: tuple[str, ...] = ()
    while (step := steps.get(at)) is not None:
        path = (*path, at)
        fact = facts[step.fact]
        if fact is None:
            for end in (step.then, step.otherwise):
                yield from _walk(steps, end, facts, path, (*unknown, step.fact))
            return
        hit, seen = _ask(step.test, fact)
        at = step.then if hit else step.otherwise
        fields = tuple(one.field for one in seen if one.field)
    yield _Leaf(at, path, fields, unknown)


def _ask(test: Test, fact: tuple[Seen, ...]) -> tuple[bool, tuple[Seen, ...]]:
    """Give the answer, and the values it rests on: those that pass, or all when none does."""
    if test.kind == "lacks":
        return not set(test.words) <= {str(one.value) for one in fact}, fact
    passing = tuple(one for one in fact if test.passes(one.value))
    return bool(passing), passing or fact
