"""NAV's rules as this installation has them, put to messages that were read."""

from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.core.errors import Issue
from gateway.core.message import Parsed
from gateway.core.ports import Format
from gateway.model import SickLeaveCertificate
from gateway.navrules.evaluate import evaluate
from gateway.navrules.facts import Asked, facts
from gateway.navrules.load import load
from gateway.navrules.tell import issues


class NavRulebook:
    """The rules under `mappings/nav-rules/`. Raises `ConfigurationError` when they are wrong."""

    def __init__(self, folder: Path) -> None:
        self.rules = load(folder / "nav-rules")

    def judge(
        self, parsed: Parsed[Any], source: Format, received_at: datetime, *, paper: bool = False
    ) -> tuple[Issue, ...]:
        """Give what NAV will answer to a sick note that reaches it at `received_at`; nothing for another message.

        The places are exact when the message was read with a report, else those of its format.
        """
        if not isinstance(parsed.record, SickLeaveCertificate):
            return ()
        asked = Asked(parsed.record, received_at, paper)
        answer = evaluate(self.rules, facts(asked), paper=paper)
        exact = {row.field: row.at for row in parsed.rows if row.outcome == "carried"}
        return tuple(issues(self.rules, answer, {**source.places, **exact}))
