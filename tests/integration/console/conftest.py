import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "line"))
sys.path.insert(0, str(Path(__file__).parents[1] / "review"))
sys.path.insert(0, str(Path(__file__).parent))

from browser import chromium
from live_line import Live, line
from playwright.sync_api import Browser
from visitor import Visitor


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with line(tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.fixture(scope="module")  # no longer: while it runs, nothing else in this thread can run an event loop
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def visit(live: Live) -> Iterator[Callable[..., Visitor]]:
    """Give what logs somebody in, by subject and provider; nobody without."""
    everybody: list[Visitor] = []

    def visiting(subject: str = "", provider: str = "staff") -> Visitor:
        everybody.append(Visitor(live.scene.console, subject, provider))
        return everybody[-1]

    yield visiting
    for one in everybody:
        one.client.close()
