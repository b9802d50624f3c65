import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from gateway.cli.certs import register
from gateway.core.errors import ConfigurationError
from gateway.edge import certs
from gateway.edge.trust import Anchors, Purpose, Untrusted

COMMITTED = Path(__file__).parents[2] / "certs/example"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FAR = datetime(2055, 1, 1, tzinfo=UTC)
EARLY = datetime(2022, 1, 1, tzinfo=UTC)


def load(name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((COMMITTED / name).read_bytes())


def everything(directory: Path) -> set[str]:
    return {file.name for file in directory.iterdir() if file.name != "README.md"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certs") / "new"
    certs.make(directory, NOW)
    return directory


def test_a_new_set_has_the_same_files_as_the_committed_one(made):
    assert everything(made) == everything(COMMITTED)
    assert len(everything(made)) == 1 + 4 * len(certs.ACTORS)


def test_new_keys_are_their_owner_s_and_new_every_time(made):
    assert {file.stat().st_mode & 0o777 for file in made.glob("*.key")} == {0o600}
    assert all((made / file.name).read_bytes() != file.read_bytes() for file in COMMITTED.glob("*.key"))


def test_nothing_is_overwritten(made):
    before = (made / "nav.key").read_bytes()
    with pytest.raises(ConfigurationError, match=r"nav\.key: is there already"):
        certs.make(made, NOW)
    assert (made / "nav.key").read_bytes() == before


@pytest.mark.parametrize("actor", certs.ACTORS)
@pytest.mark.parametrize("at", [EARLY, NOW, FAR], ids=["in-2022", "now", "in-2055"])
def test_the_committed_certificates_chain_to_the_authority_for_what_they_are_for(actor, at):
    anchors = Anchors([load("ca.pem")])
    for purpose in (Purpose.SERVER, Purpose.CLIENT):
        assert len(anchors.chain(load(f"{actor}.pem"), purpose, at)) == 2
    for purpose in (Purpose.SIGN, Purpose.SEAL):
        assert len(anchors.chain(load(f"{actor}-signing.pem"), purpose, at)) == 2
    for name, purpose in ((f"{actor}.pem", Purpose.SEAL), (f"{actor}-signing.pem", Purpose.SERVER)):
        with pytest.raises(Untrusted):
            anchors.chain(load(name), purpose, at)


@pytest.mark.parametrize("actor", certs.ACTORS)
def test_each_key_belongs_to_its_certificate_and_is_of_the_stated_kind(actor):
    for stem, kind in ((actor, ec.EllipticCurvePrivateKey), (f"{actor}-signing", rsa.RSAPrivateKey)):
        key = load_pem_private_key((COMMITTED / f"{stem}.key").read_bytes(), None)
        assert isinstance(key, kind)
        assert key.public_key() == load(f"{stem}.pem").public_key()


def test_every_committed_certificate_is_an_example_and_is_refused_outside_the_demo():
    files = sorted(COMMITTED.glob("*.pem"))
    assert all(certs.is_example(load(file.name)) for file in files)
    assert len(certs.examples(files)) == len(files)


def own(issuer: x509.Name, subject: x509.Name) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    return builder.sign(key, hashes.SHA256())


def test_a_certificate_of_one_s_own_is_no_example_but_one_from_the_example_authority_is():
    mine = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Sykehuset")])
    assert not certs.is_example(own(mine, mine))
    assert certs.is_example(own(load("ca.pem").subject, mine))


def test_a_file_that_holds_no_certificate_is_told_by_name(tmp_path):
    (tmp_path / "odd.pem").write_text("hei")
    assert "odd.pem: cannot be read" in certs.examples([tmp_path / "odd.pem"])[0]
    assert certs.examples([]) == []


def test_a_copy_has_keys_that_others_may_not_read(tmp_path):
    copied = certs.private_copy(COMMITTED, tmp_path / "copy")
    assert everything(copied) == everything(COMMITTED)
    assert {file.stat().st_mode & 0o777 for file in copied.iterdir()} == {0o600}


def test_the_command_lists_what_it_made(tmp_path):
    app = typer.Typer()
    register(app)
    app.command()(lambda: None)
    result = CliRunner().invoke(app, ["certs", "make", str(tmp_path / "new"), "--json"])
    assert result.exit_code == 0, result.output
    assert {Path(file).name for file in json.loads(result.output)["files"]} == everything(COMMITTED)
