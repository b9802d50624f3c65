"""Checks of what tells which entries and which items of a list are meant: every place and word has to be there."""

from collections.abc import Iterator

from gateway.mapping.check.tree import Place
from gateway.mapping.check.values import Values
from gateway.mapping.check.walker import Scope, Stop
from gateway.mapping.language import ChooseRule, Path, Spot
from gateway.mapping.nearest import nearest

REFERENCE = "Reference"


class Told(Values):
    """Walks `entries:`, `choose:` and `as_of:` along the schema, without making places that are read."""

    def _told(self, root: Place) -> None:
        for rule in self.mapping.entries.values():
            for path in (path for way in rule.ways for path in way):
                end = self._scratch(root, path, rule.spot)
                if end is not None and (end.shape is None or end.shape.name != REFERENCE):
                    self.note(rule.spot.fault(f"{end.trail()} is no reference", "give the path to one"))
        for path in self.mapping.as_of:
            self._scratch(root, path, self.mapping.spot_of("as_of"))
        for choice in self.mapping.choose:
            self._choice(root, choice)

    def _choice(self, root: Place, rule: ChooseRule) -> None:
        places = list(self._chosen(root, rule))
        if not places and rule.spot.file == self.mapping.spot.file:
            names = {place.name for place in root.below()}
            name = rule.at[-1].name
            self.note(rule.spot.fault(f"nothing that is read here is called {name}", nearest(name, names)))
        for place in places:
            for option in ("by", "until", "known"):
                path = getattr(rule, option)
                end = self._scratch(place, path, rule.spot_of(option)) if path else None
                if end is not None and option == "by":
                    self._values(end, rule)

    def _values(self, end: Place, rule: ChooseRule) -> None:
        for option in ("first", "never"):
            try:
                self.enum(end, getattr(rule, option), rule.spot_of(option))
            except Stop:
                continue

    def _chosen(self, root: Place, rule: ChooseRule) -> Iterator[Place]:
        """Give the places that a rule is for: one of each shape."""
        seen: set[str] = set()
        named = [place for place in root.below() if place.name == rule.at[-1].name] if len(rule.at) == 1 else []
        for place in named or filter(None, [self.find(root, rule.at)]):
            shape = place.shape
            if shape is not None and shape.text is None and shape.name not in seen:
                seen.add(shape.name)
                yield place

    def _scratch(self, place: Place, path: Path, spot: Spot) -> Place | None:
        """Walk a path from a copy of a place; gives where it ends, or nothing when it leads nowhere."""
        copy = Place(place.name, place.kind, place.spot, place.shape, place.child, None)
        try:
            return self.place(Scope(copy, self.model, "", None), path, spot)
        except Stop:
            return None
