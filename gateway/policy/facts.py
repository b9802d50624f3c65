"""What is known about a message and its recipient at the moment of decision, by the names of `facts.yaml`.

`gather` fills this in before the decision; what it could not find out is simply not there, and so is unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.core.decision import Question
from gateway.core.errors import Issue, NotAcceptable
from gateway.policy.nodes import nearest
from gateway.policy.rules import UNKNOWN, FactKind


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts by name, each a word of `facts.yaml`; a fact that is missing is unknown.

    `by_class` holds the facts of one data class, which stand above those of the message. `until` is the first moment at
    which a fact may change by itself (a consent that ends), with its zone; absent when none is known. `cleared` is what
    an officer has seen and cleared, as `Decision.held` names it; anything else that is held is not cleared by it.
    `question` is the request that the message answers, where it is at hand. `unsaid` is what the message says of the
    illness and its record does not hold.
    """

    message: Mapping[str, str] = field(default_factory=dict)
    by_class: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    until: datetime | None = None
    cleared: frozenset[str] = frozenset()
    question: Question | None = None
    unsaid: tuple[str, ...] = field(default=(), repr=False)

    def says(self, data_class: str, fact: str) -> bool:
        """Whether anything was said about a fact of a class, be it that it is unknown."""
        return fact in self.message or fact in self.by_class.get(data_class, {})

    def of(self, data_class: str, fact: str) -> str:
        """Give a fact's value for one class, or `unknown`."""
        own = self.by_class.get(data_class)
        if own is not None and fact in own:
            return own[fact]
        return self.message.get(fact, UNKNOWN)


def from_json(kinds: Mapping[str, FactKind], given: Any, at: str = "facts") -> dict[str, str]:
    """Read facts as JSON has them: true and false are the words, null is unknown, anything else must be a known word.

    A number is never a boolean here. Raises `NotAcceptable` with every fact that is not one, or has no such value.
    """
    if not isinstance(given, Mapping):
        raise NotAcceptable([Issue("structure", at, "a JSON object of facts by name is expected")])
    issues: list[Issue] = []
    facts: dict[str, str] = {}
    for name, value in given.items():
        kind = kinds.get(name)
        if kind is None:
            issues.append(Issue("value", f"{at}.{name}", "there is no such fact", nearest(name, kinds)))
            continue
        word = {True: "true", False: "false"}[value] if isinstance(value, bool) else value
        if word is None or word == UNKNOWN:
            facts[name] = UNKNOWN
        elif isinstance(word, str) and word in kind.values:
            facts[name] = word
        else:
            issues.append(Issue("value", f"{at}.{name}", "the fact has no such value", _values(kind)))
    if issues:
        raise NotAcceptable(issues)
    return facts


def _values(kind: FactKind) -> str:
    return "it is one of: " + ", ".join((*kind.values, "null"))
