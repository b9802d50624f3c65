import base64
import stat

import pytest

from gateway.core.errors import ConfigurationError
from gateway.edge import keys
from gateway.edge.keys import Destroyed, Keyring, Unreadable, Vault

RING = Keyring({"kek-1": b"k" * 32}, "kek-1", b"p" * 32)
KEY = base64.b64encode(b"k" * 32).decode()


def test_what_is_sealed_opens_again_and_only_in_its_place():
    vault = Vault(RING)
    held = vault.seal("inbound", "1", b"secret")
    assert vault.open("inbound", "1", held.body, held.wrapped) == b"secret"
    assert b"secret" not in held.body + held.wrapped
    for table, record in (("inbound", "2"), ("outbound", "1")):
        with pytest.raises(Unreadable):
            vault.open(table, record, held.body, held.wrapped)


def test_a_payload_cannot_be_joined_with_the_key_of_another():
    vault = Vault(RING)
    one, two = vault.seal("inbound", "1", b"one"), vault.seal("inbound", "2", b"two")
    with pytest.raises(Unreadable):
        vault.open("inbound", "1", two.body, one.wrapped)
    with pytest.raises(Unreadable):
        vault.open("inbound", "1", one.body, two.wrapped)


@pytest.mark.parametrize("part", ["body", "wrapped"])
def test_one_flipped_bit_anywhere_is_noticed(part):
    vault = Vault(RING)
    held = vault.seal("inbound", "1", b"secret")
    whole = {"body": held.body, "wrapped": held.wrapped}
    for place in range(len(whole[part])):
        flipped = bytearray(whole[part])
        flipped[place] ^= 1
        with pytest.raises(Unreadable):
            vault.open("inbound", "1", **(whole | {part: bytes(flipped)}))


def test_the_same_payload_never_looks_the_same_twice():
    vault = Vault(RING)
    assert vault.seal("inbound", "1", b"x").body != vault.seal("inbound", "1", b"x").body


def test_a_payload_whose_key_was_destroyed_is_gone():
    with pytest.raises(Destroyed):
        Vault(RING).open("inbound", "1", None, None)


def test_a_rewrapped_key_opens_with_the_new_kek_alone():
    held = Vault(RING).seal("inbound", "1", b"secret")
    both = Vault(Keyring({"kek-1": b"k" * 32, "kek-2": b"n" * 32}, "kek-2", b"p" * 32))
    wrapped = both.rewrap("inbound", "1", held.wrapped)
    new = Vault(Keyring({"kek-2": b"n" * 32}, "kek-2", b"p" * 32))
    assert new.open("inbound", "1", held.body, wrapped) == b"secret"
    with pytest.raises(Unreadable, match="kek-1"):
        new.open("inbound", "1", held.body, held.wrapped)


def test_pseudonyms_are_keyed_apart_by_purpose_and_part():
    vault = Vault(RING)
    assert vault.mac("patient", "1") == vault.mac("patient", "1")
    different = {
        vault.mac("patient", "1"),
        vault.mac("case", "1"),
        vault.mac("key", "a", "bc"),
        vault.mac("key", "ab", "c"),
        Vault(Keyring({"kek-1": b"k" * 32}, "kek-1", b"q" * 32)).mac("patient", "1"),
    }
    assert len(different) == 5


def test_the_last_kek_of_a_keyring_wraps():
    ring = keys.parse(f"# made for a test\npseudonym {KEY}\nkek a {KEY}\n\nkek b {KEY}\n", "here")
    assert (ring.current, set(ring.wrapping)) == ("b", {"a", "b"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"pseudonym {KEY}",
        f"kek a {KEY}",
        f"pseudonym {KEY}\nkek a short",
        f"pseudonym {KEY}\npseudonym {KEY}\nkek a {KEY}",
        f"pseudonym {KEY}\nkek a {KEY}\nkek a {KEY}",
        f"pseudonym {KEY}\nkek a/b {KEY}",
        f"pseudonym {KEY}\nkek a {KEY} more",
    ],
)
def test_a_keyring_that_is_not_one_is_a_configuration_error_that_repeats_no_key(text):
    with pytest.raises(ConfigurationError) as caught:
        keys.parse(text, "here")
    assert KEY not in str(caught.value)


def test_a_keyring_file_is_its_owners_alone_and_is_never_replaced(tmp_path):
    path = tmp_path / "keys"
    keys.make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        keys.make(path)
    assert keys.keyring(f"file:{path}").current == "kek-1"
    keys.add_kek(path, "kek-2")
    assert keys.from_file(path).current == "kek-2"
    with pytest.raises(ConfigurationError):
        keys.add_kek(path, "kek-2")
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        keys.from_file(path)


def test_a_keyring_comes_from_the_environment_or_a_command(monkeypatch, tmp_path):
    keys.make(tmp_path / "keys")
    text = (tmp_path / "keys").read_text()
    monkeypatch.setenv("A_KEYRING", text)
    assert keys.keyring("env:A_KEYRING") == keys.from_file(tmp_path / "keys")
    assert keys.keyring(f"command:cat {tmp_path / 'keys'}") == keys.from_file(tmp_path / "keys")


@pytest.mark.parametrize(
    "setting", ["env:NOT_SET_ANYWHERE", "command:false", "command:no-such-program", "command:", "file:/none", "vault:x"]
)
def test_a_provider_that_gives_no_keyring_is_a_configuration_error(setting):
    with pytest.raises(ConfigurationError):
        keys.keyring(setting)


def test_a_keyring_does_not_show_its_keys():
    assert "kkkk" not in repr(RING)
