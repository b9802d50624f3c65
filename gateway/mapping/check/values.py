"""The rules that bind one value or a list of values: texts, codes, parts of a code, columns of its table."""

from collections.abc import Iterable
from collections.abc import Mapping as Dict
from dataclasses import replace

from gateway.core.errors import Fault
from gateway.mapping.check.options import CANONICAL, WIRE, derivation_faults, derived_faults
from gateway.mapping.check.tree import Column, Leaf, Place, Record, Switch, Target
from gateway.mapping.check.walker import Scope, Stop, Walker
from gateway.mapping.compile.codecs import fits
from gateway.mapping.language import (
    Derived,
    FieldRule,
    Mapping,
    Spot,
    Step,
)
from gateway.mapping.load.codes import Table
from gateway.mapping.nearest import nearest
from gateway.mapping.wire.schema import Schema, Shape
from gateway.model.walk import Field, fields_of


class Values(Walker):
    """Binds values to places; what it finds wrong is collected in `faults`."""

    def __init__(self, mapping: Mapping, schema: Schema, tables: Dict[str, Table], model: type) -> None:
        super().__init__(schema)
        self.mapping = mapping
        self.tables = tables
        self.model = model
        self.sound = True  # whether every code table that is used is
        self.bound: dict[str, Spot] = {}
        self.shapes_used: set[str] = set()
        self.words: dict[str, Place] = {}

    def _options(self, faults: Iterable[Fault]) -> None:
        """Note what is wrong with a rule's options, and give the rule up if anything is."""
        for fault in faults:
            self.note(fault)
            raise Stop

    def _write_only(self, rule: FieldRule, why: str, option: str = "") -> None:
        if self.mapping.direction != "write":
            mend = "only a file with `direction: write` may say so"
            if not option:
                mend = "bind the record with its own `at:`, so that both directions work"
            self.stop(rule.spot_of(option), why, mend)

    def _scalars(self, scope: Scope, rule: FieldRule, target: Target, place: Place) -> None:
        if not target.field.many:
            self.stop(rule.spot_of("at"), f"{rule.field} holds one value", "use `at:`")
        if not place.many:
            self.stop(rule.spot_of("at"), f"{place.trail()} does not repeat", "a list needs a place that repeats")
        self.use(place, Record(target, None, rule.spot, each=True, empty=rule.absent == "empty"), rule.spot)
        item = Target((), target.fields, target.path, target.data_class)
        inner = Scope(place, scope.record, target.path, target.data_class, reads=scope.reads, writes=scope.writes)
        value = self.place(inner, rule.value or (Step("."),), rule.spot)
        self._leaf(inner, rule, item, value, of_list=True)

    def _leaf(self, scope: Scope, rule: FieldRule, target: Target, place: Place, *, of_list: bool = False) -> None:
        kind = target.field.kinds[0]
        if target.field.many and not of_list and not rule.contains and target.index is None:
            self.stop(rule.spot_of("at"), f"{rule.field} holds many values", "use `each:`")
        if rule.parts:
            leaf = self._parts(scope, rule, target, place)
            self._columns(replace(scope, place=place), rule, leaf)
            return
        place, scalar_shape = self._scalar(place, rule)
        scalar = scalar_shape.text
        if scalar is None:
            raise Stop
        if rule.contains:
            self._write_only(rule, "`contains:` tells only whether a list holds a code", "contains")
            kind = bool
        table = self._table(rule, target.field) if not rule.contains else None
        if not table and not fits(kind, scalar):
            self.stop(
                rule.spot_of("at"),
                f"{rule.field} is {CANONICAL[kind]}, and {place.trail()} holds {WIRE[scalar]}",
            )
        if rule.joined and not place.many:
            self.stop(rule.spot_of("joined"), f"{place.trail()} does not repeat", "take `joined:` away")
        leaf = Leaf(
            target,
            kind,
            scalar,
            rule.spot,
            table=table,
            omit_unknown=rule.unknown == "omit",
            zone=rule.zone,
            absent=self._derived(scope, rule),
            contains=rule.contains,
            joined=rule.joined,
            prefix=rule.prefix,
            of=rule.of,
            forms=fields_of(scope.record)[rule.of].codes if rule.of else "",
            as_=rule.as_,
            of_list=of_list,
        )
        if rule.as_:
            self._write_only(rule, "`as:` writes another form than is read", "as")
            self._options(derivation_faults(rule.as_, rule.spot_of("as")))
        self.use(place, leaf, rule.spot)
        self._bind(target, rule.spot)
        self._columns(scope, rule, leaf)

    def _scalar(self, place: Place, rule: FieldRule) -> tuple[Place, Shape]:
        """Give the place that holds the text: the place itself, or its own text when it has attributes."""
        shape = place.shape
        if shape is None or shape.text is None:
            known = [*(shape.children if shape else ()), *(f"@{a}" for a in (shape.attributes if shape else ()))]
            self.stop(
                rule.spot_of("at"),
                f"{place.trail()} holds no text of its own",
                f"it has {', '.join(known)}" if known else "",
            )
        return (self.own_text(place) if shape.attributes else place), shape

    def _parts(self, scope: Scope, rule: FieldRule, target: Target, place: Place) -> Leaf:
        table = self._table(rule, target.field)
        if table is None:
            self.stop(rule.spot, "`parts:` needs a code table", "give `codes:`")
        leaf = Leaf(
            target,
            str,
            self._part_place(place, rule.parts[0], rule).shape.text,  # type: ignore[union-attr,arg-type]
            rule.spot,
            table=table,
            omit_unknown=rule.unknown == "omit",
            absent=self._derived(scope, rule),
            parts=rule.parts,
        )
        for name in rule.parts:
            part = self._part_place(place, name, rule)
            part.reads, part.writes = scope.reads, scope.writes
            self.use(part, leaf, rule.spot)
        self._bind(target, rule.spot)
        return leaf

    def _part_place(self, place: Place, name: str, rule: FieldRule) -> Place:
        return self.step(place, Step(name), rule.spot_of("parts"))

    def _derived(self, scope: Scope, rule: FieldRule) -> str | Derived | None:
        if isinstance(rule.absent, Derived):
            self._options(derived_faults(rule.absent, scope.record, rule.spot_of("absent")))
        return rule.absent

    def _table(self, rule: FieldRule, field: Field) -> Table | None:
        if not rule.codes:
            if field.codes:
                self.stop(rule.spot, f"{rule.field} holds a code of list {field.codes}", "name a code table: `codes:`")
            return None
        spot = rule.spot_of("codes")
        table = self.tables.get(rule.codes)
        if table is None:
            self.stop(spot, f"there is no code table {rule.codes}", nearest(rule.codes, self.tables))
        if not table.sound:
            self.sound = False
            raise Stop
        if table.list != field.codes:
            fitting = ", ".join(t.name for t in self.tables.values() if t.list == field.codes)
            self.stop(
                spot,
                f"table {rule.codes} is of list {table.list}, and {rule.field} of {field.codes or 'no list'}",
                f"there is {fitting}" if fitting else "take `codes:` away",
            )
        if self.mapping.writes and table.lacking:
            self.stop(
                spot,
                f"table {rule.codes} ({table.spot}) cannot write {', '.join(table.lacking)} of list {table.list}",
                "add a row for each",
            )
        return table

    def _columns(self, scope: Scope, rule: FieldRule, of: Leaf | Switch) -> None:
        for path, column in rule.columns.items():
            place = self.place(scope, path, rule.spot)
            if isinstance(of, Leaf) and of.table and column not in of.table.columns:
                self.stop(
                    rule.spot_of("columns"),
                    f"table {of.table.name} has no column {column}",
                    nearest(column, of.table.columns),
                )
            if isinstance(of, Switch) and column != "display":
                self.stop(rule.spot_of("columns"), f"a branch has no {column}", nearest(column, ["display"]))
            displays = {b.name: b.display for b in rule.one_of} if isinstance(of, Switch) else {}
            self.use(place, Column(column, of, rule.spot, displays), rule.spot)

    def _bind(self, target: Target, spot: Spot) -> None:
        first = self.bound.setdefault(target.path, spot)
        if first != spot and self.mapping.reads:
            self.stop(spot, f"{target.path} is bound by the rule at line {first.line} already", "take one of them away")
        if target.data_class not in (self.mapping.allow or (target.data_class,)):
            self.stop(
                spot, f"{target.path} is {target.data_class}, which this file may not write", "see `allow:` at its top"
            )
