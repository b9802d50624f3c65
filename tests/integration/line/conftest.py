from collections.abc import Iterator

import pytest
from live_line import Live, line


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with line(tmp_path_factory.mktemp("line")) as running:
        yield running
