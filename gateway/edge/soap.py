"""The envelope of RIV-TA calls (Basic Profile 2.1: SOAP 1.1 with the logical address in its header), and their answers.

A call's body is opened where its format is read; here it is closed for who provides a service, and answered as
ResultType has it: whatever is neither OK nor INFO was not done.
"""

from collections.abc import Sequence
from typing import Any, Final

from lxml import etree

from gateway.core.crowded import crowded
from gateway.core.errors import ChannelError, Issue, Rejected, Uncertain, Unreachable

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
REGISTRY: Final = "urn:riv:itintegration:registry:1"
RESULT: Final = "urn:riv:clinicalprocess:healthcond:certificate:3"
LISTS: Final = "urn:riv:clinicalprocess:healthcond:rehabilitation:"
MEDIA_TYPE: Final = "text/xml"
OK, INFO, ERROR = "OK", "INFO", "ERROR"
VALIDATION, APPLICATION, TECHNICAL = "VALIDATION_ERROR", "APPLICATION_ERROR", "TECHNICAL_ERROR"
LONGEST: Final = 1000


def close(body: bytes, address: str) -> bytes:
    """Put a call into an envelope for a logical address."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP})
    header = etree.SubElement(envelope, f"{{{SOAP}}}Header")
    etree.SubElement(header, f"{{{REGISTRY}}}LogicalAddress", nsmap=_default(REGISTRY)).text = address
    etree.SubElement(envelope, f"{{{SOAP}}}Body").append(etree.fromstring(body, _parser()))
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def wrap(body: bytes) -> bytes:
    """Put an answer into an envelope."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP})
    etree.SubElement(envelope, f"{{{SOAP}}}Body").append(etree.fromstring(body, _parser()))
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def content(document: bytes) -> Any:
    """Give the call (or the answer) in a document, in an envelope or bare; nothing when there is none, or a fault."""
    root = _root(document)
    if root is not None and root.tag == f"{{{SOAP}}}Envelope":
        body = root.find(f"{{{SOAP}}}Body")
        root = body[0] if body is not None and len(body) else None
    return None if root is None or not etree.QName(root).namespace or root.tag == f"{{{SOAP}}}Fault" else root


def header(document: bytes, name: str) -> Any:
    """Give the one element of a name in the header of an envelope; nothing when there is none, or several."""
    root = _root(document)
    found = [] if root is None else root.findall(f"{{{SOAP}}}Header/{name}")
    return found[0] if len(found) == 1 else None


def _root(document: bytes) -> Any:
    if crowded(document):
        return None
    try:
        root = etree.fromstring(document, _parser())
    except (etree.XMLSyntaxError, ValueError):
        return None
    about: Any = root.getroottree().docinfo
    return None if about.doctype else root


def action(sent: bytes) -> str:
    """Give the SOAPAction of a call: its namespace and its name."""
    call = content(sent)
    return "" if call is None else f"{etree.QName(call).namespace}:{etree.QName(call).localname}"


def failure(answer: bytes) -> ChannelError | None:
    """Give what the answer to a call means for its message; nothing when it was done.

    A technical error was not done and may be sent again; an answer that cannot be read leaves it open.
    """
    call = content(answer)
    code = None if call is None else call.findtext(f".//{{{RESULT}}}resultCode")
    if code in (OK, INFO):
        return None
    if code != ERROR or call is None:
        return Uncertain("the service gave no result that could be read")
    if call.findtext(f".//{{{RESULT}}}errorId") == TECHNICAL:
        return Unreachable("the service had a technical error, and did nothing")
    return Rejected("the service refused the call")


def answer(sent: bytes, issues: Sequence[Issue] = (), error: str = VALIDATION) -> bytes:
    """Answer a call: OK, or an error with every reason.

    One that cannot be read gets a SOAP fault, and so does one whose answer has no result of this type.
    """
    call = content(sent)
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP})
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    told = "; ".join(map(str, issues))[:LONGEST]
    if call is None or etree.QName(call).namespace.startswith(LISTS):
        fault = etree.SubElement(body, f"{{{SOAP}}}Fault")
        etree.SubElement(fault, "faultcode").text = "soapenv:Client"
        etree.SubElement(fault, "faultstring").text = told or "there is no call here"
        return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
    name = etree.QName(call)
    response = etree.SubElement(
        body, f"{{{name.namespace}}}{name.localname}Response", nsmap=_default(name.namespace or "")
    )
    result = etree.SubElement(response, f"{{{name.namespace}}}result")
    etree.SubElement(result, f"{{{RESULT}}}resultCode").text = ERROR if issues else OK
    if issues:
        etree.SubElement(result, f"{{{RESULT}}}resultText").text = told
        etree.SubElement(result, f"{{{RESULT}}}errorId").text = error
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def _default(namespace: str) -> Any:
    return {None: namespace}


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
