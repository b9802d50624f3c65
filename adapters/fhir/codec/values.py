"""FHIR's primitive types: for each, what is wrong with a value (FHIR R4, datatypes.html#primitive).

A check takes what JSON gave and answers with a finding, or with nothing when the value is right.
"""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from adapters.fhir.codec.findings import Finding

Check = Callable[[object], Finding | None]

_MAX_STRING = 1_048_576
_MAX_DIGITS = 1000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_CODE = re.compile(r"[^\s]+(?:[\s][^\s]+)*\Z")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")
_URI = re.compile(r"[^\s\x00-\x1f]+\Z")
_OID = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+\Z")
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z", re.IGNORECASE)
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(?:\.[0-9]{1,9})?"
_ZONE = r"(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)"
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?\Z")
_DATE_TIME = re.compile(rf"([0-9]{{4}})(?:-([0-9]{{2}})(?:-([0-9]{{2}})(?:T{_TIME}{_ZONE})?)?)?\Z")
_INSTANT = re.compile(rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})T{_TIME}{_ZONE}\Z")
_TIME_OF_DAY = re.compile(rf"{_TIME}\Z")
_XHTML = re.compile(r"\s*<(?:[A-Za-z_][\w.-]*:)?div[\s>/]")
_WHITESPACE = re.compile(r"\s+")


def _boolean(value: object) -> Finding | None:
    return None if type(value) is bool else Finding.BOOLEAN


def _whole(low: int, high: int) -> Check:
    def check(value: object) -> Finding | None:
        return None if type(value) is int and low <= value <= high else Finding.NUMBER

    return check


def _decimal(value: object) -> Finding | None:
    if type(value) is int:
        return None if abs(value) < 10**_MAX_DIGITS else Finding.NUMBER_SIZE
    if not isinstance(value, Decimal):
        return Finding.NUMBER
    _, digits, exponent = value.as_tuple()
    small = isinstance(exponent, int) and len(digits) <= _MAX_DIGITS and abs(exponent) <= _MAX_DIGITS
    return None if small else Finding.NUMBER_SIZE


def _string(value: object) -> Finding | None:
    if not isinstance(value, str):
        return Finding.STRING
    if len(value) > _MAX_STRING:
        return Finding.TOO_LONG
    if not value or value.isspace():
        return Finding.BLANK
    return Finding.CONTROL_CHARACTER if not value.isprintable() and _CONTROL.search(value) else None


def _formed(pattern: re.Pattern[str], finding: Finding) -> Check:
    def check(value: object) -> Finding | None:
        if not isinstance(value, str):
            return Finding.STRING
        if pattern.match(value):
            return None
        return finding if value and not value.isspace() else Finding.BLANK

    return check


def _base64(value: object) -> Finding | None:
    if not isinstance(value, str):
        return Finding.STRING
    if not value or value.isspace():
        return Finding.BLANK
    try:
        base64.b64decode(_WHITESPACE.sub("", value), validate=True)
    except (binascii.Error, ValueError):
        return Finding.BASE64
    return None


def _dated(pattern: re.Pattern[str]) -> Check:
    def check(value: object) -> Finding | None:
        if not isinstance(value, str):
            return Finding.STRING
        found = pattern.match(value)
        if not found:
            return Finding.DATE_FORM if value and not value.isspace() else Finding.BLANK
        year, month, day = found.group(1, 2, 3)
        try:
            date(int(year), int(month or 1), int(day or 1))
        except ValueError:
            return Finding.DATE_CALENDAR
        return None

    return check


def _xhtml(value: object) -> Finding | None:
    if not isinstance(value, str):
        return Finding.STRING
    return None if _XHTML.match(value) else Finding.XHTML


CHECKS: dict[str, Check] = {
    "boolean": _boolean,
    "integer": _whole(-(2**31), 2**31 - 1),
    "integer64": _whole(-(2**63), 2**63 - 1),
    "unsignedInt": _whole(0, 2**31 - 1),
    "positiveInt": _whole(1, 2**31 - 1),
    "decimal": _decimal,
    "string": _string,
    "markdown": _string,
    "code": _formed(_CODE, Finding.CODE_FORM),
    "id": _formed(_ID, Finding.ID_FORM),
    "uri": _formed(_URI, Finding.URI_FORM),
    "url": _formed(_URI, Finding.URI_FORM),
    "canonical": _formed(_URI, Finding.URI_FORM),
    "oid": _formed(_OID, Finding.URI_FORM),
    "uuid": _formed(_UUID, Finding.URI_FORM),
    "base64Binary": _base64,
    "date": _dated(_DATE),
    "dateTime": _dated(_DATE_TIME),
    "instant": _dated(_INSTANT),
    "time": _formed(_TIME_OF_DAY, Finding.DATE_FORM),
    "xhtml": _xhtml,
}
