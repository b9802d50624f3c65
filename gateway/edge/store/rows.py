"""What goes into the store and what comes out, as values."""

from dataclasses import dataclass, field
from typing import Any

from gateway.core.audit import Disclosure
from gateway.core.errors import Issue
from gateway.core.line import Event, State
from gateway.edge.keys import Envelope


@dataclass(frozen=True, slots=True)
class Destination:
    """Where one outgoing message goes; frozen when the incoming message is accepted.

    `party` names the channel (a configured party id), `recipient` its role, `format` what it is written in.
    """

    party: str
    recipient: str
    format: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """An incoming message, ready to be stored; `destinations` are paired with the ids of their outgoing messages.

    `once_mac` is what no other message may be known by, if it has an id, and `id_at` where that id stands in it.
    """

    id: str
    format: str
    sender: str
    key_mac: str
    content_mac: str
    business_mac: str
    case_key: str
    patient: str
    payload: Envelope
    destinations: tuple[tuple[str, Destination], ...]
    once_mac: str | None = None
    id_at: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to an incoming message: its id, whether it was here before, and what its sender is told of it."""

    id: str
    again: bool = False
    told: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Inbound:
    """A stored incoming message, its raw bytes still sealed."""

    id: str
    format: str
    sender: str
    case_key: str
    patient: str
    received_at: float
    body: bytes | None
    wrapped: bytes | None


@dataclass(frozen=True, slots=True)
class ToDecide:
    """An outgoing message claimed for a decision; `token` fences off whoever held it before."""

    id: str
    token: int
    failures: int
    epoch: int
    destination: Destination
    inbound: Inbound


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What became of a message that was decided.

    `held` is what waits for an officer, as `Released.held` names it.
    `events` lead from `received` (none: put off until `due_in` seconds from now, by a fault of our own).
    """

    claim: ToDecide
    events: tuple[Event, ...]
    disclosure: Disclosure
    reason: str = ""
    due_in: float = 0.0
    payload: Envelope | None = None
    media_type: str = ""
    correlation: str = ""
    digest: str = ""
    valid_until: float | None = None
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Begin:
    """Asks for up to `limit` attempts at one destination; each is held for `lease` seconds."""

    party: str
    limit: int
    lease: float
    policy: str
    probe_every: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that is committed and may now be made, its bytes still sealed."""

    id: str
    token: int
    number: int
    age: float
    party: str
    purpose: str
    patient: str
    media_type: str
    correlation: str
    body: bytes | None
    wrapped: bytes | None


@dataclass(frozen=True, slots=True)
class Begun:
    """The attempts that may now be made, and whether the destination counts as up."""

    up: bool
    attempts: list[Attempt]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptIn:
    """An application receipt. `correlation` is the pseudonym of the id it answers; `codes` are short codes only."""

    id: str
    party: str
    correlation: str
    content_mac: str
    positive: bool
    codes: tuple[str, ...]
    payload: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How an attempt ended: `events` lead from `sealed` (none: put off by `due_in` seconds)."""

    attempt: Attempt
    outcome: str
    events: tuple[Event, ...] = ()
    reason: str = ""
    due_in: float = 0.0
    receipt: ReceiptIn | None = None


@dataclass(frozen=True, slots=True)
class Receipted:
    """What became of a receipt: `applied`, `duplicate`, `late`, `contradicts` or `unmatched`."""

    verdict: str
    outbound: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """One message's way through the table, and the columns that change with it."""

    id: str
    token: int
    state: State
    events: tuple[Event, ...]
    values: dict[str, Any] = field(default_factory=dict)
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentIn:
    """A new version of a consent. `id` and `patient` are pseudonyms, `record` names its payload."""

    id: str
    record: str
    patient: str
    status: str
    actor: str
    payload: Envelope


@dataclass(frozen=True, slots=True)
class Consent:
    """One version of a FHIR Consent, its resource still sealed."""

    id: str
    record: str
    version: int
    patient: str
    party: str
    status: str
    recorded_at: float
    body: bytes | None
    wrapped: bytes | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A change of what a patient permits: its version, and how many queued messages it re-opened."""

    version: int
    reopened: int
