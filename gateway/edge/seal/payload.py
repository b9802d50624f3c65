"""A message as NAV's transport carries it: signed, then compressed if agreed, then sealed; and back in the other order.

Source: NAV's ebXML payload rules (out: XML-DSig, gzip, CMS; in: CMS, gunzip, verify). Whatever fails on the way in, the
peer is told the same.
"""

import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509

from gateway.edge.seal import SealBroken, cms, xmldsig
from gateway.edge.seal.keys import Key

MEDIA_TYPE = "application/pkcs7-mime"

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's wbits for a gzip header and checksum


@dataclass(frozen=True, slots=True)
class Peer:
    """What the registry says about sealing for, and signatures from, one party; certificates already found trusted."""

    signers: Sequence[x509.Certificate]
    recipients: Sequence[x509.Certificate]
    compress: bool = False
    legacy: bool = False


def close(xml: bytes, key: Key, peer: Peer) -> bytes:
    """Sign, compress and seal an XML message for `peer`."""
    return wrap(xmldsig.sign(xml, key), peer)


def wrap(signed: bytes, peer: Peer) -> bytes:
    """Compress and seal for `peer`."""
    return cms.seal(gzip.compress(signed, mtime=0) if peer.compress else signed, peer.recipients)


def open_(raw: bytes, keys: Sequence[Key], peer: Peer) -> bytes:
    """Unseal, decompress and verify; give the canonical bytes that `peer` signed. Raises `SealBroken`."""
    return verify(unwrap(raw, keys, peer), peer)


def unwrap(raw: bytes, keys: Sequence[Key], peer: Peer) -> bytes:
    """Unseal and decompress. Raises `SealBroken`."""
    return _gunzip(cms.unseal(raw, keys, legacy=peer.legacy))


def verify(signed: bytes, peer: Peer) -> bytes:
    """Give the canonical bytes that `peer` signed. Raises `SealBroken`."""
    return xmldsig.verify(signed, peer.signers)


def _gunzip(raw: bytes) -> bytes:
    """Decompress what is compressed, to no more than a message may be."""
    if not raw.startswith(_GZIP_MAGIC):
        return raw
    inflate = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = inflate.decompress(raw, xmldsig.LARGEST + 1)
    except zlib.error as error:
        raise SealBroken("the content cannot be decompressed") from error
    if len(plain) > xmldsig.LARGEST or not inflate.eof or inflate.unused_data:
        raise SealBroken("the content is too large, cut off or followed by something")
    return plain
