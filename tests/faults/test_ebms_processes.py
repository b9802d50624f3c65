"""Either end is a process that is killed with SIGKILL: what both ledgers say is that each message came once."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import psutil
import pytest
from sqlalchemy import select
from test_ebms_faults import OURS, WHEN_LATER

from gateway.edge.certs import private_copy
from gateway.edge.store import statements
from gateway.edge.store.database import Database, Settings
from gateway.edge.store.operate import RESEND, Order
from gateway.edge.store.schema import ebms_owed

FOLDER = Path(__file__).parent
NAVS = [
    "nav.before-taken",
    "nav.after-taken",
    "nav.before-answer",
    "nav.answered",
    "nav.before-acknowledged",
    "nav.after-acknowledged",
]
OWED = select(ebms_owed.c.id).where(~ebms_owed.c.signal)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    private_copy(FOLDER.parents[1] / "certs" / "example", folder)
    return folder


def free_ports():
    with contextlib.ExitStack() as held:
        taken = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        return dict(zip(("us", "nav"), (one.getsockname()[1] for one in taken), strict=True))


@pytest.fixture(scope="module")
def maker():
    """The process whose children the ends are."""
    made = subprocess.Popen(
        [sys.executable, "ebms_ends.py"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield made
    made.kill()
    made.communicate()


class Ends:
    """Both ends, killed and started again, and the ledgers that they leave."""

    def __init__(self, maker, folder, certificates, url, sync="mshSignalsOnly"):
        self.maker, self.folder, self.url = maker, folder, url
        self.said, self.asked, self.living = [], [], {}
        signalled = "later" if sync == "none" else "at-once"
        self.common = {"folder": str(folder), "certificates": str(certificates), "url": url, "ports": free_ports()}
        self.common |= {"sync": sync, "signal": signalled}

    def __enter__(self):
        return self

    def __exit__(self, *_raised):
        for end in tuple(self.living):
            self.kill(end)

    def start(self, end, die_at=""):
        self.kill(end)
        asked = self.common | {"end": end, "die_at": die_at, "said": self.said, "asked": self.asked}
        self.maker.stdin.write(json.dumps(asked) + "\n")
        self.maker.stdin.flush()
        self.living[end] = int(self.maker.stdout.readline())

    def kill(self, end):
        if (process := self.living.pop(end, 0)) and psutil.pid_exists(process):
            os.kill(process, signal.SIGKILL)
            self.until(lambda: not psutil.pid_exists(process))

    def until(self, done, seconds=20):
        ends = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < ends, (self.ledger(), (self.folder / "told").read_text()[-2000:])
            time.sleep(0.01)

    def killed_at(self, end, point, number):
        """Have both ends work until one of them has killed itself at a point."""
        self.said.append(number)
        self.asked.append(100 + number)
        for one in ("us", "nav"):
            self.start(one, point if one == end else "")
        self.until(lambda: not psutil.pid_exists(self.living[end]))

    def ledger(self):
        files = {name: self.folder / name for name in ("nav", "office")}
        lines = {k: f.read_bytes().splitlines() if f.exists() else [] for k, f in files.items()}
        return {name: [json.loads(line) for line in found] for name, found in lines.items()}

    def settled(self):
        """Let both ends go on until nothing is on its way, and stop them."""
        self.start("nav")
        self.start("us")
        database = Database(Settings(self.url))
        try:
            self.until(lambda: self._calm(database), 40)
        finally:
            database.close()
        for end in ("us", "nav"):
            self.kill(end)

    def _calm(self, database):
        for row in database.rows(statements.NEWEST_IN, limit=9, state="stuck"):  # its process died six times under it
            asyncio.run(database.write(RESEND, Order(row.id, "operator", "killed")))
        states = dict(map(tuple, database.rows(statements.CENSUS)))
        if states != {"acknowledged": len(self.said) + len(self.asked)} or database.rows(OWED):
            return False
        nav = self.ledger()["nav"]
        heads = {line["head"]["message_id"] for line in nav if "head" in line}
        receipts = [line for line in nav if "receipt" in line]
        return heads == {line["acknowledged"] for line in nav if "acknowledged" in line} and len(receipts) >= len(
            self.asked
        )

    def check(self):
        ledger = self.ledger()
        received = [line for line in ledger["nav"] if "received" in line]
        assert sorted(line["received"] for line in received) == sorted(f"msg-{number}" for number in self.said)
        assert len({line["key"] for line in received}) == len(self.said)
        receipts = [line["receipt"] for line in ledger["nav"] if "receipt" in line]
        assert sorted(receipts) == sorted(f"msg-{number}" for number in self.asked)
        assert len({line["key"] for line in ledger["office"]}) == len(self.asked)
        assert "Traceback" not in (self.folder / "told").read_text()


def rage(ends, points):
    with ends:
        for number, point in enumerate(points):
            ends.killed_at("nav" if point.startswith("nav.") else "us", point, number)
        ends.settled()
    ends.check()


def url_in(folder):
    return f"sqlite:///{folder / 'line.db'}"


SOME = ["send.after", "ebms-take.after-commit", "replies.before-settle", *NAVS[1:3]]
OTHERS = ["ebms-signal.before-commit", "ebms-owe.after-commit", "nav.before-taken"]
LATER = [*WHEN_LATER, *NAVS[:3]]


def test_each_process_is_killed_in_turn(tmp_path, maker, certificates):
    rage(Ends(maker, tmp_path, certificates, url_in(tmp_path)), SOME)


def test_each_process_is_killed_on_postgresql_while_signals_come_by_themselves(tmp_path, maker, certificates, postgres):
    rage(Ends(maker, tmp_path, certificates, postgres.database(), "none"), OTHERS)


@pytest.mark.storm
@pytest.mark.parametrize(("sync", "points"), [("mshSignalsOnly", [*OURS, *NAVS]), ("none", LATER)])
def test_each_process_is_killed_at_each_of_its_points(tmp_path, maker, certificates, url, sync, points):
    rage(Ends(maker, tmp_path, certificates, url, sync), points)


@pytest.mark.storm
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("sync", ["mshSignalsOnly", "none"])
def test_a_storm_of_kills_at_any_moment(tmp_path, maker, certificates, seed, sync):
    chance = Random(seed)  # noqa: S311 - no secret
    with Ends(maker, tmp_path, certificates, url_in(tmp_path), sync) as ends:
        for number in range(15):
            ends.said.append(number)
            ends.asked.append(100 + number)
            for end in chance.sample(["us", "nav"], chance.randint(1, 2)) if ends.living else ["us", "nav"]:
                ends.start(end)
            time.sleep(chance.random() / 2)
        ends.settled()
    ends.check()
