"""Scopes: SMART v2 (`system/Bundle.c`), their v1 spelling, and plain names (`samspill:hr/absences.write`).

Source: SMART App Launch 2.2.0, «Scopes and Launch Context». A granted scope with a query (`?…`) narrows what it grants
in ways that are not evaluated here, so it grants nothing.
"""

import re
from collections.abc import Iterable

_SMART = re.compile(r"(patient|user|system)/(\*|[A-Z][A-Za-z]*)\.(c?r?u?d?s?|read|write|\*)")
_V1 = {"read": "rs", "write": "cud", "*": "cruds"}


def split(claim: object) -> frozenset[str]:
    """Read a `scope` claim: a string with spaces (RFC 8693 § 4.2) or, at some issuers, a list of strings."""
    if isinstance(claim, str):
        return frozenset(claim.split())
    if isinstance(claim, list) and all(isinstance(scope, str) for scope in claim):
        return frozenset(claim)
    return frozenset()


def grants(granted: Iterable[str], wanted: str) -> bool:
    """Whether one of the granted scopes covers the wanted one."""
    need = _SMART.fullmatch(wanted)
    return any(scope == wanted or (need is not None and _covers(scope, need)) for scope in granted)


def both(token: frozenset[str], registered: frozenset[str]) -> frozenset[str]:
    """Give what is granted by the token and by the registry alike: the narrower of the two, scope by scope."""
    return frozenset(scope for scope in token if grants(registered, scope)) | frozenset(
        scope for scope in registered if grants(token, scope)
    )


def _covers(scope: str, need: re.Match[str]) -> bool:
    have = _SMART.fullmatch(scope)
    if have is None or not need[3]:
        return False
    return have[1] == need[1] and have[2] in {"*", need[2]} and _letters(need) <= _letters(have)


def _letters(scope: re.Match[str]) -> set[str]:
    return set(_V1.get(scope[3], scope[3]))
