"""Revocation fetched from the places that certificates name, over a real connection on loopback."""

import asyncio
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID
from identity_actors import AT, Authority

from gateway.edge.identity.revocation import RevocationSources, asking
from gateway.edge.trust import Anchors, Purpose, Revocation, Untrusted, chain_only, checking

DAY = timedelta(days=1)


class Source:
    """An authority's revocation service: its list at /crl, its responder at /ocsp."""

    def __init__(self):
        self.authority = Authority("Rot-CA")
        self.revoked = set()
        self.asked = []
        source = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.give(source.list() if self.path == "/crl" else b"x", 302 if self.path == "/moved" else 200)

            def do_POST(self):
                request = ocsp.load_der_ocsp_request(self.rfile.read(int(self.headers["Content-Length"])))
                self.give(source.answer(request))

            def give(self, body, status=200):
                source.asked.append(self.path)
                self.send_response(status)
                if status != 200:
                    self.send_header("Location", "/crl")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments):
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.leaf = self.issue(f"http://{self.host}/crl", f"http://{self.host}/ocsp")

    def issue(self, crl="", responder=""):
        places = []
        if crl:
            point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl)], None, None, None)
            places.append(x509.CRLDistributionPoints([point]))
        if responder:
            where = x509.UniformResourceIdentifier(responder)
            places.append(
                x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)])
            )
        return self.authority.issue(places=places)[0]

    def list(self):
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.authority.certificate.subject)
        builder = builder.last_update(AT - DAY).next_update(AT + DAY)
        for serial in self.revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(AT - DAY)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.authority.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def answer(self, request):
        gone = request.serial_number in self.revoked
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=self.leaf,
            issuer=self.authority.certificate,
            algorithm=hashes.SHA256(),
            cert_status=ocsp.OCSPCertStatus.REVOKED if gone else ocsp.OCSPCertStatus.GOOD,
            this_update=AT - DAY,
            next_update=AT + DAY,
            revocation_time=AT - DAY if gone else None,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.authority.certificate)
        return builder.sign(self.authority.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def source():
    running = Source()
    yield running
    running.close()


def refresh(source, leaf, revocation, hosts=None):
    async def once():
        async with httpx.AsyncClient(timeout=5) as client:
            sources = RevocationSources(revocation, asking(client), [source.host] if hosts is None else hosts)
            return await sources.refresh([leaf, source.authority.certificate], AT)

    return asyncio.run(once())


def test_list_and_answer_are_fetched_from_where_the_certificate_says(source):
    revocation = Revocation()
    assert refresh(source, source.leaf, revocation) == ()
    assert source.asked == ["/crl", "/ocsp"]
    checking(Anchors([source.authority.certificate]), revocation, lambda: AT)(source.leaf, Purpose.CLIENT)


@pytest.mark.parametrize("place", [{"crl": "/crl"}, {"responder": "/ocsp"}])
def test_a_revoked_certificate_is_found_out_by_either_source(source, place):
    source.leaf = source.issue(**{kind: f"http://{source.host}{path}" for kind, path in place.items()})
    source.revoked.add(source.leaf.serial_number)
    revocation = Revocation()
    refresh(source, source.leaf, revocation)
    with pytest.raises(Untrusted, match="revoked"):
        revocation.standing(source.leaf, source.authority.certificate, AT)


def test_a_certificate_cannot_make_us_call_where_it_likes(source):
    assert "no revocation source answered" in refresh(source, source.leaf, Revocation(), hosts=[])[0]
    for place in ("file:///etc/hostname", "ldap://127.0.0.1/x", "http://[x", f"http://{source.host}@127.0.0.1/crl"):
        assert refresh(source, source.issue(crl=place), Revocation())
    assert source.asked == []


def test_redirects_and_nonsense_are_no_answers(source):
    for path in ("/moved", "/nonsense"):
        revocation = Revocation()
        leaf = source.issue(crl=f"http://{source.host}{path}")
        assert refresh(source, leaf, revocation)
        with pytest.raises(Untrusted, match="cannot be known"):
            revocation.standing(leaf, source.authority.certificate, AT)
    assert "/crl" not in source.asked


def test_a_source_that_is_away_is_told_by_its_authority_and_not_by_the_certificate(source):
    source.close()
    (said,) = refresh(source, source.leaf, Revocation())
    assert said == "no revocation source answered for a certificate by Rot-CA"


def test_the_demo_checks_chains_alone(source):
    check = chain_only(Anchors([source.authority.certificate]), lambda: AT)
    check(source.leaf, Purpose.CLIENT)
    with pytest.raises(Untrusted):
        check(Authority("annen").issue()[0], Purpose.CLIENT)
