"""Carries messages along the line: decides what came in, hands over what is sealed, gives up on receipts never sent.

A worker that starts does nothing special: what an earlier one left unfinished becomes due again when its lease runs
out, and is claimed like anything else, in batches. Any number of workers share one store.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from gateway.core.errors import Busy
from gateway.edge.delivery import watch
from gateway.edge.delivery.decider import Decider
from gateway.edge.delivery.lane import Lane
from gateway.edge.delivery.ports import Work
from gateway.edge.keys import Vault
from gateway.edge.store import statements
from gateway.edge.store.database import Database
from gateway.edge.store.receipts import OVERDUE
from gateway.edge.store.writer import ItemFailed

BACK_OFF: Final = 0.5
OVERDUE_BATCH: Final = 200

log = structlog.get_logger(__name__)


class Worker:
    """Runs until it is stopped, whatever happens to the store meanwhile.

    `beside` are further stages: each does some of what there is to do and says how much it was.
    """

    def __init__(
        self, database: Database, vault: Vault, work: Work, beside: Sequence[Callable[[], Awaitable[int]]] = ()
    ) -> None:
        self._database, self._vault, self._work, self._beside = database, vault, work, beside
        self._decider = Decider(database, vault, work, self._behind)
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._known: dict[str, Lane] = {}
        self._wakes: list[asyncio.Event] = []
        self._stopping = asyncio.Event()

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set; then end the attempts that are on their way, and return."""
        loop = asyncio.get_running_loop()
        self._stopping = stopping

        def wake() -> None:
            loop.call_soon_threadsafe(self._wake)

        forget = self._database.on_work(wake)
        stages: list[Callable[[], Awaitable[int]]] = [self._decider.decide_some] * self._work.deciders
        stages += [self._open_lanes, self._give_up, *self._beside]
        try:
            async with asyncio.TaskGroup() as group:
                for stage in stages:
                    group.create_task(self._keep(stage, stopping))
                await stopping.wait()
                self._wake()
        finally:
            forget()
            await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    def _wake(self) -> None:
        for wake in self._wakes:
            wake.set()

    def _behind(self) -> bool:
        return any(lane.behind for lane in self._known.values())

    async def _keep(self, stage: Callable[[], Awaitable[int]], stopping: asyncio.Event) -> None:
        """Run one stage again and again: at once while there is work, else when woken or after `poll` seconds."""
        wake = asyncio.Event()
        self._wakes.append(wake)
        while not stopping.is_set():
            wake.clear()
            try:
                worked = await stage()
            except (Busy, ItemFailed) as error:
                log.warning("stage-waits", error=type(error).__name__)
                worked = await _back_off()
            except Exception as error:  # noqa: BLE001 - a stage outlives a fault of our own
                log.critical("stage-failed", stage=stage.__name__, error=type(error).__name__)
                worked = await _back_off()
            if not worked:
                await _either(wake, self._work.poll)

    async def _open_lanes(self) -> int:
        """Start the lane of each destination where something is due."""
        ready = await asyncio.to_thread(self._database.rows_now, statements.READY_DESTINATIONS)
        opened = 0
        for (party,) in ready:
            if self._work.terms.get(party, self._work.default_terms).fetches:
                continue
            if party in self._lanes:
                self._lane(party).nudge()
            else:
                self._lanes[party] = asyncio.create_task(self._run_lane(party))
                opened += 1
        return opened

    async def _run_lane(self, party: str) -> None:
        try:
            await self._lane(party).run(self._stopping)
        except (Busy, ItemFailed) as error:
            log.warning("lane-waits", destination=party, error=type(error).__name__)
            await _back_off()
        except Exception as error:  # noqa: BLE001 - a lane is opened anew after a fault of our own
            log.critical("lane-failed", destination=party, error=type(error).__name__)
            await _back_off()
        finally:
            del self._lanes[party]

    def _lane(self, party: str) -> Lane:
        if party not in self._known:
            self._known[party] = Lane(party, self._database, self._vault, self._work)
        return self._known[party]

    async def _give_up(self) -> int:
        parties = await self._database.write(OVERDUE, OVERDUE_BATCH)
        for party in parties:
            watch.RECEIPTS.labels("never").inc()
            log.warning("receipt-overdue", destination=party)
        return len(parties)


async def _either(wake: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return


async def _back_off() -> int:
    await asyncio.sleep(BACK_OFF)
    return 1
