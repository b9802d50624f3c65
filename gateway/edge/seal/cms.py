"""CMS: sealing for a recipient (EnvelopedData) and signing bytes (SignedData), RFC 5652.

Written: AES-256-CBC with RSA PKCS #1 v1.5 key transport, and SignedData with signed attributes and sha256.
Read: BER or DER; AES-CBC in all three lengths, 3DES only from a party marked legacy; RSA key transport, PKCS #1 v1.5 or
OAEP.
Not read: AuthEnvelopedData (AES-GCM), key agreement, RSASSA-PSS, elliptic curves.
Every failure to open is the same `SealBroken` to the peer, and a key that does not decrypt is replaced by a random one,
so that its failure looks and costs like any other (RFC 3218 § 2.3.2).
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from gateway.core.errors import ConfigurationError
from gateway.edge.seal import SealBroken, ber
from gateway.edge.seal.ber import INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Node, oid
from gateway.edge.seal.keys import SMALLEST_RSA, Key

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of sealed or signed content that are looked at."""


_DATA, _SIGNED, _ENVELOPED = (oid(f"1.2.840.113549.1.7.{n}") for n in (1, 2, 3))
_CONTENT_TYPE, _MESSAGE_DIGEST = (oid(f"1.2.840.113549.1.9.{n}") for n in (3, 4))
_RSA, _OAEP, _MGF1 = (oid(f"1.2.840.113549.1.1.{n}") for n in (1, 7, 8))
_TRIPLE_DES = oid("1.2.840.113549.3.7")
_AES_CBC = {oid(f"2.16.840.1.101.3.4.1.{n}"): size for n, size in ((2, 16), (22, 24), (42, 32))}
_HASHES: dict[bytes, type[hashes.HashAlgorithm]] = {
    oid("2.16.840.1.101.3.4.2.1"): hashes.SHA256,
    oid("2.16.840.1.101.3.4.2.2"): hashes.SHA384,
    oid("2.16.840.1.101.3.4.2.3"): hashes.SHA512,
}
_OAEP_HASHES: dict[bytes, type[hashes.HashAlgorithm]] = {oid("1.3.14.3.2.26"): hashes.SHA1, **_HASHES}
_RSA_WITH = dict(zip((oid(f"1.2.840.113549.1.1.{n}") for n in (11, 12, 13)), _HASHES.values(), strict=True))
_BROKEN = (ValueError, LookupError, StopIteration, InvalidSignature, UnsupportedAlgorithm)
_EXPLICIT_0, _IMPLICIT_KEY_ID = 0xA0, 0x80


def seal(data: bytes, recipients: Iterable[x509.Certificate]) -> bytes:
    """Encrypt `data` for the recipients' certificates, as DER.

    Raises `ConfigurationError` when there is none, or one whose key is not RSA of sufficient length.
    """
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(data).set_content_encryption_algorithm(algorithms.AES256)
    certificates = tuple(recipients)
    if not certificates:
        raise ConfigurationError(["the recipient has no sealing certificate"])
    for certificate in certificates:
        public = certificate.public_key()
        if not isinstance(public, rsa.RSAPublicKey) or public.key_size < SMALLEST_RSA:
            raise ConfigurationError(["a recipient's sealing certificate holds no RSA key of sufficient length"])
        builder = builder.add_recipient(certificate)
    return builder.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def unseal(raw: bytes, keys: Sequence[Key], *, legacy: bool = False) -> bytes:
    """Decrypt what a peer sealed for one of our keys; `legacy` also reads 3DES.

    Raises `SealBroken`, always with the same words.
    """
    try:
        return _unseal(_content(raw, _ENVELOPED), keys, legacy=legacy)
    except _BROKEN as error:
        raise SealBroken("the envelope cannot be opened") from error


def sign(data: bytes, key: Key, *, detached: bool = False) -> bytes:
    """Sign `data` (sha256, signed attributes, our certificate enclosed), as DER; with `detached`, without the data."""
    options = [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoCapabilities]
    if detached:
        options.append(pkcs7.PKCS7Options.DetachedSignature)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(data)
    return builder.add_signer(key.certificate, key.private, hashes.SHA256()).sign(Encoding.DER, options)


def verify(raw: bytes, allowed: Iterable[x509.Certificate], detached: bytes | None = None) -> bytes:
    """Give the content that was signed by exactly one signer, whose certificate is one of `allowed`.

    `detached` is the content of a detached signature; content must stand in exactly one of the two places.
    A signature without signed attributes is refused, since its content could be taken for attributes.
    Raises `SealBroken`.
    """
    try:
        return _verify(_content(raw, _SIGNED), allowed, detached)
    except _BROKEN as error:
        raise SealBroken("the CMS signature does not hold") from error


def _content(raw: bytes, content_type: bytes) -> Node:
    if len(raw) > LARGEST:
        raise ValueError("too large")
    kind, wrapped = ber.read(raw).expect(SEQUENCE).children
    if kind.expect(OID).content != content_type:
        raise ValueError("another content type")
    (content,) = wrapped.expect(_EXPLICIT_0).children
    return content.expect(SEQUENCE)


def _algorithm(node: Node) -> tuple[bytes, Node | None]:
    kind, *parameters = node.expect(SEQUENCE).children
    return kind.expect(OID).content, parameters[0] if parameters else None


def _unseal(enveloped: Node, keys: Sequence[Key], *, legacy: bool) -> bytes:
    recipients = next(part for part in enveloped.children if part.tag == SET)
    kind, algorithm, encrypted = next(p for p in enveloped.children if p.tag == SEQUENCE).children
    if kind.expect(OID).content != _DATA or encrypted.tag & ~ber.CONSTRUCTED != _IMPLICIT_KEY_ID:
        raise ValueError("another encrypted content")
    cipher, parameters = _algorithm(algorithm)
    if parameters is None:
        raise ValueError("no initialisation vector")
    vector = parameters.expect(OCTET_STRING).content
    size = _AES_CBC.get(cipher, 24 if legacy and cipher == _TRIPLE_DES else 0)
    if not size:
        raise ValueError("an algorithm that is not on the allow-list")
    content_key = _content_key(recipients.children, keys, size)
    block = TripleDES(content_key) if cipher == _TRIPLE_DES else algorithms.AES(content_key)
    decryptor: CipherContext = Cipher(block, modes.CBC(vector)).decryptor()
    padded = decryptor.update(ber.octets(encrypted)) + decryptor.finalize()
    unpadder = PKCS7(block.block_size).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


def _content_key(recipients: Sequence[Node], keys: Sequence[Key], size: int) -> bytes:
    for recipient in recipients:
        if recipient.tag != SEQUENCE:
            continue  # key agreement and others are for somebody else's key
        _version, identifier, algorithm, encrypted = recipient.children
        for key in keys:
            if _identifies(identifier, key.certificate):
                scheme = _key_transport(*_algorithm(algorithm))
                return _decrypted(key, ber.octets(encrypted), scheme, size)
    raise ValueError("sealed for a key that is not ours")


def _decrypted(key: Key, encrypted: bytes, scheme: padding.AsymmetricPadding, size: int) -> bytes:
    try:
        found = key.private.decrypt(encrypted, scheme)
    except ValueError:
        found = b""
    return found if len(found) == size else secrets.token_bytes(size)


def _identifies(identifier: Node, certificate: x509.Certificate) -> bool:
    if identifier.tag == _IMPLICIT_KEY_ID:
        try:
            stated = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        except x509.ExtensionNotFound:
            return False
        return stated == identifier.content
    issuer, serial = identifier.expect(SEQUENCE).children
    number = int.from_bytes(serial.expect(INTEGER).content, "big", signed=True)
    return number == certificate.serial_number and ber.der(issuer) == certificate.issuer.public_bytes()


def _key_transport(scheme: bytes, parameters: Node | None) -> padding.AsymmetricPadding:
    if scheme == _RSA:
        return padding.PKCS1v15()
    if scheme != _OAEP:
        raise ValueError("a key transport that is not on the allow-list")
    digest: type[hashes.HashAlgorithm] = hashes.SHA1
    mask: type[hashes.HashAlgorithm] = hashes.SHA1
    for part in parameters.children if parameters else ():
        (value,) = part.children
        name, inner = _algorithm(value)
        if part.tag == _EXPLICIT_0:
            digest = _OAEP_HASHES[name]
        elif part.tag == _EXPLICIT_0 + 1 and name == _MGF1 and inner is not None:
            mask = _OAEP_HASHES[_algorithm(inner)[0]]
        else:
            raise ValueError("OAEP parameters that are not read")
    return padding.OAEP(padding.MGF1(mask()), digest(), None)


def _verify(signed: Node, allowed: Iterable[x509.Certificate], detached: bytes | None) -> bytes:
    encapsulated = signed.children[2].expect(SEQUENCE).children
    content = _signed_content(encapsulated, detached)
    (signer,) = signed.children[-1].expect(SET).children
    _version, identifier, digest, attributes, method, signature, *_unsigned = signer.expect(SEQUENCE).children
    algorithm = _HASHES[_algorithm(digest)[0]]()
    stated = _attributes(attributes.expect(_EXPLICIT_0))
    if stated[_CONTENT_TYPE] != Node(OID, encapsulated[0].expect(OID).content):
        raise ValueError("the signed content type is another")
    if not hmac.compare_digest(
        stated[_MESSAGE_DIGEST].expect(OCTET_STRING).content, hashlib.new(algorithm.name, content).digest()
    ):
        raise ValueError("the content is not what was digested")
    name = _algorithm(method)[0]
    if name != _RSA and _RSA_WITH.get(name) is not type(algorithm):
        raise ValueError("a signature algorithm that is not on the allow-list")
    public = next(c for c in [*allowed, None] if c is None or _identifies(identifier, c))
    _check_rsa(public, ber.octets(signature), _as_set(attributes), algorithm)
    return content


def _check_rsa(
    certificate: x509.Certificate | None, signature: bytes, signed: bytes, algorithm: hashes.HashAlgorithm
) -> None:
    public = certificate.public_key() if certificate else None
    if not isinstance(public, rsa.RSAPublicKey) or public.key_size < SMALLEST_RSA:
        raise ValueError("the signer is not one the registry holds for this party")
    public.verify(signature, signed, padding.PKCS1v15(), algorithm)


def _signed_content(encapsulated: Sequence[Node], detached: bytes | None) -> bytes:
    if len(encapsulated) == 1 and detached is not None:
        return detached
    if len(encapsulated) == 1 or detached is not None:
        raise ValueError("the content stands in no place, or in two")
    (content,) = encapsulated[1].expect(_EXPLICIT_0).children
    if content.tag & ~ber.CONSTRUCTED != OCTET_STRING:
        raise ValueError("the content is not octets")
    return ber.octets(content)


def _attributes(attributes: Node) -> dict[bytes, Node]:
    """Give the signed attributes by type; each type once and with one value (RFC 5652 § 11)."""
    found: dict[bytes, Node] = {}
    for attribute in attributes.children:
        kind, values = attribute.expect(SEQUENCE).children
        name = kind.expect(OID).content
        if name in found:
            raise ValueError("an attribute stands twice")
        if name in {_CONTENT_TYPE, _MESSAGE_DIGEST}:
            (found[name],) = values.expect(SET).children
    if set(found) != {_CONTENT_TYPE, _MESSAGE_DIGEST}:
        raise ValueError("a mandatory attribute is missing")
    return found


def _as_set(attributes: Node) -> bytes:
    """Give the signed attributes as the SET OF in DER that the signature is over (RFC 5652 § 5.4)."""
    members = sorted(attributes.children, key=ber.der)
    return ber.der(Node(SET, b"", tuple(members)))
