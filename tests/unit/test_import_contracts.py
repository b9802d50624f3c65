"""Each import contract is shown to hold something: a planted violation breaks it, and it alone is named."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLANTS = {
    "the line has layers, and every module has a place in them": ("gateway/core/line.py", "import gateway.flow"),
    "no adapter knows another": ("adapters/xml/parse.py", "import adapters.fhir.render"),
    "adapters know the core, the model and the mapping language, and nothing above": (
        "adapters/fhir/render.py",
        "import gateway.policy.pep",
    ),
    "only wiring names adapters": ("gateway/edge/examples.py", "import adapters.xml.parse"),
    "the core, the model, mapping, rules, the flow and the adapters touch no clock": ("gateway/flow.py", "import time"),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for package in ("gateway", "adapters"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "messages"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(tree: Path) -> str:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=tree, capture_output=True, text=True, check=False)
    return " ".join(done.stdout.split())


def test_every_contract_has_a_planted_violation():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    named = [line.split('"')[1] for line in text.splitlines() if line.startswith("name = ") and "contract" not in line]
    contracts = [name for name in named if name != "samspill"]
    assert len(contracts) == len(PLANTS)
    assert all(any(name.startswith(planted) for planted in PLANTS) for name in contracts)


@pytest.mark.parametrize("contract", PLANTS)
def test_a_planted_import_breaks_the_contract(tree, contract):
    file, line = PLANTS[contract]
    source = tree / file
    source.write_text(source.read_text("utf-8") + f"\n{line}\n", "utf-8")
    assert f"{contract} BROKEN" in lint(tree).replace(", network, database, log or chance", "")


def test_a_module_without_a_place_breaks_the_layers(tree):
    (tree / "gateway" / "utils.py").write_text('"""Nowhere."""\n', "utf-8")
    assert "BROKEN" in lint(tree) or "gateway.utils" in lint(tree)
