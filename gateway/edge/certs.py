"""Example certificates for the demo and the tests, and how they are kept out of production.

One authority, whose key is thrown away once it has signed, and for each actor of the line two certificates: `NAME.pem`
(EC P-256) for TLS as server and client on loopback, and `NAME-signing.pem` (RSA-2048) for XML signatures and sealed
payloads. All carry `ORGANISATION` in subject and issuer (X.509, RFC 5280), by which `is_example` knows them.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.core.errors import ConfigurationError

ORGANISATION: Final = "Samspill example – not for production"  # noqa: RUF001 - the dash is part of the mark
ACTORS: Final = ("gateway", "ehr", "nav", "employer", "coordinator")
VALIDITY: Final = timedelta(days=30 * 365)
BACKDATED: Final = timedelta(days=6 * 365)
"""How long before they are made they are valid from, so that the demo runs where the clock is wrong."""

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def make(directory: Path, now: datetime) -> tuple[Path, ...]:
    """Write a new set into `directory`, valid for 30 years from `now` (aware); give the files, sorted.

    Private keys get mode 600. Raises `ConfigurationError` when a file of the set is there already.
    """
    names = ("ca.pem", *(f"{stem}.{kind}" for stem in _stems() for kind in ("key", "pem")))
    if taken := [name for name in names if (directory / name).exists()]:
        raise ConfigurationError([f"{directory / name}: is there already; choose another folder" for name in taken])
    directory.mkdir(parents=True, exist_ok=True)
    authority = _Authority(now)
    _write(directory / "ca.pem", authority.certificate.public_bytes(Encoding.PEM))
    for stem in _stems():
        key: PrivateKey = (
            rsa.generate_private_key(65537, 2048)
            if stem.endswith("-signing")
            else ec.generate_private_key(ec.SECP256R1())
        )
        _write(directory / f"{stem}.key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        _write(directory / f"{stem}.pem", authority.issue(stem, key).public_bytes(Encoding.PEM))
    return tuple(sorted(directory / name for name in names))


def is_example(certificate: x509.Certificate) -> bool:
    """Whether it is one of an example set, or was issued by an example authority."""
    names = (certificate.subject, certificate.issuer)
    return any(
        part.value == ORGANISATION for name in names for part in name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    )


def examples(files: Iterable[Path]) -> list[str]:
    """Give a fault for each PEM file with an example certificate in it, and for each that cannot be read."""
    faults = []
    for file in files:
        try:
            certificates = x509.load_pem_x509_certificates(file.read_bytes())
        except (OSError, ValueError):
            faults.append(f"{file}: cannot be read as certificates in PEM")
            continue
        if any(map(is_example, certificates)):
            faults.append(f"{file}: is an example certificate, whose key is public; use your own outside the demo")
    return faults


def private_copy(source: Path, directory: Path) -> Path:
    """Copy a set to where only its owner may read the keys, as a checkout cannot keep modes; give `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    for file in sorted([*source.glob("*.pem"), *source.glob("*.key")]):
        shutil.copyfile(file, directory / file.name)
        (directory / file.name).chmod(0o600)
    return directory


def _stems() -> Iterator[str]:
    for actor in ACTORS:
        yield from (actor, f"{actor}-signing")


def _write(file: Path, content: bytes) -> None:
    mode = 0o600 if file.suffix == ".key" else 0o644
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
        opened.write(content)


@dataclass(slots=True, init=False)
class _Authority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    now: datetime

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = _name("example authority")
        builder = self._builder(name, name, self.key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        self.certificate = builder.sign(self.key, hashes.SHA256())

    def issue(self, stem: str, key: PrivateKey) -> x509.Certificate:
        builder = self._builder(_name(stem), self.certificate.subject, key)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        if isinstance(key, rsa.RSAPrivateKey):
            usage = _usage(digital_signature=True, content_commitment=True, key_encipherment=True)
            return builder.add_extension(usage, critical=True).sign(self.key, hashes.SHA256())
        loopback = [x509.DNSName("localhost"), *(x509.IPAddress(ip_address(a)) for a in ("127.0.0.1", "::1"))]
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(_usage(digital_signature=True), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        return builder.add_extension(x509.SubjectAlternativeName(loopback), critical=False).sign(
            self.key, hashes.SHA256()
        )

    def _builder(self, subject: x509.Name, issuer: x509.Name, key: PrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - BACKDATED)
            .not_valid_after(self.now + VALIDITY)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )


def _name(common: str) -> x509.Name:
    organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION)
    return x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(**allowed: bool) -> x509.KeyUsage:
    every = [
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ]
    return x509.KeyUsage(**{one: allowed.get(one, False) for one in every})
