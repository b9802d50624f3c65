"""NAV's message service handler in the sandbox: ebMS 2.0 read and written by itself, in front of NAV's intake.

It shares no line of ebMS code with the gateway: what it reads and writes is what the standard says. A document gets an
Acknowledgment at once, later, twice or never; its application receipt is a message of its own, sent until acknowledged.
"""

import asyncio
import email
import email.policy
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final
from uuid import uuid4

import aiohttp
from aiohttp import web
from cryptography import x509
from lxml import etree

from gateway.edge.seal import SealBroken, soap
from gateway.edge.seal.keys import read_ring
from gateway.sandbox.agreement import NAME
from gateway.sandbox.envelope import MEDIA_TYPE
from gateway.sandbox.nav import Answer, SandboxNav
from gateway.sandbox.server import Received
from gateway.wiring.identity import now

EB: Final = {"eb": "http://www.oasis-open.org/committees/ebxml-msg/schema/msg-header-2_0.xsd", "s": soap.SOAP}
RECEIPTS: Final = {"Legemelding": "Svarmelding"}
SENDS: Final = {
    "8125": ("DialogmoteInnkalling", "MoteInnkalling"),
    "8129": ("ForesporselFraSaksbehandler", "Foresporsel"),
    "8127": ("HenvendelseFraSaksbehandler", "Henvendelse"),
}
"""Service and action of NAV's own messages, by the code system of their subject."""
TRIES: Final = 50
SIGNALS: Final = "urn:oasis:names:tc:ebxml-msg:service"


class Signal(StrEnum):
    """What a message is answered with from now on."""

    AT_ONCE = "at-once"
    LATER = "later"  # 202, and an Acknowledgment posted back
    TWICE = "twice"  # at once, and posted back as well
    NEVER = "never"  # 202, and nothing
    LOST = "lost"  # taken, and the answer is a 500
    ERROR = "error"  # a MessageError: nothing was taken


@dataclass(slots=True)
class Transport:
    """What the handler does with the next message; seconds before what is posted back, and between tries."""

    signal: Signal = Signal.AT_ONCE
    delay: float = 0.05
    again: float = 0.2


@dataclass(frozen=True, slots=True)
class Heard:
    """What stands in a message, by the names of the standard; and its document, if any."""

    service: str
    action: str
    message_id: str
    conversation: str
    ref_to: str
    codes: tuple[str, ...] = ()
    document: bytes = field(default=b"", repr=False)


class SandboxMsh(SandboxNav):
    """NAV over ebMS, at `url` while entered; `gateway` is where it posts messages and signals of its own.

    `heard` holds every message and signal as it came, `received` each document once, `receipts` the gateway's AppRecs.
    What would stand on its disk: `taken`, the MessageIds it knows; `waiting`, its own messages until acknowledged.
    """

    def __init__(self, certificates: Path, schemas: Path) -> None:
        """Take the folder of certificates, and `mappings/schema`."""
        super().__init__(certificates, schemas)
        self.transport = Transport()
        self.gateway = ""
        self.heard: list[Heard] = []
        self.receipts: list[bytes] = []
        self.acknowledged: set[str] = set()
        self.taken: set[str] = set()
        self.waiting: dict[str, Heard] = {}
        self._ours = read_ring(certificates, "nav-signing")
        self._theirs = x509.load_pem_x509_certificate((certificates / "gateway-signing.pem").read_bytes())

    async def _take(self, request: web.Request) -> web.Response:
        key = request.headers.get("Idempotency-Key", "")
        status, answer = self.take(request.headers.get("Content-Type", ""), await request.read(), key)
        return web.Response(status=status, body=answer, content_type="text/xml", charset="utf-8")

    def take(self, content_type: str, body: bytes, key: str) -> tuple[int, bytes]:
        """Take what was posted: a message or a signal; give the status and the signal that answers it."""
        try:
            heard = self._open(content_type, body)
        except (SealBroken, ValueError):
            return 400, b""
        self.heard.append(heard)
        if heard.service == SIGNALS:
            self.acknowledged |= {heard.ref_to} if heard.action == "Acknowledgment" else set()
            return 202, b""
        return self._document(heard, key)

    def _document(self, heard: Heard, key: str) -> tuple[int, bytes]:
        how = self.transport.signal
        if how is Signal.ERROR:
            return 200, self._signal(heard, "MessageError")
        if heard.message_id not in self.taken:
            try:
                self.business(heard, key)
            except SealBroken:
                return 200, self._signal(heard, "MessageError")
            self.taken.add(heard.message_id)
        if how is Signal.LOST:
            return 500, b""
        if how in {Signal.LATER, Signal.TWICE}:
            self._pending.start(self._later(heard))
        return (202, b"") if how in {Signal.LATER, Signal.NEVER} else (200, self._signal(heard, "Acknowledgment"))

    def business(self, heard: Heard, key: str) -> None:
        """Hand a document to NAV's intake, whose receipt becomes a message of its own."""
        document = self._envelope.unwrap(heard.document)
        if b"<AppRec" in document[:2000]:
            self.receipts.append(document)
            return
        message = Received(document, MEDIA_TYPE, key, "", self._schema.faults(document))
        self.received.append(message)
        receipt = self.receipt(message, self.control)
        if receipt is not None and self.control.answer is not Answer.NONE:
            self.answer(heard, self._envelope.close(receipt))

    def answer(self, heard: Heard, receipt: bytes) -> None:
        """Post a receipt, in the conversation of what it answers, until it is acknowledged."""
        head = self.head(heard.service, RECEIPTS.get(heard.service, "Svar"), receipt, heard)
        self.waiting[head.message_id] = head
        self._pending.start(self.until_acknowledged(head))

    async def send(self, base: str, document: bytes) -> None:
        """Post a document of NAV's own to the gateway at `base`, until it is acknowledged."""
        del base
        service, action = next(way for code, way in SENDS.items() if f".{code}".encode() in document)
        await self.until_acknowledged(self.head(service, action, self._envelope.close(document)))

    def head(self, service: str, action: str, document: bytes, to: Heard | None = None) -> Heard:
        """Give a message of NAV's own with a document as it is sent; `to` is what it answers."""
        conversation, about = (to.conversation, to.message_id) if to else (str(uuid4()), "")
        name = f"{uuid4()}@nav.sandbox"
        return Heard(service, action, name, conversation, about, document=document)

    async def until_acknowledged(self, head: Heard) -> None:
        """Post a message again and again, the same each time, until it is acknowledged."""
        self.waiting[head.message_id] = head
        packed = self.message(head)
        for _ in range(TRIES):
            if await self.once(*packed) or head.message_id in self.acknowledged:
                self.waiting.pop(head.message_id, None)
                return
            await asyncio.sleep(self.transport.again)
        raise AssertionError("the gateway acknowledged nothing")

    async def once(self, media_type: str, body: bytes) -> bool:
        """Post a message to the gateway once; whether it was acknowledged at once."""
        try:
            answer_type, answer = await self.post(self.gateway, body, {"Content-Type": media_type})
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
        if not answer:
            return False
        heard = self._open(answer_type, answer)
        self.heard.append(heard)
        return heard.action == "Acknowledgment"

    async def _later(self, heard: Heard) -> None:
        await asyncio.sleep(self.transport.delay)
        await self.once("text/xml; charset=UTF-8", self._signal(heard, "Acknowledgment"))

    def _open(self, content_type: str, body: bytes) -> Heard:
        whole = email.message_from_bytes(
            b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body, policy=email.policy.HTTP
        )
        parts = list(whole.walk())[1:] if whole.is_multipart() else [whole]
        envelope = parts[0].get_payload(decode=True) if whole.is_multipart() else body
        bodies = {str(one["Content-ID"]).strip("<> "): one.get_payload(decode=True) for one in parts[1:]}
        kept: Mapping[str, bytes] = {cid: one for cid, one in bodies.items() if isinstance(one, bytes)}
        if not isinstance(envelope, bytes):
            raise ValueError("no envelope")  # noqa: TRY004 - what was sent is wrong, not the call
        root = etree.fromstring(soap.verify(envelope, kept, [self._theirs]))

        def said(name: str) -> str:
            return root.findtext(f".//eb:{name}", "", EB).strip()

        return Heard(
            said("Service"),
            said("Action"),
            said("MessageId"),
            said("ConversationId"),
            said("RefToMessageId"),
            tuple(str(one.get(f"{{{EB['eb']}}}errorCode")) for one in root.iterfind(".//eb:Error", EB)),
            next(iter(kept.values()), b""),
        )

    def message(self, head: Heard) -> tuple[str, bytes]:
        """Write a message with a document, as it is posted."""
        cid = f"{uuid4()}@nav.sandbox"
        body = f'<eb:Manifest eb:version="2.0"><eb:Reference xlink:type="simple" xlink:href="cid:{cid}"/></eb:Manifest>'
        asked = (
            '<eb:AckRequested s:mustUnderstand="1" eb:version="2.0" eb:signed="true"'
            ' s:actor="urn:oasis:names:tc:ebxml-msg:actor:toPartyMSH"/>'
        )
        envelope = self._sign(_envelope(head, asked, body), {cid: head.document})
        parts = (
            b"--=_msh\r\nContent-Type: text/xml; charset=utf-8\r\nContent-ID: <soap>\r\n\r\n",
            envelope,
            f"\r\n--=_msh\r\nContent-Type: {MEDIA_TYPE}\r\nContent-ID: <{cid}>\r\n".encode(),
            b"Content-Transfer-Encoding: base64\r\n\r\n",
            b64encode(head.document),
            b"\r\n--=_msh--\r\n",
        )
        return 'multipart/related; type="text/xml"; boundary="=_msh"; start="<soap>"', b"".join(parts)

    def _signal(self, heard: Heard, action: str) -> bytes:
        block = (
            f'<eb:Acknowledgment s:mustUnderstand="1" eb:version="2.0"><eb:Timestamp>{_time()}</eb:Timestamp>'
            f"<eb:RefToMessageId>{heard.message_id}</eb:RefToMessageId></eb:Acknowledgment>"
        )
        if action == "MessageError":
            block = (
                '<eb:ErrorList s:mustUnderstand="1" eb:version="2.0" eb:highestSeverity="Error">'
                '<eb:Error eb:errorCode="SecurityFailure" eb:severity="Error"/></eb:ErrorList>'
            )
        head = Heard(SIGNALS, action, f"{uuid4()}@nav.sandbox", heard.conversation, heard.message_id)
        return self._sign(_envelope(head, block, ""), {})

    def _sign(self, envelope: bytes, attachments: Mapping[str, bytes]) -> bytes:
        return soap.sign(envelope, attachments, self._ours.signing(now()))


def _envelope(head: Heard, block: str, body: str) -> bytes:
    about = f"<eb:RefToMessageId>{head.ref_to}</eb:RefToMessageId>" if head.ref_to else ""
    return (
        f'<s:Envelope xmlns:s="{EB["s"]}" xmlns:eb="{EB["eb"]}" xmlns:xlink="http://www.w3.org/1999/xlink">'
        '<s:Header><eb:MessageHeader s:mustUnderstand="1" eb:version="2.0">'
        '<eb:From><eb:PartyId eb:type="HER">990002</eb:PartyId></eb:From>'
        '<eb:To><eb:PartyId eb:type="HER">990001</eb:PartyId></eb:To>'
        f"<eb:CPAId>{NAME}</eb:CPAId><eb:ConversationId>{head.conversation}</eb:ConversationId>"
        f'<eb:Service eb:type="string">{head.service}</eb:Service><eb:Action>{head.action}</eb:Action><eb:MessageData>'
        f"<eb:MessageId>{head.message_id}</eb:MessageId><eb:Timestamp>{_time()}</eb:Timestamp>{about}</eb:MessageData>"
        f"</eb:MessageHeader>{block}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def _time() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
