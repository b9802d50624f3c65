"""Where checkpoints of the log stand outside the database, and the key that signs them.

A folder that files are only ever added to, best on a disk that belongs to somebody else: for each checkpoint
`SIZE.checkpoint` (the signed note), `SIZE.leaves` (the leaf hashes since the one before, 32 bytes each, so that a
rewritten entry is found and not only that there is one) and, where a time stamp is configured, `SIZE.tsr`.
"""

import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import bindparam, select

from gateway.core.checkpoint import BadCheckpoint, Signer, Verifier, private_text, signer
from gateway.core.errors import ConfigurationError
from gateway.core.merkle import HASH, Frontier
from gateway.edge.store.database import Database
from gateway.edge.store.schema import audit, log_checkpoint

SEED: Final = 32
SINCE: Final = select(log_checkpoint).where(log_checkpoint.c.size > bindparam("after")).order_by(log_checkpoint.c.size)
LEAVES: Final = (
    select(audit.c.leaf)
    .where(audit.c.tree_index >= bindparam("first"), audit.c.tree_index < bindparam("end"))
    .order_by(audit.c.tree_index)
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Anchors:
    """The folder. `stamp` gives the RFC 3161 time stamp of a note (`stamps`); without it there are none."""

    folder: Path
    stamp: Callable[[str], bytes] | None = None

    def drop(self, database: Database) -> int:
        """Add every checkpoint that the folder does not hold yet; how many there were.

        A folder that cannot be written to is told of in the operational log, and is caught up with next time.
        """
        last = max((size for size, _ in self._files()), default=0)
        rows = database.rows(SINCE, after=last)
        try:
            for row in rows:
                leaves = b"".join(leaf for (leaf,) in database.rows(LEAVES, first=last, end=row.size))
                self._anchor(row.size, row.note, leaves)
                last = row.size
        except OSError as error:
            log.warning("anchor-not-written", error=type(error).__name__)
        return len(rows)

    def notes(self) -> list[str]:
        """Give the notes that are there, by size."""
        return [path.read_text("utf-8") for _, path in self._files()]

    def sizes(self) -> frozenset[int]:
        """Give the sizes of the checkpoints that are there."""
        return frozenset(size for size, _ in self._files())

    def stamps(self, newest: int = 0) -> Iterator[tuple[int, str, bytes]]:
        """Give each time stamp of all checkpoints, or of the newest so many, with the size and the note it is of."""
        for size, path in list(self._files())[-newest:]:
            stamp = path.with_suffix(".tsr")
            if stamp.is_file():
                yield size, path.read_text("utf-8"), stamp.read_bytes()

    def leaves(self, key: Verifier) -> list[bytes]:
        """Give the leaf hashes that the signed notes vouch for: up to the first file that is missing or not right."""
        trusted: list[bytes] = []
        frontier = Frontier()
        for size, path in self._files():
            try:
                raw = path.with_suffix(".leaves").read_bytes()
                said = key.opened(path.read_text("utf-8"))
            except (OSError, BadCheckpoint):
                break
            new = [raw[at : at + HASH] for at in range(0, len(raw), HASH)]
            frontier = frontier.grown(new)
            if frontier.size != size or said.size != size or frontier.root() != said.root:
                break
            trusted += new
        return trusted

    def _files(self) -> Iterator[tuple[int, Path]]:
        for path in sorted(self.folder.glob("*.checkpoint")):
            if path.stem.isdecimal():
                yield int(path.stem), path

    def _anchor(self, size: int, note: str, leaves: bytes) -> None:
        """Write the files of one checkpoint, the note last, since it is what says that the others are whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        at = self.folder / f"{size:016d}.checkpoint"
        _add(at.with_suffix(".leaves"), leaves)
        if self.stamp is not None:
            try:
                _add(at.with_suffix(".tsr"), self.stamp(note))
            except Exception as error:  # noqa: BLE001 - whatever ails the authority, the checkpoint stands without it
                log.warning("time-stamp-not-given", error=type(error).__name__)
        _add(at, note.encode())


def key_at(path: Path, name: str) -> Signer:
    """Give the key in a file, which is made at first use, under `name`; `PATH.pub` holds what others verify with.

    Raises `ConfigurationError` for a file that others may read, or that holds no key.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # another process was first
            _make(path, f"{private_text(name, secrets.token_bytes(SEED))}\n".encode(), 0o600)
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigurationError([f"{path}: others may read the log's key; run `chmod 600` on it"])
        found = signer(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError([f"{path}: the log's key cannot be read"]) from None
    except BadCheckpoint as wrong:
        raise ConfigurationError([f"{path}: {wrong}"]) from None
    with suppress(OSError):  # a folder that is read-only holds it already, or has it from elsewhere
        _add(path.with_suffix(".pub"), f"{found.verifier}\n".encode())
    return found


def _make(path: Path, content: bytes, mode: int) -> None:
    """Write a new file. Raises `FileExistsError` rather than replace one."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _add(path: Path, content: bytes) -> None:
    """Write a file that nobody is to change again, whole or not at all; one that is there already stays."""
    if not path.exists():
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        _make(draft, content, 0o444)
        draft.rename(path)
