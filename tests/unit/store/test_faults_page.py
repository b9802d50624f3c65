import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "operations" / "failures.md"


def test_every_test_that_the_page_of_failures_names_is_there():
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", PAGE.read_text("utf-8")))
    there = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        there |= set(re.findall(r"^(?:async )?def (test_[a-z0-9_]+)", path.read_text("utf-8"), re.MULTILINE))
    assert len(named) > 30
    assert named - there == set()
