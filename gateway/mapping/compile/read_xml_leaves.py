"""Emits how the attributes and the text of one element are read."""

from gateway.mapping.check.tree import Column, Const, Drop, Leaf, Place
from gateway.mapping.compile.emit import Lines, codec
from gateway.mapping.compile.read import BESIDE, Reader


class Leaves(Reader):
    """Emits what is read of an element itself."""

    separator = "/"

    def attributes(self, place: Place, lines: Lines) -> None:
        """Emit how the attributes of an element are read."""
        named = [child for child in place.children if child.kind == "attribute"]
        if not self.report:
            for child in named:
                if isinstance(child.use, Leaf) and child.reads:
                    lines(f"if (s := e.get({child.name!r})) and not s.isspace():")
                    self.plain_leaf(child.use, lines.indent())
            return
        lines("for k, s in e.items():")
        inner = lines.indent()
        inner("if not s or s.isspace():")
        inner.indent()("continue")
        word = "if"
        for child in named:
            inner(f"{word} k == {child.name!r}:")
            self._leaf_row(child, inner.indent(), "s", f"f'{{p}}/@{child.name}'")
            word = "elif"
        if named:
            inner("else:")
            inner.indent()("x.attribute(k, p)")
        else:
            inner("x.attribute(k, p)")

    def text(self, place: Place, lines: Lines) -> None:
        """Emit how an element's own text is read."""
        use = place.use
        holds_text = place.shape is not None and place.shape.text is not None
        own = next((c for c in place.children if c.kind == "text"), None)
        if own is not None and isinstance(own.use, Leaf):
            if self.report:
                lines("if len(e):")
                lines.indent()("x.text(e, p)")
                lines("elif (s := e.text) and not s.isspace():")
                self._leaf_row(own, lines.indent(), "s", "p")
            else:
                lines("if (s := e.text) and not s.isspace() and not len(e):")
                self.plain_leaf(own.use, lines.indent())
        elif (self.report and holds_text and not isinstance(use, Leaf)) or (self.report and not holds_text):
            lines("x.text(e, p)")

    def _leaf_row(self, place: Place, lines: Lines, raw: str, at: str) -> None:
        use, where = place.use, self.module.where(place.spot)
        if isinstance(use, Leaf) and place.reads:
            lines(f"x.leaf(v, {self.leaf_arguments(use, raw, at)})")
        elif isinstance(use, Const):
            lines(f"x.fixed({raw}, {self.values(use)}, {at}, {self.module.where(use.spot)})")
        elif isinstance(use, Drop):
            lines(f"x.aside({raw}, {at}, {self.module.where(use.spot)}, {use.reason!r})")
        elif isinstance(use, Column):
            lines(f"x.aside({raw}, {at}, {self.module.where(use.spot)}, {BESIDE!r})")
        else:
            lines(f"x.aside({raw}, {at}, {where}, 'written only')")

    def plain_leaf(self, leaf: Leaf, lines: Lines) -> None:
        """Emit how the text in `s` becomes a value."""
        key = leaf.target.key
        read = codec(self.module, leaf)
        lines(f"if {key!r} not in v:")
        lines = lines.indent()
        if leaf.table is None:
            lines(f"v[{key!r}] = {read}(s)" if read != "text" else f"v[{key!r}] = s")
            return
        lines(f"s = {self.table(leaf)}.get(token(s))")
        if leaf.omit_unknown:
            lines("if s is not None:")
            lines.indent()(f"v[{key!r}] = s")
        else:
            lines("if s is None:")
            lines.indent()("raise Bad('a code that its table does not hold')")
            lines(f"v[{key!r}] = s")
