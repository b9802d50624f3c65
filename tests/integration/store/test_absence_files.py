"""Absence files on both stores: each row once, corrections in place of what they correct, and nothing lost."""

import pytest
from databases import running
from sqlalchemy import select

from gateway.edge.absences.cases import employee_number
from gateway.edge.absences.files import AbsenceFiles
from gateway.edge.absences.reports import RowMessages
from gateway.edge.library import Library
from gateway.edge.store.absences import OF_PERSON, RECORD
from gateway.edge.store.operate import ERASE
from gateway.edge.store.retention import PURGE, WORKERS, Sweep
from gateway.edge.store.schema import absence, payload, worker
from gateway.wiring.absences import Profiles, reads
from gateway.wiring.formats import Formats

HEADINGS = "id;employee;start;end;kind;degree\n"
FIRST = "7;000017;2026-01-05;2026-01-07;sick-unspecified;100\n"


@pytest.fixture
def files(rig):
    profiles = Profiles(Library().folder)
    read = reads(profiles, Formats(Library())["canonical"], synthetic=True)
    return AbsenceFiles((rig.database, rig.vault), read, frozenset(profiles.known), RowMessages(rig.intake))


async def uploaded(files, body, profile="generic-csv", party="work", *, whole=False):
    """Upload a file in two chunks, handle it, and give how it went."""
    raw = body if isinstance(body, bytes) else body.encode()

    async def chunks():
        yield raw[:20]
        yield raw[20:]

    file = await files.take(chunks(), party, profile, whole=whole)
    while await files.handle_some():
        pass
    return files.progress(file, party)


def kept(rig):
    """Give what is kept, opened; exactly what the table of absences names."""
    records = [row.record for row in rig.database.rows(select(absence.c.record))]
    rows = rig.database.rows(select(payload).where(payload.c.kind == RECORD))
    assert sorted(row.record for row in rows) == sorted(records)
    return sorted(rig.vault.open(RECORD, row.record, row.body, row.wrapped).decode() for row in rows)


def counts(found):
    return {word: found[word] for word in ("state", "good", "repeated", "corrected", "refused") if found[word]}


@running
async def test_a_row_is_kept_once_whatever_file_it_stands_in(rig, files):
    body = HEADINGS + FIRST
    assert counts(await uploaded(files, body)) == {"state": "done", "good": 1}
    more = body + "8;000018;2026-01-05;2026-01-05;vacation;100\n"
    assert counts(await uploaded(files, more)) == {"state": "done", "good": 1, "repeated": 1}
    assert len(kept(rig)) == 2


@running
async def test_a_row_that_a_later_file_corrects_goes_and_can_come_back(rig, files):
    longer = HEADINGS + FIRST.replace("01-07", "01-09")
    await uploaded(files, HEADINGS + FIRST)
    assert counts(await uploaded(files, longer)) == {"state": "done", "good": 1, "corrected": 1}
    [one] = kept(rig)
    assert "2026-01-09" in one
    again = HEADINGS + FIRST + "9;000018;2026-02-02;;vacation;100\n"
    assert counts(await uploaded(files, again)) == {"state": "done", "good": 2, "corrected": 1}
    assert ["2026-01-07" in one for one in kept(rig)].count(True) == 1


@running
async def test_without_ids_illness_from_the_same_day_on_is_a_correction_and_other_absence_is_not(rig, files):
    rows = "employee;start;end;kind;degree\n17;2026-01-05;2026-01-07;{};{}\n"
    await uploaded(files, rows.format("sick-unspecified", "100"))
    assert (await uploaded(files, rows.format("sick-certified", "50")))["corrected"] == 1
    assert (await uploaded(files, rows.format("vacation", "50")))["corrected"] == 0
    assert len(kept(rig)) == 2


@running
async def test_rows_of_one_file_correct_nothing_of_each_other_and_one_that_still_stands_there_stays(rig, files):
    half = "employee;start;end;kind;degree;hours\n17;2026-01-05;2026-01-05;sick-child;;{}\n"
    both = half.format(3) + "17;2026-01-05;2026-01-05;sick-child;;2\n"
    assert (await uploaded(files, both))["good"] == 2
    found = await uploaded(files, half.format("3.5") + "17;2026-01-05;2026-01-05;sick-child;;2\n")
    assert counts(found) == {"state": "done", "good": 1, "repeated": 1, "corrected": 1}
    assert len(kept(rig)) == 2


@running
async def test_a_file_that_stops_before_its_end_corrects_nothing(rig, files):
    await uploaded(files, HEADINGS + FIRST)
    cut = HEADINGS + FIRST.replace("01-07", "01-09") + '"8;000018'
    found = await uploaded(files, cut)
    assert (found["good"], found["refused"], found["corrected"]) == (1, 1, 0)
    assert len(kept(rig)) == 2


@running
async def test_another_employers_rows_are_its_own(rig, files):
    await uploaded(files, HEADINGS + FIRST)
    assert counts(await uploaded(files, HEADINGS + FIRST, party="other")) == {"state": "done", "good": 1}
    assert len(kept(rig)) == 2


@running
async def test_all_or_nothing_keeps_and_corrects_nothing_when_a_row_is_bad(rig, files):
    await uploaded(files, HEADINGS + FIRST)
    bad = HEADINGS + FIRST.replace("01-07", "01-09") + "8;17;2026-01-05;;what;100\n"
    assert counts(await uploaded(files, bad, whole=True)) == {"state": "refused", "refused": 1}
    assert len(kept(rig)) == 1


@running
async def test_where_a_file_strays_and_is_read_stands_in_the_answer(rig, files):
    example = Library().folder / "hr/paxml/examples"
    [raw] = [one.read_bytes() for one in example.glob("02*.in.*")]
    found = await uploaded(files, raw, "paxml")
    assert found["noted"] == ["the file says a later version than 2.0, which has no public schema"]
    assert found["refused"] == found["rows"] - found["good"] - found["ignored"]
    assert len(kept(rig)) == found["good"]


REGISTER = "employee;person\n"
PERSON, OTHER = "14858412006", "11827020089"


async def of_person(rig, person=PERSON, party="work"):
    """Give how many of a party's absences are a person's."""
    return len(rig.database.rows(OF_PERSON, party=party, who=rig.vault.mac("patient", person)))


@running
async def test_whoever_is_known_by_employee_number_alone_is_apart_until_a_row_says_whose_it_is(rig, files):
    found = await uploaded(files, HEADINGS + FIRST)
    assert (found["apart"], await of_person(rig)) == (1, 0)
    both = "employee;person;start;end;kind;degree\n000017;14858412006;2026-02-02;2026-02-03;sick-self;100\n"
    assert (await uploaded(files, both))["good"] == 1
    assert (files.progress(found["id"], "work")["apart"], await of_person(rig)) == (0, 2)
    assert await of_person(rig, party="other") == 0


@running
async def test_a_register_says_whose_numbers_are_and_a_number_of_two_is_nobodys(rig, files):
    await uploaded(files, HEADINGS + FIRST)
    found = await uploaded(files, REGISTER + f"000017;{PERSON}\n000018;\n", "generic-register")
    assert (found["good"], found["ignored"], found["refused"]) == (0, 1, 1)
    assert await of_person(rig) == 1
    other = f"employee;person;start;end;kind;degree\n000017;{OTHER};2026-02-02;2026-02-03;vacation;100\n"
    await uploaded(files, other)
    assert (await of_person(rig), await of_person(rig, OTHER)) == (0, 1)
    assert employee_number(rig.database, rig.vault, "work", rig.vault.mac("patient", OTHER)) == ""
    await uploaded(files, REGISTER + f"000017;{OTHER}\n", "generic-register")
    assert employee_number(rig.database, rig.vault, "work", rig.vault.mac("patient", OTHER)) == "000017"
    assert (await of_person(rig), await of_person(rig, OTHER)) == (0, 2)


@running
async def test_whose_a_number_is_goes_when_no_file_has_said_it_for_as_long_as_absences_are_kept(rig, files):
    await uploaded(files, REGISTER + f"000017;{PERSON}\n", "generic-register")
    assert rig.database.write_now(PURGE, Sweep(WORKERS, 0.0)).destroyed == 0
    assert rig.database.write_now(PURGE, Sweep(WORKERS, rig.database.time() + 60)).destroyed == 1
    assert rig.database.rows(select(worker)) == []


@running
async def test_who_is_erased_takes_along_what_is_known_by_employee_number_and_the_number(rig, files):
    await uploaded(files, HEADINGS + FIRST)
    await uploaded(files, REGISTER + f"000017;{PERSON}\n", "generic-register")
    await rig.database.write(ERASE, (rig.vault.mac("patient", PERSON), "officer"))
    assert rig.database.rows(select(payload).where(payload.c.wrapped.is_not(None))) == []
    assert rig.database.rows(select(worker)) == []
