"""Keys and certificates made for the run, and one message in NAV's shape with an invented person."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.edge.seal.keys import Key, key

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Actor:
    key: Key

    @property
    def certificate(self) -> x509.Certificate:
        return self.key.certificate

    @property
    def key_pem(self) -> bytes:
        return self.key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def make_certificate(private, name="Fjellvik legekontor", start=NOW - timedelta(days=100), days=365):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(private.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(start)
    builder = builder.not_valid_after(start + timedelta(days=days))
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
    return builder.sign(private, hashes.SHA256())


def make_actor(name, **validity) -> Actor:
    private = rsa.generate_private_key(65537, 2048)
    return Actor(key(private, make_certificate(private, name, **validity)))


MESSAGE = """<?xml version="1.0" encoding="UTF-8"?>
<MsgHead xmlns="http://www.kith.no/xmlstds/msghead/2006-05-24" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <MsgInfo>
    <Type V="SYKMELD" DN="Medisinsk vurdering av arbeidsmulighet ved sykdom"/>
    <GenDate>2026-03-02T12:00:00</GenDate>
    <MsgId>5f1d5ac8-0001-4f00-9c00-000000000001</MsgId>
    <Patient><FamilyName>Prøvesen</FamilyName><GivenName>Test &amp; Øve</GivenName></Patient>
  </MsgInfo>
  <Document>
    <RefDoc><MsgType V="XML" DN="XML-instans"/><Content>
      <HelseOpplysningerArbeidsuforhet xmlns="http://www.kith.no/xmlstds/helseopplysningerarbeidsuforhet/2013-10-01">
        <Aktivitet><Periode><PeriodeFOMDato>2026-03-02</PeriodeFOMDato></Periode></Aktivitet>
      </HelseOpplysningerArbeidsuforhet>
    </Content></RefDoc>
  </Document>
</MsgHead>
""".encode()
