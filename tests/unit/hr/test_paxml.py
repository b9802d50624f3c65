"""PAXml as its specification and its exporters write it, and as they should not."""

from pathlib import Path

import pytest
from hr_kit import ROOT, read

from gateway.wiring.absences import Profiles

PROFILE = Profiles(ROOT / "mappings").get("paxml")
SAMPLES = Path(__file__).parents[3] / "../shared/data/hr"


def pax(inside, version="2.0", before=""):
    text = f"{before}<paxml><header><format>LÖNIN</format><version>{version}</version></header>{inside}</paxml>"
    return text.encode()


def transaction(inside, attributes='anstid="1"'):
    return f"<tidtransaktioner><tidtrans {attributes}>{inside}</tidtrans></tidtransaktioner>"


SICK = "<tidkod>SJK</tidkod><datum>2026-01-05</datum>"


@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_a_later_version_is_read_and_said(version):
    found = read(pax(transaction(SICK), version), PROFILE)
    assert "absence" in found[0]
    assert "a later version than 2.0" in found[1]["noted"][0]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (pax(transaction(SICK), "3.0"), "this version of PAXml is not read"),
        (pax(transaction(SICK + "<ny>1</ny>")), "an element is neither mapped nor dropped"),
        (pax("<ny/>"), "a section is neither read nor dropped"),
        (pax("<f:ny/>"), "a section is neither read nor dropped"),
        (pax("<tidtransaktioner><ny/></tidtransaktioner>"), "an element stands between the transactions"),
        (b"<other/>", "the root is not paxml"),
        (pax(transaction(SICK))[:-40], "cannot be read from here on"),
        (pax("", before='<!DOCTYPE paxml [<!ENTITY a "b">]>'), "a document type declaration is not allowed"),
    ],
    ids=["version", "element", "section", "a prefix that is not declared", "between", "root", "cut", "doctype"],
)
def test_what_stops_a_file_says_so(raw, said):
    assert said in read(raw, PROFILE)[-1]["stopped"][0]


def test_neither_hours_nor_extent_is_the_whole_schedule_and_hours_alone_say_no_degree():
    assert read(pax(transaction(SICK)), PROFILE)[0]["absence"]["degree"] == "100"
    assert "degree" not in read(pax(transaction(SICK + "<timmar>4</timmar>")), PROFILE)[0]["absence"]


def test_a_waiting_day_and_sick_pay_say_no_more_than_sickness_and_never_certified():
    kinds = {code: known.kind for code, known in PROFILE.codes.items() if code.startswith("SJK")}
    assert set(kinds.values()) == {"sick-unspecified"}


def test_codes_that_tell_of_health_are_kept_apart_as_a_cause():
    assert {code for code, known in PROFILE.codes.items() if known.cause} == {"ASK", "SMB", "HAV"}


@pytest.mark.parametrize(
    "inside",
    [
        SICK + "<timmar>4</timmar><omfattning>50</omfattning>",
        "<tidkod>SJK</tidkod><datumfrom>2026-01-05</datumfrom><datumtom>2026-01-06</datumtom><timmar>4</timmar>",
        "<tidkod>SJK</tidkod><starttid>2026-01-05T08:00:00</starttid><sluttid>2026-01-05T09:00:00</sluttid><timmar>1</timmar>",
        "<tidkod>SJK</tidkod>",
        SICK + "<datum>2026-01-06</datum>",
        SICK + "<omfattning>-12,30</omfattning>",
    ],
)
def test_what_the_prose_forbids_is_refused(inside):
    assert "refused" in read(pax(transaction(inside)), PROFILE)[0]


def test_every_real_file_is_read_or_refused_with_a_reason():
    files = sorted({*SAMPLES.glob("paxml4j__*.xml"), *SAMPLES.glob("*.pax"), *SAMPLES.glob("tomasvold*.xml")})
    if not files:
        pytest.skip("the samples are not on this machine")
    rows = {path.name: read(path.read_bytes(), PROFILE, synthetic=False) for path in files}
    assert len(rows) == 6
    assert not [one for found in rows.values() for one in found if "stopped" in one]
    assert sum("absence" in one for found in rows.values() for one in found) > 10
    assert "a tidpunkt is not an xs:dateTime" in str(rows["paxml4j__PAXml_2.0.pax"])
