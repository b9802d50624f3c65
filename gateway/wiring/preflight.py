"""The rows of `mappings/fk-rules/`: checks of a certificate before it is sent, each mistake at its place."""

from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from gateway.core.errors import ConfigurationError, Fault, Issue, Severity
from gateway.core.ports import Format
from gateway.edge.library import Library
from gateway.mapping.load.yamltext import Block, compose
from gateway.model.messages import RECORDS
from gateway.model.preflight import TESTS, Check, Test, found
from gateway.model.walk import fields_of

FILES = {"BenefitCertificate": "fk7804.yaml"}
"""The checks of a record, by its name."""

FORMS = {"BenefitCertificate": "fhir-fk7804"}
"""The mapping that a record's FHIR form is in: all of them are one format."""

CHECK = frozenset({"id", "at", "when", "status", "sv", "en"})
NUMBERS = frozenset({"words-under", "days-over", "before-signing-over"})
STATUSES = frozenset({"verified", "memory"})


def read(folder: Path) -> tuple[dict[str, tuple[Check, ...]], list[Fault]]:
    """Give the checks of each record, by its name, and everything that is wrong with them."""
    faults: list[Fault] = []
    checks = {}
    for name, file in FILES.items():
        text = (folder / "fk-rules" / file).read_text("utf-8")
        root = compose(text, f"{folder.name}/fk-rules/{file}", faults)
        entries = root.entries(frozenset({"version", "unless", "checks"})) if root else {}
        lifts = (_test(entries["unless"], RECORDS[name]),) if "unless" in entries else ()
        rows = entries["checks"].list() if "checks" in entries else ()
        checks[name] = tuple(_check(row, lifts, RECORDS[name]) for row in rows)
    return checks, faults


def load(folder: Path) -> dict[str, tuple[Check, ...]]:
    """Give the checks of each record. Raises `ConfigurationError`."""
    checks, faults = read(folder)
    if faults:
        raise ConfigurationError(faults)
    return checks


class Preflight:
    """The checks of an installation. Raises `ConfigurationError` when they are wrong."""

    def __init__(self, library: Library) -> None:
        self._checks = load(library.folder)
        self._forms = {name: library.places(form) for name, form in FORMS.items()}

    def told(self, record: Any, source: Format) -> Iterator[Issue]:
        """Say what a certificate may be asked back about, each at its place in the sender's own terms."""
        name = type(record).__name__
        for check in found(self._checks.get(name, ()), record):
            places = self._forms[name] if source.id == "fhir" else source.places
            what = f"{check.texts['sv']} / {check.texts['en']}"
            mend = f"check {check.id} ({check.status})"
            yield Issue("business-rule", places.get(check.at, ""), what, mend, Severity.WARNING, check.at)


def _check(row: Block, lifts: tuple[Test, ...], record: type) -> Check:
    entries = row.entries(CHECK)
    row.demand(tuple(sorted(CHECK)), entries)
    if "status" in entries and entries["status"].text() not in STATUSES:
        entries["status"].fault(f"this is not one of {', '.join(sorted(STATUSES))}")
    if "at" in entries:
        _known(entries["at"], record)
    return Check(
        id=_text(entries, "id"),
        at=_text(entries, "at"),
        when=tuple(_test(one, record) for one in (entries["when"].list() if "when" in entries else ())),
        unless=lifts,
        status=_text(entries, "status"),
        texts={language: _text(entries, language) for language in ("sv", "en")},
    )


def _test(block: Block, record: type) -> Test:
    entries = block.entries(frozenset({"field", *TESTS}))
    block.demand(("field",), entries)
    if "field" in entries:
        _known(entries["field"], record)
    tests = [name for name in TESTS if name in entries]
    if len(tests) != 1:
        block.fault(f"a test is one of {', '.join(TESTS)}")
        return Test("", "in")
    [name] = tests
    value = entries[name]
    if name in NUMBERS:
        if not value.text().isdigit():
            value.fault("a whole number was expected")
            return Test("", "in")
        return Test(_text(entries, "field"), name, number=int(value.text()))
    words = frozenset() if name == "absent" else frozenset(one.text() for one in value.list())
    return Test(_text(entries, "field"), name, words)


def _known(block: Block, record: type) -> None:
    """Demand that a path leads to a field of the record."""
    kind: type = record
    for step in block.text().split("."):
        if not is_dataclass(kind) or step not in fields_of(kind):
            block.fault(f"{record.__name__} has no field {block.text()}")
            return
        kind = fields_of(kind)[step].kinds[0]


def _text(entries: dict[str, Block], name: str) -> str:
    return entries[name].text() if name in entries else ""
