"""What references point at among the entries of a message (FHIR R4, bundle.html#references, references.html)."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gateway.mapping.run.values import Look, peek

if TYPE_CHECKING:
    from gateway.mapping.run.judged import Judged

_BASE = re.compile(r"([a-z][a-z0-9+.-]*:\S*)/[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")
_HISTORY = re.compile(r"/_history/[A-Za-z0-9\-.]{1,64}\Z")


class Pointer:
    """The entries of one message: those that each word may mean (`candidates`), and the one that it does mean.

    Where a word may mean several and nothing tells which, it means none of them. Numbers are those of the entries.
    """

    def __init__(self, judged: "Judged", message: dict[str, Any]) -> None:
        self.message = message
        step = next((step for step in judged.root.below if any(kind.word for kind in step.kinds)), None)
        held = message.get(step.name) if step else None
        self.entries: list[Any] = held if isinstance(held, list) else []
        self.urls: dict[str, int] = {}
        self.names: dict[str, int] = {}
        self._index()
        self.ways = dict(judged.ways)
        self.own = dict(judged.own)
        self._meant: dict[str, int | None] = {}
        self.candidates: dict[str, list[int]] = {}
        self.sorted = step.sorted(self.entries) if step else []
        for kind, own in zip(step.kinds if step else (), self.sorted, strict=True):
            if kind.word and own:
                self.candidates[kind.word] = own

    def meant(self, word: str) -> int | None:
        """Give the entry that a word means."""
        if word not in self._meant:
            several = self.candidates.get(word, [])
            self._meant[word] = several[0] if len(several) == 1 else None
            if len(several) > 1:
                self._meant[word] = self._told(word, several)
        return self._meant[word]

    def _index(self) -> None:
        for number, entry in enumerate(self.entries):
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if not isinstance(resource, dict):
                continue
            url = entry.get("fullUrl")
            if isinstance(url, str):
                self.urls.setdefault(url, number)
            if isinstance(resource.get("id"), str):
                self.names.setdefault(f"{resource.get('resourceType')}/{resource['id']}", number)

    def leads(self, s: Any, word: str) -> str | None:
        """Give the reference by which `s` leads to the entry of a word, empty when it leads to another one.

        Gives nothing when that cannot be told from the message: the codec has said so of a reference that leads out.
        """
        held = s[0] if isinstance(s, list) and len(s) == 1 else s
        reference = held.get("reference") if isinstance(held, dict) else None
        meant = self.meant(word)
        if isinstance(reference, str) and reference.startswith("#"):
            return ""
        found = self.follow(held)
        if found is None:
            return "" if self._another_number(held, meant) else None
        through = {end for way in self.ways.get(word, ()) for end in self._ends(found, way[1:])}
        return (reference or None) if meant is not None and meant in {found, *through} else ""

    def follow(self, s: Any) -> int | None:
        """Give the number of the entry that a Reference points at, by its URL or by an identifier of the entry."""
        if not isinstance(s, dict):
            return None
        reference = s.get("reference")
        if isinstance(reference, str) and reference.strip():
            url = _HISTORY.sub("", reference.strip())
            if url in self.urls:
                return self.urls[url]
            return self._named(url)
        system, value = _number(s.get("identifier"))
        if not value:
            return None
        found = [n for n, entry in enumerate(self.entries) if (system, value) in _numbers(entry)]
        return found[0] if len(found) == 1 else None

    def _named(self, url: str) -> int | None:
        """Give the entry whose type and id a URL ends with: of the same server, as far as the entry tells its own."""
        name = "/".join(url.split("/")[-2:])
        number = self.names.get(name)
        if number is None or url == name:
            return number
        full = self.entries[number].get("fullUrl")
        return number if not isinstance(full, str) or not _BASE.match(full) else None

    def _another_number(self, s: Any, meant: int | None) -> bool:
        """Whether a reference names somebody by a number of a series in which the entry that is meant has another."""
        system, value = _number(s.get("identifier")) if isinstance(s, dict) else ("", "")
        own = [v for of, v in _numbers(self.entries[meant]) if of == system] if meant is not None and value else []
        return bool(own) and value not in own

    def _told(self, word: str, several: Sequence[int]) -> int | None:
        """Give the one of several entries that the first telling way leads to, or whose own references lead rightly."""
        for way in self.ways.get(word, ()):
            found = {end for end in self._starts(way) if end in several}
            if found:
                return found.pop() if len(found) == 1 else None
        own = self.own.get(word, ())
        fitting = [
            n for n in several if any(self.leads(s, of) for path, of in own for s in peek_all(self.entries[n], path))
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _starts(self, way: Sequence[tuple[Look, ...]]) -> Iterator[int]:
        first, *hops = way
        for s in self._at(first):
            number = self.follow(s)
            if number is not None:
                yield from self._ends(number, hops)

    def _ends(self, number: int, hops: Sequence[tuple[Look, ...]]) -> Iterator[int]:
        if not hops:
            yield number
            return
        for s in peek_all({**self.message, "entry": [self.entries[number]]}, hops[0]):
            found = self.follow(s)
            if found is not None:
                yield from self._ends(found, hops[1:])

    def _at(self, path: tuple[Look, ...]) -> Iterator[Any]:
        """Give what stands at a path, without the entries of which another one is known to be meant."""
        known = [(several, self.meant(word)) for word, several in self.candidates.items()]
        others = {n for several, meant in known if meant is not None for n in several if n != meant}
        entries = [None if n in others else entry for n, entry in enumerate(self.entries)]
        yield from peek_all({**self.message, "entry": entries}, path)


def peek_all(d: Any, path: Sequence[Look]) -> Iterator[Any]:
    """Look down a JSON path into every item that it may mean."""
    if not path:
        if isinstance(d, list):
            yield from d
        elif d is not None:
            yield d
        return
    step, rest = path[0], path[1:]
    name, marks = (step, ()) if isinstance(step, str) else step
    held = d.get(name) if isinstance(d, dict) else None
    for item in held if isinstance(held, list) else (held,):
        if item is not None and all(peek(item, way) in values for way, values in marks):
            yield from peek_all(item, rest)


def _number(identifier: Any) -> tuple[str, str]:
    if not isinstance(identifier, dict):
        return "", ""
    system, value = identifier.get("system"), identifier.get("value")
    return (system, value) if isinstance(system, str) and isinstance(value, str) else ("", "")


def _numbers(entry: Any) -> list[tuple[str, str]]:
    resource = entry.get("resource") if isinstance(entry, dict) else None
    held = resource.get("identifier") if isinstance(resource, dict) else None
    return [_number(one) for one in (held if isinstance(held, list) else [held])]
