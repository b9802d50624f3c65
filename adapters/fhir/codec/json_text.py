"""JSON bytes to a resource: strict, and lossless.

Objects that repeat a name come as `Repeated`, decimals as `Decimal` with every digit. (`orjson` with a count of names
would save a hundredth of the time of a decode, and would need this reader beside it for half of what is asked here.)
"""

import json
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from adapters.fhir.codec.findings import Finding
from adapters.fhir.codec.structure import MAX_DEPTH, Repeated
from gateway.core.errors import Issue

_BOM = b"\xef\xbb\xbf"
_MAX_INTEGER_DIGITS = 18


class _NotJson(ValueError):
    """A constant that Python reads and JSON does not have."""


def read_json(raw: bytes) -> dict[str, Any] | Issue:
    """Read one JSON object, or say why it is none."""
    if not raw.strip():
        return Finding.EMPTY_BODY.at("")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in raw[:4]:
        return Finding.ENCODING.at("byte 0")
    try:
        text = raw.removeprefix(_BOM).decode("utf-8")
        tree = json.loads(
            text, object_pairs_hook=_object, parse_float=Decimal, parse_int=_integer, parse_constant=_constant
        )
        if "\\u" in text:
            json.dumps(tree, ensure_ascii=False, default=str).encode("utf-8")
    except UnicodeDecodeError as error:
        return Finding.ENCODING.at(f"byte {error.start}")
    except UnicodeEncodeError:
        return Finding.SURROGATE.at("")
    except RecursionError:
        return Finding.TOO_DEEP.at("", limit=MAX_DEPTH)
    except json.JSONDecodeError as error:
        return Finding.JSON_SYNTAX.at(f"line {error.lineno}, column {error.colno}")
    except _NotJson:
        return Finding.JSON_CONSTANT.at("")
    return tree if isinstance(tree, dict) else Finding.JSON_OBJECT.at("")


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) == len(pairs):
        return held
    counts = Counter(name for name, _ in pairs)
    repeated = Repeated(held)
    repeated.names = tuple(sorted(name for name, count in counts.items() if count > 1))
    return repeated


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= _MAX_INTEGER_DIGITS else Decimal(text)


def _constant(_: str) -> object:
    raise _NotJson
