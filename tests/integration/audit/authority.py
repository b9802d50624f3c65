"""A time-stamping authority of our own: a root, a certificate for stamping, and OpenSSL behind an HTTP port."""

import subprocess
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CONFIG = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


def made(folder):
    """Make the authority's files in a folder; give the path of its root."""
    folder.mkdir()
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate("Stamping root", root_key, None, root_key)
    (folder / "root.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    own = certificate("Stamping authority", key, root, root_key)
    (folder / "tsa.pem").write_bytes(own.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "tsa.key").write_bytes(private)
    (folder / "serial").write_text("01\n")
    (folder / "tsa.conf").write_text(CONFIG.format(folder=folder))
    return folder / "root.pem"


def certificate(name, key, issuer, issuer_key):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    build = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject if issuer else subject)
    build = build.public_key(key.public_key()).serial_number(x509.random_serial_number())
    build = build.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
    build = build.add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    if issuer is not None:
        build = build.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return build.sign(issuer_key, hashes.SHA256())


def stamped(folder, query):
    """Answer a TimeStampReq."""
    (folder / "query").write_bytes(query)
    command = ["openssl", "ts", "-reply", "-config", folder / "tsa.conf", "-queryfile", folder / "query"]
    return subprocess.run(command, capture_output=True, check=True).stdout


@contextmanager
def serving(folder):
    """Run the authority on loopback; give its URL."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self):
            answer = stamped(folder, self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()
