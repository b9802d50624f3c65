"""Proves that the disclosure log is what it was, or says which entry is not.

Each entry is held against its leaf and its columns, the leaves against every signed checkpoint (those of the database,
of the anchor folder, and those handed in), and the order against time. A log that was rewritten with its leaves, its
tree and its own checkpoints is still found against one checkpoint that stood elsewhere.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Row, bindparam, func, select

from gateway.core.audit import entry_of
from gateway.core.checkpoint import BadCheckpoint, Checkpoint, Verifier
from gateway.core.merkle import Frontier, leaf_hash
from gateway.edge.audit.search import BACK
from gateway.edge.audit.tree import TREE
from gateway.edge.store.database import Database
from gateway.edge.store.schema import audit, log_checkpoint

PAGE: Final = 2000

COLUMNS: Final = ("id", "recorded_at", "action", "outcome", "actor", "recipient", "patient", "message", "purpose")
PLACED: Final = (
    select(audit)
    .where(audit.c.tree_index >= bindparam("first"), audit.c.tree_index < bindparam("end"))
    .order_by(audit.c.tree_index)
    .limit(PAGE)
)
HIGHEST: Final = select(func.max(audit.c.tree_index).label("place"))
NOTES: Final = select(log_checkpoint.c.size, log_checkpoint.c.note).order_by(log_checkpoint.c.size)


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong with the log. `index` is the entry's place, where it is known which one it is."""

    code: str
    what: str
    index: int | None = None
    entry: str = ""

    def __str__(self) -> str:
        """One line: the entry, if known, and what is wrong."""
        which = "the log" if self.index is None else f"entry {self.index}" + (f" ({self.entry})" if self.entry else "")
        return f"{which}: {self.what}"


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found: the size and root of the tree as it is now, and how many checkpoints it was held against."""

    size: int
    root: bytes
    checkpoints: int
    flaws: tuple[Flaw, ...]


@dataclass(slots=True)
class _Judge:
    """Reads the entries in order. `at` holds the checkpoints by size, `trusted` leaves that signed notes vouch for."""

    at: dict[int, list[Checkpoint]]
    trusted: Sequence[bytes]
    ordered: bool
    frontier: Frontier = field(default_factory=Frontier)
    flaws: list[Flaw] = field(default_factory=list)
    last_seq: int = 0
    last_time: float = float("-inf")
    whole: bool = True
    agreed: int = 0
    rewritten: bool = False

    def take(self, row: Row[Any], place: int) -> None:
        """Judge the entry that stands at `place`."""
        self._content(row, place)
        if self.ordered:
            self._order(row, place)
        if row.recorded_at < self.last_time - BACK:
            self._say("back-dated", "it says that it is older than the entries before it", place, row.id)
        self.last_seq, self.last_time = max(row.seq, self.last_seq), max(row.recorded_at, self.last_time)
        leaf = row.leaf or b""
        if place < len(self.trusted) and self.trusted[place] != leaf:
            self.rewritten = True
            self._say("rewritten", "it is another one than the checkpoints outside say", place, row.id)
        if self.whole:
            self.frontier = self.frontier.grown([leaf])
            self.compare()

    def miss(self, place: int) -> None:
        """Note that no entry stands at `place`; no later root can be computed."""
        self._say("removed", "it is not there any more", place)
        self.whole, self.last_seq = False, self.last_seq + 1

    def compare(self) -> None:
        """Hold the tree against the checkpoints of its size, and stop at the first that says something else."""
        size = self.frontier.size
        for said in self.at.get(size, ()):
            if said.root == self.frontier.root():
                self.agreed = size
            elif not self.rewritten:
                self.rewritten = True
                what = (
                    f"one or more of entries {self.agreed} to {size - 1} are others than the checkpoint of {size} says"
                )
                self._say("rewritten", what)

    def _order(self, row: Row[Any], place: int) -> None:
        """Hold the place against `seq`, which one writer counts without gaps."""
        if row.seq <= self.last_seq:
            self._say("reordered", "it stands in another order than it was written in", place, row.id)
        elif row.seq > self.last_seq + 1:
            self._say("removed", "what was written before it was removed before it had a place", place, row.id)

    def _content(self, row: Row[Any], place: int) -> None:
        if row.leaf != leaf_hash(row.salt + row.entry):
            self._say("altered", "its content does not give its leaf", place, row.id)
        try:
            entry = entry_of(row.entry)
        except ValueError:
            self._say("altered", "its content is not that of an entry", place, row.id)
            return
        wrong = [name for name in COLUMNS if getattr(entry, name) != getattr(row, name)]
        if wrong:
            self._say("altered", f"its columns say something else than its content: {', '.join(wrong)}", place, row.id)

    def _say(self, code: str, what: str, index: int | None = None, entry: str = "") -> None:
        self.flaws.append(Flaw(code, what, index, entry))


def verify(
    database: Database,
    key: Verifier,
    notes: Iterable[str] = (),
    trusted: Sequence[bytes] = (),
    tell: Callable[[int, int], None] | None = None,
) -> Verified:
    """Read the whole log and say what is wrong with it; entries that wait for a place are not looked at.

    `notes` are checkpoints that stood outside the database, `trusted` the leaves that some of them vouch for. `tell` is
    called with how many entries were read, and of how many. Raises `Busy`.
    """
    [tree] = database.rows(TREE)
    flaws: list[Flaw] = []
    own = _opened(key, [row.note for row in database.rows(NOTES)], "database", flaws)
    outside = _opened(key, notes, "outside", flaws)
    sizes: dict[int, list[Checkpoint]] = {}
    for one in (*own, *outside):
        sizes.setdefault(one.size, []).append(one)
    judge = _Judge(sizes, trusted, database.engine.dialect.name == "sqlite", flaws=flaws)
    judge.compare()
    for place, row in _entries(database, tree.size):
        if row is None:
            judge.miss(place)
        else:
            judge.take(row, place)
        if tell and place % PAGE == 0:
            tell(place, tree.size)
    flaws += _end(database, judge, tree, max(sizes, default=0))
    return Verified(tree.size, judge.frontier.root(), sum(map(len, sizes.values())), tuple(flaws))


def _opened(key: Verifier, notes: Iterable[str], where: str, flaws: list[Flaw]) -> list[Checkpoint]:
    found = []
    for number, note in enumerate(notes, 1):
        try:
            found.append(key.opened(note))
        except BadCheckpoint as wrong:
            flaws.append(Flaw("checkpoint", f"checkpoint {number} ({where}): {wrong}"))
    return found


def _entries(database: Database, size: int) -> Iterator[tuple[int, Row[Any] | None]]:
    """Give each place with its row, or with nothing where the row is gone."""
    place = 0
    while place < size:
        rows = database.rows(PLACED, first=place, end=size)
        for row in rows:
            yield from ((gone, None) for gone in range(place, row.tree_index))
            yield row.tree_index, row
            place = row.tree_index + 1
        if len(rows) < PAGE:
            yield from ((gone, None) for gone in range(place, size))
            return


def _end(database: Database, judge: _Judge, tree: Row[Any], signed: int) -> Iterator[Flaw]:
    """Say whether the log ends where the tree and the checkpoints say that it does."""
    known = max(signed, len(judge.trusted))
    if known > tree.size:
        gone = f"entry {tree.size} is" if known - tree.size == 1 else f"entries {tree.size} to {known - 1} are"
        yield Flaw("truncated", f"it was cut: {gone} gone, which a signed checkpoint counts")
    if judge.whole and tree.peaks != judge.frontier.packed():
        yield Flaw("tree", "the stored tree is not that of the entries")
    [highest] = database.rows(HIGHEST)
    [now] = database.rows(TREE)
    if highest.place is not None and highest.place >= now.size:
        yield Flaw("tree", f"it stands beyond the end of the tree, which has {now.size} entries", highest.place)
