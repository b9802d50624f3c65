"""The account of reading JSON: properties, parts of one, links between entries."""

from collections.abc import Collection, Sequence
from typing import Any

from gateway.core.errors import Issue
from gateway.core.message import Read
from gateway.mapping.run.account import Account, Values
from gateway.mapping.run.values import Bad, blank, joined, parts


class JsonReading(Account):
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

    def judge(self, s: Any, at: str, w: int, why: str, mend: str, code: str) -> None:
        """Refuse what a message says of itself, before it is read."""
        self._tree(s, at, "refused", self.places[w], why)
        self.issues.append(Issue(code, at, why, mend))

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
