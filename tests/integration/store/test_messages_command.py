import asyncio
import contextlib
import json
import sqlite3

import pytest
import typer
from line_kit import message, vault, write_keys
from rig import Rig
from typer.testing import CliRunner

from gateway.cli.messages import register
from gateway.core.errors import Rejected
from gateway.edge.channel import MemoryChannel
from gateway.edge.store.operate import NotThere


@pytest.fixture
def dead(tmp_path, monkeypatch):
    """A store with one dead letter and one delivered message; gives the id of the dead one."""
    url = f"sqlite:///{tmp_path / 'line.db'}"
    monkeypatch.setenv("SAMSPILL_DATABASE_URL", url)
    monkeypatch.setenv("SAMSPILL_KEYS", f"file:{write_keys(tmp_path / 'keys')}")
    monkeypatch.chdir(tmp_path)

    def no(_key, _body):
        raise Rejected("no")

    async def go():
        rig = Rig(url)
        rig.channels["hr"] = MemoryChannel(no)
        await rig.intake.accept(message(1, "nav", "hr"), "json", "ehr", "key")
        await rig.run_until(lambda: rig.states() == {"acknowledged": 1, "dead-letter": 1})
        [name] = [row.id for row in rig.messages_in("dead-letter")]
        rig.close()
        return name

    return asyncio.run(go())


def run(*arguments):
    app = typer.Typer()
    register(app)
    app.callback()(lambda: None)
    return CliRunner().invoke(app, ["messages", *arguments], standalone_mode=True)


def test_dead_letters_are_listed_shown_and_resent(dead):
    [listed] = json.loads(run("dead-letters", "--json").output)
    assert (listed["id"], listed["reason"]) == (dead, "rejected")
    story = json.loads(run("show", dead, "--json").output)
    assert [event["event"] for event in story["events"]] == ["permit", "seal", "gave-up"]
    assert story["tries"][0]["outcome"] == "rejected"
    assert run("resend", dead, "--reason", "repaired").exit_code == 0
    assert json.loads(run("dead-letters", "--json").output) == []
    assert json.loads(run("list", "--state", "received", "--json").output)[0]["id"] == dead


def test_a_dead_letter_is_discarded_with_a_code_and_not_with_a_story(dead):
    assert run("discard", dead, "--reason", "Ring Kari om dette").exit_code == 2
    assert run("discard", dead, "--reason", "sent-on-paper").exit_code == 0
    assert json.loads(run("dead-letters", "--json").output) == []
    assert "sent-on-paper" in run("show", dead).output


def test_what_is_printed_holds_nothing_of_a_person(dead):
    output = run("list").output + run("show", dead).output + run("dead-letters").output
    assert dead in output
    for word in ("Plumbumpoisoning", "patient-1", "case-1", "msg-1"):
        assert word not in output


def test_an_id_that_is_not_there_is_said_so(dead):  # noqa: ARG001
    assert "no message has this id" in str(run("show", "nothing").exception)


def test_a_key_is_added_and_everything_is_wrapped_under_it(dead, tmp_path):  # noqa: ARG001
    assert run("add-key", str(tmp_path / "keys"), "kek-2").exit_code == 0
    done = run("rewrap")
    assert "under kek-2" in done.output
    assert int(done.output.split()[0]) > 1
    assert run("rewrap").output.startswith("0 ")


def test_keys_are_never_made_over_others(dead, tmp_path):  # noqa: ARG001
    assert "there already" in str(run("make-keys", str(tmp_path / "keys")).exception)
    assert run("make-keys", str(tmp_path / "new")).exit_code == 0


def test_the_store_is_upgraded_by_command(dead):  # noqa: ARG001
    assert run("upgrade-store", "--post").exit_code == 0


def test_what_was_kept_for_its_time_goes_by_command_and_a_dead_letter_never(dead, tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.edge.store.retention.first_id", lambda _at: "f")  # ids cannot be made older
    grow_old(tmp_path)
    assert run("purge").output.startswith("0 ")
    run("discard", dead, "--reason", "sent-on-paper")
    assert run("purge").output.startswith("0 "), "discarded just now"
    grow_old(tmp_path)
    assert "4 payloads would be destroyed" in run("purge", "--dry-run").output
    assert "4 payloads destroyed" in run("purge").output
    assert run("purge").output.startswith("0 ")


def grow_old(folder):
    with contextlib.closing(sqlite3.connect(folder / "line.db", isolation_level=None)) as connection:
        connection.execute("UPDATE inbound SET received_at = 1")
        connection.execute("UPDATE event SET at = 1")


@pytest.mark.usefixtures("dead")
def test_an_erasure_that_erases_nothing_is_no_success_and_a_persons_number_is_not_repeated(tmp_path):
    number = run("erase", "02917923100")
    assert number.exit_code == 2
    assert "02917923100" not in number.output
    nobody = run("erase", "f" * 32)
    assert isinstance(nobody.exception, NotThere)
    who = vault().mac("patient", "patient-1")
    assert "payloads destroyed" in run("erase", who).output
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("line.db*")} == {0o600}
