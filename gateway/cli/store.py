"""The store that a command works on, which is there already: only `serve` and `worker` make one."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import make_url

from gateway.core.errors import ConfigurationError
from gateway.edge.config import Settings
from gateway.edge.store.database import Database
from gateway.edge.store.database import Settings as StoreSettings


@contextlib.contextmanager
def store(settings: Settings) -> Iterator[Database]:
    """Open the store of the settings. Raises `ConfigurationError` where there is none, and makes none."""
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        raise ConfigurationError([f"{url.database}: there is no database; set SAMSPILL_DATA or SAMSPILL_DATABASE_URL"])
    database = Database(StoreSettings(settings.database))
    try:
        yield database
    finally:
        database.close()
