"""One party, as ebMS messages to and from it are written, signed, read and held against its agreement."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from cryptography import x509

from gateway.core.ebxml import (
    ACKNOWLEDGMENT,
    MESSAGE_ERROR,
    SIGNALS,
    Address,
    Agreement,
    AgreementParty,
    Attachment,
    Code,
    DeliveryChannel,
    EbmsError,
    EbmsProblem,
    Header,
    Message,
    Package,
)
from gateway.edge.seal import soap
from gateway.edge.seal.keys import Keys

HTTP: Final = "HTTP"
NEVER: Final = "never"


class Codec(Protocol):
    """`adapters.ebxml`, a module that is a port."""

    def unpack(self, content_type: str, body: bytes) -> Package:
        """Take a message apart. Raises `EbmsProblem`."""

    def pack(self, package: Package, host: str) -> tuple[str, bytes]:
        """Give the media type and the body."""

    def read(self, envelope: bytes) -> Message:
        """Read an envelope. Raises `EbmsProblem`."""

    def write(self, message: Message) -> bytes:
        """Write an envelope."""

    def answer_to(self, service: str) -> str:
        """Give the action by which a receipt answers a service."""


@dataclass(frozen=True, slots=True)
class Relation:
    """What we and one party have agreed; `host` is our name in MessageIds."""

    party: str
    agreement: Agreement
    ours: AgreementParty
    theirs: AgreementParty
    host: str

    def way_back(self, service: str, action: str) -> DeliveryChannel | None:
        """Give how we take an action of the party's, which says whether signals are answered at once."""
        binding = self.ours.binding(service, action, sends=False)
        return _preferred(binding.channels) if binding else None

    def own_way(self, service: str, action: str) -> DeliveryChannel | None:
        """Give how we send an action, with the reliability that was agreed for it."""
        binding = self.ours.binding(service, action, sends=True)
        return _preferred(binding.channels) if binding else None

    @property
    def url(self) -> str:
        """Give where the party takes messages by HTTP; empty when the agreement does not say."""
        ways = (way for one in self.theirs.bindings if not one.sends for way in one.channels if way.protocol == HTTP)
        known = (way.endpoints.get("request") or way.endpoints.get("allPurpose") or "" for way in ways)
        return next(filter(None, known), "")

    @property
    def reliability(self) -> DeliveryChannel | None:
        """Give the first of our channels that says how often a message is sent again."""
        ways = (way for binding in self.ours.bindings if binding.sends for way in binding.channels)
        return next((way for way in ways if way.persist is not None and way.retry_interval), None)


def _preferred(channels: Sequence[DeliveryChannel]) -> DeliveryChannel | None:
    return next((one for one in channels if one.protocol == HTTP), next(iter(channels), None))


class Msh:
    """Writes and reads the messages of one relation, by our keys and the party's signing certificates.

    `signers` gives the certificates that are trusted now; `now` the time (aware, UTC).
    """

    def __init__(
        self,
        relation: Relation,
        codec: Codec,
        keys: Keys,
        signers: Callable[[], Sequence[x509.Certificate]],
        now: Callable[[], datetime],
    ) -> None:
        self.relation, self.codec = relation, codec
        self._keys, self._signers, self._now = keys, signers, now

    @property
    def in_force(self) -> bool:
        """Whether the agreement holds now."""
        return self.relation.agreement.start <= self._now() < self.relation.agreement.end

    def address(self, service: str, action: str) -> Address | None:
        """Give whose role is whose when we send an action; nothing when it was not agreed."""
        ours = self.relation.ours.binding(service, action, sends=True)
        theirs = self.relation.theirs.binding(service, action, sends=False)
        return Address(service, action, ours.role, theirs.role) if ours and theirs else None

    def header(self, address: Address, name: str, conversation: str, ref_to: str = "") -> Header:
        """Give the header of a message of ours, whose MessageId is `name` at our host."""
        relation = self.relation
        binding = relation.ours.binding(address.service, address.action, sends=True)
        return Header(
            sender=relation.ours.ids,
            receiver=relation.theirs.ids,
            sender_role=address.sender_role,
            receiver_role=address.receiver_role,
            cpa=relation.agreement.id,
            conversation=conversation,
            service=address.service,
            service_kind=binding.service_kind if binding else "",
            action=address.action,
            message_id=f"{name}@{relation.host}",
            timestamp=self._now().replace(microsecond=0),
            ref_to=ref_to,
            eliminate_duplicates=self._eliminates(address),
        )

    def _eliminates(self, address: Address) -> bool:
        way = self.relation.own_way(address.service, address.action)
        return way is None or way.duplicate_elimination != NEVER

    def document(self, header: Header, body: bytes, media_type: str) -> tuple[str, bytes]:
        """Give a business message as it is posted: signed, its document attached, acknowledgment asked for."""
        way = self.relation.own_way(header.service, header.action)
        asks = way is None or way.ack_requested != NEVER
        part = Attachment(f"document-{header.message_id}", media_type, body)
        message = Message(
            header=header,
            ack_requested=asks,
            ack_signed=asks and (way is None or way.ack_signature != NEVER),
            sync_reply=way is not None and way.sync_reply != "none",
            references=(part.cid,),
        )
        return self._posted(message, (part,))

    def acknowledgment(self, of: Header, name: str) -> tuple[str, bytes]:
        """Give the Acknowledgment of a message (ebMS § 6.3.2)."""
        return self._posted(Message(header=self._signal(of, name, ACKNOWLEDGMENT), acknowledges=of.message_id))

    def refusal(self, of: Header, name: str, errors: Sequence[EbmsError]) -> tuple[str, bytes]:
        """Give the MessageError that tells why a message was not taken (ebMS § 4.2)."""
        return self._posted(Message(header=self._signal(of, name, MESSAGE_ERROR), errors=tuple(errors)))

    def _signal(self, of: Header, name: str, action: str) -> Header:
        relation = self.relation
        return Header(
            sender=relation.ours.ids,
            receiver=relation.theirs.ids,
            sender_role=of.receiver_role,
            receiver_role=of.sender_role,
            cpa=of.cpa,
            conversation=of.conversation,
            service=SIGNALS,
            action=action,
            message_id=f"{name}@{relation.host}",
            timestamp=self._now().replace(microsecond=0),
            ref_to=of.message_id,
        )

    def _posted(self, message: Message, parts: tuple[Attachment, ...] = ()) -> tuple[str, bytes]:
        key = self._keys.signing(self._now())
        envelope = soap.sign(self.codec.write(message), {part.cid: part.body for part in parts}, key)
        return self.codec.pack(Package(envelope, parts), self.relation.host)

    def verified(self, package: Package) -> Message:
        """Give what the party has signed of a message. Raises `SealBroken` or `EbmsProblem`."""
        bodies: Mapping[str, bytes] = {part.cid: part.body for part in package.attachments}
        return self.codec.read(soap.verify(package.envelope, bodies, self._signers()))

    def own_id(self, message_id: str) -> str:
        """Give the name that a MessageId of ours was made from; empty for one that is not ours."""
        name, at, host = message_id.rpartition("@")
        return name if at and host == self.relation.host else ""

    def hold(self, message: Message, package: Package) -> None:
        """Hold a message against the agreement. Raises `EbmsProblem` with every error."""
        errors = [*self._parties(message.header), *self._times(message.header)]
        if not message.header.is_signal:
            errors += [*self._action(message.header), *self._document(message, package)]
        if message.sequence is not None:
            errors.append(EbmsError(Code.NOT_SUPPORTED, "//MessageOrder", "no message order was agreed"))
        if errors:
            raise EbmsProblem(errors)

    def _parties(self, header: Header) -> Iterator[EbmsError]:
        relation = self.relation
        if header.cpa != relation.agreement.id:
            yield EbmsError(Code.VALUE_NOT_RECOGNIZED, "//CPAId", "this is not the agreement between us")
        for side, stated, agreed in (
            ("From", header.sender, relation.theirs.ids),
            ("To", header.receiver, relation.ours.ids),
        ):
            if not {one.value for one in stated} <= {one.value for one in agreed}:
                what = "a party's number is not one of the agreement's"
                yield EbmsError(Code.VALUE_NOT_RECOGNIZED, f"//{side}/PartyId", what)

    def _times(self, header: Header) -> Iterator[EbmsError]:
        if not self.in_force:
            yield EbmsError(Code.INCONSISTENT, "//CPAId", "the agreement does not hold now")
        if header.expires is not None and header.expires < self._now():
            yield EbmsError(Code.TIME_TO_LIVE_EXPIRED, "//TimeToLive", "the message came after its time to live")

    def _action(self, header: Header) -> Iterator[EbmsError]:
        binding = self.relation.theirs.binding(header.service, header.action, sends=True)
        if binding is None:
            yield EbmsError(Code.VALUE_NOT_RECOGNIZED, "//Service", "the agreement has no such service and action")
        elif header.sender_role and header.sender_role != binding.role:
            yield EbmsError(Code.INCONSISTENT, "//From/Role", "the agreement gives the service to another role")

    def _document(self, message: Message, package: Package) -> Iterator[EbmsError]:
        parts = {part.cid for part in package.attachments}
        if parts != set(message.references):
            yield EbmsError(Code.INCONSISTENT, "//Manifest", "the manifest and the attachments are not the same")
        if len(parts) != 1:
            yield EbmsError(Code.NOT_SUPPORTED, "//Manifest", "a message carries one document here")
