"""Verifying the whole log at an officer's word, meanwhile and not while they wait, and what was found last."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from gateway.edge.log_verify import Verified

Verify = Callable[[Callable[[int, int], None]], Verified]


@dataclass(frozen=True, slots=True)
class Checked:
    """The last verification: when it ended (epoch seconds), by whom, and what it found (absent: it failed)."""

    at: float
    actor: str
    found: Verified | None


class Verification:
    """Runs one verification at a time. `verify` reads the log, `now` gives epoch seconds."""

    def __init__(self, verify: Verify, now: Callable[[], float]) -> None:
        self._verify, self._now = verify, now
        self._lock = threading.Lock()
        self.last: Checked | None = None
        self.progress: tuple[int, int] | None = None
        """How many entries were read, and of how many, while one runs."""

    def start(self, actor: str) -> threading.Thread | None:
        """Begin, unless one runs."""
        with self._lock:
            if self.progress is not None:
                return None
            self.progress = (0, 0)
        thread = threading.Thread(target=self._run, args=(actor,), name="log-verification", daemon=True)
        thread.start()
        return thread

    def _run(self, actor: str) -> None:
        found = None
        try:
            found = self._verify(self._tell)
        finally:
            self.last = Checked(self._now(), actor, found)
            self.progress = None

    def _tell(self, read: int, size: int) -> None:
        self.progress = (read, size)
