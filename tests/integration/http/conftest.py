import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "fhir"))  # the sick note that all FHIR tests send

from live_edge import TOKEN, Edge, running

from gateway.edge.http import Limits


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with running(Limits(body_bytes=1_000_000, body_seconds=2.0)) as live:
        yield live


@pytest.fixture
def client(edge: Edge) -> Iterator[httpx.Client]:
    edge.intake.by_key.clear()
    edge.consents.versions.clear()
    edge.intake.busy = edge.intake.broken = False
    edge.ready["store"] = True
    with httpx.Client(base_url=edge.url, headers=TOKEN, timeout=20) as calling:
        yield calling


@pytest.fixture
def upkeep(edge: Edge) -> Iterator[httpx.Client]:
    edge.ready["store"] = True
    with httpx.Client(base_url=f"http://127.0.0.1:{edge.ops_port}", timeout=20) as calling:
        yield calling
