"""Every real message of NAV's, as it is and changed: read, or refused with a reason; nothing lost or leaked."""

import csv
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from accounts import differences, library, read_by_the_laws, write_by_the_laws
from long_runs import times
from lxml import etree
from mutations import changed_json, changed_xml

from adapters.xml.document import read
from gateway.core.errors import NotAcceptable
from gateway.core.vocabulary import DataClass
from gateway.model import SickLeaveCertificate
from gateway.model.walk import values_of

DATA = Path(__file__).parents[2] / "../shared/data/nav"
NEVER = {DataClass.DIAGNOSIS, DataClass.CLINICAL, DataClass.AUTHORITY_NOTE}
FEW, MANY = 400, times(100)
LARGE = 50_000
"""Bytes; larger messages are read once and not changed."""

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="NAV's sample messages are not in ../shared/data")


@cache
def index() -> dict[str, dict[str, str]]:
    with (DATA / "INDEX.tsv").open(encoding="utf-8") as file:
        return {row["file"]: row for row in csv.DictReader(file, delimiter="\t")}


def sick_notes() -> list[str]:
    rows = index() if DATA.is_dir() else {}
    return sorted(name for name, row in rows.items() if name.startswith("sykmelding/") and "SM2013=" in row["note"])


def valid_sick_notes() -> list[str]:
    return [name for name in sick_notes() if index()[name]["whole_document_xsd"] == "VALID"]


def receipts() -> list[str]:
    rows = index() if DATA.is_dir() else {}
    return sorted(name for name in rows if name.startswith("apprec/"))


def dialogues() -> list[str]:
    rows = index() if DATA.is_dir() else {}
    return sorted(name for name in rows if "dialog" in name.lower() and not name.startswith("apprec/"))


def statements() -> list[str]:
    rows = index() if DATA.is_dir() else {}
    return sorted(name for name in rows if name.startswith("legeerklaering/"))


def plans() -> list[str]:
    rows = index() if DATA.is_dir() else {}
    return sorted(name for name in rows if name.startswith("oppfolgingsplan/"))


UNREADABLE = {
    "padm2__dialogmelding_dialog_notat_vedlegg_missing_description": "not base64",
    "padm2__dialogmelding_dialog_svar_foresporsel_om_pasient_invalid": "a code that its table does not hold",
    "Messaging.Tests__MetadataTestsDialogmelding11": "Base64Container is missing",  # it stands elsewhere
    # between citizens and their doctors' offices, in code systems that NAV does not use
    "Messaging.Client__Dialogtjeneste12_Kommunikasjonstest_Request": "a code that its table does not hold",
    "SimpleSender__DIALOG_INNBYGGER_EKONTAKT": "a code that its table does not hold",
    "SimpleSender__DIALOG_INNBYGGER_RESEPTFORNYELSE": "a code that its table does not hold",
}
"""The dialogue messages that are refused, by name, with what is wrong with them."""


@cache
def message(name: str) -> Any:
    return read((DATA / name).read_bytes())


@cache
def official(path: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(DATA / "xsd" / path))


def assert_valid(schema: str, text: str) -> None:
    document = etree.fromstring(text.encode())
    assert official(schema).validate(document), {error.type_name for error in official(schema).error_log}


# as they are


def test_the_samples_are_there() -> None:
    assert len(sick_notes()) >= 24
    assert len(valid_sick_notes()) >= 6
    assert len(receipts()) >= 5
    assert len(dialogues()) >= 20


@pytest.mark.parametrize("name", sick_notes())
def test_each_sick_note_is_read_or_refused_with_a_path_and_a_reason(name: str) -> None:
    parsed = read_by_the_laws(library().reader("nav-sykmelding"), message(name))
    if not parsed.acceptable:
        assert all(issue.at.startswith("/") and issue.mend for issue in parsed.issues)


@pytest.mark.parametrize("name", valid_sick_notes())
def test_each_valid_sick_note_goes_through_fhir_and_back_to_valid_xml_and_an_equal_record(name: str) -> None:
    record = read_by_the_laws(library().reader("nav-sykmelding"), message(name)).record
    bundle, _ = write_by_the_laws(library().writer("fhir"), record)
    between = read_by_the_laws(library().reader("fhir"), bundle).record
    assert differences(record, between) == []
    xml, _ = write_by_the_laws(library().writer("nav-sykmelding"), between)
    assert_valid("_combined/combined.xsd", xml)
    back = read_by_the_laws(library().reader("nav-sykmelding"), etree.fromstring(xml.encode())).record
    assert record == between == back


@pytest.mark.parametrize("name", sick_notes())
def test_each_sick_note_that_is_read_is_written_again_as_both_formats_or_refused_by_name(name: str) -> None:
    record = library().reader("nav-sykmelding").read(message(name)).record
    if record is None:
        return
    for wire in ("nav-sykmelding", "fhir"):
        try:
            output, _ = write_by_the_laws(library().writer(wire), record)
        except NotAcceptable as refusal:
            refused = {issue.code for issue in refusal.issues}
            assert refused == {"required"}  # the sample lacks what the schema demands
            continue
        document = etree.fromstring(output.encode()) if isinstance(output, str) else output
        back = read_by_the_laws(library().reader(wire), document)
        if back.acceptable:
            assert differences(record, back.record) == []
        else:  # NAV's XML holds a code to no form
            assert all("no code of its code system" in issue.what for issue in back.issues)


@pytest.mark.parametrize("name", receipts())
def test_each_receipt_is_read_in_both_versions_alike_and_written_as_the_other(name: str) -> None:
    one, other = (library().reader(f"nav-apprec{version}").read(message(name)).record for version in ("", "-1.1"))
    assert one == other
    assert one is not None
    newer, _ = write_by_the_laws(library().writer("nav-apprec-1.1"), one)
    assert "2012-02-15" in newer
    assert read_by_the_laws(library().reader("nav-apprec"), etree.fromstring(newer.encode())).record == one


@pytest.mark.parametrize("name", receipts())
def test_each_receipt_is_read_and_written_again_or_refused_with_a_reason(name: str) -> None:
    parsed = read_by_the_laws(library().reader("nav-apprec"), message(name))
    if parsed.record is not None:
        xml, _ = write_by_the_laws(library().writer("nav-apprec"), parsed.record)
        assert_valid("_combined/combined.xsd", xml)
        assert library().reader("nav-apprec").read(etree.fromstring(xml.encode())).record == parsed.record


@pytest.mark.parametrize("name", dialogues())
def test_each_dialogue_message_is_read_and_written_again_or_refused_with_a_path_and_a_reason(name: str) -> None:
    parsed = read_by_the_laws(library().reader("nav-dialogmelding"), message(name))
    wrong = UNREADABLE.get(Path(name).stem)
    if wrong:
        assert any(wrong in f"{issue.at} {issue.what}" for issue in parsed.issues)
        assert all(issue.at.startswith("/") and issue.mend for issue in parsed.issues)
        return
    assert parsed.issues == ()
    xml, _ = write_by_the_laws(library().writer("nav-dialogmelding"), parsed.record)
    assert_valid("_combined/combined.xsd", xml)
    assert library().reader("nav-dialogmelding").read(etree.fromstring(xml.encode())).record == parsed.record


@pytest.mark.parametrize("name", sorted(set(dialogues())))
def test_a_dialogue_message_goes_through_fhir_and_loses_only_what_the_mapping_lists(name: str) -> None:
    record = library().reader("nav-dialogmelding").read(message(name)).record
    if record is None:
        return
    bundle, _ = write_by_the_laws(library().writer("fhir-dialogue"), record)
    between = read_by_the_laws(library().reader("fhir-dialogue"), bundle).record
    lost = {re.sub(r"\[\d+\]", "", path) for path in differences(record, between)}
    kind = type(record.matter).__name__
    lacks = {field.replace(f"matter({kind})", "matter") for field in library().lacks("fhir-dialogue")}
    assert {path for path in lost if not any(path.startswith(field) for field in lacks)} == set()


@pytest.mark.parametrize("name", statements())
def test_each_medical_statement_is_read_although_invalid_and_written_validly_in_both_formats(name: str) -> None:
    parsed = read_by_the_laws(library().reader("nav-legeerklaring"), message(name))
    assert parsed.issues == ()
    assert {"later than the schema's order has it", "not the constant that is expected here"} <= {
        deviation.what for deviation in parsed.deviations
    }
    xml, _ = write_by_the_laws(library().writer("nav-legeerklaring"), parsed.record)
    assert_valid("_combined/combined.xsd", xml)
    bundle, _ = write_by_the_laws(library().writer("fhir-legeerklaring"), parsed.record)
    between = read_by_the_laws(library().reader("fhir-legeerklaring"), bundle).record
    back = read_by_the_laws(library().reader("nav-legeerklaring"), etree.fromstring(xml.encode())).record
    assert parsed.record == between == back


@pytest.mark.parametrize("name", plans())
def test_each_follow_up_plan_is_read_with_its_flags_and_written_validly(name: str) -> None:
    parsed = read_by_the_laws(library().reader("nav-oppfolgingsplan"), message(name))
    assert parsed.issues == ()
    assert parsed.record.share_with_nav is parsed.record.share_with_gp is ("ingen_deling" not in name)
    xml, _ = write_by_the_laws(library().writer("nav-oppfolgingsplan"), parsed.record)
    assert_valid("syfo-xml-codegen/oppfolgingsplan/Oppfolgingsplan201607_2.xsd", xml)
    assert library().reader("nav-oppfolgingsplan").read(etree.fromstring(xml.encode())).record == parsed.record


def test_what_a_dialogue_message_strays_from_is_named() -> None:
    told = {name: library().reader("nav-dialogmelding").read(message(name), report=True) for name in dialogues()}
    what = {deviation.what for parsed in told.values() for deviation in parsed.deviations}
    assert {
        "a MsgHead around a MsgHead; the inner one is read",
        "later than the schema's order has it",  # the reversed ConversationRef
        "in a namespace that the schema does not give it",  # version 1.1
        "a time without a zone, read as local time",
    } <= what


# changed


def storm(reader: str, sources: list[Any], change: Callable[[Any, Random], Any], times: int) -> Iterator[bool]:
    """Read changed messages by the laws; gives whether each was taken."""
    for seed in range(times):
        random = Random(f"{reader}{seed}")  # noqa: S311
        changed = change(random.choice(sources), random)
        try:
            yield read_by_the_laws(library().reader(reader), changed).acceptable
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


def assert_taken_and_refused(outcomes: Iterator[bool]) -> None:
    assert set(outcomes) == {True, False}


@cache
def bundles() -> list[Any]:
    records = (library().reader("nav-sykmelding").read(message(name)).record for name in sick_notes())
    return [library().writer("fhir").write(record)[0] for record in records if record is not None]


@pytest.mark.parametrize("times", [2 * FEW, pytest.param(MANY, marks=[pytest.mark.fuzz, pytest.mark.timeout(0)])])
def test_changed_sick_notes_add_up_in_both_programs(times: int) -> None:
    assert_taken_and_refused(storm("nav-sykmelding", [message(n) for n in sick_notes()], changed_xml, times))


@pytest.mark.parametrize("times", [FEW, pytest.param(MANY, marks=[pytest.mark.fuzz, pytest.mark.timeout(0)])])
def test_changed_receipts_add_up_in_both_programs(times: int) -> None:
    assert_taken_and_refused(storm("nav-apprec", [message(n) for n in receipts()], changed_xml, times))


@pytest.mark.parametrize("times", [FEW, pytest.param(MANY, marks=[pytest.mark.fuzz, pytest.mark.timeout(0)])])
def test_changed_dialogue_messages_add_up_in_both_programs(times: int) -> None:
    small = [name for name in dialogues() if (DATA / name).stat().st_size < LARGE]
    assert_taken_and_refused(storm("nav-dialogmelding", [message(n) for n in small], changed_xml, times))


@pytest.mark.parametrize("times", [FEW, pytest.param(MANY, marks=[pytest.mark.fuzz, pytest.mark.timeout(0)])])
def test_changed_medical_statements_add_up_in_both_programs(times: int) -> None:
    assert_taken_and_refused(storm("nav-legeerklaring", [message(n) for n in statements()], changed_xml, times))


@pytest.mark.parametrize("times", [2 * FEW, pytest.param(MANY, marks=[pytest.mark.fuzz, pytest.mark.timeout(0)])])
def test_changed_bundles_add_up_in_both_programs(times: int) -> None:
    assert_taken_and_refused(storm("fhir", bundles(), changed_json, times))


@pytest.mark.parametrize("times", [FEW, pytest.param(MANY, marks=[pytest.mark.fuzz, pytest.mark.timeout(0)])])
def test_changed_bundles_add_up_when_read_as_an_ordinary_record_systems(times: int) -> None:
    assert_taken_and_refused(storm("fhir-clinical", bundles(), changed_json, times))


# the employer's copy


def completed(record: SickLeaveCertificate) -> SickLeaveCertificate:
    """Give a record with what NAV and the gateway join before an employer gets a copy."""
    return replace(
        record,
        id=record.id or "melding",
        employer_orgnr="910000000",
        legal_orgnr="910000001",
        received_at=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
    )


def planted(name: str) -> tuple[SickLeaveCertificate, dict[str, str]]:
    """Plant a word of its own in every text and attribute that may hold one; gives the record and word by place."""
    root = deepcopy(message(name))
    reader, words = library().reader("nav-sykmelding"), {}
    before_all = {path for path, _, _ in values_of(reader.read(root).record)}
    for number, element in enumerate(list(root.iter())):
        keys = list(element.attrib)
        if not len(element) and element.text and element.text.strip():
            keys.append("")
        for key in keys:
            word, before = f"plante{number}{key.lower()}ord", element.get(key) if key else element.text
            _put(element, key, word)
            record = reader.read(root).record
            if record is not None and {path for path, _, _ in values_of(record)} == before_all:
                words[f"{number} {etree.QName(element).localname} {key}"] = word
            else:
                _put(element, key, before)
    return reader.read(root).record, words


def _put(element: Any, key: str, value: str | None) -> None:
    if key and value is not None:
        element.set(key, value)
    else:
        element.text = value


@pytest.mark.parametrize("name", sick_notes())
def test_each_employers_copy_is_valid_and_holds_no_word_of_what_an_employer_may_not_see(name: str) -> None:
    sample = library().reader("nav-sykmelding").read(message(name)).record
    if sample is None or sample.episode_start is None:
        pytest.skip("this sample is refused, on reading or for what the employer's schema demands")
    record, words = planted(name)
    barcode = [word for place, word in words.items() if "Strekkode" in place]
    secret = {word for _, word, data_class in values_of(record) if data_class in NEVER and word in words.values()}
    open_ = {word for _, word, data_class in values_of(record) if data_class is DataClass.IDENTITY}
    copy, rows = write_by_the_laws(library().writer("nav-employer"), completed(record))
    assert_valid("syfo-xml-codegen/sykmelding-arbeidsgiver/sykmeldingArbeidsgiver.xsd", copy)
    assert bool(barcode) == any("Strekkode" in str(element.tag) and element.text for element in message(name).iter())
    assert len(secret) > 1
    assert any(str(word) in copy for word in open_)
    told = {str(value) for _, value, data_class in values_of(record) if data_class not in NEVER}
    assert [place for place, word in words.items() if word in copy and word not in told] == []
    assert not [word for word in [*secret, *barcode] if word in copy]
    assert {row.field for row in rows if row.field.startswith(("diagnosis", "answers", "nav_note"))} == set()
