"""From the tree to what is judged of a message before it is read: which places tell, and what each of them tells."""

from collections.abc import Iterable, Sequence

from gateway.mapping.check.tree import Const, Leaf, Link, Place, Record, Tree
from gateway.mapping.check.walker import Walker
from gateway.mapping.compile.emit import Module
from gateway.mapping.language import ChooseRule, Filter, Path
from gateway.mapping.run.judged import At, Choice, Judged, Kind
from gateway.mapping.run.values import Look


class Judging:
    """Makes what one mapping judges by; `module` knows the positions that its errors name."""

    def __init__(self, tree: Tree, module: Module) -> None:
        self.tree = tree
        self.module = module
        found = {rule: Walker.find(tree.root, rule.at) for rule in tree.choose if len(rule.at) > 1}
        self.there = {id(place): rule for rule, place in found.items() if place is not None}
        self.words = {id(place.parent): word for word, place in tree.words.items() if place.parent is not None}

    def made(self) -> Judged | None:
        """Give it; nothing when the mapping judges nothing."""
        root = self._kind(self.tree.root)
        ways = tuple(
            (rule.word, tuple(tuple(_looks(path) for path in way) for way in rule.ways)) for rule in self.tree.entries
        )
        told = Judged(root, ways, tuple(self._own()), tuple(map(_looks, self.tree.as_of)))
        return told if root.below or root.modifiers else None

    def _own(self) -> Iterable[tuple[str, tuple[tuple[tuple[Look, ...], str], ...]]]:
        """Give the references in the entry of each word that have to lead to another word's."""
        for word, place in self.tree.words.items():
            entry = place.parent
            links = [p for p in place.below() if isinstance(p.use, Link) and p.use.word != word]
            if entry is not None and links:
                yield word, tuple((_down(entry, p), p.use.word) for p in links if isinstance(p.use, Link))

    def _kind(self, place: Place) -> Kind:
        use, carried = place.use, _carries(place)
        rule = self._rule(place) if carried else None
        word = self.words.get(id(place), "")
        each = place.repeats or (isinstance(use, Record) and use.each)
        return Kind(
            name=_called(place),
            where=self.module.where(place.spot),
            marks=_marks(place),
            one=carried and not each,
            choice=self._choice(rule) if rule else None,
            systems=_systems(place, rule) if rule else frozenset(),
            only=use.values if isinstance(use, Const) and use.only else None,
            modifiers=_modifiers(place, rule) if carried else (),
            link=use.word if isinstance(use, Link) else "",
            word=word,
            below=self._below(place) if carried or not word else (),
        )

    def _rule(self, place: Place) -> ChooseRule | None:
        """Give what chooses among what stands at a place: the rule for the place itself, or the one for its name."""
        if place.shape is None or place.shape.text is not None:
            return None
        named = (rule for rule in self.tree.choose if len(rule.at) == 1 and rule.at[0].name == place.name)
        return self.there.get(id(place)) or next(named, None)

    def _below(self, place: Place) -> tuple[At, ...]:
        groups: dict[str, list[Place]] = {}
        for child in place.children:
            groups.setdefault(child.name, []).append(child)
        found = []
        for name, places in groups.items():
            ordered = sorted(places, key=lambda one: -len(_marks(one)))
            kinds = tuple(map(self._kind, ordered))
            if any(_tells(kind) for kind in kinds):
                found.append(At(name, places[0].many, kinds, *_one_look(kinds)))
        return tuple(found)

    def _choice(self, rule: ChooseRule) -> Choice:
        return Choice(
            where=self.module.where(rule.spot),
            by=_steps(rule.by),
            first=rule.first,
            never=frozenset(rule.never),
            until=_steps(rule.until),
            known=_steps(rule.known),
        )


def _one_look(kinds: Sequence[Kind]) -> tuple[tuple[Look, ...], dict[str, int]]:
    """Give the one look that tells all kinds with marks apart, and the kind of each mark, or nothing."""
    marked = [(n, kind.marks) for n, kind in enumerate(kinds) if kind.marks]
    looks = {way for _, marks in marked for way, _ in marks}
    if len(looks) != 1 or any(len(marks) > 1 for _, marks in marked):
        return (), {}
    by_mark: dict[str, int] = {}
    for number, marks in marked:
        for value in marks[0][1]:
            by_mark.setdefault(value, number)
    return looks.pop(), by_mark


def _looks(path: Path) -> tuple[Look, ...]:
    return tuple((step.name, _looked(step.filter)) if step.filter else step.name for step in path)


def _steps(path: Path) -> tuple[str, ...]:
    return tuple(step.name for step in path)


def _down(above: Place, place: Place) -> tuple[str, ...]:
    """Give the names of the steps from a place to one below it."""
    steps: list[str] = []
    here: Place | None = place
    while here is not None and here is not above:
        steps.insert(0, here.name)
        here = here.parent
    return tuple(steps)


def _carries(place: Place) -> bool:
    return any(p.reads and isinstance(p.use, Record | Leaf) for p in place.below())


def _tells(kind: Kind) -> bool:
    """Whether anything is judged at a place or below it."""
    return bool(kind.choice or kind.only is not None or kind.modifiers or kind.link or kind.word or kind.below)


def _called(place: Place) -> str:
    """Give what people call what stands at a place: a resource by its type."""
    told = place.filter
    return told.values[0] if told is not None and told.path[-1].name == "resourceType" else place.name


def _marks(place: Place) -> tuple[tuple[tuple[Look, ...], tuple[str, ...]], ...]:
    return _looked(place.filter) if place.filter else ()


def _looked(told: Filter) -> tuple[tuple[tuple[Look, ...], tuple[str, ...]], ...]:
    return tuple((_steps(mark.path), mark.values) for mark in told.marks())


def _systems(place: Place, rule: ChooseRule) -> frozenset[str]:
    """Give the systems that the rules of an item know: those of its code table, or the one that it has to be of."""
    end = Walker.find(place, rule.known) if rule.known else None
    use = end.use if end is not None else None
    if isinstance(use, Leaf) and use.table is not None and not use.parts:
        return frozenset(use.table.to_canonical)
    return frozenset(use.values) if isinstance(use, Const) else frozenset()


def _modifiers(place: Place, rule: ChooseRule | None) -> tuple[str, ...]:
    """Give the properties that change what a place says, and that no rule of the file names."""
    if place.shape is None:
        return ()
    named = {child.name for child in place.children} | ({rule.by[0].name} if rule and rule.by else set())
    return tuple(name for name, child in place.shape.children.items() if child.modifier and name not in named)
