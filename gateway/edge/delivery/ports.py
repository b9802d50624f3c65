"""What storing and delivering ask of the line and of the installation; `gateway.wiring` gives it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.core.audit import Disclosure
from gateway.core.errors import Issue
from gateway.core.message import Parsed
from gateway.core.ports import Channel
from gateway.edge.delivery.terms import Terms
from gateway.edge.store.rows import Destination, Inbound
from gateway.edge.store.writer import Probe, no_probe


@dataclass(frozen=True, slots=True)
class Admitted:
    """What must be known of a message before it is stored.

    `business_id` is the sender's own id of it. `case` is whatever tells one sick-leave case from another, and `patient`
    whatever tells one patient from another; both are turned into keyed pseudonyms at once. `issues` of severity error
    make the message unacceptable.
    `id_at` is where the id stands in its format. One that `recurs` may come again under its id with another content.
    """

    business_id: str
    case: str
    patient: str
    destinations: tuple[Destination, ...]
    issues: tuple[Issue, ...] = ()
    id_at: str = ""
    recurs: bool = False


@dataclass(frozen=True, slots=True)
class Sealed:
    """A message as it goes out: bytes, signed where the format demands it, and why they may go.

    `business_id` is the id that receipts answer. It must be the same each time the same message is written for the
    same destination, since an attempt may have arrived unseen. `valid_until` is when the permit ends, in seconds since
    the epoch. `held` is what waits for an officer, as `Released.held` names it.
    """

    body: bytes
    media_type: str
    business_id: str
    disclosure: Disclosure
    valid_until: float | None = None
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiptSeen:
    """An application receipt. `original_id` is the id it answers; `errors` are codes."""

    original_id: str
    ok: bool
    errors: tuple[str, ...] = ()


class Line(Protocol):
    """The pure line: same input, same output, no effects."""

    @property
    def policy(self) -> str:
        """Version of the rule set that decides; a change re-opens what is queued."""

    def admit(self, raw: bytes, format_id: str, sender: str) -> Admitted:
        """Read enough of a message to store it and to know its destinations. Raises `NotAcceptable`."""

    def again(self, raw: bytes, format_id: str) -> Parsed[Any]:
        """Read a stored message. Raises `NotAcceptable`."""

    def process(self, parsed: Parsed[Any], destination: Destination, facts: Any) -> Sealed:
        """Decide, minimise, render and sign. Raises `Refused` or `NotAcceptable`."""

    def open(self, party: str, raw: bytes) -> bytes:
        """Give what a party has signed and sealed. Raises `NotAcceptable` when it does not hold."""

    def read_receipt(self, body: bytes) -> ReceiptSeen | None:
        """Read an application receipt; nothing if `body` is not one."""


class Gather(Protocol):
    """Collects the outside facts of decisions (consents, registers, time); called from a worker thread."""

    def __call__(self, inbound: Inbound, destination: Destination, record: Any) -> Any:
        """Give the facts of one decision on a record."""

    def ahead(self, messages: Sequence[tuple[Inbound, Any]]) -> "Gather":
        """Give one that has asked already all that it will be asked of these messages and their records."""


Channels = Callable[[str], Channel | None]
"""Gives the channel to a party; nothing if the installation has none."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker carries messages with, and the terms of its destinations.

    `poll` is how many seconds pass at most between two looks at the store when nothing wakes the worker;
    `decide_within` is for how many seconds a batch is held to be decided, so for how long a node that dies delays it.
    """

    line: Line
    gather: Gather
    channels: Channels
    terms: Mapping[str, Terms] = field(default_factory=dict)
    default_terms: Terms = field(default_factory=Terms)
    deciders: int = 2
    decide_within: float = 30.0
    poll: float = 1.0
    probe: Probe = no_probe
