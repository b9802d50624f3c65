"""YAML as nodes with positions, every scalar a text: what a domain expert typed is what the checker sees.

With an ordinary loader `no`, `on` and `1.0` become other things than were written; here they stay words.
"""

from collections.abc import Iterator

import yaml
from yaml.reader import ReaderError

from gateway.core.crowded import nested
from gateway.core.errors import Fault
from gateway.mapping.language import Spot
from gateway.mapping.nearest import nearest

try:
    from yaml import CBaseLoader as _Loader
except ImportError:  # PyYAML was built without libyaml
    from yaml import BaseLoader as _Loader  # type: ignore[assignment]


class Block:
    """One node of a YAML file, with the list that mistakes are put in.

    The readers below never raise for a wrong file: they note the fault and give an empty value, so that all
    mistakes are found at once.
    """

    def __init__(self, node: yaml.Node, file: str, faults: list[Fault]) -> None:
        self.node = node
        self.file = file
        self.faults = faults

    @property
    def spot(self) -> Spot:
        """Where the node starts."""
        mark = self.node.start_mark
        return Spot(self.file, mark.line + 1, mark.column + 1)

    def fault(self, what: str, mend: str = "") -> None:
        """Note a mistake at this node."""
        self.faults.append(self.spot.fault(what, mend))

    @property
    def is_text(self) -> bool:
        """Whether it is a scalar."""
        return isinstance(self.node, yaml.ScalarNode)

    @property
    def is_dict(self) -> bool:
        """Whether it is a mapping."""
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        """Whether it is a sequence."""
        return isinstance(self.node, yaml.SequenceNode)

    @property
    def size(self) -> int:
        """How many entries or items it has; none for a text."""
        return 0 if isinstance(self.node, yaml.ScalarNode) else len(self.node.value)

    def text(self) -> str:
        """Give the scalar."""
        if isinstance(self.node, yaml.ScalarNode):
            return str(self.node.value)
        self.fault("a text was expected here")
        return ""

    def items(self) -> Iterator[tuple["Block", "Block"]]:
        """Give key and value blocks of a mapping, doubled keys noted and left out."""
        if not isinstance(self.node, yaml.MappingNode):
            self.fault("a mapping of names to values was expected here")
            return
        seen: set[str] = set()
        for key, value in self.node.value:
            name = Block(key, self.file, self.faults)
            if not isinstance(key, yaml.ScalarNode):
                name.fault("a name was expected here", "put paths with brackets in quotes")
                continue
            if key.value in seen:
                name.fault(f"{key.value} stands here a second time")
                continue
            seen.add(key.value)
            yield name, Block(value, self.file, self.faults)

    def list(self) -> Iterator["Block"]:
        """Give the items of a sequence."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.fault("a list was expected here")
            return
        for value in self.node.value:
            yield Block(value, self.file, self.faults)

    def entries(self, known: frozenset[str]) -> dict[str, "Block"]:
        """Give the entries of a mapping by name; a name that is not known is noted, with the nearest that is."""
        found: dict[str, Block] = {}
        for name, value in self.items():
            if name.text() in known:
                found[name.text()] = value
            else:
                name.fault(f"there is no key {name.text()} here", nearest(name.text(), known))
        return found

    def demand(self, needed: tuple[str, ...], entries: dict[str, "Block"]) -> None:
        """Note what is missing, unless a name that is not known (which is noted) may have been meant for it."""
        missing = [name for name in needed if name not in entries]
        if missing and len(entries) == self.size:
            self.fault(f"there is no {' and no '.join(missing)} here")


def compose(text: str, file: str, faults: list[Fault]) -> Block | None:
    """Read YAML text into its root block; a text that is not YAML is one fault and gives nothing."""
    if nested(text):
        faults.append(Fault(file, 1, 1, "the file is nested deeper than is read"))
        return None
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        faults.append(Fault(file, line, column, f"this is not YAML: {error.problem}", _mend(text, line)))
        return None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - text.rfind("\n", 0, error.position)
        faults.append(Fault(file, line, column, "a character stands here that YAML does not allow", "take it out"))
        return None
    except RecursionError:
        faults.append(Fault(file, 1, 1, "the file is nested deeper than is read"))
        return None
    if node is None:
        faults.append(Fault(file, 1, 1, "the file is empty"))
        return None
    return Block(node, file, faults)


def _mend(text: str, line: int) -> str:
    """Say what YAML's own words seldom do: what on the line it took for something else."""
    wrong = (text.splitlines() or [""])[min(line, text.count("\n") or 1) - 1]
    if "\t" in wrong:
        return "indent with spaces, never with tabs"
    if any(mark in wrong for mark in "[@{"):
        return "put the path in quotes: inside braces, brackets, `@` and `${` mean something to YAML"
    return "look at the indentation, the colons and the quotes of this line and the one above"
