"""Pages answer quickly however long the log is; `samspill bench console` measures a million entries."""

import pytest

from gateway.bench.console import ADDRESSES, measured

pytestmark = pytest.mark.xdist_group("console")


def test_every_page_answers_within_the_bound_on_a_long_log() -> None:
    late: set[str] = set()
    for again in range(3):  # a page is slow when it is slow each time, whatever else the machine does
        found = measured(5_000)
        assert len(found) == len(ADDRESSES) + 5
        over = {one.name for one in found if one.ratio > 1}
        late = over & late if again else over
        if not late:
            return
    assert sorted(late) == []
