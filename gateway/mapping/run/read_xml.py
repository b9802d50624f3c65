"""The account of reading XML: attributes, texts and elements, and what stands around the message."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from gateway.core.message import Deviation, Read
from gateway.mapping.run.account import XSI, Account, Values
from gateway.mapping.run.values import Codec


class XmlReading(Account):
    """The account of reading XML."""

    def __init__(self, places: Sequence[str]) -> None:
        super().__init__(places)
        self.steps: dict[Any, dict[Any, str]] = {}

    def element(
        self,
        v: Values,
        key: str,
        codec: Codec,
        c: Any,
        at: str,
        path: str,
        w: int,
        table: Any = None,
        omit: bool = False,
    ) -> None:
        """Carry the text of an element that holds nothing else."""
        if c.attrib:
            self.attributes(c, at)
        if len(c):
            for child in c:
                self.stranger(child, at)
            self.text(c, at, w)
            return
        if (s := c.text) and not s.isspace():
            self.leaf(v, key, codec, s, at, path, w, table, omit)

    def attributes(self, c: Any, at: str, known: Collection[str] = ()) -> None:
        """Account for attributes that no rule names."""
        for name, s in c.items():
            if name not in known and s and not s.isspace():
                self.attribute(name, at)

    def attribute(self, name: str, at: str) -> None:
        """Account for one attribute that no rule names; those of XML Schema itself say nothing of a person."""
        place = _attribute(at, name)
        if name.startswith(XSI):
            self.rows.append(Read(place, "dropped", "", "", "an instruction to XML Schema processors"))
        else:
            self.rows.append(Read(place, "unmapped", "", "", "no rule names this attribute"))

    def text(self, c: Any, at: str, w: int | None = None) -> None:
        """Account for text that stands between elements."""
        where = "" if w is None else self.places[w]
        pieces = [c.text, *(child.tail for child in c)]
        for i, piece in enumerate(pieces):
            if piece and not piece.isspace():
                self.rows.append(
                    Read(f"{at}/text()[{i + 1}]", "unmapped", "", where, "text where elements are expected")
                )

    def stranger(self, c: Any, above: str, why: str = "no rule names this element") -> None:
        """Account for everything in an element that no rule names."""
        self._subtree(c, f"{above}/{self._step(c)}", "unmapped", "", why)

    def around(self, e: Any, message: Any, at: str, w: int) -> str:
        """Account for everything in an envelope but the message; gives where that stands."""
        name, where = _local(e), self.places[w]
        if name == _local(message):
            self.deviations.append(Deviation(at, f"a {name} around a {name}; the inner one is read"))
        way = {*message.iterancestors()}
        return self._around(e, message, at, way, (where, f"the envelope {name} stays behind"))

    def _around(self, e: Any, message: Any, at: str, way: Collection[Any], why: tuple[str, str]) -> str:
        found = ""
        for key, s in e.items():
            if s and not s.isspace():
                self.rows.append(Read(_attribute(at, key), "dropped", "", *why))
        for i, piece in enumerate([e.text, *(child.tail for child in e)]):
            if piece and not piece.isspace():
                self.rows.append(Read(f"{at}/text()[{i + 1}]", "dropped", "", *why))
        for child, step in _steps(e):
            place = f"{at}/{step}"
            if child is message:
                found = place
            elif child in way:
                found = self._around(child, message, place, way, why)
            else:
                self._subtree(child, place, "dropped", *why)
        return found

    def _step(self, c: Any) -> str:
        """Give an element's own step in a path, the numbers of its siblings reckoned once."""
        parent = c.getparent()
        if parent is None:
            return _local(c)
        if parent not in self.steps:
            self.steps[parent] = dict(_steps(parent))
        return self.steps[parent][c]

    def dropped(self, c: Any, at: str, w: int, why: str) -> None:
        """Account for everything in an element that a rule drops."""
        self._subtree(c, at, "dropped", self.places[w], why)

    def adopted(self, tag: str, at: str) -> None:
        """Note that an element was understood although its namespace is wrong."""
        self.deviations.append(
            Deviation(f"{at}/{tag.rpartition('}')[2]}", "in a namespace that the schema does not give it")
        )

    def disorder(self, tag: str, at: str) -> None:
        """Note that an element stands later than the schema says."""
        self.deviations.append(Deviation(f"{at}/{tag.rpartition('}')[2]}", "later than the schema's order has it"))

    def _subtree(self, c: Any, at: str, outcome: str, where: str, why: str) -> None:
        if not isinstance(c.tag, str):
            return
        for name, s in c.items():
            if s and not s.isspace():
                self.rows.append(Read(_attribute(at, name), outcome, "", where, why))
        if not len(c):
            if (s := c.text) and not s.isspace():
                self.rows.append(Read(at, outcome, "", where, why))
            return
        for i, piece in enumerate([c.text, *(child.tail for child in c)]):
            if piece and not piece.isspace():
                self.rows.append(Read(f"{at}/text()[{i + 1}]", outcome, "", where, why))
        for child, step in _steps(c):
            self._subtree(child, f"{at}/{step}", outcome, where, why)


def _attribute(at: str, name: str) -> str:
    """Give the path of an attribute; one in a namespace with it (XPath 3.1, 3.3.2.2), as two may share a name."""
    if name.startswith(XSI):
        return f"{at}/@xsi:{name.removeprefix(XSI)}"
    return f"{at}/@{'Q' if name.startswith('{') else ''}{name}"


def _local(c: Any) -> str:
    return str(c.tag).rpartition("}")[2]


def _steps(parent: Any) -> Iterator[tuple[Any, str]]:
    """Give each child with its local name, numbered among those that share it; in one pass, however many there are."""
    names = [_local(c) for c in parent]
    total, seen = Counter(names), Counter[str]()
    for c, name in zip(parent, names, strict=True):
        seen[name] += 1
        yield c, f"{name}[{seen[name]}]" if total[name] > 1 else name
