"""Holds a store to its keyring: whoever opens it with other keys would find no consent, and take messages twice."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, exists, insert, select

from gateway.core.errors import ConfigurationError
from gateway.edge.keys import Keyring, marks
from gateway.edge.store.database import Database
from gateway.edge.store.schema import key_mark, payload
from gateway.edge.store.writer import Step, Tx

KNOWN: Final = select(key_mark)
_IN_USE: Final = select(exists().where(payload.c.kek == bindparam("name"), payload.c.wrapped.is_not(None)))


def fitting(database: Database, keys: Keyring) -> Keyring:
    """Give the keyring, if it is this store's; a key that is new to the store is noted. Blocks.

    Raises `ConfigurationError` for a key that is another than the one of its name was, or for one that is not there
    and that something stored needs; `Busy`.
    """
    ours = marks(keys)
    known = {row.name: row.mark for row in database.rows(KNOWN)}
    if wrong := [*_others(known, ours), *_missing(database, known, ours)]:
        raise ConfigurationError(wrong)
    if not ours.keys() <= known.keys():
        database.write_now(NOTE, ours)
    return keys


def note(tx: Tx, items: Sequence[Mapping[str, str]]) -> list[Exception | None]:
    """Note the keys that are new; `ConfigurationError` where another node noted another key of a name meanwhile."""
    results: list[Exception | None] = []
    for ours in items:
        known = {row.name: row.mark for row in tx.connection.execute(KNOWN)}
        wrong = _others(known, ours)
        new = [{"name": n, "mark": mark, "since": tx.at} for n, mark in ours.items() if n not in known]
        if new and not wrong:
            tx.connection.execute(insert(key_mark), new)
        results.append(ConfigurationError(wrong) if wrong else None)
    return results


def _others(known: Mapping[str, str], ours: Mapping[str, str]) -> list[str]:
    return [
        f"{name}: another key than this store was written with; give the keyring that belongs to the store"
        for name, mark in ours.items()
        if known.get(name, mark) != mark
    ]


def _missing(database: Database, known: Mapping[str, str], ours: Mapping[str, str]) -> list[str]:
    """Name the keys that are not in the keyring, and that stored payloads are wrapped by."""
    return [
        f"{name}: payloads of this store are wrapped by this key, and the keyring does not have it; put it back"
        for name in known.keys() - ours.keys()
        if database.rows(_IN_USE, name=name.removeprefix("kek "))[0][0]
    ]


NOTE: Final[Step[Mapping[str, str], None]] = Step("note-keys", note)
