"""What travels on the line: routes, parsed records, released records, rendered bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from gateway.core.errors import Issue
from gateway.core.vocabulary import MessageKind, Obligation, Purpose, Role

Record = TypeVar("Record", covariant=True)


@dataclass(frozen=True, slots=True)
class Route:
    """From whom, to whom, what about and what for: the cell of the rule table that decides."""

    sender: Role
    recipient: Role
    kind: MessageKind
    purpose: Purpose

    def __str__(self) -> str:
        """`certifier > nav: sykmelding for benefit`."""
        return f"{self.sender} > {self.recipient}: {self.kind} for {self.purpose}"


class Read(NamedTuple):
    """One leaf of an input and what became of it: a row of the translation report.

    `at` is its path in the wire format, `outcome` one of `carried fixed dropped unmapped refused`, `field` the
    canonical instance path (`periods[0].start`) when it was carried, `where` the `file:line` of the mapping that
    decided, `why` the reason. Never a value.
    """

    at: str
    outcome: str
    field: str = ""
    where: str = ""
    why: str = ""


class Written(NamedTuple):
    """One output leaf: the canonical instance path `field` it came from, and its path `to` in the output."""

    field: str
    to: str
    where: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Deviation:
    """Where an input strays from its own schema, and whether it was understood all the same."""

    at: str
    what: str
    repaired: bool = True


@dataclass(frozen=True, slots=True)
class Parsed(Generic[Record]):
    """An incoming message as a canonical record.

    `record` is absent when an issue of severity error makes the message unacceptable. `rows` are there only when
    the report was asked for; then each leaf of the input has exactly one. `leaves` counts the leaves of the input.
    `unsaid` is what the input says of the illness and its reading left out: other texts are looked through for it.
    """

    record: Record | None
    issues: tuple[Issue, ...] = ()
    rows: tuple[Read, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    leaves: int = 0
    unsaid: tuple[str, ...] = field(default=(), repr=False)

    @property
    def acceptable(self) -> bool:
        """Whether there is a record to go on with."""
        return self.record is not None


@dataclass(frozen=True, slots=True)
class Withheld:
    """One canonical leaf that was not released: its instance path, its class and every rule that spoke."""

    field: str
    data_class: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Released(Generic[Record]):
    """A record from which everything the rules did not permit has been taken away.

    Only `gateway.policy.pep` makes one (a contract of the import linter and a test say so); a renderer takes nothing
    else, so data that was not released does not type-check into bytes.
    `route` is absent only for what an operator translates with `--unrestricted`. `rules` gives, for each data class
    that was released, the rules that permitted it. `held` is what was withheld and an officer's clearing would release,
    each a field's path and the rule that holds it.
    """

    record: Record
    route: Route | None
    withheld: tuple[Withheld, ...] = ()
    rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    obligations: frozenset[Obligation] = frozenset()
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """The bytes for a recipient, their media type, and (when asked for) where each canonical leaf stands in them."""

    body: bytes
    media_type: str
    rows: tuple[Written, ...] = ()
