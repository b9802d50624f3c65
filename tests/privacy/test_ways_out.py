"""The page of every way out is whole: each way has a guard and a test that is there, each route and command a way."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

from gateway.cli import COMMANDS
from gateway.edge.identity.access import ROUTES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/privacy/ways-out.md").read_text("utf-8")
WAYS, ROUTED, COMMANDED = (re.split(r"^## (?:Ways|Routes|Commands)$", PAGE, flags=re.MULTILINE))[1:]
DESIGNED = (
    "deliveries", "$validate", "translation", "error texts", "OperationOutcome", "AppRec reasons", "HR results by row",
    "search totals and paging", "the console", "exports", "statistics", "logs", "metrics labels", "traces",
    "crash dumps", "database plaintext", "temporary files",
)  # fmt: skip


def rows(section: str) -> dict[str, list[str]]:
    cells = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in section.splitlines() if line[:1] == "|"
    ]
    return {row[0].strip("|` "): row[1:] for row in cells[2:]}


@cache
def functions_of(file: str) -> set[str]:
    path = ROOT / file
    tree = ast.parse(path.read_text("utf-8")) if path.exists() else ast.Module([], [])
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_way_of_the_design_has_a_row_with_a_guard_and_a_test() -> None:
    ways = rows(WAYS)
    assert [one for one in DESIGNED if not any(one in name for name in ways)] == []
    assert [name for name, (guard, *tests) in ways.items() if not guard or "`tests/" not in "".join(tests)] == []


def test_every_test_that_the_page_names_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`", PAGE)
    assert len(named) > 20
    missing = [
        f"{file}::{name}" for file, name in named if not functions_of(file) or name not in functions_of(file) | {""}
    ]
    assert missing == []


def test_every_route_and_every_command_goes_one_of_the_ways() -> None:
    ways = set(rows(WAYS))
    routes, commands = rows(ROUTED), rows(COMMANDED)
    assert set(routes) == {str(access) for access in ROUTES}
    assert set(commands) == {f"samspill {name}" for name in COMMANDS}
    named = {way.strip("|` ") for [way] in (*routes.values(), *commands.values())}
    assert named - ways == set()


def test_nothing_is_there_that_would_send_traces_or_crashes_elsewhere() -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    names = {re.split(r"[\[<>=~! ]", one, maxsplit=1)[0] for one in needed}
    assert names.isdisjoint(
        {"opentelemetry-api", "opentelemetry-sdk", "sentry-sdk", "ddtrace", "elastic-apm", "newrelic"}
    )
    sources = [path.read_text("utf-8") for folder in ("gateway", "adapters") for path in (ROOT / folder).rglob("*.py")]
    assert len(sources) > 100
    for word in ("faulthandler", "cgitb", "format_exc", "print_exc", "capture_locals", "exc_info=True"):
        assert [text.splitlines()[0] for text in sources if word in text] == [], word
