"""What both readers share: how values, records and constants are spoken of in generated code."""

from typing import ClassVar

from gateway.mapping.check.tree import Const, Drop, Leaf, Place, Record, Tree
from gateway.mapping.compile.emit import Lines, Module, codec, collected, formed, make

SCALAR = "w['']"
BESIDE = "the display or system beside a code; the code decides"


class Reader:
    """Emits a reading program; with `report`, one that accounts for every leaf."""

    separator: ClassVar[str]

    def __init__(self, tree: Tree, module: Module, *, report: bool) -> None:
        self.tree = tree
        self.module = module
        self.report = report

    def each(self, place: Place) -> bool:
        """Whether everything that stands at a place is read, however often it stands there."""
        return place.repeats or (isinstance(place.use, Record) and place.use.each) or isinstance(place.use, Drop)

    def table(self, leaf: Leaf) -> str:
        """Give the name of a leaf's code table."""
        if leaf.table is None:
            raise AssertionError("no table")
        return self.module.value(f"CODES_{leaf.table.name}", leaf.table.to_canonical)

    def values(self, const: Const) -> str:
        """Give the name of what a constant may be."""
        return self.module.constant("V", const.values[0], repr(const.values))

    def maker(self, place: Place, use: Record) -> str:
        """Give the name of the function that makes the record of a place."""
        if use.made is None:
            raise TypeError("a list of scalars makes no record")
        keys = collected(place, self.separator)
        return make(self.module, use.made, keys, "", report=self.report, of=formed(place))

    def leaf_arguments(self, leaf: Leaf, raw: str, at: str) -> str:
        """Give the arguments with which a leaf is accounted for."""
        read = codec(self.module, leaf)
        path = f"f'{{q}}{leaf.target.key}'" if leaf.target.key else "q"
        table = f", {self.table(leaf)}" if leaf.table else ""
        omit = ", True" if leaf.omit_unknown else ""
        return f"{leaf.target.key!r}, {read}, {raw}, {at}, {path}, {self.module.where(leaf.spot)}{table}{omit}"

    def keep_item(self, key: str, lines: Lines, item: str = "") -> None:
        """Emit how what was read into `w` joins a list: a scalar as it is, a record as `item` makes it."""
        lines("if w:" if item else "if '' in w:")
        lines.indent()(f"v.setdefault({key!r}, []).append({item or SCALAR})")
