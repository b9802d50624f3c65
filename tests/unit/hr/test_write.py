"""Certificates in the forms of payroll systems: read back as what they say, strict, and never more than absence."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapters.hr.write import PayrollRenderer
from gateway.core.errors import NotAcceptable
from gateway.core.message import Released
from gateway.core.vocabulary import DataClass
from gateway.edge.library import Library
from gateway.model import Identifier
from gateway.model.absence import CertifiedDays, SelfCertification, Worker
from gateway.model.certificate import Graded, NotPossible, Pending, Period, TravelOnly, TreatmentDays
from gateway.policy import pep
from gateway.wiring.absences import Profiles, account
from gateway.wiring.formats import Formats
from gateway.wiring.payroll import payroll

FOLDER = Library().folder
SCHEMA = Path(__file__).parents[3] / "../shared/data/hr/paxml4j__paxml.xsd"
WORD = "Kvitsoppfeber"
SWEDE = Identifier(kind="personnummer", value="191212121212")


@cache
def known() -> dict[str, Any]:
    return payroll(FOLDER)


@cache
def note() -> Any:
    """Give a sick note whose every text is a planted word."""
    raw = (FOLDER / "nav/employer/examples/02-full-with-a-second-diagnosis.in.json").read_bytes()
    record = Formats(Library())["canonical"].parse(raw).record
    assert record.diagnosis.main is not None
    return replace(record, message_to_employer=WORD, employer_orgnr="313000001")


def with_periods(*kinds: Any, person: Identifier | None = None) -> Any:
    periods = tuple(
        Period(start=date(2026, 3, 2 + 7 * n), end=date(2026, 3, 6 + 7 * n), kind=kind) for n, kind in enumerate(kinds)
    )
    one = replace(note(), periods=periods)
    return replace(one, patient=replace(one.patient, id=person)) if person else one


def written(name: str, record: Any) -> bytes:
    released: Released[Any] = pep.unrestricted(record)
    return bytes(known()[f"hr-{name}"].render(released, None).body)


def read_back(name: str, body: bytes) -> Iterator[tuple[str, str, str, str]]:
    """Give person, first and last day, and degree of each absence that the profile itself reads."""
    for row in account(io.BytesIO(body), Profiles(FOLDER).get(name), synthetic=name == "generic-csv"):
        assert "absence" in row, row
        said = row["absence"]
        yield said["patient.id.value"], said["start"], said["end"], said["degree"]


TWO = [("2026-03-02", "2026-03-06", "60"), ("2026-03-09", "2026-03-13", "100")]


def test_a_note_is_read_back_by_the_profile_that_it_was_written_for() -> None:
    record = with_periods(Graded(degree=60), NotPossible())
    number = record.patient.id.value
    assert list(read_back("generic-csv", written("generic-csv", record))) == [(number, *one) for one in TWO]
    text = written("generic-csv", record).decode()
    assert text.splitlines()[0] == "id;employee;person;employer;start;end;kind;degree"
    assert "sick-certified" in text


@pytest.mark.parametrize("name", ["heroma", "paxml"])
def test_a_swedish_system_gets_its_own_form(name: str) -> None:
    record = with_periods(Graded(degree=60), NotPossible(), person=SWEDE)
    body = written(name, record)
    assert list(read_back(name, body)) == [(SWEDE.value, *one) for one in TWO]
    assert b"SJ" in body


def test_paxml_is_what_its_schema_wants() -> None:
    if not SCHEMA.is_file():
        pytest.skip("the schema is not in ../shared/data/hr")
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    body = etree.fromstring(written("paxml", with_periods(Graded(degree=60), NotPossible(), person=SWEDE)))
    schema.assertValid(body)


@pytest.mark.parametrize("name", ["generic-csv", "heroma", "paxml"])
def test_no_word_of_a_note_gets_into_a_row(name: str) -> None:
    record = with_periods(NotPossible(), person=SWEDE)
    text = written(name, record).decode("cp1252")
    diagnosis = record.diagnosis.main
    for secret in (WORD, diagnosis.code, diagnosis.display, diagnosis.text, record.patient.name.family):
        assert not secret or secret not in text


def test_who_works_on_in_a_period_is_not_away_and_a_note_of_nothing_else_is_refused() -> None:
    rows = list(read_back("generic-csv", written("generic-csv", with_periods(Pending(advice=WORD), NotPossible()))))
    assert [row[1] for row in rows] == ["2026-03-09"]
    with pytest.raises(NotAcceptable, match="no period of absence"):
        written("generic-csv", with_periods(TravelOnly(paid=True)))


def test_days_of_treatment_have_no_span_and_are_refused() -> None:
    with pytest.raises(NotAcceptable, match="days of treatment"):
        written("generic-csv", with_periods(TreatmentDays(per_week=2)))


@pytest.mark.parametrize("name", ["heroma", "paxml"])
def test_a_person_that_the_form_has_no_room_for_is_refused(name: str) -> None:
    with pytest.raises(NotAcceptable, match="room for"):
        written(name, with_periods(NotPossible()))


def test_it_is_not_written_where_the_rules_never_release_who_and_when() -> None:
    with pytest.raises(NotAcceptable, match="never release"):
        known()["hr-generic-csv"].render(pep.unrestricted(note()), frozenset({DataClass.ENVELOPE}))


def test_every_profile_of_text_whose_rows_have_days_is_written_for_and_no_other() -> None:
    assert set(Profiles(FOLDER).known) - {one.removeprefix("hr-") for one in known()} == {
        *("tripletex", "workday", "generic-income", "generic-register")
    }


def self_certified(**more: Any) -> SelfCertification:
    days = (CertifiedDays(start=date(2026, 3, 6), end=date(2026, 3, 8)),)
    who = Worker(employee=more.pop("employee", "00000017"), id=note().patient.id)
    return replace(SelfCertification(id="a1", employer="313000001", patient=who, days=days), **more)


@pytest.mark.parametrize(
    ("name", "employee", "kind"),
    [
        ("generic-csv", "17", "sick-self"),
        ("sap-it2001", "00000017", "sick-self"),
        ("visma-lonn", "17", "sick-self"),
        ("huldt-lillevik", "000017", "sick-self"),
        ("personec-p", "17", "sick-unspecified"),
        ("flex-hrm", "17", "sick-unspecified"),
        ("lessor", "17", "sick-unspecified"),
    ],
)
def test_a_self_certification_is_read_back_by_the_profile_that_it_was_written_for(
    name: str, employee: str, kind: str
) -> None:
    body = written(name, self_certified(employee=employee))
    [row] = account(io.BytesIO(body), Profiles(FOLDER).get(name), synthetic=True)
    said = row["absence"]
    found = (said["patient.employee"], said["start"], said["end"], said["kind"])
    assert found == (employee, "2026-03-06", "2026-03-08", kind)


def test_a_person_whose_employee_number_is_not_known_is_refused_where_the_form_has_nothing_else() -> None:
    for name in ("sap-it2001", "visma-lonn", "huldt-lillevik"):
        with pytest.raises(NotAcceptable, match="employee number, which is not known"):
            written(name, with_periods(NotPossible()))


@pytest.mark.parametrize("name", ["sap-it2001", "visma-lonn"])
def test_a_note_is_written_by_the_employers_own_number_where_its_files_have_told_it(name: str) -> None:
    body = written(name, replace(with_periods(NotPossible()), employee_number="00000017"))
    [row] = account(io.BytesIO(body), Profiles(FOLDER).get(name), synthetic=True)
    assert (row["absence"]["patient.employee"], row["absence"]["kind"]) == ("00000017", "sick-certified")


def test_an_employee_number_is_neither_cut_off_nor_filled_up() -> None:
    with pytest.raises(NotAcceptable, match="8 characters"):
        written("sap-it2001", self_certified(employee="17"))


def test_a_part_of_the_work_is_refused_where_the_form_has_no_column_for_it() -> None:
    profile = Profiles(FOLDER).get("generic-csv")
    bare = replace(profile, columns=tuple(one for one in profile.columns if one.field != "degree"))
    with pytest.raises(NotAcceptable, match="no column for a degree"):
        PayrollRenderer(bare)(pep.unrestricted(with_periods(Graded(degree=60))))
    assert PayrollRenderer(bare)(pep.unrestricted(with_periods(NotPossible()))).body


def test_a_kind_with_two_codes_is_refused_until_the_profile_says_which_is_written() -> None:
    profile = Profiles(FOLDER).get("generic-csv")
    twice = replace(profile, codes={**profile.codes, "ill": profile.codes["sick-certified"]})
    with pytest.raises(NotAcceptable, match="more than one code for sick-certified"):
        PayrollRenderer(twice)(pep.unrestricted(with_periods(NotPossible())))
    said = replace(profile, codes={**twice.codes, "ill": replace(twice.codes["ill"], written=True)})
    assert b";ill;" in PayrollRenderer(said)(pep.unrestricted(with_periods(NotPossible()))).body


def test_days_are_written_a_row_each_where_the_form_has_a_row_a_day() -> None:
    profile = Profiles(FOLDER).get("visma-lonn")
    daily = replace(profile, mode="day", columns=tuple(one for one in profile.columns if one.field != "end"))
    lines = PayrollRenderer(daily)(pep.unrestricted(self_certified())).body.decode("cp1252").splitlines()
    assert [line.split(";")[2] for line in lines[1:]] == ["06.03.2026", "07.03.2026", "08.03.2026"]


def test_swedish_certificates_are_written_by_their_own_degrees() -> None:
    formats = Formats(Library())
    for name, kind, days in (("ag7804", "reductions", None), ("ag114", "", 1)):
        for example in sorted((FOLDER / f"se/{name}/examples").glob("*.out.json")):
            record = formats["canonical"].parse(example.read_bytes()).record
            if record is None or record.patient.id is None:
                continue
            count = days or len(getattr(record, kind))
            if count:
                assert len(list(read_back("paxml", written("paxml", record)))) == count
