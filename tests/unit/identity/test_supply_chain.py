"""What comes from outside is pinned by its hash, and no secret lies in the checkout but the published examples."""

import re
import tomllib
from pathlib import Path

from cryptography import x509

from gateway.edge.certs import is_example

ROOT = Path(__file__).parents[3]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PINNED = re.compile(r"^([a-zA-Z0-9._-]+)(?:\[[^\]]*\])?==", re.MULTILINE)
KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{64}")
SKIPPED = {".venv", "var", ".git", "__pycache__", ".mypy_cache", ".ruff_cache", ".hypothesis", ".pytest_cache", "dist"}


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_locked_requirement_is_pinned_by_hash():
    entries = re.split(r"\n(?=[a-zA-Z0-9])", LOCK.strip())
    loose = [entry.split()[0] for entry in entries if not entry.startswith("#") and "--hash=sha256:" not in entry]
    assert loose == []
    assert len(entries) > 30


def test_everything_the_project_depends_on_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    locked = {normal(name) for name in PINNED.findall(LOCK)}
    assert {normal(re.split(r"[\[<>=~! ]", name)[0]) for name in wanted} - locked == set()


def files(folder):
    for path in folder.iterdir():
        if path.is_dir() and path.name not in SKIPPED and not path.is_symlink():
            yield from files(path)
        elif path.is_file():
            yield path


def test_the_only_private_keys_in_the_checkout_are_the_published_examples():
    found = [path.relative_to(ROOT) for path in files(ROOT) if KEY.search(path.read_bytes())]
    assert {path.parent for path in found} <= {Path("certs/example")}
    for path in found:
        certificate = (ROOT / path).with_suffix(".pem").read_bytes()
        assert is_example(x509.load_pem_x509_certificate(certificate))
