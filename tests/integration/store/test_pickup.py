"""Absence files taken out of a folder, on this machine and from a real SFTP server: each once, none half-written."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest
from databases import running
from sqlalchemy import func, select

from gateway.core.errors import ConfigurationError, NotAcceptable
from gateway.edge.absences import pickup as pickups
from gateway.edge.absences.files import AbsenceFiles
from gateway.edge.absences.folders import LocalFolder, sftp_folder, sftp_place
from gateway.edge.absences.pickup import Pickup
from gateway.edge.absences.reports import RowMessages
from gateway.edge.library import Library
from gateway.edge.store.schema import absence
from gateway.wiring.absences import Profiles, error_lines, reads
from gateway.wiring.formats import Formats
from gateway.wiring.pickup import opens

GOOD = "employee;start;end;kind;degree\n000017;2026-01-05;2026-01-07;sick-unspecified;100\n"
BAD = GOOD + "000018;2026-01-05;2026-01-07;what;100\n"


@asynccontextmanager
async def sftp(folder: Path, secrets: Path):
    """Run an SFTP server for a folder, and give the address, the key that opens it and the file of the host's key."""
    host, own = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    own.write_private_key(secrets / "id")
    own.write_public_key(secrets / "id.pub")

    def serve(channel):
        return asyncssh.SFTPServer(channel, chroot=str(folder))

    listener = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host],
        authorized_client_keys=str(secrets / "id.pub"),
        sftp_factory=serve,
    )
    port = listener.get_port()
    (secrets / "hosts").write_text(f"[127.0.0.1]:{port} {host.export_public_key().decode()}")
    try:
        yield f"sftp://hr@127.0.0.1:{port}/", secrets / "id", secrets / "hosts"
    finally:
        listener.close()
        await listener.wait_closed()


@asynccontextmanager
async def opened(kind, folder, secrets):
    if kind == "local":
        yield LocalFolder(folder)
        return
    async with sftp(folder, secrets) as (url, key, hosts), sftp_folder(sftp_place(url, key, hosts)) as remote:
        yield remote


@pytest.fixture(params=["local", "sftp"])
def kind(request):
    return request.param


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.fixture
def rig(sqlite_url):
    from rig import Rig  # noqa: PLC0415 - in the folder of the faults

    made = Rig(sqlite_url)
    yield made
    made.close()


@pytest.fixture
def files(rig):
    profiles = Profiles(Library().folder)
    read = reads(profiles, Formats(Library())["canonical"], synthetic=True)
    return AbsenceFiles((rig.database, rig.vault), read, frozenset(profiles.known), RowMessages(rig.intake))


def watching(found, files, profile="generic-csv"):
    return Pickup(found, files, "work", profile, error_lines)


def names(folder, inside=""):
    return sorted(one.name for one in (folder / inside).iterdir() if one.is_file())


def kept(rig):
    return rig.database.rows(select(func.count()).select_from(absence))[0][0]


@running
async def test_a_good_file_is_processed_and_a_bad_one_failed_with_its_errors_beside(rig, files, kind, folder, tmp_path):
    (folder / "good.csv").write_text(GOOD)
    (folder / "bad.csv").write_text(BAD.replace("000017", "000019"))
    async with opened(kind, folder, tmp_path) as found:
        watcher = watching(found, files)
        await watcher.begin()
        assert await watcher.look() == 0
        assert await watcher.look() == 2
    assert (names(folder), names(folder, "working")) == ([], [])
    assert names(folder, "processed") == ["good.csv"]
    assert names(folder, "failed") == ["bad.csv", "bad.csv.errors.csv"]
    assert '"3";"kind"' in (folder / "failed/bad.csv.errors.csv").read_text("utf-8")
    assert kept(rig) == 2


@running
async def test_a_file_that_is_being_written_is_left_alone(files, kind, folder, tmp_path):
    for name in ("a.csv.tmp", "a.part", ".hidden.csv", "b.filepart"):
        (folder / name).write_text(GOOD)
    (folder / "link.csv").symlink_to("/etc/hostname")
    async with opened(kind, folder, tmp_path) as found:
        watcher = watching(found, files)
        await watcher.begin()
        for length in (10, 30, len(GOOD)):
            (folder / "growing.csv").write_text(GOOD[:length])
            assert await watcher.look() == 0
        assert await watcher.look() == 1
    assert names(folder, "processed") == ["growing.csv"]
    assert len(names(folder)) == 5


@running
async def test_what_a_watcher_that_died_left_is_gone_on_with_and_nothing_is_kept_twice(
    rig, files, kind, folder, tmp_path
):
    (folder / "working").mkdir()
    (folder / "working/left.csv").write_text(GOOD)
    async with opened(kind, folder, tmp_path) as found:
        assert await watching(found, files).begin() == 1
        (folder / "working/again.csv").write_text(GOOD)
        assert await watching(found, files).begin() == 1
    assert names(folder, "processed") == ["again.csv", "left.csv"]
    assert kept(rig) == 1


@running
async def test_a_name_that_was_used_before_takes_nothing_away(files, kind, folder, tmp_path):
    async with opened(kind, folder, tmp_path) as found:
        watcher = watching(found, files)
        await watcher.begin()
        for start in ("2026-02-02", "2026-03-02"):
            (folder / "absences.csv").write_text(GOOD.replace("2026-01-05", "2026-01-06").replace("2026-01-07", start))
            await watcher.look()
            await watcher.look()
    assert names(folder, "processed") == ["absences-2.csv", "absences.csv"]


@running
async def test_of_two_watchers_one_takes_a_file(rig, files, folder):
    (folder / "good.csv").write_text(GOOD)
    both = [watching(LocalFolder(folder), files) for _ in range(2)]
    for one in both:
        await one.begin()
        await one.look()
    assert sorted(await asyncio.gather(*(one.look() for one in both))) == [0, 1]
    assert names(folder, "processed") == ["good.csv"]
    assert kept(rig) == 1


@running
async def test_a_profile_that_is_not_there_is_told_and_the_file_stays(files, folder):
    (folder / "good.csv").write_text(GOOD)
    watcher = watching(LocalFolder(folder), files, "no-such")
    await watcher.begin()
    await watcher.look()
    with pytest.raises(NotAcceptable, match="no such profile"):
        await watcher.look()
    assert names(folder, "working") == ["good.csv"]


@running
async def test_the_folder_may_go_away_and_come_back(files, folder):
    stopping, looked = asyncio.Event(), []

    @asynccontextmanager
    async def sometimes():
        looked.append(1)
        if len(looked) == 1:
            raise OSError("away")
        yield LocalFolder(folder)

    (folder / "good.csv").write_text(GOOD)
    task = asyncio.create_task(pickups.watch(sometimes, lambda found: watching(found, files), 0.05, stopping))
    for _ in range(500):
        if (folder / "processed/good.csv").exists():
            break
        await asyncio.sleep(0.02)
    stopping.set()
    await task
    assert await pickups.once(opens(str(folder), None, None), lambda found: watching(found, files), 0.01) == 0


@running
async def test_a_host_with_another_key_is_not_talked_to(folder, tmp_path):
    (tmp_path / "other").mkdir()
    async with sftp(folder, tmp_path) as (url, key, hosts):
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        hosts.write_text(hosts.read_text().partition(" ")[0] + " " + other)
        with pytest.raises(OSError, match="HostKeyNotVerifiable"):
            async with sftp_folder(sftp_place(url, key, hosts)):
                raise AssertionError("it connected")


@running
async def test_a_key_that_the_host_does_not_know_opens_nothing(folder, tmp_path):
    async with sftp(folder, tmp_path) as (url, key, hosts):
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(key)
        with pytest.raises(OSError, match="PermissionDenied"):
            async with sftp_folder(sftp_place(url, key, hosts)):
                raise AssertionError("it connected")


def test_an_address_without_key_or_host_key_or_with_a_password_is_refused(tmp_path):
    (tmp_path / "empty").write_text("")
    with pytest.raises(ConfigurationError) as refused:
        sftp_place("sftp://hr:secret@host/x", None, tmp_path / "empty")
    assert "secret" not in str(refused.value)
    assert [word in str(refused.value) for word in ("--key", "--host-keys", "password")] == [True] * 3
    with pytest.raises(ConfigurationError, match="no such folder"):
        opens(str(tmp_path / "nowhere"), None, None)
