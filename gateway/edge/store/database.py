"""The store as the rest of the gateway uses it: write a step, read with a statement, be woken when there is work."""

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, Executable, Row, select
from sqlalchemy.exc import SQLAlchemyError

from gateway.core.errors import Busy
from gateway.core.ports import Clock
from gateway.edge.store import statements
from gateway.edge.store.clock import SteadyClock
from gateway.edge.store.engine import CHANNEL, file_of, now, open_engine
from gateway.edge.store.listen import Listener
from gateway.edge.store.migrate import migrate
from gateway.edge.store.writer import Probe, Step, Writer, no_probe

AGAIN: Final = 0.2

Item = TypeVar("Item")
Result = TypeVar("Result")
Value = TypeVar("Value")


def node_name() -> str:
    """Give this process a name that no other has."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


@dataclass(frozen=True, slots=True)
class Settings:
    """How to open the store. `clock` is SQLite's clock; `probe` is for the fault suite."""

    url: str
    clock: Clock = time.time
    probe: Probe = no_probe


class Database:
    """An open store. Migrates at start, or raises `Busy`; safe to use from any thread and any event loop."""

    def __init__(self, settings: Settings) -> None:
        self.node = node_name()
        clock = SteadyClock(settings.clock)
        self.engine: Engine = open_engine(settings.url, clock)
        try:
            migrate(self.engine)
        except SQLAlchemyError as error:
            self.engine.dispose()
            raise Busy(f"the store cannot be opened now ({type(error).__name__})") from None
        self._reads = self.engine.execution_options(reads=True)
        for (last,) in self.rows(statements.LAST_RECORDED):
            clock.reach(last)
        self._wakers: list[Callable[[], None]] = []
        self._writer = Writer(self.engine, self.node, probe=settings.probe, wake=self._wake)
        self._listener = (
            Listener(self.engine, CHANNEL, self._wake) if self.engine.dialect.name == "postgresql" else None
        )

    @property
    def waiting(self) -> int:
        """How many writes wait for their turn."""
        return self._writer.waiting

    async def write(self, step: Step[Item, Result], item: Item) -> Result:
        """Write one item, and wait for the commit. Raises what the step says, or `Busy`."""
        return await self._writer.write(step, item)

    async def write_within(self, seconds: float, step: Step[Item, Result], item: Item) -> Result:
        """Write one item, again and again while the store is away, for at most so many seconds.

        For what a lease lets nobody else write meanwhile. Raises what the step says, or `Busy` at the end.
        """
        end = time.monotonic() + seconds
        while True:
            try:
                return await self.write(step, item)
            except Busy:
                if time.monotonic() + AGAIN > end:
                    raise
                await asyncio.sleep(AGAIN)

    def write_now(self, step: Step[Item, Result], item: Item) -> Result:
        """Write one item from a thread that runs no event loop."""
        return self._writer.write_now(step, item)

    def rows(self, statement: Executable, **values: Any) -> list[Row[Any]]:
        """Read all rows of a statement. Raises `Busy`."""
        return self._read(lambda connection: list(connection.execute(statement, values).all()))

    def rows_now(self, statement: Executable, **values: Any) -> list[Row[Any]]:
        """Read all rows of a statement that asks `at` what time it is. Raises `Busy`."""

        def read(connection: Connection) -> list[Row[Any]]:
            at = connection.execute(select(now())).scalar_one()
            return list(connection.execute(statement, values | {"at": at}).all())

        return self._read(read)

    def time(self) -> float:
        """Give the database's time, in seconds since the epoch, UTC."""
        return self._read(lambda connection: float(connection.execute(select(now())).scalar_one()))

    def forget_free_pages(self) -> None:
        """After an erasure on SQLite: empty the write-ahead log, where the old bytes still stand."""
        if file_of(self.engine):
            with self.engine.connect() as connection:
                raw = connection.connection.dbapi_connection
                if raw is not None:
                    raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def on_work(self, waker: Callable[[], None]) -> Callable[[], None]:
        """Call `waker`, from any thread, when there may be work; give what takes it off again."""
        self._wakers.append(waker)
        return lambda: self._wakers.remove(waker)

    def close(self) -> None:
        """Write what waits, then let go of the database."""
        self._writer.close()
        if self._listener:
            self._listener.close()
        self.engine.dispose()

    async def aclose(self) -> None:
        """Close without blocking the event loop."""
        await asyncio.to_thread(self.close)

    def _wake(self) -> None:
        for waker in tuple(self._wakers):
            waker()

    def _read(self, read: Callable[[Connection], Value]) -> Value:
        try:
            with self._reads.connect() as connection:
                return read(connection)
        except SQLAlchemyError as error:
            raise Busy(f"the store cannot be read now ({type(error).__name__})") from None
