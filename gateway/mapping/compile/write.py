"""What both writers share: how canonical fields are spoken of in generated code, and which a route may carry."""

from gateway.core.vocabulary import DataClass
from gateway.mapping.check.tree import Column, Const, Drop, Leaf, Place, Record, Switch, Target, Tree
from gateway.mapping.compile.codecs import IN_ATTRIBUTES, WRITERS
from gateway.mapping.compile.derive import DERIVATIONS
from gateway.mapping.compile.emit import Lines, Module
from gateway.mapping.language import Derived


class Writer:
    """Emits a writing program, cut to `classes`: a field of another class is not in the program at all."""

    def __init__(self, tree: Tree, module: Module, classes: frozenset[DataClass] | None, *, report: bool) -> None:
        self.tree = tree
        self.module = module
        self.classes = classes
        self.report = report

    # what may be written

    def allowed(self, place: Place) -> bool:
        """Whether a place has anything that this program may write."""
        if not place.writes:
            return False
        use = place.use
        if isinstance(use, Leaf | Switch):
            return self._released(use.target)
        if isinstance(use, Column):
            return self._released(use.of.target)
        if isinstance(use, Record):
            return self._released(use.target) or any(map(self._carries, place.children))
        return not (isinstance(use, Drop) and use.write is None)

    def _carries(self, place: Place) -> bool:
        """Whether a field may be written at or below a place; a constant alone would only tell that it was there."""
        if isinstance(place.use, Leaf | Switch | Record):
            return self.allowed(place)
        return any(map(self._carries, place.children))

    def _released(self, target: Target) -> bool:
        return self.classes is None or target.data_class in self.classes

    # how fields are spoken of

    def value(self, target: Target) -> str:
        """Give the expression for a field, seen from the scope's record `o`."""
        base = ".".join(("o", *target.names))
        if target.index is not None:
            inner = ".".join((f"{base}[{target.index}]", *target.tail))
            return f"({inner} if len({base}) > {target.index} else None)"
        if target.tail:
            return f"(None if {base} is None else {'.'.join((base, *target.tail))})"
        return base

    def there(self, place: Place) -> str:
        """Give the condition that a place has something of its own to write; empty when it never has."""
        use = place.use
        if not self.allowed(place):
            return ""
        if isinstance(use, Leaf):
            condition = self._leaf_there(use)
        elif isinstance(use, Record):
            condition = self._record_there(use)
        elif isinstance(use, Switch):
            condition = f"{self.value(use.target)} is not None"
        elif isinstance(use, Const) and use.always:
            return "True"
        else:
            return ""
        return f"({self.guard(place)} and {condition})" if place.guard else condition

    def _leaf_there(self, leaf: Leaf) -> str:
        value = self.value(leaf.target)
        many = leaf.target.field.many and leaf.target.index is None and not leaf.of_list
        return value if many else f"{value} is not None"

    def _record_there(self, record: Record) -> str:
        value = self.value(record.target)
        if record.branch and record.made:
            return f"type({value}) is {self.module.value(record.made.__name__, record.made)}"
        if record.each:
            return value
        return f"{value} is not None" if record.target.field.optional else f"{value} != {self.empty(record.target)}"

    def empty(self, target: Target) -> str:
        """Give the name of what a record that is always there is when it says nothing."""
        made = target.fields[-1].kinds[0]
        return self.module.value(f"EMPTY_{made.__name__}", made()) if not target.field.required else "None"

    def guard(self, place: Place) -> str:
        """Give the condition that the record is of the kind that a place belongs to."""
        switch = next(p.use for p in self._scope_of(place) if isinstance(p.use, Switch))
        made = switch.branches[place.guard][1]
        return f"type({self.value(switch.target)}) is {self.module.value(made.__name__, made)}"

    def _scope_of(self, place: Place) -> list[Place]:
        here = place.parent
        while here is not None and here.parent is not None and not isinstance(here.use, Record):
            here = here.parent
        return list(here.scope()) if here else []

    def populated(self, *places: Place) -> str:
        """Give the condition that something below any of these places is there to write."""
        conditions: list[str] = []
        for place in places:
            own = self.there(place)
            if own:
                conditions.append(own)
            if not isinstance(place.use, Record):
                conditions += [c for child in place.children if (c := self.populated(child)) not in ("False", "")]
        if "True" in conditions:
            return "True"
        return " or ".join(dict.fromkeys(conditions)) or "False"

    # how values are written

    def written(self, place: Place, leaf: Leaf, name: str = "s") -> str:
        """Give the expression that writes the value in the variable `name`."""
        writer = self.writer(place, leaf)
        value = name
        if leaf.contains:
            value = f"({leaf.contains!r} in {name})"
        if leaf.as_:
            value = f"{self.module.value(f'DERIVE_{leaf.as_}', DERIVATIONS[leaf.as_])}({name})"
        if leaf.table is not None and not leaf.contains:
            value = f"{self._to_wire(leaf)}[{name}]"
        if leaf.prefix:
            value = f"{leaf.prefix!r} + {value}"
        if writer == "same":
            return value
        return f"{writer}({value})"

    def writer(self, place: Place, leaf: Leaf) -> str:
        """Give the name of the function of `gateway.mapping.run.values` that writes a leaf's wire type."""
        writer = WRITERS[leaf.scalar]
        return IN_ATTRIBUTES.get(writer, writer) if place.kind == "attribute" else writer

    def _to_wire(self, leaf: Leaf) -> str:
        if leaf.table is None:
            raise AssertionError("no table")
        return self.module.value(f"WIRE_{leaf.table.name}", leaf.table.to_wire)

    def derived(self, derived: Derived) -> str:
        """Give the expression of a value that another field of the record implies."""
        return f"{self.module.value(f'DERIVE_{derived.by}', DERIVATIONS[derived.by])}(o.{derived.source})"

    def column(self, column: Column) -> str:
        """Give the expression of what the code table says beside a code."""
        if isinstance(column.of, Switch):
            shown = {made: column.displays[name] for name, (_, made) in column.of.branches.items()}
            table = self.module.value(f"SHOWN_{column.of.target.key}", shown)
            return f"{table}.get(type({self.value(column.of.target)}))"
        if column.of.table is None:
            raise AssertionError("a column without a table")
        table = self.module.value(
            f"COLUMN_{column.of.table.name}_{column.column}", column.of.table.columns[column.column]
        )
        return f"{table}.get({self.value(column.of.target)})"

    def path(self, target: Target) -> str:
        """Give the expression of the canonical instance path of a field."""
        key = ".".join(target.names)
        if target.index is not None:
            key += f"[{target.index}]"
        key = ".".join((key, *target.tail)) if target.tail else key
        return f"f'{{q}}{key}'" if key else "q"

    def lacking(self, target: Target, at: str, spot_index: int, lines: Lines) -> None:
        """Emit what happens when the format demands a field that is not there."""
        if self.report:
            lines(f"x.needed({self.path(target)}, {at}, {spot_index})")
        else:
            lines(f"raise Bad('the format demands {target.path}')")
