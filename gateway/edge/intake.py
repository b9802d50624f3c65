"""The way in: a message is on disk, once, before its sender hears that it was taken."""

import asyncio
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from gateway.core.errors import Busy, NotAcceptable, Severity
from gateway.edge.audit.append import fresh_id
from gateway.edge.delivery.ports import Admitted, Line
from gateway.edge.delivery.receipts import receipt_in
from gateway.edge.keys import Vault
from gateway.edge.store import statements
from gateway.edge.store.accept import ACCEPT, ADD_DESTINATION
from gateway.edge.store.database import Database
from gateway.edge.store.decide import inbound
from gateway.edge.store.engine import file_of
from gateway.edge.store.operate import NotThere
from gateway.edge.store.receipts import RECEIVE
from gateway.edge.store.rows import Accepted, Arrival, Destination, Inbound, Receipted

LARGE: Final = 20_000
LOOK_AGAIN: Final = 1.0


@dataclass(frozen=True, slots=True)
class Watermarks:
    """When to answer 503 rather than take more: least free disk in bytes, most writes and messages that may wait."""

    free_disk: int = 512 * 1024 * 1024
    writes: int = 5_000
    backlog: int = 1_000_000


class Guard:
    """Says `Busy` before the disk or the queue is full, so that a message taken is a message kept."""

    def __init__(self, database: Database, marks: Watermarks) -> None:
        self._database, self._marks = database, marks
        self._file = file_of(database.engine)
        self._looked, self._full = float("-inf"), ""

    def check(self) -> None:
        """Raise `Busy` when there is no room. The disk and the backlog are looked at once a second."""
        if self._database.waiting > self._marks.writes:
            raise Busy("too many messages wait to be stored", retry_after=2)
        if time.monotonic() - self._looked > LOOK_AGAIN:
            self._full, self._looked = self._look(), time.monotonic()
        if self._full:
            raise Busy(self._full, retry_after=30)

    def _look(self) -> str:
        if self._file and shutil.disk_usage(self._file.parent).free < self._marks.free_disk:
            return "the disk is nearly full"
        [(backlog,)] = self._database.rows(statements.BACKLOG, limit=self._marks.backlog)
        return "too many messages wait to be delivered" if backlog >= self._marks.backlog else ""


class Intake:
    """Takes messages and receipts in.

    `acts` gives where else a message goes that has been stored, by what its patient said before it came.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        line: Line,
        marks: Watermarks | None = None,
        acts: Callable[[Arrival], Iterable[Destination]] = lambda _arrival: (),
    ) -> None:
        self._database, self._vault, self._line, self._acts = database, vault, line, acts
        self._guard = Guard(database, marks or Watermarks())

    async def accept(
        self, raw: bytes, format_id: str, sender: str, key: str, may: Callable[[str], None] | None = None
    ) -> Accepted:
        """Store a message under its sender's idempotency `key`; once this returns it is on disk.

        `may` is called with the number of the patient that it is about, and raises `Refused` to stop it.

        The same key with the same content gives the same answer, also when what was taken then would not be now. So
        does the same id of a message with the same content under another key. Raises `NotAcceptable`, `Conflict` for
        the same key or id with another content, or `Busy`; nothing is stored then.
        """
        self._guard.check()
        try:
            if len(raw) > LARGE:
                admitted, arrival = await asyncio.to_thread(self._arrival, raw, format_id, sender, key)
            else:
                admitted, arrival = self._arrival(raw, format_id, sender, key)
        except NotAcceptable:
            if (before := await asyncio.to_thread(self._before, raw, format_id, sender, key)) is not None:
                return before
            raise
        if may is not None:
            may(admitted.patient)
        accepted = await self._database.write(ACCEPT, arrival)
        for destination in await asyncio.to_thread(self._sent_before, replace(arrival, id=accepted.id)):
            await self.add_destination(accepted.id, destination)
        return replace(accepted, told=admitted.issues)

    def admits(self, raw: bytes, format_id: str, sender: str) -> None:
        """Raise `NotAcceptable` for a message that would not be taken."""
        self._admit(raw, format_id, sender)

    def accept_now(self, raw: bytes, format_id: str, sender: str, key: str) -> Accepted:
        """Store a message as `accept` does, from a thread that may wait. Raises `NotAcceptable`, `Conflict`, `Busy`."""
        self._guard.check()
        if (before := self._before(raw, format_id, sender, key)) is not None:
            return before
        _, arrival = self._arrival(raw, format_id, sender, key)
        return self._database.write_now(ACCEPT, arrival)

    async def add_destination(self, message: str, destination: Destination) -> str:
        """Add a recipient to a stored message, for a later act of the patient; give the id of its outgoing message.

        The act itself is a fact like others: the message starts at `received` and is decided as any. The same
        destination added twice is one. Raises `NotThere` or `Busy`.
        """
        source = await asyncio.to_thread(self.find, message)
        return await self._database.write(ADD_DESTINATION, (source, fresh_id(), destination))

    async def receive_receipt(self, body: bytes, party: str) -> Receipted | None:
        """Store an application receipt from `party` and move the message it answers; nothing if it is not a receipt.

        Raises `Busy`.
        """
        seen = self._line.read_receipt(body)
        if seen is None:
            return None
        return await self._database.write(RECEIVE, receipt_in(self._vault, party, body, seen))

    def find(self, message: str) -> Inbound:
        """Give a stored incoming message, its bytes still sealed. Raises `NotThere`."""
        rows = self._database.rows(statements.SOURCES, ids=[message])
        if not rows:
            raise NotThere("no message has this id")
        return inbound(rows[0])

    def _sent_before(self, arrival: Arrival) -> list[Destination]:
        return list(self._acts(arrival))

    def _before(self, raw: bytes, format_id: str, sender: str, key: str) -> Accepted | None:
        """Give the answer that a message got when it came before under the same key; nothing when it did not."""
        mac = self._vault.mac
        rows = self._database.rows(statements.KNOWN_KEYS, senders=[sender], keys=[mac("key", sender, key)])
        content = mac("content", format_id, raw)
        return next((Accepted(row.id, again=True) for row in rows if row.content_mac == content), None)

    def _arrival(self, raw: bytes, format_id: str, sender: str, key: str) -> tuple[Admitted, Arrival]:
        admitted = self._admit(raw, format_id, sender)
        mac, name = self._vault.mac, fresh_id()
        content, business = mac("content", format_id, raw), mac("business-id", sender, admitted.business_id)
        known_by = mac("once", sender, content) if admitted.recurs else business
        return admitted, Arrival(
            id=name,
            format=format_id,
            sender=sender,
            key_mac=mac("key", sender, key),
            content_mac=content,
            business_mac=business,
            case_key=mac("case", admitted.case),
            patient=mac("patient", admitted.patient),
            payload=self._vault.seal("inbound", name, raw),
            destinations=tuple((fresh_id(), destination) for destination in admitted.destinations),
            once_mac=known_by if admitted.business_id else None,
            id_at=admitted.id_at,
        )

    def _admit(self, raw: bytes, format_id: str, sender: str) -> Admitted:
        admitted = self._line.admit(raw, format_id, sender)
        if any(issue.severity is Severity.ERROR for issue in admitted.issues):
            raise NotAcceptable(admitted.issues)
        return admitted
