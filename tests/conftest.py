"""One real PostgreSQL for the whole session, and a log that no test leaves as another does not expect it."""

import sys
import tempfile
from pathlib import Path

import pytest
import structlog

sys.path.insert(0, str(Path(__file__).parent / "faults"))


@pytest.fixture(autouse=True)
def _log_as_before():
    """Undo what a test's command line has set up: it would write to a file that ends with that test."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def runtime():
    """Give PostgreSQL's package a folder for its locks that goes with the session."""
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory(prefix="samspill-run-", ignore_cleanup_errors=True) as folder,
    ):
        patch.setenv("XDG_RUNTIME_DIR", folder)
        yield folder


@pytest.fixture(scope="session")
def postgres(runtime):  # noqa: ARG001 - has to be there before, and to go after
    from databases import started  # noqa: PLC0415 - most tests need no database

    with started() as server:
        yield server
