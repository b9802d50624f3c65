"""Profiles are strict data: each mistake at its place, and each example beside them holds."""

import io
import json
from pathlib import Path

import pytest
from hr_kit import ROOT, faults

from adapters.hr.load import load
from gateway.core.errors import ConfigurationError, NotAcceptable
from gateway.wiring.absences import Profiles, account, propose

KNOWN = Profiles(ROOT / "mappings")
EXAMPLES = sorted((ROOT / "mappings/hr").glob("*/examples/*.in.*"))


def test_the_systems_that_are_promised_have_a_profile():
    assert set(KNOWN.known) == {
        *("generic-csv", "sap-it2001", "visma-lonn", "tripletex", "huldt-lillevik", "personec-p", "heroma"),
        *("flex-hrm", "workday", "lessor", "paxml", "generic-income", "generic-register"),
    }


@pytest.mark.parametrize("profile", KNOWN.known.values(), ids=list(KNOWN.known))
def test_a_profile_says_what_is_verified_and_what_is_assumed(profile):
    assert profile.verified or profile.status == "assumed"
    assert profile.assumed or profile.status == "verified"
    assert profile.title


def test_every_profile_and_every_example_holds():
    assert KNOWN.faults() == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parents[1].name}-{path.name}")
def test_an_example_is_read_as_the_file_beside_it_says(path):
    with path.open("rb") as source:
        found = list(account(source, KNOWN.get(path.parents[1].name), synthetic=True))
    assert found == json.loads((path.parent / f"{path.name.partition('.in.')[0]}.out.json").read_text("utf-8"))
    assert any({"absence", "income"} & one.keys() for one in found) or "refused" in path.name or "one-of" in path.name


def test_an_example_that_does_not_hold_and_one_that_is_not_there_are_told(tmp_path: Path):
    folder = tmp_path / "mappings/hr/made-up"
    folder.mkdir(parents=True)
    (folder / "profile.yaml").write_bytes((ROOT / "mappings/hr/lessor/profile.yaml").read_bytes())
    assert "no example beside" in Profiles(tmp_path / "mappings").faults()[0]
    (folder / "examples").mkdir()
    (folder / "examples/01-x.in.csv").write_text("employeeemploymentcode\n", "utf-8")
    assert "it is not read as 01-x.out.json says" in Profiles(tmp_path / "mappings").faults()[0]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("kode: kind", "kode: kin", "profile.yaml:15:9: kin is not one of "),
        ("  fra: start\n", "", "no column holds start"),
        ("encoding: utf-8", "encoding: utf-16", "profile.yaml:6:31: utf-16 is not one of"),
        ("dates: [yyyy-mm-dd]", "dates: [yyyy-mm]", "the form of a date has one year, month and day"),
        ("dates: [yyyy-mm-dd]", "dates: [dd.mm.åååå]", "this is not the form of a date"),
        ("notat: a free text", 'notat: ""', "the reason is empty"),
        ("unit: percent, ", "", "a degree says no unit"),
        ("  E: sick-self", "  E: sick-selv", "did you mean sick-self?"),
        ("  E: sick-self", "  E: {kind: sick-self, ignore: no}", "either a kind or why it is ignored"),
        ("notat: a free text", "fra: a free text", "column fra is both mapped and dropped"),
        ('delimiter: ";"', 'delimiter: ";;"', "one character was expected"),
        ("fra: start", "fra: {field: start, blank: yes}", "a row without start says nothing"),
        ("  dager: {field: days", "  dager: {field: degree, unit: percent", "two columns hold degree"),
        ("title: A", "titel: A", "there is no key titel here; did you mean title?"),
        ("codes:", "units: {h: hours}\ncodes:", "quantity, unit and `units:` go together"),
    ],
)
def test_a_mistake_is_told_at_its_place(old, new, fault):
    assert fault in "\n".join(faults((old, new)))


def test_characters_of_a_fixed_line_that_nobody_has_are_told():
    text = (ROOT / "mappings/hr/huldt-lillevik/profile.yaml").read_text("utf-8")
    _, found = load(text.replace("18-23: end", "19-23: end"), "p.yaml")
    assert "characters 18 to 18 are neither mapped nor dropped" in str(found[0])
    _, found = load(text.replace("18-23: end", "17-23: end"), "p.yaml")
    assert "in two columns" in str(found[0])


def test_a_profile_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(ConfigurationError, match="did you mean heroma"):
        KNOWN.get("herma")


@pytest.mark.parametrize(
    "path", [path for path in EXAMPLES if path.suffix in (".csv", ".xlsx")], ids=lambda path: path.parents[1].name
)
def test_a_proposal_is_a_profile_that_does_not_load_before_a_person_has_read_it(path):
    with path.open("rb") as source:
        text = propose(source)
    _, found = load(text, "proposal.yaml")
    assert found
    assert all("this is not YAML" not in str(one) for one in found)


def test_a_proposal_sees_columns_encoding_dates_and_codes_and_repeats_no_free_text():
    with (ROOT / "mappings/hr/visma-lonn/examples/01-cp1252-and-decimal-comma.in.csv").open("rb") as source:
        text = propose(source)
    for seen in ('encoding: "cp1252"', "dates: [dd.mm.yyyy]", '"Ansattnr": employee', '"Merknad": ""', '"9": open'):
        assert seen in text
    assert "forkjølet" not in text
    assert "Grønn" not in text


def test_a_proposal_of_a_file_without_headings_repeats_nothing_of_its_first_row():
    text = propose(io.BytesIO(b"1;Kvist;2026-01-05;S1\n2;Busk;2026-01-06;S2\n"))
    assert "Kvist" not in text
    assert '"3": start' in text


def test_there_is_nothing_to_propose_for_an_empty_file_or_paxml():
    for raw in (b"", b"<paxml/>", b"no delimiter\nat all\n"):
        with pytest.raises(NotAcceptable):
            propose(io.BytesIO(raw))


def test_a_proposal_finds_the_headings_below_titles_and_excels_own_word():
    rows = "employee;start;end;kind\n00123;2026-01-05;2026-01-07;10\n"
    for before, skip in (("Fravær 2026;;;\n\nUtskrift;;;\n", 3), ("sep=;\n", 1), ("", 0)):
        made = propose(io.BytesIO((before + rows).encode()))
        assert (f'skip: "{skip}"' in made) is bool(skip), made
        assert '"kind": kind' in made
        assert '"10": open' in made
