"""Client certificates: a party known by its own, and a token bound to one (RFC 8705)."""

import base64
import hashlib
import hmac

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.edge.identity import Unidentified


def read(pem: str | bytes) -> x509.Certificate:
    """Read the one certificate that the TLS server, or the proxy before it, saw; raise `Unidentified` for all else."""
    raw = pem.encode() if isinstance(pem, str) else pem
    try:
        (certificate,) = x509.load_pem_x509_certificates(raw)
    except (ValueError, x509.InvalidVersion):
        raise Unidentified("the client certificate cannot be read") from None
    return certificate


def thumbprint(certificate: x509.Certificate) -> str:
    """Give `x5t#S256`: the SHA-256 of the certificate in base64url without padding (RFC 8705 § 3.1)."""
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def check(bound_to: object, certificate: x509.Certificate | None) -> None:
    """Raise `Unidentified` unless the connection was made with the certificate that the token is bound to."""
    if certificate is None:
        raise Unidentified("the token is bound to a client certificate, and the connection has none")
    if not isinstance(bound_to, str) or not bound_to.isascii():
        raise Unidentified("the token is bound to something that is no certificate")
    if not hmac.compare_digest(bound_to, thumbprint(certificate)):
        raise Unidentified("the token is bound to another client certificate")
