"""Emits how JSON tells a kind or a code by what stands elsewhere in the object: looked up before the rest is read."""

from gateway.mapping.check.tree import Leaf, Place, Record, Switch, Tree
from gateway.mapping.compile.emit import Lines, Module, collected, make
from gateway.mapping.compile.read import Reader
from gateway.mapping.language import Filter
from gateway.mapping.run.values import Look


class Kinds(Reader):
    """Emits what is told by codes; `told` names the outcome of each code that several properties tell."""

    separator = "."

    def __init__(self, tree: Tree, module: Module, *, report: bool) -> None:
        super().__init__(tree, module, report=report)
        self.told: dict[int, str] = {}

    # kinds told by a code

    def switches(self, place: Place) -> list[Place]:
        """Give the places of a record whose code tells a kind."""
        if place.parent is not None and not isinstance(place.use, Record):
            return []
        return [p for p in place.scope() if isinstance(p.use, Switch)]

    def look_ahead(self, place: Place, at: Place, lines: Lines) -> None:
        """Emit how the code is found before anything else of the record is read."""
        switch = at.use
        if not isinstance(switch, Switch):
            raise TypeError("no switch stands here")
        steps: list[Look] = []
        here = at
        while here is not place and here.parent is not None:
            steps.insert(0, _look(here))
            here = here.parent
        key = switch.target.key
        codes = self.module.constant("B", key, repr({code: name for name, (code, _) in switch.branches.items()}))
        lines(f"s = peek(d, {tuple(steps)!r})")
        lines("if isinstance(s, str) and not s.isspace():")
        inner = lines.indent()
        inner(f"s = {codes}.get(s.strip())")
        inner("if s is not None:")
        inner.indent()(f"v['?{key}'] = s")
        if not self.report:
            inner("else:")
            inner.indent()("raise Bad('a code that tells no kind')")
            lines("elif not blank(s):")
            lines.indent()("raise Bad('a code that tells no kind')")

    def make_branch(self, place: Place, at: Place, lines: Lines) -> None:
        """Emit how the record of the kind that was told is made."""
        switch = at.use
        if not isinstance(switch, Switch):
            raise TypeError("no switch stands here")
        key = switch.target.key
        keys = collected(place, ".")
        lines(f"kind = v.pop('?{key}', None)")
        word = "if"
        where = self.module.where(switch.spot)
        for name, (_, made) in switch.branches.items():
            maker = make(self.module, made, keys, f"{key}.", report=self.report)
            lines(f"{word} kind == {name!r}:")
            lines.indent()(f"v[{key!r}] = {maker}(v, x, p, {where})" if self.report else f"v[{key!r}] = {maker}(v)")
            word = "elif"

    # codes told by several properties

    def parts(self, place: Place, lines: Lines) -> None:
        """Emit how codes that several properties tell together are read."""
        seen: set[int] = set()
        for child in place.children:
            leaf = child.use
            if (
                not isinstance(leaf, Leaf)
                or not leaf.parts
                or id(leaf) in seen
                or not child.reads
                or leaf.table is None
            ):
                continue
            seen.add(id(leaf))
            key, table = leaf.target.key, self.table(leaf)
            if self.report:
                arguments = (
                    f"{key!r}, d, {leaf.parts!r}, p, {self.module.where(leaf.spot)}, {table}, {leaf.omit_unknown}"
                )
                lines(f"told_{len(seen)} = x.parts(v, {arguments})")
                self.told[id(leaf)] = f"told_{len(seen)}"
                continue
            lines(f"s = parts(d, {leaf.parts!r})")
            lines("if s is not None:")
            inner = lines.indent()
            inner(f"s = {table}.get(s)")
            inner("if s is None:")
            inner.indent()("pass" if leaf.omit_unknown else "raise Bad('a code that its table does not hold')")
            inner("elif s:")
            inner.indent()(f"v[{key!r}] = s")


def _look(place: Place) -> Look:
    """Give the step of a look-ahead: the property, and which item of it when it is a list."""
    marks = marks_of(place)
    if marks:
        return place.name, tuple((_way_to(place, mark), mark.values) for mark in marks)
    return (place.name, ()) if place.many else place.name


def marks_of(place: Place) -> tuple[Filter, ...]:
    """Give the marks that tell this item of a list from the others."""
    return tuple(place.filter.marks()) if place.filter else ()


def _way_to(place: Place, mark: Filter) -> tuple[Look, ...]:
    """Give the steps from an item to the value that a mark looks at."""
    steps: list[Look] = []
    for step in mark.path:
        place = next(c for c in place.children if c.name == step.name)
        steps.append(_look(place))
    return tuple(steps)


def peek(place: Place, mark: Filter) -> str:
    """Give the expression for what the item `c` holds where a mark looks."""
    return f"peek(c, {_way_to(place, mark)!r})"
