"""The ports of the line: what the core asks of adapters and edges, as small protocols.

Adapters and edges implement them; `gateway.wiring` joins the two. Nothing here does anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.core.message import Parsed, Released, Rendered
from gateway.core.vocabulary import DataClass, Obligation


class Parse(Protocol):
    """Reads a wire format into a canonical record. Pure; never raises for what a peer sent."""

    def __call__(self, raw: bytes, *, report: bool = False) -> Parsed[Any]:
        """Read `raw`; with `report`, account for every leaf."""

    def again(self, raw: bytes) -> Parsed[Any]:
        """Read bytes that were accepted before; what was checked then need not be checked again."""


class Render(Protocol):
    """Writes a released record in a wire format. Pure; raises `NotAcceptable` when something demanded is missing."""

    def __call__(
        self, released: Released[Any], classes: frozenset[DataClass] | None = None, *, report: bool = False
    ) -> Rendered:
        """Write it, with a program that cannot write any other data class than `classes` (none given: all).

        With `report`, say where each canonical leaf stands.
        """


@dataclass(frozen=True, slots=True)
class Format:
    """A wire format that the gateway knows, as `samspill formats` lists it.

    `models` names the canonical records, `version` the mapping's version, `schema` what the output is checked against.
    `parse` or `render` is absent for a format that is only written or only read. `lacks` gives, by canonical field, why
    the format has no place for it. `places` gives, by canonical field, where it stands in the format. `payloads` are
    the names of the elements by which an XML document is known to be in this format. `marks` are the obligations that
    it has a place for, so that its recipient reads them. `on_paper` says that its documents are of sheets of paper.
    """

    id: str
    title: str
    models: tuple[str, ...]
    version: str
    schema: str
    media_type: str
    parse: Parse | None = None
    render: Render | None = None
    lacks: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    payloads: frozenset[str] = frozenset()
    marks: frozenset[Obligation] = frozenset()
    on_paper: bool = False


class Channel(Protocol):
    """Carries bytes to one recipient over a transport."""

    async def deliver(self, key: str, body: bytes, media_type: str) -> bytes:
        """Give the body of the recipient's answer, which may hold an application receipt, or be empty.

        `key` is the idempotency key, the same at each attempt. Raises `Unreachable`, `Uncertain` or `Rejected`.
        """

    async def close(self) -> None:
        """Let go of connections."""


Clock = Callable[[], float]
"""Seconds since the epoch, UTC."""
