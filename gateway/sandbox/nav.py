"""NAV in the sandbox: takes a MsgHead, and answers with an application receipt, sooner or later or not at all."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

import aiohttp
from aiohttp import web
from lxml import etree

from gateway.edge.seal import SealBroken
from gateway.sandbox.envelope import MEDIA_TYPE, Envelope
from gateway.sandbox.server import End, Pending, Received, XmlSchema, client_context, receive

MSGHEAD = "http://www.kith.no/xmlstds/msghead/2006-05-24"
APPREC = "http://www.kith.no/xmlstds/apprec/2004-11-21"
ERRORS = "2.16.578.1.12.4.1.1.8221"
"""Code list of AppRec errors."""

_DEFAULT: Any = {None: APPREC}


class Answer(StrEnum):
    """How the sandbox answers from now on."""

    OK = "ok"
    REJECTED = "rejected"
    LATE = "late"  # accepted without a receipt, which is posted back later
    LATE_REJECTED = "late-rejected"
    DUPLICATE = "duplicate"  # the receipt at once, and posted back again later
    NONE = "none"  # accepted, and never a receipt
    UNAVAILABLE = "unavailable"  # 503
    SLOW = "slow"  # as `OK`, after `delay`


@dataclass(slots=True)
class Control:
    """What the sandbox does with the next message. `delay` is in seconds; `post_back` is where late receipts go."""

    answer: Answer = Answer.OK
    error: str = "X99"
    reason: str = "Avvist av sandkassen"
    delay: float = 0.2
    post_back: str = ""


class SandboxNav(End):
    """NAV's intake over mutual TLS, at `url` while entered.

    A body that is no MsgHead with an id, or whose seal or signature does not hold, gets 400; one that the schema
    rejects gets a negative receipt. What came sealed is answered sealed. The same MsgId again gets the same receipt,
    and stands in `received` each time, unsealed.
    """

    def __init__(self, certificates: Path, schemas: Path) -> None:
        """Take the folder of certificates, and `mappings/schema`."""
        super().__init__(certificates, "nav", "/emottak")
        self.control = Control()
        self._receipts: dict[str, bytes] = {}
        self._schema = XmlSchema(schemas / "nav/nav.xsd")
        self._pending = Pending()
        self._client = client_context(certificates, "nav")
        self._envelope = Envelope(certificates)

    async def settled(self) -> None:
        """Wait until every late receipt has been posted back."""
        await self._pending.settled()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pending.dropped()
        await super().__aexit__(kind, error, trace)

    async def _take(self, request: web.Request) -> web.Response:
        control = self.control
        if control.answer is Answer.UNAVAILABLE:
            return web.Response(status=503)
        try:
            message = await receive(request, self._schema.faults, self._envelope.unwrap)
        except SealBroken:
            return web.Response(status=400, text="the envelope or the signature does not hold")
        self.received.append(message)
        if control.answer is Answer.SLOW:
            await asyncio.sleep(control.delay)
        receipt = self.receipt(message, control)
        if receipt is None:
            return web.Response(status=400, text="no MsgHead with an id")
        if control.answer in {Answer.LATE, Answer.LATE_REJECTED, Answer.DUPLICATE}:
            self._pending.start(self._post_back(receipt, control.delay, control.post_back))
        if control.answer in {Answer.LATE, Answer.LATE_REJECTED, Answer.NONE}:
            return web.Response(status=202)
        if message.media_type == MEDIA_TYPE:
            return web.Response(body=self._envelope.close(receipt), content_type=MEDIA_TYPE)
        return web.Response(body=receipt, content_type="application/xml")

    def receipt(self, message: Received, control: Control) -> bytes | None:
        """Give the receipt for a message: the one it got before, or a new one."""
        try:
            root = etree.fromstring(message.body, etree.XMLParser(resolve_entities=False, no_network=True))
        except etree.XMLSyntaxError:
            return None
        identity = root.findtext(f"{{{MSGHEAD}}}MsgInfo/{{{MSGHEAD}}}MsgId")
        if root.tag != f"{{{MSGHEAD}}}MsgHead" or not identity:
            return None
        error: tuple[str, str] | None = None
        if message.faults:
            error = ("X99", "Meldingen følger ikke skjemaet")
        elif control.answer in {Answer.REJECTED, Answer.LATE_REJECTED}:
            error = (control.error, control.reason)
        return self._receipts.setdefault(identity, app_rec(root, error))

    async def send(self, base: str, document: bytes) -> None:
        """Post a document of NAV's own to the gateway at `base`."""
        await self.post(f"{base}/nav/messages", self._envelope.close(document), {"Content-Type": MEDIA_TYPE})

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[str, bytes]:
        """Post bytes, and give the media type and the body of the answer."""
        connector = aiohttp.TCPConnector(ssl=self._client)
        async with (
            aiohttp.ClientSession(connector=connector, trust_env=False) as session,
            session.post(url, data=body, headers=headers) as response,
        ):
            response.raise_for_status()
            return response.headers.get("Content-Type", ""), await response.read()

    async def _post_back(self, receipt: bytes, delay: float, url: str) -> None:
        await asyncio.sleep(delay)
        await self.post(url, self._envelope.close(receipt), {"Content-Type": MEDIA_TYPE})


def app_rec(head: etree._Element, error: tuple[str, str] | None = None) -> bytes:
    """Write the AppRec 1.0 for a MsgHead, rejected when there is an error (code and text); parties change sides."""

    def said(path: str) -> str:
        return head.findtext("/".join(f"{{{MSGHEAD}}}{step}" for step in path.split("/"))) or ""

    kind = head.find(f"{{{MSGHEAD}}}MsgInfo/{{{MSGHEAD}}}Type")
    status = {"V": "2", "DN": "Avvist"} if error else {"V": "1", "DN": "OK"}
    receipt = _element(
        "AppRec",
        _element("MsgType", V="APPREC", DN="Applikasjonskvittering"),
        _element("MIGversion", "1.0 2004-11-21"),
        _element("SoftwareName", "Samspill sandbox"),
        _element("GenDate", datetime.now(UTC).isoformat(timespec="seconds")),
        _element("Id", str(uuid4())),
        _element("Sender", _party(head, "Receiver")),
        _element("Receiver", _party(head, "Sender")),
        _element("Status", **status),
        *([_element("Error", V=error[0], S=ERRORS, DN=error[1])] if error else []),
        _element(
            "OriginalMsgId",
            _element("MsgType", **_code(kind)),
            _element("IssueDate", said("MsgInfo/GenDate")),
            _element("Id", said("MsgInfo/MsgId")),
        ),
    )
    return etree.tostring(receipt, xml_declaration=True, encoding="UTF-8")


def _party(head: etree._Element, side: str) -> etree._Element:
    """AppRec's HCP for one side of a MsgHead: its first number as Id, the rest as AdditionalId."""
    name = {"m": MSGHEAD}
    organisation = head.find(f"m:MsgInfo/m:{side}/m:Organisation", name)
    parts = [] if organisation is None else [_element("Name", organisation.findtext("m:OrganisationName", "", name))]
    idents = [] if organisation is None else organisation.findall("m:Ident", name)
    for place, ident in enumerate(idents):
        number, code = ident.findtext("m:Id", "", name), _code(ident.find("m:TypeId", name))
        if place == 0:
            parts += [_element("Id", number), _element("TypeId", **code)]
        else:
            parts.append(_element("AdditionalId", _element("Id", number), _element("Type", **code)))
    return _element("HCP", _element("Inst", *parts))


def _code(coded: etree._Element | None) -> dict[str, str]:
    """Give the attributes that AppRec's CS shares with what stands in the MsgHead."""
    return {} if coded is None else {key: str(coded.attrib[key]) for key in ("V", "DN") if key in coded.attrib}


def _element(name: str, *content: etree._Element | str, **attributes: str) -> etree._Element:
    made = etree.Element(f"{{{APPREC}}}{name}", attributes, _DEFAULT)
    for part in content:
        if isinstance(part, str):
            made.text = part
        else:
            made.append(part)
    return made
