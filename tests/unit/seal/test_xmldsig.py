"""XML-DSig on MsgHead: NAV's profile both ways, and nothing that departs from it."""

import base64
import shutil
import subprocess
import time
from datetime import UTC, datetime

import pytest
import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml import DigestAlgorithm, SignatureMethod, XMLSigner, XMLVerifier
from signxml.algorithms import CanonicalizationMethod
from signxml.exceptions import InvalidSignature
from signxml.verifier import SignatureConfiguration
from xmlsec import constants as xs

from gateway.edge.seal import SealBroken, xmldsig

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)

DS = "{http://www.w3.org/2000/09/xmldsig#}"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"


@pytest.fixture(scope="module")
def signed(message, sender):
    return xmldsig.sign(message, sender.key)


def rewritten(raw, change):
    """The signed document after `change(root, signature)`."""
    root = etree.fromstring(raw)
    change(root, root.find(DS + "Signature"))
    return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")


def refused(raw, sender, reason):
    with pytest.raises(SealBroken) as caught:
        xmldsig.verify(raw, [sender.certificate])
    assert reason in caught.value.reason
    assert caught.value.issues[0].code == "security"
    assert reason not in str(caught.value)


def test_what_was_signed_comes_back_in_canonical_form_without_its_signature(message, signed, sender):
    canonical = xmldsig.verify(signed, [sender.certificate])
    original = etree.tostring(etree.fromstring(message).getroottree(), method="c14n", with_comments=False)
    assert canonical == original
    assert b"Signature" not in canonical


def test_the_signature_has_nav_s_shape(signed):
    root = etree.fromstring(signed)
    signature = root[-1]
    assert signature.tag == DS + "Signature"
    found = {element.tag.removeprefix(DS): element.get("Algorithm") for element in signature.iter() if element.attrib}
    assert found == {
        "CanonicalizationMethod": C14N,
        "SignatureMethod": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "Reference": None,
        "Transform": "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "DigestMethod": "http://www.w3.org/2001/04/xmlenc#sha256",
    }
    assert signature.find(f".//{DS}Reference").get("URI") == ""
    assert len(signature.findall(f".//{DS}X509Certificate")) == 1


def test_comments_and_outer_instructions_are_no_way_to_change_what_is_read(message, sender):
    noisy = message.replace(b"<GenDate>2026", b"<GenDate><!-- x -->2026").replace(b"?>\n", b"?>\n<?style a?>\n", 1)
    canonical = xmldsig.verify(xmldsig.sign(noisy, sender.key), [sender.certificate])
    assert b"<!--" not in canonical
    assert b"<GenDate>2026-03-02T12:00:00</GenDate>" in canonical


def test_carriage_returns_and_entities_survive(message, sender):
    odd = message.replace(b"Test &amp;", b"Test&#13;\r\n &lt;&amp;")
    assert b"Test&#xD;\n &lt;&amp;" in xmldsig.verify(xmldsig.sign(odd, sender.key), [sender.certificate])


def test_signxml_verifies_what_we_sign(signed, sender):
    expect = SignatureConfiguration(
        require_x509=True,
        signature_methods=frozenset({SignatureMethod.RSA_SHA256}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        verification_time=NOW,
    )
    result = XMLVerifier().verify(signed, x509_cert=sender.certificate, expect_config=expect)
    assert etree.tostring(result.signed_xml, method="c14n") == xmldsig.verify(signed, [sender.certificate])


@pytest.mark.parametrize("prefix", ["ds", "dsig11"])
def test_what_signxml_signs_in_the_profile_verifies(message, sender, prefix):
    signer = XMLSigner(
        signature_algorithm=SignatureMethod.RSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.CANONICAL_XML_1_0,
    )
    signer.namespaces = {prefix: "http://www.w3.org/2000/09/xmldsig#"}
    made = signer.sign(
        etree.fromstring(message), key=sender.key_pem, cert=[sender.certificate], always_add_key_value=False
    )
    raw = etree.tostring(made.getroottree(), encoding="UTF-8", xml_declaration=True)
    assert xmldsig.verify(raw, [sender.certificate]) == xmldsig.verify(
        xmldsig.sign(message, sender.key), [sender.certificate]
    )


def tool():
    found = shutil.which("xmlsec1")
    if not found:
        pytest.skip("the xmlsec1 tool is not installed")
    return found


def test_the_xmlsec1_tool_verifies_what_we_sign(signed, sender, tmp_path):
    (tmp_path / "message.xml").write_bytes(signed)
    (tmp_path / "certificate.pem").write_bytes(sender.certificate_pem)
    command = [tool(), "--verify", "--pubkey-cert-pem", tmp_path / "certificate.pem", tmp_path / "message.xml"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    (tmp_path / "message.xml").write_bytes(signed.replace(b"2026-03-02", b"2026-03-03"))
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_what_the_xmlsec1_tool_signs_verifies(signed, sender, tmp_path):
    def emptied(_root, signature):
        for name in ("DigestValue", "SignatureValue", "X509Certificate"):
            signature.find(f".//{DS}{name}").text = None
        data = signature.find(f".//{DS}X509Data")
        data.remove(data[0])

    (tmp_path / "template.xml").write_bytes(rewritten(signed, emptied))
    (tmp_path / "key.pem").write_bytes(sender.key_pem)
    (tmp_path / "certificate.pem").write_bytes(sender.certificate_pem)
    pair = f"{tmp_path}/key.pem,{tmp_path}/certificate.pem"
    command = [tool(), "--sign", "--privkey-pem", pair, "--output", tmp_path / "out.xml", tmp_path / "template.xml"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    made = (tmp_path / "out.xml").read_bytes()
    assert xmldsig.verify(made, [sender.certificate]) == xmldsig.verify(signed, [sender.certificate])


def java_spelled(message, sender):
    """The message signed with `<Signature xmlns=…>`, without a prefix, as NAV's Java does it."""
    root = etree.fromstring(message)
    node = xmlsec.template.create(root, xs.TransformInclC14N, xs.TransformRsaSha256)
    root.append(node)
    reference = xmlsec.template.add_reference(node, xs.TransformSha256, uri="")
    xmlsec.template.add_transform(reference, xs.TransformEnveloped)
    xmlsec.template.add_transform(reference, xs.TransformInclC14N)
    context = xmlsec.SignatureContext()
    context.key = sender.key.xml
    context.sign(node)
    data = etree.SubElement(etree.SubElement(node, DS + "KeyInfo"), DS + "X509Data")
    certificate = sender.certificate.public_bytes(Encoding.DER)
    etree.SubElement(data, DS + "X509Certificate").text = base64.encodebytes(certificate).decode()
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)


def test_the_lxml_canonicalisation_fault_does_not_reach_us(message, sender):
    """lxml's inclusive C14N of a subelement undeclares an inherited default namespace two levels further down.

    When the first assertion fails, lxml has mended it, and the prefix in `xmldsig.sign` has lost its reason.
    """
    inner = etree.fromstring(b'<s xmlns="urn:s"><i><n><o/></n></i></s>')[0]
    assert etree.tostring(inner, method="c14n") == b'<i xmlns="urn:s"><n><o xmlns=""></o></n></i>'
    raw = java_spelled(message, sender)
    assert etree.fromstring(raw)[-1].prefix is None
    with pytest.raises(InvalidSignature):
        XMLVerifier().verify(
            raw, x509_cert=sender.certificate, expect_config=SignatureConfiguration(verification_time=NOW)
        )
    assert xmldsig.verify(raw, [sender.certificate]) == xmldsig.verify(
        xmldsig.sign(message, sender.key), [sender.certificate]
    )


WRAPPING = {
    "the tampered message": (lambda root, _s: setattr(root[0][1], "text", "2030-01-01T00:00:00"), "does not verify"),
    "no signature": (lambda root, s: root.remove(s), "0 signatures"),
    "two signatures": (lambda root, s: root.insert(0, etree.fromstring(etree.tostring(s))), "2 signatures"),
    "a signature before the content": (lambda root, s: root.insert(0, s), "not the last child"),
    "a signature deeper down": (lambda root, s: root[0].append(s), "not the last child"),
    "something after the signature": (lambda root, _s: etree.SubElement(root, "Document"), "not the last child"),
    "a reference to an Id": (lambda _r, s: s.find(f".//{DS}Reference").set("URI", "#body"), "something else than"),
    "a reference without URI": (lambda _r, s: s.find(f".//{DS}Reference").attrib.pop("URI"), "something else than"),
    "an external reference": (
        lambda _r, s: s.find(f".//{DS}Reference").set("URI", "file:///etc/hostname"),
        "something else than",
    ),
    "two references": (
        lambda _r, s: s[0].append(etree.fromstring(etree.tostring(s[0][2]))),
        "SignedInfo has other parts",
    ),
    "no reference": (lambda _r, s: s[0].remove(s[0][2]), "SignedInfo has other parts"),
    "an Object with the original": (lambda _r, s: etree.SubElement(s, DS + "Object"), "Signature has other parts"),
    "an XPath transform": (
        lambda _r, s: s.find(f".//{DS}Transform").set("Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116"),
        "allow-list",
    ),
    "an XSLT transform beside the others": (
        lambda _r, s: etree.SubElement(
            s.find(f".//{DS}Transforms"), DS + "Transform", Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"
        ),
        "allow-list",
    ),
    "three transforms": (
        lambda _r, s: [
            etree.SubElement(s.find(f".//{DS}Transforms"), DS + "Transform", Algorithm=C14N) for _ in range(2)
        ],
        "other transforms",
    ),
    "no transform": (
        lambda _r, s: s.find(f".//{DS}Transforms").remove(s.find(f".//{DS}Transform")),
        "other transforms",
    ),
    "rsa-sha1": (
        lambda _r, s: s[0][1].set("Algorithm", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        "allow-list",
    ),
    "hmac with the public key": (
        lambda _r, s: s[0][1].set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        "allow-list",
    ),
    "a truncated hmac": (
        lambda _r, s: etree.SubElement(s[0][1], DS + "HMACOutputLength"),
        "allow-list",
    ),
    "exclusive canonicalisation": (
        lambda _r, s: s[0][0].set("Algorithm", "http://www.w3.org/2001/10/xml-exc-c14n#"),
        "allow-list",
    ),
    "canonicalisation with comments": (lambda _r, s: s[0][0].set("Algorithm", C14N + "#WithComments"), "allow-list"),
    "sha1 digest": (
        lambda _r, s: s.find(f".//{DS}DigestMethod").set("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1"),
        "allow-list",
    ),
    "no KeyInfo": (lambda _r, s: s.remove(s[2]), "Signature has other parts"),
    "a KeyValue instead of a certificate": (
        lambda _r, s: (s[2].remove(s[2][0]), etree.SubElement(s[2], DS + "KeyValue")),
        "KeyInfo has other parts",
    ),
    "two certificates": (
        lambda _r, s: s[2][0].append(etree.fromstring(etree.tostring(s[2][0][0]))),
        "X509Data has other parts",
    ),
    "a certificate that is not base64": (lambda _r, s: setattr(s[2][0][0], "text", "*"), "not base64"),
    "one Id twice": (lambda root, _s: (root[0].set("Id", "a"), root[1].set("ID", "a")), "same Id"),
    "an empty signature value": (lambda _r, s: setattr(s[1], "text", ""), "does not verify"),
    "another signature value": (lambda _r, s: setattr(s[1], "text", "AAAA"), "does not verify"),
    "the digest of the tampered": (
        lambda _r, s: setattr(s.find(f".//{DS}DigestValue"), "text", "AAAA"),
        "does not verify",
    ),
}


@pytest.mark.parametrize("attack", WRAPPING)
def test_a_wrapped_or_altered_signature_is_refused(signed, sender, attack):
    """Own corpus, after the attack classes of Somorovsky et al., «On Breaking SAML» (2012), and RFC 6931."""
    change, reason = WRAPPING[attack]
    refused(rewritten(signed, change), sender, reason)


def wrapped(signed):
    """The classic wrapping: the whole signed message kept as a child of an attacker's root."""
    return (
        b'<MsgHead xmlns="http://www.kith.no/xmlstds/msghead/2006-05-24"><Evil/>'
        + signed.split(b"?>", 1)[1]
        + b"</MsgHead>"
    )


def test_a_signed_message_inside_an_attackers_message_is_refused(signed, sender):
    refused(wrapped(signed), sender, "not the last child")


def test_a_signature_by_a_key_that_is_not_the_partys_is_refused(message, sender, stranger):
    refused(xmldsig.sign(message, stranger.key), sender, "not one the registry holds")


def test_a_registered_certificate_beside_a_strangers_signature_is_refused(message, sender, stranger):
    def claim(_root, signature):
        theirs = etree.fromstring(xmldsig.sign(message, sender.key))[-1]
        signature[2][0][0].text = theirs[2][0][0].text

    refused(rewritten(xmldsig.sign(message, stranger.key), claim), sender, "does not verify")


def test_no_registered_certificate_verifies_nothing(signed):
    with pytest.raises(SealBroken):
        xmldsig.verify(signed, [])


def test_another_root_than_a_message_is_refused(sender):
    with pytest.raises(SealBroken) as caught:
        xmldsig.sign(b"<EI_fellesformat/>", sender.key)
    assert "another root" in caught.value.reason


def test_what_is_signed_is_not_signed_again(signed, sender):
    with pytest.raises(SealBroken):
        xmldsig.sign(signed, sender.key)


def test_a_validly_signed_document_with_a_doctype_is_refused(signed, sender):
    """C14N leaves a DOCTYPE out, so no signature guards it."""
    refused(signed.replace(b"<MsgHead", b"<!DOCTYPE MsgHead [<!ENTITY x 'y'>]><MsgHead", 1), sender, "DOCTYPE")


def test_a_validly_signed_document_that_is_too_large_is_refused(signed, sender, monkeypatch):
    monkeypatch.setattr(xmldsig, "LARGEST", len(signed) - 1)
    refused(signed, sender, "too large")


def test_bytes_that_are_not_those_that_were_digested_are_never_given(signed, sender, monkeypatch):
    """Should our canonicalisation ever differ from the verifier's, the message is refused and not processed."""
    monkeypatch.setattr(xmldsig, "_without", lambda *_: b"<other/>")
    refused(signed, sender, "not the one that was digested")


BOMB = b"<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'>" + b"".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>".encode() for n in range(12)
)
HOSTILE = {
    "nothing": b"",
    "not XML": b"\x00\x01",
    "JSON": b"{}",
    "a DOCTYPE": b'<!DOCTYPE MsgHead><MsgHead xmlns="http://www.kith.no/xmlstds/msghead/2006-05-24"/>',
    "an entity bomb": BOMB + b"]><a>&m;</a>",
    "an external entity": b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><a>&x;</a>",
    "an external DTD": b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/x.dtd'><a/>",
    "deep nesting": b"<a>" * 100_000,
    "many attributes with one Id": b'<MsgHead xmlns="http://www.kith.no/xmlstds/msghead/2006-05-24">'
    + b'<a Id="x"/>' * 20_000
    + b"</MsgHead>",
    "an undeclared encoding": '<?xml version="1.0" encoding="UTF-7"?><a/>'.encode("utf-16"),
    "too large": b" " * (xmldsig.LARGEST + 1),
    "a message without children": b'<MsgHead xmlns="http://www.kith.no/xmlstds/msghead/2006-05-24"/>',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml_is_refused_within_a_second(name, sender):
    began = time.process_time()
    with pytest.raises(SealBroken):
        xmldsig.verify(HOSTILE[name], [sender.certificate])
    assert time.process_time() - began < 1
