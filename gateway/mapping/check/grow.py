"""From a loaded mapping to the tree of places: every rule walked along the wire schema and the canonical model.

Each mistake is a fault at its position, in plain words; a rule that has failed makes no further faults.
"""

from dataclasses import replace

from gateway.mapping.check.options import derived_faults, faults_of
from gateway.mapping.check.told import Told
from gateway.mapping.check.tree import Const, Drop, Link, Place, Record, Switch, Target
from gateway.mapping.check.walker import Scope, Stop
from gateway.mapping.language import (
    Branch,
    ConstRule,
    Derived,
    DropRule,
    FieldRule,
    Path,
    Spot,
)
from gateway.mapping.nearest import nearest
from gateway.mapping.wire.schema import Child
from gateway.model.walk import Field, class_of, fields_of


class Grower(Told):
    """Grows the tree of one mapping; `faults` collects what is wrong with it."""

    def grow(self) -> Place | None:
        """Walk every rule; gives the root place, or nothing when the root itself is wrong."""
        wire = self.mapping.wire
        self.known_words = {self.mapping.spot_of(f"words.{w}"): path for w, path in self.mapping.words.items()}
        shape = self.schema.root(wire.root)
        if shape is None:
            self.faults.append(
                wire.spot_of("root").fault(
                    f"{wire.root} is no root of schema {self.schema.name}", nearest(wire.root, self.schema.roots)
                )
            )
            return None
        child = Child(wire.root, self.schema.tag(wire.root), lambda: shape, required=True)
        root = Place(wire.root, "element", wire.spot_of("root"), shape, child, None)
        scope = Scope(root, self.model, "", None)
        self._rules(scope, self.mapping.fields, self.mapping.drops, self.mapping.consts)
        for link in self.mapping.links:
            self._try(self._link, scope, link.at, link.word, link.spot)
        for word, path in self.mapping.words.items():
            place = self.find(root, path)
            if place:
                self.words[word] = place
        self._drop_each(root)
        if not self.faults:
            self._told(root)
            self._unused()
        return root

    def _unused(self) -> None:
        """Say which shapes of the file no rule uses: nothing in them would be checked."""
        for name, shape in self.mapping.shapes.items():
            if name not in self.shapes_used and shape.spot.file == self.mapping.spot.file:
                self.faults.append(shape.spot.fault(f"no rule uses the shape {name}", "use it, or take it away"))

    def _try(self, rule: object, *args: object) -> None:
        try:
            rule(*args)  # type: ignore[operator]
        except Stop:
            return

    def _rules(
        self,
        scope: Scope,
        fields: tuple[FieldRule, ...],
        drops: tuple[DropRule, ...],
        consts: tuple[ConstRule, ...] = (),
    ) -> None:
        for rule in fields:
            self._try(self._field, scope, rule)
        for const in consts:
            self._try(self._const, scope, const)
        for drop in drops:
            self._try(self._drop, scope, drop)

    # fields

    def _field(self, scope: Scope, rule: FieldRule) -> None:
        if rule.direction != "both":
            if not rule.reason:
                self.stop(rule.spot_of("direction"), f"{rule.field} goes one way only", "say why under `reason:`")
            scope = replace(scope, reads=rule.direction == "read", writes=rule.direction == "write")
        target = self._target(scope, rule)
        self._options(faults_of(rule, target, scope.record))
        if rule.by is not None:
            self._switch(scope, rule, target)
            return
        if rule.one_of:
            self._one_of(scope, rule, target)
            return
        paths = [(rule.at or (), True)] + [(path, False) for path in rule.also_read]
        for path, written in paths:
            where = scope if written else replace(scope, writes=False)
            spot = rule.spot_of("at" if written else "also_read")
            place = where.place if rule.parts else self.place(where, path, spot, each=rule.each)
            if target.field.is_record and target.index is None and not target.tail:
                self._record(where, rule, target, place)
            elif rule.each:
                self._scalars(where, rule, target, place)
            else:
                self._leaf(where, rule, target, place)

    def _target(self, scope: Scope, rule: FieldRule) -> Target:
        record, data_class = scope.record, scope.data_class
        names, fields = list(scope.prefix), list(scope.prefix_fields)
        path = scope.path
        index: int | None = None
        tail: list[str] = []
        for word in rule.field.split("."):
            name, bracket, number = word.partition("[")
            known = fields_of(record)
            if name not in known:
                self.stop(rule.spot, f"{record.__name__} has no field {name}", nearest(name, known))
            found = known[name]
            data_class = class_of(record, found, data_class)
            path = f"{path}.{name}" if path else name
            if tail or index is not None or (fields and self._optional(fields, scope)):
                self._write_only(rule, f"{rule.field} goes through a record that may be absent, or takes one of a list")
                tail.append(name)
                fields.append(found)
            else:
                names.append(name)
                fields.append(found)
            if bracket:
                self._write_only(rule, f"{word} takes one item of a list")
                index = int(number.rstrip("]"))
                path += "[]"
            elif found.many:
                path += "[]"
            if found.is_record and not found.is_one_of:
                record = found.kinds[0]
        if data_class is None:
            raise Stop
        return Target(tuple(names), tuple(fields), path, data_class, index, tuple(tail))

    def _optional(self, fields: list[Field], scope: Scope) -> bool:
        last = fields[-1]
        return len(fields) > len(scope.prefix_fields) and (last.optional or last.many)

    def _record(self, scope: Scope, rule: FieldRule, target: Target, place: Place) -> None:
        if rule.each != target.field.many:
            wanted = "each" if target.field.many else "at"
            self.stop(
                rule.spot_of("at"), f"{rule.field} holds {'many' if target.field.many else 'one'}", f"use `{wanted}:`"
            )
        if rule.each and not place.many:
            self._repeat_above(place, rule)
        made = target.field.kinds[0]
        self.use(place, Record(target, made, rule.spot, each=rule.each, empty=rule.absent == "empty"), rule.spot)
        inner = self._inner(scope, place, made, target)
        had, told = len(place.children), len(self.faults)
        self._contents(inner, rule)
        if len(self.faults) - told > max(1, len(place.children) - had) and place.shape:
            del self.faults[told:]
            self.stop(
                rule.spot_of("at"),
                f"{place.trail()} has hardly anything that {rule.field} is made of",
                f"it has {', '.join([*place.shape.children, *(f'@{a}' for a in place.shape.attributes)])}",
            )

    def _repeat_above(self, place: Place, rule: FieldRule) -> None:
        """Say that what repeats is a step above the record; then the file can only be read."""
        above = place.parent
        while above is not None and not above.many:
            above = above.parent
        if above is None or self.mapping.writes:
            self.stop(
                rule.spot_of("at"),
                f"{place.trail()} does not repeat",
                "use `at:`, or put `each:` on the step that repeats",
            )
        above.repeats = True

    def _contents(self, inner: Scope, rule: FieldRule) -> None:
        if rule.shape:
            self.shapes_used.add(rule.shape)
            shape = self.mapping.shapes.get(rule.shape)
            if shape is None:
                self.stop(
                    rule.spot_of("shape"), f"there is no shape {rule.shape}", nearest(rule.shape, self.mapping.shapes)
                )
            if shape.model != inner.record.__name__:
                self.stop(
                    rule.spot_of("shape"),
                    f"shape {rule.shape} is of {shape.model}, and {rule.field} holds {inner.record.__name__}",
                )
            self._rules(inner, shape.fields, shape.drops, shape.consts)
        elif not rule.fields:
            self.stop(rule.spot, f"{rule.field} is a record", "give `fields:` or `shape:`")
        self._rules(inner, rule.fields, rule.drops, rule.consts)

    def _inner(self, scope: Scope, place: Place, made: type, target: Target) -> Scope:
        return Scope(place, made, target.path, target.data_class, reads=scope.reads, writes=scope.writes)

    # one of several kinds

    def _one_of(self, scope: Scope, rule: FieldRule, target: Target) -> None:
        for branch in rule.one_of:
            self._try(self._branch, scope, target, branch)
        self._all_branches(rule, target)

    def _branch(self, scope: Scope, target: Target, branch: Branch) -> None:
        made = self._branch_class(target, branch)
        if branch.at is None:
            self.stop(branch.spot, f"{branch.name} is told by what stands there", "give `at:`")
        place = self.place(scope, branch.at, branch.spot)
        self.use(place, Record(target, made, branch.spot, branch=True), branch.spot)
        inner = Scope(
            place,
            made,
            f"{target.path}({branch.name})",
            target.data_class,
            reads=scope.reads,
            writes=scope.writes,
        )
        self._rules(inner, branch.fields, branch.drops, branch.consts)

    def _switch(self, scope: Scope, rule: FieldRule, target: Target) -> None:
        if rule.by is None:
            raise Stop
        place = self.place(scope, rule.by, rule.spot)
        branches: dict[str, tuple[str, type]] = {}
        switch = Switch(target, branches, rule.spot)
        self.use(place, switch, rule.spot)
        for branch in rule.one_of:
            made = self._branch_class(target, branch)
            if not branch.when:
                self.stop(branch.spot, f"{branch.name} is told by a code", "give `when:`")
            if branch.consts:
                const = branch.consts[0]
                self.stop(const.spot, "a kind that a code tells stands in the record around it", "give `const:` there")
            if branch.when in (code for code, _ in branches.values()):
                self.stop(branch.code_spot, f"{branch.when} tells another branch already", "a code tells one branch")
            branches[branch.name] = (branch.when, made)
            inner = replace(
                scope,
                record=made,
                path=f"{target.path}({branch.name})",
                data_class=target.data_class,
                prefix=target.names,
                prefix_fields=target.fields,
                guard=branch.name,
            )
            self._rules(inner, branch.fields, branch.drops)
        self._columns(scope, rule, switch)
        self._all_branches(rule, target)

    def _branch_class(self, target: Target, branch: Branch) -> type:
        known = {kind.__name__: kind for kind in target.field.kinds}
        if branch.name not in known:
            self.stop(branch.spot, f"{target.key} is never a {branch.name}", nearest(branch.name, known))
        return known[branch.name]

    def _all_branches(self, rule: FieldRule, target: Target) -> None:
        kinds, named = {kind.__name__ for kind in target.field.kinds}, {branch.name for branch in rule.one_of}
        missing = kinds - named
        if missing and named <= kinds:
            self.stop(rule.spot, f"{rule.field} may also be {', '.join(sorted(missing))}", "give every branch")

    # constants, drops, links

    def _const(self, scope: Scope, rule: ConstRule) -> None:
        if rule.only:
            scope = replace(scope, writes=False)
        place = self.place(scope, rule.at, rule.spot, each=True)
        self.enum(place, rule.values, rule.spot)
        only = rule.only or self._modifies(place)
        self.use(place, Const(rule.values, rule.spot, rule.always, only=only), rule.spot)

    @staticmethod
    def _modifies(place: Place) -> bool:
        """Whether the schema says of a place, or of one that it is part of, that it changes what the rest says."""
        here: Place | None = place
        while here is not None and not isinstance(here.use, Record):
            if here.child is not None and here.child.modifier:
                return True
            here = here.parent
        return False

    def _drop(self, scope: Scope, rule: DropRule) -> None:
        place = self.place(scope, rule.at, rule.spot, each=True, through=True)
        if isinstance(rule.write, Derived):
            self._options(derived_faults(rule.write, scope.record, rule.spot))
        self.use(place, Drop(rule.reason, rule.spot, rule.write), rule.spot)

    def _drop_each(self, root: Place) -> None:
        for name, drops in self.mapping.drop_each.items():
            found = [place for place in root.below() if place.name == name and place.kind == "element"]
            if not found:
                names = [place.name for place in root.below()]
                spot = self.mapping.spot_of(f"drop_each.{name}")
                self.note(spot.fault(f"nothing in this file is called {name}", nearest(name, names)))
            for place in found:
                for drop in drops:
                    if self.find(place, drop.at) is None and not self._all_dropped(place, drop.at):
                        self._try(self._drop, Scope(place, self.model, "", None), drop)

    def _all_dropped(self, place: Place, path: Path) -> bool:
        """Whether a rule drops something above the path as a whole."""
        above = (self.find(place, path[: i + 1]) for i in range(len(path)))
        return any(found is not None and isinstance(found.use, Drop) for found in above)

    def _link(self, scope: Scope, path: Path, word: str, spot: Spot) -> None:
        self.use(self.place(scope, path, spot), Link(word, spot), spot)
