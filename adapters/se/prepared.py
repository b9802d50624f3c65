"""What a document of RIV-TA is once it is ready to be read."""

from dataclasses import dataclass
from typing import Any

from gateway.core.errors import Issue
from gateway.core.message import Read


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document as its mapping reads it, what is wrong with it, and an account of what was left out of it.

    `unsaid` are the texts and codes that were left out.
    """

    root: Any
    issues: tuple[Issue, ...] = ()
    rows: tuple[Read, ...] = ()
    unsaid: tuple[str, ...] = ()
