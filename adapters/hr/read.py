"""An absence file by its profile: the outcome of each row, whatever the file is written in."""

import importlib
from collections.abc import Iterator
from typing import BinaryIO

from adapters.hr.profile import Profile
from adapters.hr.rows import Outcome

READERS = {"csv": "delimited", "fixed": "delimited", "xlsx": "sheet", "paxml": "paxml"}
"""Each form and the module that reads it, imported when it is needed."""


def read(source: BinaryIO, profile: Profile, *, synthetic: bool) -> Iterator[Outcome]:
    """Give the outcome of each row of a file, as a stream; a spreadsheet needs a source that can seek.

    With `synthetic`, persons of the published synthetic series alone are accepted; without, none of them. Raises
    `NotAcceptable` where the file as a whole cannot be read or stops being readable; the rows before have been given.
    """
    reader = importlib.import_module(f"adapters.hr.{READERS[profile.format]}")
    found: Iterator[Outcome] = reader.read(source, profile, synthetic=synthetic)
    return found
