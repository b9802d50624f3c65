"""Collaboration-protocol agreements (CPA 2.0) as data: who sends what to whom, where, how often again, how packed.

Reads what CPPA 2.0 § 8 and 9 define and NAV's and NHN's registers write, whatever the prefixes.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from lxml import etree

from gateway.core.ebxml import ActionBinding, Agreement, AgreementParty, DeliveryChannel, PartyId
from gateway.core.errors import Issue, NotAcceptable

CPPA: Final = "http://www.oasis-open.org/committees/ebxml-cppa/schema/cpp-cpa-2_0.xsd"
LARGEST: Final = 4 * 1024 * 1024
TWO: Final = 2
_C = f"{{{CPPA}}}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_DURATION = re.compile(r"P(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?\Z")


def read_agreement(raw: bytes) -> Agreement:
    """Read an agreement. Raises `NotAcceptable` with every fault at its place."""
    root = _root(raw)
    faults: list[Issue] = []
    reading = _Reading(root, faults)
    infos = root.findall(_C + "PartyInfo")
    if len(infos) != TWO:
        faults.append(Issue("structure", "/CollaborationProtocolAgreement", "an agreement is between two parties"))
    parties = [reading.party(info, f"/PartyInfo[{number}]") for number, info in enumerate(infos, 1)]
    start, end = (reading.moment(name) for name in ("Start", "End"))
    name = _attribute(root, "cpaid")
    if not name:
        faults.append(Issue("required", "/@cpaid", "the agreement has no id"))
    if faults:
        raise NotAcceptable(faults)
    status = root.find(_C + "Status")
    return Agreement(
        id=name,
        status="" if status is None else _attribute(status, "value"),
        start=start,
        end=end,
        parties=(parties[0], parties[1]),
    )


def _root(raw: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(raw[:LARGEST].lstrip(), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise NotAcceptable([Issue("structure", "/", "this is not well-formed XML of a size that is read")]) from None
    if root.tag != _C + "CollaborationProtocolAgreement":
        raise NotAcceptable([Issue("structure", "/", "this is no CollaborationProtocolAgreement of CPPA 2.0")])
    return root


class _Reading:
    """The whole document's packagings, and the channels and certificates of the party that is being read."""

    def __init__(self, root: Any, faults: list[Issue]) -> None:
        self._root, self._faults = root, faults
        self._packings = {_attribute(one, "id"): tuple(_packing(one)) for one in root.iterfind(_C + "Packaging")}
        self._certificates: dict[str, bytes] = {}

    def moment(self, name: str) -> datetime:
        """Give when it begins or ends."""
        try:
            moment = datetime.fromisoformat((self._root.findtext(_C + name) or "").strip())
        except ValueError:
            self._faults.append(Issue("value", f"/{name}", "this is not a time", "write it as in 2026-01-31T00:00:00Z"))
            return datetime.fromtimestamp(0, UTC)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def party(self, info: Any, at: str) -> AgreementParty:
        """Read one PartyInfo."""
        self._certificates = dict(self._read_certificates(info, at))
        channels = dict(self._channels(info, at))
        roles = info.findall(_C + "CollaborationRole")
        references = [one for role in roles for one in role.iterfind(_C + "ApplicationCertificateRef")]
        references += list(info.iter(_C + "EncryptionCertificateRef"))
        sealing = (self._certificate(one, at) for one in references)
        return AgreementParty(
            name=_attribute(info, "partyName"),
            ids=tuple(
                PartyId(_attribute(one, "type"), (one.text or "").strip()) for one in info.iterfind(_C + "PartyId")
            ),
            bindings=tuple(one for role in roles for one in self._bindings(role, channels, at)),
            sealing=tuple(dict.fromkeys(one for one in sealing if one)),
            signing=tuple(dict.fromkeys(one.signing for one in channels.values() if one.signing)),
        )

    def _read_certificates(self, info: Any, at: str) -> Iterator[tuple[str, bytes]]:
        for one in info.iterfind(_C + "Certificate"):
            name = _attribute(one, "certId")
            stated = "".join((one.findtext(".//{*}X509Certificate") or "").split())
            try:
                yield name, base64.b64decode(stated, validate=True)
            except (binascii.Error, ValueError):
                self._faults.append(Issue("value", f"{at}/Certificate", "a certificate is not base64"))

    def _certificate(self, reference: Any, at: str) -> bytes:
        found = self._certificates.get(_attribute(reference, "certId"))
        if found is None:
            self._faults.append(
                Issue("not-found", f"{at}//{_local(reference)}", "there is no certificate with this id")
            )
        return found or b""

    def _channels(self, info: Any, at: str) -> Iterator[tuple[str, DeliveryChannel]]:
        transports = {_attribute(one, "transportId"): one for one in info.iterfind(_C + "Transport")}
        exchanges = {_attribute(one, "docExchangeId"): one for one in info.iterfind(_C + "DocExchange")}
        for one in info.iterfind(_C + "DeliveryChannel"):
            place = f"{at}/DeliveryChannel"
            transport = transports.get(_attribute(one, "transportId"))
            exchange = exchanges.get(_attribute(one, "docExchangeId"))
            if transport is None or exchange is None:
                self._faults.append(
                    Issue("not-found", place, "the channel's transport or document exchange is missing")
                )
                continue
            yield _attribute(one, "channelId"), self._channel(one, transport, exchange, place)

    def _channel(self, channel: Any, transport: Any, exchange: Any, at: str) -> DeliveryChannel:
        characteristics = channel.find(_C + "MessagingCharacteristics")
        binding = exchange.find(_C + "ebXMLSenderBinding")
        reliable = None if binding is None else binding.find(_C + "ReliableMessaging")
        signing = next(exchange.iter(_C + "SigningCertificateRef"), None)

        def said(name: str, default: str) -> str:
            return default if characteristics is None else _attribute(characteristics, name) or default

        return DeliveryChannel(
            protocol=(transport.findtext(f".//{_C}TransportProtocol") or "").strip(),
            endpoints={
                _attribute(one, "type") or "allPurpose": _attribute(one, "uri")
                for one in transport.iter(_C + "Endpoint")
            },
            sync_reply=said("syncReplyMode", "none"),
            ack_requested=said("ackRequested", "perMessage"),
            ack_signature=said("ackSignatureRequested", "perMessage"),
            duplicate_elimination=said("duplicateElimination", "perMessage"),
            retries=None if reliable is None else self._number(reliable, "Retries", at),
            retry_interval=None if reliable is None else self._seconds(reliable, "RetryInterval", at),
            persist=None if binding is None else self._seconds(binding, "PersistDuration", at),
            ordered=reliable is not None and _text(reliable, "MessageOrderSemantics") == "Guaranteed",
            signing=b"" if signing is None else self._certificate(signing, at),
        )

    def _number(self, parent: Any, name: str, at: str) -> int | None:
        stated = _text(parent, name)
        if stated and not (stated.isascii() and stated.isdigit() and len(stated) < len("10000")):
            self._faults.append(Issue("value", f"{at}//{name}", "this is not a whole number below 10000"))
            return None
        return int(stated) if stated else None

    def _seconds(self, parent: Any, name: str, at: str) -> float | None:
        stated = _text(parent, name)
        if not stated:
            return None
        match = _DURATION.match(stated)
        if match is None or not any(match.groups()):
            what, mend = "this is not a length of time in days, hours, minutes and seconds", "as in P4D or PT720M"
            self._faults.append(Issue("value", f"{at}//{name}", what, mend))
            return None
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)

    def _bindings(self, role: Any, channels: dict[str, DeliveryChannel], at: str) -> Iterator[ActionBinding]:
        name, service = role.find(_C + "Role"), role.find(f"{_C}ServiceBinding/{_C}Service")
        for sends, way in ((True, "CanSend"), (False, "CanReceive")):
            for one in role.iter(_C + way):
                action = one.find(_C + "ThisPartyActionBinding")
                if action is None or service is None or name is None:
                    self._faults.append(Issue("structure", f"{at}//{way}", "an action has no role, service or binding"))
                    continue
                wanted = [(ref.text or "").strip() for ref in action.iterfind(_C + "ChannelId")]
                yield ActionBinding(
                    id=_attribute(action, "id"),
                    other=_text(one, "OtherPartyActionBinding"),
                    sends=sends,
                    service=(service.text or "").strip(),
                    service_kind=_attribute(service, "type"),
                    action=_attribute(action, "action"),
                    role=_attribute(name, "name"),
                    channels=tuple(channels[ref] for ref in wanted if ref in channels),
                    packing=self._packings.get(_attribute(action, "packageId"), ()),
                )


def _packing(packaging: Any) -> Iterator[str]:
    """Give the media types that a document is wrapped in, innermost first: compressed, then sealed."""
    for one in packaging.iter(_C + "Encapsulation"):
        yield _attribute(one, "mimetype")


def _attribute(element: Any, name: str) -> str:
    return (element.get(_C + name) or element.get(name) or "").strip()


def _text(parent: Any, name: str) -> str:
    return (parent.findtext(_C + name) or "").strip()


def _local(element: Any) -> str:
    return str(etree.QName(element).localname)
