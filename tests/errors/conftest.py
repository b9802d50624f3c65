import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "fhir"))  # the sick note that all FHIR tests send
sys.path.insert(0, str(Path(__file__).parents[1] / "integration" / "http"))  # the running edge

from live_edge import Edge, running

from gateway.edge.http import Limits


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with running(Limits()) as live:
        yield live
