"""What generated programs call to read and write single values, and to look around in a message.

A codec raises `Bad` for what it cannot take, with a sentence that never repeats the value.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Mapping as Dict
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_OID, uuid5

Codec = Callable[[Any], Any]


class Bad(Exception):
    """The message is not acceptable; the sentence says why, without the value."""


# reading: XML

_ZONE = re.compile(r"(Z|[+-]\d\d:\d\d)?")
_BASE64 = re.compile("[A-Za-z0-9+/]+={0,2}")
_INT = re.compile(r"[+-]?[0-9]{1,10}")
_DECIMAL = re.compile(r"[+-]?([0-9]{1,15}(\.[0-9]{0,6})?|\.[0-9]{1,6})")
_XML_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
INT_BITS = 31


def text(s: str) -> str:
    """Take a text as it stands (xs:string)."""
    return s


def token(s: str) -> str:
    """Collapse white space (xs:token, xs:anyURI: XML Schema part 2, 4.3.6)."""
    return " ".join(s.split())


def base64(s: object) -> str:
    """Take base64 (RFC 4648, 4), which white space may part, as one word; also how it is written."""
    if not isinstance(s, str):
        raise Bad("not a string")
    s = "".join(s.split())
    if len(s) % 4 or not _BASE64.fullmatch(s):
        raise Bad("not base64")
    return s


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


def decimal(s: str) -> str:
    """Read xs:decimal as its number in fewest digits: no sign of plus, no zero that says nothing."""
    s = s.strip()
    if not _DECIMAL.fullmatch(s):
        raise Bad("not a decimal number")
    whole, _, part = s.lstrip("+-").partition(".")
    fewest = (whole.lstrip("0") or "0") + (f".{part}".rstrip("0").rstrip("."))
    return f"-{fewest}" if s[0] == "-" and fewest != "0" else fewest


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


class Prefixed:
    """Reads a text that is written with a prefix, such as `urn:uuid:`; one without it is read as it stands."""

    def __init__(self, codec: Codec, prefix: str) -> None:
        self.codec = codec
        self.prefix = prefix

    def __call__(self, s: Any) -> str:
        """Read it."""
        return str(self.codec(s)).removeprefix(self.prefix)


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


def json_number(s: object) -> str:
    """Read a JSON number as a decimal number, as `decimal` does."""
    if type(s) not in (int, float, Decimal):
        raise Bad("not a number")
    return decimal(f"{Decimal(str(s)):f}")


def json_date(s: object) -> date:
    """Read a FHIR date that names a day."""
    return _day(json_text(s))


def json_datetime(s: object) -> datetime:
    """Read a FHIR dateTime or instant, zone and all."""
    s = json_text(s)
    if not _XML_DATETIME.fullmatch(s) or (s[-1].isdigit() and s[-6] not in "+-"):
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


def as_number(s: str) -> int | float:
    """Write a decimal number as a JSON number; raises `Bad` for more digits than a reader is sure to keep."""
    s = decimal(s)
    number = float(s) if "." in s else int(s)
    if json_number(number) != s:
        raise Bad("a number with more digits than JSON keeps")
    return number


def full_url(message: object, word: str) -> str:
    """Give the full URL of an entry: the same for the same message and word (RFC 4122, 4.3)."""
    name = f"{message}#{word}".encode(errors="backslashreplace").decode()  # a half character is refused where it stands
    return f"urn:uuid:{uuid5(NAMESPACE_OID, name)}"


# codes


def malformed(v: Dict[str, Any], key: str, system: str, forms: Dict[str, str]) -> str:
    """Say what is wrong with a code and its system: one without the other, or another form than it has there."""
    if not v:
        return ""
    code, of = v.get(key), v.get(system)
    if code is None:
        return f"{key} is missing"
    if of is None:
        return f"{system} is missing"
    return "" if re.fullmatch(forms[of], code) else "no code of its code system"


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


def inside(e: Any, name: str) -> list[Any]:
    """Give the elements of a local name below an element, without those that stand inside another of them."""
    found: list[Any] = []
    for child in e:
        if str(child.tag).rpartition("}")[2] == name:
            found.append(child)
        else:
            found += inside(child, name)
    return found


Look = str | tuple[str, tuple[tuple[tuple["Look", ...], tuple[str, ...]], ...]]
"""One step of a look ahead: a property, or a list and which item of it: the first, or the first with these marks."""


def peek(d: object, path: Iterable[Look]) -> object:
    """Look down a JSON path, as far as everything on it is of the kind that stands there; gives a value or nothing."""
    for step in path:
        if isinstance(step, str):
            d = d.get(step) if isinstance(d, dict) else None
            continue
        name, marks = step
        items = d.get(name) if isinstance(d, dict) else None
        there = (item for item in items if item is not None) if isinstance(items, list) else ()
        d = next((item for item in there if all(peek(item, way) in values for way, values in marks)), None)
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
