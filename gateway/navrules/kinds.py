"""The kinds of message that NAV has rules for: where their rules stand, and what a step of them may ask."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gateway.model import SickLeaveCertificate
from gateway.model.dialogue import Dialogue
from gateway.model.statement import MedicalStatement
from gateway.navrules import facts, message_facts
from gateway.navrules.facts import Asked, Fact


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: its title in English, the name of its file, its facts, and those that may be unknown.

    `of` finds the facts of a record; it takes the record, when it is received (with a zone), and whether it was written
    on paper.
    """

    title: str
    file: str
    names: frozenset[str]
    may_be_unknown: tuple[str, ...]
    of: Callable[[Any, datetime, bool], dict[str, Fact]]


def _of_note(note: Any, received_at: datetime, paper: bool) -> dict[str, Fact]:
    return facts.facts(Asked(note, received_at, paper))


def _of_message(message: Any, received_at: datetime, paper: bool) -> dict[str, Fact]:
    del received_at, paper
    return message_facts.facts(message)


_ASKED = (message_facts.NAMES, message_facts.NAV_ONLY, _of_message)
KINDS: Final[Mapping[type, Kind]] = {
    SickLeaveCertificate: Kind("A sick note", "sykmelding.yaml", facts.NAMES, facts.NAV_MAY_KNOW, _of_note),
    Dialogue: Kind("A dialogue message", "dialogmelding.yaml", *_ASKED),
    MedicalStatement: Kind("A medical statement", "legeerklaring.yaml", *_ASKED),
}
"""By the record that a message is."""
