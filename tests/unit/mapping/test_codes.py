"""Code tables: mistakes planted in the real ones, and what a whole table can do."""

import pytest
from check_kit import CODES, FOLDER, NAV, Mistake, assert_told, library, position, text_of
from fhir.resources.R4B.conceptmap import ConceptMap

from gateway.core.errors import Fault
from gateway.mapping.check.mapping import check
from gateway.mapping.load.codes import concept_map, load_tables
from gateway.model.codes import LISTS
from gateway.model.messages import RECORDS

MISTAKES = (
    Mistake(
        "a misspelt canonical word in a table",
        CODES,
        "[PST, postal, Postadresse]",
        "[PST, postel, Postadresse]",
        "postel",
        "postel is not in the canonical list address-use",
        "did you mean postal?",
    ),
    Mistake(
        "a misspelt list",
        CODES,
        "address-use:\n  list: address-use",
        "address-use:\n  list: adress-use",
        "adress-use",
        "there is no canonical code list adress-use",
        "did you mean address-use?",
    ),
    Mistake(
        "a row with a cell too few",
        CODES,
        "[H, home, Bostedsadresse]",
        "[H, home]",
        "[H, home]",
        "a row of table address-use has 3 cells: wire, canonical, display",
    ),
    Mistake(
        "a wire code that stands twice",
        CODES,
        "[MC, mobile,",
        "[HP, mobile,",
        "[HP, mobile,",
        "table telecom-use is not one to one here",
        "put further spellings that are read under `also:`",
    ),
    Mistake(
        "another spelling of nothing",
        CODES,
        "also: {FNR_Test_Reserved: FNR}",
        "also: {FNR_Test_Reserved: FNRR}",
        "FNRR",
        "FNRR is not written by table ident-kind",
        "did you mean FNR?",
    ),
    Mistake(
        "another spelling that stands already",
        CODES,
        "also: {FNR_Test_Reserved: FNR}",
        "also: {DNR: FNR}",
        "DNR: FNR}",
        "DNR stands in table ident-kind already",
    ),
    Mistake(
        "a misspelt key of a table",
        CODES,
        "party-ident:\n  list:",
        "party-ident:\n  lits:",
        "lits",
        "there is no key lits here",
        "did you mean list?",
    ),
    Mistake(
        "columns in another order",
        CODES,
        (
            "receipt-status:                     # kodeverk 8222; and FHIR's MessageHeader.response.code\n"
            "  list: receipt-status\n  columns: [wire, canonical, display, response]"
        ),
        (
            "receipt-status:                     # kodeverk 8222; and FHIR's MessageHeader.response.code\n"
            "  list: receipt-status\n  columns: [canonical, wire, display, response]"
        ),
        "[canonical, wire, display, response]",
        "the first two columns are wire and canonical",
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.sentence)
def test_it_is_told_once_at_its_place_in_plain_words(mistake: Mistake) -> None:
    assert_told(mistake)


def faults_with(old: str, new: str) -> tuple[list[Fault], list[Fault]]:
    """What is told of the tables, and then of the mapping that uses them, when the tables say `new`."""
    text = text_of(CODES)
    assert text.count(old) == 1
    tables, wrong = load_tables(text.replace(old, new), CODES)
    mapping = library().mappings["nav-sykmelding"]
    return wrong, check(mapping, library().schema(mapping), {**library().tables, **tables}, RECORDS)[1]


def test_a_table_that_cannot_write_a_word_is_told_where_a_mapping_writes_with_it() -> None:
    wrong, faults = faults_with("    - [RES, visiting, Besøksadresse]\n", "")
    assert wrong == []
    line, column = position(text_of(NAV), "address-use, unknown: omit")
    at = position(text_of(CODES), "address-use:\n  list")[0]
    told = f"table address-use ({CODES}:{at}) cannot write visiting of list address-use; add a row for each"
    assert list(map(str, faults)) == [f"mappings/{NAV}:{line}:{column}: {told}"]


def test_a_table_with_a_mistake_of_its_own_makes_none_in_the_mappings_that_use_it() -> None:
    wrong, faults = faults_with("[RES, visiting, Besøksadresse]", "[HP, visiting, Besøksadresse]")
    assert [fault.what for fault in wrong] == ["table address-use is not one to one here"]
    assert faults == []
    wrong, faults = faults_with("address-use:\n  list: address-use", "address-use:\n  list: adress-use")
    assert len(wrong) == 1
    assert faults == []


@pytest.mark.parametrize("name", sorted(library().tables))
def test_every_word_of_the_list_is_written_and_read_back_and_every_other_spelling_is_read(name: str) -> None:
    table = library().tables[name]
    assert table.lacking == ()
    assert {table.to_canonical[wire] for wire in table.to_wire.values()} == LISTS[table.list]
    assert all(table.to_canonical[wire] == word for word, wire in table.to_wire.items())
    assert set(table.to_canonical.values()) == LISTS[table.list]


@pytest.mark.parametrize("name", sorted(library().tables))
def test_a_table_is_a_concept_map_that_fhir_takes(name: str) -> None:
    table = library().tables[name]
    made = ConceptMap.model_validate(concept_map(table))
    assert len(made.group[0].element) == len(table.to_canonical)


def test_no_code_table_stands_in_two_files() -> None:
    files = sorted((FOLDER / "codes").glob("*.yaml"))
    names = [name for file in files for name in load_tables(file.read_text(encoding="utf-8"), file.name)[0]]
    assert len(names) == len(set(names)) == len(library().tables)
