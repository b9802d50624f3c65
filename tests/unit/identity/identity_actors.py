"""Parties, keys and tokens made for the run: one party for each role, at a SMART issuer that binds by DPoP."""

import asyncio
import base64
import hashlib
import json
import secrets
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from gateway.core.vocabulary import MessageKind, Role
from gateway.edge.identity.dpop import Proofs
from gateway.edge.identity.identify import Identify
from gateway.edge.identity.jwks import PublishedKeys
from gateway.edge.identity.parties import Binding, Client, Issuer, IssuerKind, Party, Registry
from gateway.edge.identity.replay import MemoryReplayStore, Nonces

NOW = 1_772_452_800  # 2026-03-02T12:00:00Z
AT = datetime.fromtimestamp(NOW, UTC)
ISSUER = "https://issuer.example"
AUDIENCE = "https://gateway.example"
URL = f"{AUDIENCE}/fhir/$process-message"
ORGANISATION = "315000009"


def run(awaitable):
    return asyncio.run(awaitable)


class Clock:
    def __init__(self, now=NOW):
        self.now = now

    def __call__(self):
        return self.now


class Published:
    """Stands where the network does: the bodies behind URLs, and how often each was fetched."""

    def __init__(self):
        self.bodies = {}
        self.fetched = []

    def publish(self, url, *keys):
        self.bodies[url] = json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()

    async def __call__(self, url):
        self.fetched.append(url)
        body = self.bodies.get(url)
        if body is None:
            raise OSError("away")
        return body


def issuer(**changes):
    given = {
        "id": ISSUER,
        "kind": IssuerKind.SMART,
        "jwks": f"{ISSUER}/jwks",
        "audience": frozenset({AUDIENCE}),
        "algorithms": frozenset({"ES256"}),
        "binding": Binding.DPOP,
    }
    return Issuer(**{**given, **changes})


def party(name="ehr", role=Role.CERTIFIER, scopes=("system/*.cruds",), **changes):
    given = {
        "id": name,
        "name": "Fjellvik legekontor",
        "roles": frozenset({role}),
        "organisation": ORGANISATION,
        "sends": frozenset({MessageKind.SYKMELDING}),
        "behalf": frozenset({ORGANISATION}),
        "scopes": frozenset(scopes),
        "clients": (Client(ISSUER, f"client-{name}"),),
    }
    return Party(**{**given, **changes})


def trust_all(_certificate, _purpose):
    """For tests that are not about chains."""


class World:
    """A gateway's identity edge with a registry, a clock and published keys."""

    def __init__(self, *parties, issuers=None, trust=trust_all):
        self.clock = Clock()
        self.published = Published()
        self.key = ECKey.generate_key("P-256", parameters={"kid": "k1"})
        self.published.publish(f"{ISSUER}/jwks", self.key)
        self.registry = Registry(parties or [party()], issuers or [issuer()])
        self.keys = PublishedKeys(self.published, self.clock)
        self.nonces = Nonces(b"n" * 32, self.clock)
        self.used = MemoryReplayStore(self.clock)
        self.proofs = Proofs(self.nonces, self.used)
        self.identify = Identify(self.registry, self.keys, self.proofs, trust, self.clock)
        self.holder = ECKey.generate_key("P-256")

    def claims(self, name="ehr", **changes):
        given = {
            "iss": ISSUER,
            "sub": f"client-{name}",
            "client_id": f"client-{name}",
            "aud": AUDIENCE,
            "scope": "system/Bundle.c",
            "iat": self.clock.now - 10,
            "exp": self.clock.now + 290,
            "jti": secrets.token_hex(8),
            "cnf": {"jkt": self.holder.thumbprint()},
        }
        return {claim: value for claim, value in {**given, **changes}.items() if value is not None}

    def token(self, name="ehr", header=None, key=None, **changes):
        stated = {"alg": "ES256", "typ": "at+jwt", "kid": "k1", **(header or {})}
        return signed({k: v for k, v in stated.items() if v is not None}, self.claims(name, **changes), key or self.key)

    def proof(self, token, method="POST", url=URL, header=None, key=None, **changes):
        holder = key or self.holder
        stated = {"alg": "ES256", "typ": "dpop+jwt", "jwk": holder.as_dict(private=False), **(header or {})}
        claims = {
            "jti": secrets.token_hex(8),
            "htm": method,
            "htu": url.split("?")[0],
            "iat": self.clock.now,
            "ath": b64(hashlib.sha256(token.encode()).digest()),
            "nonce": self.nonces.current(),
            **changes,
        }
        return signed(stated, {name: value for name, value in claims.items() if value is not None}, holder)

    def headers(self, token, **proof):
        return [("authorization", f"DPoP {token}"), ("dpop", self.proof(token, **proof))]

    def call(self, headers, method="POST", url=URL, certificate=None):
        return run(self.identify(headers, method, url, certificate))


def signed(header, claims, key):
    algorithm = header["alg"]
    return jwt.encode(header, claims, key, [algorithm], default_type=None)


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def compact(header, claims, signature=b""):
    """A compact JWS put together by hand, for what no library would sign."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)]
    return ".".join([*(b64(part) for part in parts), b64(signature)])


def keys(*members):
    return KeySet(list(members))


class Authority:
    """A certificate authority, or a chain of them."""

    def __init__(self, name="Prøve-CA", parent=None, **extensions):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = certificate(name, self.key.public_key(), parent or self, ca=True, **extensions)

    def issue(self, name="Fjellvik legekontor", key=None, **how):
        private = key or ec.generate_private_key(ec.SECP256R1())
        return certificate(name, private.public_key(), self, **how), private


def certificate(
    name, public, by, *, ca=False, start=AT - timedelta(days=30), days=365, usage=(), purposes=None, places=()
):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer_name = by.certificate.subject if hasattr(by, "certificate") else subject
    chosen = set(usage) or ({"key_cert_sign", "crl_sign"} if ca else {"digital_signature", "key_encipherment"})
    flags = dict.fromkeys(
        [
            *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
            *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        ],
        False,
    )
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer_name).public_key(public)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(start)
    builder = builder.not_valid_after(start + timedelta(days=days))
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    builder = builder.add_extension(x509.KeyUsage(**{**flags, **dict.fromkeys(chosen, True)}), critical=True)
    if not ca:
        stated = [ExtendedKeyUsageOID.CLIENT_AUTH] if purposes is None else purposes
        if stated:
            builder = builder.add_extension(x509.ExtendedKeyUsage(stated), critical=False)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    for place in places:
        builder = builder.add_extension(place, critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False
    )
    return builder.sign(by.key, hashes.SHA256())


def pem(one):
    return one.public_bytes(Encoding.PEM).decode()
