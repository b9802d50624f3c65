"""Our own keys, behind a port that a hardware token fits as well as a file.

`Key.private` is cryptography's abstract `RSAPrivateKey`: a PKCS#11 token implements its `sign` (CKM_RSA_PKCS with a
hash) and `decrypt` (CKM_RSA_PKCS, CKM_RSA_PKCS_OAEP) and refuses `private_bytes`; nothing here asks for the key's
bytes except to hand a key that was read from a file to libxmlsec (`Key.xml`).
"""

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from xmlsec import constants as xs

from gateway.core.errors import ConfigurationError

SMALLEST_RSA = 2048
"""Bits; NIST SP 800-131A rev. 2 § 3 and NAV's certificate policy."""


@dataclass(frozen=True, slots=True)
class Key:
    """A private key and the certificate that goes with it; `xml` is absent for a key whose bytes cannot be had."""

    certificate: x509.Certificate
    private: rsa.RSAPrivateKey
    xml: xmlsec.Key | None


class Keys(Protocol):
    """Which of our keys to use at a moment (aware, UTC)."""

    def signing(self, at: datetime) -> Key:
        """Give the key to sign with. Raises `ConfigurationError` when none is valid."""

    def opening(self, at: datetime) -> tuple[Key, ...]:
        """Give every key that a peer may still seal for, newest first."""


class KeyRing:
    """Keys with overlap on rotation.

    A new key signs once `overlap` has passed since its certificate became valid, so that peers learn of it first,
    or at once when no older key is valid. A replaced or expired key still opens for `overlap` after its expiry, since
    messages sealed for it may be under way.
    """

    def __init__(self, keys: Iterable[Key], overlap: timedelta = timedelta(days=14)) -> None:
        self.keys = tuple(sorted(keys, key=lambda key: key.certificate.not_valid_before_utc, reverse=True))
        self.overlap = overlap

    def signing(self, at: datetime) -> Key:
        """Give the newest settled key, else the newest valid one."""
        valid = [
            key
            for key in self.keys
            if key.certificate.not_valid_before_utc <= at <= key.certificate.not_valid_after_utc
        ]
        settled = [key for key in valid if key.certificate.not_valid_before_utc + self.overlap <= at]
        for key in (*settled, *valid[::-1]):
            return key
        raise ConfigurationError(["no signing key has a certificate that is valid now; renew it"])

    def opening(self, at: datetime) -> tuple[Key, ...]:
        """Give every key whose certificate is valid, or expired less than `overlap` ago."""
        return tuple(
            key
            for key in self.keys
            if key.certificate.not_valid_before_utc <= at <= key.certificate.not_valid_after_utc + self.overlap
        )


def key(private: rsa.RSAPrivateKey, certificate: x509.Certificate, *, hidden: bool = False) -> Key:
    """Join a private key and its certificate; raise `ConfigurationError` when they do not belong together.

    `hidden` is for a key whose bytes cannot be had: in a token, or in another process.
    """
    public = certificate.public_key()
    if not isinstance(public, rsa.RSAPublicKey) or public.public_numbers() != private.public_key().public_numbers():
        raise ConfigurationError(["a private key does not belong to its certificate"])
    if public.key_size < SMALLEST_RSA:
        raise ConfigurationError([f"a key is shorter than {SMALLEST_RSA} bits"])
    return Key(certificate, private, None if hidden else _for_xmlsec(private))


def read_key(key_file: Path, certificate_file: Path, password_file: Path | None = None) -> Key:
    """Read a PEM key and certificate; the password stands in a file, never on a command line.

    Raises `ConfigurationError` that names the file, and refuses a key file that others may read.
    """
    if key_file.exists() and key_file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError([f"{key_file}: others may read this private key; set its mode to 600"])
    try:
        password = password_file.read_bytes().strip() if password_file else None
        private = load_pem_private_key(key_file.read_bytes(), password)
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(
            [f"{key_file}, {certificate_file}: cannot be read as PEM key and certificate"]
        ) from error
    if not isinstance(private, rsa.RSAPrivateKey):
        raise ConfigurationError([f"{key_file}: is not an RSA key"])
    return key(private, certificate)


def read_ring(folder: Path, stem: str, overlap: timedelta = timedelta(days=14)) -> KeyRing:
    """Read `STEM.key` and `STEM.pem`, and during a rotation `STEM-2.key` and so on, as one ring.

    Raises `ConfigurationError` when there is none, or one that cannot be read.
    """
    files = sorted([*folder.glob(f"{stem}.key"), *folder.glob(f"{stem}-[0-9]*.key")])
    if not files:
        raise ConfigurationError([f"{folder / stem}.key: there is no such private key; put it there, with mode 600"])
    return KeyRing([read_key(file, file.with_suffix(".pem")) for file in files], overlap)


def _for_xmlsec(private: rsa.RSAPrivateKey) -> xmlsec.Key:
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return xmlsec.Key.from_memory(pem, xs.KeyDataFormatPem)
