"""How much of what the classifications name the free-text screen notices; the lists are Norway's own, in words."""

from pathlib import Path

import pytest

from gateway.edge.library import default_folder
from gateway.policy.load import load
from gateway.policy.screen import CLEAN

LISTS = Path(__file__).parents[2] / "../shared/data/nav/codesystems"
EXTERNAL = tuple("VWXYZ")


@pytest.mark.parametrize(("name", "least"), [("icpc2", 0.95), ("icd10", 0.8)])
def test_the_screen_notices_most_titles_of_the_classifications(name: str, least: float) -> None:
    """ICPC-2 was at hand when the words were chosen, ICD-10 was not: its share tells what other words get through."""
    file = LISTS / f"{name}.csv"
    if not file.exists():
        pytest.skip("the code lists are not here")
    rows = [line.split("#") for line in file.read_text("utf-8").splitlines()[1:] if line]
    titles = [row[-1] for row in rows if not row[1].startswith(EXTERNAL)]
    screen = load(default_folder() / "policy").screen
    missed = sum(screen.look(f"Har {title}") == CLEAN for title in titles)
    assert 1 - missed / len(titles) >= least
