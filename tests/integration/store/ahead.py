"""A pytest plugin for tests of old code: every store that they open was brought up to today's schema before."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MIGRATE = """
import sys
from gateway.edge.store.engine import open_engine
from gateway.edge.store.migrate import migrate
engine = open_engine(sys.argv[1], lambda: 0.0)
migrate(engine)
engine.dispose()
"""


@pytest.fixture(scope="session")
def today(tmp_path_factory) -> Path:
    """Give an empty store with today's schema, made by today's code."""
    store = tmp_path_factory.mktemp("today") / "line.db"
    environment = os.environ | {"PYTHONPATH": os.environ["TODAY"]}
    subprocess.run([sys.executable, "-c", MIGRATE, f"sqlite:///{store}"], env=environment, check=True)
    return store


@pytest.fixture(autouse=True)
def _on_todays_schema(today, request):
    if {"rig", "url", "sqlite_url"} & set(request.fixturenames):
        shutil.copy(today, Path(request.getfixturevalue("tmp_path")) / "line.db")
