"""NAV's scans of paper sick notes: read or refused at a place, by a schema that agrees with the official one."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random

import pytest
import xmlschema
from accounts import library, read_by_the_laws
from lxml import etree
from mutations import changed_xml
from schema_documents import Generator, Mutator, single_faults

from gateway.core.errors import NotAcceptable
from gateway.core.vocabulary import DataClass
from gateway.flow import parse
from gateway.model import HumanName, SickLeaveCertificate
from gateway.model.walk import values_of
from gateway.wiring.formats import installed

DATA = Path(__file__).parents[2] / "../shared/data/nav"
OFFICIAL = DATA / "xsd/syfo-xml-codegen/papirsykemelding/syk_skanning_meta.xsd"
OURS = Path(__file__).parents[2] / "mappings/schema/nav/papirsykmelding.xsd"
FILES = sorted((DATA / "papirsykmelding").glob("*.xml"))
SEVERAL_OUTLOOKS = "komplett"
PAPER = "nav-papirsykmelding"
pytestmark = pytest.mark.skipif(not OFFICIAL.is_file(), reason="NAV's scans are not in ../shared/data")


@cache
def sample(path: Path) -> etree._Element:
    return etree.fromstring(path.read_bytes(), etree.XMLParser(remove_comments=True))


def test_the_scans_are_there() -> None:
    assert len(FILES) >= 6


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_scan_is_read_and_adds_up_or_is_refused_with_a_place_and_a_reason(path: Path) -> None:
    assert read_by_the_laws(library().reader(PAPER), sample(path)).issues == ()
    if SEVERAL_OUTLOOKS in path.stem:
        with pytest.raises(NotAcceptable) as refusal:
            parse(installed()[1][PAPER], path.read_bytes())
        at = [issue.at.rpartition("/")[0] for issue in refusal.value.issues]
        assert at == ["/skanningmetadata/sykemeldinger/prognose/utenArbeidsgiver"]
        return
    parsed = parse(installed()[1][PAPER], path.read_bytes(), report=True)
    assert parsed.leaves == len(parsed.rows)
    assert parsed.record.periods


def test_a_scan_changed_anywhere_is_taken_or_refused_and_adds_up_in_both_programs() -> None:
    taken = set()
    for seed in range(300):
        random = Random(seed)  # noqa: S311
        changed = changed_xml(sample(random.choice(FILES)), random)
        taken.add(read_by_the_laws(library().reader(PAPER), changed).acceptable)
        parsed = installed()[1][PAPER].parse(etree.tostring(changed), report=True)  # type: ignore[misc]
        assert parsed.acceptable or parsed.issues
    assert taken == {True, False}


def documents() -> Iterator[etree._Element]:
    """Give scans, scans with a fault anywhere, and documents that the schema allows, with and without one."""
    dice = Random(5)  # noqa: S311
    generator = Generator(xmlschema.XMLSchema(str(OFFICIAL)), [""], dice)
    mutator = Mutator({"": [sample(path) for path in FILES]}, [""], dice)
    yield from map(sample, FILES)
    yield from (fault for path in FILES[2:4] for fault in single_faults(sample(path)))
    for _ in range(200):
        document = generator.document()
        yield document
        yield mutator.mutate(document)


def test_our_schema_gives_the_official_verdict_on_scans_faults_and_generated_documents() -> None:
    ours, official = (etree.XMLSchema(etree.parse(path)) for path in (OURS, OFFICIAL))
    verdicts = [(ours.validate(one), official.validate(one)) for one in documents()]
    assert [number for number, (a, b) in enumerate(verdicts) if a != b] == []
    assert {official for _, official in verdicts} == {True, False}


def whole(record: SickLeaveCertificate) -> SickLeaveCertificate:
    """Give a certificate with the names and numbers that no sheet has and the employer's form demands."""
    name = HumanName(family="Myrull", given="Synne")
    return replace(
        record,
        id="melding",
        employer_orgnr="910000000",
        legal_orgnr="910000001",
        received_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        patient=replace(record.patient, name=name),
        certifier=replace(record.certifier, name=name),
    )


def test_no_word_of_a_sheet_that_an_employer_may_not_see_is_in_what_an_employer_gets() -> None:
    text = next(path for path in FILES if path.stem.endswith("komplett")).read_text("utf-8")
    root = etree.fromstring(text.encode(), etree.XMLParser(remove_comments=True))
    outlook = root.find(".//utenArbeidsgiver")
    assert outlook is not None
    outlook.getparent().remove(outlook)
    for number, leaf in enumerate(one for one in root.iter() if not len(one)):
        if leaf.tag.endswith(("Besk", "Arsak", "Beskrivelse", "NAV", "diagnose", "Tiltak", "begrunnelse")):
            leaf.text = f"plante{number}ord"
    record = parse(installed()[1][PAPER], etree.tostring(root)).record
    never = {DataClass.DIAGNOSIS, DataClass.CLINICAL, DataClass.AUTHORITY_NOTE}
    words = {value for _, value, found in values_of(record) if found in never and str(value).startswith("plante")}
    assert len(words) > 5
    copy, _ = library().writer("nav-employer").write(whole(record), None)
    assert "Sesam Stasjon" in copy
    assert not [word for word in words if str(word) in copy]
