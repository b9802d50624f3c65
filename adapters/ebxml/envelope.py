"""The SOAP envelope of ebMS 2.0: MessageHeader, AckRequested, Acknowledgment, ErrorList, MessageOrder, SyncReply.

Errors stand at an XPointer, as an ErrorList has it (ebMS § 4.2.3.2.2). A signature in the header is left to whoever
checks it: `gateway.edge.seal.soap`.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from lxml import etree

from gateway.core.ebxml import Code, EbmsError, EbmsProblem, Header, Message, PartyId

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
EB: Final = "http://www.oasis-open.org/committees/ebxml-msg/schema/msg-header-2_0.xsd"
XLINK: Final = "http://www.w3.org/1999/xlink"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
TO_PARTY: Final = "urn:oasis:names:tc:ebxml-msg:actor:toPartyMSH"
NEXT: Final = "http://schemas.xmlsoap.org/soap/actor/next"
LARGEST: Final = 1024 * 1024
VERSION: Final = "2.0"

_S, _E, _X = f"{{{SOAP}}}", f"{{{EB}}}", f"{{{XLINK}}}"
_HEADERS: Final = frozenset(
    _E + name for name in ("MessageHeader", "AckRequested", "Acknowledgment", "ErrorList", "MessageOrder", "SyncReply")
) | {f"{{{DS}}}Signature"}
_LONGEST: Final = 256


def read(envelope: bytes) -> Message:
    """Read an envelope. Raises `EbmsProblem` with every error at once."""
    root = _root(envelope)
    header, body = root.find(_S + "Header"), root.find(_S + "Body")
    if root.tag != _S + "Envelope" or header is None or body is None:
        raise _problem(Code.OTHER_XML, "/Envelope", "this is no SOAP 1.1 envelope with a header and a body")
    faults: list[EbmsError] = list(_not_understood(header))
    found = header.findall(_E + "MessageHeader")
    if len(found) != 1:
        raise _problem(Code.OTHER_XML, "//MessageHeader", "there is not one MessageHeader")
    message_header = _header(found[0], faults)
    acks = header.findall(_E + "Acknowledgment")
    requested = header.findall(_E + "AckRequested")
    message = Message(
        header=message_header,
        ack_requested=bool(requested),
        ack_signed=any(_attribute(one, "signed") in {"true", "1"} for one in requested),
        sync_reply=header.find(_E + "SyncReply") is not None,
        acknowledges=_text(acks[0], "RefToMessageId") if acks else "",
        errors=tuple(_error(one) for one in header.iterfind(f"{_E}ErrorList/{_E}Error")),
        sequence=_sequence(header, faults),
        references=tuple(_references(body, faults)),
    )
    if faults:
        raise EbmsProblem(faults)
    return message


def _root(envelope: bytes) -> Any:
    if len(envelope) > LARGEST:
        raise _problem(Code.OTHER_XML, "/Envelope", "the envelope is larger than is read here")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root: Any = etree.fromstring(envelope.lstrip(), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise _problem(Code.OTHER_XML, "/Envelope", "the envelope is not well-formed XML") from None
    if root.getroottree().docinfo.doctype:
        raise _problem(Code.OTHER_XML, "/Envelope", "the envelope has a DOCTYPE")
    return root


def _not_understood(header: Any) -> Iterator[EbmsError]:
    """SOAP 1.1 § 4.2.3: what must be understood, and is not, refuses the message."""
    for block in header.iterchildren(etree.Element):
        if block.tag not in _HEADERS and block.get(_S + "mustUnderstand") in {"1", "true"}:
            what = "a header block that must be understood is not known here"
            yield EbmsError(Code.NOT_SUPPORTED, "//Header/*", what)
        version = _attribute(block, "version")
        if block.tag.startswith(_E) and version and version != VERSION:
            yield EbmsError(Code.NOT_SUPPORTED, f"//{_name(block)}/@version", "ebMS 2.0 is what is spoken here")


def _header(element: Any, faults: list[EbmsError]) -> Header:
    data = element.find(_E + "MessageData")
    data = element if data is None else data

    def demanded(parent: Any, name: str) -> str:
        value = _text(parent, name)
        if not value or len(value) > _LONGEST:
            place = f"//{_name(parent)}/{name}"
            faults.append(EbmsError(Code.OTHER_XML, place, f"{name} is missing, or longer than {_LONGEST} characters"))
        return value[:_LONGEST]

    service = element.find(_E + "Service")
    return Header(
        sender=_parties(element, "From", faults),
        receiver=_parties(element, "To", faults),
        sender_role=_text(element, f"From/{_E}Role"),
        receiver_role=_text(element, f"To/{_E}Role"),
        cpa=demanded(element, "CPAId"),
        conversation=demanded(element, "ConversationId"),
        service=demanded(element, "Service"),
        service_kind="" if service is None else _attribute(service, "type"),
        action=demanded(element, "Action"),
        message_id=demanded(data, "MessageId"),
        timestamp=_moment(demanded(data, "Timestamp"), "Timestamp", faults) or datetime.fromtimestamp(0, UTC),
        ref_to=_text(data, "RefToMessageId"),
        expires=_moment(_text(data, "TimeToLive"), "TimeToLive", faults),
        eliminate_duplicates=element.find(_E + "DuplicateElimination") is not None,
    )


def _parties(element: Any, side: str, faults: list[EbmsError]) -> tuple[PartyId, ...]:
    found = tuple(
        PartyId(_attribute(one, "type"), (one.text or "").strip())
        for one in element.iterfind(f"{_E}{side}/{_E}PartyId")
    )
    if not found or not all(one.value for one in found):
        faults.append(EbmsError(Code.OTHER_XML, f"//MessageHeader/{side}/PartyId", "a party's number is missing"))
    return found


def _moment(text: str, name: str, faults: list[EbmsError]) -> datetime | None:
    """Read a time; one without a zone is in UTC, as ebMS § 3.1.6.2 has it. More than six decimals are cut."""
    if not text:
        return None
    whole, dot, rest = text.partition(".")
    decimals = len(rest) - len(rest.lstrip("0123456789"))
    try:
        moment = datetime.fromisoformat(whole + dot + rest[: min(decimals, 6)] + rest[decimals:])
    except ValueError:
        faults.append(EbmsError(Code.VALUE_NOT_RECOGNIZED, f"//MessageData/{name}", f"{name} is not a time"))
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _sequence(header: Any, faults: list[EbmsError]) -> int | None:
    stated = header.findtext(f"{_E}MessageOrder/{_E}SequenceNumber")
    if stated is None:
        return None
    if not (stated.strip().isascii() and stated.strip().isdigit()) or len(stated.strip()) > len("99999999"):
        place = "//MessageOrder/SequenceNumber"
        faults.append(EbmsError(Code.VALUE_NOT_RECOGNIZED, place, "the sequence number is not one of 0 to 99999999"))
        return None
    return int(stated)


def _references(body: Any, faults: list[EbmsError]) -> Iterator[str]:
    for reference in body.iterfind(f"{_E}Manifest/{_E}Reference"):
        href = reference.get(_X + "href") or ""
        if not href.startswith("cid:"):
            place = "//Manifest/Reference/@href"
            faults.append(EbmsError(Code.NOT_SUPPORTED, place, "a reference leads out of the message"))
        yield href.removeprefix("cid:")


def _error(element: Any) -> EbmsError:
    return EbmsError(
        _attribute(element, "errorCode"),
        _attribute(element, "location"),
        _text(element, "Description"),
        _attribute(element, "severity") != "Warning",
    )


def _text(parent: Any, name: str) -> str:
    return (parent.findtext(_E + name) or "").strip()


def _attribute(element: Any, name: str) -> str:
    """Give an attribute, qualified as the schema has it, or not as some write it."""
    return (element.get(_E + name) or element.get(name) or "").strip()


def _name(element: Any) -> str:
    return str(etree.QName(element).localname)


def _problem(code: Code, place: str, what: str) -> EbmsProblem:
    return EbmsProblem([EbmsError(code, place, what)])


def write(message: Message) -> bytes:
    """Write the envelope, in the order of the schema."""
    root = etree.Element(_S + "Envelope", nsmap={"SOAP": SOAP, "eb": EB, "xlink": XLINK})
    header = etree.SubElement(root, _S + "Header")
    body = etree.SubElement(root, _S + "Body")
    _write_header(header, message.header)
    if message.sequence is not None:
        order = _block(header, "MessageOrder")
        _child(order, "SequenceNumber", str(message.sequence))
    if message.ack_requested:
        requested = _block(header, "AckRequested")
        requested.set(_S + "actor", TO_PARTY)
        requested.set(_E + "signed", "true" if message.ack_signed else "false")
    if message.sync_reply:
        _block(header, "SyncReply").set(_S + "actor", NEXT)
    if message.acknowledges:
        _write_acknowledgment(header, message)
    if message.errors:
        _write_errors(header, message.errors)
    if message.references:
        manifest = etree.SubElement(body, _E + "Manifest", {_E + "version": VERSION})
        for cid in message.references:
            etree.SubElement(manifest, _E + "Reference", {_X + "href": f"cid:{cid}", _X + "type": "simple"})
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _write_header(parent: Any, header: Header) -> None:
    element = _block(parent, "MessageHeader")
    for side, ids, role in (("From", header.sender, header.sender_role), ("To", header.receiver, header.receiver_role)):
        party = etree.SubElement(element, _E + side)
        _write_ids(party, ids)
        if role:
            _child(party, "Role", role)
    _child(element, "CPAId", header.cpa)
    _child(element, "ConversationId", header.conversation)
    service = _child(element, "Service", header.service)
    if header.service_kind:
        service.set(_E + "type", header.service_kind)
    _child(element, "Action", header.action)
    data = etree.SubElement(element, _E + "MessageData")
    _child(data, "MessageId", header.message_id)
    _child(data, "Timestamp", _utc(header.timestamp))
    if header.ref_to:
        _child(data, "RefToMessageId", header.ref_to)
    if header.expires:
        _child(data, "TimeToLive", _utc(header.expires))
    if header.eliminate_duplicates:
        etree.SubElement(element, _E + "DuplicateElimination")


def _write_acknowledgment(parent: Any, message: Message) -> None:
    element = _block(parent, "Acknowledgment")
    element.set(_S + "actor", TO_PARTY)
    _child(element, "Timestamp", _utc(message.header.timestamp))
    _child(element, "RefToMessageId", message.acknowledges)
    _write_ids(etree.SubElement(element, _E + "From"), message.header.sender)


def _write_errors(parent: Any, errors: Sequence[EbmsError]) -> None:
    element = _block(parent, "ErrorList")
    element.set(_E + "highestSeverity", "Error" if any(one.severe for one in errors) else "Warning")
    for one in errors:
        error = etree.SubElement(element, _E + "Error")
        error.set(_E + "errorCode", one.code)
        error.set(_E + "severity", "Error" if one.severe else "Warning")
        if one.location:
            error.set(_E + "location", one.location)
        if one.description:
            _child(error, "Description", one.description).set("{http://www.w3.org/XML/1998/namespace}lang", "en")


def _write_ids(parent: Any, ids: Sequence[PartyId]) -> None:
    for one in ids:
        party = _child(parent, "PartyId", one.value)
        if one.kind:
            party.set(_E + "type", one.kind)


def _block(parent: Any, name: str) -> Any:
    return etree.SubElement(parent, _E + name, {_S + "mustUnderstand": "1", _E + "version": VERSION})


def _child(parent: Any, name: str, text: str) -> Any:
    child = etree.SubElement(parent, _E + name)
    child.text = text
    return child


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
