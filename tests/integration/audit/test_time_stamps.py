"""Checkpoints are stamped by an authority that is not us, and anybody with its root can see when."""

import json
import shutil
import time
from datetime import UTC, datetime

import httpx
import pytest
from authority import made, serving
from in_process import samspill
from log_kit import WRITE

from gateway.core.errors import ConfigurationError
from gateway.edge.audit.anchors import Anchors
from gateway.edge.audit.export import json_text, proven
from gateway.edge.audit.guard import LogGuard
from gateway.edge.audit.search import Filter, search_all
from gateway.edge.audit.stamps import BadStamp, Stamps, authority
from gateway.edge.config import Settings
from gateway.wiring.audit import anchors

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="the authority is OpenSSL's, which is not here")


@pytest.fixture
def roots(tmp_path):
    return made(tmp_path / "tsa")


@pytest.fixture
def stamped(log, roots, tmp_path):
    with serving(tmp_path / "tsa") as url:
        stamps = Stamps(roots)
        log.anchors = Anchors(tmp_path / "anchors", authority(url, stamps, httpx.Client(trust_env=False)))
        log.open()
        log.guard = LogGuard(log.database, log.key, log.anchors, stamps)
        yield log


def test_a_checkpoint_is_stamped_and_its_stamp_tells_when(stamped, roots):
    [note, later] = stamped.fill(3, 2)
    found = {said: stamp for _, said, stamp in stamped.anchors.stamps()}
    assert set(found) == {note, later}
    at = Stamps(roots).opened(found[note], note)
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60
    assert stamped.guard.check("a test").flaws == ()


def test_a_stamp_of_another_checkpoint_or_another_authority_is_told(stamped, roots, tmp_path):
    [note, later] = stamped.fill(3, 2)
    stamps = {size: stamp for size, _, stamp in stamped.anchors.stamps()}
    with pytest.raises(BadStamp):
        Stamps(roots).opened(stamps[3], later)
    with pytest.raises(BadStamp):
        Stamps(made(tmp_path / "other")).opened(stamps[3], note)
    with pytest.raises(BadStamp):
        Stamps(roots).opened(b"nothing", note)
    with pytest.raises(BadStamp):  # its certificate says that it is of a version that there is none of
        Stamps(roots).opened(stamps[3].replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x2b"), note)
    path = tmp_path / "anchors" / f"{3:016d}.tsr"
    path.chmod(0o644)
    path.write_bytes(stamps[5])
    assert [flaw.code for flaw in stamped.guard.check("a test").flaws] == ["time-stamp"]


def test_an_answer_that_is_not_the_authoritys_is_not_kept_and_the_checkpoint_stands(log, roots, tmp_path):
    made(tmp_path / "impostor")
    with serving(tmp_path / "impostor") as url:
        log.anchors = Anchors(tmp_path / "anchors", authority(url, Stamps(roots), httpx.Client(trust_env=False)))
        log.open()
        log.fill(2)
    assert list(log.anchors.stamps()) == []
    assert len(log.anchors.notes()) == 1


def test_an_authority_without_roots_is_a_fault_of_the_settings(tmp_path):
    with pytest.raises(ConfigurationError):
        anchors(Settings(data=tmp_path, log_time_stamp_url="http://127.0.0.1:1/"))
    (tmp_path / "roots.pem").write_text("none")
    with pytest.raises(ConfigurationError):
        Stamps(tmp_path / "roots.pem")


def test_somebody_else_checks_a_stamp_beside_a_checkpoint_without_any_database(stamped, roots, tmp_path):
    [note] = stamped.fill(3)
    document = proven(stamped.database, stamped.key, note, search_all(stamped.database, Filter()), ())
    (tmp_path / "log.json").write_text(json_text(document))
    kept = tmp_path / "anchors" / f"{3:016d}.checkpoint"
    asked = ["audit", "verify", "--export", tmp_path / "log.json", "--key", tmp_path / "log.pub"]
    asked += ["--checkpoint", kept, "--time-stamp-roots", roots, "--json"]
    done = samspill(*asked)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["entries"] == 3
    assert "stamped 20" in done.stderr
    asked[asked.index(roots)] = made(tmp_path / "other")
    wrong = samspill(*asked)
    assert wrong.returncode == 3
    assert "the time stamp is not the authority's" in wrong.stderr


def test_what_a_verification_finds_is_kept_and_the_log_is_verified_once_a_day(log):
    log.fill(2)
    guard = LogGuard(log.database, log.key, log.anchors)
    assert not guard._due()
    log.tamper(("UPDATE log_checkpoint SET at = at - 90000",))
    assert guard._due()
    assert guard.check("gateway").flaws == ()
    assert not guard._due()
    assert [(one.actor, one.size, one.flaws) for one in guard.history(5)] == [("gateway", 2, ())]
    assert time.time() - guard.last().at < 60
    log.database.write_now(WRITE, 1)
