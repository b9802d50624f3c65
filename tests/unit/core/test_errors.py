"""The tree of errors, and what their texts are like."""

import inspect
import re

from gateway.core import errors
from gateway.core.errors import (
    Busy,
    ChannelError,
    ConfigurationError,
    Fault,
    Issue,
    NotAcceptable,
    Refused,
    SamspillError,
    Severity,
)

CLASSES = [
    one
    for one in vars(errors).values()
    if inspect.isclass(one) and issubclass(one, Exception) and one.__module__ == errors.__name__
]


def drawn() -> dict[str, str]:
    """Each class of the drawing in the module's docstring, and the one above it."""
    parents: dict[str, str] = {}
    trail: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"^    ([│├└─ ]*)([A-Z]\w+)\b", line)
        if not found:
            continue
        depth = len(found[1])
        trail = [one for one in trail if one[0] < depth]
        parents[found[2]] = trail[-1][1] if trail else "Exception"
        trail.append((depth, found[2]))
    return parents


def test_the_drawing_holds_every_error_below_its_parent() -> None:
    assert len(CLASSES) > 8
    assert drawn() == {one.__name__: one.__bases__[0].__name__ for one in CLASSES}


def test_an_error_says_every_issue_and_fault_at_once() -> None:
    issues = [Issue("required", "Bundle.entry", "it is missing", "add it"), Issue("value", "", "it is wrong")]
    wrong = NotAcceptable(iter(issues))
    assert wrong.issues == tuple(issues)
    assert str(wrong) == "Bundle.entry: it is missing; add it; (message): it is wrong"
    faults = [Fault("mappings/a.yaml", 3, 7, "no such field", "did you mean that?"), "the register has no party"]
    assert str(ConfigurationError(faults)) == (
        "mappings/a.yaml:3:7: no such field; did you mean that?\nthe register has no party"
    )
    assert str(Refused("nothing is permitted", ["a", "b"])) == "nothing is permitted (a, b)"
    assert str(Refused("nothing is permitted")) == "nothing is permitted"
    assert Busy("full").retry_after == 5


def test_an_issue_is_an_error_unless_it_says_otherwise() -> None:
    assert Issue("value", "", "x").severity is Severity.ERROR
    assert {one.value for one in Severity} == {"error", "warning", "information"}


def test_one_class_catches_every_foreseen_failure() -> None:
    assert all(issubclass(one, SamspillError) for one in CLASSES)
    assert {one.__name__ for one in CLASSES if issubclass(one, ChannelError)} == {
        "ChannelError",
        "Unreachable",
        "Uncertain",
        "Unacknowledged",
        "Rejected",
    }
