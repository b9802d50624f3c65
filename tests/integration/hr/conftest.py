import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "line"))

from live_line import Live, line


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with line(tmp_path_factory.mktemp("hr"), fetches=True) as running:
        yield running
