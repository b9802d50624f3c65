"""The account that a reporting program writes while it writes: where each leaf stands, and what is missing."""

from collections.abc import Sequence
from typing import Any

from gateway.core.errors import Issue
from gateway.core.message import Written
from gateway.mapping.run.values import Bad, Codec


class Writing:
    """The account of one writing: where each canonical leaf stands in the output, and what is missing."""

    def __init__(self, places: Sequence[str]) -> None:
        self.places = places
        self.rows: list[Written] = []
        self.issues: list[Issue] = []

    def wrote(self, path: str, to: str, w: int, why: str = "") -> None:
        """Say where a canonical leaf stands; without a place, why it has none."""
        self.rows.append(Written(path, to, self.places[w], why))

    def put(self, write: Codec, value: Any, path: str, to: str, w: int) -> Any:
        """Write one leaf and say where it stands, or why the format cannot hold it."""
        self.rows.append(Written(path, to, self.places[w], ""))
        try:
            return write(value)
        except Bad as bad:
            self.cannot(path, to, str(bad), w)
        except KeyError:
            self.cannot(path, to, "a code that its table does not hold", w)
        return ""

    def needed(self, path: str, at: str, w: int) -> None:
        """Say that the format demands what the record does not have."""
        self.issues.append(
            Issue(
                "required",
                at,
                f"the format demands {path}, and it is not there",
                f"see the rule at {self.places[w]}",
                field=path,
            )
        )

    def cannot(self, path: str, at: str, why: str, w: int) -> None:
        """Say that the format cannot hold a value."""
        self.issues.append(Issue("value", at, f"{path} has {why}", f"see the rule at {self.places[w]}", field=path))
