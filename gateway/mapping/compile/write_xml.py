"""Emits the program that writes XML as text, in the order and with the groups of the schema."""

from gateway.core.errors import Fault
from gateway.core.vocabulary import DataClass
from gateway.mapping.check.tree import Column, Const, Drop, Leaf, Place, Record, Tree, outside
from gateway.mapping.compile.emit import Lines, Module
from gateway.mapping.compile.write import Writer
from gateway.mapping.language import Derived
from gateway.mapping.run.values import xml_attribute, xml_text
from gateway.mapping.wire.schema import Particle


class XmlWriter(Writer):
    """Emits a writing program; `faults` says what the schema demands and no rule writes."""

    def __init__(
        self,
        tree: Tree,
        module: Module,
        prefixes: dict[str, str],
        classes: frozenset[DataClass] | None = None,
        *,
        report: bool,
    ) -> None:
        super().__init__(tree, module, classes, report=report)
        self.prefixes = {uri: prefix for prefix, uri in prefixes.items()}
        self.faults: list[Fault] = []

    def emit(self) -> None:
        """Emit everything, `write` last: from the canonical record to the parts of the text."""
        root, lines = self.tree.root, Lines()
        declared = "".join(f' xmlns:{p}="{uri}"' if p else f' xmlns="{uri}"' for uri, p in self.prefixes.items())
        writer = self._function(root, declared)
        lines("out = []")
        word = "if"
        for name, place in self.tree.bare.items():
            condition = self.populated(*outside(root, place))
            lines(f"{word} not ({condition}):")
            bare = self._function(place, declared)
            lines.indent()(f"{bare}(o, out, '/{name}', '', x)" if self.report else f"{bare}(o, out)")
            word = "elif"
        arguments = f"o, out, '/{root.name}', '', x" if self.report else "o, out"
        if word == "elif":
            lines("else:")
            lines.indent()(f"{writer}({arguments})")
        else:
            lines(f"{writer}({arguments})")
        lines("return '<?xml version=\"1.0\" encoding=\"UTF-8\"?>\\n' + ''.join(out)")
        self.module.function("write", "o, x" if self.report else "o", "Write the record.", lines)

    def _tag(self, place: Place) -> str:
        tag = place.child.tag if place.child else place.name
        if not tag.startswith("{"):
            return place.name
        uri = tag[1:].partition("}")[0]
        if uri not in self.prefixes:
            self._fault(place, f"namespace {uri} of {place.name} has no prefix", "give it one under wire: prefixes")
            return place.name
        prefix = self.prefixes[uri]
        return f"{prefix}:{place.name}" if prefix else place.name

    def _fault(self, place: Place, what: str, mend: str = "") -> None:
        fault = place.spot.fault(what, mend)
        if fault not in self.faults:
            self.faults.append(fault)

    def _function(self, place: Place, declared: str = "") -> str:
        lines, tag = Lines(), self._tag(place)
        attributes = [c for c in place.children if c.kind == "attribute" and self.allowed(c)]
        self._attributes_demanded(place, attributes)
        text = next((c for c in place.children if c.kind == "text" and self.allowed(c)), None)
        shape = place.shape
        has_content = bool(shape and shape.particle and any(c.kind == "element" for c in place.children)) or text
        if attributes:
            lines(f"out.append('<{tag}{declared}')")
            for attribute in attributes:
                self._attribute(attribute, lines)
            lines("out.append('>')" if has_content else "out.append('/>')")
        else:
            lines(f"out.append('<{tag}{declared}>')" if has_content else f"out.append('<{tag}{declared}/>')")
        if text and isinstance(text.use, Leaf):
            self._own_text(text, text.use, lines)
        if shape and shape.particle:
            self._content(place, shape.particle, lines)
            self._wild(place, lines)
        if has_content:
            lines(f"out.append('</{tag}>')")
        parameters = "o, out, p, q, x" if self.report else "o, out"
        return self.module.function(f"write_{place.name}", parameters, f"Write {place.name}.", lines)

    # attributes and own text

    def _attributes_demanded(self, place: Place, attributes: list[Place]) -> None:
        named = {a.name for a in attributes}
        for name, child in (place.shape.attributes if place.shape else {}).items():
            if child.required and name not in named:
                self._fault(place, f"the schema demands @{name} in {place.name}, and nothing here writes it")

    def _attribute(self, place: Place, lines: Lines) -> None:
        use, name = place.use, place.name
        before = f' {name}="'
        if isinstance(use, Const):
            lines(_literal(before + xml_attribute(use.values[0]) + '"'))
        elif isinstance(use, Drop) and isinstance(use.write, str):
            lines(_literal(before + xml_attribute(use.write) + '"'))
        elif isinstance(use, Drop) and isinstance(use.write, Derived):
            lines(f"s = xml_attribute({self.derived(use.write)})")
            lines(f"out.append(f'{before}{{s}}\"')")
        elif isinstance(use, Column):
            lines(f"if s := {self.column(use)}:")
            lines.indent()(f"out.append(f'{before}{{xml_attribute(s)}}\"')")
        elif isinstance(use, Leaf):
            demanded = bool(place.child and place.child.required)
            self._value_line(place, use, lines, f' {name}="', '"', f"{{p}}/@{name}", required=demanded)

    def _own_text(self, place: Place, leaf: Leaf, lines: Lines) -> None:
        self._value_line(place, leaf, lines, "", "", "{p}", required=True)

    def _value_line(
        self, place: Place, leaf: Leaf, lines: Lines, before: str, after: str, to: str, *, required: bool
    ) -> None:
        lines(f"s = {self.value(leaf.target)}")
        where = self.module.where(leaf.spot)
        test = "if s:" if leaf.contains else "if s is not None:"
        lines(test)
        inner = lines.indent()
        written = self.written(place, leaf)
        if self.report:
            written = f"x.put(lambda s: {written}, s, {self.path(leaf.target)}, f'{to}', {where})"
        inner(f"s = {written}")
        inner(f"out.append(f'{before}{{s}}{after}')")
        if isinstance(leaf.absent, str):
            lines("else:")
            lines.indent()(_literal(before + xml_text(leaf.absent) + after))
        elif required:
            lines("else:")
            self.lacking(leaf.target, f"f'{to}'", where, lines.indent())

    # children, in the order of the schema

    def _content(self, place: Place, particle: Particle, lines: Lines) -> None:
        """Write what an element holds, which the schema may let be nothing at all."""
        if particle.kind == "sequence" and not particle.required:
            self._optional_group(place, particle, lines)
        else:
            self._particle(place, particle, lines)

    def _particle(self, place: Place, particle: Particle, lines: Lines) -> None:
        if particle.kind == "element":
            self._element(place, particle, lines)
        elif particle.kind == "choice":
            self._choice(place, particle, lines)
        else:
            for part in particle.parts:
                if part.kind != "element" and not part.required and part.kind != "choice":
                    self._optional_group(place, part, lines)
                else:
                    self._particle(place, part, lines)

    def _wild(self, place: Place, lines: Lines) -> None:
        """Write what a wildcard of the schema lets in."""
        shape = place.shape
        if shape is None or shape.any_child is None:
            return
        for child in place.children:
            if child.kind == "element" and child.name not in shape.children and self.allowed(child):
                self._child(child, lines, required=shape.any_required)

    def _within(self, place: Place, particle: Particle) -> list[Place]:
        if particle.kind == "element":
            return [c for c in place.children if c.name == particle.child and c.kind == "element" and self.allowed(c)]
        return [found for part in particle.parts for found in self._within(place, part)]

    def _optional_group(self, place: Place, group: Particle, lines: Lines) -> None:
        inside = self._within(place, group)
        condition = self.populated(*inside) if inside else "False"
        if condition != "False":
            lines(f"if {condition}:")
            self._particle(place, group, lines.indent())

    def _choice(self, place: Place, choice: Particle, lines: Lines) -> None:
        mapped = [part for part in choice.parts if self._within(place, part)]
        if not mapped:
            if choice.required:
                self._fault(
                    place,
                    f"the schema demands one of {', '.join(_names(choice))} in {place.name}, and no rule writes it",
                )
            return
        if len(mapped) == 1 and choice.required:
            self._particle(place, mapped[0], lines)
            return
        targets = {self._one_of(found) for part in mapped for found in self._within(place, part)}
        if len(mapped) > 1 and (len(targets) > 1 or None in targets):
            self._fault(
                place, f"the schema allows only one of {', '.join(_names(choice))} in {place.name}", "use `one_of:`"
            )
        word = "if"
        for part in mapped:
            lines(f"{word} {self.populated(*self._within(place, part))}:")
            self._particle(place, part, lines.indent())
            word = "elif"
        if choice.required:
            found = self._within(place, mapped[0])[0]
            if isinstance(found.use, Record | Leaf):
                lines("else:")
                self.lacking(found.use.target, "p", self.module.where(found.spot), lines.indent())

    def _one_of(self, place: Place) -> str | None:
        return place.use.target.path if isinstance(place.use, Record) and place.use.branch else None

    def _element(self, place: Place, particle: Particle, lines: Lines) -> None:
        found = self._within(place, particle)
        if not found:
            optional_wild = place.shape and place.shape.any_child
            if particle.required and not optional_wild:
                self._fault(place, f"the schema demands {particle.child} in {place.name}, and nothing here writes it")
            return
        several = len(found) > 1 and all(child.filter for child in found)
        for child in found:
            self._child(child, lines, required=particle.required and not several)
        if several and particle.required:
            self._one_at_least(found, lines)

    def _one_at_least(self, found: list[Place], lines: Lines) -> None:
        leaf = next((p.use for p in found[0].below() if isinstance(p.use, Leaf)), None)
        condition = self.populated(*found)
        if leaf is not None and condition not in ("True", "False"):
            lines(f"if not ({condition}):")
            self.lacking(leaf.target, "p", self.module.where(leaf.spot), lines.indent())

    def _child(self, place: Place, lines: Lines, *, required: bool) -> None:
        use, tag = place.use, self._tag(place)
        if isinstance(use, Const) and not place.children:
            lines(_literal(f"<{tag}>{xml_text(use.values[0])}</{tag}>"))
        elif isinstance(use, Column):
            lines(f"if s := {self.column(use)}:")
            lines.indent()(f"out.append(f'<{tag}>{{xml_text(s)}}</{tag}>')")
        elif isinstance(use, Drop):
            self._drop(place, use, lines)
        elif isinstance(use, Leaf) and not place.children:
            self._value_line(place, use, lines, f"<{tag}>", f"</{tag}>", f"{{p}}/{place.name}", required=required)
        elif isinstance(use, Record):
            self._record(place, use, lines, required=required)
        else:
            condition = self.populated(place)
            if condition == "False" and not required:
                return
            if not required and condition != "True":
                lines(f"if {condition}:")
                lines = lines.indent()
            arguments = f"o, out, f'{{p}}/{place.name}', q, x" if self.report else "o, out"
            lines(f"{self._function(place)}({arguments})")

    def _drop(self, place: Place, use: Drop, lines: Lines) -> None:
        tag = self._tag(place)
        if isinstance(use.write, str):
            lines(_literal(f"<{tag}>{xml_text(use.write)}</{tag}>"))
        elif isinstance(use.write, Derived):
            lines(f"s = xml_text({self.derived(use.write)})")
            lines(f"out.append(f'<{tag}>{{s}}</{tag}>')")

    def _record(self, place: Place, use: Record, lines: Lines, *, required: bool) -> None:
        where = self.module.where(use.spot)
        writer = self._function(place)
        value = self.value(use.target)
        if use.each:
            index = "[{i + 1}]"
            if self.report:
                lines(f"for i, r in enumerate({value}):")
                path = f"{self.path(use.target)[:-1]}[{{i}}]"
                inner = f"{path}'" if use.made is None else f"{path}.'"
                if use.made is not None:
                    lines.indent()(f"x.wrote({path}', f'{{p}}/{place.name}{index}', {where}, 'record')")
                lines.indent()(f"{writer}(r, out, f'{{p}}/{place.name}{index}', {inner}, x)")
            else:
                lines(f"for r in {value}:")
                lines.indent()(f"{writer}(r, out)")
            if required and use.empty:
                lines(f"if not {value}:")
                lines.indent()(_literal(f"<{self._tag(place)}/>"))
            elif required:
                lines(f"if not {value}:")
                self.lacking(use.target, f"f'{{p}}/{place.name}'" if self.report else "", where, lines.indent())
            return
        if not use.branch and use.target.field.optional:
            lines(f"if {value} is not None:")
        elif use.branch:
            lines(f"if {self._record_there(use)}:")
        else:
            lines("if True:" if required else f"if {self._record_there(use)}:")
        inner_lines = lines.indent()
        if self.report:
            path = self.path(use.target)
            inner_lines(f"x.wrote({path}, f'{{p}}/{place.name}', {where}, 'record')")
            inner_lines(f"{writer}({value}, out, f'{{p}}/{place.name}', {path[:-1]}.', x)")
        else:
            inner_lines(f"{writer}({value}, out)")
        if required and use.empty:
            lines("else:")
            lines.indent()(_literal(f"<{self._tag(place)}/>"))
        elif required and not use.branch and use.target.field.optional:
            lines("else:")
            self.lacking(use.target, f"f'{{p}}/{place.name}'" if self.report else "", where, lines.indent())


def _literal(text: str) -> str:
    return f"out.append({text!r})"


def _names(particle: Particle) -> list[str]:
    if particle.kind == "element":
        return [particle.child]
    return [name for part in particle.parts for name in _names(part)]
