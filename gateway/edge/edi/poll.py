"""Fetches what is unread at NHN's message service: taken like any other, answered, and only then marked as read.

What is unread is what we owe: a message that was taken and whose answer got lost is fetched again, known again, and
answered. One node fetches at a time.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from gateway.core.errors import ChannelError, Issue, NotAcceptable, Refused, Rejected, Unreachable
from gateway.edge.edi import api
from gateway.edge.edi.api import Waiting
from gateway.edge.identity.access import Caller, authorise, match
from gateway.edge.identity.parties import Party
from gateway.edge.receipts import LONGEST, Business
from gateway.edge.store.database import Database
from gateway.edge.store.edi import TURN, UNDELIVERED, Turn
from gateway.edge.store.writer import Probe, no_probe

LEASE: Final = 120.0
"""Seconds that a turn is held; a node that dies delays the next one for as long."""
NAME: Final = "edi"
PROOF: Final = "edi"
DOOR: Final = ("POST", "/nav/messages")
"""The route whose rules say who may send us messages this way."""
STRANGER: Final = "avsenderen er ikke kjent her, eller kan ikke sende denne veien / the sender is not known here"
LARGE: Final = "the document is larger than what is taken from this party"

log = structlog.get_logger(__name__)


class Mailbox(Protocol):
    """What fetching asks of the message service, as `MessageService` does; every call raises `ChannelError`."""

    async def unread(self, hers: Sequence[str]) -> list[Waiting]:
        """Give what is unread."""

    async def document(self, name: str) -> bytes:
        """Give the document of a message."""

    async def receipted(self, one: Waiting) -> bool:
        """Whether a message has its AppRec already."""

    async def receipt(self, one: Waiting, body: bytes) -> None:
        """Answer a message with an AppRec."""

    async def read(self, one: Waiting) -> None:
        """Mark a message as read."""


@dataclass(frozen=True, slots=True)
class Fetching:
    """For whom is fetched, from which parties (by HER-id), how often (seconds), and the largest document (bytes)."""

    hers: Sequence[str]
    parties: Mapping[str, Party]
    every: float = 60.0
    largest: int = 20 * 1024 * 1024
    lease: float = LEASE


class Poll:
    """A stage beside the workers."""

    def __init__(
        self,
        service: Mailbox,
        fetching: Fetching,
        business: Business,
        database: Database,
        probe: Probe = no_probe,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service, self._fetching, self._business = service, fetching, business
        self._database, self._probe, self._clock = database, probe, clock
        self._due = 0.0

    async def poll_some(self) -> int:
        """Fetch what is unread, if it is time and nobody else does; give how many were settled. Raises `Busy`."""
        if self._clock() < self._due:
            return 0
        token = await self._database.write(TURN, Turn(NAME, self._fetching.lease))
        self._due = self._clock() + min(1.0, self._fetching.every)
        if not token:
            return 0
        settled, more = await self._turn()
        again = 0.0 if settled and more else self._fetching.every
        await self._database.write(TURN, Turn(NAME, again, token))
        self._due = self._clock() + again
        return settled

    async def _turn(self) -> tuple[int, bool]:
        """Give how many messages were settled, and whether there may be more."""
        try:
            found = await self._service.unread(self._fetching.hers)
        except ChannelError as error:
            log.warning("edi-unread-failed", error=type(error).__name__)
            return 0, False
        ends, settled = self._clock() + self._fetching.lease / 2, 0
        for one in found:
            if self._clock() > ends:
                return settled, True
            try:
                await self._one(one)
            except Unreachable as error:
                log.warning("edi-waits", error=type(error).__name__)
                return settled, False
            except ChannelError as error:
                log.warning("edi-message-waits", error=type(error).__name__)
            else:
                settled += 1
        return settled, len(found) >= api.FETCHED

    async def _one(self, one: Waiting) -> None:
        """Take one message, answer it, and mark it as read, in this order."""
        caller = self._caller(one)
        if one.receiver not in self._fetching.hers:
            return
        if caller is None:
            log.warning("edi-stranger", apprec=one.is_apprec)
            await self._answer(one, "", api.refusal([STRANGER]))
        else:
            receipt = await self._taken(one, caller)
            self._probe("edi.taken")
            await self._answer(one, caller.party.id, receipt)
        self._probe("edi.answered")
        await self._service.read(one)
        self._probe("edi.read")

    def _caller(self, one: Waiting) -> Caller | None:
        party = self._fetching.parties.get(one.sender)
        if party is None:
            return None
        caller = Caller(party, party.scopes, PROOF)
        try:
            authorise(caller, match(*DOOR))
        except Refused:
            return None
        return caller

    async def _taken(self, one: Waiting, caller: Caller) -> bytes:
        """Take a document, and give what it is answered with; nothing for what is an AppRec itself."""
        try:
            document = self._bounded(await self._service.document(one.id), caller)
            self._probe("edi.fetched")
            receipt = await self._business.answer(document, caller)
        except NotAcceptable as refused:
            log.warning("edi-refused", party=caller.party.id, error=type(refused).__name__)
            return api.refusal([str(issue)[:LONGEST] for issue in refused.issues])
        return api.apprec(receipt.body) if receipt.body else b""

    def _bounded(self, document: bytes, caller: Caller) -> bytes:
        if len(document) > min(self._fetching.largest, caller.party.limits.body):
            raise NotAcceptable([Issue("too-long", "", LARGE)])
        return document

    async def _answer(self, one: Waiting, party: str, receipt: bytes) -> None:
        """Answer with an AppRec, once; an AppRec is never answered with another, or two could go on for ever."""
        if not receipt or one.is_apprec or await self._service.receipted(one):
            return
        try:
            await self._service.receipt(one, receipt)
        except Rejected:
            log.warning("edi-receipt-refused", party=party)
            await self._database.write(UNDELIVERED, (party, "rejected"))
