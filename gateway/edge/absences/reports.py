"""Income reports that stand in a party's file: each row a message of its own, forwarded as any other, and once."""

import hashlib

from gateway.edge.intake import Intake

FORMAT = "canonical"


class RowMessages:
    """Forwards the messages of rows; the same row again, in whatever file, is the same message."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def admits(self, raw: bytes, party: str) -> None:
        """Raise `NotAcceptable` for a message that would not be forwarded."""
        self._intake.admits(raw, FORMAT, party)

    def send(self, raw: bytes, party: str) -> bool:
        """Forward a message; say whether it is new. Blocks; raises `NotAcceptable` or `Busy`."""
        key = f"row:{hashlib.sha256(raw).hexdigest()}"
        return not self._intake.accept_now(raw, FORMAT, party, key).again
