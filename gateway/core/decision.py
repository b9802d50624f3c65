"""What the rules say about one message for one recipient: a decision per data class, never one for the whole.

The words are XACML's (OASIS XACML 3.0): permit, deny, not applicable, indeterminate; only permit lets anything out.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from gateway.core.message import Route


class Effect(StrEnum):
    """What the rules say about a class. Everything but permit refuses."""

    PERMIT = "permit"
    DENY = "deny"
    NOT_APPLICABLE = "not-applicable"  # no rule forbids it and none permits it
    INDETERMINATE = "indeterminate"  # forbidden only because a fact is unknown: knowing it might change the answer


PLACEHOLDER = "Ikke oppgitt"
"""The neutral words that stand where a name was withheld and a format demands one; they say nothing of why.
A renderer meets them as ordinary text, with `Obligation.PLACEHOLDER` among the obligations."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a message answers: a request about a span of days, both included; an open end has no day.

    `items` says that it asks for something in words, besides the days.
    """

    start: date | None = None
    end: date | None = None
    items: bool = False


@dataclass(frozen=True, slots=True)
class NearestPermit:
    """A permit that would have held, and the facts (name, value) that it misses."""

    rule: str
    missing: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ClassDecision:
    """The decision about one data class, or about those of its elements that carry the same marks.

    `data_class` is a word of `DataClass`, or one that nobody knows (and nothing permits). `permits` and `forbids` name
    every rule that holds; `rules` those that decided. `nearest` is there when nothing was decided. `obligations` are
    those of the deciding rules, as words: one that the enforcement point does not know refuses. `marks` are the
    elements' own facts (name, value), `fields` the instance paths of the leaves concerned, when a record was decided.
    `held` says that an officer's clearing is all that is missing.
    """

    data_class: str
    effect: Effect
    permits: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    obligations: frozenset[str] = frozenset()
    nearest: tuple[NearestPermit, ...] = ()
    marks: tuple[tuple[str, str], ...] = ()
    fields: tuple[str, ...] = ()
    held: bool = False

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that decided: the forbids where one spoke, else the permits."""
        return self.forbids or self.permits


@dataclass(frozen=True, slots=True)
class Decision:
    """What one recipient may have of one message.

    `rules_version` and `rules_digest` name the rule set (the digest is SHA-256 of its files, hexadecimal).
    `valid_until` is when it must be taken again even if nothing changes: a rule or a consent begins or ends then;
    absent when no such moment is known. `cleared` says that a named officer has cleared this very message, which is
    what lets a permit that is held for review through. `record_hash` is Python's hash, in this process, of the very
    record that was decided, so that no other can be released by it; absent when there was none. `question` is what the
    record answers, where that is known.
    """

    route: Route
    classes: tuple[ClassDecision, ...]
    rules_version: str
    rules_digest: str
    valid_until: datetime | None = None
    cleared: bool = False
    record_hash: int | None = None
    question: Question | None = None

    @property
    def permitted(self) -> bool:
        """Whether anything at all may go."""
        return any(one.effect is Effect.PERMIT for one in self.classes)

    @property
    def obligations(self) -> frozenset[str]:
        """Everything the deciding rules demand, over all classes."""
        return frozenset().union(*(one.obligations for one in self.classes))

    @property
    def held(self) -> frozenset[str]:
        """What an officer's clearing would let through: each a field's path (or a class) and the rule that holds it."""
        return frozenset(
            f"{field} {rule}"
            for one in self.classes
            if one.held
            for field in one.fields or (one.data_class,)
            for rule in one.rules
        )

    @property
    def rules(self) -> tuple[str, ...]:
        """Every rule that decided a class, each once, in the order met."""
        return tuple(dict.fromkeys(rule for one in self.classes for rule in one.rules))
