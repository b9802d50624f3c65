"""Numbers of organisations and persons: whether they are well-formed, and whether they are of the synthetic series."""

import re

_ORGANISATION_WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2)
_HSA = re.compile(r"SE[0-9]{10}-[A-Z0-9]{1,18}")


def is_organisation(number: str) -> bool:
    """Whether it is a Norwegian organisation number: nine digits, the last a modulus-11 check digit."""
    if len(number) != 9 or not (number.isascii() and number.isdigit()):  # noqa: PLR2004 - nine digits
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_ORGANISATION_WEIGHTS, number, strict=False))
    return (11 - total % 11) % 11 == int(number[8])


def is_hsa_id(text: str) -> bool:
    """Whether it is a Swedish HSA-id: country, ten-digit organisation number, hyphen, own part."""
    return _HSA.fullmatch(text) is not None


def is_synthetic_organisation(number: str) -> bool:
    """Whether the number is of the national register's test series: it begins with 2 or 3, real ones with 8 or 9."""
    return is_organisation(number) and number[0] in "23"


def is_synthetic_person(number: str) -> bool:
    """Whether an eleven-digit national number is of a published synthetic series.

    Skatteetaten's Tenor adds 80 to the month, NAV's Dolly 40 (60 to a Tenor-like identity), NHN's test persons 65.
    """
    if len(number) != 11 or not (number.isascii() and number.isdigit()):  # noqa: PLR2004 - eleven digits
        return False
    month = int(number[2:4])
    return any(added < month <= added + 12 for added in (40, 60, 65, 80))
