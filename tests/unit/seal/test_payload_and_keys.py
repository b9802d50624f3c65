"""NAV's order of signing, compressing and sealing; our keys; the signer's token in a message."""

import base64
import gzip
import re
import subprocess
import sys
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from seal_actors import NOW, make_actor, make_certificate

from gateway.core.errors import ConfigurationError
from gateway.edge.seal import SealBroken, cms, helseid, payload, xmldsig
from gateway.edge.seal.keys import KeyRing, key, read_key, read_ring


@pytest.fixture
def peer(sender, recipient):
    return payload.Peer(signers=[sender.certificate], recipients=[recipient.certificate])


def with_(peer, **changes):
    return payload.Peer(**{name: changes.get(name, getattr(peer, name)) for name in peer.__slots__})


@pytest.mark.parametrize("compress", [False, True])
def test_a_message_goes_out_and_comes_back_in_nav_s_order(message, sender, recipient, peer, compress):
    sealed = payload.close(message, sender.key, with_(peer, compress=compress))
    inner = cms.unseal(sealed, [recipient.key])
    assert inner.startswith(b"\x1f\x8b" if compress else b"<?xml")
    signed = gzip.decompress(inner) if compress else inner
    assert payload.open_(sealed, [recipient.key], peer) == xmldsig.verify(signed, [sender.certificate])


def test_compression_writes_no_clock(message, sender, peer, recipient):
    inner = cms.unseal(payload.close(message, sender.key, with_(peer, compress=True)), [recipient.key])
    assert inner[4:8] == bytes(4)


@pytest.fixture(scope="module")
def broken(message, sender, recipient, stranger):
    signed = xmldsig.sign(message, sender.key)

    def sealed(content):
        return cms.seal(content, [recipient.certificate])

    return {
        "sealed for another": cms.seal(signed, [stranger.certificate]),
        "not signed": sealed(message),
        "signed by another": sealed(xmldsig.sign(message, stranger.key)),
        "not sealed": signed,
        "a cut gzip": sealed(gzip.compress(signed)[:-9]),
        "two gzips": sealed(gzip.compress(signed) * 2),
        "a broken gzip": sealed(b"\x1f\x8b" + b"\xff" * 40),
        "a gzip bomb": sealed(gzip.compress(bytes(2 * xmldsig.LARGEST))),
        "nothing": b"",
    }


def test_whatever_is_wrong_the_peer_is_told_the_same(broken, recipient, peer):
    told = set()
    for raw in broken.values():
        with pytest.raises(SealBroken) as caught:
            payload.open_(raw, [recipient.key], peer)
        told.add(str(caught.value))
    assert len(told) == 1


@pytest.fixture(scope="module")
def old():
    return make_actor("own", start=NOW - timedelta(days=300), days=310).key


@pytest.fixture(scope="module")
def new():
    return make_actor("own", start=NOW - timedelta(days=3)).key


def test_a_new_key_signs_only_after_the_overlap_and_the_old_one_still_opens(old, new):
    ring = KeyRing([old, new], overlap=timedelta(days=14))
    assert ring.signing(NOW) is old
    assert ring.opening(NOW) == (new, old)
    later = NOW + timedelta(days=15)  # the old one has expired, but messages for it may be under way
    assert ring.signing(later) is new
    assert ring.opening(later) == (new, old)
    assert ring.opening(NOW + timedelta(days=60)) == (new,)


def test_a_new_key_signs_at_once_when_it_is_the_only_valid_one(new):
    assert KeyRing([new]).signing(NOW) is new


def test_no_valid_key_is_a_configuration_fault(old):
    with pytest.raises(ConfigurationError):
        KeyRing([old]).signing(NOW + timedelta(days=30))
    assert KeyRing([old]).opening(NOW + timedelta(days=60)) == ()


def test_a_key_that_does_not_fit_its_certificate_is_refused(sender, stranger):
    with pytest.raises(ConfigurationError):
        key(sender.key.private, stranger.certificate)


def test_a_short_key_is_refused():
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505
    with pytest.raises(ConfigurationError):
        key(short, make_certificate(short))


def test_keys_are_read_from_files_that_nobody_else_may_read(tmp_path, sender):
    (tmp_path / "k.pem").write_bytes(sender.key_pem)
    (tmp_path / "c.pem").write_bytes(sender.certificate_pem)
    (tmp_path / "k.pem").chmod(0o644)
    with pytest.raises(ConfigurationError, match="others may read this private key"):
        read_key(tmp_path / "k.pem", tmp_path / "c.pem")
    (tmp_path / "k.pem").chmod(0o600)
    assert read_key(tmp_path / "k.pem", tmp_path / "c.pem").certificate == sender.certificate
    curve = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "ec.pem").write_bytes(curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "ec.pem").chmod(0o600)
    with pytest.raises(ConfigurationError, match="is not an RSA key"):
        read_key(tmp_path / "ec.pem", tmp_path / "c.pem")
    for bad in ("absent.pem", "c.pem"):
        (tmp_path / "c.pem").chmod(0o600)
        with pytest.raises(ConfigurationError, match="cannot be read"):
            read_key(tmp_path / bad, tmp_path / "c.pem")


def test_a_ring_is_read_with_the_successor_beside_the_key(tmp_path, old, new):
    with pytest.raises(ConfigurationError, match="there is no such private key"):
        read_ring(tmp_path, "gateway-signing")
    for stem, one in {"gateway-signing": old, "gateway-signing-2": new, "gateway-signing-x": new}.items():
        pem = one.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / f"{stem}.key").write_bytes(pem)
        (tmp_path / f"{stem}.key").chmod(0o600)
        (tmp_path / f"{stem}.pem").write_bytes(one.certificate.public_bytes(Encoding.PEM))
    ring = read_ring(tmp_path, "gateway-signing")
    assert [one.certificate for one in ring.opening(NOW)] == [new.certificate, old.certificate]


class TokenKey(rsa.RSAPrivateKey):
    """A key as a PKCS#11 token offers it: it signs and decrypts, and never shows itself."""

    def __init__(self, inside):
        self._inside = inside

    def sign(self, data, padding, algorithm):
        return self._inside.sign(data, padding, algorithm)

    def decrypt(self, ciphertext, padding):
        return self._inside.decrypt(ciphertext, padding)

    def public_key(self):
        return self._inside.public_key()

    @property
    def key_size(self):
        return self._inside.key_size

    def private_numbers(self):
        raise AssertionError("a token does not show its key")

    def private_bytes(self, *_how):
        raise AssertionError("a token does not show its key")

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self


SIGNER = """
import sys
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
key = load_pem_private_key(sys.stdin.buffer.read(int(sys.stdin.buffer.readline())), None)
while line := sys.stdin.buffer.readline():
    what, size = line.split()
    data = sys.stdin.buffer.read(int(size))
    try:
        done = key.sign(data, PKCS1v15(), SHA256()) if what == b"sign" else key.decrypt(data, PKCS1v15())
    except ValueError:
        done = b""
    sys.stdout.buffer.write(b"%d\\n" % len(done) + done)
    sys.stdout.buffer.flush()
"""


class RemoteKey(TokenKey):
    """A key in a process of its own, which signs and decrypts for whoever holds the pipe."""

    def __init__(self, actor):
        self._public = actor.certificate.public_key()
        self.process = subprocess.Popen([sys.executable, "-c", SIGNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._say(b"%d\n" % len(actor.key_pem) + actor.key_pem)

    def _say(self, raw):
        self.process.stdin.write(raw)
        self.process.stdin.flush()

    def _done(self, what, data):
        self._say(b"%s %d\n" % (what, len(data)) + data)
        return self.process.stdout.read(int(self.process.stdout.readline()))

    def sign(self, data, padding, algorithm):
        assert isinstance(padding, PKCS1v15)
        assert isinstance(algorithm, SHA256)
        return self._done(b"sign", data)

    def decrypt(self, ciphertext, padding):
        assert isinstance(padding, PKCS1v15)
        opened = self._done(b"decrypt", ciphertext)
        if not opened:
            raise ValueError("the token says no")
        return opened

    def public_key(self):
        return self._public

    @property
    def key_size(self):
        return self._public.key_size

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture(params=["a token", "a process of its own"])
def hidden(request):
    """Give what hides an actor's key."""
    made = []

    def hide(actor):
        made.append(TokenKey(actor.key.private) if request.param == "a token" else RemoteKey(actor))
        return key(made[-1], actor.certificate, hidden=True)

    yield hide
    for one in made:
        if isinstance(one, RemoteKey):
            one.close()


def test_a_hidden_key_signs_and_opens_without_showing_itself(message, sender, recipient, stranger, hidden):
    ours, theirs = hidden(sender), hidden(recipient)
    assert cms.verify(cms.sign(b"abc", ours), [sender.certificate]) == b"abc"
    assert cms.unseal(cms.seal(b"abc", [recipient.certificate]), [theirs]) == b"abc"
    with pytest.raises(SealBroken):
        cms.unseal(cms.seal(b"abc", [stranger.certificate]), [theirs])
    assert payload.open_(
        payload.close(message, ours, payload.Peer([], [recipient.certificate])),
        [theirs],
        payload.Peer([sender.certificate], []),
    )


def test_a_hidden_key_signs_xml_exactly_as_one_in_memory_does(message, sender, hidden):
    """RSA PKCS #1 v1.5 has one signature for each message and key."""
    signed = xmldsig.sign(message, hidden(sender))
    values = [
        re.findall(rb"<ds:(?:Digest|Signature)Value>([^<]*)<", raw)
        for raw in (signed, xmldsig.sign(message, sender.key))
    ]
    assert [b"".join(value.split()) for value in values[0]] == [b"".join(value.split()) for value in values[1]]
    assert len(values[0]) == 2
    assert xmldsig.verify(signed, [sender.certificate])


def with_token(message, *tokens, media_type="application/jwt"):
    attached = b"".join(
        b"<Document><RefDoc><MsgType V='A' DN='Vedlegg'/><MimeType>" + media_type.encode() + b"</MimeType><Content>"
        b"<Base64Container xmlns='http://www.kith.no/xmlstds/base64container'>\n  "
        + base64.b64encode(t)
        + b"\n</Base64Container></Content></RefDoc></Document>"
        for t in tokens
    )
    return message.replace(b"</MsgHead>", attached + b"</MsgHead>")


def test_the_signers_token_is_found_in_its_attachment(message):
    assert helseid.token(with_token(message, b"a.b.c")) == "a.b.c"
    assert helseid.token(message) is None
    assert helseid.token(with_token(message, b"a.b.c", media_type="application/pdf")) is None


def test_two_tokens_or_one_that_cannot_be_read_are_refused(message):
    for raw in (
        with_token(message, b"a", b"b"),
        with_token(message, b"\xff"),
        with_token(message, b"abcd").replace(base64.b64encode(b"abcd"), b"*"),
        with_token(message, b"a").replace(b"Base64Container", b"Other"),
    ):
        with pytest.raises(SealBroken):
            helseid.token(raw)
