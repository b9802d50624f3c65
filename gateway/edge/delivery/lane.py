"""One destination's lane: how many are on their way, how fast, and whether it is down. No lane waits for another."""

import asyncio
import time
from typing import Final

import structlog

from gateway.core.errors import ChannelError, Rejected, SamspillError, Unacknowledged, Uncertain
from gateway.core.line import Event
from gateway.edge.delivery import watch
from gateway.edge.delivery.ports import Work
from gateway.edge.delivery.receipts import correlation, receipt_in
from gateway.edge.delivery.terms import Acknowledges, Bucket
from gateway.edge.keys import Unreadable, Vault
from gateway.edge.store.database import Database
from gateway.edge.store.deliver import BEGIN, END, MARK_DOWN, MARK_UP
from gateway.edge.store.receipts import RECEIVE, REJECTED, verdict_event
from gateway.edge.store.rows import Attempt, Begin, Ended, ReceiptIn
from gateway.edge.store.writer import Stale

SENT: Final = "sent"

log = structlog.get_logger(__name__)


class Lane:
    """Begins and makes attempts at one destination, until nothing is due there."""

    def __init__(self, party: str, database: Database, vault: Vault, work: Work) -> None:
        self._party, self._database, self._vault = party, database, vault
        self._terms = work.terms.get(party, work.default_terms)
        self._line, self._channels, self._probe = work.line, work.channels, work.probe
        self._bucket = Bucket(self._terms.rate, time.monotonic())
        self._leaving: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()
        self._failures = 0
        self._up = True
        self.behind = False  # more is due than may be on its way at once, and the destination takes it

    def nudge(self) -> None:
        """Look again: something is due here."""
        self._freed.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until nothing is due and nothing is on its way. Raises `Busy`."""
        try:
            while not stopping.is_set():
                began = await self._begin()
                if not began and not self._leaving:
                    break
                await self._wait(began=began)
        finally:
            self.behind = False
            if self._leaving:
                await asyncio.gather(*self._leaving, return_exceptions=True)

    async def _begin(self) -> int:
        if wait := self._bucket.wait():
            await asyncio.sleep(wait)
        room = self._terms.concurrency - len(self._leaving)
        limit = self._bucket.take(room, time.monotonic())
        if limit <= 0:
            return 0
        breaker = self._terms.breaker
        wanted = Begin(self._party, limit, self._terms.lease, self._line.policy, breaker.probe_every)
        begun = await self._database.write(BEGIN, wanted)
        self._up = begun.up
        self.behind = begun.up and len(begun.attempts) == limit
        self._bucket.give_back(limit - len(begun.attempts))
        for attempt in begun.attempts:
            task = asyncio.create_task(self._attempt(attempt))
            self._leaving.add(task)
            task.add_done_callback(self._done)
        return len(begun.attempts)

    async def _wait(self, *, began: int) -> None:
        """Wait until a good part of the lane is free, so that attempts are begun many at a time."""
        enough = max(1, self._terms.concurrency // 4)
        while self._leaving and (not began or self._terms.concurrency - len(self._leaving) < enough):
            self._freed.clear()
            await self._freed.wait()
            if not began:
                break

    def _done(self, task: asyncio.Task[None]) -> None:
        self._leaving.discard(task)
        self._freed.set()
        if not task.cancelled() and (error := task.exception()):
            log.warning("attempt-not-recorded", destination=self._party, error=type(error).__name__)

    async def _attempt(self, attempt: Attempt) -> None:
        ended = await self._make(attempt)
        self._probe("end.before-write")
        try:
            await self._database.write_within(self._terms.lease, END, ended)
        except Stale:
            log.info("attempt-overtaken", message=attempt.id)
        watch.ATTEMPTS.labels(self._party, ended.outcome).inc()
        for event in ended.events:
            watch.EVENTS.labels(event.value).inc()

    async def _make(self, attempt: Attempt) -> Ended:
        try:
            answer = await self._send(attempt)
        except ChannelError as error:
            return await self._failed(attempt, error)
        except Unreadable as error:
            return Ended(
                attempt=attempt, outcome="unreadable", events=(Event.GAVE_UP,), reason=type(error).__name__.lower()
            )
        except Exception as error:  # noqa: BLE001 - a channel's own fault: the message may have left
            log.error("channel-failed", destination=self._party, error=type(error).__name__)  # noqa: TRY400
            return await self._failed(attempt, Uncertain("the channel failed"))
        await self._came_through()
        return await self._answered(attempt, answer)

    async def _send(self, attempt: Attempt) -> bytes:
        channel = self._channels(self._party)
        if channel is None:
            raise Rejected("no channel leads to this destination")
        body = self._vault.open("outbound", attempt.id, attempt.body, attempt.wrapped)
        self._probe("send.before")
        try:
            async with asyncio.timeout(self._terms.patience):
                answer = await channel.deliver(attempt.id, body, attempt.media_type)
        except TimeoutError:
            raise Uncertain("no answer in time") from None
        self._probe("send.after")
        return answer

    async def _answered(self, attempt: Attempt, answer: bytes) -> Ended:
        receipt = await self._receipt_in(attempt, answer)
        if receipt:
            reason = "" if receipt.positive else REJECTED
            events = (Event.SENT, verdict_event(receipt))
            return Ended(attempt=attempt, outcome=SENT, events=events, reason=reason, receipt=receipt)
        if self._terms.acknowledges is Acknowledges.TRANSPORT:
            return Ended(attempt=attempt, outcome=SENT, events=(Event.SENT, Event.RECEIPT_OK))
        return Ended(attempt=attempt, outcome=SENT, events=(Event.SENT,), due_in=self._terms.receipt_within)

    async def _receipt_in(self, attempt: Attempt, answer: bytes) -> ReceiptIn | None:
        """Read a receipt out of an answer. One that answers another message goes to that message."""
        if not answer:
            return None
        try:
            opened = self._line.open(self._party, answer)
            seen = self._line.read_receipt(opened)
        except SamspillError as error:
            log.warning("answer-unreadable", destination=self._party, error=type(error).__name__)
            return None
        if seen is None:
            return None
        receipt = receipt_in(self._vault, self._party, opened, seen)
        if correlation(self._vault, self._party, seen.original_id) == attempt.correlation:
            return receipt
        other = await self._database.write(RECEIVE, receipt)
        log.warning("receipt-for-another", destination=self._party, verdict=other.verdict)
        return None

    async def _failed(self, attempt: Attempt, error: ChannelError) -> Ended:
        outcome = type(error).__name__.lower()
        if isinstance(error, Unacknowledged):
            await self._came_through()  # its server is there
        else:
            await self._did_not_come_through(error)
        wait = self._terms.retry.after(attempt.number, attempt.age, error)
        if wait is None:
            return Ended(attempt=attempt, outcome=outcome, events=(Event.GAVE_UP,), reason=outcome)
        return Ended(attempt=attempt, outcome=outcome, due_in=wait)

    async def _came_through(self) -> None:
        self._failures = 0
        if not self._up:
            self._up = True
            if await self._database.write(MARK_UP, self._party):
                watch.up(self._party)

    async def _did_not_come_through(self, error: ChannelError) -> None:
        if isinstance(error, Rejected):
            return  # it answered, so it is there
        self._failures += 1
        if self._failures >= self._terms.breaker.failures and self._up:
            self._up = False
            if await self._database.write(MARK_DOWN, (self._party, self._terms.breaker.probe_every)):
                watch.down(self._party)
