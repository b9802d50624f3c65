"""Revocation fetched from the places that certificates name, over a real connection on loopback."""

import asyncio
import threading
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID
from identity_actors import AT, Authority, issuer, party
from structlog.testing import capture_logs

from gateway.edge.config import Settings
from gateway.edge.identity.parties import Registry
from gateway.edge.identity.revocation import RevocationSources, asking
from gateway.edge.identity.standing import Known
from gateway.edge.keys import Vault, keyring, make
from gateway.edge.trust import Anchors, Purpose, Revocation, Untrusted, chain_only, checking
from gateway.wiring import identity as wiring

DAY = timedelta(days=1)


class Source:
    """An authority's revocation service: its list at /crl, its responder at /ocsp."""

    def __init__(self):
        self.authority = Authority("Rot-CA")
        self.revoked = set()
        self.newer = timedelta()
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
        builder = builder.last_update(AT - DAY + self.newer).next_update(AT + DAY)
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
            this_update=AT - DAY + self.newer,
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


class Moving:
    """The time, which a test moves on."""

    def __init__(self):
        self.at = AT

    def __call__(self):
        return self.at


@pytest.fixture
def time(monkeypatch):
    moving = Moving()
    monkeypatch.setattr(wiring, "now", moving)
    return moving


def identity(source, folder):
    """The identity parts of an installation that knows one party, by a certificate of the source's authority."""
    folder.mkdir(exist_ok=True)
    (folder / "ca.pem").write_bytes(source.authority.certificate.public_bytes(Encoding.PEM))
    ehr = replace(party(), transport=(source.leaf,))
    vault = Vault(keyring(f"file:{made_keys(folder)}"))
    settings = Settings(certificates=folder, revocation_hosts=(source.host,))
    return wiring.Identity(settings, Registry([ehr], [issuer()]), vault, None)


def made_keys(folder):
    if not (folder / "keys").exists():
        make(folder / "keys")
    return folder / "keys"


@pytest.mark.usefixtures("time")
def test_the_hourly_watch_asks_again_says_what_it_missed_and_ends_when_told(source, tmp_path, monkeypatch):
    monkeypatch.setattr(wiring, "REFRESHED", 0.02)
    ours = identity(source, tmp_path / "certs")

    async def watched():
        stopping = asyncio.Event()
        watching = asyncio.create_task(ours.watch(stopping))
        while len(source.asked) < 6:  # noqa: ASYNC110 - it is asked from another thread
            await asyncio.sleep(0.01)
        source.close()
        with capture_logs() as logged:
            while not logged:  # noqa: ASYNC110 - a log tells nobody
                await asyncio.sleep(0.01)
        stopping.set()
        await asyncio.wait_for(watching, 5)
        await ours.aclose()
        return logged

    said = asyncio.run(watched())[0]
    assert (said["event"], said["log_level"]) == ("revocation-unknown", "warning")
    assert said["about"] == "no revocation source answered for a certificate by Rot-CA"


def test_without_a_source_a_party_serves_in_grace_which_is_shown_and_then_not_at_all(source, tmp_path, time):
    ours = identity(source, tmp_path / "certs")

    def known():
        (held,) = ours.standings()
        try:
            ours.trust(source.leaf, Purpose.CLIENT)
        except Untrusted:
            return held.known, held.calls, False
        return held.known, held.calls, True

    assert known() == (Known.UNKNOWN, True, False)
    assert asyncio.run(ours.refresh()) == ()
    assert known() == (Known.GOOD, False, True)
    time.at = AT + DAY + timedelta(hours=1)
    assert known() == (Known.GRACE, True, True)
    assert ours.standings()[0].until == AT + DAY
    time.at = AT + 2 * DAY + timedelta(seconds=1)
    assert known() == (Known.UNKNOWN, True, False)


def test_what_is_revoked_later_stops_with_the_next_look(source, tmp_path, time):
    ours = identity(source, tmp_path / "certs")

    async def looked_twice():
        await ours.refresh()
        ours.trust(source.leaf, Purpose.CLIENT)
        source.revoked.add(source.leaf.serial_number)
        time.at = AT + timedelta(hours=1)
        source.newer = timedelta(hours=1)
        await ours.refresh()

    asyncio.run(looked_twice())
    with pytest.raises(Untrusted, match="revoked"):
        ours.trust(source.leaf, Purpose.CLIENT)
    assert ours.standings()[0].known is Known.UNKNOWN


def test_a_certificate_that_soon_expires_is_shown_first(source, tmp_path, time):
    ours = identity(source, tmp_path / "certs")
    asyncio.run(ours.refresh())
    time.at = AT + timedelta(hours=1)
    assert not ours.standings()[0].soon
    time.at = source.leaf.not_valid_after_utc - timedelta(days=29)
    assert ours.standings()[0].soon
