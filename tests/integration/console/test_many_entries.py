"""Pages answer quickly however long the log is; `samspill bench console` measures a million entries."""

import pytest

from gateway.bench.console import ADDRESSES, measured

pytestmark = pytest.mark.xdist_group("console")


def test_every_page_answers_within_the_bound_on_a_long_log() -> None:
    found = measured(5_000)
    assert len(found) == len(ADDRESSES) + 5
    assert [one.name for one in found if one.ratio > 1] == []
