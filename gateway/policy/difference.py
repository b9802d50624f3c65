"""What a new version of the rules would release that the old one did not, or no longer: read it before using one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.policy.breaches import permitted_cells
from gateway.policy.rules import DIMENSIONS, Rule, RuleSet, Table
from gateway.policy.space import reach_together, releases


def in_words(cell: Mapping[str, str]) -> str:
    """`diagnosis of sykmelding from certifier to nav for benefit`."""
    return f"{cell['classes']} of {cell['message']} from {cell['from']} to {cell['to']} for {cell['purpose']}"


@dataclass(frozen=True, slots=True)
class Change:
    """A cell whose releases differ between two versions: `wider` when some state now releases what it did not."""

    where: Mapping[str, str]
    wider: bool
    narrower: bool
    rules: tuple[str, ...]

    @property
    def cell(self) -> str:
        """The cell in words."""
        return in_words(self.where)

    def __str__(self) -> str:
        """One line for a reviewer."""
        way = "wider and narrower" if self.wider and self.narrower else "wider" if self.wider else "narrower"
        return f"{way}: {self.cell} ({', '.join(self.rules)})"


def difference(old: Table, new: Table) -> Iterator[Change]:
    """Give every cell where some state of the facts is released by one table and not by the other.

    Both must know the same facts. `rules` are those that decide differently: named by one table only, or changed.
    """
    ours, theirs = ({rule.id: rule for rule in table.rules} for table in (old, new))
    for values in sorted({tuple(cell.values()) for table in (old, new) for cell in permitted_cells(table)}):
        cell = dict(zip(DIMENSIONS, values, strict=True))
        met = tuple(table.meets(cell) for table in (old, new))
        pairs = reach_together((old, new), met)
        wider = any(releases(new, b) and not releases(old, a) for a, b in pairs)
        narrower = any(releases(old, a) and not releases(new, b) for a, b in pairs)
        if wider or narrower:
            names = {rule.id for table, rows in ((old, met[0]), (new, met[1])) for rule in table.pick(rows)}
            changed = tuple(sorted(name for name in names if _says(ours.get(name)) != _says(theirs.get(name))))
            yield Change(cell, wider, narrower, changed)


SAID = ("permits", "tier", "scope", "when", "unless", "obligations", "basis", "reviewed", "valid_from", "valid_to")
"""The members of a rule that a reviewer reads for themselves, besides its words."""


@dataclass(frozen=True, slots=True)
class Amended:
    """A rule that one version has and the other has not, or not so. `members` are those that differ."""

    id: str
    old: Rule | None
    new: Rule | None
    members: tuple[str, ...]


def amended(old: RuleSet, new: RuleSet) -> Iterator[Amended]:
    """Give every rule that came, went or changed, in the order of the new version, those that went last."""
    ours, theirs = ({rule.id: rule for rule in rules.rules} for rules in (old, new))
    for name in [*theirs, *(name for name in ours if name not in theirs)]:
        before, after = ours.get(name), theirs.get(name)
        members = _differing(before, after) if before and after else ()
        if before is None or after is None or members:
            yield Amended(name, before, after, members)


def _differing(before: Rule, after: Rule) -> tuple[str, ...]:
    return tuple(name for name in (*SAID, "nb", "en", "sv") if getattr(before, name) != getattr(after, name))


def _says(rule: Rule | None) -> object:
    return rule and (rule.permits, rule.scope, rule.when, rule.unless)
