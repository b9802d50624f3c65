"""`samspill audit` as an operator runs it, and as somebody else does who has nothing but an export and a public key."""

import json
import sqlite3

import in_process
import pytest
from line_kit import vault
from log_kit import Log

from gateway.edge import keys

NUMBER = "13860199941"  # synthetic, of Tenor's series


@pytest.fixture
def folder(tmp_path):
    log = Log(f"sqlite:///{tmp_path / 'samspill.db'}", tmp_path)
    log.add(12)
    log.close()
    (tmp_path / "log.key").unlink()
    (tmp_path / "log.pub").unlink()
    keys.make(tmp_path / "keys")
    return tmp_path


def samspill(folder, *arguments, code=0, stdin="", data=True):
    env = {"SAMSPILL_DATA": str(folder)} if data else {}
    done = in_process.samspill("audit", *arguments, stdin=stdin, cwd=folder, env=env)
    assert done.returncode == code, done.stderr
    return done


def tamper(folder, statement):
    with sqlite3.connect(folder / "samspill.db") as connection:
        connection.execute(statement)


def test_verify_says_that_the_log_is_whole_and_exits_3_when_it_is_not(folder):
    first = json.loads(samspill(folder, "verify", "--json").stdout)
    assert (first["size"], first["checkpoints"]) == (12, 0)
    assert (folder / "log.pub").read_text().strip() == first["key"]
    assert json.loads(samspill(folder, "verify", "--json").stdout)["checkpoints"] == 2
    tamper(folder, "UPDATE audit SET recipient = 'nobody' WHERE tree_index = 3")
    told = samspill(folder, "verify", code=3).stderr
    assert told.startswith("entry 3 (")
    assert "nobody" not in told
    issues = json.loads(samspill(folder, "verify", "--json", code=3).stderr)["issues"]
    assert issues[0]["at"].startswith("entry 3 (")


def test_a_tampered_log_is_not_signed(folder):
    samspill(folder, "verify")
    tamper(folder, "DELETE FROM audit WHERE tree_index = 3")
    samspill(folder, "verify", code=3)
    assert len(list((folder / "log-anchors").glob("*.checkpoint"))) == 1


def test_an_export_is_verified_by_somebody_with_the_public_key_and_nothing_else(folder, tmp_path_factory):
    kept = json.loads(samspill(folder, "verify", "--json").stdout)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "kept.checkpoint").write_text(kept["checkpoint"])
    samspill(folder, "export", "--reason", "yearly-review", "-o", str(elsewhere / "log.json"))
    offline = ("verify", "--export", "log.json", "--checkpoint", "kept.checkpoint")
    told = samspill(elsewhere, *offline, "--key", kept["key"], data=False).stdout
    assert told.startswith("13 of 13 entries")
    samspill(elsewhere, *offline, code=2, data=False)
    text = (elsewhere / "log.json").read_text().replace("benefit", "pay", 1)
    (elsewhere / "log.json").write_text(text)
    samspill(elsewhere, *offline, "--key", kept["key"], code=3, data=False)
    (elsewhere / "log.json").write_text("[" * 100_000)
    samspill(elsewhere, *offline, "--key", kept["key"], code=3, data=False)
    assert not (elsewhere / "var").exists()


def test_an_export_is_csv_or_a_bundle_too_and_each_is_in_the_log_with_its_reason(folder):
    assert samspill(folder, "export", "--reason", "asked", "--format", "csv").out.startswith(b"\xef\xbb\xbfindex;")
    bundle = json.loads(samspill(folder, "export", "--reason", "asked", "--format", "fhir").stdout)
    assert len(bundle["entry"]) == 14
    newest = bundle["entry"][0]["resource"]
    assert (newest["subtype"][-1]["code"], newest["outcomeDesc"]) == ("log-export", "asked")


def test_show_narrows_and_is_itself_in_the_log(folder):
    denied = json.loads(samspill(folder, "show", "--reason", "asked", "--outcome", "denied", "--json").stdout)
    assert [one["index"] for one in denied] == [None]
    latest = samspill(folder, "show", "--reason", "asked", "--limit", "2").stdout.splitlines()
    assert len(latest) == 2
    assert "log-read" in latest[0]


def test_a_patients_number_is_read_from_standard_input_and_repeated_nowhere(folder):
    shown = samspill(folder, "show", "--reason", "asked", "--patient", "--json", stdin=f"{NUMBER}\n")
    [looked] = json.loads(shown.stdout)  # nothing but this very search, which is about the patient too
    assert looked["patient"] == keys.Vault(keys.from_file(folder / "keys")).mac("patient", NUMBER)
    assert looked["patient"] != vault().mac("patient", NUMBER)
    assert NUMBER not in shown.stdout + shown.stderr
    wrong = samspill(folder, "show", "--reason", "asked", "--patient", stdin="Kari Nordmann\n", code=2)
    assert "Kari" not in wrong.stderr


@pytest.mark.parametrize("reason", ["She asked me", "", "x" * 41])
def test_a_reason_is_a_code(folder, reason):
    samspill(folder, "show", "--reason", reason, code=2)
    samspill(folder, "export", "--reason", reason, code=2)


def test_where_there_is_no_database_none_is_made(tmp_path):
    samspill(tmp_path, "verify", code=5)
    assert list(tmp_path.iterdir()) == []
