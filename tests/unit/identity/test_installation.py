"""What `samspill check` and `serve` refuse of an installation: what is the demo's, and wrong settings."""

import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.cli import check
from gateway.core.errors import ConfigurationError
from gateway.edge import certs
from gateway.edge.addresses import AWAY
from gateway.edge.certs import private_copy
from gateway.edge.config import Settings
from gateway.sandbox.server import server_context
from gateway.wiring.gateway import Gateway
from tests.in_process import samspill

ROOT = Path(__file__).parents[3]
KNOWN = "11827020089"
"""The one person that the register of addresses can answer for."""
OWN = """issuers:
  https://issuer.example:
    {kind: smart, jwks: "https://issuer.example/jwks", audience: ["https://a.example"], algorithms: [ES256],
    binding: %s, lifetime: 300}
parties:
  ehr: {name: Fjellvik, roles: [certifier], organisation: "315000009", transport: [ehr.pem]}
"""


@pytest.fixture
def folder(tmp_path):
    private_copy(ROOT / "certs/example", tmp_path / "certs")
    return tmp_path


def settings(folder, **changes):
    return Settings(data=folder / "data", certificates=folder / "certs", **changes)


def test_everything_of_the_demo_is_named_outside_it_and_nothing_within(folder):
    said = "\n".join(check._installation(settings(folder)))
    for what in (
        "gateway.pem: is an example certificate",
        "ca.pem: is an example certificate",
        "issuer https://samspill.example/demo-issuer is an example",
        "party ehr is an example",
        "party ehr has an organisation number of the synthetic series",
        "party nav has an example certificate",
        "one of the gateway's own certificates is an example",
    ):
        assert what in said
    assert check._installation(settings(folder, demo=True)) == []
    with pytest.raises(ConfigurationError):
        Gateway(settings(folder)).refuse_examples()


def test_a_register_of_ones_own_with_something_of_the_demo_left_in_it_is_refused(folder):
    (folder / "parties").mkdir()
    (folder / "parties/own.yaml").write_text(OWN % "bearer")
    said = "\n".join(check._installation(settings(folder, parties=folder / "parties")))
    assert "party ehr has an organisation number of the synthetic series" in said
    assert "party ehr has an example certificate" in said
    assert "gives tokens that are bound to nobody" in said


def test_keys_that_others_may_read_and_missing_ones_are_told_beside_the_rest(folder):
    (folder / "certs/gateway-signing.key").chmod(0o644)
    assert "others may read this private key" in check._installation(settings(folder, demo=True))[0]
    (folder / "certs/gateway-signing.key").unlink()
    (folder / "parties").mkdir()
    (folder / "parties/own.yaml").write_text("parties: {a: {name: A, roles: [king]}}")
    said = "\n".join(check._installation(settings(folder, demo=True, parties=folder / "parties")))
    assert "there is no such private key" in said
    assert "there is no roles king" in said


def test_a_register_of_addresses_without_tls_is_refused(folder):
    said = check._installation(settings(folder, demo=True, address_register="http://register.example"))
    assert said == ["the register of graded addresses is to be asked over https"]


@pytest.mark.parametrize("wrong", [{"port": "kanarifugl"}, {"oldest_tls": "kanarifugl"}, {"unknown": "kanarifugl"}])
def test_a_wrong_setting_is_named_and_its_value_is_not(wrong):
    with pytest.raises(ConfigurationError, match=next(iter(wrong))) as caught:
        Settings(**wrong)
    assert "kanarifugl" not in str(caught.value)


CANNOT_WORK = (
    *(("port", one) for one in (0, -1, 99999)),
    *((name, 99999) for name in ("ops_port", "console_port")),
    *(("body_bytes", one) for one in (0, -5)),
    *(
        ("base_url", f"{one}kanarifugl")
        for one in ("", "http://", "https:///", "https://a:", "https://a b", "https://a?")
    ),
    ("console_url", "http://kanarifugl.example"),
    *(("delivery_hours", one) for one in ("inf", "nan", 0)),
)


@pytest.mark.parametrize(("name", "value"), CANNOT_WORK)
def test_a_setting_that_cannot_work_is_refused_by_name(name, value):
    with pytest.raises(ConfigurationError, match=f"setting {name}: ") as caught:
        Settings(**{name: value})
    assert "kanarifugl" not in str(caught.value)


def test_the_public_url_has_no_slash_at_its_end_since_paths_are_put_after_it():
    assert Settings(base_url="https://gateway.example/").base_url == "https://gateway.example"


def test_every_unknown_variable_and_key_is_told_at_once_with_the_nearest_name(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samspill.toml").write_text('adress_register = "kanarifugl"\nport = 99999\n')
    monkeypatch.setenv("SAMSPILL_DATABASE_URI", "kanarifugl")
    monkeypatch.setenv("SAMSPILL_PRT", "1")
    with pytest.raises(ConfigurationError) as caught:
        Settings()
    told = str(caught.value)
    assert "variable SAMSPILL_DATABASE_URI: there is no such setting; did you mean SAMSPILL_DATABASE_URL?" in told
    assert "variable SAMSPILL_PRT: there is no such setting; did you mean SAMSPILL_PORT?" in told
    assert "setting adress_register: there is no such setting; did you mean address_register?" in told
    assert "setting port: input should be less than or equal to 65535" in told
    assert "kanarifugl" not in told


def test_a_variable_that_the_keyring_stands_in_is_known(monkeypatch):
    monkeypatch.setenv("SAMSPILL_KEYRING", "kanarifugl")
    monkeypatch.setenv("SAMSPILL_KEYS", "env:SAMSPILL_KEYRING")
    assert Settings().keys == "env:SAMSPILL_KEYRING"


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_node_with_wrong_settings_tells_all_of_them_and_keeps_nothing(folder, command):
    env = {
        "SAMSPILL_DATA": str(folder / "kept"),
        "SAMSPILL_CERTIFICATES": str(folder / "certs"),
        "SAMSPILL_ADDRESS_REGISTER": "http://register.example",
        "SAMSPILL_LOG_SERVICE": "https://log.example",
        "SAMSPILL_LOG_TIME_STAMP_URL": "https://stamps.example",
        "SAMSPILL_DEMO": "true",
    }
    done = samspill(command, env=env)
    assert done.returncode == 5
    for told in ("the register of graded addresses", "SAMSPILL_CARE_SERVICES_ADDRESS", "SAMSPILL_LOG_TIME_STAMP_ROOTS"):
        assert told in done.stderr
    assert not (folder / "kept").exists()


def test_a_list_that_is_not_json_is_told_without_a_traceback(monkeypatch):
    monkeypatch.setenv("SAMSPILL_REVOCATION_HOSTS", "kanarifugl.example")
    with pytest.raises(ConfigurationError, match="JSON"):
        Settings()


@contextmanager
def register_of_addresses(certificates):
    """A register on loopback that speaks only with clients of the same authority, and says whose certificate came."""
    came = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            came.append(dict(part[0] for part in self.connection.getpeercert()["subject"])["commonName"])
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["numbers"]
            known = [one for one in asked if one == KNOWN]
            self.send_response(200 if known == asked else 400)
            self.end_headers()
            self.wfile.write(json.dumps({"gradings": dict.fromkeys(known, "fortrolig")}).encode())

        def log_message(self, *_arguments):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = server_context(certificates, "nav").wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/", came
    finally:
        server.shutdown()
        server.server_close()


def test_the_register_of_addresses_is_asked_with_our_certificate_and_trusted_by_our_authority_alone(folder, tmp_path):
    with register_of_addresses(folder / "certs") as (url, came):
        ours = Gateway(settings(folder, demo=True, address_register=url))
        register = ours._addresses()
        assert register.gradings([KNOWN, KNOWN]) == {KNOWN: "fortrolig"}
        assert came == ["gateway"]
        certs.make(tmp_path / "others", datetime.now(UTC))
        others = Settings(certificates=tmp_path / "others", demo=True, address_register=url)
        with capture_logs() as logged:
            assert Gateway(others)._addresses().gradings([KNOWN, "14858412006"]) == {KNOWN: AWAY, "14858412006": AWAY}
        assert [line["event"] for line in logged] == ["address-register-away"]
        assert len(came) == 1
        with capture_logs() as logged:
            assert register.gradings([KNOWN, "14858412006"]) == {KNOWN: "fortrolig"}
        assert [line["event"] for line in logged] == ["address-register-away"]
