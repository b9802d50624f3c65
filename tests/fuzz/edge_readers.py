"""The readers of seals, signatures, tokens, certificates, registers, pleas and searches, as targets."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import parse_qsl

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID
from joserfc import jws
from joserfc.jwk import ECKey, KeySet
from parsers import Target, examples

from gateway.core.errors import NotAcceptable
from gateway.edge.glass import plea_of
from gateway.edge.http import consent_search
from gateway.edge.http.faults import HttpFault
from gateway.edge.identity import Unidentified, dpop, mtls
from gateway.edge.identity.tokens import Expected, peek, public_keys, validate
from gateway.edge.seal import SealBroken, cms, helseid, payload, xmldsig
from gateway.edge.seal.keys import Key, key
from gateway.edge.trust import Revocation, Untrusted

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "k1"}
CLAIMS = {
    "iss": "https://i",
    "aud": "a",
    "iat": AT - 9,
    "exp": AT + 200,
    "sub": "x",
    "scope": "system/Bundle.c",
    "cnf": {},
}
EXPECTED = Expected("https://i", frozenset({"a"}), frozenset({"ES256"}), frozenset({"at+jwt", ""}), 600)
QUERY = b"patient=0123456789abcdef0123456789abcdef&status=active&date=ge2026&_count=5"


def edge_read() -> dict[str, Target]:
    """Give the targets, with keys and certificates made for the run."""
    return {**_sealed(), **_tokens(), **_others()}


def _sealed() -> dict[str, Target]:
    ours, note = a_key(), examples("nav-sykmelding")[0]
    certificates, broken = [ours.certificate], (SealBroken,)
    signed = xmldsig.sign(note, ours)
    opened = partial(payload.open_, keys=[ours], peer=payload.Peer(certificates, certificates))
    seal = partial(cms.seal, recipients=certificates)
    inside = (signed, gzip.compress(signed, mtime=0))
    return {
        "signed XML": Target((signed,), partial(xmldsig.verify, allowed=certificates), broken),
        "sealed": Target((seal(note),), partial(cms.unseal, keys=[ours]), broken),
        "sealed, of a legacy party": Target((seal(note),), partial(cms.unseal, keys=[ours], legacy=True), broken),
        "signed CMS": Target((cms.sign(note, ours),), partial(cms.verify, allowed=certificates), broken),
        "inside a seal": Target(inside, opened, broken, seal),
        "signer's token in a message": Target((note, _carrying(note)), helseid.token, broken),
        "revocation list": Target((_list(ours),), partial(_listed, ours.certificate), (Untrusted,)),
        "OCSP answer": Target((_answer(ours),), partial(_answered, ours.certificate), (Untrusted,)),
        "client certificate": Target((ours.certificate.public_bytes(Encoding.PEM),), _certificate, (Unidentified,)),
    }


def _tokens() -> dict[str, Target]:
    holder = ECKey.generate_key("P-256", parameters={"kid": "k1"})
    keys = KeySet([holder])
    claims, none = json.dumps(CLAIMS).encode(), (Unidentified,)
    closed = partial(_closed, holder)
    return {
        "token": Target((closed(claims),), partial(_validated, keys), none),
        "inside a token": Target((claims,), partial(_validated, keys), none, closed),
        "published keys": Target((orjson.dumps(keys.as_dict(private=False)),), _keys, (ValueError, RecursionError)),
        "URL of a proof": Target((b"https://gateway.example:443/fhir?x=1#y",), _same),
    }


def _others() -> dict[str, Target]:
    plea = b'{"patient": "11827020089", "reason": "emergency", "acknowledged": true}'
    return {
        "plea to break the glass": Target((plea,), _plea, (NotAcceptable, ValueError)),
        "search for consents": Target((QUERY,), _searched, (HttpFault,)),
    }


def a_key() -> Key:
    private = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a key of this run")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    builder = (
        builder.serial_number(7).not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=1))
    )
    return key(private, builder.sign(private, hashes.SHA256()))


def _carrying(note: bytes) -> bytes:
    token = b"<Base64Container xmlns='http://www.kith.no/xmlstds/base64container'>YS5iLmM=</Base64Container>"
    document = (
        b"<Document><RefDoc><MimeType>application/jwt</MimeType><Content>%s</Content></RefDoc></Document>" % token
    )
    head, end, tail = note.rpartition(b"</")
    return head + document + end + tail


def _list(ours: Key) -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(ours.certificate.subject)
    builder = builder.last_update(NOW - timedelta(hours=1)).next_update(NOW + timedelta(days=1))
    return builder.sign(ours.private, hashes.SHA256()).public_bytes(Encoding.DER)


def _answer(ours: Key) -> bytes:
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=ours.certificate,
        issuer=ours.certificate,
        algorithm=hashes.SHA256(),
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=NOW - timedelta(hours=1),
        next_update=NOW + timedelta(days=1),
        revocation_time=None,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, ours.certificate)
    return builder.sign(ours.private, hashes.SHA256()).public_bytes(Encoding.DER)


def _listed(issuer: x509.Certificate, raw: bytes) -> None:
    Revocation().add_list(raw, issuer, NOW)


def _answered(issuer: x509.Certificate, raw: bytes) -> None:
    Revocation().add_answer(raw, issuer, issuer, NOW)


def _certificate(raw: bytes) -> x509.Certificate:
    return mtls.read(raw)


def _closed(holder: ECKey, claims: bytes) -> bytes:
    return jws.serialize_compact(dict(HEADER), claims, holder, ["ES256"]).encode()


def _validated(keys: KeySet, raw: bytes) -> None:
    token = raw.decode("latin-1")
    peek(token)
    validate(token, keys, EXPECTED, AT)


def _keys(raw: bytes) -> KeySet:
    return public_keys(json.loads(raw))


def _same(raw: bytes) -> bool:
    return dpop.same_url(raw.decode("latin-1"), "https://gateway.example/fhir")


def _plea(raw: bytes) -> object:
    return plea_of(orjson.loads(raw))


def _searched(raw: bytes) -> None:
    consent_search.read(parse_qsl(raw.decode("latin-1"), keep_blank_values=True), in_body=True)
