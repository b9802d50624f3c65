"""Opens the database: a SQLite file, or PostgreSQL; what differs between them stands here and nowhere else."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Double, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql.functions import FunctionElement

from gateway.core.errors import ConfigurationError
from gateway.core.ports import Clock

READERS: Final = 8
BUSY_SECONDS: Final = 30
CHANNEL: Final = "samspill"


class now(FunctionElement[float]):  # noqa: N801 - reads as the SQL function it is
    """The database's clock, in seconds since the epoch, UTC."""

    type = Double()
    inherit_cache = True


@compiles(now, "sqlite")
def _sqlite_now(_element: now, _compiler: Any, **_: Any) -> str:
    return "samspill_now()"


@compiles(now, "postgresql")
def _postgresql_now(_element: now, _compiler: Any, **_: Any) -> str:
    return "extract(epoch FROM clock_timestamp())::double precision"


def open_engine(url: str | URL, clock: Clock) -> Engine:
    """Give an engine for a `sqlite:///` or `postgresql+psycopg://` URL. Raises `ConfigurationError` for any other.

    `clock` is SQLite's clock, which has none but its process's; PostgreSQL keeps its own.
    """
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed, clock)
        case "postgresql":
            return _postgresql(parsed)
    raise ConfigurationError(
        [f"the database `{parsed.drivername}` is not supported; use sqlite:///PATH or postgresql+psycopg://"]
    )


def file_of(engine: Engine) -> Path | None:
    """Give the database's file, if it is one."""
    database = engine.url.database
    return Path(database) if engine.dialect.name == "sqlite" and database else None


def announce(connection: Connection) -> None:
    """Wake the workers of all nodes when the transaction commits (PostgreSQL; SQLite has one node)."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")


def _sqlite(url: URL, clock: Clock) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ConfigurationError(
            ["the SQLite database needs a file; a message kept in memory is lost at the first stop"]
        )
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):  # SQLite says it better
        os.close(os.open(url.database, os.O_CREAT | os.O_RDWR, 0o600))  # its owner's alone, and so the files beside it
    engine = create_engine(
        url,
        hide_parameters=True,
        poolclass=QueuePool,
        pool_size=READERS,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare(clock))
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(clock: Clock) -> Callable[[sqlite3.Connection, Any], None]:
    def connected(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun by `_begin`
        connection.create_function("samspill_now", 0, clock)
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
            "temp_store = MEMORY",
            "cache_size = -32768",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return connected


def _begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get("reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _postgresql(url: URL) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=READERS,
        max_overflow=READERS,
        pool_pre_ping=True,
        hide_parameters=True,
        pool_timeout=BUSY_SECONDS,
        connect_args={"connect_timeout": 5, "application_name": "samspill"},
    )
    event.listen(engine, "connect", _durable)
    return engine


AT_LEAST_ON: Final = """
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') IN ('off', 'local')
"""
"""A commit is on this server's disk before it counts; `remote_write`, `on` and `remote_apply` stay as they are."""


def _durable(connection: Any, _record: Any) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(AT_LEAST_ON)
            cursor.execute("SET lock_timeout = '20s'")
        connection.commit()
    except Exception:
        connection.close()  # the pool has not taken it yet, and nobody else would
        raise
