"""The disk itself fails: a file system whose device has no more room, or cannot write what it was given.

The store lies on ext4 on a loop device, whose image lies on a small tmpfs. When the tmpfs is full the kernel cannot
write the device's blocks, and fdatasync fails as with a broken disk. Afterwards the file system is unmounted and
mounted again, so that what is counted is what the device holds, and nothing that only the page cache had.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = ("unshare", "mount", "mkfs.ext4")

MOUNT = """
set -e
mkdir small disk
mount -t tmpfs -o size={room} tmpfs small
truncate -s {size} small/image
mkfs.ext4 -q -m 0 -E lazy_itable_init=0,lazy_journal_init=0,nodiscard small/image
mount -o loop,errors=remount-ro small/image disk
dd if=/dev/zero of=disk/reserve bs=1M count=2
"""

WORK = """
set -e
"$PYTHON" -c "$POST" || echo died
umount disk
mount -o remount,size=64m small
mount -o loop small/image disk
rm disk/reserve
"$PYTHON" -c "$COUNT"
"""

POST = """
import asyncio, os
from line_kit import message
from rig import Rig
from gateway.core.errors import Busy

async def post(rig, number):
    try:
        await rig.intake.accept(message(number, note="x" * 3000), "json", "ehr", f"key-{number}")
    except Busy:
        return False
    print("took", flush=True)
    return True

async def main():
    rig = Rig("sqlite:///disk/line.db")
    refused = number = 0
    while refused < 20 and number < 2000:
        refused += not await post(rig, number)
        number += 1
    os._exit(0)

asyncio.run(main())
"""

COUNT = """
from sqlalchemy import text
from rig import Rig
rig = Rig("sqlite:///disk/line.db")
print("there", rig.states().get("received"), rig.database.rows(text("PRAGMA integrity_check"))[0][0])
rig.close()
"""

BROKEN = {"room": "10m", "size": "48m"}
FULL = {"room": "64m", "size": "12m"}


def at_work(folder, disk):
    """Post until the disk fails, and on; give how many were answered with yes, and what is there afterwards."""
    if os.geteuid() != 0 or not all(map(shutil.which, TOOLS)):
        pytest.skip("only root can mount a failing disk, with unshare, mount and mkfs.ext4")
    here = Path(__file__).parent
    environment = os.environ | {
        "PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join([str(here), str(here.parents[1])]),
        "POST": POST,
        "COUNT": COUNT,
    }
    mounting = ["unshare", "-m", "sh", "-c", MOUNT.format(**disk)]
    (folder / "try").mkdir()
    tried = subprocess.run(mounting, cwd=folder / "try", capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip("a loop device cannot be mounted here")
    working = [*mounting[:-1], MOUNT.format(**disk) + WORK]
    done = subprocess.run(working, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert "store-failed" in done.stdout, done.stderr[-2000:]
    return lines.count("took"), lines[-1]


def test_when_the_disk_cannot_write_what_it_was_given_every_yes_is_on_it(tmp_path):
    """Its file system then goes read-only, as is usual (`errors=remount-ro`)."""
    taken, there = at_work(tmp_path, BROKEN)
    assert taken > 100
    assert there == f"there {taken} ok"


@pytest.mark.storm
def test_when_the_file_system_is_full_to_the_last_block_every_yes_is_on_it(tmp_path):
    """SQLite's index is mapped into memory, so that the process may die of it (SIGBUS); no yes is lost of that."""
    taken, there = at_work(tmp_path, FULL)
    assert taken > 100
    assert there == f"there {taken} ok"
