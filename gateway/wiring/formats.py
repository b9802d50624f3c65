"""The formats and the rules of an installation, without anything that listens or stores.

Every mapping under `mappings/` is a format, except that all those of FHIR are one: which record a Bundle makes follows
from what stands in it, and which mapping writes it from the record.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache, cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from adapters import canonical
from adapters.fhir.asked import questions
from adapters.fhir.parse import FhirParser
from adapters.fhir.render import MARKS, FhirRenderer, JsonRenderer
from adapters.json.parse import JsonParser
from adapters.se.call import Calls
from adapters.se.svar import Certificates
from adapters.xml.document import validate_element
from adapters.xml.paper import PaperParser
from adapters.xml.parse import XmlParser
from adapters.xml.render import XmlRenderer
from gateway.core.errors import ConfigurationError
from gateway.core.ports import Format
from gateway.core.vocabulary import Obligation
from gateway.edge.library import Library
from gateway.mapping.language import Mapping as MappingFile
from gateway.model import SickLeaveCertificate
from gateway.model.messages import MESSAGES, RECORDS
from gateway.model.paper import ScannedNote
from gateway.policy.load import load as load_rules
from gateway.policy.rules import Table, compile_table

FHIR = "fhir-r4"
NEEDED = ("fhir", "fhir-clinical", "nav-sykmelding", "nav-employer", "nav-employer-json", "nav-apprec")


class Formats(Mapping[str, Format]):
    """Every format of a library by its id, each made when it is first asked for.

    Raises `ConfigurationError` when a mapping that is needed is not there, and for a format whose data is wrong.
    """

    def __init__(self, library: Library) -> None:
        missing = [f"{library.folder}: there is no mapping {name}" for name in NEEDED if name not in library.mappings]
        if missing:
            raise ConfigurationError(missing)
        self._library = library
        own = [name for name, one in library.mappings.items() if one.wire.schema != FHIR]
        self._made: dict[str, Format | None] = dict.fromkeys((*own, "fhir", "canonical"))

    @cached_property
    def _payroll(self) -> dict[str, Format]:
        from gateway.wiring.payroll import payroll  # noqa: PLC0415 - reads every profile, which few commands need

        return payroll(self._library.folder)

    def __getitem__(self, name: str) -> Format:
        """Give a format. Raises `KeyError` for one that there is not."""
        if name not in self._made:
            return self._payroll[name]
        made = self._made[name]
        if made is None:
            made = self._made[name] = self._make(name)
        return made

    def __contains__(self, name: object) -> bool:
        """Whether there is a format of this id, without making it."""
        return name in self._made or name in self._payroll

    def __iter__(self) -> Iterator[str]:
        """Give every id, without making a format."""
        return chain(self._made, self._payroll)

    def __len__(self) -> int:
        """Count the formats."""
        return len(self._made) + len(self._payroll)

    def make_all(self) -> None:
        """Make every format and compile every program now, so that wrong data ends a start and not a message."""
        for name, one in self._library.mappings.items():
            _ = one.reads and self._library.reader(name)
            _ = one.writes and self._library.writer(name)
        for name in self:
            _ = self[name]

    def _make(self, name: str) -> Format:
        if name == "fhir":
            return _fhir(self._library)
        return _CANONICAL if name == "canonical" else _format(self._library, self._library.mappings[name])


_CANONICAL = Format(
    id="canonical",
    title="The canonical model as JSON, for people and tests",
    models=tuple(RECORDS),
    version="1",
    schema="gateway.model",
    media_type=canonical.MEDIA_TYPE,
    parse=canonical.CanonicalParser(*RECORDS.values()),
    render=canonical.render,
)


@cache
def installed(folder: Path | None = None) -> tuple[Library, Formats]:
    """Give the library of a folder, by default our own, and its formats: read once in a process."""
    library = Library(folder)
    return library, Formats(library)


def kinds(known: Mapping[str, Format]) -> dict[str, str]:
    """Give, by the name of a payload element, the format that messages with it are read in."""
    messages = {record.__name__ for record in MESSAGES}
    read = [one for one in known.values() if one.parse is not None and messages.intersection(one.models)]
    return {name: one.id for one in read for name in one.payloads}


def _format(library: Library, mapping: MappingFile) -> Format:
    name, xml = mapping.name, mapping.wire.format == "xml"
    called, paper = _called(library, mapping), mapping.model == ScannedNote.__name__
    return Format(
        id=name,
        title=mapping.title,
        models=(SickLeaveCertificate.__name__ if paper else mapping.model,),
        version=mapping.version,
        schema=mapping.wire.schema,
        media_type="application/xml" if xml else "application/json",
        parse=_parser(library, mapping, called) if mapping.reads else None,
        render=_renderer(library, mapping, called) if mapping.writes else None,
        lacks=library.lacks(name),
        places=library.places(name),
        payloads=_payloads(library, mapping) if xml else frozenset(),
        on_paper=paper,
    )


def _payloads(library: Library, mapping: MappingFile) -> frozenset[str]:
    """Give the names, with and without their namespaces, that tell a document of this mapping."""
    names = tuple(mapping.bare or (mapping.wire.root,))
    return frozenset(mapping.wire.told_by or (*names, *map(library.schema(mapping).tag, names)))


def _called(library: Library, mapping: MappingFile) -> Certificates | Calls | None:
    """Give what knows a call of a service: a form whose answers have numbers, or a plain one."""
    schema = partial(validate_element, schema=mapping.wire.schema, schemas=library.folder / "schema")
    if mapping.wire.questions:
        return Certificates(library.questions(mapping.name), schema)
    return Calls(mapping.wire.root, schema) if mapping.wire.service else None


def _parser(library: Library, mapping: MappingFile, called: Certificates | Calls | None) -> Any:
    read = library.reader(mapping.name).read
    if mapping.wire.format == "json":
        return JsonParser(read)
    if mapping.model == ScannedNote.__name__:
        return PaperParser(read)
    messages = {name for one in library.mappings.values() for name in one.bare} if mapping.bare else ()
    return XmlParser(read, called.typed if called else None, messages)


def _renderer(library: Library, mapping: MappingFile, called: Certificates | Calls | None) -> Any:
    write = library.writer(mapping.name).write
    if mapping.wire.format == "xml":
        return XmlRenderer(write, library.folder / "schema", mapping.wire.schema, called)
    return JsonRenderer(write, "application/json")


def _fhir(library: Library) -> Format:
    form = library.mappings["fhir"]
    every = [one for one in library.mappings.values() if one.wire.schema == FHIR]
    read = {told: partial(_read, library, one.name) for one in every if one.reads for told in _tells(one)}
    written = {RECORDS[one.model]: partial(_write, library, one.name) for one in every if one.writes}
    return Format(
        id="fhir",
        title=form.title,
        models=tuple(record.__name__ for record in written),
        version=form.version,
        schema=form.wire.schema,
        media_type="application/fhir+json",
        parse=FhirParser(
            partial(_read, library, "fhir"),
            partial(_read, library, "fhir-clinical"),
            read,
            questions(orjson.loads((library.folder / form.wire.questionnaire).read_bytes())["item"]),
        ),
        render=FhirRenderer(written),
        lacks=library.lacks("fhir"),
        places=library.places("fhir"),
        marks=frozenset(map(Obligation, MARKS)),
    )


def _read(library: Library, name: str, document: Any, **options: Any) -> Any:
    """Read with a program that is compiled when the first message of its kind comes."""
    return library.reader(name).read(document, **options)


def _write(library: Library, name: str, *given: Any, **options: Any) -> Any:
    return library.writer(name).write(*given, **options)


def _tells(mapping: MappingFile) -> tuple[str, ...]:
    """Give what tells the Bundles of a mapping; a sick note is what tells of nothing else."""
    return () if mapping.model == SickLeaveCertificate.__name__ else mapping.wire.told_by


def rules(folder: Path) -> Table:
    """Give the rule table in force today."""
    return compile_table(load_rules(folder / "policy"), datetime.now(UTC).date())
