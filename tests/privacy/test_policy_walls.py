"""The walls: only the enforcement point makes `Released`, and no value of a person gets into a decision or refusal."""

import ast
import dataclasses
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.core.decision import PLACEHOLDER, Decision
from gateway.core.errors import Refused
from gateway.core.message import Released, Route
from gateway.core.vocabulary import DataClass, MessageKind, Purpose, Role
from gateway.model import SickLeaveCertificate
from gateway.model.walk import class_of, fields_of, values_of
from gateway.policy.facts import Facts
from gateway.policy.load import load
from gateway.policy.pdp import decide, releasable
from gateway.policy.pep import release
from gateway.policy.rules import Table, compile_table

ROOT = Path(__file__).parents[2]
PEP = ROOT / "gateway" / "policy" / "pep.py"
RULES = load(ROOT / "mappings" / "policy")
TABLE: Table = compile_table(RULES, date(2026, 11, 24))


def makers_of_released(source: str) -> Iterator[int]:
    """The lines where a module calls `Released`, or makes one from another by `dataclasses.replace`."""
    tree = ast.parse(source)
    names = {"Released"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names if alias.name == "Released"}
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Name | ast.Attribute)
            and _name(node.value) in names
        ):
            yield node.lineno
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in names:
            yield node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Subscript) and _name(node.func.value) in names:
            yield node.lineno
        if isinstance(node, ast.Call) and _name(node.func) in {"replace", "partial"}:
            yield from (node.lineno for _ in range(_first_argument(node) in names | {"released"}))
        if isinstance(node, ast.ClassDef) and any(_name(base) in names for base in node.bases):
            yield node.lineno


def _first_argument(call: ast.Call) -> str:
    return _name(call.args[0]) if call.args else ""


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def test_only_the_enforcement_point_makes_what_may_be_rendered() -> None:
    sources = [path for folder in ("gateway", "adapters") for path in (ROOT / folder).rglob("*.py") if path != PEP]
    assert len(sources) > 20
    found = {
        str(path.relative_to(ROOT)): lines
        for path in sources
        if (lines := list(makers_of_released(path.read_text("utf-8"))))
    }
    assert found == {}
    assert list(makers_of_released(PEP.read_text("utf-8")))


@pytest.mark.parametrize("source", [
    "from gateway.core.message import Released\nReleased(record=1, route=None)",
    "from gateway.core.message import Released as R\nR(record=1, route=None)",
    "import gateway.core.message as m\nm.Released(record=1, route=None)",
    "from gateway.core.message import Released\nReleased[int](record=1, route=None)",
    "from dataclasses import replace\nreplace(released, record=1)",
    "from gateway.core.message import Released\nmake = Released",
    "from gateway.core.message import Released\nclass Mine(Released): ...",
])  # fmt: skip
def test_the_wall_sees_every_way_round_it_that_we_know(source: str) -> None:
    assert list(makers_of_released(source))


def planted(kind: type, path: str = "", inherited: DataClass | None = None) -> Any:
    """A record with a word of its own in every text it can hold."""
    values: dict[str, Any] = {}
    for field in fields_of(kind).values():
        data_class = class_of(kind, field, inherited)
        at = f"{path}{field.name}"
        first = field.kinds[0]
        value: Any = planted(first, at + ".", data_class) if field.is_record else _planted(first, at, data_class)
        values[field.name] = (value,) if field.many else value
    return kind(**values)


def _planted(kind: type, at: str, data_class: DataClass) -> Any:
    known = {bool: True, int: 50, date: date(2026, 11, 24), datetime: datetime(2026, 11, 24)}  # noqa: DTZ001
    return known.get(kind, f"word-{data_class}-{at.replace('.', '-')}")


RECORD = planted(SickLeaveCertificate)
WORDS = {value: data_class for _, value, data_class in values_of(RECORD) if isinstance(value, str)}


def every_route() -> Iterator[Route]:
    for rule in TABLE.rules:
        if rule.permits:
            for sender in rule.scope["from"].listed:
                for recipient in rule.scope["to"].listed:
                    for kind in rule.scope["message"].listed:
                        for purpose in rule.scope["purpose"].listed:
                            yield Route(Role(sender), Role(recipient), MessageKind(kind), Purpose(purpose))


WIDEST = Facts(
    {name: kind.values[-1] for name, kind in TABLE.kinds.items() if kind.ordered}
    | {"law": "norway", "free-text-screen": "clean", "restricted-for-employer": "false"}
)


def _released(decision: Decision) -> tuple[str, Released[Any] | None]:
    try:
        return "", release(RECORD, decision)
    except Refused as refused:
        return f"{refused} {refused.rules}", None


@pytest.mark.parametrize("route", sorted(set(every_route()), key=str), ids=str)
def test_no_planted_word_of_another_class_gets_out_even_when_every_fact_is_at_its_widest(route: Route) -> None:
    allowed = releasable(TABLE, route)
    decision = decide(TABLE, route, WIDEST, RECORD)
    assert not any(word in repr(decision) for word in WORDS), "a decision holds paths and never values"
    said, released = _released(decision)
    assert not any(word in said for word in WORDS), "a refusal names rules and never values"
    if released is None:
        return
    got = {word for word in WORDS if word in repr(released.record)}
    assert {WORDS[word] for word in got} <= allowed
    assert not any(word in repr((released.withheld, released.rules)) for word in WORDS)
    if route.recipient is Role.EMPLOYER and route.kind not in (MessageKind.AG114, MessageKind.AG7804):
        assert not {WORDS[word] for word in got} & {
            "diagnosis",
            "clinical",
            "authority-note",
            "contact",
            "certifier-detail",
        }


def test_what_was_planted_is_in_every_class_a_sick_note_has() -> None:
    assert len(WORDS) > 80
    assert {"diagnosis", "clinical", "authority-note", "certifier-detail", "contact", "identity"} <= set(WORDS.values())


def test_the_placeholder_says_nothing_of_anybody() -> None:
    assert PLACEHOLDER == "Ikke oppgitt"


def test_released_cannot_be_changed() -> None:
    route = Route(Role.CERTIFIER, Role.NAV, MessageKind.SYKMELDING, Purpose.BENEFIT)
    released: Released[Any] = release(RECORD, decide(TABLE, route, WIDEST, RECORD))
    with pytest.raises(dataclasses.FrozenInstanceError):
        released.record = RECORD  # type: ignore[misc]
