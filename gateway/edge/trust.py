"""Whether a certificate can be trusted now, and for what: its chain, its purpose and that it was not revoked.

Chains are built by cryptography's path validation (RFC 5280 § 6) to anchors that we were given. Revocation is known
from CRLs (§ 5) and OCSP answers (RFC 6960), fetched ahead, stapled or kept; what cannot be known refuses. When a source
is away, the last good answer serves for a bounded grace, which the privacy officer sees in `Revocation.in_grace`.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp, verification
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store

from gateway.core.errors import SamspillError

SMALLEST_RSA: Final = 2048
SKEW: Final = timedelta(minutes=5)
REMEMBERED: Final = 256
"""Chains kept; a register has a few certificates for each party."""
_CRL_EXTENSIONS = (x509.AuthorityKeyIdentifier, x509.CRLNumber)


class Untrusted(SamspillError):
    """A certificate is not to be trusted for this; the reason names no holder."""


class Purpose(StrEnum):
    """What a certificate is used for."""

    CLIENT = "client"
    SERVER = "server"
    SIGN = "sign"
    SEAL = "seal"


TrustChain = Callable[[x509.Certificate, Purpose], None]
"""Raises `Untrusted` for a certificate that may not be used so, now."""

_EXTENDED = {Purpose.CLIENT: ExtendedKeyUsageOID.CLIENT_AUTH, Purpose.SERVER: ExtendedKeyUsageOID.SERVER_AUTH}


@dataclass(frozen=True, slots=True)
class Standing:
    """That a certificate is not revoked: by which answer, until when it is fresh, and whether it serves in grace."""

    serial: int
    source: str
    until: datetime
    in_grace: bool = False


class Anchors:
    """The roots that chains must end in, and intermediates to build them with."""

    def __init__(self, roots: Iterable[x509.Certificate], intermediates: Iterable[x509.Certificate] = ()) -> None:
        self._store = Store(list(roots))
        self._intermediates = list(intermediates)
        self._found: OrderedDict[tuple[x509.Certificate, Purpose], tuple[x509.Certificate, ...]] = OrderedDict()

    def chain(self, leaf: x509.Certificate, purpose: Purpose, at: datetime) -> tuple[x509.Certificate, ...]:
        """Give the chain from `leaf` to a root, valid at `at` (aware) for `purpose`. Raises `Untrusted`.

        Of all that makes a chain good, only the time changes: one that was found holds as long as each of its
        certificates does. Revocation is no part of it.
        """
        known = self._found.get((leaf, purpose))
        if known is not None and all(one.not_valid_before_utc <= at <= one.not_valid_after_utc for one in known):
            return known
        found = self._build(leaf, purpose, at)
        self._found[leaf, purpose] = found
        while len(self._found) > REMEMBERED:
            with suppress(KeyError):  # another thread was first
                self._found.popitem(last=False)
        return found

    def _build(self, leaf: x509.Certificate, purpose: Purpose, at: datetime) -> tuple[x509.Certificate, ...]:
        builder = PolicyBuilder().store(self._store).time(at).max_chain_depth(4)
        builder = builder.extension_policies(ca_policy=_authority(), ee_policy=_holder(purpose))
        try:
            return tuple(builder.build_client_verifier().verify(leaf, self._intermediates).chain)
        except verification.VerificationError as error:
            raise Untrusted(f"the certificate has no valid chain for use as {purpose}") from error


def _authority() -> ExtensionPolicy:
    policy = ExtensionPolicy.permit_all()
    policy = policy.require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority)
    return policy.require_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs_certificates)


def _holder(purpose: Purpose) -> ExtensionPolicy:
    def usage(_policy: verification.Policy, certificate: x509.Certificate, stated: x509.KeyUsage) -> None:
        key = _key(certificate)
        if isinstance(key, rsa.RSAPublicKey) and key.key_size < SMALLEST_RSA:
            raise ValueError("the key is too short")
        fits = stated.digital_signature
        if purpose is Purpose.SEAL:
            fits = stated.key_encipherment
        elif purpose is Purpose.SIGN:
            fits = stated.digital_signature or stated.content_commitment
        if not fits:
            raise ValueError("the key usage is another")

    def extended(
        _policy: verification.Policy, _certificate: x509.Certificate, stated: x509.ExtendedKeyUsage | None
    ) -> None:
        wanted = _EXTENDED.get(purpose)
        if wanted is not None and (stated is None or wanted not in stated):
            raise ValueError("the extended key usage is another")

    policy = ExtensionPolicy.permit_all().require_present(x509.KeyUsage, Criticality.AGNOSTIC, usage)
    return policy.may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, extended)


def _is_authority(_policy: verification.Policy, _one: x509.Certificate, stated: x509.BasicConstraints) -> None:
    if not stated.ca:
        raise ValueError("not an authority")


def _signs_certificates(_policy: verification.Policy, _one: x509.Certificate, stated: x509.KeyUsage) -> None:
    if not stated.key_cert_sign:
        raise ValueError("the authority may not sign certificates")


class Revocation:
    """What is known of revoked certificates.

    `grace` is how long an answer still serves after it should have been renewed.
    """

    def __init__(self, grace: timedelta = timedelta(hours=24)) -> None:
        self._grace = grace
        self._lists: dict[bytes, x509.CertificateRevocationList] = {}
        self._answers: dict[tuple[bytes, int], ocsp.OCSPResponse] = {}
        self._in_grace: dict[int, Standing] = {}

    @property
    def in_grace(self) -> tuple[Standing, ...]:
        """What is trusted only because its revocation source is away: for the officer's attention."""
        return tuple(self._in_grace.values())

    def add_list(self, raw: bytes, issuer: x509.Certificate, at: datetime) -> None:
        """Keep a CRL (DER) of `issuer`, unless one as new is kept. Raises `Untrusted` for one that does not hold."""
        try:
            crl = x509.load_der_x509_crl(raw)
            whole = all(isinstance(one.value, _CRL_EXTENSIONS) for one in crl.extensions)
            signed = crl.issuer == issuer.subject and crl.is_signature_valid(_key(issuer))
        except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
            raise Untrusted("the revocation list cannot be read") from None
        if not signed or not whole or crl.next_update_utc is None or crl.last_update_utc > at + SKEW:
            raise Untrusted("the revocation list is not a whole, signed and current one of this authority")
        kept = self._lists.get(_id(issuer))
        if kept is None or kept.last_update_utc < crl.last_update_utc:
            self._lists[_id(issuer)] = crl

    def add_answer(self, raw: bytes, leaf: x509.Certificate, issuer: x509.Certificate, at: datetime) -> None:
        """Keep an OCSP answer (DER), fetched or stapled, for `leaf`. Raises `Untrusted` for one that does not hold."""
        try:
            answer = ocsp.load_der_ocsp_response(raw)
            _about(answer, leaf, issuer)
            _signed(answer, issuer, at)
        except (
            ValueError,
            TypeError,
            InvalidSignature,
            UnsupportedAlgorithm,
            x509.ExtensionNotFound,
            x509.InvalidVersion,
        ):
            raise Untrusted("the OCSP answer does not hold") from None
        if answer.next_update_utc is None or answer.this_update_utc > at + SKEW:
            raise Untrusted("the OCSP answer does not say how long it holds, or is from the future")
        kept = self._answers.get((_id(issuer), leaf.serial_number))
        if kept is None or kept.this_update_utc <= answer.this_update_utc:
            self._answers[_id(issuer), leaf.serial_number] = answer

    def standing(self, leaf: x509.Certificate, issuer: x509.Certificate, at: datetime) -> Standing:
        """Give how we know that `leaf` is not revoked. Raises `Untrusted` when it is, or when nothing recent says."""
        known = [*self._by_answer(leaf, issuer), *self._by_list(leaf, issuer)]
        best = max(known, key=lambda standing: standing.until, default=None)
        if best is None or best.until + self._grace < at:
            raise Untrusted("it cannot be known whether the certificate is revoked")
        if best.until < at:
            best = Standing(best.serial, best.source, best.until, in_grace=True)
            self._in_grace[best.serial] = best
        else:
            self._in_grace.pop(best.serial, None)
        return best

    def _by_answer(self, leaf: x509.Certificate, issuer: x509.Certificate) -> Iterable[Standing]:
        answer = self._answers.get((_id(issuer), leaf.serial_number))
        if answer is not None:
            if answer.certificate_status is not ocsp.OCSPCertStatus.GOOD:
                raise Untrusted("the certificate is revoked, or unknown to its issuer")
            assert answer.next_update_utc is not None  # noqa: S101 - kept only with it
            yield Standing(leaf.serial_number, "ocsp", answer.next_update_utc)

    def _by_list(self, leaf: x509.Certificate, issuer: x509.Certificate) -> Iterable[Standing]:
        crl = self._lists.get(_id(issuer))
        if crl is not None:
            if crl.get_revoked_certificate_by_serial_number(leaf.serial_number) is not None:
                raise Untrusted("the certificate is revoked")
            assert crl.next_update_utc is not None  # noqa: S101 - kept only with it
            yield Standing(leaf.serial_number, "crl", crl.next_update_utc)


def checking(anchors: Anchors, revocation: Revocation, now: Callable[[], datetime]) -> TrustChain:
    """Join chains and revocation: every certificate below the root must stand."""

    def check(certificate: x509.Certificate, purpose: Purpose) -> None:
        at = now()
        chain = anchors.chain(certificate, purpose, at)
        for leaf, issuer in pairwise(chain):
            revocation.standing(leaf, issuer, at)

    return check


def chain_only(anchors: Anchors, now: Callable[[], datetime]) -> TrustChain:
    """Check chains alone, for the demo: its authority has thrown its key away and publishes no revocation."""

    def check(certificate: x509.Certificate, purpose: Purpose) -> None:
        anchors.chain(certificate, purpose, now())

    return check


def expiring(certificates: Iterable[x509.Certificate], at: datetime, within: timedelta) -> tuple[x509.Certificate, ...]:
    """Give the certificates that expire, or have expired, by `within` from `at`, soonest first."""
    soon = (one for one in certificates if one.not_valid_after_utc <= at + within)
    return tuple(sorted(soon, key=lambda one: one.not_valid_after_utc))


def _id(issuer: x509.Certificate) -> bytes:
    return issuer.subject.public_bytes() + issuer.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )


def _key(issuer: x509.Certificate) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    key = issuer.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise ValueError("the key is neither RSA nor EC")  # noqa: TRY004 - the certificate is wrong, not the call
    return key


def _about(answer: ocsp.OCSPResponse, leaf: x509.Certificate, issuer: x509.Certificate) -> None:
    """Raise `ValueError` unless it is about this certificate: serial number, issuer's name and key by digest."""
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise ValueError("no answer")
    request = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, answer.hash_algorithm).build()
    stated = (answer.serial_number, answer.issuer_name_hash, answer.issuer_key_hash)
    if stated != (request.serial_number, request.issuer_name_hash, request.issuer_key_hash):
        raise ValueError("about another certificate")


def _signed(answer: ocsp.OCSPResponse, issuer: x509.Certificate, at: datetime) -> None:
    """Raise unless the issuer signed it, or a responder that the issuer named for it (RFC 6960 § 4.2.2.2)."""
    if answer.responder_key_hash is None and answer.responder_name == issuer.subject:
        return _verified(answer, issuer)
    for responder in answer.certificates:
        usage = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        responder.verify_directly_issued_by(issuer)
        if ExtendedKeyUsageOID.OCSP_SIGNING not in usage:
            raise ValueError("not a responder")
        if not responder.not_valid_before_utc <= at <= responder.not_valid_after_utc:
            raise ValueError("an expired responder")
        return _verified(answer, responder)
    return _verified(answer, issuer)


def _verified(answer: ocsp.OCSPResponse, signer: x509.Certificate) -> None:
    key, algorithm = _key(signer), answer.signature_hash_algorithm
    if algorithm is None or algorithm.name in {"md5", "sha1"}:
        raise ValueError("a weak signature")
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), algorithm)
    else:
        key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(algorithm))
