"""Checks that look at a whole mapping: every canonical field spoken for, everything demanded written, words declared.

`check` is the one door: it gives the tree, or every fault at once.
"""

from collections.abc import Mapping as Dict

from gateway.core.errors import Fault
from gateway.core.vocabulary import DataClass
from gateway.mapping.codes import Table
from gateway.mapping.emit import Module
from gateway.mapping.emit_xml_write import XmlWriter
from gateway.mapping.grow import Grower
from gateway.mapping.language import LANGUAGE_VERSION, Mapping
from gateway.mapping.nearest import nearest
from gateway.mapping.tree import Const, Drop, Leaf, Link, Place, Record, Switch, Tree
from gateway.mapping.wire import Schema
from gateway.model.walk import leaves_of


def check(
    mapping: Mapping, schema: Schema, tables: Dict[str, Table], models: Dict[str, type]
) -> tuple[Tree | None, list[Fault]]:
    """Check a mapping against both sides; gives its tree only when there is no fault."""
    faults: list[Fault] = []
    if mapping.language != LANGUAGE_VERSION:
        faults.append(
            mapping.spot.fault(f"language {mapping.language} is not known", f"this is language {LANGUAGE_VERSION}")
        )
    model = models.get(mapping.model)
    if model is None:
        faults.append(mapping.spot.fault(f"there is no model {mapping.model}", nearest(mapping.model, models)))
        return None, faults
    faults += [
        mapping.spot.fault(f"there is no data class {name}", nearest(name, list(DataClass)))
        for name in mapping.allow
        if name not in set(DataClass)
    ]
    grower = Grower(mapping, schema, tables, model)
    root = grower.grow()
    faults += grower.faults
    if root is None:
        return None, faults
    bare = {name: place for name, path in mapping.bare.items() if (place := grower.find(root, path))}
    tree = Tree(
        root,
        model,
        grower.words,
        {field: reason.text for field, reason in mapping.lacks.items()},
        frozenset(grower.bound),
        bare,
        mapping.unwrap,
    )
    if not faults:
        faults += _coverage(mapping, tree)
        faults += _filter_words(mapping, root)
        faults += _demanded(mapping, tree, schema)
    return (None if faults else tree), faults


def _coverage(mapping: Mapping, tree: Tree) -> list[Fault]:
    """Demand that every canonical field is mapped or listed under `lacks`; an allow-list lists what it lets out."""
    leaves = {leaf.path for leaf in leaves_of(tree.model)}
    faults = [
        reason.spot.fault(f"{tree.model.__name__} has no field {field}", nearest(field, leaves))
        for field, reason in mapping.lacks.items()
        if not any(_covers(field, leaf) for leaf in leaves)
    ]
    if mapping.allow:
        return faults
    open_ = sorted(leaf for leaf in leaves - tree.bound if not any(_covers(field, leaf) for field in mapping.lacks))
    faults += [
        mapping.spot.fault(
            f"{leaf} is neither mapped nor listed under `lacks:`", "map it, or say why this format lacks it"
        )
        for leaf in open_
    ]
    return faults


def _covers(field: str, leaf: str) -> bool:
    return leaf == field or (leaf.startswith(field) and leaf[len(field)] in ".[(")


def _filter_words(mapping: Mapping, root: Place) -> list[Fault]:
    """Demand that a word that filters on a system or URL is declared under `names`, or is a URI itself."""
    faults = []
    declared = set(mapping.names.values())
    for place in root.below():
        told = place.filter
        if told is None or told.path[-1].name not in ("system", "url"):
            continue
        if told.values not in declared and ":" not in told.values[0]:
            faults.append(
                place.spot.fault(f"{told.values[0]} is no name of this file", nearest(told.values[0], mapping.names))
            )
    return faults


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
            f"FHIR demands {name} in {place.shape.name}, and nothing here writes it", "give it under `const:` or map it"
        )
        for name, child in place.shape.children.items()
        if child.required and name not in named
    ]


def _written(place: Place) -> bool:
    return any(
        isinstance(p.use, Leaf | Record | Switch | Const) and p.writes for c in place.children for p in c.below()
    )
