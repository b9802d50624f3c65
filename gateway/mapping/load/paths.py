"""Wire paths: `Ident[TypeId@V=FNR]/Id` in XML, `item[hoveddiagnose].answer.valueCoding.code` in JSON.

Steps are parted by `/` (XML) or `.` (JSON). `X@V` is an attribute of X, `.@V` of the place itself, `.` its text.
`[path=value]` filters; `[word]` is short for the key that the file's `keys` give for the step's name. A step may have
several marks, of which each has to hold.
"""

from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace

from gateway.mapping.language import Filter, Path, Step


class BadPath(Exception):
    """The text is not a path of the language."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """How paths of one file are written: the separator, the `keys` and the `names` of filter values."""

    separator: str
    keys: Dict[str, str]
    names: Dict[str, tuple[str, ...]]

    def parse(self, text: str) -> Path:
        """Read a path; raises `BadPath` with a sentence that says what is wrong."""
        text = text.strip()
        if text == ".":
            return (Step("."),)
        if not text:
            raise BadPath("the path is empty")
        steps: list[Step] = []
        for part in self._split(text):
            steps += self._steps(part)
        return tuple(steps)

    def _split(self, text: str) -> list[str]:
        if self.separator == "." and text.startswith("."):
            raise BadPath(f"a path cannot start with a separator: {text}")
        if text.startswith(".@"):
            return [text]
        parts, depth, start = [], 0, 0
        for i, char in enumerate(text):
            depth += (char == "[") - (char == "]")
            if char == self.separator and depth == 0:
                parts.append(text[start:i])
                start = i + 1
        if depth:
            raise BadPath(f"a bracket is not closed: {text}")
        return [*parts, text[start:]]

    def _steps(self, part: str) -> list[Step]:
        if not part:
            raise BadPath("a step between two separators is empty")
        head, bracket, rest = part.partition("[")
        name, at, attribute = head.partition("@")
        if bracket:
            if not rest.endswith("]") and "]@" not in rest:
                raise BadPath(f"a bracket is not closed: {part}")
            inner, _, tail = rest.rpartition("]")
            steps = [Step(name, filter=self._filters(name, inner.split("][")))]
            if tail.startswith("@"):
                steps.append(Step(tail[1:], attribute=True))
            return steps
        steps = [] if name in ("", ".") else [Step(name)]
        if at:
            steps.append(Step(attribute, attribute=True))
        return steps or [Step(".")]

    def _filters(self, name: str, marks: list[str]) -> Filter:
        first, *rest = marks
        return replace(self._filter(name, first), also=self._filters(name, rest) if rest else None)

    def _filter(self, name: str, inner: str) -> Filter:
        path, equals, value = inner.partition("=")
        if not equals:
            if name not in self.keys:
                raise BadPath(f"{name}[{inner}] needs a key: write {name}[path=value], or give {name} under keys")
            path, value = self.keys[name], inner
        value = value.strip().strip("\"'")
        plain = Grammar(self.separator, {}, {})
        return Filter(plain.parse(path), self.names.get(value, (value,)))


def text_of(path: Path, separator: str) -> str:
    """Write a path as text, filters by their first value."""
    out = ""
    for step in path:
        if step.attribute:
            out += f"@{step.name}"
            continue
        out += (separator if out else "") + step.name
        if step.filter:
            out += str(step.filter)
    return out
