"""YAML as text: nodes with positions, every mistake of a file collected, with the nearest name that would have fitted.

YAML's own types are never asked for: `no`, `yes`, `true` and dates are words (so that a boolean cannot be read as
a number, nor the answer «no» as false).
"""

import difflib
from collections.abc import Collection
from dataclasses import dataclass, field

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gateway.core.crowded import nested
from gateway.core.errors import Fault

try:
    from yaml import CBaseLoader as _Loader
except ImportError:  # PyYAML was built without libyaml
    from yaml import BaseLoader as _Loader  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in one of our files; line and column are counted from 1."""

    file: str
    line: int
    column: int

    def fault(self, what: str, mend: str = "") -> Fault:
        """Give the mistake that stands here."""
        return Fault(self.file, self.line, self.column, what, mend)

    def __str__(self) -> str:
        """`file:line:column`."""
        return f"{self.file}:{self.line}:{self.column}"


def nearest(word: str, words: Collection[str]) -> str:
    """Say which of `words` was probably meant, or list them when none is near."""
    close = difflib.get_close_matches(word, sorted(words), n=1, cutoff=0.6)
    return f"did you mean «{close[0]}»?" if close else "it is one of: " + ", ".join(sorted(words))


@dataclass(slots=True)
class Reader:
    """Reads the nodes of one file and remembers every mistake it meets.

    Each method gives an empty value for a node that is wrong, so that reading goes on to the next mistake.
    """

    file: str
    faults: list[Fault] = field(default_factory=list)

    def at(self, node: Node) -> Position:
        """Give the place of a node."""
        return Position(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def fault(self, node: Node, what: str, mend: str = "") -> None:
        """Remember a mistake at a node."""
        self.faults.append(self.at(node).fault(what, mend))

    def root(self, text: str) -> Node | None:
        """Give the top node of a file, or none when it is not YAML at all."""
        if nested(text):
            self.faults.append(Fault(self.file, 1, 1, "not readable as YAML, or nested deeper than is read"))
            return None
        try:
            node = yaml.compose(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            self.faults.append(Fault(self.file, line, column, f"not readable as YAML: {error.problem}"))
            return None
        except (yaml.YAMLError, RecursionError):
            self.faults.append(Fault(self.file, 1, 1, "not readable as YAML, or nested deeper than is read"))
            return None
        if node is None:
            self.faults.append(Fault(self.file, 1, 1, "the file is empty"))
        return node

    def mapping(
        self, node: Node | None, known: Collection[str] | None = None, required: Collection[str] = ()
    ) -> dict[str, Node]:
        """Give the entries of a mapping; a key that is unknown, doubled or missing is a mistake."""
        if node is None:
            return {}
        if not isinstance(node, MappingNode):
            self.fault(node, "a mapping is expected here")
            return {}
        entries: dict[str, Node] = {}
        for key_node, value in node.value:
            key = self.text(key_node)
            if key in entries:
                self.fault(key_node, f"«{key}» stands here twice", "keep one of them")
            elif known is not None and key not in known:
                self.fault(key_node, f"«{key}» is not known here", nearest(key, known))
            else:
                entries[key] = value
        for key in required:
            if key not in entries:
                self.fault(node, f"«{key}» is missing")
        return entries

    def sequence(self, node: Node | None) -> list[Node]:
        """Give the items of a list."""
        if node is None:
            return []
        if not isinstance(node, SequenceNode):
            self.fault(node, "a list is expected here", "write [ … ]")
            return []
        return list(node.value)

    def text(self, node: Node | None) -> str:
        """Give a scalar as it was written."""
        if node is None:
            return ""
        if not isinstance(node, ScalarNode):
            self.fault(node, "a word or a text is expected here")
            return ""
        return str(node.value)

    def word(self, node: Node | None, words: Collection[str], kind: str) -> str:
        """Give a scalar that must be one of `words`."""
        word = self.text(node)
        if node is not None and isinstance(node, ScalarNode) and word not in words:
            self.fault(node, f"«{word}» is no {kind}", nearest(word, words))
            return ""
        return word

    def words(self, node: Node | None, words: Collection[str], kind: str) -> tuple[str, ...]:
        """Give a list of such scalars; one alone may stand without brackets. A word twice is a mistake."""
        nodes = [node] if isinstance(node, ScalarNode) else self.sequence(node)
        found: list[str] = []
        for item in nodes:
            word = self.word(item, words, kind)
            if word in found:
                self.fault(item, f"«{word}» stands here twice", "keep one of them")
            elif word:
                found.append(word)
        return tuple(found)

    def texts(self, node: Node | None) -> dict[str, str]:
        """Give a mapping of texts."""
        return {key: self.text(value) for key, value in self.mapping(node).items()}
