"""Chains with purpose, revocation by list and by answer, and the bounded grace that the officer sees."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from identity_actors import AT, Authority
from identity_actors import certificate as issue

from gateway.edge.trust import Anchors, Purpose, Revocation, Untrusted, checking, expiring

DAY = timedelta(days=1)
ROOT = Authority("Rot-CA")
MIDDLE = Authority("Mellom-CA", parent=ROOT)
LEAF, LEAF_KEY = MIDDLE.issue()
ANCHORS = Anchors([ROOT.certificate], [MIDDLE.certificate])


def test_a_chain_leads_from_the_certificate_to_a_root():
    assert ANCHORS.chain(LEAF, Purpose.CLIENT, AT) == (LEAF, MIDDLE.certificate, ROOT.certificate)


def test_a_chain_that_was_found_is_not_built_again_and_holds_no_longer_than_each_of_its_certificates(monkeypatch):
    anchors, built = Anchors([ROOT.certificate], [MIDDLE.certificate]), []
    real = anchors._build
    monkeypatch.setattr(anchors, "_build", lambda *how: built.append(how) or real(*how))
    chain = [anchors.chain(LEAF, Purpose.CLIENT, AT + DAY / 24 * hour) for hour in (0, 1, 2)][-1]
    assert len(built) == 1
    assert anchors.chain(x509.load_der_x509_certificate(LEAF.public_bytes(Encoding.DER)), Purpose.CLIENT, AT) == chain
    assert len(built) == 1
    for moment in (
        min(one.not_valid_after_utc for one in chain) + DAY,
        max(one.not_valid_before_utc for one in chain) - DAY,
    ):
        with pytest.raises(Untrusted):
            anchors.chain(LEAF, Purpose.CLIENT, moment)
    with pytest.raises(Untrusted):
        anchors.chain(LEAF, Purpose.SERVER, AT)
    assert len(built) == 4


def test_a_certificate_that_is_revoked_after_its_chain_was_found_is_trusted_no_more():
    revocation = Revocation()
    revocation.add_list(crl(), MIDDLE.certificate, AT)
    revocation.add_list(crl(by=ROOT), ROOT.certificate, AT)
    check = checking(Anchors([ROOT.certificate], [MIDDLE.certificate]), revocation, lambda: AT)
    check(LEAF, Purpose.CLIENT)
    revocation.add_list(crl(revoked=[LEAF], start=AT - DAY / 2), MIDDLE.certificate, AT)
    with pytest.raises(Untrusted, match="revoked"):
        check(LEAF, Purpose.CLIENT)


def other(**how):
    return MIDDLE.issue(**how)[0]


RSA_1024 = rsa.generate_private_key(65537, 1024)  # noqa: S505
UNFIT = {
    "of another authority": lambda: (Authority("Rot-CA").issue()[0], Purpose.CLIENT),
    "that signed itself": lambda: (Authority("alene").certificate, Purpose.CLIENT),
    "that has expired": lambda: (other(start=AT - 40 * DAY, days=20), Purpose.CLIENT),
    "that is not yet valid": lambda: (other(start=AT + DAY), Purpose.CLIENT),
    "for servers, used as a client": lambda: (other(purposes=[ExtendedKeyUsageOID.SERVER_AUTH]), Purpose.CLIENT),
    "for clients, used as a server": lambda: (LEAF, Purpose.SERVER),
    "for nothing stated, used as a client": lambda: (other(purposes=[]), Purpose.CLIENT),
    "for encryption, used to sign": lambda: (other(usage=["key_encipherment"]), Purpose.SIGN),
    "for signatures, used to seal": lambda: (other(usage=["digital_signature"]), Purpose.SEAL),
    "issued by an end certificate": lambda: (by_leaf(), Purpose.CLIENT),
    "with a key of another kind": lambda: (other(key=ed25519.Ed25519PrivateKey.generate()), Purpose.CLIENT),
    "with a short key": lambda: (other(key=RSA_1024), Purpose.CLIENT),
}


def made_authority_in_name_only():
    """Keys that may sign certificates, in a certificate that is not an authority's."""
    unfit = Authority("Mellom-CA", parent=ROOT)
    unfit.certificate = issue("Mellom-CA", unfit.key.public_key(), ROOT, usage=["key_cert_sign"], purposes=[])
    return unfit


def test_a_certificate_that_is_no_authority_makes_no_chain():
    unfit = made_authority_in_name_only()
    with pytest.raises(Untrusted):
        Anchors([ROOT.certificate], [unfit.certificate]).chain(unfit.issue()[0], Purpose.CLIENT, AT)


class Leaf:
    certificate = LEAF
    key = LEAF_KEY


def by_leaf():
    return issue("under", MIDDLE.key.public_key(), Leaf)


@pytest.mark.parametrize("name", UNFIT)
def test_a_certificate_is_not_trusted(name):
    leaf, purpose = UNFIT[name]()
    anchors = Anchors([ROOT.certificate], [MIDDLE.certificate, LEAF])
    with pytest.raises(Untrusted):
        anchors.chain(leaf, purpose, AT)


def test_each_purpose_has_a_certificate_that_fits_it():
    server = other(purposes=[ExtendedKeyUsageOID.SERVER_AUTH])
    assert ANCHORS.chain(server, Purpose.SERVER, AT)
    assert ANCHORS.chain(other(usage=["content_commitment"], purposes=[]), Purpose.SIGN, AT)
    assert ANCHORS.chain(other(usage=["key_encipherment"], purposes=[]), Purpose.SEAL, AT)


def test_an_authority_that_may_not_sign_certificates_makes_no_chain():
    unfit = Authority("Mellom-CA", parent=ROOT, usage=["digital_signature"])
    with pytest.raises(Untrusted):
        Anchors([ROOT.certificate], [unfit.certificate]).chain(unfit.issue()[0], Purpose.CLIENT, AT)


def crl(by=MIDDLE, revoked=(), start=AT - DAY, days=2, extra=None):
    builder = x509.CertificateRevocationListBuilder().issuer_name(by.certificate.subject)
    builder = builder.last_update(start).next_update(start + days * DAY)
    for one in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(start)
        builder = builder.add_revoked_certificate(entry.build())
    if extra is not None:
        builder = builder.add_extension(extra, critical=True)
    signed = builder.sign(by.key, hashes.SHA256())
    return signed.public_bytes(Encoding.DER)


def answer(status=ocsp.OCSPCertStatus.GOOD, by=MIDDLE, leaf=LEAF, start=AT - DAY, days=2, **signer):
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=leaf,
        issuer=MIDDLE.certificate,
        algorithm=hashes.SHA256(),
        cert_status=status,
        this_update=start,
        next_update=start + days * DAY if days else None,
        revocation_time=start if status is ocsp.OCSPCertStatus.REVOKED else None,
        revocation_reason=None,
    )
    responder = signer.get("responder")
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, responder or by.certificate)
    if responder is not None:
        builder = builder.certificates([responder])
    signed = builder.sign(signer.get("key", by.key), hashes.SHA256())
    return signed.public_bytes(Encoding.DER)


def standing(revocation, at=AT):
    return revocation.standing(LEAF, MIDDLE.certificate, at)


def test_without_any_answer_nothing_is_trusted():
    with pytest.raises(Untrusted, match="cannot be known"):
        standing(Revocation())


def test_a_certificate_that_no_list_revokes_stands_until_the_next_list():
    revocation = Revocation()
    revocation.add_list(crl(), MIDDLE.certificate, AT)
    found = standing(revocation)
    assert (found.source, found.until, found.in_grace) == ("crl", AT + DAY, False)


def test_a_revoked_certificate_is_not_trusted_even_when_another_source_says_good():
    revocation = Revocation()
    revocation.add_answer(answer(), LEAF, MIDDLE.certificate, AT)
    assert standing(revocation).source == "ocsp"
    revocation.add_list(crl(revoked=[LEAF]), MIDDLE.certificate, AT)
    with pytest.raises(Untrusted, match="revoked"):
        standing(revocation)


@pytest.mark.parametrize("status", [ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN])
def test_an_answer_that_is_not_good_refuses(status):
    revocation = Revocation()
    revocation.add_answer(answer(status), LEAF, MIDDLE.certificate, AT)
    with pytest.raises(Untrusted, match="revoked, or unknown"):
        standing(revocation)


def test_an_older_good_answer_does_not_undo_a_newer_revocation():
    revocation = Revocation()
    revoked = answer(ocsp.OCSPCertStatus.REVOKED)
    revocation.add_answer(revoked, LEAF, MIDDLE.certificate, AT)
    revocation.add_answer(answer(start=AT - 2 * DAY, days=9), LEAF, MIDDLE.certificate, AT)
    with pytest.raises(Untrusted):
        standing(revocation)


def test_an_older_list_does_not_undo_a_newer_one():
    revocation = Revocation()
    revocation.add_list(crl(revoked=[LEAF]), MIDDLE.certificate, AT)
    revocation.add_list(crl(start=AT - 2 * DAY, days=9), MIDDLE.certificate, AT)
    with pytest.raises(Untrusted):
        standing(revocation)


def test_a_source_that_is_away_is_bridged_for_the_grace_and_the_officer_sees_it():
    revocation = Revocation(grace=timedelta(hours=6))
    revocation.add_list(crl(), MIDDLE.certificate, AT)
    assert revocation.in_grace == ()
    assert standing(revocation, AT + DAY + timedelta(hours=5)).in_grace
    assert [one.serial for one in revocation.in_grace] == [LEAF.serial_number]
    with pytest.raises(Untrusted, match="cannot be known"):
        standing(revocation, AT + DAY + timedelta(hours=7))
    revocation.add_list(crl(start=AT + DAY), MIDDLE.certificate, AT + DAY)
    assert not standing(revocation, AT + 2 * DAY).in_grace
    assert revocation.in_grace == ()


def test_a_delegated_responder_that_the_issuer_named_may_answer():
    responder, key = MIDDLE.issue("svarer", purposes=[ExtendedKeyUsageOID.OCSP_SIGNING])
    revocation = Revocation()
    revocation.add_answer(answer(responder=responder, key=key), LEAF, MIDDLE.certificate, AT)
    assert standing(revocation).source == "ocsp"


def responder_without_purpose():
    responder, key = MIDDLE.issue("svarer")
    return answer(responder=responder, key=key)


def expired_responder():
    how = {"purposes": [ExtendedKeyUsageOID.OCSP_SIGNING], "start": AT - 40 * DAY, "days": 20}
    responder, key = MIDDLE.issue("svarer", **how)
    return answer(responder=responder, key=key)


def responder_of_another():
    responder, key = ROOT.issue("svarer", purposes=[ExtendedKeyUsageOID.OCSP_SIGNING])
    return answer(responder=responder, key=key)


def not_successful():
    built = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    return built.public_bytes(Encoding.DER)


BAD_ANSWERS = {
    "nothing": lambda: b"",
    "not successful": not_successful,
    "about another certificate": lambda: answer(leaf=other()),
    "signed by another of the same name": lambda: answer(by=Authority("Mellom-CA")),
    "by a responder without the purpose": responder_without_purpose,
    "by an expired responder": expired_responder,
    "by a responder of another authority": responder_of_another,
    "without an end": lambda: answer(days=0),
    "from the future": lambda: answer(start=AT + DAY),
    "with a flipped byte": lambda: (raw := answer())[:-1] + bytes([raw[-1] ^ 1]),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_an_answer_that_does_not_hold_is_not_kept(name):
    revocation = Revocation()
    with pytest.raises(Untrusted):
        revocation.add_answer(BAD_ANSWERS[name](), LEAF, MIDDLE.certificate, AT)
    with pytest.raises(Untrusted, match="cannot be known"):
        standing(revocation)


def partial():
    names = [x509.UniformResourceIdentifier("http://x.example")]
    return x509.IssuingDistributionPoint(names, None, True, False, None, False, False)


BAD_LISTS = {
    "nothing": lambda: b"",
    "of another authority": lambda: crl(by=ROOT),
    "of one with the same name": lambda: crl(by=Authority("Mellom-CA")),
    "from the future": lambda: crl(start=AT + DAY),
    "of end certificates only": lambda: crl(extra=partial()),
    "a delta": lambda: crl(extra=x509.DeltaCRLIndicator(1)),
}


@pytest.mark.parametrize("name", BAD_LISTS)
def test_a_list_that_does_not_hold_is_not_kept(name):
    revocation = Revocation()
    with pytest.raises(Untrusted):
        revocation.add_list(BAD_LISTS[name](), MIDDLE.certificate, AT)
    with pytest.raises(Untrusted, match="cannot be known"):
        standing(revocation)


def test_every_certificate_of_the_chain_must_stand():
    revocation = Revocation()
    check = checking(ANCHORS, revocation, lambda: AT)
    revocation.add_list(crl(), MIDDLE.certificate, AT)
    with pytest.raises(Untrusted, match="cannot be known"):
        check(LEAF, Purpose.CLIENT)
    revocation.add_list(crl(by=ROOT), ROOT.certificate, AT)
    check(LEAF, Purpose.CLIENT)
    revocation = Revocation()
    revocation.add_list(crl(), MIDDLE.certificate, AT)
    revocation.add_list(crl(by=ROOT, revoked=[MIDDLE.certificate]), ROOT.certificate, AT)
    with pytest.raises(Untrusted, match="revoked"):
        checking(ANCHORS, revocation, lambda: AT)(LEAF, Purpose.CLIENT)


def test_certificates_that_expire_soon_are_found_soonest_first():
    soon, sooner, late = other(days=40), other(days=35), other(days=300)
    assert expiring([late, soon, sooner], AT, 30 * DAY) == (sooner, soon)
    assert expiring([late], AT, 30 * DAY) == ()


def test_a_revocation_list_of_an_unknown_version_is_refused():
    world = Authority()
    builder = x509.CertificateRevocationListBuilder().issuer_name(world.certificate.subject)
    builder = builder.last_update(AT - timedelta(days=1)).next_update(AT + timedelta(days=1))
    raw = builder.sign(world.key, hashes.SHA256()).public_bytes(Encoding.DER)
    for version in range(2, 12):
        with pytest.raises(Untrusted):
            Revocation().add_list(raw.replace(b"\x02\x01\x01", bytes([2, 1, version]), 1), world.certificate, AT)
