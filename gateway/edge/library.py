"""The library of mappings, code tables and schemas, read from the data folder; the edge of `gateway.mapping`.

Programs are compiled when they are first asked for. `faults` says everything that is wrong with the data, at once.
"""

import hashlib
import json
from collections.abc import Mapping as Dict
from functools import cached_property
from pathlib import Path

import xmlschema

from gateway.core.errors import ConfigurationError, Fault
from gateway.mapping.check.mapping import check
from gateway.mapping.check.tree import Leaf, Place, Record, Tree
from gateway.mapping.compile.program import Reader, Writer
from gateway.mapping.language import Mapping
from gateway.mapping.load.codes import Table, load_tables
from gateway.mapping.load.mapping import load
from gateway.mapping.load.questions import Questions, load_questions
from gateway.mapping.nearest import nearest
from gateway.mapping.questionnaire.form import check_questionnaire, load_texts, questionnaire, render
from gateway.mapping.wire.fhir import fhir_schema
from gateway.mapping.wire.json import json_schema
from gateway.mapping.wire.schema import Schema
from gateway.mapping.wire.xml import xml_schema
from gateway.model.messages import RECORDS
from gateway.model.walk import without_indices


def default_folder() -> Path:
    """Give the folder of mapping data: beside the packages in a checkout, inside the package when installed."""
    package = Path(__file__).parents[1]
    installed = package / "data" / "mappings"
    return installed if installed.is_dir() else package.parent / "mappings"


def _trail(place: Place, separator: str) -> str:
    """Give the path from the root as an author would write it, filters by their first value."""
    own = "" if place.kind == "text" else f"{'@' if place.kind == 'attribute' else ''}{place.name}"
    if place.filter:
        own += str(place.filter)
    above = _trail(place.parent, separator) if place.parent else ""
    return separator.join(part for part in (above, own) if part)


def _whole(mapping: Mapping, every: Dict[str, Mapping], above: frozenset[str] = frozenset()) -> Mapping:
    """Give a mapping with what it extends, and what that extends; a circle ends where it begins again."""
    base = every.get(mapping.extends)
    if base is None or base.name in above:
        return mapping
    return mapping.on(_whole(base, every, above | {mapping.name}))


class Library:
    """Everything under `mappings/`, by mapping name. Raises `ConfigurationError` when the data is wrong."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()
        self.hashes: dict[str, str] = {}
        self._trees: dict[str, Tree] = {}
        self._readers: dict[str, Reader] = {}
        self._writers: dict[str, Writer] = {}
        self._schemas: dict[str, Schema] = {}

    def _text(self, path: Path) -> tuple[str, str]:
        """Give a file's text and the name it goes by in faults and reports, and note its hash."""
        raw = path.read_bytes()
        name = f"{self.folder.name}/{path.relative_to(self.folder).as_posix()}"
        self.hashes[name] = hashlib.sha256(raw).hexdigest()
        return raw.decode(), name

    @cached_property
    def _tables(self) -> tuple[dict[str, Table], list[Fault]]:
        tables: dict[str, Table] = {}
        faults: list[Fault] = []
        for path in sorted((self.folder / "codes").glob("*.yaml")):
            found, wrong = load_tables(*self._text(path))
            faults += wrong
            for name, table in found.items():
                if name in tables:
                    faults.append(table.spot.fault(f"there is a code table {name} in {tables[name].spot.file} already"))
                tables[name] = table
        return tables, faults

    @cached_property
    def _loaded(self) -> tuple[dict[str, Mapping], list[Fault]]:
        mappings: dict[str, Mapping] = {}
        faults: list[Fault] = []
        for path in sorted(self.folder.glob("*/*/mapping.yaml")):
            mapping, wrong = load(*self._text(path))
            faults += wrong
            if mapping is not None:
                if mapping.name in mappings:
                    faults.append(mapping.spot.fault(f"there is a mapping {mapping.name} already"))
                mappings[mapping.name] = mapping
        for mapping in mappings.values():
            if mapping.extends and mapping.extends not in mappings:
                faults.append(
                    mapping.spot_of("extends").fault(
                        f"there is no mapping {mapping.extends}", nearest(mapping.extends, mappings)
                    )
                )
        whole = {name: _whole(mapping, mappings) for name, mapping in mappings.items()}
        return {name: mapping for name, mapping in whole.items() if not mapping.is_part}, faults

    @property
    def mappings(self) -> dict[str, Mapping]:
        """Every mapping by its name, checked or not."""
        return self._loaded[0]

    @property
    def tables(self) -> dict[str, Table]:
        """Every code table by its name."""
        return self._tables[0]

    def schema(self, mapping: Mapping) -> Schema:
        """Give the wire schema that a mapping names."""
        name = mapping.wire.schema
        if name not in self._schemas:
            self._schemas[name] = self._open(mapping, name)
        return self._schemas[name]

    def _open(self, mapping: Mapping, name: str) -> Schema:
        if name == "fhir-r4":
            return fhir_schema()
        path = self.folder / "schema" / name
        if not path.is_file():
            raise ConfigurationError([mapping.wire.spot.fault(f"there is no schema {name}")])
        if path.suffix == ".json":
            return json_schema(self._text(path)[0], name)
        return xml_schema(xmlschema.XMLSchema(str(path)), name)

    def tree(self, name: str) -> tuple[Tree | None, list[Fault]]:
        """Check one mapping; gives its tree, or every fault."""
        mapping = self.mappings[name]
        try:
            return check(mapping, self.schema(mapping), self.tables, RECORDS)
        except ConfigurationError as error:
            return None, [fault for fault in error.faults if isinstance(fault, Fault)]

    def faults(self) -> list[Fault]:
        """Give every fault of every file of mappings and codes."""
        found = [*self._tables[1], *self._loaded[1]]
        broken = {fault.file for fault in found}
        for name, mapping in self.mappings.items():
            if mapping.spot.file not in broken:
                tree, wrong = self.tree(name)
                found += wrong
                if tree is not None and mapping.wire.questionnaire:
                    found += self._questionnaire(mapping, tree)
                if mapping.wire.questions:
                    found += self._questions(mapping)[1]
        return found

    def _questionnaire(self, mapping: Mapping, tree: Tree) -> list[Fault]:
        """Hold the published Questionnaire to the mapping, and its texts to both."""
        path = self.folder / mapping.wire.questionnaire
        try:
            texts, wrong = load_texts(*self._text(path.with_name("texts.yaml")))
            committed = json.loads(self._text(path)[0])
        except (OSError, ValueError) as error:
            what = f"{path.name} and texts.yaml beside it cannot be read: {type(error).__name__}"
            return [mapping.wire.spot_of("questionnaire").fault(what)]
        return wrong if texts is None else list(check_questionnaire(mapping, tree, committed, texts))

    def questions(self, name: str) -> Questions:
        """Give the table of questions of a mapping. Raises `ConfigurationError` when it is wrong."""
        questions, faults = self._questions(self.mappings[name])
        if questions is None or faults:
            raise ConfigurationError(faults)
        return questions

    def _questions(self, mapping: Mapping) -> tuple[Questions | None, list[Fault]]:
        path = self.folder / mapping.wire.questions
        if not path.is_file():
            return None, [mapping.wire.spot_of("questions").fault(f"there is no table of questions {path.name}")]
        return load_questions(*self._text(path))

    def questionnaires(self) -> dict[Path, bytes]:
        """Make the Questionnaire of each mapping that has one anew, by the path of its published file.

        Raises `ConfigurationError` when a mapping or its texts are wrong.
        """
        made: dict[Path, bytes] = {}
        for mapping in self.mappings.values():
            path = self.folder / mapping.wire.questionnaire
            if mapping.wire.questionnaire and path.parent == (self.folder.parent / mapping.spot.file).parent:
                texts, faults = load_texts(*self._text(path.with_name("texts.yaml")))
                if texts is None:
                    raise ConfigurationError(faults)
                made[path] = render(questionnaire(mapping, self._checked(mapping.name), texts))
        return made

    def _checked(self, name: str) -> Tree:
        wrong = [*self._tables[1], *(f for f in self._loaded[1] if f.file == self.mappings[name].spot.file)]
        if name not in self._trees:
            tree, faults = (None, wrong) if wrong else self.tree(name)
            if tree is None:
                raise ConfigurationError(faults)
            self._trees[name] = tree
        return self._trees[name]

    def reader(self, name: str) -> Reader:
        """Give the reading program of a mapping, compiled once."""
        if name not in self._readers:
            self._readers[name] = Reader(self.mappings[name], self._checked(name))
        return self._readers[name]

    def writer(self, name: str) -> Writer:
        """Give the writing program of a mapping, compiled once for each set of data classes."""
        if name not in self._writers:
            self._writers[name] = Writer(self.mappings[name], self._checked(name))
        return self._writers[name]

    def model(self, name: str) -> type:
        """Give the record class that a mapping makes or writes."""
        return self._checked(name).model

    def lacks(self, name: str) -> dict[str, str]:
        """Give, by canonical field, why a format has no place for it."""
        return dict(self._checked(name).lacks)

    def places(self, name: str) -> dict[str, str]:
        """Give, by canonical field (without list indices), the path at which a mapping has it."""
        separator = "/" if self.mappings[name].wire.format == "xml" else "."
        return {
            without_indices(place.use.target.path): trail
            for place in self._checked(name).root.below()
            if isinstance(place.use, Leaf | Record) and (trail := _trail(place, separator))
        }

    def digest(self, name: str) -> str:
        """Give the version and the hash of a mapping's file, as the audit entry names it."""
        mapping = self.mappings[name]
        return f"{mapping.version}:{self.hashes[mapping.spot.file][:16]}"
