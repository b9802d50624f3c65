"""A whole gateway in one process, on a store that a test chooses: intake, consents, worker, channels in memory."""

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass, field

from line_kit import PlainLine, gather_from, receipt_for, vault

from gateway.edge.channel import MemoryChannel
from gateway.edge.delivery.ports import Work
from gateway.edge.delivery.terms import Breaker, Retry, Terms
from gateway.edge.delivery.worker import Worker
from gateway.edge.intake import Intake, Watermarks
from gateway.edge.store import statements
from gateway.edge.store.database import Database, Settings
from gateway.edge.store.register import ConsentRegister
from tenacity import stop_after_attempt, wait_fixed

QUICK = Terms(
    concurrency=8, patience=5, retry=Retry(wait_fixed(0.02), stop_after_attempt(20)), breaker=Breaker(5, 0.1)
)


def acknowledge(key, body):
    """Answer with a good receipt, as NAV's test actor does, for the party `nav`."""
    return receipt_for(f"{json.loads(body)['id']}-to-nav")


@dataclass
class Rig:
    url: str
    clock: object = time.time
    line: object = field(default_factory=PlainLine)
    terms: dict = field(default_factory=dict)
    marks: Watermarks = field(default_factory=lambda: Watermarks(free_disk=0))
    probe: object = staticmethod(lambda point: None)

    def __post_init__(self):
        self.vault = vault()
        self.database = Database(Settings(self.url, self.clock, self.probe))
        self.intake = Intake(self.database, self.vault, self.line, self.marks)
        self.register = ConsentRegister(self.database, self.vault)
        self.channels = {"nav": MemoryChannel(acknowledge)}

    def work(self):
        return Work(
            self.line,
            gather_from(self.register),
            self.channels.get,
            self.terms,
            QUICK,
            poll=0.05,
            probe=self.probe,
        )

    @contextlib.asynccontextmanager
    async def working(self):
        stopping = asyncio.Event()
        task = asyncio.create_task(Worker(self.database, self.vault, self.work()).run(stopping))
        try:
            yield
        finally:
            stopping.set()
            await task

    def states(self):
        return dict(map(tuple, self.database.rows(statements.CENSUS)))

    def messages(self, inbound):
        return self.database.rows(statements.MESSAGES_OF, id=inbound)

    def state(self, inbound, party="nav"):
        return next(row.state for row in self.messages(inbound) if row.destination == party)

    def events(self, inbound, party="nav"):
        outbound = next(row.id for row in self.messages(inbound) if row.destination == party)
        return [row.event for row in self.database.rows(statements.EVENTS_OF, id=outbound)]

    async def until(self, condition, seconds=10):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"not in {seconds} s; states are {self.states()}")
            await asyncio.sleep(0.01)
        return True

    async def run_until(self, condition, seconds=10):
        async with self.working():
            await self.until(condition, seconds)

    def close(self):
        self.database.close()
