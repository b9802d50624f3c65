"""What signing, verifying, sealing and opening cost beside the bare library calls that do the cryptography in them."""

import base64
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID
from lxml import etree
from xmlsec import constants as xs

from gateway.bench import Ratio
from gateway.edge.seal import cms, xmldsig
from gateway.edge.seal.keys import Key, key

LIMIT: Final = 1.3
SIZE: Final = 10_000
"""Bytes of the message, about those of a real sykmelding."""
ROUNDS: Final = 25
_DS = "{http://www.w3.org/2000/09/xmldsig#}"


def run() -> list[Ratio]:
    """Measure the four in one run; each pair turn by turn, so that both meet the same noise."""
    ours = _key()
    message = _message()
    signed = xmldsig.sign(message, ours)
    sealed = cms.seal(signed, [ours.certificate])
    pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "sign XML": (lambda: xmldsig.sign(message, ours), lambda: _bare_sign(message, ours)),
        "verify XML": (lambda: xmldsig.verify(signed, [ours.certificate]), lambda: _bare_verify(signed, ours)),
        "seal CMS": (lambda: cms.seal(signed, [ours.certificate]), lambda: _bare_seal(signed, ours)),
        "open CMS": (lambda: cms.unseal(sealed, [ours]), lambda: _bare_open(sealed, ours)),
    }
    return [Ratio(name, *_measured(*pair), LIMIT) for name, pair in pairs.items()]


def _measured(ours: Callable[[], object], reference: Callable[[], object]) -> tuple[float, float]:
    """Give the least seconds of each over all rounds, which is what the work costs when nothing disturbs it."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for kept, call in zip(times, (ours, reference), strict=True):
            began = time.perf_counter()
            call()
            kept.append(time.perf_counter() - began)
    return min(times[0]), min(times[1])


def _bare_sign(message: bytes, ours: Key) -> bytes:
    document = etree.fromstring(message)
    node = xmlsec.template.create(document, xs.TransformInclC14N, xs.TransformRsaSha256, ns="ds")
    document.append(node)
    reference = xmlsec.template.add_reference(node, xs.TransformSha256, uri="")
    xmlsec.template.add_transform(reference, xs.TransformEnveloped)
    context = xmlsec.SignatureContext()
    context.key = ours.xml
    context.sign(node)
    info = etree.SubElement(etree.SubElement(node, _DS + "KeyInfo"), _DS + "X509Data")
    certificate = ours.certificate.public_bytes(Encoding.DER)
    etree.SubElement(info, _DS + "X509Certificate").text = base64.b64encode(certificate).decode()
    return etree.tostring(document.getroottree(), xml_declaration=True, encoding="UTF-8")


def _bare_verify(signed: bytes, ours: Key) -> bytes:
    """Verify, and canonicalise what was verified, which a verifier that is safe against wrapping must give."""
    document = etree.fromstring(signed)
    context = xmlsec.SignatureContext()
    context.key = ours.xml
    context.verify(document[-1])
    document.remove(document[-1])
    return etree.tostring(document.getroottree(), method="c14n")


def _bare_seal(data: bytes, ours: Key) -> bytes:
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(data).set_content_encryption_algorithm(algorithms.AES256)
    return builder.add_recipient(ours.certificate).encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def _bare_open(sealed: bytes, ours: Key) -> bytes:
    return pkcs7.pkcs7_decrypt_der(sealed, ours.certificate, ours.private, [])


def _key() -> Key:
    private = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=365))
    return key(private, builder.sign(private, hashes.SHA256()))


def _message() -> bytes:
    period = "<Periode><PeriodeFOMDato>2026-03-02</PeriodeFOMDato><PeriodeTOMDato>2026-03-16</PeriodeTOMDato></Periode>"
    namespace = etree.QName(xmldsig.SIGNED[0]).namespace
    return f'<MsgHead xmlns="{namespace}">{period * (SIZE // len(period))}</MsgHead>'.encode()
