"""What the product costs, always beside what somebody else's costs, measured in the same run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """One comparison. `ours` and `reference` are seconds per operation, or bytes; `limit` is the most allowed."""

    name: str
    ours: float
    reference: float
    limit: float | None = None
    in_bytes: bool = False

    @property
    def cost(self) -> str:
        """Both, as a person reads them."""
        scale, unit = (2**-20, "MB") if self.in_bytes else (1e6, "µs")
        return f"{self.ours * scale:.1f} {unit} / {self.reference * scale:.1f} {unit}"

    @property
    def ratio(self) -> float:
        """Ours in terms of the reference's."""
        return self.ours / self.reference
