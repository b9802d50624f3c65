"""The clock of a SQLite store, which has none of its own: it never goes back, and never stands still."""

import threading
import time
from collections.abc import Callable

from gateway.core.ports import Clock


class SteadyClock:
    """Follows the machine's clock forwards, and the monotonic clock when the machine's is set back.

    Leases and due times rest on it: set back an hour, the machine's own would hold every queued message for that hour.
    Set forwards, leases end early, which fencing makes harmless.
    """

    def __init__(self, wall: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._lock = threading.Lock()
        self._at, self._mark = wall(), monotonic()

    def __call__(self) -> float:
        """Give the time in seconds since the epoch, UTC."""
        with self._lock:
            mark = self._monotonic()
            self._at, self._mark = max(self._wall(), self._at + mark - self._mark), mark
            return self._at

    def reach(self, at: float) -> None:
        """Go on from `at`, the last time that the store has seen, if that is later."""
        with self._lock:
            self._at = max(self._at, at)
