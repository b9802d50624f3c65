"""Emits the program that reads XML: one pass over each element's children, one function per element that has some."""

from gateway.mapping.check.tree import Column, Const, Drop, Leaf, Place, Record, Tree
from gateway.mapping.compile.emit import Lines, Module, collected, make
from gateway.mapping.compile.read import BESIDE
from gateway.mapping.compile.read_xml_leaves import Leaves
from gateway.mapping.language import Filter
from gateway.mapping.wire.xml import local


class XmlReader(Leaves):
    """Emits a reading program for XML; `numbers` names the counter of each place whose repetitions are counted."""

    def __init__(self, tree: Tree, module: Module, *, report: bool) -> None:
        super().__init__(tree, module, report=report)
        self.numbers: dict[int, str] = {}

    def emit(self) -> None:
        """Emit everything, `read` last: from the root element to the canonical record."""
        tree, lines = self.tree, Lines()
        keys = collected(tree.root, "/")
        maker = make(self.module, tree.model, keys, "", report=self.report)
        lines("v = {}")
        if self.report:
            lines("at = f'/{local(e.tag)}'")
        if tree.unwrap:
            self._unwrap(lines)
        lines("t = local(e.tag)")
        branches = {tree.root.name: tree.root, **tree.bare}
        word = "if"
        for name, place in branches.items():
            lines(f"{word} t == {name!r}:")
            reader = self._function(place)
            lines.indent()(f"{reader}(e, at, '', v, x)" if self.report else f"{reader}(e, v)")
            word = "elif"
        lines("else:")
        if self.report:
            lines.indent()("at = '/*'")  # a stranger's name may hold a person's value
        self._refuse(lines.indent(), f"the root is none of {', '.join(dict.fromkeys([*branches, *tree.unwrap]))}")
        if self.report:
            lines(f"return {maker}(v, x, '/', {self.module.where(tree.root.spot)})")
        else:
            lines(f"return {maker}(v)")
        self.module.functions.pop("read", None)
        self.module.function("read", "e, x" if self.report else "e", "Read the root element.", lines)

    def _refuse(self, lines: Lines, why: str) -> None:
        """Emit the end of a reading that cannot begin."""
        if self.report:
            lines(f"x.two(at, {why!r}, {self.module.where(self.tree.root.spot)})")
            lines("x.stranger(e, at.rpartition('/')[0])")
            lines("return None")
        else:
            lines(f"raise Bad({why!r})")

    def _unwrap(self, lines: Lines) -> None:
        """Emit how envelopes are taken off: each holds one message, or is itself the message."""
        root = self.tree.root.name
        lines(f"while local(e.tag) in {self.tree.unwrap!r}:")
        lines = lines.indent()
        lines(f"within = inside(e, {root!r})")
        lines(f"if not within and local(e.tag) == {root!r}:")
        lines.indent()("break")
        lines("if len(within) != 1:")
        self._refuse(lines.indent(), f"one {root} is expected in the envelope")
        if self.report:
            lines(f"at = x.around(e, within[0], at, {self.module.where(self.tree.root.spot)})")
        lines("e = within[0]")

    def _function(self, place: Place) -> str:
        lines = Lines()
        self.attributes(place, lines)
        self.text(place, lines)
        self._children(place, lines)
        parameters = "e, p, q, v, x" if self.report else "e, v"
        return self.module.function(f"read_{place.name}", parameters, f"Read {place.name}.", lines)

    # children

    def _children(self, place: Place, lines: Lines) -> None:
        named = [c for c in place.children if c.kind == "element" and (self.report or self._matters(c))]
        shape = place.shape
        expected = {c.tag for c in shape.children.values()} if shape else set()
        expected |= {c.child.tag for c in place.children if c.child and c.kind == "element"}
        if not named:
            if self.report:
                lines("for c in e:")
                lines.indent()("x.stranger(c, p)")
            return
        by_tag: dict[str, list[Place]] = {}
        for child in named:
            by_tag.setdefault(child.child.tag if child.child else child.name, []).append(child)
        known = self.module.constant("K", place.name, f"frozenset({sorted(expected)!r})")
        locals_ = self.module.constant("L", place.name, repr({local(t): t for t in sorted(expected)}))
        self._flags(by_tag, lines)
        if self.report:
            lines("last = -1")
        lines("for c in e:")
        inner = lines.indent()
        inner("t = c.tag")
        inner(f"if t not in {known}:")
        inner.indent()(f"t = adopt(t, {locals_})")
        if self.report:
            inner.indent()(f"if t in {known}:")
            inner.indent().indent()("x.adopted(t, p)")
            self._order(place, inner)
        word = "if"
        for tag, places in by_tag.items():
            inner(f"{word} t == {self.module.constant('T', local(tag), repr(tag))}:")
            self._same_tag(places, inner.indent())
            word = "elif"
        if self.report:
            inner("else:")
            inner.indent()("x.stranger(c, p)")

    def _order(self, place: Place, lines: Lines) -> None:
        shape = place.shape
        if shape is None or shape.particle is None or shape.particle.kind != "sequence" or shape.any_child:
            return
        order = {c.tag: i for i, c in enumerate(shape.children.values())}
        if len(order) < 2:  # noqa: PLR2004
            return
        name = self.module.constant("O", place.name, repr(order))
        lines(f"i = {name}.get(t, last)")
        lines("if i < last:")
        lines.indent()("x.disorder(t, p)")
        lines("last = max(i, last)")

    def _flags(self, by_tag: dict[str, list[Place]], lines: Lines) -> None:
        for number, places in enumerate(by_tag.values()):
            flagged = any(not self.each(p) and not self._inline(p) for p in places)
            if self.report or flagged:
                name = f"n{number}"
                lines(f"{name} = 0")
                for place in places:
                    self.numbers[id(place)] = name
            if any(p.filter for p in places):
                for i, place in enumerate(places):
                    if not self.each(place):
                        lines(f"n{number}_{i} = 0")

    def _same_tag(self, places: list[Place], lines: Lines) -> None:
        number = self.numbers.get(id(places[0]))
        if number:
            lines(f"{number} += 1")
        if not any(place.filter for place in places):
            self._one(places[0], lines, number, number)
            return
        word = "if"
        for place in sorted(places, key=_least_told):
            lines(f"{word} {self._matches(place)}:" if place.filter else "else:")
            seen = f"{number}_{places.index(place)}" if number and not self.each(place) else number
            if seen and seen != number:
                lines.indent()(f"{seen} += 1")
            self._one(place, lines.indent(), number, seen)
            word = "elif"
        if self.report and all(place.filter for place in places):
            lines("else:")
            lines.indent()("x.stranger(c, p, 'no rule names an element with these marks')")

    def _matches(self, place: Place) -> str:
        if place.filter is None:
            raise AssertionError("no filter")
        return " and ".join(self._holds(place, mark) for mark in place.filter.marks())

    def _holds(self, place: Place, mark: Filter) -> str:
        at, tags, attribute = place, [], ""
        for step in mark.path:
            at = next(c for c in at.children if c.name == step.name and (c.kind == "attribute") == step.attribute)
            if step.attribute:
                attribute = step.name
            elif at.child:
                tags.append(at.child.tag)
        name = self.module.constant("F", "_".join(map(local, tags)), repr(tuple(tags)))
        values = self.module.constant("V", mark.values[0], repr(mark.values))
        return f"found(c, {name}, {attribute!r}, {values})"

    def _is_branch(self, place: Place) -> bool:
        """Whether a kind of record stands there, of which a second one is refused and not passed over."""
        return isinstance(place.use, Record) and place.use.branch

    def _inline(self, place: Place) -> bool:
        """Whether an element is a bare leaf, read without a function of its own."""
        return isinstance(place.use, Leaf) and not place.children

    def _matters(self, place: Place) -> bool:
        """Whether the plain program has anything to do at a place, if only to leave it out."""
        return bool(place.filter and place.filter.narrows) or self._reads(place)

    def _reads(self, place: Place) -> bool:
        return any(isinstance(p.use, Leaf | Record) and p.reads for p in place.below())

    def _one(self, place: Place, lines: Lines, number: str | None, seen: str | None) -> None:
        """Emit what happens at one child element."""
        use = place.use
        if self.report:
            index = (
                f"[{{{number}}}]" if place.many or place.filter else f"{{'[%d]' % {number} if {number} > 1 else ''}}"
            )
            at = f'f"{{p}}/{place.name}{index}"'
            self._one_reported(place, lines, at, seen)
            return
        if isinstance(use, Leaf) and self._inline(place):
            if place.reads:
                lines("if (s := c.text) and not s.isspace() and not len(c):")
                self.plain_leaf(use, lines.indent())
            else:
                lines("pass")
            return
        if not self._reads(place):
            lines("pass")
            return
        if seen and not self.each(place) and not self._is_branch(place):
            lines(f"if {seen} > 1:")
            lines.indent()("continue")
        if not isinstance(use, Record):
            lines(f"{self._function(place)}(c, v)")
            return
        lines("w = {}")
        lines(f"{self._function(place)}(c, w)")
        self._keep(place, use, lines)

    def _keep(self, place: Place, use: Record, lines: Lines) -> None:
        key = use.target.key
        if use.made is None:
            self.keep_item(key, lines)
        elif use.each:
            self.keep_item(key, lines, f"{self.maker(place, use)}(w)")
        else:
            if use.branch:
                lines(f"if {key!r} in v:")
                lines.indent()("raise Bad('two kinds stand here, and one is expected')")
            if use.says_nothing_empty:
                lines("if w:")
                lines = lines.indent()
            lines(f"v[{key!r}] = {self.maker(place, use)}(w)")

    def _one_reported(self, place: Place, lines: Lines, at: str, seen: str | None) -> None:
        use = place.use
        where = self.module.where(use.spot if use else place.spot)
        if isinstance(use, Drop):
            lines(f"x.dropped(c, {at}, {where}, {use.reason!r})")
            return
        if isinstance(use, Const | Column) and not place.children:
            lines("x.attributes(c, " + at + ")")
            lines("for child in c:")
            lines.indent()(f"x.stranger(child, {at})")
            if isinstance(use, Const):
                lines(f"x.fixed(c.text if not len(c) else None, {self.values(use)}, {at}, {where})")
            else:
                lines("if not len(c) and c.text and not c.text.isspace():")
                lines.indent()(f"x.aside(c.text, {at}, {where}, {BESIDE!r})")
            lines("if len(c):")
            lines.indent()(f"x.text(c, {at})")
            return
        if isinstance(use, Leaf) and self._inline(place) and place.reads:
            lines(f"x.element(v, {self.leaf_arguments(use, 'c', at)})")
            return
        if seen and not self.each(place) and not self._is_branch(place):
            lines(f"if {seen} > 1:")
            lines.indent()("x.stranger(c, p, 'a second one, where one is expected')")
            lines.indent()("continue")
        if not isinstance(use, Record):
            lines(f"{self._function(place)}(c, {at}, q, v, x)")
            return
        self._record_reported(place, use, lines, at)

    def _record_reported(self, place: Place, use: Record, lines: Lines, at: str) -> None:
        key, where = use.target.key, self.module.where(use.spot)
        reader = self._function(place)
        if use.branch:
            lines(f"if {key!r} in v:")
            lines.indent()("x.stranger(c, p, 'a second kind, where one is expected')")
            lines.indent()(f"x.two({at}, 'two kinds stand here, and one is expected', {where})")
            lines.indent()("continue")
        lines("w = {}")
        lines(f"at = {at}")
        if use.each:
            lines(f'path = f"{{q}}{key}[{{len(v.get({key!r}, ()))}}]"')
        else:
            lines(f"path = f'{{q}}{key}'")
        if use.made is None:
            lines(f"{reader}(c, at, path, w, x)")
            self.keep_item(key, lines)
            return
        maker = self.maker(place, use)
        lines("before = len(x.rows)")
        lines(f"{reader}(c, at, path + '.', w, x)")
        if use.each:
            self.keep_item(key, lines, f"{maker}(w, x, at, {where})")
        else:
            lines("if not w:")
            lines.indent()("continue" if use.says_nothing_empty else f"x.present(at, path, {where}, before)")
            lines(f"v[{key!r}] = {maker}(w, x, at, {where})")


def _least_told(place: Place) -> int:
    """Order places of one name so that the one with the most marks is tried first."""
    return -sum(1 for _ in place.filter.marks()) if place.filter else 0
