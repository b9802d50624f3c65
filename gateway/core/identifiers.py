"""Numbers that name persons and organisations: of which kind and series they are, and whether they are well formed.

National numbers and D-numbers follow the Population Register: day, month, year, individual number and two check
digits. The first check digit is judged by the rule for numbers issued from 2032 (remainder 0 to 3), which holds for
older ones too; the century is not in the number any longer. Synthetic ones add to the month, so that they can never
be a real person's: 80 in Skatteetaten's Tenor, 65 in Norsk helsenett's test persons, 40 in NAV's Dolly. Hospitals'
own H-numbers add 40 as well; they are no national numbers, and cannot be told from Dolly's. A common help number
(FH-number) begins with 8 or 9, has both check digits, and tells no birth date; it names nobody in the Register.

Swedish ones have twelve digits: the day of birth with its century (60 added to the day in a samordningsnummer), a
number, and Luhn's check digit over the last ten (Skatteverket, SKV 704 and 707). HSA-ids name Swedish care units and
their staff: a country code and an organisation number (or Inera's own for tests), a hyphen, up to 31 characters in all.

A well-formed number may still be nobody's: nothing here is a register, and nothing here raises.
"""

import re
from enum import StrEnum


class Kind(StrEnum):
    """Kinds of identifier, in the words of the canonical model."""

    NATIONAL_NUMBER = "national-number"
    D_NUMBER = "d-number"
    FH_NUMBER = "fh-number"
    HPR = "hpr"
    HER = "her"
    ORGANISATION = "orgnr"
    PERSONNUMMER = "personnummer"
    SAMORDNINGSNUMMER = "samordningsnummer"
    HSA = "hsa"


PERSONS = frozenset({Kind.NATIONAL_NUMBER, Kind.D_NUMBER, Kind.PERSONNUMMER, Kind.SAMORDNINGSNUMMER})
"""The kinds of number that name a person."""


class Series(StrEnum):
    """Which series a person's number is of; all but `REAL` are synthetic."""

    REAL = "real"
    DOLLY = "dolly"
    NHN = "nhn"
    TENOR = "tenor"


ORGANISATION_SYSTEM = "urn:oid:2.16.578.1.12.4.1.4.101"
"""How FHIR names organisation numbers."""

_ADDED_TO_DAY = {0: Kind.NATIONAL_NUMBER, 40: Kind.D_NUMBER}
_ADDED_TO_MONTH = {0: Series.REAL, 40: Series.DOLLY, 65: Series.NHN, 80: Series.TENOR}
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FIRST_CHECK = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
_SECOND_CHECK = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_ORGANISATION_CHECK = (3, 2, 7, 6, 5, 4, 3, 2, 1)
_FIRST_REMAINDERS = frozenset({0, 1, 2, 3})
_ADDED_TO_SWEDISH_DAY = {0: Kind.PERSONNUMMER, 60: Kind.SAMORDNINGSNUMMER}
_HSA_ID = re.compile(r"(SE|TSTNMT)[0-9]{10}-[A-Za-z0-9]{1,20}")
_LONGEST = {Kind.HPR: 9, Kind.HER: 8}


def kind_of(number: str) -> Kind | None:
    """Give the kind that a number shows by itself; HPR and HER numbers do not, nor does anything malformed."""
    if (person := _person(number)) is not None:
        return person[0]
    if (swedish := _swedish(number)) is not None:
        return swedish
    if _help_number(number):
        return Kind.FH_NUMBER
    if _HSA_ID.fullmatch(number):
        return Kind.HSA
    return Kind.ORGANISATION if _remainder(number, _ORGANISATION_CHECK) == 0 or _swedish_organisation(number) else None


def is_valid(number: str, kind: Kind) -> bool:
    """Whether a number is well formed for its kind: ASCII digits, a day that exists, right check digits."""
    if kind in _LONGEST:
        return _digits(number) and len(number) <= _LONGEST[kind] and int(number) > 0
    return kind_of(number) is kind


def series_of(number: str) -> Series | None:
    """Give the series of a national number or D-number; nothing for any other number."""
    person = _person(number)
    return person[1] if person else None


def is_synthetic(number: str) -> bool:
    """Whether it is a well-formed national number or D-number that no real person can have."""
    return series_of(number) not in {None, Series.REAL}


def is_synthetic_organisation(number: str) -> bool:
    """Whether it is of the Register of Legal Entities' test series: it begins with 2 or 3, real ones with 8 or 9."""
    return _remainder(number, _ORGANISATION_CHECK) == 0 and number[0] in "23"


def _person(number: str) -> tuple[Kind, Series] | None:
    if _remainder(number, _SECOND_CHECK) != 0 or _remainder(number[:10], _FIRST_CHECK) not in _FIRST_REMAINDERS:
        return None
    for added_to_day, kind in _ADDED_TO_DAY.items():
        for added_to_month, series in _ADDED_TO_MONTH.items():
            day, month = int(number[:2]) - added_to_day, int(number[2:4]) - added_to_month
            if _exists(day, month, int(number[4:6])):
                return kind, series
    return None


def _help_number(number: str) -> bool:
    checked = _remainder(number, _SECOND_CHECK) == 0 and _remainder(number[:10], _FIRST_CHECK) == 0
    return checked and number[0] in "89"


def _swedish(number: str) -> Kind | None:
    if len(number) != len("ååååmmddnnnk") or not _digits(number) or _luhn(number[2:]) != 0:
        return None
    for added, kind in _ADDED_TO_SWEDISH_DAY.items():
        if number[:2] in ("18", "19", "20") and _exists(int(number[6:8]) - added, int(number[4:6]), int(number[:4])):
            return kind
    return None


def _swedish_organisation(number: str) -> bool:
    """Whether it is a Swedish organisation number: ten digits, the third at least 2, and Luhn's check digit."""
    return len(number) == len("nnnnnnnnnk") and _digits(number) and number[2] >= "2" and _luhn(number) == 0


def _luhn(digits: str) -> int:
    """Give the remainder of Luhn's sum (ISO/IEC 7812-1, annex B)."""
    doubled = (int(digit) * (2 - i % 2) for i, digit in enumerate(digits))
    return sum(value - 9 * (value > 9) for value in doubled) % 10  # noqa: PLR2004


def _exists(day: int, month: int, year: int) -> bool:
    """Whether there is such a day in some century."""
    if not 1 <= month <= len(_DAYS) or not 1 <= day <= _DAYS[month - 1]:
        return False
    return (day, month) != (29, 2) or year % 4 == 0


def _remainder(number: str, weights: tuple[int, ...]) -> int | None:
    """Give the weighted sum of the digits modulo eleven; nothing when there are more or fewer digits than weights."""
    if len(number) != len(weights) or not _digits(number):
        return None
    return sum(weight * int(digit) for weight, digit in zip(weights, number, strict=True)) % 11


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
