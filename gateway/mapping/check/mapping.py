"""Checks that look at a whole mapping: every canonical field spoken for, everything demanded written, words declared.

`check` is the one door: it gives the tree, or every fault at once.
"""

from collections.abc import Iterator
from collections.abc import Mapping as Dict
from dataclasses import replace

from gateway.core.errors import Fault
from gateway.core.vocabulary import DataClass
from gateway.mapping.check.filterwords import filter_words
from gateway.mapping.check.grow import Grower
from gateway.mapping.check.tree import Const, Drop, Leaf, Link, Place, Record, Switch, Tree
from gateway.mapping.compile.emit import Module
from gateway.mapping.compile.write_xml import XmlWriter
from gateway.mapping.language import LANGUAGE_VERSION, Mapping
from gateway.mapping.load.codes import Table
from gateway.mapping.nearest import nearest
from gateway.mapping.wire.schema import Schema
from gateway.model.walk import leaves_of


def check(
    mapping: Mapping, schema: Schema, tables: Dict[str, Table], models: Dict[str, type]
) -> tuple[Tree | None, list[Fault]]:
    """Check a mapping against both sides; gives its tree only when there is no fault.

    A code table with faults of its own, which are told where it is loaded, gives no tree and no further fault.
    """
    faults = [*_header(mapping, schema)]
    model = models.get(mapping.model)
    if model is None:
        what = f"there is no model {mapping.model}"
        return None, [*faults, mapping.spot_of("model").fault(what, nearest(mapping.model, models))]
    sound = set(mapping.allow) <= set(DataClass)
    grower = Grower(mapping if sound else replace(mapping, allow=()), schema, tables, model)
    root = grower.grow()
    faults += grower.faults
    if root is None or not grower.sound:
        return None, faults
    bare = {name: place for name, path in mapping.bare.items() if (place := grower.find(root, path))}
    faults += [
        mapping.spot_of(f"bare.{name}").fault(f"no rule reaches the place of the bare {name}", "give the path to it")
        for name in mapping.bare.keys() - bare.keys()
        if not faults
    ]
    tree = Tree(
        root,
        model,
        grower.words,
        {field: reason.text for field, reason in mapping.lacks.items()},
        frozenset(grower.bound),
        bare,
        mapping.unwrap,
        tuple(mapping.entries.values()),
        mapping.choose,
        mapping.as_of,
    )
    if not faults:
        faults += _coverage(mapping, tree)
        faults += dict.fromkeys(filter_words(mapping, root))
        faults += _namespaces(mapping, tree, schema)
    if not faults:
        faults += _demanded(mapping, tree, schema)
    return (None if faults else tree), faults


def _header(mapping: Mapping, schema: Schema) -> Iterator[Fault]:
    """Demand that the words at the top of the file are known."""
    if mapping.language != LANGUAGE_VERSION:
        yield mapping.spot_of("language").fault(
            f"language {mapping.language} is not known", f"this is language {LANGUAGE_VERSION}"
        )
    for name in mapping.allow:
        if name not in set(DataClass):
            yield mapping.spot_of(f"allow.{name}").fault(
                f"there is no data class {name}", nearest(name, list(DataClass))
            )
    for told in mapping.wire.told_by if mapping.wire.format == "json" else ():
        kind = told.partition("=")[0].partition(".")[0]
        if schema.name != "fhir-r4" or schema.root(kind) is None:
            mend = nearest(kind, schema.roots)
            yield mapping.wire.spot_of("told_by").fault(f"there is no resource type {kind} in {schema.name}", mend)
    for key, names in (("bare", mapping.bare), ("unwrap", mapping.unwrap)):
        for name in names:
            if schema.root(name) is None:
                yield mapping.spot_of(f"{key}.{name}").fault(
                    f"{name} is no root of schema {schema.name}", nearest(name, schema.roots)
                )


def _coverage(mapping: Mapping, tree: Tree) -> list[Fault]:
    """Demand that every canonical field is mapped or listed under `lacks`; an allow-list lists what it lets out."""
    leaves = {leaf.path for leaf in leaves_of(tree.model)}
    faults = [
        reason.spot.fault(f"{tree.model.__name__} has no field {field}", nearest(field, leaves))
        for field, reason in mapping.lacks.items()
        if not any(_covers(field, leaf) for leaf in leaves)
    ]
    faults += [
        reason.spot.fault(f"{field} is mapped, and listed under `lacks:` too", "take one of them away")
        for field, reason in mapping.lacks.items()
        if any(_covers(field, leaf) for leaf in leaves)
        and all(leaf in tree.bound for leaf in leaves if _covers(field, leaf))
    ]
    if faults or mapping.allow:
        return faults
    open_ = sorted(leaf for leaf in leaves - tree.bound if not any(_covers(field, leaf) for field in mapping.lacks))
    faults += [
        mapping.spot_of("fields").fault(
            f"{leaf} is neither mapped nor listed under `lacks:`", "map it, or say why this format lacks it"
        )
        for leaf in open_
    ]
    return faults


def _covers(field: str, leaf: str) -> bool:
    return leaf == field or (leaf.startswith(field) and leaf[len(field)] in ".[(")


def _namespaces(mapping: Mapping, tree: Tree, schema: Schema) -> list[Fault]:
    """Demand a prefix for each namespace that is written; a prefix for none of the schema's is a misspelt one."""
    if not mapping.writes or schema.format != "xml":
        return []
    known = {_namespace(place) for place in tree.root.below() if place.kind == "element"}
    lacking = {_namespace(place): place for place in _written_elements(tree.root)}
    for uri in ("", *mapping.wire.prefixes.values()):
        lacking.pop(uri, None)
    faults = []
    for prefix, uri in mapping.wire.prefixes.items():
        if uri not in known:
            mend = nearest(uri, known)
            faults.append(mapping.wire.spot_of(f"prefixes.{prefix}").fault(f"nothing here is in namespace {uri}", mend))
            lacking = {missing: place for missing, place in lacking.items() if missing not in mend}
    return faults + [
        mapping.wire.spot_of("prefixes").fault(
            f"{place.name} is in namespace {uri}, which has no prefix", "give it one under `prefixes:`"
        )
        for uri, place in lacking.items()
    ]


def _namespace(place: Place) -> str:
    uri, brace, _ = place.child.tag.rpartition("}") if place.child else ("", "", "")
    return uri[1:] if brace else ""


def _written_elements(place: Place) -> Iterator[Place]:
    if place.kind != "element" or not place.writes or (isinstance(place.use, Drop) and place.use.write is None):
        return
    yield place
    for child in place.children:
        yield from _written_elements(child)


def _demanded(mapping: Mapping, tree: Tree, schema: Schema) -> list[Fault]:
    if not mapping.writes:
        return []
    if schema.format == "xml":
        writer = XmlWriter(tree, Module(), dict(mapping.wire.prefixes), report=False)
        writer.emit()
        return writer.faults
    return [fault for place in tree.root.below() for fault in _demanded_json(place)]


def _demanded_json(place: Place) -> list[Fault]:
    """Demand that what FHIR demands of a type is written whenever anything of it is."""
    if place.shape is None or not place.writes or not _written(place) or isinstance(place.use, Drop | Link):
        return []
    named = {child.name for child in place.children if child.writes}
    return [
        place.spot.fault(
            f"the schema demands {name} in {place.shape.name}, and nothing here writes it",
            "give it under `const:` or map it",
        )
        for name, child in place.shape.children.items()
        if child.required and name not in named
    ]


def _written(place: Place) -> bool:
    return any(
        isinstance(p.use, Leaf | Record | Switch | Const) and p.writes for c in place.children for p in c.below()
    )
