"""The store fails in every way that a store fails: nothing acknowledged is lost, and the gateway goes on afterwards."""

import asyncio
import dataclasses
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from databases import running
from line_kit import message
from rig import QUICK, Rig
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from gateway.core.errors import Busy, SamspillError
from gateway.edge.intake import Watermarks
from gateway.edge.store.clock import SteadyClock
from gateway.edge.store.writer import ItemFailed, Step


class Saboteur:
    """Makes the Nth write or commit of a store fail, once, as the disk would."""

    def __init__(self, rig, number, *, after_commit=False):
        self.left, self.hit, self.after_commit = number, False, after_commit
        dialect = rig.database.engine.dialect
        event.listen(rig.database.engine, "before_cursor_execute", self.statement)
        self.dialect, self.commit = dialect, dialect.do_commit
        dialect.do_commit = self.committing

    def strike(self):
        self.left -= 1
        if self.left == 0:
            self.hit = True
            raise sqlite3.OperationalError("disk I/O error")

    def statement(self, _connection, _cursor, sql, _parameters, context, _many):  # noqa: ARG002
        if sql.startswith(("INSERT", "UPDATE", "DELETE")) and not self.after_commit:
            try:
                self.strike()
            except sqlite3.OperationalError as error:
                raise OperationalError(sql, None, error) from None

    def committing(self, connection):
        if self.after_commit:
            self.commit(connection)
            self.strike()
        else:
            self.strike()
            self.commit(connection)


async def insist(rig, number):
    """Post as a sender does: again under the same key until the answer is yes."""
    for _ in range(20):
        try:
            return await rig.intake.accept(message(number), "json", "ehr", f"key-{number}")
        except Busy:
            await asyncio.sleep(0.01)
    raise AssertionError("never accepted")


async def a_little_work(url, **sabotage):
    rig = Rig(url, terms={"nav": dataclasses.replace(QUICK, patience=0.5)})
    saboteur = Saboteur(rig, **sabotage)
    async with rig.working():
        taken = [await insist(rig, number) for number in (1, 2)]
        await rig.until(lambda: all(rig.state(t.id) == "acknowledged" for t in taken), 20)
    received = [sorted(rig.channels["nav"].received), len(rig.channels["nav"].received)]
    rig.close()
    return saboteur.hit, received[1]


@pytest.mark.parametrize("after_commit", [False, True], ids=["before", "after"])
def test_whichever_write_or_commit_fails_both_messages_arrive_once(tmp_path, after_commit, monkeypatch):
    monkeypatch.setattr("gateway.edge.delivery.worker.BACK_OFF", 0.02)
    monkeypatch.setattr("gateway.edge.store.database.AGAIN", 0.02)
    number, reached = 0, True
    while reached and number < 60:
        number += 1
        reached, received = asyncio.run(
            a_little_work(f"sqlite:///{tmp_path / f'{number}.db'}", number=number, after_commit=after_commit)
        )
        assert received == 2, f"failing write {number}"
    assert number > 5


@running
async def test_a_commit_that_failed_is_never_answered_with_yes_even_if_it_is_on_disk(sqlite_url):
    rig = Rig(sqlite_url)
    Saboteur(rig, 1, after_commit=True)
    with pytest.raises(Busy):
        await rig.intake.accept(message(1), "json", "ehr", "key")
    again = await rig.intake.accept(message(1), "json", "ehr", "key")
    assert again.again
    assert rig.states() == {"received": 1}
    rig.close()


@running
async def test_on_a_full_disk_nothing_is_acknowledged_and_what_was_stays(sqlite_url):
    rig = Rig(sqlite_url)
    taken = [await insist(rig, number) for number in range(20)]
    limit_pages(rig, "(SELECT page_count FROM pragma_page_count) + 3")
    refused = 0
    for number in range(100, 160):
        try:
            taken.append(await rig.intake.accept(message(number), "json", "ehr", f"key-{number}"))
        except Busy:
            refused += 1
    assert refused
    limit_pages(rig, "1000000")
    assert rig.states() == {"received": len(taken)}
    await rig.run_until(lambda: rig.states() == {"acknowledged": len(taken)}, 20)
    rig.close()


def limit_pages(rig, pages):
    """SQLite then says that the disk is full, and says so from the same place."""

    def limited(tx, _items):
        count = tx.connection.exec_driver_sql(f"SELECT {pages}").scalar_one()
        tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {count}")
        return [None]

    rig.database.write_now(Step("limit", limited), None)


FILL = """
import asyncio, sys
sys.path.insert(0, {here!r})
from rig import QUICK, Rig
from line_kit import message
from gateway.core.errors import Busy

async def go():
    rig = Rig({url!r})
    for number in range(3000):
        try:
            await rig.intake.accept(message(number, note="x" * 3000), "json", "ehr", f"key-{{number}}")
        except Busy:
            print("busy", flush=True)
            break
        print("took", flush=True)
    import os
    os._exit(0)

asyncio.run(go())
"""


def test_when_the_operating_system_refuses_to_write_more_every_acknowledged_message_is_there(tmp_path):
    url = f"sqlite:///{tmp_path / 'line.db'}"
    code = FILL.format(here=str(Path(__file__).parent), url=url)

    def small_files():

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, preexec_fn=small_files, timeout=60, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line in {"took", "busy"}]
    assert lines[-1] == "busy", done.stderr[-2000:]
    rig = Rig(url)
    assert rig.database.rows(text("PRAGMA integrity_check"))[0][0] == "ok"
    assert rig.states()["received"] == len(lines) - 1
    rig.close()


@running
async def test_a_store_that_has_become_read_only_takes_nothing_and_says_so(sqlite_url):
    rig = Rig(sqlite_url)
    await insist(rig, 1)
    rig.database.write_now(_pragma("PRAGMA query_only = ON"), None)
    with pytest.raises(Busy):
        await rig.intake.accept(message(2), "json", "ehr", "key-2")
    assert (await rig.intake.accept(message(2), "json", "ehr", "key-2")).again is False  # on a fresh connection
    rig.close()


def _pragma(pragma):

    def run(tx, _items):
        tx.connection.exec_driver_sql(pragma)
        return [None]

    return Step("pragma", run)


@running
async def test_a_poison_item_fails_alone_and_the_writer_lives_on(rig):

    def fragile(_tx, items):
        if "poison" in items:
            raise KeyError("a value of a person")
        return list(items)

    step = Step("fragile", fragile)
    results = await asyncio.gather(
        *(rig.database.write(step, item) for item in ["a", "b", "poison", "c", "d"]), return_exceptions=True
    )
    assert [r for r in results if isinstance(r, str)] == ["a", "b", "c", "d"]
    [failure] = [r for r in results if isinstance(r, SamspillError)]
    assert isinstance(failure, ItemFailed)
    assert "value" not in str(failure)
    assert await rig.database.write(step, "later") == "later"


@running
async def test_before_the_disk_or_the_queue_is_full_the_answer_is_busy(sqlite_url):
    rig = Rig(sqlite_url, marks=Watermarks(free_disk=2**62))
    with pytest.raises(Busy, match="disk") as caught:
        await rig.intake.accept(message(1), "json", "ehr", "key")
    assert caught.value.retry_after > 0
    rig.close()
    rig = Rig(sqlite_url, marks=Watermarks(free_disk=0, backlog=1))
    await rig.intake.accept(message(1), "json", "ehr", "key")
    rig.intake._guard._looked = float("-inf")
    with pytest.raises(Busy, match="delivered"):
        await rig.intake.accept(message(2), "json", "ehr", "key-2")
    assert rig.states() == {"received": 1}
    rig.close()


class JumpingClock:
    def __init__(self):
        self.offset = 0.0

    def __call__(self):

        return time.time() + self.offset


@pytest.mark.parametrize("jump", [3600.0, -3600.0], ids=["forwards", "back"])
def test_a_clock_that_jumps_an_hour_loses_nothing_holds_nothing_and_doubles_nothing(sqlite_url, jump):
    clock = JumpingClock()

    async def go():
        rig = Rig(sqlite_url, clock=clock)
        async with rig.working():
            for number in range(60):
                await insist(rig, number)
                if number == 30:
                    clock.offset = jump
            await rig.until(lambda: rig.states() == {"acknowledged": 60}, 15)
        assert len(rig.channels["nav"].received) == 60
        rig.close()

    asyncio.run(go())


@running
async def test_a_gateway_started_with_its_clock_set_back_goes_on_from_the_last_time_it_wrote(sqlite_url):
    rig = Rig(sqlite_url)
    taken = await insist(rig, 1)
    rig.close()
    clock = JumpingClock()
    clock.offset = -7200.0
    rig = Rig(sqlite_url, clock=clock)
    await rig.run_until(lambda: rig.state(taken.id) == "acknowledged", 5)
    rig.close()


def test_the_stores_clock_never_goes_back_and_never_stands_still():
    wall, monotonic = [1000.0], [0.0]
    clock = SteadyClock(lambda: wall[0], lambda: monotonic[0])
    seen = []
    for wall[0], monotonic[0] in [(1001.0, 1.0), (500.0, 2.0), (501.0, 3.0), (5000.0, 4.0), (4000.0, 5.0)]:
        seen.append(clock())
    assert seen == [1001.0, 1002.0, 1003.0, 5000.0, 5001.0]


def test_each_answer_comes_after_its_fdatasync(tmp_path):
    """The page cache survives a kill, so that no kill storm shows this; the order of system calls does."""

    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    code = FILL.format(here=str(Path(__file__).parent), url=f"sqlite:///{tmp_path / 'line.db'}").replace(
        "range(3000)", "range(20)"
    )
    trace = tmp_path / "trace"
    done = subprocess.run(
        ["strace", "-f", "-e", "trace=fdatasync,fsync,write,pwrite64", "-o", str(trace), sys.executable, "-c", code],  # noqa: S607
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if "ptrace" in done.stderr.lower():
        pytest.skip("strace may not trace here")
    synced, unsynced, answers = 0, False, 0
    for line in trace.read_text(errors="replace").splitlines():
        call = line.split(maxsplit=1)[1]
        if call.startswith("pwrite64"):
            unsynced = True
        elif call.startswith(("fdatasync", "<... fdatasync", "fsync", "<... fsync")) and call.rstrip().endswith("= 0"):
            unsynced, synced = False, synced + 1
        elif call.startswith('write(1, "took'):
            answers += 1
            assert not unsynced, "answered before what was written had reached the disk"
    assert answers == 20
    assert synced >= 20
