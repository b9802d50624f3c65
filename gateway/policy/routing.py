"""The recipient list: who each kind of message goes to, by which way, and what for (`mappings/policy/routing.yaml`).

A recipient list (Hohpe and Woolf, Enterprise Integration Patterns) and no more: whether a message may go is decided by
the rules, for each recipient by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from yaml.nodes import Node

from gateway.core.errors import ConfigurationError, Fault
from gateway.core.message import Route
from gateway.core.vocabulary import MessageKind, Purpose, Role
from gateway.policy.load import texts
from gateway.policy.nodes import Reader

FILE = "routing.yaml"


class How(StrEnum):
    """By which way a message comes to its recipient."""

    BY_LAW = "by-law"  # the one party in the role, whoever the message is addressed to
    ADDRESSED = "addressed"  # the party in the role that the message names as its receiver
    BY_CASE = "by-case"  # the party in the role that wrote about the patient last
    BY_ACT = "by-act"  # whom the patient sends it to


@dataclass(frozen=True, slots=True)
class Way:
    """One line of the table."""

    route: Route
    how: How


class Routing:
    """Every way there is."""

    def __init__(self, ways: tuple[Way, ...]) -> None:
        self.ways = ways

    def of(self, kind: MessageKind, sender: Role | None = None, recipient: Role | None = None) -> Iterator[Way]:
        """Give the ways of a kind of message, from one role or any, to one role or any."""
        for way in self.ways:
            fits = way.route.kind is kind and sender in (None, way.route.sender)
            if fits and recipient in (None, way.route.recipient):
                yield way


def load(directory: Path) -> Routing:
    """Read the table. Raises `ConfigurationError` with every mistake."""
    routing, faults = read(directory)
    if faults:
        raise ConfigurationError(faults)
    return routing


def read(directory: Path) -> tuple[Routing, list[Fault]]:
    """Read the table of a directory; give what could be read, and every mistake. Raises when there is no file."""
    [(name, text)] = texts(directory, (FILE,)).items()
    reader = Reader(name)
    entries = reader.mapping(reader.root(text), {"version", "ways"}, {"version", "ways"})
    ways: list[Way] = []
    for node in reader.sequence(entries.get("ways")):
        way = _way(reader, node)
        if way is None:
            continue
        if any(way.route == other.route for other in ways):
            reader.fault(node, "this way stands here twice", "keep one of them")
        ways.append(way)
    return Routing(tuple(ways)), reader.faults


def _way(reader: Reader, node: Node) -> Way | None:
    keys = ("message", "from", "to", "purpose", "how")
    entries = reader.mapping(node, keys, keys)
    kind = reader.word(entries.get("message"), tuple(MessageKind), "message kind")
    sender, recipient = (reader.word(entries.get(key), tuple(Role), "role") for key in ("from", "to"))
    purpose = reader.word(entries.get("purpose"), tuple(Purpose), "purpose")
    how = reader.word(entries.get("how"), tuple(How), "way")
    if not (kind and sender and recipient and purpose and how):
        return None
    return Way(Route(Role(sender), Role(recipient), MessageKind(kind), Purpose(purpose)), How(how))
