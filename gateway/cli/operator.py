"""Who works at this command line, and why, as the disclosure log keeps it."""

import os
import re
from typing import Final

import typer

REASON: Final = re.compile(r"(?=[a-z0-9-]{3,40}$)(?!.*\d{6})[a-z][a-z0-9]*(-[a-z0-9]+)*")
"""A code and no story: three to 40 small letters, digits and hyphens, and no number that could be a person's."""


def operator() -> str:
    """Give who works here: by the user's name, or by the user's number where the surroundings name nobody."""
    return f"operator:{os.environ.get('USER') or f'uid-{os.getuid()}'}"


def code(reason: str) -> str:
    """Check that a reason is a code and no story. Raises a usage error."""
    if not REASON.fullmatch(reason):
        what = "small letters, digits and hyphens, three to 40, and no number of anybody's"
        raise typer.BadParameter(f"a reason is a short code such as sent-on-paper: {what}")
    return reason
