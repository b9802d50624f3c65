"""What the product costs, always beside what somebody else's costs, measured in the same run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """One comparison. `ours` and `reference` are seconds per operation; `limit` is the ratio not to be exceeded."""

    name: str
    ours: float
    reference: float
    limit: float | None = None

    @property
    def ratio(self) -> float:
        """Ours in terms of the reference's."""
        return self.ours / self.reference
