"""Keeps secrets out of logs: a processor for structlog that stands last before rendering."""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

HIDDEN: Final = "(hidden)"

_NAMES = re.compile(
    r"authorization|cookie|password|passphrase|secret|token|assertion|api.?key|private.?key|^dpop$|^key$|^kek$",
    re.IGNORECASE,
)
_JWT = re.compile(r"eyJ[\w-]{5,}\.[\w-]+\.[\w-]*")
_BEARER = re.compile(r"\b(Bearer|DPoP|Basic)\s+[\w.~+/=-]+", re.IGNORECASE)
_PRIVATE = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_IN_URL = re.compile(r"(\w+://)[^/\s@:]*:[^/\s@]*@")
_DEPTH = 6


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide what is named like a secret or looks like one, at any depth of the event."""
    for name, value in event.items():
        event[name] = HIDDEN if _NAMES.search(name) else clean(value)
    return event


def clean(value: Any, depth: int = 0) -> Any:
    """Give the value without tokens, private keys and passwords in URLs."""
    if depth > _DEPTH:
        return HIDDEN
    if isinstance(value, bytes):
        return clean(value.decode("latin-1"), depth)
    if isinstance(value, str):
        return _IN_URL.sub(rf"\1{HIDDEN}@", _BEARER.sub(rf"\1 {HIDDEN}", _JWT.sub(HIDDEN, _PRIVATE.sub(HIDDEN, value))))
    if isinstance(value, Mapping):
        return {
            name: HIDDEN if isinstance(name, str) and _NAMES.search(name) else clean(inner, depth + 1)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [clean(inner, depth + 1) for inner in value]
    return value
