"""Plain JSON messages to the canonical model. Pure."""

from collections.abc import Callable
from typing import Any

import orjson

from gateway.core.errors import Issue
from gateway.core.message import Parsed

Reads = Callable[..., Parsed[Any]]
"""A reading program: `read(value, report=…)`."""

MAX_BYTES = 1024 * 1024
"""The largest message that is read; real ones have less than a hundredth of it."""

BOM = b"\xef\xbb\xbf"


class JsonParser:
    """Reads messages that `reads` has a program for."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def __call__(self, raw: bytes, *, report: bool = False) -> Parsed[Any]:
        """Read a message. Never raises for what a sender sent."""
        if len(raw) > MAX_BYTES:
            return Parsed(None, (Issue("too-long", "", "the message is too large", f"send at most {MAX_BYTES} bytes"),))
        try:
            given = orjson.loads(raw.removeprefix(BOM))
        except orjson.JSONDecodeError as error:
            at = f"line {error.lineno}, column {error.colno}"
            return Parsed(None, (Issue("structure", at, "this is not JSON", "mend the syntax at this place"),))
        return self._reads(given, report=report)

    def again(self, raw: bytes) -> Parsed[Any]:
        """Read bytes that were accepted before."""
        return self(raw)
