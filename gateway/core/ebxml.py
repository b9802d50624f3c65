"""What an ebMS message and its agreement say, as values; `adapters.ebxml` reads and writes them.

Times are aware.
Sources: OASIS ebXML Message Service 2.0 (ebMS), Collaboration-Protocol Profile and Agreement 2.0 (CPA).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from gateway.core.errors import Issue, NotAcceptable

SIGNALS: Final = "urn:oasis:names:tc:ebxml-msg:service"
"""The Service of signals (ebMS § 3.1.4)."""
ACKNOWLEDGMENT: Final = "Acknowledgment"
MESSAGE_ERROR: Final = "MessageError"
PAYLOAD: Final = "application/pkcs7-mime"


class Code(StrEnum):
    """Error codes (ebMS § 4.2.3.4)."""

    VALUE_NOT_RECOGNIZED = "ValueNotRecognized"
    NOT_SUPPORTED = "NotSupported"
    INCONSISTENT = "Inconsistent"
    OTHER_XML = "OtherXml"
    DELIVERY_FAILURE = "DeliveryFailure"
    TIME_TO_LIVE_EXPIRED = "TimeToLiveExpired"
    SECURITY_FAILURE = "SecurityFailure"
    MIME_PROBLEM = "MimeProblem"
    UNKNOWN = "Unknown"


_ISSUE_TYPES: Final[Mapping[str, str]] = {
    Code.NOT_SUPPORTED: "not-supported",
    Code.INCONSISTENT: "invariant",
    Code.OTHER_XML: "structure",
    Code.MIME_PROBLEM: "structure",
    Code.SECURITY_FAILURE: "security",
    Code.TIME_TO_LIVE_EXPIRED: "timeout",
}


@dataclass(frozen=True, slots=True)
class EbmsError:
    """One error of an ErrorList: a code, where, and in words; `severe` means that the message was not taken."""

    code: str
    location: str = ""
    description: str = ""
    severe: bool = True


class EbmsProblem(NotAcceptable):
    """An ebMS message cannot be taken; `errors` are what its sender is told."""

    def __init__(self, errors: Iterable[EbmsError]) -> None:
        self.errors = tuple(errors)
        super().__init__(Issue(_ISSUE_TYPES.get(e.code, "value"), e.location, e.description) for e in self.errors)


@dataclass(frozen=True, slots=True)
class PartyId:
    """A party's number, and of which kind it is (`HER`, `ENH`, `orgnummer`)."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """MessageHeader (ebMS § 3.1). `ref_to` is the MessageId that a signal or an answer is about."""

    sender: tuple[PartyId, ...]
    receiver: tuple[PartyId, ...]
    sender_role: str = ""
    receiver_role: str = ""
    cpa: str
    conversation: str
    service: str
    service_kind: str = ""
    action: str
    message_id: str
    timestamp: datetime
    ref_to: str = ""
    expires: datetime | None = None
    eliminate_duplicates: bool = False

    @property
    def is_signal(self) -> bool:
        """Whether it carries no business document."""
        return self.service == SIGNALS


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What stands in the SOAP envelope. `acknowledges` is the MessageId of an Acknowledgment, `references` are cids.

    `sequence` is of a MessageOrder, which no agreement of NAV's asks for.
    """

    header: Header
    ack_requested: bool = False
    ack_signed: bool = False
    sync_reply: bool = False
    acknowledges: str = ""
    errors: tuple[EbmsError, ...] = ()
    sequence: int | None = None
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part beside the envelope: its Content-ID without angle brackets, media type and bytes as they are."""

    cid: str
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Package:
    """A whole message as HTTP carries it: the envelope's bytes and what is attached."""

    envelope: bytes
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Address:
    """Which business service a document goes to: whose role, and which action."""

    service: str
    action: str
    sender_role: str
    receiver_role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryChannel:
    """How one party is talked with (CPA § 8.4.22): seconds, and URLs by kind. Absent durations were not stated."""

    protocol: str
    endpoints: Mapping[str, str] = field(default_factory=dict)
    sync_reply: str = "none"
    ack_requested: str = "perMessage"
    ack_signature: str = "perMessage"
    duplicate_elimination: str = "perMessage"
    retries: int | None = None
    retry_interval: float | None = None
    persist: float | None = None
    ordered: bool = False
    signing: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionBinding:
    """One action that a party can send or receive, by which channels, and how it is packed (innermost first)."""

    id: str
    other: str
    sends: bool
    service: str
    service_kind: str
    action: str
    role: str
    channels: tuple[DeliveryChannel, ...]
    packing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementParty:
    """One of the two parties: numbers, what it sends and receives, its sealing certificates (DER)."""

    name: str
    ids: tuple[PartyId, ...]
    bindings: tuple[ActionBinding, ...]
    sealing: tuple[bytes, ...]
    signing: tuple[bytes, ...]

    def binding(self, service: str, action: str, *, sends: bool) -> ActionBinding | None:
        """Give how it sends, or receives, an action of a service."""
        return next((b for b in self.bindings if (b.service, b.action, b.sends) == (service, action, sends)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A CPA: two parties, and from when until when it holds."""

    id: str
    status: str
    start: datetime
    end: datetime
    parties: tuple[AgreementParty, AgreementParty]

    def sides(self, other: Iterable[PartyId]) -> tuple[AgreementParty, AgreementParty] | None:
        """Give the party that is not `other`, and the one that is; nothing when neither of the two is."""
        numbers = {one.value for one in other}
        matching = [bool(numbers & {one.value for one in party.ids}) for party in self.parties]
        if matching == [True, False]:
            return self.parties[1], self.parties[0]
        return (self.parties[0], self.parties[1]) if matching == [False, True] else None
