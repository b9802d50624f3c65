"""NAV's rules as this installation has them, put to messages that were read."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from gateway.core.errors import Issue
from gateway.core.message import Parsed
from gateway.core.ports import Format
from gateway.navrules.evaluate import evaluate
from gateway.navrules.kinds import KINDS
from gateway.navrules.load import load
from gateway.navrules.tell import issues

CLOCKS_APART: Final = timedelta(minutes=1)
"""NAV receives a note after we do, and the clock of the system that signed it may be ahead of ours by as much."""


class NavRulebook:
    """The rules under `mappings/nav-rules/`; `now` gives the time, with its zone.

    Raises `ConfigurationError` when the rules are wrong.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self.rules = {record: load(folder / "nav-rules", kind) for record, kind in KINDS.items()}
        self._now = now

    def on_arrival(self, parsed: Parsed[Any], source: Format, *, paper: bool = False) -> tuple[Issue, ...]:
        """Give what NAV will answer to a message that comes in now and is sent on."""
        return self.judge(parsed, source, self._now() + CLOCKS_APART, paper=paper)

    def judge(
        self, parsed: Parsed[Any], source: Format, received_at: datetime, *, paper: bool = False
    ) -> tuple[Issue, ...]:
        """Give what NAV will answer to a message that reaches it at `received_at`; nothing for a kind without rules.

        A document of a sheet of paper is judged as one. The places are exact when the message was read with a report,
        else those of its format.
        """
        kind = KINDS.get(type(parsed.record))
        if kind is None:
            return ()
        rules = self.rules[type(parsed.record)]
        paper = paper or source.on_paper
        answer = evaluate(rules, kind.of(parsed.record, received_at, paper), paper=paper)
        exact = {row.field: row.at for row in parsed.rows if row.outcome == "carried"}
        return tuple(issues(rules, answer, {**source.places, **exact}))
