"""Runs the examples that stand beside each mapping: `examples/NN-what-it-shows.in.*` must give `….out.*`.

For a mapping that reads, `in` is a message and `out` the canonical record as JSON; and when it writes too, writing the
record and reading it again must give it back. For a mapping that only writes, `in` is the record and `out` the message.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from gateway import flow
from gateway.core.errors import NotAcceptable
from gateway.core.ports import Format
from gateway.edge.library import Library


def run_examples(library: Library, formats: Mapping[str, Format]) -> list[str]:
    """Give a sentence for each example that does not hold; a mapping without examples is a fault, too."""
    faults: list[str] = []
    for name, mapping in library.mappings.items():
        folder = (library.folder.parent / mapping.spot.file).parent / "examples"
        pairs = list(_pairs(folder))
        if not pairs:
            faults.append(f"{mapping.spot.file}:1:1: there is no example beside this mapping")
        for given, expected in pairs:
            faults += [
                f"{library.folder.name}/{given.relative_to(library.folder)}:1:1: {w}"
                for w in _run(formats, name, given, expected)
            ]
    return faults


def _pairs(folder: Path) -> Iterator[tuple[Path, Path]]:
    for given in sorted(folder.glob("*.in.*")):
        stem = given.name.partition(".in.")[0]
        yield from ((given, expected) for expected in folder.glob(f"{stem}.out.*"))


def _run(formats: Mapping[str, Format], name: str, given: Path, expected: Path) -> Iterator[str]:
    known = formats.get(name) or formats["fhir"]
    reads, canonical = known.parse is not None, formats["canonical"]
    try:
        if reads:
            parsed = flow.parse(known, given.read_bytes())
            wanted = flow.parse(canonical, expected.read_bytes())
            if parsed.record != wanted.record:
                yield f"it is not read as {expected.name} says"
            if known.render is not None:
                again = flow.parse(known, flow.convert(parsed, known).rendered.body)
                if again.record != parsed.record:
                    yield "written and read again, it is another record"
        else:
            written = flow.convert(flow.parse(canonical, given.read_bytes()), known).rendered.body
            if written.strip() != expected.read_bytes().strip():
                yield f"it is not written as {expected.name} says"
    except NotAcceptable as error:
        yield from map(str, error.issues)
