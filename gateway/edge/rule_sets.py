"""Which rule sets were in force here, and what the one in force now changed: each is kept whole, by its digest."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from gateway.edge.rulebook import Rulebook
from gateway.edge.store.database import Database
from gateway.edge.store.rule_sets import KEEP, RULE_SETS, Kept
from gateway.policy.difference import Amended, Change, amended, difference
from gateway.policy.load import FILES, read
from gateway.policy.rules import RuleSet, compile_table


@dataclass(frozen=True, slots=True)
class Began:
    """A rule set, and when a node first began with it (epoch seconds)."""

    version: str
    digest: str
    since: float


@dataclass(frozen=True, slots=True)
class Revision:
    """What a rule set changed of the one before it: rule by rule, and by what can be released.

    `cells` are absent where the two do not speak of the same facts, `rules` where the older one cannot be read here.
    """

    before: Began
    rules: tuple[Amended, ...] | None
    cells: tuple[Change, ...] | None


def keep(database: Database, rulebook: Rulebook) -> None:
    """Note that this rule set is in force from now on, unless it is already. Raises `Busy`."""
    files = zlib.compress(json.dumps(rulebook.files).encode())
    database.write_now(KEEP, Kept(rulebook.rules.digest, rulebook.rules.version, files))


def history(database: Database) -> list[Began]:
    """Give the rule sets that were in force, the newest first. Raises `Busy`."""
    return [Began(row.version, row.digest, row.since) for row in database.rows(RULE_SETS)]


def revision(database: Database, rulebook: Rulebook, day: date) -> Revision | None:
    """Give what the rules in force changed, as both are on a day; nothing where none went before. Raises `Busy`."""
    rows = database.rows(RULE_SETS)
    for now, before in pairwise(rows):
        if now.digest == rulebook.rules.digest:
            began = Began(before.version, before.digest, before.since)
            return _revision(began, _rules(before.files), rulebook.rules, day)
    return None


def _rules(packed: bytes) -> RuleSet | None:
    """Read a rule set that was kept; nothing for one that this version of the gateway cannot read."""
    files: Mapping[str, str] = json.loads(zlib.decompress(packed))
    rules, faults = read({name: files.get(name, "") for name in FILES})
    return None if faults else rules


def _revision(began: Began, old: RuleSet | None, new: RuleSet, day: date) -> Revision:
    if old is None:
        return Revision(began, None, None)
    same = old.facts.keys() == new.facts.keys() and all(
        old.facts[name].values == kind.values for name, kind in new.facts.items()
    )
    cells = tuple(difference(compile_table(old, day), compile_table(new, day))) if same else None
    return Revision(began, tuple(amended(old, new)), cells)
