"""Hears PostgreSQL's notifications, so that a message accepted by one node starts at once on another.

Only latency rests on it: a notification that is missed costs one polling interval.
"""

import threading
from collections.abc import Callable
from typing import Final

import psycopg
import structlog
from sqlalchemy import Engine

HEARTBEAT: Final = 1.0
RECONNECT: Final = 0.5

log = structlog.get_logger(__name__)


class Listener:
    """Calls `heard`, from its own thread, for each notification on `channel`; reconnects for as long as it lives."""

    def __init__(self, engine: Engine, channel: str, heard: Callable[[], None]) -> None:
        self._engine, self._channel, self._heard = engine, channel, heard
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="samspill-listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except Exception as error:  # noqa: BLE001 - whatever it was, listening goes on
                log.warning("listener-lost", error=type(error).__name__)
                self._stop.wait(RECONNECT)

    def _listen(self) -> None:
        arguments, options = self._engine.dialect.create_connect_args(self._engine.url)
        with psycopg.connect(*arguments, **options, autocommit=True) as connection:
            connection.execute(f"LISTEN {self._channel}")
            self._heard()
            while not self._stop.is_set():
                for _ in connection.notifies(timeout=HEARTBEAT, stop_after=1):
                    self._heard()
