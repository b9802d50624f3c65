"""A store is opened with its own keys, or not at all."""

import pytest
from databases import running
from line_kit import KEYS, message

from gateway.core.errors import ConfigurationError
from gateway.demo import settings_for
from gateway.edge.keys import Keyring, Vault, marks
from gateway.edge.store.keyring import NOTE, fitting
from gateway.edge.store.operate import REWRAP
from gateway.wiring.gateway import Gateway

OLD = KEYS.wrapping["kek-1"]
TURNED = Keyring({"kek-1": OLD, "kek-2": b"n" * 32}, "kek-2", KEYS.pseudonym)
OTHERS = {
    "another key of pseudonyms": (Keyring(KEYS.wrapping, "kek-1", b"q" * 32), "pseudonym: another key"),
    "another key of the same name": (Keyring({"kek-1": b"o" * 32}, "kek-1", KEYS.pseudonym), "kek-1: another key"),
    "a key too few": (Keyring({"kek-2": b"n" * 32}, "kek-2", KEYS.pseudonym), "the keyring does not have it"),
}


@pytest.mark.parametrize("name", OTHERS)
@running
async def test_a_store_is_not_opened_with(name, rig):
    fitting(rig.database, KEYS)
    await rig.intake.accept(message(1), "json", "ehr", "key")
    keys, said = OTHERS[name]
    with pytest.raises(ConfigurationError, match=said) as refused:
        fitting(rig.database, keys)
    assert len(refused.value.faults) == 1
    assert fitting(rig.database, KEYS) is KEYS


@running
async def test_a_key_is_added_and_the_old_one_taken_away_once_nothing_is_wrapped_by_it(rig):
    fitting(rig.database, KEYS)
    await rig.intake.accept(message(1), "json", "ehr", "key")
    fitting(rig.database, TURNED)
    newest = Keyring({"kek-2": b"n" * 32}, "kek-2", KEYS.pseudonym)
    with pytest.raises(ConfigurationError, match="kek kek-1"):
        fitting(rig.database, newest)
    while rig.database.write_now(REWRAP, (Vault(TURNED), 100)):
        pass
    assert fitting(rig.database, newest) is newest


@running
async def test_of_two_nodes_that_bring_different_keys_to_a_new_store_the_second_is_refused(rig):
    rig.database.write_now(NOTE, marks(KEYS))
    with pytest.raises(ConfigurationError, match="pseudonym: another key"):
        rig.database.write_now(NOTE, marks(OTHERS["another key of pseudonyms"][0]))


def test_what_a_store_keeps_of_a_key_is_none_of_its_bytes():
    kept = "".join(marks(KEYS).values())
    assert len(set(marks(TURNED).values())) == 3
    assert not [key for key in (OLD, KEYS.pseudonym) if key.hex()[:8] in kept]


def test_an_installation_with_another_keyring_does_not_start_and_makes_none_for_a_store_that_has_one(tmp_path):
    settings = settings_for(tmp_path)
    first = Gateway(settings)
    assert first.vault
    first.database.close()
    ours = (settings.data / "keys").read_bytes()
    (settings.data / "keys").unlink()
    lost = Gateway(settings)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        _ = lost.vault
    lost.database.close()
    assert not (settings.data / "keys").exists()
    (tmp_path / "others").mkdir()
    others = Gateway(settings_for(tmp_path / "others"))
    assert others.vault
    others.database.close()
    (tmp_path / "others" / "keys").rename(settings.data / "keys")
    mixed = Gateway(settings)
    with pytest.raises(ConfigurationError, match="another key"):
        mixed.services()
    mixed.database.close()
    (settings.data / "keys").write_bytes(ours)
    again = Gateway(settings)
    assert again.vault
    again.database.close()
