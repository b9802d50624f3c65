"""The group-commit writer: one thread through which every write of a process goes.

What waits is written in one transaction and one fsync, then answered together. Nothing is answered before the commit
has returned.

- A step that fails rolls the batch back and is found by halving it; its neighbours commit, it alone gets the error.
- A commit that fails may or may not be on disk (PostgreSQL's fsync lesson, 2018): nobody is told that it worked,
  nothing is tried again here, the connection is thrown away, and every caller gets `Busy`. Their idempotency keys make
  a second try harmless.
- The thread outlives every exception.
"""

import asyncio
import queue
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import structlog
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from gateway.core.errors import Busy, SamspillError
from gateway.edge.store.engine import announce, now

Item = TypeVar("Item")
Result = TypeVar("Result")

BATCH: Final = 256
TURN: Final = 0.0005
"""Seconds that a thread computes before another gets its turn. The writer lets go of the interpreter at every row, and
waits as long for each beside threads that compute; Python's own 0.005 also lets deciding starve delivery."""
RETRYABLE: Final = frozenset({"40001", "40P01", "55P03"})  # serialization failure, deadlock, lock not available

Probe = Callable[[str], None]
"""Called with the name of each point between two effects; the fault suite stops the process there."""

log = structlog.get_logger(__name__)


def no_probe(_point: str) -> None:
    """Do nothing; what a running gateway uses."""


class Stale(SamspillError):
    """Somebody else has taken the message over meanwhile: its fencing token moved on."""


class ItemFailed(SamspillError):
    """One item could not be written, by a fault of our own; the others of its batch were."""


@dataclass(frozen=True, slots=True)
class Tx:
    """An open transaction, with the database's time at its start."""

    connection: Connection
    at: float
    node: str


@dataclass(frozen=True, slots=True, eq=False)
class Step(Generic[Item, Result]):
    """A named kind of write. `run` writes many items at once and gives a result for each, in order.

    A result that is an exception is raised to that item's caller; the transaction goes on. `announces` wakes workers.
    """

    name: str
    run: Callable[[Tx, Sequence[Item]], Sequence[Result | Exception]]
    announces: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    step: Step[Any, Any]
    item: Any
    answer: "asyncio.Future[Any] | Future[Any]"


class Writer:
    """Owns the writing connection and the thread that uses it."""

    def __init__(self, engine: Engine, node: str, *, probe: Probe = no_probe, wake: Callable[[], None]) -> None:
        self._engine, self._node, self._probe, self._wake = engine, node, probe, wake
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._connection: Connection | None = None
        self._closed = False
        sys.setswitchinterval(TURN)
        self._thread = threading.Thread(target=self._work, name="samspill-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many writes wait for their turn."""
        return self._jobs.qsize()

    async def write(self, step: Step[Item, Result], item: Item) -> Result:
        """Write one item and wait for its commit. Raises what the step says, or `Busy`."""
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._put(_Job(step, item, answer))
        return await answer

    def write_now(self, step: Step[Item, Result], item: Item, timeout: float = 60) -> Result:
        """Write one item from a thread that runs no event loop."""
        answer: Future[Result] = Future()
        self._put(_Job(step, item, answer))
        return answer.result(timeout)

    def close(self) -> None:
        """Write what waits, then stop."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
            self._thread.join()

    def _put(self, job: _Job) -> None:
        if self._closed:
            raise Busy("the gateway is stopping")
        self._jobs.put(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            batch, stop = self._gather(job)
            answers: list[tuple[_Job, Any]] = []
            try:
                self._settle(batch, answers)
            except BaseException as error:  # noqa: BLE001 - the thread outlives everything
                log.critical("writer-failed", error=type(error).__name__)
                self._drop()
                done = {id(answered) for answered, _ in answers}
                answers += [(left, Busy("the store failed")) for left in batch if id(left) not in done]
            _answer(answers)
            if stop:
                break
        self._drop()

    def _gather(self, first: _Job) -> tuple[list[_Job], bool]:
        batch = [first]
        while len(batch) < BATCH:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return batch, True
            batch.append(job)
        return batch, False

    def _settle(self, batch: list[_Job], answers: list[tuple[_Job, Any]], *, again: bool = True) -> None:
        """Commit a batch; on a step's failure, halve it until the one that fails stands alone."""
        try:
            answers += self._commit(batch)
        except _StoreFailed as failure:
            log.critical("store-failed", error=failure.kind, writes=len(batch))
            answers += [(job, Busy("the store cannot be written to now")) for job in batch]
        except Exception as error:  # noqa: BLE001 - whatever a step raises concerns its item alone
            if len(batch) > 1:
                middle = len(batch) // 2
                self._settle(batch[:middle], answers)
                self._settle(batch[middle:], answers)
            elif again and isinstance(error, SQLAlchemyError):
                self._settle(batch, answers, again=False)  # lost a race with another node; now it sees the winner
            else:
                answers.append((batch[0], _blame(batch[0].step, error)))

    def _commit(self, batch: list[_Job]) -> list[tuple[_Job, Any]]:
        steps: dict[Step[Any, Any], list[_Job]] = defaultdict(list)
        for job in batch:
            steps[job.step].append(job)
        connection = self._connect()
        answers: list[tuple[_Job, Any]] = []
        try:
            tx = Tx(connection, connection.execute(select(now())).scalar_one(), self._node)
            for step, jobs in steps.items():
                answers += zip(jobs, step.run(tx, [job.item for job in jobs]), strict=True)
            announces = any(step.announces for step in steps)
            if announces:
                announce(connection)
        except Exception as error:
            self._roll_back(error)
            raise
        self._reach(steps, "before-commit")
        try:
            connection.commit()
        except Exception as error:
            self._drop()
            raise _StoreFailed(type(error).__name__) from error
        self._reach(steps, "after-commit")
        if announces:
            self._wake()
        return answers

    def _reach(self, steps: dict[Step[Any, Any], list[_Job]], point: str) -> None:
        if self._probe is not no_probe:
            for step in steps:
                self._probe(f"{step.name}.{point}")

    def _connect(self) -> Connection:
        if self._connection is None:
            try:
                self._connection = self._engine.connect()
            except SQLAlchemyError as error:
                raise _StoreFailed(type(error).__name__) from error
        return self._connection

    def _roll_back(self, error: Exception) -> None:
        connection = self._connection
        try:
            if connection is not None:
                connection.rollback()
        except SQLAlchemyError:
            self._drop()
        if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError):
            if getattr(error.orig, "sqlstate", None) in RETRYABLE:
                return
            if error.connection_invalidated or type(error.orig).__name__ in {"OperationalError", "InterfaceError"}:
                self._drop()
                raise _StoreFailed(type(error).__name__) from error

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.invalidate()
                connection.close()
            except Exception as error:  # noqa: BLE001 - it is being thrown away
                log.warning("connection-dropped", error=type(error).__name__)


class _StoreFailed(Exception):
    """The database, rather than an item, failed; it may be back for the next batch."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(kind)


def _blame(step: Step[Any, Any], error: Exception) -> Exception:
    if isinstance(error, SamspillError):
        return error
    # The database's own words may repeat what was to be stored, so they stop here.

    return ItemFailed(f"{step.name}: not written ({type(error).__name__})")


def _answer(answers: list[tuple[_Job, Any]]) -> None:
    loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = defaultdict(list)
    for job, result in answers:
        if isinstance(job.answer, asyncio.Future):
            loops[job.answer.get_loop()].append((job.answer, result))
        elif isinstance(result, BaseException):
            job.answer.set_exception(result)
        else:
            job.answer.set_result(result)
    for loop, waiting in loops.items():
        try:
            loop.call_soon_threadsafe(_resolve, waiting)
        except RuntimeError:  # the loop was closed: nobody waits any more
            log.warning("answer-unheard", writes=len(waiting))


def _resolve(waiting: list[tuple["asyncio.Future[Any]", Any]]) -> None:
    for future, result in waiting:
        if future.done():
            continue
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)
