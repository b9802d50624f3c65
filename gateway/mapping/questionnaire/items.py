"""The questions that a mapping's answers fill in: each linkId with its type, codes and place, read from the tree."""

from collections.abc import Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass

from gateway.mapping.check.tree import Column, Leaf, Place, Record, Switch, Tree

TYPES = {
    "valueBoolean": "boolean",
    "valueInteger": "integer",
    "valueDate": "date",
    "valueDateTime": "dateTime",
    "valueString": "string",
    "valueDecimal": "decimal",
    "valueTime": "time",
    "valueUri": "url",
    "valueQuantity": "quantity",
    "valueReference": "reference",
    "valueAttachment": "attachment",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One item as the mapping has it."""

    path: str
    place: Place
    type: str
    options: Dict[str, str]
    repeats: bool
    required: bool
    items: tuple["Item", ...]

    @property
    def link_id(self) -> str:
        """The last step of its path."""
        return self.path.rpartition("/")[2]

    def below(self) -> Iterator["Item"]:
        """Give this item and all below it."""
        yield self
        for item in self.items:
            yield from item.below()


def items_of(tree: Tree) -> tuple[Item, ...]:
    """Give the items that a mapping writes, in the file's order."""
    return tuple(_items(tree.root, ""))


def _items(place: Place, above: str) -> Iterator[Item]:
    for child in place.children:
        link_id = link_id_of(child)
        if link_id is None:
            yield from _items(child, above)
        elif says(child):
            yield _item(child, f"{above}/{link_id}" if above else link_id)


def link_id_of(place: Place) -> str | None:
    """Give the linkId that a place is filtered by."""
    told = place.filter
    return told.values[0] if told and told.path[-1].name == "linkId" else None


def says(place: Place) -> bool:
    """Whether something of the canonical model is written at or below a place."""
    return any(isinstance(p.use, Leaf | Switch) and p.writes for p in place.below())


def _item(place: Place, path: str) -> Item:
    answer = next((child for child in place.children if child.name == "answer" and child.filter is None), None)
    asked = [p for p in answer.children if p.name.startswith("value") and says(p)] if answer else []
    held = place.use if isinstance(place.use, Record) else None
    listed = [p.use for p in (place, answer) if p and isinstance(p.use, Record) and p.use.each]
    leaf = _leaf(asked[0]) if asked else None
    target = held.target if held and not held.each else leaf.target if leaf and not held else None
    return Item(
        path,
        place,
        _type(asked[0], leaf) if asked and leaf else "group",
        _options(asked[0], leaf) if asked and leaf else {},
        repeats=bool(listed),
        required=bool(target and target.field.required and not listed),
        items=tuple(_items(place, path)),
    )


def _leaf(place: Place) -> Leaf | Switch:
    """Give what an answer is for: the scalar itself, or the code of a coding before what stands beside it."""
    ranked = sorted(place.below(), key=lambda p: p.name != "code")
    return next(p.use for p in ranked if isinstance(p.use, Leaf | Switch))


def _type(place: Place, leaf: Leaf | Switch) -> str:
    if place.name == "valueCoding":
        return "choice" if _options(place, leaf) else "open-choice"
    free = isinstance(leaf, Leaf) and leaf.target.field.free_text
    return "text" if free and place.name == "valueString" else TYPES[place.name]


def _options(place: Place, leaf: Leaf | Switch) -> dict[str, str]:
    """Give the codes that may be answered, with what people read."""
    if isinstance(leaf, Switch):
        shown = next((p.use.displays for p in place.below() if isinstance(p.use, Column)), {})
        return {code: shown.get(name, "") for name, (code, _) in leaf.branches.items()}
    if leaf.table is None:
        return {}
    display = leaf.table.columns.get("display", {})
    return {wire: display.get(word, "") for word, wire in leaf.table.to_wire.items()}
