"""Every public sample of the employer's side that is at hand is read, or refused with a reason."""

import io
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from accounts import library, read_by_the_laws, write_by_the_laws
from lxml import etree

from gateway import flow
from gateway.core.errors import NotAcceptable
from gateway.model.messages import MESSAGES
from gateway.wiring.absences import Profiles, account
from gateway.wiring.formats import Formats

SAMPLES = Path(__file__).parents[3] / "shared/data/hr"
EXAMPLES = Path(__file__).parents[2] / "mappings/nav/inntektsmelding/examples"
PAXML = ("paxml4j__DEMO", "paxml4j__PAXml", "paxml4j__Workify", "tomasvold__")
NO_MESSAGES = ("INDEX.tsv", ".xsd", ".yaml")
READ = {
    "navlps__lps_test.xml": "nav-oppfolgingsplan",
    "navlps__lps_test_ingen_deling.xml": "nav-oppfolgingsplan",
    "syfoopp__lps_test.xml": "nav-oppfolgingsplan",
    "syfoopp__lps_test_ingen_deling.xml": "nav-oppfolgingsplan",
    "naviklps_im__im.json": "nav-inntektsmelding-api",
    "inntektsmelding_20181211_2.xml": "nav-inntektsmelding",
}
REFUSED = {
    "inntektsmelding_20180924_1.xml": ("nav-inntektsmelding", "not a date"),
    "naviklps_im__forespoersel.json": ("nav-inntektsmelding-api", "the message has no id"),
    "naviklps_im__forespoerselBesvart.json": ("nav-inntektsmelding-api", "the message has no id"),
    "naviklps_im__forespoerselFraBacklog.json": ("nav-inntektsmelding-api", "the message has no id"),
    "naviklps_im__inntektsmelding_distribuert.json": ("nav-inntektsmelding-api", "the message has no id"),
    "soknad_altinn__arbeidstakersoknad.json": ("nav-inntektsmelding-api", "an object was expected"),
    "soknad_altinn__behandlingsdagersoknad.json": ("nav-inntektsmelding-api", "an object was expected"),
    "soknad_altinn__gradertreisetilskuddarbeidstakersoknad.json": ("nav-inntektsmelding-api", "an object was expected"),
    "syfosmaltinn__smarbeidsgiver.json": ("nav-inntektsmelding-api", "the message has no id"),
    "tripletex__employees.csv": ("generic-csv", "none of the profile's columns is here"),
    "paxml4j__sample_01.json": ("paxml", "the XML cannot be read"),
    "paxml4j__sample_02.json": ("paxml", "the XML cannot be read"),
}
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not in ../shared/data/hr")


@cache
def known() -> Formats:
    return Formats(library())


def rows(name: str, profile: str) -> list[dict[str, Any]]:
    raw = (SAMPLES / name).read_bytes()
    return list(account(io.BytesIO(raw), Profiles(library().folder).get(profile), synthetic=False))


def reasons(name: str, form: str) -> Iterator[str]:
    """Give why a sample is not taken: by a profile, by a format, or by what is demanded of every message."""
    if form not in known():
        for row in rows(name, form):
            yield from (*row.get("refused", ()), *row.get("stopped", ()))
        return
    try:
        parsed = flow.parse(known()[form], (SAMPLES / name).read_bytes(), report=True)
    except NotAcceptable as error:
        yield from map(str, error.issues)
    else:
        yield from map(str, flow.deliverable(parsed))


def test_every_sample_is_told_of_here() -> None:
    left = {one.name for one in SAMPLES.iterdir()} - READ.keys() - REFUSED.keys()
    assert [n for n in left if not n.endswith(NO_MESSAGES) and not n.startswith(PAXML)] == []


@pytest.mark.parametrize("name", READ)
def test_a_sample_is_read_whole(name: str) -> None:
    parsed = flow.parse(known()[READ[name]], (SAMPLES / name).read_bytes(), report=True)
    assert type(parsed.record) in MESSAGES
    assert {row.outcome for row in parsed.rows} <= {"carried", "fixed", "dropped"}


@pytest.mark.parametrize("name", REFUSED)
def test_a_sample_is_refused_with_a_reason(name: str) -> None:
    form, why = REFUSED[name]
    assert any(why in one for one in reasons(name, form)), list(reasons(name, form))


@pytest.mark.parametrize("name", sorted(one.name for one in SAMPLES.glob("*") if one.name.startswith(PAXML)))
def test_a_paxml_sample_is_read_to_its_end(name: str) -> None:
    assert not [row for row in rows(name, "paxml") if "stopped" in row]


@pytest.mark.parametrize("version", ["20180924", "20181211"])
def test_an_income_report_of_either_version_is_written_as_the_official_schema_has_it(version: str) -> None:
    schema = etree.XMLSchema(etree.parse(SAMPLES / "nav-altinn-inntektsmelding__Inntektsmelding20181211.xsd"))
    reader, writer = library().reader("nav-inntektsmelding"), library().writer("nav-inntektsmelding")
    for example in sorted(EXAMPLES.glob("*.in.xml")):
        parsed = read_by_the_laws(reader, etree.fromstring(example.read_bytes().replace(b"20181211", version.encode())))
        assert parsed.issues == ()
        xml, _ = write_by_the_laws(writer, parsed.record)
        schema.assertValid(etree.fromstring(xml.encode()))
        assert reader.read(etree.fromstring(xml.encode())).record == parsed.record


def test_the_codes_of_income_reports_are_the_official_ones() -> None:
    listed = etree.parse(SAMPLES / "nav-altinn-inntektsmelding__Inntektsmelding_kodelister_20190409.xsd")
    official = {
        frozenset(one.get("value") for one in kind.iter("{*}enumeration")) for kind in listed.iter("{*}simpleType")
    }
    ours = {"income-benefit", "income-purpose", "income-change", "postponement-reason", "pay-reduction"}
    tables = (library().tables[name] for name in (*ours, "benefit-in-kind"))
    assert {frozenset(table.to_canonical) for table in tables} == official


def test_a_real_income_report_of_navs_interface_is_read_as_what_it_says() -> None:
    said = json.loads((SAMPLES / "naviklps_im__im.json").read_text("utf-8"))
    record = known()["nav-inntektsmelding-api"].parse(json.dumps(said).encode()).record
    assert record.job.earnings.monthly == "20000"
    assert [str(day) for one in record.employer_period.days for day in (one.start, one.end)] == [
        said["agp"]["perioder"][0][word] for word in ("fom", "tom")
    ]
