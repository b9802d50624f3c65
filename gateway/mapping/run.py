"""What generated programs call: codecs, and the two contexts that the reporting programs write their account in.

A plain program stops at the first thing that is not acceptable (`Bad`); the reporting program, run after it, says
everything that is wrong and where. Both make equal records; a test holds them equal.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Mapping as Dict
from datetime import date, datetime, tzinfo
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from gateway.core.errors import Issue
from gateway.core.message import Deviation, Read, Written

Values = dict[str, Any]
Codec = Callable[[Any], Any]

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


class Bad(Exception):
    """The message is not acceptable; the sentence says why, without the value."""


# reading: XML

_ZONE = re.compile(r"(Z|[+-]\d\d:\d\d)?")
_INT = re.compile(r"[+-]?[0-9]{1,10}")
_XML_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
INT_BITS = 31


def text(s: str) -> str:
    """Take a text as it stands (xs:string)."""
    return s


def token(s: str) -> str:
    """Collapse white space (xs:token, xs:anyURI: XML Schema part 2, 4.3.6)."""
    return " ".join(s.split())


def boolean(s: str) -> bool:
    """Read xs:boolean."""
    try:
        return _BOOLEANS[s.strip()]
    except KeyError:
        raise Bad("neither true nor false") from None


def integer(s: str) -> int:
    """Read xs:int."""
    s = s.strip()
    if not _INT.fullmatch(s):
        raise Bad("not a whole number")
    return _int32(int(s))


def _int32(number: int) -> int:
    if not -(1 << INT_BITS) <= number < 1 << INT_BITS:
        raise Bad("a whole number beyond 32 bits")
    return number


def xml_date(s: str) -> date:
    """Read xs:date; a zone is read over, since a day has none."""
    s = s.strip()
    if not _ZONE.fullmatch(s[10:]):
        raise Bad("not a date of the form YYYY-MM-DD")
    return _day(s[:10])


def _day(s: str) -> date:
    if len(s) == len("YYYY-MM-DD") and s[4] == s[7] == "-":
        try:
            return date.fromisoformat(s)
        except ValueError:
            raise Bad("a day that the calendar does not have") from None
    raise Bad("not a date of the form YYYY-MM-DD")


def xml_datetime(s: str) -> datetime:
    """Read xs:dateTime; one without a zone stays without."""
    s = s.strip()
    if not _XML_DATETIME.fullmatch(s):
        raise Bad("not a time of the form YYYY-MM-DDThh:mm:ss, with or without a zone")
    return _instant(s)


def _instant(s: str) -> datetime:
    try:
        return datetime.fromisoformat(s)
    except ValueError:
        raise Bad("a time that the calendar does not have") from None


class Zoned:
    """Reads a time; one without a zone is local time in `zone`, and the report says so."""

    def __init__(self, codec: Codec, zone: tzinfo) -> None:
        self.codec = codec
        self.zone = zone

    def __call__(self, s: Any) -> datetime:
        """Read it."""
        moment: datetime = self.codec(s)
        return moment if moment.tzinfo else moment.replace(tzinfo=self.zone)

    def local(self, s: Any) -> bool:
        """Whether it says no zone."""
        return self.codec(s).tzinfo is None


# reading: JSON


def json_text(s: object) -> str:
    """Read a JSON string."""
    if isinstance(s, str):
        return s
    raise Bad("not a string")


def json_boolean(s: object) -> bool:
    """Read a JSON boolean."""
    if s is True or s is False:
        return s
    raise Bad("neither true nor false")


def json_integer(s: object) -> int:
    """Read a JSON number without a fraction."""
    if type(s) is int:
        return _int32(s)
    raise Bad("not a whole number")


def json_date(s: object) -> date:
    """Read a FHIR date that names a day."""
    return _day(json_text(s))


def json_datetime(s: object) -> datetime:
    """Read a FHIR dateTime or instant, zone and all."""
    s = json_text(s)
    if not _XML_DATETIME.fullmatch(s) or s[-1].isdigit() and s[-6] not in "+-":
        raise Bad("not a time of the form YYYY-MM-DDThh:mm:ss+zz:zz")
    return _instant(s)


# writing

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKUP = re.compile("[&<>\r]")
_QUOTED = re.compile('[&<>"\t\n\r]')
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}


def _escape(match: re.Match[str]) -> str:
    return _ESCAPES[match[0]]


def xml_text(s: str) -> str:
    """Write element text; raises `Bad` for a character that XML 1.0 cannot hold (section 2.2)."""
    if _ILLEGAL.search(s):
        raise Bad("a control character that XML cannot hold")
    return _MARKUP.sub(_escape, s) if _MARKUP.search(s) else s


def xml_attribute(s: str) -> str:
    """Write attribute text, so that a reader gets the same characters back."""
    if _ILLEGAL.search(s):
        raise Bad("a control character that XML cannot hold")
    return _QUOTED.sub(_escape, s) if _QUOTED.search(s) else s


def xml_boolean(b: bool) -> str:
    """Write xs:boolean."""
    return "true" if b else "false"


def json_string(s: str) -> str:
    """Write a FHIR string; raises `Bad` for characters that FHIR strings do not allow (R4 2.24.0.1)."""
    if _ILLEGAL.search(s):
        raise Bad("a control character that FHIR cannot hold")
    return s


def xml_token(s: str) -> str:
    """Write element text of a type that collapses white space."""
    return xml_text(token(s))


def xml_token_attribute(s: str) -> str:
    """Write an attribute of a type that collapses white space."""
    return xml_attribute(token(s))


def iso(moment: date | datetime) -> str:
    """Write a day or a time (ISO 8601)."""
    return moment.isoformat()


def same(value: Any) -> Any:
    """Write a JSON boolean or number: as it is."""
    return value


def full_url(message: object, word: str) -> str:
    """Give the full URL of an entry: the same for the same message and word (RFC 4122, 4.3)."""
    return f"urn:uuid:{uuid5(NAMESPACE_OID, f'{message}#{word}')}"


# finding


def adopt(tag: object, by_local: Dict[str, str]) -> object:
    """Give the expected tag for a child with the right local name in a wrong namespace, else the tag itself."""
    return by_local.get(str(tag).rpartition("}")[2], tag)


def found(e: Any, tags: Sequence[str], attribute: str, values: Collection[str]) -> bool:
    """Whether a filter holds: a descendant at `tags` whose attribute (or text) is one of `values`."""
    for tag in tags:
        inner = e.find(tag)
        if inner is None:
            name = tag.rpartition("}")[2]
            inner = next((c for c in e if str(c.tag).rpartition("}")[2] == name), None)
        if inner is None:
            return False
        e = inner
    s = e.get(attribute) if attribute else e.text
    return s is not None and token(s) in values


def peek(d: object, path: Iterable[str | tuple[str, str, str]]) -> object:
    """Look down a JSON path; a list is entered at its first item, or at the item whose key has a value."""
    for step in path:
        if isinstance(step, tuple):
            name, key, value = step
            items = d.get(name) if isinstance(d, dict) else None
            matching = (
                (i for i in items if isinstance(i, dict) and i.get(key) == value) if isinstance(items, list) else ()
            )
            d = next(iter(matching), None)
        else:
            d = d.get(step) if isinstance(d, dict) else None
        if isinstance(d, list):
            d = d[0] if d else None
    return d


def blank(s: object) -> bool:
    """Whether a JSON scalar says nothing."""
    return s is None or (isinstance(s, str) and (not s or s.isspace()))


def parts(d: dict[str, Any], names: Sequence[str]) -> str | None:
    """Give the parts of a code that several properties tell, joined; nothing when none is there."""
    values = [d.get(name) for name in names]
    if any(isinstance(v, dict | list) for v in values):
        raise Bad("a value was expected")
    if all(blank(v) for v in values):
        return None
    return "|".join("" if v is None else str(v) for v in values)


def joined(s: list[Any], separator: str) -> str:
    """Join the populated strings of a list."""
    return separator.join(token(json_text(item)) for item in s if not blank(item))


class Reading:
    """The account of one reading: a row for each leaf, the issues, and the deviations from the schema."""

    def __init__(self, places: Sequence[str]) -> None:
        self.places = places
        self.rows: list[Read] = []
        self.issues: list[Issue] = []
        self.deviations: list[Deviation] = []
        self.presences = 0
        self.urls: dict[str, set[str]] = {}
        self.links: list[tuple[str, str, str, int]] = []

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
                self.refuse(at, "a code that its table does not hold", w, code="code-invalid")
                return
        if isinstance(codec, Zoned) and codec.local(raw):
            self.deviations.append(Deviation(at, "a time without a zone, read as local time"))
        v[key] = value
        self.rows.append(Read(at, "carried", path, self.places[w], ""))

    def refuse(self, at: str, why: str, w: int, *, code: str = "value", raw: Any = None) -> None:
        """Say that a leaf makes the message unacceptable."""
        where = self.places[w]
        if isinstance(raw, dict | list):
            self._tree(raw, at, "refused", where, why)
        else:
            self.rows.append(Read(at, "refused", "", where, why))
        self.issues.append(Issue(code, at, why, f"see the rule at {where}"))

    def lacking(self, at: str, field: str, w: int) -> None:
        """Say that a record lacks what it makes no sense without."""
        self.issues.append(Issue("required", at, f"{field} is missing here", f"see the rule at {self.places[w]}"))

    def two(self, at: str, what: str, w: int) -> None:
        """Say that two things stand where the schema allows one, and that they contradict each other."""
        self.issues.append(Issue("structure", at, what, f"see the rule at {self.places[w]}"))

    def present(self, at: str, path: str, w: int, before: int) -> None:
        """Count an element that says something by standing there, when nothing below it was counted."""
        if len(self.rows) == before:
            self.presences += 1
            self.rows.append(Read(at, "carried", path, self.places[w], ""))

    # XML

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
        place = f"{at}/@{name.rpartition('}')[2]}"
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
        self._subtree(c, f"{above}/{_position(c)}", "unmapped", "", why)

    def dropped(self, c: Any, at: str, w: int, why: str) -> None:
        """Account for everything in an element that a rule drops."""
        self._subtree(c, at, "dropped", self.places[w], why)

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
                self.rows.append(Read(f"{at}/@{name.rpartition('}')[2]}", outcome, "", where, why))
        if not len(c):
            if (s := c.text) and not s.isspace():
                self.rows.append(Read(at, outcome, "", where, why))
            return
        for i, piece in enumerate([c.text, *(child.tail for child in c)]):
            if piece and not piece.isspace():
                self.rows.append(Read(f"{at}/text()[{i + 1}]", outcome, "", where, why))
        for child in c:
            self._subtree(child, f"{at}/{_position(child)}", outcome, where, why)

    # JSON

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
                return "unmapped"
            self.issues.append(
                Issue("code-invalid", at, "a code that its table does not hold", f"see the rule at {self.places[w]}")
            )
            return "refused"
        if table[s]:
            v[key] = table[s]
            return "carried"
        return "fixed"

    def part(self, s: Any, at: str, path: str, w: int, outcome: str) -> None:
        """Account for one of the properties that tell a code."""
        if isinstance(s, dict | list):
            self.misplaced(s, at, "a value", w)
        elif not blank(s):
            why = "" if outcome in ("carried", "fixed") else "a code that its table does not hold"
            self.rows.append(Read(at, outcome, path if outcome == "carried" else "", self.places[w], why))

    def switch(self, s: Any, kind: str | None, at: str, path: str, w: int) -> None:
        """Account for the code that tells the kind of record around it."""
        if isinstance(s, dict | list):
            self.misplaced(s, at, "a code", w)
        elif blank(s):
            return
        elif kind is None:
            self.refuse(at, "a code that tells no kind", w, code="code-invalid")
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
            self.misplaced(s, at, "a reference", w)
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

    def _tree(self, s: Any, at: str, outcome: str, where: str, why: str) -> None:
        if isinstance(s, dict):
            for name, value in s.items():
                self._tree(value, f"{at}.{name}", outcome, where, why)
        elif isinstance(s, list):
            for i, value in enumerate(s):
                self._tree(value, f"{at}[{i}]", outcome, where, why)
        elif not blank(s):
            self.rows.append(Read(at, outcome, "", where, why))


def _position(c: Any) -> str:
    """Give an element's local name with its number among its like-named siblings, when it has any."""
    name = str(c.tag).rpartition("}")[2]
    number = 1 + sum(1 for _ in c.itersiblings(c.tag, preceding=True))
    if number == 1 and next(c.itersiblings(c.tag), None) is None:
        return name
    return f"{name}[{number}]"


class Writing:
    """The account of one writing: where each canonical leaf stands in the output, and what is missing."""

    def __init__(self, places: Sequence[str]) -> None:
        self.places = places
        self.rows: list[Written] = []
        self.issues: list[Issue] = []

    def wrote(self, path: str, to: str, w: int, why: str = "") -> None:
        """Say where a canonical leaf stands; without a place, why it has none."""
        self.rows.append(Written(path, to, self.places[w], why))

    def put(self, write: Codec, value: Any, path: str, to: str, w: int) -> Any:
        """Write one leaf and say where it stands, or why the format cannot hold it."""
        self.rows.append(Written(path, to, self.places[w], ""))
        try:
            return write(value)
        except Bad as bad:
            self.cannot(path, to, str(bad), w)
        except KeyError:
            self.cannot(path, to, "a code that its table does not hold", w)
        return ""

    def needed(self, path: str, at: str, w: int) -> None:
        """Say that the format demands what the record does not have."""
        self.issues.append(
            Issue(
                "required", at, f"the format demands {path}, and it is not there", f"see the rule at {self.places[w]}"
            )
        )

    def cannot(self, path: str, at: str, why: str, w: int) -> None:
        """Say that the format cannot hold a value."""
        self.issues.append(Issue("value", at, f"{path} has {why}", f"see the rule at {self.places[w]}"))
