"""From `received` to `sealed`, `refused` or `invalid`: claims, runs the pure line in a thread, records T2."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import structlog

from gateway.core.audit import Disclosure
from gateway.core.errors import Busy, ConfigurationError, NotAcceptable, Refused
from gateway.core.line import Event
from gateway.core.message import Parsed
from gateway.edge.delivery import watch
from gateway.edge.delivery.ports import Gather, Sealed, Work
from gateway.edge.delivery.receipts import correlation
from gateway.edge.keys import Destroyed, Vault
from gateway.edge.store.database import Database
from gateway.edge.store.decide import CLAIM, DECIDED, SOURCE_AWAY, SUSPECT
from gateway.edge.store.rows import Decided, Inbound, ToDecide
from gateway.edge.store.writer import ItemFailed, Stale

BATCH: Final = 64
POISON: Final = 5
LONGEST_REST: Final = 1.0
LOOK_AGAIN: Final = 0.02
OWN_FAULT: Final = "own-fault"
AWAITS_OFFICER: Final = "awaits-officer"
SOONEST: Final = 10.0
LATEST: Final = 900.0
"""Seconds after which a message that waits for a source is tried again: half of what it has waited, within these."""

Step = TypeVar("Step")

log = structlog.get_logger(__name__)


class Decider:
    """Decides messages in batches; the batch is what one transaction records.

    Several batches may be claimed and recorded at once, while one is computed. While delivery is `behind`, computing
    rests for as long as it worked, so that a large backlog to decide leaves delivery its share.

    A message that was claimed in vain before may be what took the process down. It is decided while this process holds
    no other, or those held beside it would seem as guilty in the end.
    """

    def __init__(self, database: Database, vault: Vault, work: Work, behind: Callable[[], bool] = bool) -> None:
        self._database, self._vault, self._lease = database, vault, work.decide_within
        self._line, self._gather = work.line, work.gather
        self._behind, self._computing, self._rest_until = behind, asyncio.Lock(), 0.0
        self._claiming, self._held, self._let_go = asyncio.Lock(), 0, asyncio.Event()

    async def decide_some(self) -> int:
        """Claim, decide and record one batch; give how many were claimed. Raises `Busy`."""
        async with self._claiming:
            claims = await self._database.write(CLAIM, (BATCH, self._lease))
            if any(claim.failures > SUSPECT for claim in claims):
                await self._decide_alone(claims)
                return len(claims)
            self._held += 1
        try:
            await self._decide(claims)
        finally:
            self._held -= 1
            self._let_go.set()
        return len(claims)

    async def _decide_alone(self, claims: list[ToDecide]) -> None:
        while self._held:
            self._let_go.clear()
            await self._let_go.wait()
        await self._decide(claims)

    async def _decide(self, claims: list[ToDecide]) -> None:
        if not claims:
            return
        outcomes = await self._compute(claims)
        results = await asyncio.gather(*map(self._record, outcomes), return_exceptions=True)
        for failure in (result for result in results if isinstance(result, BaseException)):
            if isinstance(failure, Stale):
                continue
            if not isinstance(failure, (Busy, ItemFailed)):
                raise failure
            log.warning("decision-not-recorded", error=type(failure).__name__)

    async def _compute(self, claims: list[ToDecide]) -> list[Decided]:
        async with self._computing:
            await self._rest()
            begun = time.monotonic()
            outcomes = await asyncio.to_thread(self.decide, claims)
            ended = time.monotonic()
            self._rest_until = ended + min(ended - begun, LONGEST_REST)
        return outcomes

    async def _rest(self) -> None:
        while (rest := self._rest_until - time.monotonic()) > 0:
            if not self._behind():
                break
            await asyncio.sleep(min(rest, LOOK_AGAIN))

    async def _record(self, outcome: Decided) -> None:
        await self._database.write_within(self._lease, DECIDED, outcome)
        for event in outcome.events:
            watch.EVENTS.labels(event.value).inc()

    def decide(self, claims: Sequence[ToDecide]) -> list[Decided]:
        """Run the line for messages. Never raises: whatever happens to one is its own outcome.

        What the outside is asked about them all, it is asked once.
        """
        read = [(claim, self._try(claim, partial(self._read, claim))) for claim in claims]
        gather = self._ahead([(claim.inbound, got.record) for claim, got in read if isinstance(got, Parsed)])
        return [
            self._try(claim, partial(self._process, claim, got, gather)) if isinstance(got, Parsed) else got
            for claim, got in read
        ]

    def _try(self, claim: ToDecide, step: Callable[[], Step]) -> Step | Decided:
        try:
            return step()
        except Refused as refused:
            disclosure = Disclosure(policy=self._line.policy, forbade=refused.rules)
            reason = AWAITS_OFFICER if refused.held else "refused"
            return Decided(claim=claim, events=(Event.DENY,), disclosure=disclosure, reason=reason, held=refused.held)
        except NotAcceptable as error:
            return self._bad(claim, error.issues[0].code if error.issues else "invalid")
        except Destroyed:
            return self._bad(claim, "erased")
        except Busy:
            return self._waits(claim)
        except Exception as error:  # noqa: BLE001 - a fault of our own; the message waits for its repair
            return self._failed(claim, type(error).__name__)

    def _read(self, claim: ToDecide) -> Parsed[Any] | Decided:
        if claim.failures > POISON:
            return self._failed(claim, "took-the-process-down")
        source = claim.inbound
        raw = self._vault.open("inbound", source.id, source.body, source.wrapped)
        return self._line.again(raw, source.format)

    def _ahead(self, messages: Sequence[tuple[Inbound, Any]]) -> Gather:
        """Ask ahead; where that fails, each message is asked about by itself, and fails by itself."""
        try:
            return self._gather.ahead(messages)
        except Exception as error:  # noqa: BLE001 - a fault of our own with one of them
            log.warning("not-asked-ahead", error=type(error).__name__)
            return self._gather

    def _process(self, claim: ToDecide, parsed: Parsed[Any], gather: Gather) -> Decided:
        facts = gather(claim.inbound, claim.destination, parsed.record)
        return self._permitted(claim, self._line.process(parsed, claim.destination, facts))

    def _permitted(self, claim: ToDecide, sealed: Sealed) -> Decided:
        if sealed.disclosure.policy != self._line.policy:
            raise ConfigurationError(["the line decided by another rule set than the one it names"])
        return Decided(
            claim=claim,
            events=(Event.PERMIT, Event.SEAL),
            disclosure=sealed.disclosure,
            payload=self._vault.seal("outbound", claim.id, sealed.body),
            media_type=sealed.media_type,
            correlation=correlation(self._vault, claim.destination.party, sealed.business_id),
            digest=self._vault.mac("sent", sealed.body),
            valid_until=sealed.valid_until,
            held=sealed.held,
        )

    def _bad(self, claim: ToDecide, reason: str) -> Decided:
        disclosure = Disclosure(policy=self._line.policy)
        return Decided(claim=claim, events=(Event.BAD_MESSAGE,), disclosure=disclosure, reason=reason)

    def _waits(self, claim: ToDecide) -> Decided:
        """Put a message off whose facts nobody can give now; it has failed at nothing."""
        waited = time.time() - claim.inbound.received_at
        due_in = min(max(waited / 2, SOONEST), LATEST)
        disclosure = Disclosure(policy=self._line.policy)
        return Decided(claim=claim, events=(), disclosure=disclosure, reason=SOURCE_AWAY, due_in=due_in)

    def _failed(self, claim: ToDecide, error: str) -> Decided:
        """Put a message off, each time for longer; once it has failed often enough it is a human's."""
        disclosure = Disclosure(policy=self._line.policy)
        if claim.failures < POISON:
            wait = 2.0**claim.failures
            return Decided(claim=claim, events=(), disclosure=disclosure, reason=OWN_FAULT, due_in=wait)
        watch.stuck(claim.id, claim.failures, error)
        return Decided(claim=claim, events=(Event.GAVE_UP,), disclosure=disclosure, reason=OWN_FAULT)
