import importlib
import pkgutil
from pathlib import Path

import pytest

from adapters.fhir.codec import Finding
from gateway.core.errors import Issue
from gateway.edge import http
from gateway.edge.http.faults import _BY_STATUS, OUR_FAULT

PAGE = (Path(__file__).parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in PAGE.splitlines() if line.startswith("|")]
MODULES = [importlib.import_module(f"{http.__name__}.{module.name}") for module in pkgutil.iter_modules(http.__path__)]
OF_REQUESTS = [
    *(value for module in MODULES for value in vars(module).values() if isinstance(value, Issue)),
    *_BY_STATUS.values(),
    *OUR_FAULT.issues,
]


@pytest.mark.parametrize("finding", Finding, ids=lambda finding: finding.name)
def test_each_finding_has_a_row_with_its_code_its_meaning_and_its_remedy(finding: Finding) -> None:
    rows = [row for row in ROWS if len(row) == 4 and row[1] == finding.what]
    assert len(rows) == 1
    code, _, meaning, remedy = rows[0]
    assert code.startswith(f"`{finding.code}`")
    assert ("(warning)" in code) == (finding.severity.value == "warning")
    assert len(meaning) > 15
    assert remedy == finding.mend


def test_each_issue_of_the_http_edge_has_a_row() -> None:
    assert len(OF_REQUESTS) > 8
    for issue in OF_REQUESTS:
        assert [f"`{issue.code}`", issue.what, issue.mend] in [row[1:] for row in ROWS]


def test_no_row_is_left_of_a_finding_that_is_gone() -> None:
    section = PAGE.partition("## FHIR messages")[2].partition("## Requests")[0]
    told = [line.strip("|").split(" | ")[1].strip() for line in section.splitlines() if line.startswith("| `")]
    assert set(told) == {finding.what for finding in Finding}
