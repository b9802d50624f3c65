"""Mapping speed: bundle bytes to NAV XML bytes, generated programs against the same translation written by hand."""

from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import orjson
from lxml import etree

from gateway.bench import Ratio
from gateway.bench.byhand import translate
from gateway.edge.library import Library

MESSAGE = Path(__file__).parents[1] / "sandbox" / "messages" / "full.json"
ROUNDS, CALLS = 25, 60
PLAIN, REPORTED = 1.5, 2.5
"""The most that the generated programs may cost, without the report and with it, in terms of the hand-written."""


def run() -> list[Ratio]:
    """Measure in turns, so that what else the machine does hits all three alike; the median of many rounds."""
    raw = MESSAGE.read_bytes()
    library = Library()
    read, write = library.reader("fhir").read, library.writer("nav-sykmelding").write
    write(read(orjson.loads(raw)).record)

    def plain() -> bytes:
        return str(write(read(orjson.loads(raw)).record)[0]).encode()

    def reported() -> Any:
        parsed = read(orjson.loads(raw), report=True)
        return str(write(parsed.record, report=True)[0]).encode()

    def by_hand() -> bytes:
        return translate(raw)

    _same(plain(), by_hand())
    ours, with_report, reference = _medians(plain, reported, by_hand)
    return [
        Ratio("mapping, bundle to NAV XML, against hand-written", ours, reference, PLAIN),
        Ratio("mapping with the report of every leaf, against hand-written", with_report, reference, REPORTED),
    ]


def _same(ours: bytes, theirs: bytes) -> None:
    """Hold the two to the same document, so that the comparison is one."""
    canonical = [etree.tostring(etree.fromstring(one), method="c14n") for one in (ours, theirs)]
    if canonical[0] != canonical[1]:
        raise AssertionError("the generated and the hand-written translation differ")


def _medians(*functions: Callable[[], Any]) -> list[float]:
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(ROUNDS):
        for function, found in zip(functions, times, strict=True):
            start = perf_counter()
            for _ in range(CALLS):
                function()
            found.append((perf_counter() - start) / CALLS)
    return [median(found) for found in times]
