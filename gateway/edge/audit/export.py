"""Copies of the disclosure log for others: CSV for people, JSON with proofs for whoever wants to check it alone.

The JSON form holds each entry's exact bytes and salt with an inclusion proof, one signed checkpoint that they lead to,
and for each older checkpoint asked for a consistency proof. With the public key alone, `check` then shows every entry
to be what the log held, and the log to be the older one grown. It cannot show that no entry was left out, unless all
are there.
"""

import base64
import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from gateway.core.audit import Disclosure, entry_of
from gateway.core.checkpoint import BadCheckpoint, Checkpoint, Verifier
from gateway.core.errors import Issue, NotAcceptable
from gateway.core.merkle import (
    Frontier,
    Levels,
    NotProven,
    consistency_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from gateway.edge.audit.anchors import LEAVES
from gateway.edge.audit.search import Found
from gateway.edge.audit.verify import Flaw
from gateway.edge.store.database import Database

FORMAT: Final = "samspill-disclosure-log/1"
BOM: Final = "\ufeff"
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
HEAD: Final = (
    "index",
    "recorded",
    "action",
    "outcome",
    "actor",
    "recipient",
    "patient",
    "message",
    "purpose",
    "reason",
)
WHY: Final = ("policy", "permitted", "forbade", "obligations", "withheld", "consents", "basis")


def csv_lines(found: Iterable[Found]) -> Iterator[str]:
    """Give the lines of a CSV file: UTF-8 with BOM, `;`, CRLF, and no cell that a spreadsheet takes for a formula."""
    yield BOM + _line([*HEAD, *WHY, "digest", "leaf"])
    for one in found:
        entry, disclosure = one.entry, one.entry.disclosure or Disclosure()
        recorded = datetime.fromtimestamp(entry.recorded_at, UTC).isoformat(timespec="milliseconds")
        told = [str(getattr(entry, name)) for name in HEAD[2:]]
        why = [_joined(getattr(disclosure, name)) for name in WHY]
        index = "" if one.index is None else str(one.index)
        yield _line([index, recorded, *told, *why, entry.digest, (one.leaf or b"").hex()])


def _joined(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else " ".join(value)


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO(newline="")
    safe = (f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells)
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerow(safe)
    return text.getvalue()


def proven(
    database: Database, key: Verifier, note: str, found: Iterable[Found], older: Sequence[str]
) -> dict[str, Any]:
    """Give the JSON form of entries that `note`, the log's newest checkpoint, counts; `older` are earlier notes.

    Raises `BadCheckpoint` for an older note that this key has not signed, or that says more than there is.
    """
    size = key.opened(note).size
    leaves = [bytes(leaf) for (leaf,) in database.rows(LEAVES, first=0, end=size)]
    levels = Levels(leaves)
    return {
        "format": FORMAT,
        "key": str(key),
        "checkpoint": note,
        "consistency": [_consistency(key, one, leaves) for one in older],
        "entries": [
            {
                "index": one.index,
                "salt": _encoded(one.salt),
                "entry": one.raw.decode(),
                "proof": [_encoded(step) for step in levels.inclusion_proof(one.index)],
            }
            for one in found
            if one.index is not None and one.index < size
        ],
    }


def _consistency(key: Verifier, note: str, leaves: Sequence[bytes]) -> dict[str, Any]:
    older = key.opened(note)
    if not 0 < older.size <= len(leaves):
        raise BadCheckpoint("the older checkpoint counts more entries than the log has, or none")
    return {"checkpoint": note, "proof": [_encoded(step) for step in consistency_proof(older.size, leaves)]}


def check(document: Any, key: Verifier, older: Iterable[str] = ()) -> tuple[Checkpoint, list[Flaw]]:
    """Check an export with the public key alone; give its checkpoint and all that is wrong.

    `older` are checkpoints that somebody kept; for each the export must show that the log grew from it. Raises
    `NotAcceptable` for a document that is no export, and `BadCheckpoint` when its checkpoint is not this key's.
    """
    what = "the file is not an export of a disclosure log"
    issue = Issue("structure", "", what, "write one with `samspill audit export --format json`")
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise NotAcceptable([issue])
    try:
        head = key.opened(document["checkpoint"])
        entries = [_entry(one) for one in document["entries"]]
        grown = {one["checkpoint"]: _decoded_all(one["proof"]) for one in document["consistency"]}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise NotAcceptable([issue]) from None
    flaws = [flaw for one in entries for flaw in _included(one, head)]
    flaws += [flaw for note in {*grown, *older} for flaw in _grew(note, grown, entries, head, key)]
    return head, flaws


def _entry(one: Mapping[str, Any]) -> tuple[int, bytes, bytes, tuple[bytes, ...]]:
    raw = one["entry"].encode()
    leaf = leaf_hash(base64.b64decode(one["salt"], validate=True) + raw)
    return int(one["index"]), raw, leaf, _decoded_all(one["proof"])


def _included(one: tuple[int, bytes, bytes, tuple[bytes, ...]], head: Checkpoint) -> Iterator[Flaw]:
    index, raw, leaf, proof = one
    try:
        entry_of(raw)
    except ValueError:
        yield Flaw("altered", "its content is not that of an entry", index)
    try:
        verify_inclusion(leaf, index, head.size, proof, head.root)
    except NotProven:
        yield Flaw("altered", "it is not what the signed log holds at this place", index)


def _grew(
    note: str,
    grown: Mapping[str, tuple[bytes, ...]],
    entries: Sequence[tuple[int, bytes, bytes, tuple[bytes, ...]]],
    head: Checkpoint,
    key: Verifier,
) -> Iterator[Flaw]:
    """Say whether the log is the one of an older checkpoint grown: by its proof, or from all the leaves if all are."""
    try:
        older = key.opened(note)
    except BadCheckpoint as wrong:
        yield Flaw("checkpoint", f"an older checkpoint: {wrong}")
        return
    leaves = {index: leaf for index, _, leaf, _ in entries}
    try:
        if note in grown:
            verify_consistency(older.size, older.root, head.size, head.root, grown[note])
        elif all(index in leaves for index in range(older.size)):
            if Frontier().grown(leaves[index] for index in range(older.size)).root() != older.root:
                raise NotProven  # noqa: TRY301 - the same answer as a proof that fails
        else:
            what = f"the export does not show how it grew from the checkpoint of {older.size}; export with --checkpoint"
            yield Flaw("checkpoint", what)
    except NotProven:
        yield Flaw("rewritten", f"it is not the log of the checkpoint of {older.size} entries, grown")


def json_text(document: Mapping[str, Any]) -> str:
    """Write the JSON form, one entry a line so that two exports can be compared."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _decoded_all(texts: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(base64.b64decode(text, validate=True) for text in texts)
