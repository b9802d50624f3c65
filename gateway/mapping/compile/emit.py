"""Writing Python source: lines, constants, functions that are shared when their bodies are equal."""

import dataclasses
import re
from dataclasses import dataclass, field

from gateway.mapping.check.tree import Leaf, Place, Record, Switch
from gateway.mapping.compile.codecs import READERS
from gateway.mapping.language import Spot
from gateway.model.codes import FORMS
from gateway.model.walk import Field, fields_of

_NOT_WORD = re.compile(r"\W")


@dataclass
class Lines:
    """Indented lines of one function body."""

    out: list[str] = field(default_factory=list)
    depth: int = 1

    def __call__(self, line: str) -> None:
        """Add a line."""
        self.out.append("    " * self.depth + line)

    def indent(self) -> "Lines":
        """Give the same lines one level deeper."""
        return Lines(self.out, self.depth + 1)


class Module:
    """One generated program: constants, functions, and the table of positions that errors index into.

    Functions are named after wire names. Two with the same body become one, so that a shape used in several places
    is one function, without the emitter having to know about shapes.
    """

    def __init__(self) -> None:
        self.constants: dict[str, str] = {}
        self.functions: dict[str, str] = {}
        self.by_body: dict[str, str] = {}
        self.places: list[str] = []
        self.values: dict[str, object] = {}

    def where(self, spot: Spot) -> int:
        """Give the index of a position."""
        text = str(spot)
        if text not in self.places:
            self.places.append(text)
        return self.places.index(text)

    def constant(self, kind: str, name: str, value: str) -> str:
        """Give the name of a constant with this value, making it when it is new."""
        base = f"{kind}_{_NOT_WORD.sub('_', name)}"
        candidate, number = base, 1
        while self.constants.get(candidate, value) != value:
            number += 1
            candidate = f"{base}_{number}"
        self.constants[candidate] = value
        return candidate

    def value(self, name: str, value: object) -> str:
        """Hand an object into the generated module under a name."""
        base = _NOT_WORD.sub("_", name)
        candidate, number = base, 1
        while self.values.get(candidate, value) is not value:
            number += 1
            candidate = f"{base}_{number}"
        self.values[candidate] = value
        return candidate

    def function(self, name: str, parameters: str, doc: str, lines: Lines) -> str:
        """Add a function, or give the one that does the same."""
        body = "\n".join(lines.out) or "    pass"
        signature = f"{parameters}\n{body}"
        if signature in self.by_body:
            return self.by_body[signature]
        base = _NOT_WORD.sub("_", name)
        candidate, number = base, 1
        while candidate in self.functions:
            number += 1
            candidate = f"{base}_{number}"
        self.by_body[signature] = candidate
        self.functions[candidate] = f'def {candidate}({parameters}):\n    """{doc}"""\n{body}\n'
        return candidate

    def source(self, title: str) -> str:
        """Give the whole program as text."""
        constants = "\n".join(f"{name} = {value}" for name, value in self.constants.items())
        functions = "\n\n".join(self.functions.values())
        return f'"""{title}"""\n\n{constants}\n\n\n{functions}'


def codec(module: Module, leaf: Leaf) -> str:
    """Give the name of the codec that reads a leaf."""
    name = READERS[leaf.target.field.kinds[0], leaf.scalar]
    if leaf.prefix:
        return module.constant("PREFIXED", name, f"Prefixed({name}, {leaf.prefix!r})")
    if not leaf.zone:
        return name
    made = f"{name}_in_{leaf.zone.replace('/', '_')}"
    return module.constant("ZONED", made, f"Zoned({name}, ZoneInfo({leaf.zone!r}))")


def collected(place: Place, separator: str) -> dict[str, str]:
    """Give the keys that the scope of a place collects, each with the path that it stands at below the place."""
    found: dict[str, str] = {}
    for below in place.scope():
        use = below.use
        if isinstance(use, Leaf | Record | Switch) and below.reads and use.target.key:
            found.setdefault(use.target.key, _below(below, place, separator))
    return found


def formed(place: Place) -> dict[str, tuple[str, str]]:
    """Give the codes that the scope of a place collects with their code system: the key of that, and its list."""
    uses = (below.use for below in place.scope() if below.reads)
    return {use.target.key: (use.of, use.forms) for use in uses if isinstance(use, Leaf) and use.of}


def _below(place: Place, top: Place, separator: str) -> str:
    steps: list[str] = []
    here: Place | None = place
    while here is not None and here is not top:
        mark = str(here.filter or "")
        steps.insert(0, ("@" if here.kind == "attribute" else "") + here.name + mark)
        here = here.parent
    return separator.join(steps)


def make(
    module: Module,
    made: type,
    keys: dict[str, str],
    prefix: str,
    *,
    report: bool,
    of: dict[str, tuple[str, str]] | None = None,
) -> str:
    """Emit the function that makes a record from the values collected under `prefix`; gives its name.

    `of` has the codes whose form is looked at: each with the key of its code system, and the list that this is from.
    """
    lines = Lines()
    known = fields_of(made)
    for key, (system, name) in (of or {}).items():
        forms = module.value(f"FORMS_{name}", FORMS[name])
        if report:
            lines(f"x.formed(v, {key!r}, {system!r}, {forms}, p, {keys[key]!r}, w)")
        else:
            lines(f"if wrong := malformed(v, {key!r}, {system!r}, {forms}):")
            lines.indent()("raise Bad(wrong)")
    for field_ in known.values():
        key = prefix + field_.name
        if field_.required:
            where = keys.get(key, field_.name)
            lines(f"if {key!r} not in v:")
            if report:
                lines.indent()(f"x.lacking(p, {where!r}, w)")
                lines.indent()("return None")
            else:
                lines.indent()(f"raise Bad({f'{where} is missing'!r})")
    made_name = module.value(made.__name__, made)
    arguments = []
    for field_ in known.values():
        key = prefix + field_.name
        if key in keys:
            arguments.append(f"{field_.name}={_got(module, made, field_, key)}")
        elif any(k.startswith(key + ".") for k in keys) and not field_.is_one_of:
            inner = make(module, field_.kinds[0], keys, key + ".", report=report)
            arguments.append(f"{field_.name}={inner}({'v, x, p, w' if report else 'v'})")
    lines(f"return {made_name}({', '.join(arguments)})")
    parameters = "v, x, p, w" if report else "v"
    return module.function(f"make_{made.__name__}", parameters, f"Make a {made.__name__}.", lines)


def _got(module: Module, made: type, field: Field, key: str) -> str:
    if field.many:
        return f"tuple(v.get({key!r}, ()))"
    if field.required:
        return f"v[{key!r}]"
    if field.optional:
        return f"v.get({key!r})"
    default = next(f.default for f in dataclasses.fields(made) if f.name == field.name)
    return f"v.get({key!r}, {module.value(f'EMPTY_{field.name}', default)})"
