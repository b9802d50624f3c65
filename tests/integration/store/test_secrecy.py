import contextlib
import json
from pathlib import Path

import pytest
from databases import running
from line_kit import KEYS, message, receipt_for
from rig import Rig, acknowledge
from sqlalchemy import select

from gateway.edge.channel import MemoryChannel
from gateway.edge.keys import Envelope, Keyring, Unreadable, Vault
from gateway.edge.store.operate import ERASE, REWRAP
from gateway.edge.store.schema import metadata, payload

WORDS = [
    "Plumbumpoisoning",
    "Vintersjuk",
    "Kvikksolv",
    "Idnummerord",
    "Nokkelord",
    "Samtykkeord",
    "Kvitteringsord",
    "Saksord",
]


async def fill(rig):
    """Plant a word in everything that comes in from outside, and let the message go all the way."""
    body = json.loads(message(1, "nav", "employer-1")) | {
        "id": "Idnummerord",
        "patient": "Vintersjuk",
        "case": "Saksord",
        "note": "Kvikksolv",
    }
    await rig.register.put("Samtykkeord", b'{"who":"Vintersjuk"}', "Vintersjuk", "active", "ehr")
    rig.channels["nav"] = MemoryChannel(lambda _k, _b: receipt_for("Idnummerord-to-nav", "Kvitteringsord"))
    rig.channels["employer-1"] = MemoryChannel(acknowledge)
    taken = await rig.intake.accept(json.dumps(body).encode(), "json", "ehr", "Nokkelord")
    await rig.run_until(lambda: rig.states() == {"dead-letter": 1, "delivered": 1})
    return taken


def plain_words(text: bytes):
    return [word for word in WORDS if word.encode() in text]


@running
async def test_no_planted_word_stands_in_the_database_file_its_log_or_beside_it(sqlite_url, tmp_path):
    rig = Rig(sqlite_url)
    await fill(rig)
    while_open = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    rig.close()
    assert b"acknowledged" in while_open or b"dead-letter" in while_open
    assert plain_words(while_open) == []
    assert plain_words(b"".join(path.read_bytes() for path in tmp_path.iterdir())) == []


@running
async def test_no_planted_word_stands_in_any_column(rig):
    await fill(rig)
    for table in metadata.sorted_tables:
        for row in rig.database.rows(select(table)):
            text = b" ".join(v if isinstance(v, bytes) else str(v).encode() for v in row)
            assert plain_words(text) == [], table.name


@running
async def test_no_planted_word_stands_in_postgresqls_own_files(postgres):
    rig = Rig(postgres.database())
    await fill(rig)
    with rig.database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("CHECKPOINT")
    rig.close()
    files = [path for path in Path(postgres.folder).rglob("*") if path.is_file()]  # noqa: ASYNC240
    assert len(files) > 100
    assert [word for path in files for word in plain_words(held(path))] == []


def held(path):
    """Give what a file of a running server holds; it may take one away meanwhile."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    return b""


@running
async def test_the_search_finds_a_word_that_is_not_encrypted(sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setattr(Vault, "seal", _plainly)
    rig = Rig(sqlite_url)
    await rig.intake.accept(message(1), "json", "ehr", "key")
    rig.close()
    assert plain_words(b"".join(path.read_bytes() for path in tmp_path.iterdir())) == ["Plumbumpoisoning"]


def _plainly(_vault, _table, _record, plain):

    return Envelope(plain, b"none", "kek-1")


@running
async def test_turning_the_kek_rewraps_every_key_and_the_old_one_is_not_needed_any_more(rig):
    taken = await fill(rig)
    both = Keyring({"kek-1": b"k" * 32, "kek-2": b"n" * 32}, "kek-2", KEYS.pseudonym)
    count = 0
    while done := await rig.database.write(REWRAP, (Vault(both), 2)):
        count += done
    assert count == len(rig.database.rows(select(payload.c.record)))
    new = Vault(Keyring({"kek-2": b"n" * 32}, "kek-2", KEYS.pseudonym))
    source = rig.intake.find(taken.id)
    assert b"Plumbumpoisoning" in new.open("inbound", source.id, source.body, source.wrapped)
    with pytest.raises(Unreadable):
        rig.vault.open("inbound", source.id, source.body, source.wrapped)


@running
async def test_erasing_a_patient_destroys_what_is_stored_and_leaves_others_and_the_log(rig):
    taken = await fill(rig)
    other = await rig.intake.accept(message(2), "json", "ehr", "other")
    who = rig.register.pseudonym("Vintersjuk")
    assert await rig.database.write(ERASE, (who, "officer")) > 3
    source = rig.intake.find(taken.id)
    with pytest.raises(Unreadable):
        rig.vault.open("inbound", source.id, source.body, source.wrapped)
    assert rig.register.for_patient(who) == []
    kept = rig.intake.find(other.id)
    assert rig.vault.open("inbound", kept.id, kept.body, kept.wrapped) == message(2)


@running
async def test_after_an_erasure_the_old_bytes_are_in_no_file(sqlite_url, tmp_path):
    rig = Rig(sqlite_url)
    taken = await rig.intake.accept(message(1), "json", "ehr", "key")
    source = rig.intake.find(taken.id)
    await rig.database.write(ERASE, (source.patient, "officer"))
    rig.database.forget_free_pages()
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    rig.close()
    assert source.wrapped not in files
    assert source.body not in files


@running
async def test_what_is_queued_for_an_erased_patient_ends_as_invalid(rig):
    taken = await rig.intake.accept(message(1), "json", "ehr", "key")
    await rig.database.write(ERASE, (rig.intake.find(taken.id).patient, "officer"))
    await rig.run_until(lambda: rig.state(taken.id) == "invalid")
    assert rig.messages(taken.id)[0].reason == "erased"
