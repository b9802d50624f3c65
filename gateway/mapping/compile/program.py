"""From a checked mapping to programs: readable Python source, compiled once, cut to what a route may carry.

Each direction has two programs from one tree: a plain one, and one with the report. The plain one runs; when it stops,
the reporting one says why.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from gateway.core.errors import NotAcceptable
from gateway.core.message import Parsed, Written
from gateway.core.vocabulary import DataClass
from gateway.mapping.check.tree import Tree
from gateway.mapping.compile.emit import Module
from gateway.mapping.compile.read_json import JsonReader
from gateway.mapping.compile.read_xml import XmlReader
from gateway.mapping.compile.write_json import JsonWriter
from gateway.mapping.compile.write_xml import XmlWriter
from gateway.mapping.language import Mapping
from gateway.mapping.run import values as run
from gateway.mapping.run.judged import Judge
from gateway.mapping.run.read_json import JsonReading
from gateway.mapping.run.read_xml import XmlReading
from gateway.mapping.run.write import Writing
from gateway.mapping.wire.xml import local


@dataclass(frozen=True, slots=True)
class Program:
    """One generated program: its entry point, its source, and the positions that its errors name."""

    call: Callable[..., Any]
    source: str
    places: tuple[str, ...]


def _load(module: Module, title: str, entry: str) -> Program:
    source = module.source(title)
    namespace: dict[str, Any] = {**vars(run), "Judge": Judge, "local": local, "ZoneInfo": ZoneInfo, **module.values}
    exec(compile(source, f"<{title}>", "exec"), namespace)  # noqa: S102 - our own emitter wrote it, from checked files
    return Program(namespace[entry], source, tuple(module.places))


class Reader:
    """Reads one wire format into the canonical model: `read(root)`, the root being an lxml element or a JSON object."""

    def __init__(self, mapping: Mapping, tree: Tree) -> None:
        emitter = XmlReader if mapping.wire.format == "xml" else JsonReader
        self.mapping = mapping
        self.account = XmlReading if mapping.wire.format == "xml" else JsonReading
        plain, reporting = Module(), Module()
        emitter(tree, plain, report=False).emit()
        emitter(tree, reporting, report=True).emit()
        self.plain = _load(plain, f"{mapping.name} version {mapping.version}, reading", "read")
        self.reporting = _load(reporting, f"{mapping.name} version {mapping.version}, reading with the report", "read")

    def read(self, root: Any, *, report: bool = False) -> Parsed[Any]:
        """Read; with `report`, with a row for each leaf. Never raises for what the message holds."""
        if not report:
            try:
                return Parsed(self.plain.call(root))
            except (run.Bad, KeyError):
                pass  # the reporting program says what is wrong, and where
        account = self.account(self.reporting.places)
        record = self.reporting.call(root, account)
        if not report and not account.issues:
            raise AssertionError("the plain program refuses what the reporting program takes")
        return Parsed(
            None if account.issues else record,
            tuple(account.issues),
            tuple(account.rows) if report else (),
            tuple(account.deviations),
            len(account.rows),
        )


@dataclass
class Writer:
    """Writes the canonical model in one wire format: `write(record)` gives XML text, or a JSON object."""

    mapping: Mapping
    tree: Tree
    cut: dict[frozenset[DataClass] | None, tuple[Program, Program]] = field(default_factory=dict)

    def programs(self, classes: frozenset[DataClass] | None = None) -> tuple[Program, Program]:
        """Give the plain and the reporting program that can write these data classes and no other."""
        if classes not in self.cut:
            self.cut[classes] = (self._emit(classes, report=False), self._emit(classes, report=True))
        return self.cut[classes]

    def _emit(self, classes: frozenset[DataClass] | None, *, report: bool) -> Program:
        module = Module()
        if self.mapping.wire.format == "xml":
            XmlWriter(self.tree, module, dict(self.mapping.wire.prefixes), classes, report=report).emit()
        else:
            JsonWriter(self.tree, module, classes, report=report).emit()
        title = f"{self.mapping.name} version {self.mapping.version}, writing" + (" with the report" if report else "")
        if classes is not None:
            title += f", cut to {', '.join(sorted(classes))}"
        return _load(module, title, "write")

    def write(
        self, record: Any, classes: frozenset[DataClass] | None = None, *, report: bool = False
    ) -> tuple[Any, tuple[Written, ...]]:
        """Write a record; raises `NotAcceptable` with every reason when the format demands what it does not have."""
        plain, reporting = self.programs(classes)
        if not report:
            try:
                return plain.call(record), ()
            except (run.Bad, KeyError):
                pass  # the reporting program says what is wrong, and where
        account = Writing(reporting.places)
        output = reporting.call(record, account)
        if account.issues:
            raise NotAcceptable(account.issues)
        if not report:
            raise AssertionError("the plain program refuses what the reporting program takes")
        return output, tuple(account.rows)
