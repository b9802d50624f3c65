"""XML signatures on messages, in NAV's profile and no other.

The profile: one enveloped signature, the last child of the root; SignedInfo in inclusive C14N 1.0, rsa-sha256; one
Reference with URI "" (the whole document), transforms enveloped-signature and optionally inclusive C14N, sha256; one
X509Certificate in KeyInfo (XML-DSig 2nd ed.; ebXML payload rules of NAV). Signature wrapping does not get through: what
is given back is what was digested and nothing else, the algorithms are an allow-list, and the key comes from the
registry of parties: the certificate in the message only says which of the party's it is.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree
from xmlsec import constants as xs

from gateway.edge.seal import SealBroken
from gateway.edge.seal.keys import SMALLEST_RSA, Key

SIGNED: Final = (
    "{http://www.kith.no/xmlstds/msghead/2006-05-24}MsgHead",
    "{http://www.kith.no/xmlstds/apprec/2004-11-21}AppRec",
    "{http://www.kith.no/xmlstds/apprec/2012-02-15}AppRec",
)
"""The roots of documents that carry a signature: messages, and application receipts 1.0 and 1.1."""
LARGEST: Final = 25 * 1024 * 1024
"""Bytes of XML that are looked at; larger attachments travel beside the message."""

_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_C14N = xs.TransformInclC14N.href
_ENVELOPED = xs.TransformEnveloped.href
_RSA_SHA256 = xs.TransformRsaSha256.href
_SHA256 = xs.TransformSha256.href
_IDS = etree.XPath("//@*[translate(local-name(), 'ID', 'id') = 'id']", smart_strings=False)


def sign(raw: bytes, key: Key) -> bytes:
    """Give the document (UTF-8) with an enveloped signature as the root's last child.

    Raises `SealBroken` when the document is not XML, has another root, or is signed already.
    """
    document = read(raw)
    if next(document.iter(_DS + "Signature"), None) is not None:
        raise SealBroken("the document is signed already")
    # Under a prefix, so that also verifiers built on lxml agree: its inclusive C14N puts a wrong xmlns="" below an
    # element that inherits its default namespace.
    signature = xmlsec.template.create(document, xs.TransformInclC14N, xs.TransformRsaSha256, ns="ds")
    reference = xmlsec.template.add_reference(signature, xs.TransformSha256, uri="")
    xmlsec.template.add_transform(reference, xs.TransformEnveloped)
    if key.xml is None:
        _sign_hidden(document, signature, key)
    else:
        document.append(signature)
        context = xmlsec.SignatureContext()
        context.key = key.xml
        context.sign(signature)
    data = etree.SubElement(etree.SubElement(signature, _DS + "KeyInfo"), _DS + "X509Data")
    certificate = key.certificate.public_bytes(Encoding.DER)
    etree.SubElement(data, _DS + "X509Certificate").text = base64.b64encode(certificate).decode()
    return etree.tostring(document.getroottree(), xml_declaration=True, encoding="UTF-8")


def _sign_hidden(document: etree._Element, signature: etree._Element, key: Key) -> None:
    """Fill in digest and signature with a key that libxmlsec cannot have."""
    digest = hashlib.sha256(etree.tostring(document.getroottree(), method="c14n", with_comments=False)).digest()
    document.append(signature)
    info, value = elements(signature)
    next(info.iter(_DS + "DigestValue")).text = base64.b64encode(digest).decode()
    # Parsed anew, since lxml canonicalises an element in its document with a wrong xmlns="".
    alone = etree.tostring(etree.fromstring(etree.tostring(info, with_tail=False)), method="c14n")
    value.text = base64.b64encode(key.private.sign(alone, PKCS1v15(), SHA256())).decode()


def verify(raw: bytes, allowed: Iterable[x509.Certificate]) -> bytes:
    """Give the canonical bytes that were signed (without the signature); go on with those and nothing else.

    `allowed` are the sender's signing certificates from the registry, already found to be trusted and valid.
    Raises `SealBroken` for everything that departs from the profile.
    """
    document = read(raw)
    signature = _only_signature(document)
    digest = _profile(signature)
    unique_ids(document)
    _check(signature, registered(signature, allowed))
    canonical = _without(document, signature)
    if not hmac.compare_digest(hashlib.sha256(canonical).digest(), digest):
        raise SealBroken("the canonical document is not the one that was digested")
    return canonical


def signable(raw: bytes) -> bool:
    """Whether a document of our own is one that carries a signature."""
    try:
        read(raw)
    except SealBroken:
        return False
    return True


def read(raw: bytes) -> etree._Element:
    """Parse a document from outside, without entities or DOCTYPE; raise `SealBroken` for another root than `SIGNED`."""
    if len(raw) > LARGEST:
        raise SealBroken("the document is too large")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        document = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SealBroken("the document is not well-formed XML") from error
    if document.getroottree().docinfo.internalDTD is not None:
        raise SealBroken("the document has a DOCTYPE")
    if document.tag not in SIGNED:
        raise SealBroken("the document has another root than a signed message")
    return document


def _only_signature(document: etree._Element) -> etree._Element:
    found = list(document.iter(_DS + "Signature"))
    if len(found) != 1:
        raise SealBroken(f"the document has {len(found)} signatures, and not one")
    if found[0] is not elements(document)[-1]:
        raise SealBroken("the signature is not the last child of the root")
    return found[0]


def elements(parent: etree._Element) -> Sequence[etree._Element]:
    """Give the child elements."""
    return list(parent.iterchildren(etree.Element))


def parts_of(parent: etree._Element, *names: str) -> Sequence[etree._Element]:
    """Give the parts of a signature's element, which are to be exactly these. Raises `SealBroken`."""
    children = elements(parent)
    if [child.tag for child in children] != [_DS + name for name in names]:
        raise SealBroken(f"{etree.QName(parent).localname} has other parts than the profile says")
    return children


def hold_algorithm(element: etree._Element, allowed: str) -> None:
    """Raise `SealBroken` for another algorithm, or one with parameters."""
    if element.items() != [("Algorithm", allowed)] or len(element):
        raise SealBroken(f"{etree.QName(element).localname} is not on the allow-list")


def _profile(signature: etree._Element) -> bytes:
    """Hold every part of the signature against the profile, and give the digest that it states."""
    signed_info, _value, _key_info = parts_of(signature, "SignedInfo", "SignatureValue", "KeyInfo")
    c14n, method, reference = parts_of(signed_info, "CanonicalizationMethod", "SignatureMethod", "Reference")
    hold_algorithm(c14n, _C14N)
    hold_algorithm(method, _RSA_SHA256)
    if reference.get("URI") != "" or set(reference.attrib) - {"URI", "Id"}:
        raise SealBroken("the reference is to something else than the whole document")
    transforms, digest_method, digest_value = parts_of(reference, "Transforms", "DigestMethod", "DigestValue")
    hold_algorithm(digest_method, _SHA256)
    steps = elements(transforms)
    if len(steps) not in {1, 2} or any(step.tag != _DS + "Transform" for step in steps):
        raise SealBroken("the reference has other transforms than the profile says")
    for step, allowed in zip(steps, (_ENVELOPED, _C14N), strict=False):
        hold_algorithm(step, allowed)
    return decoded(digest_value)


def decoded(element: etree._Element) -> bytes:
    """Give what stands in an element in base64. Raises `SealBroken`."""
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SealBroken(f"{etree.QName(element).localname} is not base64") from error


def unique_ids(document: etree._Element) -> None:
    """Raise `SealBroken` when two elements claim one Id, in whatever spelling: readers would differ on which."""
    found: Any = _IDS(document)
    if len(set(found)) != len(found):
        raise SealBroken("two elements have the same Id")


def registered(signature: etree._Element, allowed: Iterable[x509.Certificate]) -> bytes:
    """Give the certificate (DER) of `allowed` that a signature names in its KeyInfo. Raises `SealBroken`."""
    (data,) = parts_of(elements(signature)[-1], "X509Data")
    (stated,) = parts_of(data, "X509Certificate")
    der = decoded(stated)
    for certificate in allowed:
        registered = certificate.public_bytes(Encoding.DER)
        if hmac.compare_digest(registered, der):
            return registered
    raise SealBroken("the signing certificate is not one the registry holds for this party")


def _check(signature: etree._Element, certificate: bytes) -> None:
    context = xmlsec.SignatureContext()
    context.key = _public_key(certificate)
    for transform in (xs.TransformEnveloped, xs.TransformInclC14N, xs.TransformSha256):
        context.enable_reference_transform(transform)
    for transform in (xs.TransformInclC14N, xs.TransformRsaSha256):
        context.enable_signature_transform(transform)
    try:
        context.verify(signature)
    except xmlsec.Error as error:
        raise SealBroken("the signature does not verify") from error


@lru_cache(maxsize=256)
def _public_key(certificate: bytes) -> xmlsec.Key:
    public = x509.load_der_x509_certificate(certificate).public_key()
    if not isinstance(public, rsa.RSAPublicKey) or public.key_size < SMALLEST_RSA:
        raise SealBroken("the signing key is not RSA of sufficient length")
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return xmlsec.Key.from_memory(pem, xs.KeyDataFormatPem)


def _without(document: etree._Element, signature: etree._Element) -> bytes:
    """Canonicalise what the enveloped-signature transform leaves: everything but the signature, its tail included."""
    before, tail = signature.getprevious(), signature.tail or ""
    if before is None:
        document.text = (document.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail
    document.remove(signature)
    return etree.tostring(document.getroottree(), method="c14n", with_comments=False)
