"""The rules in force now: compiled from their files, and compiled anew when a rule begins or ends."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Lock

from gateway.core.message import Route
from gateway.flow import Rules
from gateway.policy.labels import Labels
from gateway.policy.load import load, texts
from gateway.policy.pdp import releasable
from gateway.policy.rules import Table, compile_table


class Rulebook:
    """The rules of one folder. `now` gives the time, with its zone; safe to use from any thread.

    `files` are the texts that decide, by name, and `rules` what stands in them.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self.files = {Path(name).name: text for name, text in texts(folder).items()}
        self.rules = load(folder)
        self._now = now
        self._lock = Lock()
        self._table = compile_table(self.rules, now().date())
        self._routes: dict[Route, Rules] = {}

    @property
    def labels(self) -> Labels:
        """What diagnosis codes say about how sensitive a note is."""
        return self.rules.labels

    @property
    def table(self) -> Table:
        """The table in force."""
        with self._lock:
            if self._table.until is not None and self._now() >= self._table.until:
                self._table = compile_table(self.rules, self._now().date())
                self._routes = {}
            return self._table

    @property
    def version(self) -> str:
        """Name the rules in force: the files' version and digest, and until when they stand as they are."""
        table = self.table
        until = f":{table.until.date()}" if table.until is not None else ""
        return f"{table.version}:{table.digest[:16]}{until}"

    def of(self, route: Route) -> Rules:
        """Give the rules of a route, with what they could ever release there."""
        table = self.table
        if route not in self._routes:
            self._routes[route] = Rules(table, route, releasable(table, route))
        return self._routes[route]
