"""The questions of a form whose answers have numbers and no names, and what is demanded of several of them together.

What is demanded of one answer by itself stands in the schema. The file is `questions.yaml` beside a mapping; the
header's `questions:` names it.
"""

from collections.abc import Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field

from gateway.core.errors import Fault
from gateway.mapping.load.yamltext import Block, compose

ANY = "any"
"""Stands for whatever was answered."""

RULES = ("needs", "only", "never", "dropped", "once", "apart", "ordered", "alike", "together", "alone")
_KEYS = frozenset({"when", "unless", "why", *RULES})
_QUESTION = frozenset({"sv", "en", "numbered"})


@dataclass(frozen=True, slots=True)
class Demand:
    """One demand. `when` has to be answered so for it to hold, `unless` lifts it; both give answers by question.

    `rule` is one of `RULES`, about the questions of `of`:

    - `needs`: each has to be answered · `only`: may be answered at no other time than `when` · `never`: may not be
      answered · `dropped`: is not carried
    - `once`: no code twice · `apart`: periods that do not overlap · `ordered`: a period that begins before it ends ·
      `alike`: codes of one system · `together`: all or none ·
      `alone`: an answer that stands beside no other

    `why` says whose demand it is where it is not the national schema's.
    """

    rule: str
    of: tuple[str, ...]
    when: Dict[str, frozenset[str]] = field(default_factory=dict)
    unless: Dict[str, frozenset[str]] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True, slots=True)
class Questions:
    """The questions by number, with what people read in each language, those that are numbered, and the demands."""

    texts: Dict[str, Dict[str, str]]
    numbered: frozenset[str]
    demands: tuple[Demand, ...]

    def named(self, number: str, language: str = "sv") -> str:
        """Say a question by its number and what people read: `question 10.3 (Ange vad annat är)`."""
        text = self.texts.get(number, {}).get(language)
        return f"question {number} ({text})" if text else f"question {number}"


def load_questions(text: str, file: str) -> tuple[Questions, list[Fault]]:
    """Read a table of questions, and every mistake in it."""
    faults: list[Fault] = []
    root = compose(text, file, faults)
    entries = root.entries(frozenset({"questions", "demands"})) if root else {}
    if root:
        root.demand(("questions", "demands"), entries)
    texts: dict[str, dict[str, str]] = {}
    numbered: set[str] = set()
    for name, block in entries["questions"].items() if "questions" in entries else ():
        said = block.entries(_QUESTION)
        block.demand(("sv", "en"), said)
        texts[name.text()] = {language: said[language].text() for language in ("sv", "en") if language in said}
        if "numbered" in said:
            numbered.add(name.text())
    demands = [one for block in _list(entries.get("demands")) for one in _demands(block, texts)]
    return Questions(texts, frozenset(numbered), tuple(demands)), faults


def _demands(block: Block, known: Dict[str, Dict[str, str]]) -> Iterator[Demand]:
    entries = block.entries(_KEYS)
    rules = [rule for rule in RULES if rule in entries]
    if not rules:
        block.fault("this demands nothing", f"give one of {', '.join(RULES)}")
    when, unless = (_answers(entries.get(key), known) for key in ("when", "unless"))
    why = entries["why"].text() if "why" in entries else ""
    for rule in rules:
        yield Demand(rule, tuple(_known(one, known) for one in _list(entries[rule])), when, unless, why)


def _answers(block: Block | None, known: Dict[str, Dict[str, str]]) -> dict[str, frozenset[str]]:
    items = block.items() if block else ()
    return {_known(name, known): frozenset(one.text() for one in _list(value)) for name, value in items}


def _known(block: Block, known: Dict[str, Dict[str, str]]) -> str:
    if block.text() not in known:
        block.fault(f"there is no question {block.text()} in this table")
    return block.text()


def _list(block: Block | None) -> Iterator[Block]:
    if block is None:
        return iter(())
    return iter((block,)) if block.is_text else block.list()
