"""Emits the program that writes JSON as dictionaries and lists, filtered items constructed with their marks."""

from gateway.core.vocabulary import DataClass
from gateway.mapping.check.tree import Column, Const, Drop, Leaf, Link, Place, Record, Switch
from gateway.mapping.compile.derive import DERIVATIONS
from gateway.mapping.compile.emit import Lines
from gateway.mapping.compile.write import Writer
from gateway.mapping.language import Derived
from gateway.mapping.wire.schema import Scalar


class JsonWriter(Writer):
    """Emits a writing program."""

    def emit(self) -> None:
        """Emit everything, `write` last: from the canonical record to the root object."""
        root, lines = self.tree.root, Lines()
        writer = self._function(root)
        arguments = f"o, {root.name!r}, '', x" if self.report else "o"
        lines(f"return {writer}({arguments})")
        self.module.function("write", "o, x" if self.report else "o", "Write the record.", lines)

    def _function(self, place: Place) -> str:
        lines = Lines()
        own = next((c for c in place.children if c.kind == "text"), None)
        if own is not None and isinstance(own.use, Leaf):
            return self._own_text(place, own, own.use, lines)
        lines("d = {}")
        groups: dict[str, list[Place]] = {}
        for child in place.children:
            if self.allowed(child) and not self._is_constant(child):
                groups.setdefault(child.name, []).append(child)
        seen_parts: set[int] = set()
        for name, places in groups.items():
            self._group(name, places, lines, seen_parts)
        self._constants(place, lines)
        self._demanded(place, lines)
        lines("return d")
        name = place.filter.values[0] if place.filter else place.name
        parameters = "o, p, q, x" if self.report else "o"
        return self.module.function(f"write_{name}", parameters, f"Write {place.name}.", lines)

    def _own_text(self, place: Place, own: Place, leaf: Leaf, lines: Lines) -> str:
        """Emit the writer of a record that is one scalar."""
        lines(f"s = {self.value(leaf.target) if self.allowed(own) else None}")
        lines("if s is None:")
        lines.indent()(f"return {leaf.absent!r}" if isinstance(leaf.absent, str) else "return None")
        if self.allowed(own):
            written = self.written(own, leaf)
            if self.report:
                written = f"x.put(lambda s: {written}, s, {self.path(leaf.target)}, p, {self.module.where(leaf.spot)})"
            lines(f"return {written}")
        parameters = "o, p, q, x" if self.report else "o"
        return self.module.function(f"write_{place.name}", parameters, f"Write {place.name}.", lines)

    # what always stands there

    def _is_constant(self, place: Place) -> bool:
        use = place.use
        return (
            (isinstance(use, Const) and not use.always)
            or (isinstance(use, Drop) and use.write is not None)
            or isinstance(use, Link)
        )

    def _constants(self, place: Place, lines: Lines) -> None:
        constants = [c for c in place.children if self._is_constant(c) and self.allowed(c)]
        entry_words = [word for word, p in self.tree.words.items() if p.parent is place and self._linked(word)]
        inner = lines
        if not isinstance(place.use, Record) and (constants or entry_words):
            lines("if d:")
            inner = lines.indent()
        fixed = {}
        for child in constants:
            use = child.use
            if isinstance(use, Const):
                fixed[child.name] = _typed(child, use.values[0])
            elif isinstance(use, Drop) and isinstance(use.write, str):
                fixed[child.name] = _typed(child, use.write)
        if fixed:
            inner(f"d = {{**{fixed!r}, **d}}")
        for word in entry_words:
            inner(f"d = {{'fullUrl': full_url({self._message()}, {word!r}), **d}}")
        for child in constants:
            use = child.use
            if isinstance(use, Drop) and isinstance(use.write, Derived):
                inner(f"d[{child.name!r}] = {self.derived(use.write)}")
            elif isinstance(use, Link):
                self._link(child, use, inner)

    def _message(self) -> str:
        """Give the expression of what full URLs are made from: the message's id, where it may be spoken of."""
        return "o.id" if self.classes is None or DataClass.ENVELOPE in self.classes else "None"

    def _linked(self, word: str) -> bool:
        return any(isinstance(p.use, Link) and p.use.word == word for p in self.tree.root.below())

    def _link(self, place: Place, use: Link, lines: Lines) -> None:
        target = self.tree.words[use.word]
        condition = self.populated(target.parent or target)
        if condition == "False":
            return
        reference = f"{{'reference': full_url({self._message()}, {use.word!r})}}"
        lines(f"if {condition}:")
        lines.indent()(f"d[{place.name!r}] = {f'[{reference}]' if place.many else reference}")

    def _demanded(self, place: Place, lines: Lines) -> None:
        for child in place.children:
            use = child.use
            if child.child and child.child.required and isinstance(use, Leaf) and self.allowed(child):
                lines(f"if d and {child.name!r} not in d:")
                self.lacking(use.target, f"f'{{p}}.{child.name}'", self.module.where(use.spot), lines.indent())

    # properties

    def _group(self, name: str, places: list[Place], lines: Lines, seen: set[int]) -> None:
        first = places[0]
        if isinstance(first.use, Leaf) and first.use.parts:
            self._parts(first.use, lines, seen)
            return
        if not first.many:
            self._single(name, first, lines)
            return
        if len(places) == 1 and isinstance(first.use, Leaf):
            self._leaf(first, first.use, lines, f"d[{name!r}] = [{{}}]", f"f'{{p}}.{name}[0]'")
            return
        lines("l = []")
        for place in places:
            self._item(name, place, lines)
        lines("if l:")
        lines.indent()(f"d[{name!r}] = l")

    def _single(self, name: str, place: Place, lines: Lines) -> None:
        use = place.use
        if place.guard:
            lines(f"if {self.guard(place)}:")
            lines = lines.indent()
        at = f"f'{{p}}.{name}'"
        if isinstance(use, Leaf):
            self._leaf(place, use, lines, f"d[{name!r}] = {{}}", at)
        elif isinstance(use, Switch):
            self._switch(name, use, lines, at)
        elif isinstance(use, Column):
            lines(f"if s := {self.column(use)}:")
            lines.indent()(f"d[{name!r}] = s")
        elif isinstance(use, Const):
            lines(f"d[{name!r}] = {_typed(place, use.values[0])!r}")
        elif isinstance(use, Record):
            self._record(place, use, lines, f"d[{name!r}] = s", at)
        elif use is None:
            self._wrapper(place, lines, f"d[{name!r}] = s", at)

    def _item(self, name: str, place: Place, lines: Lines) -> None:
        if place.guard:
            lines(f"if {self.guard(place)}:")
            lines = lines.indent()
        at = f"f'{{p}}.{name}[{{len(l)}}]'"
        if isinstance(place.use, Record):
            self._record(place, place.use, lines, "l.append(s)", at)
        elif place.use is None:
            self._wrapper(place, lines, "l.append(s)", at)
        elif isinstance(place.use, Leaf):
            self._leaf(place, place.use, lines, "l.append({})", at)

    def _wrapper(self, place: Place, lines: Lines, keep: str, at: str) -> None:
        lines(f"s = {self._function(place)}({f'o, {at}, q, x' if self.report else 'o'})")
        lines("if s:")
        lines.indent()(keep)

    def _record(self, place: Place, use: Record, lines: Lines, keep: str, at: str) -> None:
        value, where, writer = self.value(use.target), self.module.where(use.spot), self._function(place)
        path = self.path(use.target)
        if use.each:
            lines(f"for i, r in enumerate({value}):" if self.report else f"for r in {value}:")
            path = f"{path[:-1]}[{{i}}]'"
        elif use.branch:
            lines(f"if {self._record_there(use)}:")
            lines.indent()(f"r = {value}")
        elif use.target.field.optional:
            lines(f"if (r := {value}) is not None:")
        else:
            lines("if True:")
            lines.indent()(f"r = {value}")
        inner = lines.indent()
        if self.report:
            below = path if use.made is None else f"{path[:-1]}.'"
            if use.made is not None:
                inner(f"x.wrote({path}, {at}, {where}, 'record')")
            inner(f"s = {writer}(r, {at}, {below}, x)")
        else:
            inner(f"s = {writer}(r)")
        if any(c.kind == "text" for c in place.children) or (use.branch and not use.target.field.many):
            inner("if s is not None:")
            inner.indent()(keep)
            return
        inner("if s:")
        inner.indent()(keep)
        leaves_open = use.target.field.optional or use.each
        if use.made is not None and leaves_open and not self._says_itself(place):
            inner("else:")
            if self.report:
                inner.indent()(f"x.cannot({path}, {at}, 'nothing in it, and an empty one cannot be written', {where})")
            else:
                inner.indent()("raise Bad('an empty record cannot be written')")

    def _says_itself(self, place: Place) -> bool:
        """Whether a record writes something even when all its fields are absent, as a linkId."""
        return any(isinstance(c.use, Const) for c in place.children)

    def _leaf(self, place: Place, leaf: Leaf, lines: Lines, keep: str, at: str) -> None:
        lines(f"if (s := {self.value(leaf.target)}) is not None:")
        written = self.written(place, leaf)
        if self.report:
            written = f"x.put(lambda s: {written}, s, {self.path(leaf.target)}, {at}, {self.module.where(leaf.spot)})"
        lines.indent()(keep.format(written))

    def _parts(self, leaf: Leaf, lines: Lines, seen: set[int]) -> None:
        if id(leaf) in seen or leaf.table is None:
            return
        seen.add(id(leaf))
        table = self.module.value(f"WIRE_{leaf.table.name}", leaf.table.to_wire)
        where = self.module.where(leaf.spot)
        lines(f"if (s := {self.value(leaf.target)}) is not None:")
        inner = lines.indent()
        inner(f"s = {table}[s].split('|')")
        for i, name in enumerate(leaf.parts):
            value = f"int(s[{i}])" if name == "rank" else f"s[{i}]"
            inner(f"if s[{i}]:")
            inner.indent()(f"d[{name!r}] = {value}")
        if self.report:
            inner(f"x.wrote({self.path(leaf.target)}, f'{{p}}.{leaf.parts[0]}', {where})")
        if isinstance(leaf.absent, Derived):
            lines("else:")
            derive = self.module.value(f"DERIVE_{leaf.absent.by}", DERIVATIONS[leaf.absent.by])
            lines.indent()(f"d[{leaf.parts[0]!r}] = {derive}(o.{leaf.absent.source})")

    def _switch(self, name: str, use: Switch, lines: Lines, at: str) -> None:
        codes = self.module.value(f"CODE_{use.target.key}", {made: code for code, made in use.branches.values()})
        lines(f"if s := {codes}.get(type({self.value(use.target)})):")
        lines.indent()(f"d[{name!r}] = s")
        if self.report:
            lines.indent()(f"x.wrote({self.path(use.target)}, {at}, {self.module.where(use.spot)})")


def _typed(place: Place, value: str) -> object:
    """Give a constant as the JSON value that its schema type wants."""
    scalar = place.shape.text if place.shape else None
    if scalar is Scalar.JSON_BOOLEAN:
        return value == "true"
    if scalar is Scalar.JSON_INTEGER:
        return int(value)
    return [value] if place.many and scalar is not None else value
