import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "faults"))

from databases import postgres, sqlite_url, url  # noqa: F401 - fixtures
from log_kit import Log


@pytest.fixture
def log(sqlite_url, tmp_path):  # noqa: F811 - the fixture
    kept = Log(sqlite_url, tmp_path)
    yield kept
    kept.close()


@pytest.fixture
def any_log(url, tmp_path):  # noqa: F811 - the fixture
    kept = Log(url, tmp_path)
    yield kept
    kept.close()
