"""A disclosure log on a real store, filled the ordinary way, and the means to tamper with it as an intruder would."""

import json
import sqlite3

from gateway.core.audit import AuditAction, AuditEntry, Disclosure, Outcome
from gateway.core.merkle import Frontier, leaf_hash
from gateway.edge.audit.anchors import Anchors, key_at
from gateway.edge.audit.append import append, fresh_id
from gateway.edge.audit.tree import LogKeeper
from gateway.edge.audit.verify import verify
from gateway.edge.store.database import Database, Settings
from gateway.edge.store.writer import Step

ACTIONS = (AuditAction.ACCEPTED, AuditAction.DECIDED, AuditAction.DISCLOSED, AuditAction.HANDED_OVER)


def write(tx, items):
    append(tx, [entry(tx, number) for number in items])
    return [None] * len(items)


def entry(tx, number):
    action = ACTIONS[number % len(ACTIONS)]
    decided = action is AuditAction.DECIDED
    return AuditEntry(
        id=fresh_id(),
        recorded_at=tx.at,
        action=action,
        outcome=Outcome.DENIED if decided and number % 8 == 5 else Outcome.SUCCESS,
        actor="gateway" if number % 2 else "ehr",
        recipient="nav" if number % 3 else "employer",
        patient=f"{number % 5:032x}",
        message=f"message-{number}",
        purpose="benefit",
        reason="=cmd" if number == 9 else "",
        disclosure=Disclosure(
            policy="1:abc", permitted=("a-rule",), withheld=("diagnosis.main.code",), consents=("c/1",)
        )
        if decided
        else None,
    )


WRITE = Step("write-log", write)


class Log:
    def __init__(self, url, folder):
        self.url, self.folder = url, folder
        self.signer = key_at(folder / "log.key", "example.org/log")
        self.key = self.signer.verifier
        self.anchors = Anchors(folder / "anchors")
        self.open()

    def open(self):
        self.database = Database(Settings(self.url))
        self.keeper = LogKeeper(self.database, self.signer, self.anchors)

    def add(self, count, first=0):
        for number in range(first, first + count):
            self.database.write_now(WRITE, number)

    def fill(self, *rounds):
        """Append so many entries and sign, again for each round; give the notes."""
        total, notes = 0, []
        for count in rounds:
            self.add(count, total)
            total += count
            notes.append(self.keeper.settle())
        return notes

    def verified(self, notes=(), *, anchors=True):
        outside = [*notes, *(self.anchors.notes() if anchors else ())]
        trusted = self.anchors.leaves(self.key) if anchors else ()
        return verify(self.database, self.key, outside, trusted)

    def flaws(self, notes=(), *, anchors=True):
        return [(flaw.code, flaw.index) for flaw in self.verified(notes, anchors=anchors).flaws]

    def tamper(self, *statements):
        """Change the database file behind the gateway's back."""
        with sqlite3.connect(self.folder / "line.db") as connection:
            for statement, *values in statements:
                connection.execute(statement, values)

    def put(self, place, **columns):
        """Change columns of the entry at a place, or (None) of the one that waits for one."""
        for column, value in columns.items():
            self.tamper((f"UPDATE audit SET {column} = ? WHERE tree_index IS ?", value, place))  # noqa: S608 - our own

    def forge(self, place, **members):
        """Change what an entry says, in its bytes and in its columns."""
        changed = json.loads({at: raw for at, raw, _ in self.rows()}[place]) | members
        raw = json.dumps(changed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        self.put(place, entry=raw, **members)

    def rows(self):
        with sqlite3.connect(self.folder / "line.db") as connection:
            return connection.execute("SELECT tree_index, entry, salt FROM audit ORDER BY tree_index").fetchall()

    def rewrite(self, *, sign_with=None):
        """Make leaves, tree and checkpoints anew after a change, as an intruder who knows how would."""
        leaves = [leaf_hash(salt + entry) for _, entry, salt in self.rows()]
        tree = Frontier().grown(leaves)
        self.tamper(
            ("UPDATE audit SET tree_index = -1 - (SELECT count(*) FROM audit b WHERE b.seq < audit.seq)",),
            ("UPDATE audit SET tree_index = -1 - tree_index",),
            *(("UPDATE audit SET leaf = ? WHERE tree_index = ?", leaf, place) for place, leaf in enumerate(leaves)),
            ("UPDATE log_tree SET size = ?, peaks = ?", tree.size, tree.packed()),
            ("DELETE FROM log_checkpoint",),
        )
        if sign_with:
            note = sign_with.note(tree.size, tree.root())
            self.tamper(("INSERT INTO log_checkpoint (size, at, note) VALUES (?, 0, ?)", tree.size, note))

    def close(self):
        self.database.close()
