"""Emits the program that reads JSON: one pass over each object's properties, one function per object that has rules."""

from gateway.mapping.check.tree import Column, Const, Drop, Leaf, Link, Place, Record, Switch
from gateway.mapping.compile.emit import Lines, codec, collected, make
from gateway.mapping.compile.judged import Judging
from gateway.mapping.compile.read import BESIDE
from gateway.mapping.compile.read_json_kinds import Kinds, marks_of, peek


class JsonReader(Kinds):
    """Emits a reading program for JSON."""

    def emit(self) -> None:
        """Emit everything, `read` last: from the root object to the canonical record."""
        root, lines = self.tree.root, Lines()
        where = self.module.where(root.spot)
        keys = collected(root, ".")
        maker = make(self.module, self.tree.model, keys, "", report=self.report)
        reader = self._function(root)
        told = Judging(self.tree, self.module).made()
        judged = self.module.value("JUDGED", told) if told else ""
        lines("v = {}")
        if self.report:
            lines("if not isinstance(e, dict):")
            lines.indent()(f"x.misplaced(e, {root.name!r}, 'an object', {where})")
            lines.indent()("return None")
            if judged:
                lines(f"e = Judge({judged}, e, x).message({root.name!r})")
            lines(f"{reader}(e, {root.name!r}, '', v, x)")
            lines("x.settle()")
            lines(f"return {maker}(v, x, {root.name!r}, {where})")
        else:
            lines("if not isinstance(e, dict):")
            lines.indent()("raise Bad('an object was expected')")
            if judged:
                lines(f"e = Judge({judged}, e).message({root.name!r})")
            lines(f"{reader}(e, v)")
            lines(f"return {maker}(v)")
        self.module.function("read", "e, x" if self.report else "e", "Read the root object.", lines)

    def _function(self, place: Place) -> str:
        lines = Lines()
        own = next((c for c in place.children if c.kind == "text"), None)
        if own is not None and isinstance(own.use, Leaf):
            self._leaf(own, own.use, lines, "d", "p")
            parameters = "d, p, q, v, x" if self.report else "d, v"
            return self.module.function(f"read_{place.name}", parameters, f"Read {place.name}.", lines)
        switches = self.switches(place)
        for switch_place in switches:
            self.look_ahead(place, switch_place, lines)
        self.parts(place, lines)
        self._properties(place, lines)
        for switch_place in switches:
            self.make_branch(place, switch_place, lines)
        parameters = "d, p, q, v, x" if self.report else "d, v"
        name = place.filter.values[0] if place.filter else place.name
        return self.module.function(f"read_{name}", parameters, f"Read {place.name}.", lines)

    # properties

    def _properties(self, place: Place, lines: Lines) -> None:
        groups: dict[str, list[Place]] = {}
        for child in place.children:
            if self.report or self._matters(child) or (child.filter and child.filter.narrows):
                groups.setdefault(child.name, []).append(child)
        if not groups:
            if self.report:
                lines("for k, s in d.items():")
                lines.indent()("x.unknown(s, f'{p}.{k}')")
            return
        if not self.report:
            for name, places in groups.items():
                lines(f"if (s := d.get({name!r})) is not None:")
                self._group(places, lines.indent())
            return
        lines("for k, s in d.items():")
        inner = lines.indent()
        word = "if"
        for name, places in groups.items():
            inner(f"{word} k == {name!r}:")
            inner.indent()(f"at = f'{{p}}.{name}'")
            inner.indent()("if s is None:")
            inner.indent().indent()("continue")
            self._group(places, inner.indent())
            word = "elif"
        inner("else:")
        inner.indent()("x.unknown(s, f'{p}.{k}')")

    def _group(self, places: list[Place], lines: Lines) -> None:
        first = places[0]
        if not first.many:
            if first.guard:
                lines = self._guarded(first, lines, "s", "at")
            self._one(first, lines, "s", "at")
            return
        if isinstance(first.use, Drop | Link | Const) and not first.filter:
            self._one(first, lines, "s", "at")
            return
        lines("if not isinstance(s, list):")
        self._misplaced(places, lines.indent(), "s", "at", "a list")
        self._list(places, lines)

    def _misplaced(self, places: list[Place], lines: Lines, s: str, at: str, what: str) -> None:
        """Emit what happens when the kind is wrong: refused, unless nothing is read from below here."""
        if not self.report:
            lines(f"raise Bad('{what} was expected')")
            return
        if any(self._matters(place) for place in places):
            lines(f"x.misplaced({s}, {at}, {what!r}, {self.module.where(places[0].spot)})")
        else:
            lines(f"x.unknown({s}, {at}, '{what} was expected here')")
        lines("continue")

    def _list(self, places: list[Place], lines: Lines) -> None:
        first = places[0]
        if isinstance(first.use, Leaf) and first.use.joined:
            self._joined(first.use, lines)
            return
        counted = [p for p in places if not self.each(p)]
        for i, place in enumerate(places):
            if place in counted:
                lines(f"n{i} = 0")
        lines("for i, c in enumerate(s):" if self.report else "for c in s:")
        inner = lines.indent()
        if self.report:
            inner("at_i = f'{at}[{i}]'")
        inner("if c is None:")
        inner.indent()("continue")
        word = "if"
        looks = {peek(place, mark) for place in places for mark in marks_of(place)}
        if len(looks) == 1:
            inner(f"k_i = {next(iter(looks))}")
        for i, place in sorted(enumerate(places), key=lambda one: -len(marks_of(one[1]))):
            if place.filter is None:
                continue
            tests = [
                f"{'k_i' if len(looks) == 1 else peek(place, mark)} in "
                f"{self.module.constant('V', mark.values[0], repr(mark.values))}"
                for mark in marks_of(place)
            ]
            inner(f"{word} {' and '.join(tests)}:")
            self._item(place, inner.indent(), i if place in counted else None)
            word = "elif"
        plain = [(i, p) for i, p in enumerate(places) if p.filter is None]
        if plain:
            i, place = plain[0]
            if word == "elif":
                inner("else:")
                inner = inner.indent()
            self._item(place, inner, i if place in counted else None)
        elif self.report:
            inner("else:")
            inner.indent()("x.unknown(c, at_i, 'no rule names an item with this mark')")

    def _item(self, place: Place, lines: Lines, number: int | None) -> None:
        if not self.report and not self._matters(place):
            lines("continue")
            return
        if place.guard:
            lines = self._guarded(place, lines, "c", "at_i")
        if number is not None:
            lines(f"n{number} += 1")
            lines(f"if n{number} > 1:")
            if self.report:
                lines.indent()("x.unknown(c, at_i, 'a second one, where one is expected')")
            lines.indent()("continue")
        for word in [w for w, p in self.tree.words.items() if p.parent is place]:
            if self.report:
                lines("if isinstance(c, dict):")
                lines.indent()(f"x.entry({word!r}, c.get('fullUrl'), c.get('resource'))")
        self._one(place, lines, "c", "at_i")

    def _guarded(self, place: Place, lines: Lines, s: str, at: str) -> Lines:
        key = next(p.use.target.key for p in _owner(place).scope() if isinstance(p.use, Switch))
        if self.report:
            lines(f"if v.get('?{key}') != {place.guard!r}:")
            lines.indent()(f"x.unknown({s}, {at}, 'belongs to another kind than the code tells')")
            lines.indent()("continue")
            return lines
        lines(f"if v.get('?{key}') == {place.guard!r}:")
        return lines.indent()

    def _one(self, place: Place, lines: Lines, s: str, at: str) -> None:
        use = place.use
        if isinstance(use, Leaf):
            self._leaf(place, use, lines, s, at)
        elif isinstance(use, Record):
            self._record(place, use, lines, s, at)
        elif use is None:
            self._object(place, lines, s, at)
            arguments = f"{s}, {at}, q, v, x" if self.report else f"{s}, v"
            lines(f"{self._function(place)}({arguments})")
        elif self.report:
            self._aside(use, lines, s, at)

    def _aside(self, use: Const | Drop | Column | Link | Switch, lines: Lines, s: str, at: str) -> None:
        where = self.module.where(use.spot)
        if isinstance(use, Const) and not use.values:
            lines(f"x.unknown({s}, {at})")  # nothing may stand here: refused before it is read
        elif isinstance(use, Const):
            values = self.module.constant("V", use.values[0], repr(use.values))
            lines(f"x.fixed_json({s}, {values}, {at}, {where})")
        elif isinstance(use, Drop):
            lines(f"x.dropped_json({s}, {at}, {where}, {use.reason!r})")
        elif isinstance(use, Column):
            lines(f"x.aside({s}, {at}, {where}, {BESIDE!r})")
        elif isinstance(use, Link):
            lines(f"x.link({s}, {at}, {use.word!r}, {where})")
        else:
            codes = self.module.constant("C", use.target.key, repr(tuple(code for code, _ in use.branches.values())))
            lines(f"x.switch({s}, v.get('?{use.target.key}'), {at}, f'{{q}}{use.target.key}', {where}, {codes})")

    def _object(self, place: Place, lines: Lines, s: str, at: str) -> None:
        lines(f"if not isinstance({s}, dict):")
        self._misplaced([place], lines.indent(), s, at, "an object")

    def _record(self, place: Place, use: Record, lines: Lines, s: str, at: str) -> None:
        key, where = use.target.key, self.module.where(use.spot)
        scalar = any(c.kind == "text" for c in place.children)
        if not scalar:
            self._object(place, lines, s, at)
        if use.branch:
            self._second_branch(key, where, lines, s, at)
        lines("w = {}")
        if not self.report:
            self._record_plain(place, use, lines, s)
            return
        path = f'f"{{q}}{key}[{{len(v.get({key!r}, ()))}}]"' if use.each else f"f'{{q}}{key}'"
        lines(f"path = {path}")
        if use.made is None:
            lines(f"{self._function(place)}({s}, {at}, path, w, x)")
            self.keep_item(key, lines)
            return
        lines("before = len(x.rows)")
        lines(f"{self._function(place)}({s}, {at}, path + '.', w, x)")
        maker = f"{self.maker(place, use)}(w, x, {at}, {where})"
        if use.each:
            self.keep_item(key, lines, maker)
        elif use.says_nothing_empty:
            lines("if w:")
            lines.indent()(f"v[{key!r}] = {maker}")
        else:
            lines("if not w:")
            lines.indent()(f"x.present({at}, path, {where}, before)")
            lines(f"v[{key!r}] = {maker}")

    def _second_branch(self, key: str, where: int, lines: Lines, s: str, at: str) -> None:
        lines(f"if {key!r} in v:")
        if self.report:
            lines.indent()(f"x.unknown({s}, {at}, 'a second kind, where one is expected')")
            lines.indent()(f"x.two({at}, 'two kinds stand here, and one is expected', {where})")
            lines.indent()("continue")
        else:
            lines.indent()("raise Bad('two kinds stand here, and one is expected')")

    def _record_plain(self, place: Place, use: Record, lines: Lines, s: str) -> None:
        key = use.target.key
        lines(f"{self._function(place)}({s}, w)")
        if use.made is None:
            self.keep_item(key, lines)
        elif use.each:
            self.keep_item(key, lines, f"{self.maker(place, use)}(w)")
        else:
            if use.says_nothing_empty:
                lines("if w:")
                lines = lines.indent()
            lines(f"v[{key!r}] = {self.maker(place, use)}(w)")

    def _leaf(self, place: Place, leaf: Leaf, lines: Lines, s: str, at: str) -> None:
        key = leaf.target.key
        if leaf.parts:
            if self.report:
                told = self.told.get(id(leaf), "'unmapped'")
                lines(f"x.part({s}, {at}, f'{{q}}{key}', {self.module.where(leaf.spot)}, {told})")
            return
        if not place.reads:
            if self.report:
                lines(f"x.aside({s}, {at}, {self.module.where(leaf.spot)}, 'written only')")
            return
        read = codec(self.module, leaf)
        if self.report:
            lines(f"if not blank({s}):")
            lines.indent()(f"x.leaf(v, {self.leaf_arguments(leaf, s, at)})")
            return
        lines(f"if {key!r} not in v and not blank({s}):")
        inner = lines.indent()
        if leaf.table is None:
            inner(f"v[{key!r}] = {read}({s})")
            return
        inner(f"{s} = {self.table(leaf)}.get(token({read}({s})))")
        inner(f"if {s} is not None:")
        inner.indent()(f"v[{key!r}] = {s}")
        if not leaf.omit_unknown:
            inner("else:")
            inner.indent()("raise Bad('a code that its table does not hold')")

    def _joined(self, leaf: Leaf, lines: Lines) -> None:
        key = leaf.target.key
        if self.report:
            where = self.module.where(leaf.spot)
            lines(f"x.joined(v, {key!r}, s, at, f'{{q}}{key}', {where}, {leaf.joined!r})")
            return
        lines(f"s = joined(s, {leaf.joined!r})")
        lines(f"if s and {key!r} not in v:")
        lines.indent()(f"v[{key!r}] = s")

    def _matters(self, place: Place) -> bool:
        return any(_carried(p) for p in place.below())


def _carried(place: Place) -> bool:
    """Whether the plain program reads something at a place itself."""
    use = place.use
    return place.reads and (isinstance(use, Record) or (isinstance(use, Leaf) and not use.parts))


def _owner(place: Place) -> Place:
    """Give the place of the record that a place belongs to."""
    here = place.parent
    while here is not None and here.parent is not None and not isinstance(here.use, Record):
        here = here.parent
    if here is None:
        raise AssertionError("the root belongs to itself")
    return here
