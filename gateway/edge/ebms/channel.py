"""Delivers over ebMS: one message a delivery, acknowledged in the answer or by a signal of its own later."""

from collections.abc import Mapping
from typing import Final, Protocol

import structlog

from gateway.core.ebxml import Address, EbmsProblem, Message, Package
from gateway.core.errors import Rejected, Unacknowledged, Uncertain, Unreachable
from gateway.edge.ebms.msh import Msh
from gateway.edge.seal import SealBroken

SERVICE: Final = "; ebms-service="
ACTION: Final = "; ebms-action="

log = structlog.get_logger(__name__)


class Post(Protocol):
    """Posts bytes over HTTP, as `HttpsChannel` does."""

    async def post(self, body: bytes, headers: Mapping[str, str]) -> tuple[str, bytes]:
        """Give the media type and the body of the answer. Raises `ChannelError`."""

    async def close(self) -> None:
        """Let go of connections."""


def addressed(media_type: str, address: Address) -> str:
    """Give the media type of a document that goes to a service; the channel takes the address off again."""
    return f"{media_type}{SERVICE}{address.service}{ACTION}{address.action}"


class EbmsChannel:
    """A channel to one party; see `gateway.core.ports.Channel`."""

    def __init__(self, msh: Msh, http: Post) -> None:
        self._msh, self._http = msh, http

    async def deliver(self, key: str, body: bytes, media_type: str) -> bytes:
        """Post the document once. `key` becomes the MessageId, and the conversation's id.

        Gives what the party answered it with, if anything. Raises `Unacknowledged` when the party's server has it and
        its acknowledgment has yet to come.
        """
        media, _, stated = media_type.partition(SERVICE)
        service, _, action = stated.partition(ACTION)
        address = self._msh.address(service, action)
        if address is None:
            raise Rejected("the agreement has no service and action for this document")
        if not self._msh.in_force:
            raise Unreachable("the agreement with the recipient does not hold now")
        header = self._msh.header(address, key, key)
        return await exchange(self._msh, self._http, key, self._msh.document(header, body, media))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


async def exchange(msh: Msh, http: Post, key: str, packed: tuple[str, bytes]) -> bytes:
    """Post a message whose MessageId is made of `key`, and hear what the answer says of it.

    Gives the document that came with the acknowledgment, if any. Raises `ChannelError`.
    """
    media_type, body = packed
    headers = {"Content-Type": media_type, "SOAPAction": '"ebXML"', "Idempotency-Key": key}
    answer_type, answer = await http.post(body, headers)
    if not answer.strip():
        raise Unacknowledged("the recipient's server has it, and has not acknowledged it yet")
    try:
        package = msh.codec.unpack(answer_type or "text/xml", answer)
        said = _said(msh, package)
    except (EbmsProblem, SealBroken) as error:
        log.warning("signal-unreadable", party=msh.relation.party, error=type(error).__name__)
        raise Uncertain("the answer is no signal that holds") from None
    if not concerns(msh, said, key):
        raise Uncertain("the answer is about another message")
    if any(error.severe for error in said.errors):
        raise Rejected(f"the recipient's transport refused it ({codes(said)})")
    if not said.acknowledges:
        raise Unacknowledged("the recipient's server has it, and has not acknowledged it yet")
    return package.attachments[0].body if package.attachments else b""


def _said(msh: Msh, package: Package) -> Message:
    """Read a signal. An error may come unsigned, from a party whose connection proved it; nothing else may."""
    stated = msh.codec.read(package.envelope)
    if stated.errors and not stated.acknowledges and not package.attachments and b"Signature" not in package.envelope:
        return stated
    return msh.verified(package)


def concerns(msh: Msh, signal: Message, key: str) -> bool:
    """Whether a signal is about the message with this key."""
    about = signal.acknowledges or signal.header.ref_to
    return signal.header.cpa == msh.relation.agreement.id and msh.own_id(about) == key


def codes(signal: Message) -> str:
    """Give the error codes of a signal that are known ones, for a log."""
    return " ".join(sorted({error.code for error in signal.errors if error.code.isalpha() and error.code.isascii()}))
