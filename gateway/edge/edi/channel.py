"""Delivers by NHN's message service: sent once, then asked after until the recipient's transport has answered."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from gateway.core.errors import Rejected, Unacknowledged, Uncertain
from gateway.edge.edi import api

_WAITS: Final = "the message service has it, and the recipient has not acknowledged it yet"

Overrides = Callable[[bytes], Mapping[str, str]]
"""Gives what a recipient's own agreement demands of a document's envelope. Raises `Rejected` where it takes none."""


class Service(Protocol):
    """What a channel asks of the message service, as `MessageService` does."""

    async def send(self, document: bytes, her: str, overrides: Mapping[str, str]) -> str:
        """Send a document, and give the id that it was given."""

    async def status(self, name: str, her: str) -> str:
        """Give the transport's state of a message that was sent."""


class Sent(Protocol):
    """Remembers by which id the service knows a message of ours, over restarts and for all nodes."""

    async def find(self, key: str) -> str:
        """Give the id; empty when the message is to be sent."""

    async def keep(self, key: str, name: str) -> None:
        """Remember it. Raises `Busy`."""

    async def forget(self, key: str) -> None:
        """Have the message sent at its next attempt. Raises `Busy`."""


def none(_document: bytes) -> Mapping[str, str]:
    """Leave the envelope to the service, which writes it by the standard."""
    return {}


class EdiChannel:
    """A channel to one party, by its HER-id; see `gateway.core.ports.Channel`."""

    def __init__(self, service: Service, sent: Sent, her: str, overrides: Overrides = none) -> None:
        self._service, self._sent, self._her, self._overrides = service, sent, her, overrides

    async def deliver(self, key: str, body: bytes, media_type: str) -> bytes:  # noqa: ARG002 - it is always XML
        """Send the document, or ask what has become of it if it was sent before.

        Gives nothing, since an AppRec comes as a message of its own. Raises `Unacknowledged` while the service has it
        and the recipient's transport has not answered.
        """
        name = await self._sent.find(key)
        if not name:
            name = await self._service.send(body, self._her, self._overrides(body))
            await self._sent.keep(key, name)
        state = await self._state(name)
        if state == api.REJECTED:
            await self._sent.forget(key)
            raise Rejected("the recipient's transport refused it")
        if state != api.ACKNOWLEDGED:
            raise Unacknowledged(_WAITS)
        return b""

    async def _state(self, name: str) -> str:
        try:
            return await self._service.status(name, self._her)
        except Rejected:  # of the question, and not of the message
            raise Uncertain("the message service does not say what has become of it") from None

    async def close(self) -> None:
        """Nothing to let go of: the service is shared."""
