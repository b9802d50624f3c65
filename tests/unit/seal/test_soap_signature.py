import io
import re

import pytest
import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.edge.seal import SealBroken, payload, xmldsig
from gateway.edge.seal.soap import C14N, DS, NEXT, SHA256, sign, verify

ENVELOPE = """<?xml version='1.0' encoding='UTF-8'?>
<SOAP:Envelope xmlns:SOAP="http://schemas.xmlsoap.org/soap/envelope/" xmlns:eb="urn:eb" xml:lang="no">
  <SOAP:Header><eb:MessageHeader eb:id="h">æøå <!-- remark --></eb:MessageHeader> tail
    <eb:SyncReply SOAP:actor="http://schemas.xmlsoap.org/soap/actor/next"/> after</SOAP:Header>
  <SOAP:Body><b xmlns="urn:default"><c/></b></SOAP:Body>
</SOAP:Envelope>""".encode()
PARTS = {"a@x": b"\x00\r\npayload", "b@x": b""}


def test_what_is_signed_verifies_and_comes_back_without_what_is_addressed_to_the_next_node(sender):
    canonical = verify(sign(ENVELOPE, PARTS, sender.key), PARTS, [sender.certificate])
    assert b"SyncReply" not in canonical
    assert b"Signature" not in canonical
    assert "æøå".encode() in canonical
    assert b" after" in canonical


def test_libxmlsec_finds_the_same_of_a_signal_that_has_no_attachment(sender):
    root = etree.fromstring(sign(ENVELOPE, {}, sender.key))
    context = xmlsec.SignatureContext()
    context.key = sender.key.xml
    context.verify(xmlsec.tree.find_node(root, xmlsec.constants.NodeSignature))


@pytest.fixture
def attached():
    """Have libxmlsec follow `cid:` references to what is put here, by callbacks that hold for the whole process."""
    bodies = {}

    def read(stream, into):
        return stream.readinto(into)

    xmlsec.cleanup_callbacks()
    xmlsec.register_callbacks(
        lambda uri: uri.startswith(b"cid:"),
        lambda uri: io.BytesIO(bodies[uri.decode().removeprefix("cid:")]),
        read,
        lambda _stream: None,
    )
    yield bodies
    xmlsec.cleanup_callbacks()
    xmlsec.register_default_callbacks()


def libxmlsec_verifies(signed, key):
    root = etree.fromstring(signed)
    context = xmlsec.SignatureContext()
    context.key = key.xml
    context.verify(xmlsec.tree.find_node(root, xmlsec.constants.NodeSignature))


def test_libxmlsec_digests_the_attachments_to_the_same(sender, attached):
    attached |= PARTS
    libxmlsec_verifies(sign(ENVELOPE, PARTS, sender.key), sender.key)


@pytest.mark.parametrize("cid", PARTS)
def test_libxmlsec_sees_an_attachment_that_was_changed_too(sender, attached, cid):
    attached |= PARTS | {cid: PARTS[cid] + b"!"}
    with pytest.raises(xmlsec.VerificationError):
        libxmlsec_verifies(sign(ENVELOPE, PARTS, sender.key), sender.key)


def test_attachments_that_libxmlsec_digests_verify_and_changed_ones_do_not(sender, attached):
    attached |= PARTS
    signed = libxmlsec_signed(sender.key, PARTS)
    assert verify(signed, PARTS, [sender.certificate])
    with pytest.raises(SealBroken):
        verify(signed, PARTS | {"b@x": b"!"}, [sender.certificate])


def test_a_document_of_the_payload_order_is_digested_as_it_is_attached(sender, recipient, message, attached):
    peer = payload.Peer([sender.certificate], [recipient.certificate], compress=True)
    attached |= {"document@x": payload.wrap(xmldsig.sign(message, sender.key), peer)}
    libxmlsec_verifies(sign(ENVELOPE, attached, sender.key), sender.key)


def libxmlsec_signed(key, parts=()):
    """A message signed by another implementation, which fetches and digests what is attached."""
    root = etree.fromstring(ENVELOPE)
    template = xmlsec.template.create(root, xmlsec.Transform.C14N, xmlsec.Transform.RSA_SHA256, ns="ds")
    root[0].append(template)
    reference = xmlsec.template.add_reference(template, xmlsec.Transform.SHA256, uri="")
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    step = etree.SubElement(
        reference[0], f"{{{DS}}}Transform", Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"
    )
    path = etree.SubElement(step, f"{{{DS}}}XPath", nsmap={"S": "http://schemas.xmlsoap.org/soap/envelope/"})
    path.text = '\n not(ancestor-or-self::node()[@S:actor="{}"]\n | ancestor-or-self::node()[@S:actor="{}"])\n'.format(
        *NEXT
    )
    xmlsec.template.add_transform(reference, xmlsec.Transform.C14N)
    for cid in parts:
        xmlsec.template.add_reference(template, xmlsec.Transform.SHA256, uri=f"cid:{cid}")
    info = xmlsec.template.ensure_key_info(template)
    xmlsec.template.add_key_value(info)
    xmlsec.template.x509_data_add_certificate(xmlsec.template.add_x509_data(info))
    context = xmlsec.SignatureContext()
    context.key = key.xml
    context.key.load_cert_from_memory(key.certificate.public_bytes(Encoding.PEM), xmlsec.KeyFormat.PEM)
    context.sign(template)
    return etree.tostring(root)


def test_what_libxmlsec_signs_with_a_key_value_and_another_prefix_verifies(sender):
    assert b"SyncReply" not in verify(libxmlsec_signed(sender.key), {}, [sender.certificate])


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace("æøå".encode(), b"aoa"),
        lambda raw: raw.replace(b"urn:default", b"urn:other"),
        lambda raw: raw.replace(b" tail", b""),
        lambda raw: raw.replace(b'actor/next"/>', b'actor/elsewhere"/>'),
        lambda raw: raw.replace(b"not(ancestor-or-self::node()", b"not(//*", 1),
        lambda raw: raw.replace(SHA256.encode(), b"http://www.w3.org/2000/09/xmldsig#sha1", 1),
        lambda raw: raw.replace(b"xmldsig-more#rsa-sha256", b"xmldsig-more#rsa-sha1"),
        lambda raw: raw.replace(C14N.encode(), C14N.encode() + b"#WithComments", 1),
        lambda raw: raw.replace(b'URI=""', b'URI="#h"'),
        lambda raw: re.sub(rb"<ds:Reference URI=\"cid:b.*?</ds:Reference>", b"", raw),
        lambda raw: raw.replace(
            b"</SOAP:Body>", b"<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/></SOAP:Body>"
        ),
        lambda raw: re.sub(rb"<ds:Signature .*?</ds:Signature>", b"", raw, flags=re.DOTALL),
        lambda raw: re.sub(
            rb"(<ds:Signature .*?</ds:Signature>)(.*)</SOAP:Body>", rb"\2\1</SOAP:Body>", raw, flags=re.DOTALL
        ),
        lambda raw: raw.replace(b"<SOAP:Envelope", b"<!DOCTYPE a []><SOAP:Envelope"),
        lambda raw: raw.replace(b"<c/>", b'<c Id="h"/><c id="h"/>'),
        lambda raw: raw.replace(
            b"<SOAP:Header>", b'<SOAP:Header SOAP:actor="urn:oasis:names:tc:ebxml-msg:actor:nextMSH">'
        ),
    ],
)
def test_whatever_departs_from_the_profile_or_was_changed_is_refused(sender, change):
    raw = sign(ENVELOPE, PARTS, sender.key)
    changed = change(raw)
    assert changed != raw
    with pytest.raises(SealBroken):
        verify(changed, PARTS, [sender.certificate])


@pytest.mark.parametrize("parts", [{}, {"a@x": b"", "b@x": b""}, {**PARTS, "c@x": b"unsigned"}, {"a@x": PARTS["a@x"]}])
def test_an_attachment_that_was_changed_added_or_taken_away_is_refused(sender, parts):
    with pytest.raises(SealBroken):
        verify(sign(ENVELOPE, PARTS, sender.key), parts, [sender.certificate])


def test_another_key_than_the_registers_verifies_nothing(sender, stranger):
    with pytest.raises(SealBroken):
        verify(sign(ENVELOPE, PARTS, stranger.key), PARTS, [sender.certificate])
    with pytest.raises(SealBroken):
        sign(sign(ENVELOPE, PARTS, sender.key), PARTS, sender.key)
