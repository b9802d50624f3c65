"""Values that another field implies: the few things a mapping may name by word instead of by path.

Each is a pure function from one canonical text to one wire text. A new one needs an ADR: there are no expressions.
"""

from collections.abc import Callable


def telecom_system(value: str) -> str:
    """Give FHIR's ContactPoint.system for a number or address written with or without a scheme (RFC 3966, 6068)."""
    scheme = value.partition(":")[0].strip().lower()
    return {"mailto": "email", "fax": "fax", "http": "url", "https": "url", "sms": "sms"}.get(scheme, "phone")


def bare_number(value: str) -> str:
    """Take the scheme from a telephone number, as NAV does in the employer's copy."""
    scheme, colon, rest = value.partition(":")
    return rest.strip() if colon and scheme.strip().lower() in ("tel", "mob", "fax") else value


DERIVATIONS: dict[str, Callable[[str], str]] = {"telecom-system": telecom_system, "bare-number": bare_number}
