"""A worker that dies in the middle of a file, two that meet on one, and an upload that is broken off."""

import asyncio

import pytest

from gateway.edge.absences.files import BATCH, PART, AbsenceFiles, Said
from gateway.edge.keys import Vault, fresh_key, parse
from gateway.edge.store.database import Database, Settings
from gateway.edge.store.schema import absence, absence_file, payload

ROWS = 3 * BATCH + 10


@pytest.fixture
def database(tmp_path):
    database = Database(Settings(f"sqlite:///{tmp_path / 'store.db'}"))
    yield database
    database.close()


VAULT = Vault(parse(f"pseudonym {fresh_key()}\nkek k1 {fresh_key()}\n", "here"))


def reads(source, _profile):
    """A line a row: each is an absence of somebody."""
    for number, line in enumerate(source, 1):
        yield Said(number, person=("employee", str(number)), same=(line.decode(),), record=line)


class NoMessages:
    """Where rows that are messages would go; these files have none."""

    def admits(self, *_):
        raise AssertionError

    def send(self, *_):
        raise AssertionError


def files(database):
    return AbsenceFiles((database, VAULT), reads, frozenset({"lines"}), NoMessages())


async def chunks(*given):
    for one in given:
        yield one


def body():
    return b"".join(b"row %d %s\n" % (n, b"x" * 2000) for n in range(ROWS))


def take(database, *given):
    return asyncio.run(files(database).take(chunks(*given), "employer", "lines", whole=False))


def known(database):
    return [row.row for row in database.rows(absence.select().order_by(absence.c.row))]


def test_a_file_of_several_parts_that_a_worker_left_in_the_middle_is_gone_on_with(database, monkeypatch):
    raw = body()
    assert len(raw) > 2 * PART
    file = take(database, *(raw[at : at + 70_001] for at in range(0, len(raw), 70_001)))
    dying = files(database)
    write, left = dying._write, [2]

    def some(*args, **more):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        write(*args, **more)

    monkeypatch.setattr(dying, "_write", some)
    with pytest.raises(KeyboardInterrupt):
        dying._handle(database.rows(absence_file.select())[0])
    assert len(known(database)) == 2 * BATCH
    assert files(database).progress(file, "employer")["rows"] == 2 * BATCH
    assert asyncio.run(files(database).handle_some()) == 1
    assert known(database) == list(range(1, ROWS + 1))
    found = files(database).progress(file, "employer")
    assert (found["state"], found["good"], found["repeated"]) == ("done", ROWS, 0)
    assert asyncio.run(files(database).handle_some()) == 0


def test_two_workers_on_one_file_count_each_row_once(database):
    take(database, body())

    async def both():
        await asyncio.gather(files(database).handle_some(), files(database).handle_some())
        while await files(database).handle_some():
            pass

    asyncio.run(both())
    assert known(database) == list(range(1, ROWS + 1))
    assert database.rows(absence_file.select())[0].good == ROWS


def test_an_upload_that_is_broken_off_leaves_nothing(database):
    async def broken():
        yield bytes(2 * PART)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        asyncio.run(files(database).take(broken(), "employer", "lines", whole=False))
    assert database.rows(absence_file.select()) == []
    assert database.rows(payload.select()) == []


def test_a_file_that_ends_where_a_batch_ends_and_an_empty_one_are_done(database):
    for raw, rows in ((b"".join(b"%d\n" % n for n in range(BATCH)), BATCH), (b"", 0)):
        file = take(database, raw)
        asyncio.run(files(database).handle_some())
        found = files(database).progress(file, "employer")
        assert (found["state"], found["rows"]) == ("done", rows)


def test_an_absence_by_personal_number_is_the_patient_s_and_by_employee_number_nobody_else_s(database):
    both = AbsenceFiles(
        (database, VAULT),
        lambda source, _: iter([Said(1, person=("01819010001",), same=("a",), record=source.read()), Said(2)]),
        frozenset({"lines"}),
        NoMessages(),
    )
    asyncio.run(both.take(chunks(b"x"), "employer", "lines", whole=False))
    asyncio.run(both.handle_some())
    (row,) = database.rows(absence.select())
    assert row.patient == VAULT.mac("patient", "01819010001")
