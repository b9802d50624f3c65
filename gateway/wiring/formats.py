"""The formats and the rules of an installation, without anything that listens or stores."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters import canonical
from adapters.fhir.parse import FhirParser
from adapters.fhir.render import JsonRenderer
from adapters.nav.parse import XmlParser
from adapters.nav.render import XmlRenderer
from gateway.core.errors import ConfigurationError
from gateway.core.ports import Format
from gateway.edge.library import Library
from gateway.policy.load import load as load_rules
from gateway.policy.rules import Table, compile_table

NEEDED = ("fhir", "fhir-clinical", "nav-sykmelding", "nav-employer", "nav-employer-json", "nav-apprec")


def formats(library: Library) -> dict[str, Format]:
    """Give every format by its id. Raises `ConfigurationError` when the data is wrong, or not all there."""
    missing = [f"{library.folder}: there is no mapping {name}" for name in NEEDED if name not in library.mappings]
    if missing:
        raise ConfigurationError(missing)
    schemas = library.folder / "schema"
    fhir = FhirParser(library.reader("fhir").read, library.reader("fhir-clinical").read)
    sides: dict[str, tuple[Any, Any]] = {
        "fhir": (fhir, JsonRenderer(library.writer("fhir").write)),
        "nav-sykmelding": (
            XmlParser(library.reader("nav-sykmelding").read),
            XmlRenderer(library.writer("nav-sykmelding").write, schemas, "nav/nav.xsd"),
        ),
        "nav-employer": (None, XmlRenderer(library.writer("nav-employer").write, schemas, "nav/nav.xsd")),
        "nav-employer-json": (None, JsonRenderer(library.writer("nav-employer-json").write, "application/json")),
        "nav-apprec": (
            XmlParser(library.reader("nav-apprec").read),
            XmlRenderer(library.writer("nav-apprec").write, schemas, "nav/nav.xsd"),
        ),
    }
    known = {name: _format(library, name, *both) for name, both in sides.items()}
    known["canonical"] = Format(
        id="canonical",
        title="The canonical model as JSON, for people and tests",
        model="SickLeaveCertificate",
        version="1",
        schema="gateway.model",
        media_type=canonical.MEDIA_TYPE,
        parse=canonical.CanonicalParser(library.model("nav-sykmelding"), library.model("nav-apprec")),
        render=canonical.render,
    )
    return known


def _format(library: Library, name: str, parse: Any, render: Any) -> Format:
    mapping = library.mappings[name]
    return Format(
        id=name,
        title=mapping.title,
        model=mapping.model,
        version=mapping.version,
        schema=mapping.wire.schema,
        media_type="application/xml" if mapping.wire.format == "xml" else "application/fhir+json",
        parse=parse,
        render=render,
        lacks=library.lacks(name),
        places=library.places(name),
    )


def rules(folder: Path) -> Table:
    """Give the rule table in force today."""
    return compile_table(load_rules(folder / "policy"), datetime.now(UTC).date())
