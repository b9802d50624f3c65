"""Verifying the whole log at an officer's word, meanwhile and not while they wait."""

import threading
from collections.abc import Callable

Check = Callable[[str, Callable[[int, int], None]], object]


class Verification:
    """Runs one verification at a time. `check` verifies for an actor, and keeps what it finds."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._lock = threading.Lock()
        self.failed = False
        """Whether the last one could not be completed."""
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
        failed = True
        try:
            self._check(actor, self._tell)
            failed = False
        finally:
            self.failed, self.progress = failed, None

    def _tell(self, read: int, size: int) -> None:
        self.progress = (read, size)
