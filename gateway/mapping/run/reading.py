"""The account that a reporting program writes while it reads: a row for each leaf, counted where it is used.

A plain program stops at the first thing that is not acceptable; the reporting program, run after it, says everything
that is wrong and where. Both make equal records; a test holds them equal. Rows, issues and deviations hold paths and
reasons, never values.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from gateway.core.errors import Issue
from gateway.core.message import Deviation, Read
from gateway.mapping.run.values import Bad, Codec, Zoned, blank, joined, parts, token

Values = dict[str, Any]
FEW_CODES = 16
"""A list of at most so many codes is told to a sender who wrote another."""

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


class _Account:
    """The account of one reading: a row for each leaf, the issues, and the deviations from the schema."""

    def __init__(self, places: Sequence[str]) -> None:
        self.places = places
        self.rows: list[Read] = []
        self.issues: list[Issue] = []
        self.deviations: list[Deviation] = []
        self.presences = 0

    # leaves

    def leaf(
        self,
        v: Values,
        key: str,
        codec: Codec,
        raw: Any,
        at: str,
        path: str,
        w: int,
        table: Any = None,
        omit: bool = False,
    ) -> None:
        """Carry one leaf to `v[key]`, or say why it cannot be."""
        if key in v:
            self.rows.append(Read(at, "unmapped", "", self.places[w], "a second value for one field"))
            return
        try:
            value = codec(raw)
        except Bad as bad:
            self.refuse(at, str(bad), w, raw=raw)
            return
        if table is not None:
            value = table.get(token(value))
            if value is None and omit:
                self.rows.append(Read(at, "unmapped", "", self.places[w], "a code that its table does not hold"))
                return
            if value is None:
                self.refuse(at, "a code that its table does not hold", w, code="code-invalid", known=table)
                return
        if isinstance(codec, Zoned) and codec.local(raw):
            self.deviations.append(Deviation(at, "a time without a zone, read as local time"))
        v[key] = value
        self.rows.append(Read(at, "carried", path, self.places[w], ""))

    def refuse(
        self, at: str, why: str, w: int, *, code: str = "value", raw: Any = None, known: Collection[str] = ()
    ) -> None:
        """Say that a leaf makes the message unacceptable; `known` are the codes that would have been taken."""
        where = self.places[w]
        if isinstance(raw, dict | list):
            self._tree(raw, at, "refused", where, why)
        else:
            self.rows.append(Read(at, "refused", "", where, why))
        mend = f"write one of {', '.join(known)}" if 0 < len(known) <= FEW_CODES else f"see the rule at {where}"
        self.issues.append(Issue(code, at, why, mend))

    def lacking(self, at: str, field: str, w: int) -> None:
        """Say that a record lacks what it makes no sense without."""
        self.issues.append(Issue("required", at, f"{field} is missing here", f"give it; see {self.places[w]}"))

    def two(self, at: str, what: str, w: int) -> None:
        """Say that two things stand where the schema allows one, and that they contradict each other."""
        self.issues.append(Issue("structure", at, what, f"see the rule at {self.places[w]}"))

    def fixed(self, s: str | None, values: Collection[str], at: str, w: int) -> None:
        """Account for a leaf that should be a constant."""
        if s is None or not s or s.isspace():
            return
        if token(s) in values:
            self.rows.append(Read(at, "fixed", "", self.places[w], ""))
        else:
            self.rows.append(Read(at, "dropped", "", self.places[w], "not the constant that is expected here"))
            self.deviations.append(Deviation(at, "not the constant that is expected here"))

    def aside(self, s: object, at: str, w: int, why: str) -> None:
        """Account for one scalar that a rule drops, as the display beside a code."""
        if isinstance(s, dict | list):
            self._tree(s, at, "dropped", self.places[w], why)
        elif not blank(s):
            self.rows.append(Read(at, "dropped", "", self.places[w], why))

    def present(self, at: str, path: str, w: int, before: int) -> None:
        """Count a place that says something by standing there, when nothing below it was carried."""
        if all(row.at != at for row in self.rows[before:]):
            self.presences += 1
            self.rows.append(Read(at, "carried", path, self.places[w], ""))

    def _tree(self, s: Any, at: str, outcome: str, where: str, why: str) -> None:
        if isinstance(s, dict):
            for name, value in s.items():
                self._tree(value, f"{at}.{name}", outcome, where, why)
        elif isinstance(s, list):
            for i, value in enumerate(s):
                self._tree(value, f"{at}[{i}]", outcome, where, why)
        elif not blank(s):
            self.rows.append(Read(at, outcome, "", where, why))


class XmlReading(_Account):
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


class JsonReading(_Account):
    """The account of reading JSON."""

    def __init__(self, places: Sequence[str]) -> None:
        super().__init__(places)
        self.urls: dict[str, set[str]] = {}
        self.links: list[tuple[str, str, str, int]] = []

    def unknown(self, s: Any, at: str, why: str = "no rule names this property") -> None:
        """Account for everything in a JSON value that no rule names."""
        self._tree(s, at, "unmapped", "", why)

    def dropped_json(self, s: Any, at: str, w: int, why: str) -> None:
        """Account for everything in a JSON value that a rule drops."""
        self._tree(s, at, "dropped", self.places[w], why)

    def fixed_json(self, s: Any, values: Collection[str], at: str, w: int) -> None:
        """Account for a JSON value that should be a constant."""
        if isinstance(s, list) and len(s) == 1:
            s = s[0]
        if isinstance(s, dict | list):
            self._tree(s, at, "dropped", self.places[w], "not the constant that is expected here")
        elif not blank(s):
            written = "true" if s is True else "false" if s is False else str(s)
            self.fixed(written, values, at, w)

    def parts(self, v: Values, key: str, d: Any, names: Sequence[str], at: str, w: int, table: Any, omit: bool) -> str:
        """Carry a code that several properties tell; gives what became of them."""
        try:
            s = parts(d, names)
        except Bad:
            return "unmapped"
        if s is None:
            return "unmapped"
        if s not in table:
            if omit:
                return "unmapped" if s.partition("|")[2].strip("|") else "dropped"
            self.issues.append(
                Issue("code-invalid", at, "a code that its table does not hold", f"see the rule at {self.places[w]}")
            )
            return "refused"
        v[key] = table[s]
        return "carried"

    def part(self, s: Any, at: str, path: str, w: int, outcome: str) -> None:
        """Account for one of the properties that tell a code."""
        if isinstance(s, dict | list):
            self.misplaced(s, at, "a value", w)
        elif not blank(s):
            why = {"dropped": "the value says it", "unmapped": "a code that its table does not hold"}.get(outcome, "")
            self.rows.append(Read(at, outcome, path if outcome == "carried" else "", self.places[w], why))

    def switch(self, s: Any, kind: str | None, at: str, path: str, w: int, known: Collection[str]) -> None:
        """Account for the code that tells the kind of record around it."""
        if isinstance(s, dict | list):
            self.misplaced(s, at, "a code", w)
        elif blank(s):
            return
        elif kind is None:
            self.refuse(at, "a code that tells no kind", w, code="code-invalid", known=known)
        else:
            self.rows.append(Read(at, "carried", path, self.places[w], ""))

    def joined(self, v: Values, key: str, s: list[Any], at: str, path: str, w: int, separator: str) -> None:
        """Carry the strings of a list, joined."""
        second = key in v
        for i, item in enumerate(s):
            if isinstance(item, dict | list) or (not blank(item) and not isinstance(item, str)):
                self.misplaced(item, f"{at}[{i}]", "a string", w)
            elif not blank(item):
                outcome, why = ("unmapped", "a second value for one field") if second else ("carried", "")
                self.rows.append(Read(f"{at}[{i}]", outcome, "" if second else path, self.places[w], why))
        texts = [item for item in s if isinstance(item, str) and not blank(item)]
        if texts and not second:
            v[key] = joined(texts, separator)

    def misplaced(self, s: Any, at: str, what: str, w: int) -> None:
        """Say that a JSON value is not of the kind that stands here."""
        self._tree(s, at, "refused", self.places[w], f"{what} was expected here")
        self.issues.append(Issue("structure", at, f"{what} was expected here", f"see the rule at {self.places[w]}"))

    def link(self, s: Any, at: str, word: str, w: int) -> None:
        """Keep a reference for when all entries are known."""
        if isinstance(s, list) and len(s) == 1:
            s, at = s[0], f"{at}[0]"
        if not isinstance(s, dict):
            self._tree(s, at, "unmapped", self.places[w], "a reference was expected here")
            return
        for name, value in s.items():
            if name == "reference" and isinstance(value, str):
                if not blank(value):
                    self.links.append((value, f"{at}.reference", word, w))
            else:
                self._tree(value, f"{at}.{name}", "dropped", self.places[w], "the entry it points at says it")

    def entry(self, word: str, full_url: object, resource: Any) -> None:
        """Note by which names an entry can be pointed at."""
        names = self.urls.setdefault(word, set())
        if isinstance(full_url, str):
            names.add(full_url)
        if isinstance(resource, dict) and isinstance(resource.get("id"), str):
            names.add(f"{resource.get('resourceType')}/{resource['id']}")

    def settle(self) -> None:
        """Account for the references, now that every entry is known."""
        for value, at, word, w in self.links:
            names = self.urls.get(word, set())
            if value in names or any(value.endswith(f"/{name}") for name in names if not name.startswith("urn:")):
                self.rows.append(Read(at, "fixed", "", self.places[w], ""))
            else:
                self.rows.append(Read(at, "unmapped", "", self.places[w], f"points at another entry than the {word}"))


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
