"""The threat model names tests; each of them is there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/security/threat-model.md").read_text("utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)
ROWS = re.findall(r"^\| ([STRIDE]\d+) \|(.*)\|$", PAGE, re.MULTILINE)


def functions_of(file):
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_test_that_the_threat_model_names_is_there():
    files = {file for file, _ in NAMED}
    there = {file: functions_of(file) if (ROOT / file).exists() else set() for file in files}
    missing = [f"{file}::{name}" for file, name in NAMED if name not in there[file]]
    assert missing == [], "rename it in docs/security/threat-model.md too, or move its threat to «Open»"


def test_every_threat_names_a_test_and_has_its_own_number():
    assert len(ROWS) > 30
    assert [name for name, row in ROWS if not re.search(r"`tests/[^`]+`", row)] == []
    assert len({name for name, _ in ROWS}) == len(ROWS)


def test_every_letter_of_stride_is_asked():
    assert {name[0] for name, _ in ROWS} == set("STRIDE")


def test_pages_link_to_pages_that_are_there():
    for page in (ROOT / "SECURITY.md", *(ROOT / "docs/security").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), (page.name, target)
