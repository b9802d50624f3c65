"""`samspill demo`, as somebody who tries the product meets it."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

MAIN_JOB = 45.0
"""Seconds at most, on a machine with other work; the promise on an idle one is 10."""

pytestmark = pytest.mark.xdist_group("demo")  # one gateway for all of them


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], float]:
    folder = tmp_path_factory.mktemp("demo")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAMSPILL_")}
    began = time.monotonic()
    done = subprocess.run(
        [Path(sys.executable).parent / "samspill", "demo"],
        cwd=folder,
        env={**kept, "PYTHONDEVMODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done, time.monotonic() - began


def test_it_ends_by_itself_and_well(demo: tuple[subprocess.CompletedProcess[str], float]) -> None:
    assert demo[0].returncode == 0, demo[0].stderr


def test_it_shows_each_step(demo: tuple[subprocess.CompletedProcess[str], float]) -> None:
    said = demo[0].stdout
    for step in range(1, 15):
        assert re.search(rf"^{step}\. ", said, re.MULTILINE), step
    assert said.count("202 once it was on disk; then nav acknowledged") == 4
    assert "422, and nothing was stored" in said
    assert said.index("the employer has got 0 notes so far") < said.index("the employer got")
    assert "valid against the schema" in said
    assert "4 notes taken, 4 receipted by NAV, 1 at the employer, 1 refused with its reasons" in said


def test_it_shows_what_the_employer_got_beside_what_nav_got_and_why_not_the_rest(
    demo: tuple[subprocess.CompletedProcess[str], float],
) -> None:
    rows = {line.split()[0]: line for line in demo[0].stdout.splitlines() if line.startswith("   ") and line.split()}
    assert "no-employer-diagnosis" in rows["diagnosis.main.code"]
    assert "no-employer-health" in rows["answers[0].answers[0].text"]
    assert rows["patient.name.family"].count("Fjellrype") == 2


def test_it_plays_a_whole_case_each_message_read_by_whom_it_is_for(
    demo: tuple[subprocess.CompletedProcess[str], float],
) -> None:
    said = demo[0].stdout
    assert "422, before anything was stored or sent" in said
    assert "NAV rejects this by its rule GRADERT_SYKMELDING_OVER_99_PROSENT" in said
    assert "and so does the Task (on-hold): Pasienten er ikke registrert i folkeregisteret" in said
    assert "no request of NAV's to answer (Task rejected)" in said
    assert "in the conversation of its question (Task completed)" in said
    table = said.partition("who has got what")[2].splitlines()[1:9]
    assert [row.split()[-3:] for row in table] == [
        ["-", "-", "-"],  # the sick note that breaks a rule
        ["yes", "-", "-"],  # the one that NAV rejects
        ["yes", "-", "-"],  # the corrected one
        ["-", "yes", "-"],  # NAV's question
        ["yes", "-", "-"],  # the statement
        ["-", "yes", "-"],  # the invitation
        ["yes", "-", "-"],  # the answer to it
        ["yes", "yes", "-"],  # the plan
    ]


def test_it_leaves_nothing_open_and_warns_of_nothing(demo: tuple[subprocess.CompletedProcess[str], float]) -> None:
    for word in ("Unclosed", "Traceback", "ResourceWarning", "never awaited", "Task was destroyed", "exception"):
        assert word not in demo[0].stderr, demo[0].stderr


def test_it_is_done_soon(demo: tuple[subprocess.CompletedProcess[str], float]) -> None:
    assert demo[1] < MAIN_JOB
