"""Absence files that employers upload: taken in as a stream, handled row by row, restartable at every point.

The bytes come in parts, each sealed and on disk before the next is read; when the last is there the sender hears that
the file is taken. Workers handle it afterwards, some hundred rows in a transaction with how far they are, so that a
crash repeats nothing and loses nothing, and two workers never count a row twice. When the file is handled, its bytes
are destroyed; what is left are the absences, sealed under the person they are about.
"""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, BinaryIO, Protocol

import orjson
from sqlalchemy import Row, select

from gateway.core.errors import Issue, NotAcceptable
from gateway.edge.audit.append import fresh_id
from gateway.edge.keys import Vault
from gateway.edge.store import absences as store
from gateway.edge.store.database import Database
from gateway.edge.store.operate import NotThere
from gateway.edge.store.schema import absence_file, absence_issue, payload
from gateway.edge.store.writer import Stale

PART = 1 << 20
BATCH = 500
MOST_ISSUES = 100_000
"""Most refused cells that are kept of one file; a file with more has another fault than its cells."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a row came to: an absence as bytes with whom it is about, or issues, or neither (it is no absence).

    `person` is what names the person: a personal number, or an employer's own number; `worker` are both numbers, where
    the row has both, and `register` that it says no more than whose a number is; `same` what makes two rows one;
    `message` is what the row comes to where that is no absence but a message to be forwarded, in the canonical form,
    and `columns` gives by its field the column that it is from.
    `source` what a corrected row has in common with what it corrects. The last one says what was `noted` of the file,
    and whether it `stops` there before its end.
    """

    row: int
    issues: tuple[Issue, ...] = ()
    person: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    record: bytes = b""
    worker: tuple[str, ...] = ()
    register: bool = False
    message: bytes = b""
    columns: Mapping[str, str] = field(default_factory=dict)
    noted: tuple[Issue, ...] = ()
    stops: bool = False


class Sends(Protocol):
    """Forwards a message of a party's file. Blocks; raises `NotAcceptable` or `Busy`."""

    def admits(self, raw: bytes, party: str) -> None:
        """Raise `NotAcceptable` for one that would not be forwarded."""

    def send(self, raw: bytes, party: str) -> bool:
        """Forward it; say whether it is new."""


Reads = Callable[[BinaryIO, str], Iterator[Said]]
"""Reads a file by the profile of a name, in order, the same each time. Pure but for the file."""


class AbsenceFiles:
    """Takes absence files in and handles them."""

    def __init__(self, stored: tuple[Database, Vault], reads: Reads, profiles: frozenset[str], sends: Sends) -> None:
        (self._database, self._vault), self._reads, self._sends = stored, reads, sends
        self.profiles = profiles

    async def take(self, chunks: AsyncIterable[bytes], party: str, profile: str, *, whole: bool) -> str:
        """Store a file and give its id; that of the same file if it came before. Raises `NotAcceptable` or `Busy`."""
        if profile not in self.profiles:
            mend = "`samspill hr profiles` lists them"
            raise NotAcceptable([Issue("not-found", "profile", "there is no such profile", mend)])
        file = await self._database.write(store.BEGIN, store.NewFile(fresh_id(), party, profile, whole))
        try:
            digest, parts = await self._keep(file, chunks)
            mac = self._vault.mac("absence-file", digest, profile, str(whole))
            return await self._database.write(store.RECEIVE, store.Received(file, party, mac, parts))
        except BaseException:
            await asyncio.shield(self._database.write(store.FORGET, file))
            raise

    async def _keep(self, file: str, chunks: AsyncIterable[bytes]) -> tuple[bytes, int]:
        digest, held, parts = hashlib.sha256(), bytearray(), 0
        async for chunk in chunks:
            digest.update(chunk)
            held += chunk
            while len(held) >= PART:
                await self._part(file, parts, bytes(held[:PART]))
                del held[:PART]
                parts += 1
        if held:
            await self._part(file, parts, bytes(held))
            parts += 1
        return digest.digest(), parts

    async def _part(self, file: str, number: int, raw: bytes) -> None:
        sealed = self._vault.seal(store.PART, store.part_name(file, number), raw)
        await self._database.write(store.KEEP, store.Part(file, number, sealed))

    def progress(self, file: str, party: str) -> Mapping[str, Any]:
        """Give how far a party's file is. Blocks; raises `NotThere`."""
        row = self._row(file, party)
        words = ("id", "profile", "state", "rows", "good", "repeated", "corrected", "refused", "ignored")
        told = {word: getattr(row, word) for word in words}
        apart = self._database.rows(store.APART, file=file, party=party)[0][0]
        return told | {"apart": apart, "all-or-nothing": row.whole, "noted": row.noted.splitlines()}

    def issues(self, file: str, party: str) -> Iterator[Issue]:
        """Give what is wrong with a party's file, in order. Blocks; raises `NotThere`."""
        self._row(file, party)
        last = 0
        while True:
            wanted = select(absence_issue).where(absence_issue.c.file == file, absence_issue.c.number > last)
            rows = self._database.rows(wanted.order_by(absence_issue.c.number).limit(BATCH))
            if not rows:
                return
            last = rows[-1].number
            yield from (Issue("value", row.place, row.what, row.mend) for row in rows)

    def _row(self, file: str, party: str) -> Row[Any]:
        rows = self._database.rows(store.FILE.where(absence_file.c.id == file, absence_file.c.party == party))
        if not rows:
            raise NotThere("no absence file of this party has this id")
        return rows[0]

    async def handle_some(self) -> int:
        """Handle the file that waits longest, if there is one; give how many there were."""
        waiting = await asyncio.to_thread(self._database.rows, store.WAITS)
        for row in waiting:
            try:
                await asyncio.to_thread(self._handle, row)
            except Stale:  # another worker has it
                await asyncio.sleep(1)
        return len(waiting)

    def _handle(self, row: Row[Any]) -> None:
        if row.whole and row.rows == 0 and (wrong := list(islice(self._wrong(row), MOST_ISSUES))):
            refused = len({issue.at.partition(",")[0] for issue in wrong})
            self._write(row, store.Rows(issues=tuple(wrong), refused=refused), store.REFUSED)
            return
        said, told = islice(self._said(row), row.rows, None), self._told(row.id)
        before, last = row.rows, False
        while not last:
            batch = list(islice(said, BATCH))
            last = len(batch) < BATCH
            batch, sent = self._sent(batch, row.party)
            issues = tuple(issue for one in batch for issue in one.issues)[: max(0, MOST_ISSUES - told)]
            told += len(issues)
            good = tuple(self._absence(one, row.party) for one in batch if one.record)
            refused = sum(1 for one in batch if one.issues)
            noted = tuple(issue.what for one in batch for issue in one.noted)
            workers = tuple(self._worker(one, row.party) for one in batch if one.worker)
            ignored = len(batch) - len(good) - refused - len(sent)
            rows = store.Rows(before, len(batch), good, issues, refused, ignored, noted, workers, sent)
            self._write(row, rows, store.DONE if last else store.WAITING, whole=not any(one.stops for one in batch))
            before += len(batch)

    def _sent(self, batch: list[Said], party: str) -> tuple[list[Said], tuple[bool, ...]]:
        """Forward the messages of some rows: what cannot be is refused; say of each other one whether it is new."""
        found, sent = [], []
        for one in batch:
            told = one
            if one.message:
                try:
                    sent.append(self._sends.send(one.message, party))
                except NotAcceptable as wrong:
                    told = replace(one, issues=_in_row(one, wrong.issues))
            found.append(told)
        return found, tuple(sent)

    def _unsendable(self, one: Said, party: str) -> tuple[Issue, ...]:
        try:
            if one.message:
                self._sends.admits(one.message, party)
        except NotAcceptable as wrong:
            return _in_row(one, wrong.issues)
        return ()

    def _write(self, row: Row[Any], rows: store.Rows, state: str, *, whole: bool = True) -> None:
        self._database.write_now(store.HANDLE, store.Handled(row.id, row.party, rows, state, whole))

    def _told(self, file: str) -> int:
        rows = self._database.rows(
            select(absence_issue.c.number)
            .where(absence_issue.c.file == file)
            .order_by(absence_issue.c.number.desc())
            .limit(1)
        )
        return rows[0].number if rows else 0

    def _wrong(self, row: Row[Any]) -> Iterator[Issue]:
        return (issue for one in self._said(row) for issue in (*one.issues, *self._unsendable(one, row.party)))

    def _said(self, row: Row[Any]) -> Iterator[Said]:
        parts = _Parts(self._database, self._vault, row.id, row.parts)
        return self._reads(io.BufferedReader(parts, PART), row.profile)

    def _absence(self, said: Said, party: str) -> store.NewAbsence:
        record = fresh_id()
        known = said.person if len(said.person) == 1 else (party, *said.person)
        return store.NewAbsence(
            record=record,
            patient=self._vault.mac("patient" if len(said.person) == 1 else "employee", *known),
            row_mac=self._vault.mac("absence", party, *said.same),
            source_mac=self._vault.mac("absence-source", party, *said.source),
            row=said.row,
            payload=self._vault.seal(store.RECORD, record, said.record),
            alone=len(said.person) > 1,
        )

    def _worker(self, said: Said, party: str) -> store.NewWorker:
        record, (employee, person) = fresh_id(), said.worker
        return store.NewWorker(
            record=record,
            employee=self._vault.mac("employee", party, "employee", employee),
            patient=self._vault.mac("patient", person),
            payload=self._vault.seal(store.WORKER, record, orjson.dumps([employee, person])),
            register=said.register,
        )


def _in_row(one: Said, issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """Give why a row's message is not forwarded, each at the row and its column."""
    told = []
    for issue in issues:
        column = one.columns.get(issue.field, "")
        at = f"row {one.row}, column {column}" if column else f"row {one.row}"
        told.append(replace(issue, at=at))
    return tuple(told)


class _Parts(io.RawIOBase):
    """The bytes of a stored file, part by part; it can seek, as readers of spreadsheets want."""

    def __init__(self, database: Database, vault: Vault, file: str, count: int) -> None:
        super().__init__()
        self._database, self._vault, self._file, self._count = database, vault, file, count
        self._at = 0
        self._held = (-1, b"")

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can seek."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        if whence == io.SEEK_END:
            last = len(self._part(self._count - 1)) if self._count else 0
            offset += max(0, self._count - 1) * PART + last
        elif whence == io.SEEK_CUR:
            offset += self._at
        self._at = offset
        return offset

    def tell(self) -> int:
        """Say where it is."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read some bytes of one part."""
        number, begin = divmod(self._at, PART)
        if number >= self._count:
            return 0
        got = self._part(number)[begin : begin + len(buffer)]
        buffer[: len(got)] = got
        self._at += len(got)
        return len(got)

    def _part(self, number: int) -> bytes:
        if self._held[0] != number:
            name = store.part_name(self._file, number)
            rows = self._database.rows(select(payload).where(payload.c.kind == store.PART, payload.c.record == name))
            if not rows:
                raise Stale("the file has been handled")
            self._held = (number, self._vault.open(store.PART, name, rows[0].body, rows[0].wrapped))
        return self._held[1]
