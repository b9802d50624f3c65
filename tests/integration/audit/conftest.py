import pytest
from databases import sqlite_url, url  # noqa: F401 - fixtures
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
