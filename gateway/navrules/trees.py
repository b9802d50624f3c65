"""NAV's rules as records: trees of steps that each ask one fact, and outcomes with NAV's own texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.core.errors import Severity

Value = str | float
END = "end"


class Status(StrEnum):
    """What NAV does with a note: takes it, has a person look at it, or rejects it."""

    OK = "OK"
    MANUAL = "MANUAL"
    INVALID = "INVALID"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a tree may end. `sender` and `patient` are NAV's words; `en` and `mend` are ours, in English.

    `if_unsure` says how gravely a sender is told when it rests on what only NAV knows.
    """

    id: str
    status: Status
    sender: str
    patient: str = ""
    en: str = ""
    mend: str = ""
    if_unsure: Severity = Severity.INFORMATION


@dataclass(frozen=True, slots=True)
class Test:
    """What is asked of a fact's values: one that passes answers yes.

    `in`, `not-in`: a value is, or is not, among `words`. `over`, `under`, `at-least`: a number is, compared with
    `limit`. `there`: there is a value at all. `lacks`: one of `words` is not among the values.
    """

    kind: str
    words: tuple[str, ...] = ()
    limit: float = 0

    def passes(self, value: Value) -> bool:
        """Whether one value passes."""
        match self.kind:
            case "in":
                return _word(value) in self.words
            case "not-in":
                return _word(value) not in self.words
            case "over":
                return float(value) > self.limit
            case "under":
                return float(value) < self.limit
            case "at-least":
                return float(value) >= self.limit
        return True

    def __str__(self) -> str:
        """Give the test as it stands in the data."""
        if self.words:
            return f"{self.kind} [{', '.join(self.words)}]"
        return "there" if self.kind == "there" else f"{self.kind} {self.limit:g}"


def _word(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:g}"


@dataclass(frozen=True, slots=True)
class Step:
    """One question of a tree. `then` and `otherwise` name an outcome, a later step, or `END`."""

    id: str
    fact: str
    test: Test
    then: str
    otherwise: str


@dataclass(frozen=True, slots=True)
class Tree:
    """Steps in order; the first is where it begins. Names of steps are the tree's own."""

    id: str
    nb: str
    en: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class NavRules:
    """Every tree in NAV's order, every outcome by its id, and what the facts that NAV may know better are called.

    `labels` gives a fact's name in bokmål and English.
    """

    version: str
    trees: tuple[Tree, ...]
    outcomes: Mapping[str, Outcome]
    labels: Mapping[str, tuple[str, str]]
