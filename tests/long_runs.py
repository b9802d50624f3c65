"""How long `make fuzz` goes on: each of its tests for about FUZZ_SECONDS (20) on one core."""

import os

SECONDS = int(os.environ.get("FUZZ_SECONDS", "20"))


def times(a_second: int) -> int:
    """Give how often something is tried that is done so often in a second."""
    return SECONDS * a_second
