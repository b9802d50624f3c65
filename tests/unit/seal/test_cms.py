"""CMS both ways against the openssl command, BER as Java writes it, and what must not be opened."""

import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from gateway.core.errors import ConfigurationError
from gateway.edge.seal import MEND, WHAT, SealBroken, ber, cms

CONTENT = "sykmelding, tegn for tegn: æøå\r\n\x00".encode() * 40


def openssl(*arguments, content=b""):
    tool = shutil.which("openssl")
    if not tool:
        pytest.skip("the openssl command is not installed")
    done = subprocess.run([tool, "cms", *map(str, arguments)], input=content, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.fixture
def files(tmp_path, recipient, sender, stranger):
    for name, actor in {"recipient": recipient, "sender": sender, "stranger": stranger}.items():
        (tmp_path / f"{name}.key").write_bytes(actor.key_pem)
        (tmp_path / f"{name}.pem").write_bytes(actor.certificate_pem)
    return tmp_path


def sealed_by_openssl(files, *options, to="recipient"):
    return openssl("-encrypt", "-binary", "-outform", "DER", *options, files / f"{to}.pem", content=CONTENT)


def refused(raw, keys, **how):
    with pytest.raises(SealBroken) as caught:
        cms.unseal(raw, keys, **how)
    assert str(caught.value) == f"(message): {WHAT}; {MEND}"
    return caught.value.reason


def test_what_we_seal_we_open(recipient):
    assert cms.unseal(cms.seal(CONTENT, [recipient.certificate]), [recipient.key]) == CONTENT


def test_openssl_opens_what_we_seal_with_aes_256(files, recipient):
    sealed = cms.seal(CONTENT, [recipient.certificate])
    opened = openssl("-decrypt", "-binary", "-inform", "DER", "-inkey", files / "recipient.key", content=sealed)
    assert opened == CONTENT
    assert b"aes-256-cbc" in openssl("-cmsout", "-print", "-noout", "-inform", "DER", content=sealed)


@pytest.mark.parametrize("cipher", ["-aes128", "-aes192", "-aes256"])
@pytest.mark.parametrize("form", [(), ("-stream",), ("-keyid",)], ids=["definite", "indefinite", "key identifier"])
def test_we_open_what_openssl_seals(files, recipient, cipher, form):
    assert cms.unseal(sealed_by_openssl(files, cipher, *form), [recipient.key]) == CONTENT


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
def test_we_open_oaep_key_transport(files, recipient, digest):
    options = ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", f"rsa_oaep_md:{digest}"]
    raw = openssl(
        *("-encrypt", "-binary", "-outform", "DER", "-aes256", "-recip", files / "recipient.pem"),
        *options,
        content=CONTENT,
    )
    assert cms.unseal(raw, [recipient.key]) == CONTENT


def test_triple_des_is_opened_only_from_a_party_marked_legacy(files, recipient):
    raw = sealed_by_openssl(files, "-des3")
    assert cms.unseal(raw, [recipient.key], legacy=True) == CONTENT
    refused(raw, [recipient.key])


def test_any_of_several_recipients_opens_it(recipient, sender):
    sealed = cms.seal(CONTENT, [sender.certificate, recipient.certificate])
    assert cms.unseal(sealed, [recipient.key]) == CONTENT
    assert cms.unseal(sealed, [sender.key]) == CONTENT


def test_the_key_that_was_replaced_still_opens_what_was_sealed_for_it(recipient, sender):
    assert cms.unseal(cms.seal(CONTENT, [recipient.certificate]), [sender.key, recipient.key]) == CONTENT


def test_what_is_sealed_for_somebody_else_is_refused(recipient, stranger):
    refused(cms.seal(CONTENT, [stranger.certificate]), [recipient.key])
    refused(cms.seal(CONTENT, [stranger.certificate]), [])


@pytest.mark.parametrize("options", [("-aes-256-gcm",), ("-rc2",), ("-des",)], ids=["gcm", "rc2", "des"])
def test_a_cipher_off_the_allow_list_is_refused(files, recipient, options):
    legacy = ("-provider", "legacy", "-provider", "default") if options[0] in {"-rc2", "-des"} else ()
    raw = openssl(
        *("-encrypt", "-binary", "-outform", "DER", *legacy, *options, files / "recipient.pem"), content=CONTENT
    )
    refused(raw, [recipient.key], legacy=True)


def test_every_flipped_bit_gives_the_same_answer(recipient):
    """The peer learns nothing from an error: neither from the key's padding nor from the content's."""
    sealed = cms.seal(b"a" * 40, [recipient.certificate])
    told, opened = set(), 0
    for at in range(0, len(sealed), 3):
        broken = bytearray(sealed)
        broken[at] ^= 0x41
        try:
            cms.unseal(bytes(broken), [recipient.key])
        except SealBroken as error:
            told.add(str(error))
        else:
            opened += 1  # CBC alone has no integrity: the signature inside is what decides
    assert told == {f"(message): {WHAT}; {MEND}"}
    assert opened < len(sealed) // 10


def test_a_key_that_does_not_decrypt_fails_like_a_content_that_does_not(recipient):
    """RFC 3218: the failed key transport is followed to the end with a random key."""
    sealed = bytearray(cms.seal(CONTENT, [recipient.certificate]))
    encrypted = cms._content(bytes(sealed), cms._ENVELOPED).children[1].children[0].children[3].content
    at = bytes(sealed).index(encrypted)
    sealed[at + 100] ^= 1
    assert refused(bytes(sealed), [recipient.key]) == "the envelope cannot be opened"


def test_sealing_for_nobody_or_for_a_weak_or_unfit_key_is_a_configuration_fault():
    with pytest.raises(ConfigurationError):
        cms.seal(CONTENT, [])
    for private in (rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP256R1())):  # noqa: S505
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "weak")])
        start = datetime(2026, 1, 1, tzinfo=UTC)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
        builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=9))
        with pytest.raises(ConfigurationError):
            cms.seal(CONTENT, [builder.sign(private, hashes.SHA256())])


def test_an_enveloping_signature_comes_back_with_its_content(sender):
    assert cms.verify(cms.sign(CONTENT, sender.key), [sender.certificate]) == CONTENT


def test_a_detached_signature_is_over_the_content_beside_it(sender):
    signature = cms.sign(CONTENT, sender.key, detached=True)
    assert CONTENT not in signature
    assert cms.verify(signature, [sender.certificate], CONTENT) == CONTENT
    for content in (CONTENT + b" ", None):
        with pytest.raises(SealBroken):
            cms.verify(signature, [sender.certificate], content)


def test_content_in_two_places_is_refused(sender):
    with pytest.raises(SealBroken):
        cms.verify(cms.sign(CONTENT, sender.key), [sender.certificate], CONTENT)


def test_openssl_verifies_what_we_sign(files, sender):
    verify = ("-verify", "-binary", "-noverify", "-inform", "DER", "-certfile", files / "sender.pem")
    assert openssl(*verify, content=cms.sign(CONTENT, sender.key)) == CONTENT
    (files / "content").write_bytes(CONTENT)
    detached = cms.sign(CONTENT, sender.key, detached=True)
    assert openssl(*verify, "-content", files / "content", content=detached) == CONTENT


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("form", [(), ("-stream",), ("-keyid",), ("-nosmimecap",), ("-nocerts",)])
def test_we_verify_what_openssl_signs(files, sender, digest, form):
    sign = ("-sign", "-binary", "-outform", "DER", "-md", digest, "-signer", files / "sender.pem")
    key = ("-inkey", files / "sender.key")
    assert cms.verify(openssl(*sign, *key, "-nodetach", *form, content=CONTENT), [sender.certificate]) == CONTENT
    if form == ("-stream",):
        return  # openssl encloses the content whenever it streams DER
    detached = openssl(*sign, *key, *form, content=CONTENT)
    assert cms.verify(detached, [sender.certificate], CONTENT) == CONTENT


@pytest.mark.parametrize(
    "form", [("-md", "sha1"), ("-noattr",), ("-keyopt", "rsa_padding_mode:pss")], ids=["sha1", "no attributes", "pss"]
)
def test_a_signature_outside_the_profile_is_refused(files, sender, form):
    sign = ("-sign", "-binary", "-nodetach", "-outform", "DER", "-signer", files / "sender.pem", *form)
    with pytest.raises(SealBroken):
        cms.verify(openssl(*sign, "-inkey", files / "sender.key", content=CONTENT), [sender.certificate])


def test_two_signers_are_refused_even_when_one_is_known(files, sender):
    both = ("-signer", files / "sender.pem", "-inkey", files / "sender.key")
    both += ("-signer", files / "stranger.pem", "-inkey", files / "stranger.key")
    raw = openssl("-sign", "-binary", "-nodetach", "-outform", "DER", *both, content=CONTENT)
    with pytest.raises(SealBroken):
        cms.verify(raw, [sender.certificate])


def test_a_signature_by_a_stranger_is_refused(sender, stranger):
    with pytest.raises(SealBroken):
        cms.verify(cms.sign(CONTENT, stranger.key), [sender.certificate])
    with pytest.raises(SealBroken):
        cms.verify(cms.sign(CONTENT, sender.key), [])


def test_every_flipped_byte_of_a_signature_is_refused_or_changes_nothing_signed(sender):
    signed = cms.sign(b"abc", sender.key)
    for at in range(0, len(signed), 2):
        broken = bytearray(signed)
        broken[at] ^= 0x21
        try:
            content = cms.verify(bytes(broken), [sender.certificate])
        except SealBroken:
            continue
        assert content == b"abc"  # a byte of the enclosed certificate, which is never looked at


def test_an_enveloped_message_is_not_taken_for_a_signed_one(sender, recipient):
    with pytest.raises(SealBroken):
        cms.verify(cms.seal(CONTENT, [recipient.certificate]), [sender.certificate])
    refused(cms.sign(CONTENT, sender.key), [recipient.key])


HOSTILE = {
    "nothing": b"",
    "text": b"hello",
    "one byte": b"\x30",
    "an endless length": b"\x30\x84\xff\xff\xff\xff",
    "an overlong length": b"\x30\x88" + b"\x00" * 8,
    "unclosed indefinite": b"\x30\x80" * 12,
    "deep nesting": b"\x30\x80" * 100_000,
    "many values": b"\x30\x84\x00\x1e\x84\x80" + b"\x05\x00" * 1_000_000,
    "a primitive without length": b"\x04\x80\x00\x00",
    "a high tag": b"\x3f\x81\x01\x00",
    "an end of contents alone": b"\x00\x00",
    "an end of contents inside": b"\x30\x02\x00\x00",
    "an empty sequence": b"\x30\x00",
    "too large": b"\x30" * (cms.LARGEST + 1),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_asn1_is_refused_within_a_second(name, recipient, sender):
    began = time.process_time()
    refused(HOSTILE[name], [recipient.key])
    with pytest.raises(SealBroken):
        cms.verify(HOSTILE[name], [sender.certificate])
    assert time.process_time() - began < 1


def test_truncated_messages_are_refused(recipient):
    sealed = cms.seal(b"abc", [recipient.certificate])
    for size in range(0, len(sealed), 7):
        refused(sealed[:size], [recipient.key])


def test_der_is_read_and_written_unchanged(sender):
    raw = sender.certificate.public_bytes(Encoding.DER)
    assert ber.der(ber.read(raw)) == raw


def test_object_identifiers_are_encoded_as_x_690_shows():
    assert ber.oid("2.100.3") == bytes.fromhex("813403")  # the standard's own example, § 8.19.5
    assert ber.oid("1.2.840.113549.1.7.2") == bytes.fromhex("2a864886f70d010702")


def test_the_library_opens_what_we_seal(recipient):
    sealed = cms.seal(CONTENT, [recipient.certificate])
    opened = pkcs7.pkcs7_decrypt_der(sealed, recipient.certificate, recipient.key.private, [])
    assert opened == CONTENT
