"""Forged RSA signatures and broken paddings: own vectors, made here from the key, each after a published class.

The classes are those of Project Wycheproof's rsa_signature_2048_sha256_test and aes_cbc_pkcs5_test, and of
Bleichenbacher's forgery (CVE-2006-4339, BERserk CVE-2014-1568). The first of each set is the control that must pass.
"""

import base64
import hashlib
import secrets

import pytest
import xmlsec
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import rsa as rsa_keys
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from seal_actors import make_certificate
from xmlsec import constants as xs

from gateway.bench import crypto
from gateway.edge.seal import SealBroken, ber, cms, xmldsig
from gateway.edge.seal.ber import INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Node, oid
from gateway.edge.seal.keys import Key

SIZE = 256
SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
SHA1_INFO = bytes.fromhex("3021300906052b0e03021a05000414")


def block(info, kind=b"\x01", filler=b"\xff"):
    return b"\x00" + kind + filler * (SIZE - 3 - len(info)) + b"\x00" + info


def forged(name, signed):
    """The encoded message of each class, for the SHA-256 of what is signed."""
    digest = hashlib.sha256(signed).digest()
    info = SHA256_INFO + digest
    return {
        "right": block(info),
        "no NULL parameter": block(bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20" + digest),
        "BER long length": block(b"\x30\x81\x31" + SHA256_INFO[2:] + digest),
        "garbage after the digest": b"\x00\x01" + b"\xff" * 8 + b"\x00" + info + b"\x5a" * (SIZE - 11 - len(info)),
        "garbage inside the digest info": block(b"\x30\x33" + SHA256_INFO[2:] + digest + b"\x05\x00"),
        "short filler": b"\x00\x01" + b"\x00" * (SIZE - 3 - len(info)) + b"\x00" + info,
        "filler that is not ones": block(info, filler=b"\xfe"),
        "block type 2": block(info, kind=b"\x02"),
        "block type 0": block(info, kind=b"\x00", filler=b"\x00"),
        "leading byte": b"\x01" + block(info)[1:],
        "no zero before the info": block(info).replace(b"\xff\x00\x30", b"\xff\xff\x30"),
        "SHA-1 info": block(SHA1_INFO + hashlib.sha1(signed, usedforsecurity=False).digest()),
        "SHA-256 name over another digest": block(SHA256_INFO + bytes(32)),
        "bare digest": block(digest),
        "zero": bytes(SIZE),
        "one": bytes(SIZE - 1) + b"\x01",
    }[name]


FORGERIES = (
    *("right", "no NULL parameter", "BER long length", "garbage after the digest", "garbage inside the digest info"),
    *("short filler", "filler that is not ones", "block type 2", "block type 0", "leading byte"),
    *("no zero before the info", "SHA-1 info", "SHA-256 name over another digest", "bare digest", "zero", "one"),
)


def raw_sign(key, encoded):
    numbers = key.private.private_numbers()
    modulus = numbers.public_numbers.n
    return pow(int.from_bytes(encoded, "big") % modulus, numbers.d, modulus).to_bytes(SIZE, "big")


def accepted(name, check):
    if name == "right":
        assert check()
    else:
        with pytest.raises(SealBroken):
            check()


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_cms_signature_is_refused(name, sender):
    raw = cms.sign(b"abc", sender.key)
    signer = cms._content(raw, cms._SIGNED).children[-1].children[0].children
    old, attributes = signer[5].content, cms._as_set(signer[3])
    made = raw.replace(old, raw_sign(sender.key, forged(name, attributes)))
    accepted(name, lambda: cms.verify(made, [sender.certificate]))


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_xml_signature_is_refused(name, message, sender):
    root = etree.fromstring(xmldsig.sign(message, sender.key))
    info = etree.tostring(etree.fromstring(etree.tostring(root[-1][0], with_tail=False)), method="c14n")
    root[-1][1].text = base64.b64encode(raw_sign(sender.key, forged(name, info))).decode()
    accepted(name, lambda: xmldsig.verify(etree.tostring(root), [sender.certificate]))


@pytest.mark.parametrize("name", ["a longer modulus multiple", "a short signature", "a long signature"])
def test_a_signature_of_another_length_or_size_is_refused(name, sender):
    raw = cms.sign(b"abc", sender.key)
    old = cms._content(raw, cms._SIGNED).children[-1].children[0].children[5].content
    modulus = sender.key.private.private_numbers().public_numbers.n
    changed = {
        "a longer modulus multiple": ((int.from_bytes(old, "big") + modulus).to_bytes(SIZE + 1, "big"))[-SIZE:],
        "a short signature": old[1:] + b"",
        "a long signature": b"\x00" + old,
    }[name]
    signed = ber.read(raw)
    with pytest.raises(SealBroken):
        cms.verify(ber.der(replaced(signed, old, changed)), [sender.certificate])


def replaced(node, old, new):
    if node.tag & ber.CONSTRUCTED:
        return Node(node.tag, b"", tuple(replaced(child, old, new) for child in node.children))
    return Node(node.tag, new if node.content == old else node.content)


def enveloped(recipient, padded, *, key_size=32, cipher="2.16.840.1.101.3.4.1.42", vector=bytes(16), transport=None):
    """An EnvelopedData put together by hand around a block that may be padded wrongly."""
    content_key = secrets.token_bytes(key_size)
    cut = padded[: len(padded) // 16 * 16]
    encryptor = Cipher(algorithms.AES(content_key), modes.CBC(bytes(16))).encryptor()
    encrypted = encryptor.update(cut) + encryptor.finalize() + padded[len(cut) :]
    oaep = padding.OAEP(padding.MGF1(SHA1()), SHA1(), None)  # noqa: S303 - the default of RFC 4055
    scheme = oaep if transport else padding.PKCS1v15()
    transported = recipient.certificate.public_key().encrypt(content_key, scheme)
    identifier = Node(SEQUENCE, b"", (ber.read(recipient.certificate.issuer.public_bytes()), serial(recipient)))
    rsa = Node(
        SEQUENCE, b"", (Node(OID, oid(transport or "1.2.840.113549.1.1.1")), Node(SEQUENCE if transport else 0x05))
    )
    one = Node(SEQUENCE, b"", (Node(INTEGER, b"\x00"), identifier, rsa, Node(OCTET_STRING, transported)))
    parameters = () if vector is None else (Node(OCTET_STRING, vector),)
    algorithm = Node(SEQUENCE, b"", (Node(OID, oid(cipher)), *parameters))
    content = Node(SEQUENCE, b"", (Node(OID, oid("1.2.840.113549.1.7.1")), algorithm, Node(0x80, encrypted)))
    body = Node(SEQUENCE, b"", (Node(INTEGER, b"\x00"), Node(SET, b"", (one,)), content))
    return ber.der(Node(SEQUENCE, b"", (Node(OID, oid("1.2.840.113549.1.7.3")), Node(0xA0, b"", (body,)))))


def serial(recipient):
    number = recipient.certificate.serial_number
    return Node(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


PADDINGS = {
    "right": b"abcdefghijkl" + b"\x04" * 4,
    "no padding": b"abcdefghijklmnop",
    "padding of zero": b"abcdefghijklmno\x00",
    "padding longer than a block": b"abcdefghijklmno\x11",
    "padding that is not all alike": b"abcdefghijkl\x03\x04\x04\x04",
    "padding of ANSI X.923": b"abcdefghijkl\x00\x00\x00\x04",
    "padding of ISO 7816": b"abcdefghijkl\x80\x00\x00\x00",
    "nothing at all": b"",
    "half a block": b"abcdefgh",
}


@pytest.mark.parametrize("name", PADDINGS)
def test_a_content_with_broken_padding_is_refused(name, recipient):
    accepted(name, lambda: cms.unseal(enveloped(recipient, PADDINGS[name]), [recipient.key]))


SHAPES = {
    "a key of another length than the cipher's": {"key_size": 16},
    "a short vector": {"vector": bytes(8)},
    "an empty vector": {"vector": b""},
    "no vector": {"vector": None},
    "another key transport": {"transport": "1.2.840.113549.1.1.10"},
    "GCM under the wrong content type": {"cipher": "2.16.840.1.101.3.4.1.46"},
    "an unknown cipher": {"cipher": "1.2.3.4"},
}


def test_oaep_that_is_named_so_is_read(recipient):
    """The control of «another key transport»: only the name is wrong there."""
    named = enveloped(recipient, PADDINGS["right"], transport="1.2.840.113549.1.1.7")
    assert cms.unseal(named, [recipient.key]) == b"abcdefghijkl"


@pytest.mark.parametrize("name", SHAPES)
def test_an_envelope_that_contradicts_itself_is_refused(name, recipient):
    with pytest.raises(SealBroken):
        cms.unseal(enveloped(recipient, PADDINGS["right"], **SHAPES[name]), [recipient.key])


def test_the_four_operations_cost_little_more_than_the_libraries_themselves():
    for _attempt in range(3):
        ratios = {ratio.name: ratio.ratio / (ratio.limit or 1) for ratio in crypto.run()}
        if max(ratios.values()) <= 1:
            break
    assert set(ratios) == {"sign XML", "verify XML", "seal CMS", "open CMS"}
    assert max(ratios.values()) <= 1, ratios


def test_a_registered_certificate_with_a_short_key_verifies_nothing(message):
    private = rsa_keys.generate_private_key(65537, 1024)  # noqa: S505
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    weak = Key(make_certificate(private), private, xmlsec.Key.from_memory(pem, xs.KeyDataFormatPem))
    with pytest.raises(SealBroken) as caught:
        xmldsig.verify(xmldsig.sign(message, weak), [weak.certificate])
    assert "sufficient length" in caught.value.reason
    with pytest.raises(SealBroken):
        cms.verify(cms.sign(b"abc", weak), [weak.certificate])


def test_sealed_or_signed_bytes_that_are_too_many_are_not_looked_at(sender, recipient, monkeypatch):
    sealed, signed = cms.seal(b"abc", [recipient.certificate]), cms.sign(b"abc", sender.key)
    monkeypatch.setattr(cms, "LARGEST", 10)
    with pytest.raises(SealBroken):
        cms.unseal(sealed, [recipient.key])
    with pytest.raises(SealBroken):
        cms.verify(signed, [sender.certificate])


@pytest.mark.parametrize(
    ("name", "instead"),
    [("1.2.840.113549.1.7.3", "1.2.840.113549.1.7.6"), ("1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2")],
    ids=["another envelope", "another content"],
)
def test_an_envelope_under_another_name_is_refused(name, instead, recipient):
    sealed = ber.read(cms.seal(b"abc", [recipient.certificate]))
    with pytest.raises(SealBroken):
        cms.unseal(ber.der(replaced(sealed, oid(name), oid(instead))), [recipient.key])


def test_content_of_another_type_than_was_signed_is_refused(sender):
    kind, wrapped = ber.read(cms.sign(b"abc", sender.key)).children
    version, digests, content, *rest = wrapped.children[0].children
    other = Node(SEQUENCE, b"", (Node(OID, oid("1.2.840.113549.1.9.16.1.4")), content.children[1]))
    body = Node(SEQUENCE, b"", (version, digests, other, *rest))
    made = ber.der(Node(SEQUENCE, b"", (kind, Node(0xA0, b"", (body,)))))
    with pytest.raises(SealBroken):
        cms.verify(made, [sender.certificate])


@pytest.mark.parametrize("instead", ["1.2.3.4", "1.2.840.113549.1.1.13", "1.2.840.113549.1.1.5"])
def test_a_signature_under_another_algorithms_name_is_refused(instead, sender):
    signed = ber.read(cms.sign(b"abc", sender.key))
    signer = signed.children[1].children[0].children[-1].children[0]
    name = signer.children[4].children[0].content
    with pytest.raises(SealBroken):
        cms.verify(ber.der(replaced(signed, name, oid(instead))), [sender.certificate])
    assert cms.verify(ber.der(replaced(signed, name, oid("1.2.840.113549.1.1.11"))), [sender.certificate])


def test_signed_content_that_is_not_octets_is_refused(sender):
    """The digest is over the content's octets alone, so their type is not signed and must be the one it says."""
    signed = ber.read(cms.sign(b"abc", sender.key))

    def retagged(node):
        if node.tag & ber.CONSTRUCTED:
            return Node(node.tag, b"", tuple(map(retagged, node.children)))
        return Node(0x0C if node.content == b"abc" else node.tag, node.content)

    with pytest.raises(SealBroken):
        cms.verify(ber.der(retagged(signed)), [sender.certificate])
