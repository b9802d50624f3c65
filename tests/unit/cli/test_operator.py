"""Who the log says works at the command line, and which reasons it takes."""

import os
from pathlib import Path

import pytest

from gateway.cli import USAGE_ERROR
from gateway.cli.operator import code, operator
from tests.in_process import samspill


def test_an_operator_is_named_by_the_users_number_where_the_surroundings_name_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("USER", "ane")
    assert operator() == "operator:ane"
    for clear in (lambda: monkeypatch.setenv("USER", ""), lambda: monkeypatch.delenv("USER")):
        clear()
        assert operator() == f"operator:uid-{os.getuid()}"


@pytest.mark.parametrize("reason", ["sent-on-paper", "asked", "case-2026-11", "yearly-review", "a1b"])
def test_a_code_is_a_reason(reason: str) -> None:
    assert code(reason) == reason


@pytest.mark.parametrize(
    "reason", ["", "x", "1", "02917923100", "asked-029179", "Asked", "ring kari", "asked\n", "-asked", "a" * 41]
)
def test_a_story_a_number_and_a_letter_are_no_reasons(reason: str) -> None:
    with pytest.raises(USAGE_ERROR):
        code(reason)


@pytest.mark.parametrize("words", [("list",), ("dead-letters",), ("show", "m"), ("purge",), ("erase", "0" * 32)])
def test_a_command_that_looks_into_a_store_makes_none(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = samspill("messages", *words, cwd=tmp_path, env={"SAMSPILL_DATA": "mistyped"})
    assert done.returncode == 5
    assert "there is no database" in done.stderr
    assert list(tmp_path.iterdir()) == []
