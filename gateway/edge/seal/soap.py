"""The signature in the header of an ebMS message: over the envelope and over each attachment.

The profile (ebMS 2.0 § 4.1.3, as NAV's agreements have it): Signature stands in the SOAP header; SignedInfo in
inclusive C14N 1.0, rsa-sha256; a Reference with URI "" whose transforms are enveloped-signature, the XPath that leaves
out what is addressed to the next node, and optionally inclusive C14N; a Reference with URI "cid:…" for every
attachment, over its bytes as they are; sha256 throughout; one X509Certificate in KeyInfo, a KeyValue beside it ignored.
What is given back is what was digested and nothing else. Neither sha1 nor another key than the register's is taken.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.edge.seal import SealBroken
from gateway.edge.seal.keys import SMALLEST_RSA, Key
from gateway.edge.seal.xmldsig import decoded, elements, hold_algorithm, parts_of, registered, unique_ids

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
C14N: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED: Final = f"{DS}enveloped-signature"
XPATH: Final = "http://www.w3.org/TR/1999/REC-xpath-19991116"
RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
NEXT: Final = ("urn:oasis:names:tc:ebxml-msg:actor:nextMSH", "http://schemas.xmlsoap.org/soap/actor/next")
LARGEST: Final = 1024 * 1024
LONG: Final = 3

_D, _ACTOR = f"{{{DS}}}", f"{{{SOAP}}}actor"


def expression(prefix: str) -> str:
    """Give the XPath that leaves out what is addressed to the next node, with a prefix for SOAP's namespace."""
    own = " | ".join(f'ancestor-or-self::node()[@{prefix}:actor="{actor}"]' for actor in NEXT)
    return f"not({own})"


def sign(envelope: bytes, attachments: Mapping[str, bytes], key: Key) -> bytes:
    """Give the envelope with a signature at the end of its header; `attachments` are bytes by Content-ID."""
    root = _read(envelope)
    header = _header(root)
    if header.find(_D + "Signature") is not None:
        raise SealBroken("the message is signed already")
    if not root.prefix:
        raise SealBroken("the envelope's namespace has no prefix, which the signature's XPath needs")
    digests = [("", _transforms(root.prefix), _sha256(_kept(_read(envelope))))]
    digests += [(f"cid:{cid}", "", _sha256(body)) for cid, body in attachments.items()]
    references = "".join(
        f'<ds:Reference URI="{uri}">{transforms}<ds:DigestMethod Algorithm="{SHA256}"></ds:DigestMethod>'
        f"<ds:DigestValue>{base64.b64encode(digest).decode()}</ds:DigestValue></ds:Reference>"
        for uri, transforms, digest in digests
    )
    info = (
        f'<ds:SignedInfo xmlns:ds="{DS}"><ds:CanonicalizationMethod Algorithm="{C14N}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{RSA_SHA256}"></ds:SignatureMethod>{references}</ds:SignedInfo>'
    )
    signature = etree.SubElement(header, _D + "Signature", nsmap={"ds": DS})
    signature.append(etree.fromstring(info))
    value = etree.SubElement(signature, _D + "SignatureValue")
    data = etree.SubElement(etree.SubElement(signature, _D + "KeyInfo"), _D + "X509Data")
    certificate = base64.b64encode(key.certificate.public_bytes(Encoding.DER))
    etree.SubElement(data, _D + "X509Certificate").text = certificate.decode()
    signed = key.private.sign(_canonical(elements(signature)[0]), padding.PKCS1v15(), hashes.SHA256())
    value.text = base64.b64encode(signed).decode()
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def verify(envelope: bytes, attachments: Mapping[str, bytes], allowed: Iterable[x509.Certificate]) -> bytes:
    """Give the canonical bytes of the envelope that were signed; go on with those and nothing else.

    `allowed` are the sender's signing certificates from the registry, already found to be trusted and valid.
    Raises `SealBroken` for everything that departs from the profile, and for an attachment that nobody signed.
    """
    root = _read(envelope)
    unique_ids(root)
    found = list(root.iter(_D + "Signature"))
    if len(found) != 1 or found[0].getparent() is not _header(root):
        raise SealBroken("the message has not one signature, in its header")
    info, value, key_info = parts_of(found[0], "SignedInfo", "SignatureValue", "KeyInfo")
    for ignored in key_info.findall(_D + "KeyValue"):
        key_info.remove(ignored)
    _check(registered(found[0], allowed), decoded(value), _canonical(info))
    method, algorithm, *references = elements(info)
    if (method.tag, algorithm.tag) != (_D + "CanonicalizationMethod", _D + "SignatureMethod"):
        raise SealBroken("SignedInfo has other parts than the profile says")
    hold_algorithm(method, C14N)
    hold_algorithm(algorithm, RSA_SHA256)
    stated = dict(map(_reference, references))
    if len(stated) != len(references) or set(stated) != {"", *(f"cid:{cid}" for cid in attachments)}:
        raise SealBroken("the signature is not over the envelope and each attachment once")
    _cut(found[0])
    canonical = _kept(root)
    digests = {"": _sha256(canonical), **{f"cid:{cid}": _sha256(body) for cid, body in attachments.items()}}
    if not all(hmac.compare_digest(digests[uri], stated[uri]) for uri in stated):
        raise SealBroken("the message is not what was digested")
    return canonical


def _read(envelope: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root: Any = etree.fromstring(envelope[: LARGEST + 1].lstrip(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SealBroken("the envelope is not well-formed XML, or too large") from error
    if root.getroottree().docinfo.doctype:
        raise SealBroken("the envelope has a DOCTYPE")
    return root


def _header(root: Any) -> Any:
    header = root.find(f"{{{SOAP}}}Header")
    if root.tag != f"{{{SOAP}}}Envelope" or header is None:
        raise SealBroken("the message is no SOAP envelope with a header")
    return header


def _kept(root: Any) -> bytes:
    """Canonicalise what is not addressed to the next node. The elements are taken out of `root`."""
    for element in [one for one in root.iter(etree.Element) if one.get(_ACTOR) in NEXT]:
        _cut(element)
    return etree.tostring(root.getroottree(), method="c14n", with_comments=False)


def _cut(element: Any) -> None:
    """Take an element out and leave the text after it where it is."""
    parent, before, tail = element.getparent(), element.getprevious(), element.tail or ""
    if parent is None:
        raise SealBroken("the whole envelope is addressed to the next node")
    if before is None:
        parent.text = (parent.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail
    parent.remove(element)


def _canonical(info: Any) -> bytes:
    """Canonicalise SignedInfo as it stands: with every namespace and xml: attribute that is in scope (C14N § 2.4)."""
    alone: Any = etree.fromstring(etree.tostring(info, with_tail=False))
    for ancestor in info.iterancestors():
        for name, value in ancestor.attrib.items():
            if str(name).startswith("{http://www.w3.org/XML/1998/namespace}") and name not in alone.attrib:
                alone.set(name, value)
    return etree.tostring(alone.getroottree(), method="c14n", with_comments=False)


def _transforms(prefix: str) -> str:
    return (
        f'<ds:Transforms><ds:Transform Algorithm="{ENVELOPED}"></ds:Transform><ds:Transform Algorithm="{XPATH}">'
        f"<ds:XPath>{expression(prefix)}</ds:XPath></ds:Transform>"
        f'<ds:Transform Algorithm="{C14N}"></ds:Transform></ds:Transforms>'
    )


def _reference(reference: Any) -> tuple[str, bytes]:
    """Hold a reference against the profile, and give what it is to and the digest that it states."""
    uri = reference.get("URI")
    if reference.tag != _D + "Reference" or uri is None or set(reference.attrib) - {"URI", "Id"}:
        raise SealBroken("SignedInfo has other parts than the profile says")
    parts = elements(reference)
    if uri == "":
        transforms, method, value = parts_of(reference, "Transforms", "DigestMethod", "DigestValue")
        _hold_transforms(elements(transforms))
    elif len(parts) == LONG:
        raise SealBroken("the reference to an attachment has transforms")
    else:
        method, value = parts_of(reference, "DigestMethod", "DigestValue")
    hold_algorithm(method, SHA256)
    return str(uri), decoded(value)


def _hold_transforms(steps: Sequence[Any]) -> None:
    if len(steps) not in {2, 3} or any(step.tag != _D + "Transform" for step in steps):
        raise SealBroken("the reference has other transforms than the profile says")
    hold_algorithm(steps[0], ENVELOPED)
    for step in steps[2:]:
        hold_algorithm(step, C14N)
    (path,) = parts_of(steps[1], "XPath")
    prefixes = [prefix for prefix, uri in path.nsmap.items() if uri == SOAP and prefix]
    said = "".join((path.text or "").split())
    if (
        steps[1].get("Algorithm") != XPATH
        or len(path)
        or said not in ("".join(expression(p).split()) for p in prefixes)
    ):
        raise SealBroken("the reference leaves out something else than the profile says")


def _check(certificate: bytes, signature: bytes, signed: bytes) -> None:
    public = x509.load_der_x509_certificate(certificate).public_key()
    if not isinstance(public, rsa.RSAPublicKey) or public.key_size < SMALLEST_RSA:
        raise SealBroken("the signing key is not RSA of sufficient length")
    try:
        public.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise SealBroken("the signature does not verify") from error


def _sha256(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()
