"""Words that filter: a misspelt one matches nothing and says nothing, so each has to be declared somewhere."""

from collections.abc import Iterator

from gateway.core.errors import Fault
from gateway.mapping.check.tree import Leaf, Place
from gateway.mapping.check.walker import Walker
from gateway.mapping.language import Filter, Mapping
from gateway.mapping.nearest import nearest

SYSTEMS = ("system", "url")


def filter_words(mapping: Mapping, root: Place) -> Iterator[Fault]:
    """Give the filter words of a mapping that nothing declares.

    A word for a system or a URL stands under `names`, or is the URI itself. Where a code table writes the filtered
    place elsewhere in the file, or some of its words stand under `names`, the others have to as well. Resource types
    and required bindings are held to FHIR where they are walked, linkIds to the Questionnaire.
    """
    filtered = [(place, mark) for place in root.below() if place.filter for mark in place.filter.marks()]
    for place, told in filtered:
        name = next((name for name, values in mapping.names.items() if values == told.values), "")
        if _is_system(told) and name and any(":" not in value for value in told.values):
            what = f"{name} is for a system or a URL, and not each of its values is a URI"
            yield mapping.spot_of(f"names.{name}").fault(what, "write the whole URI")
        if name or (_is_system(told) and ":" in told.values[0]):
            continue
        codes = _codes(root, place, told)
        named = {v.values[0] for p, v in filtered if _same(p, v, place, told)} & _declared(mapping)
        if (_is_system(told) or codes or named) and told.values[0] not in codes:
            known = codes | named | set(mapping.names)
            yield place.spot.fault(
                f"{told.values[0]} filters {place.name}, and nothing declares it",
                nearest(told.values[0], known) or "declare it under `names:`",
            )


def _is_system(told: Filter) -> bool:
    return told.path[-1].name in SYSTEMS


def _declared(mapping: Mapping) -> set[str]:
    return {value for values in mapping.names.values() for value in values}


def _same(a: Place, of_a: Filter, b: Place, of_b: Filter) -> bool:
    return a.name == b.name and a.child == b.child and of_a.path == of_b.path


def _codes(root: Place, place: Place, told: Filter) -> set[str]:
    """Give what the code tables of the file read at the filtered place of elements of the same name."""
    found: set[str] = set()
    for other in root.below():
        if other.name == place.name and other.filter is None:
            end = Walker.find(other, told.path)
            if end is not None and isinstance(end.use, Leaf) and end.use.table is not None:
                found |= end.use.table.to_canonical.keys()
    return found
