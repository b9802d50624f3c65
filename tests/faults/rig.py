"""A whole gateway in one process, on a store that a test chooses: intake, consents, worker, channels in memory."""

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass, field

from line_kit import PlainGather, PlainLine, message, receipt_for, vault
from sqlalchemy import insert
from tenacity import stop_after_attempt, wait_fixed

from gateway.edge.audit.append import fresh_id
from gateway.edge.channel import MemoryChannel
from gateway.edge.delivery.ports import Work
from gateway.edge.delivery.terms import Breaker, Retry, Terms
from gateway.edge.delivery.worker import Worker
from gateway.edge.intake import Intake, Watermarks
from gateway.edge.store import statements
from gateway.edge.store.database import Database, Settings
from gateway.edge.store.register import ConsentRegister
from gateway.edge.store.schema import inbound, outbound, patient, payload

QUICK = Terms(concurrency=8, patience=5, retry=Retry(wait_fixed(0.02), stop_after_attempt(20)), breaker=Breaker(5, 0.1))


def acknowledge(key, body):  # noqa: ARG001
    """Answer with a good receipt, as NAV's test actor does, for the party `nav`."""
    return receipt_for(f"{json.loads(body)['id']}-to-nav")


@dataclass
class Rig:
    url: str
    clock: object = time.time
    line: object = field(default_factory=PlainLine)
    terms: dict = field(default_factory=dict)
    marks: Watermarks = field(default_factory=lambda: Watermarks(free_disk=0))
    probe: object = staticmethod(lambda point: None)  # noqa: ARG005

    def __post_init__(self):
        self.vault = vault()
        self.database = Database(Settings(self.url, self.clock, self.probe))
        self.intake = Intake(self.database, self.vault, self.line, self.marks)
        self.register = ConsentRegister(self.database, self.vault)
        self.channels = {"nav": MemoryChannel(acknowledge)}

    def work(self):
        return Work(
            self.line,
            PlainGather(self.register),
            self.channels.get,
            self.terms,
            QUICK,
            poll=0.05,
            decide_within=2.0,
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

    def messages_in(self, state):
        return self.database.rows(statements.NEWEST_IN, limit=100, state=state)

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


STOCK_STATES = ["received", "sealed", "sealed", "delivered", "acknowledged", "dead-letter"]


def stock(rig, count, states=STOCK_STATES, parties=("nav",)):
    """Fill the store with `count` messages in the given states, as if they had come the ordinary way."""
    raw = message("stock")
    inbounds, outbounds, payloads = [], [], []
    for n in range(count):
        source, name, state = fresh_id(), fresh_id(), states[n % len(states)]
        who = rig.vault.mac("patient", source)
        held = rig.vault.seal("inbound", source, raw)
        payloads.append(
            {
                "record": source,
                "kind": "inbound",
                "patient": who,
                "kek": held.kek,
                "wrapped": held.wrapped,
                "body": held.body,
            }
        )
        if state == "sealed":
            held = rig.vault.seal("outbound", name, b'{"id": "stock"}')
            payloads.append(
                {
                    "record": name,
                    "kind": "outbound",
                    "patient": who,
                    "kek": held.kek,
                    "wrapped": held.wrapped,
                    "body": held.body,
                }
            )
        inbounds.append(
            {
                "id": source,
                "format": "json",
                "sender": "stock",
                "key_mac": source,
                "content_mac": "",
                "business_mac": "",
                "case_key": source,
                "patient": who,
                "received_at": 1.0,
            }
        )
        outbounds.append(
            {
                "id": name,
                "inbound": source,
                "destination": parties[n % len(parties)],
                "recipient": "nav",
                "format": "json",
                "purpose": "benefit",
                "case_key": source,
                "patient": who,
                "state": state,
                "open": state in {"received", "sealed"},
                "due": 2e9 if state == "delivered" else 1.0,
                "token": 0,
                "failures": 0,
                "attempts": 0,
                "sending": False,
                "sealed_at": 1.0,
                "epoch": 0,
                "policy": "rules-1",
                "correlation": rig.vault.mac("correlation", source),
                "media_type": "application/json",
                "reason": "",
                "created_at": 1.0,
            }
        )
    with rig.database.engine.begin() as connection:
        connection.execute(insert(patient), [{"pseudonym": row["patient"], "epoch": 0} for row in inbounds])
        connection.execute(statements.ADD_DESTINATION, [{"new_name": party, "at": 1.0} for party in parties])
        connection.execute(insert(inbound), inbounds)
        connection.execute(insert(outbound), outbounds)
        connection.execute(insert(payload), payloads)
    with rig.database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
