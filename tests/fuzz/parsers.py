"""Every reader of what comes from outside: real bytes to begin with, and what has to hold for any bytes.

A target's `attempt` answers, or raises one of `foreseen`; anything else is a finding. Some readers would never see the
inside of damaged bytes (a checksum, a signature): there the inside is damaged, and `wrap` closes it rightly again.
"""

import contextlib
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from adapters.fhir import codec
from adapters.xml.kind import kind_of
from gateway.core.errors import NotAcceptable
from gateway.core.ports import Format
from gateway.edge import receipts
from gateway.edge.library import Library
from gateway.wiring.absences import Profiles, account, propose
from gateway.wiring.formats import installed, kinds

Attempt = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Target:
    """A reader: real bytes, what is tried with any bytes, what it may raise, and how damaged bytes are closed again."""

    seeds: tuple[bytes, ...]
    attempt: Attempt
    foreseen: tuple[type[Exception], ...] = ()
    wrap: Callable[[bytes], bytes] = bytes

    def __call__(self, raw: bytes) -> None:
        """Try; raises whatever is not foreseen."""
        with contextlib.suppress(*self.foreseen):
            self.attempt(self.wrap(raw))


def library() -> Library:
    return installed()[0]


def known() -> Mapping[str, Format]:
    return installed()[1]


def formats_read() -> dict[str, Target]:
    """Give a target for each format that is read, with the examples beside its mapping."""
    found = {name: Target(examples(name), partial(_parsed, one)) for name, one in known().items() if one.parse}
    every = [raw for target in found.values() for raw in target.seeds]
    told = kinds(known())
    found["kind of XML"] = Target(_some(every, b"<"), partial(kind_of, payloads=told), (NotAcceptable,))
    found["head of a receipt"] = Target(_some(every, b"<"), receipts._head)
    found["FHIR codec"] = Target(_some(every, b"{"), _decoded)
    return found


def examples(name: str) -> tuple[bytes, ...]:
    if name == "canonical":
        return _files(sorted(library().folder.glob("*/*/examples/*.out.json"))[::12])
    every = [one for one in library().mappings.values() if name in (one.name, "fhir") and one.reads]
    if name == "fhir":
        every = [one for one in every if one.wire.schema == "fhir-r4"]
    places = [(library().folder.parent / one.spot.file).parent / "examples" for one in every]
    return _files(path for place in places for path in sorted(place.glob("*.in.*"))[:2])


def _files(paths: Iterable[Path]) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in paths)


def _some(every: Iterable[bytes], start: bytes) -> tuple[bytes, ...]:
    return tuple([raw for raw in every if raw.lstrip().startswith(start)][::4])


def _parsed(one: Format, raw: bytes) -> None:
    assert one.parse is not None
    for report in (False, True):
        parsed = one.parse(raw, report=report)
        assert (parsed.record is None) == any(issue.severity == "error" for issue in parsed.issues)
        if report and parsed.record is not None:
            assert parsed.leaves == len(parsed.rows)


def _decoded(raw: bytes) -> None:
    decoded = codec.decode(raw)
    codec.encode_outcome(decoded.issues)
    assert codec.message_key(raw)


def files_read() -> dict[str, Target]:
    """Give a target for each profile of absence files, and for guessing a profile."""
    profiles = Profiles(library().folder)
    found = {}
    for name, profile in profiles.known.items():
        seeds = _files(sorted((library().folder / "hr" / name / "examples").glob("*.in.*")))
        attempt = partial(_accounted, profile)
        found[f"hr {name}"] = Target(seeds, attempt, (NotAcceptable,))
        if seeds[0].startswith(b"PK"):
            inside = partial(_zipped, seeds[0])
            found[f"hr {name}, inside the sheet"] = Target((_sheet(seeds[0]),), attempt, (), inside)
    every = [found[f"hr {name}"].seeds[0] for name in ("generic-csv", "tripletex", "workday")]
    found["a profile's proposal"] = Target(tuple(every), _proposed, (NotAcceptable,))
    return found


def _proposed(raw: bytes) -> str:
    return propose(io.BytesIO(raw))


def _accounted(profile: Any, raw: bytes) -> None:
    for _row in account(io.BytesIO(raw), profile, synthetic=True):
        pass


def _sheet(book: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(book)) as opened:
        return opened.read(_sheet_name(opened))


def _sheet_name(opened: zipfile.ZipFile) -> str:
    return next(name for name in opened.namelist() if name.startswith("xl/worksheets/sheet"))


def _zipped(book: bytes, sheet: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as opened, zipfile.ZipFile(made, "w") as written:
        for name in opened.namelist():
            written.writestr(name, sheet if name == _sheet_name(opened) else opened.read(name))
    return made.getvalue()
