"""Encryption at rest: where the keys come from, and the envelope that every stored payload lies in.

Each payload has a data key of its own (AES-256-GCM), which is stored wrapped by a key-encryption key (KEK). KEKs never
reach the database; they come from a provider: a file, an environment variable or a command (for a key vault). Both
layers are bound to the table and the record by their additional data, so no payload can be moved to another row.

    payload  01 | nonce (12) | ciphertext and tag           additional data: body, table, record
    key      01 | length | KEK id | nonce (12) | wrapped    additional data: key, table, record

Turning the KEK re-wraps the short keys and leaves the payloads alone. Erasing a person destroys the wrapped keys.
"""

import base64
import binascii
import hmac
import os
import re
import secrets
import shlex
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.core.errors import ConfigurationError, SamspillError

VERSION: Final = b"\x01"
NONCE: Final = 12
KEY: Final = 32
KEK_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
COMMAND_SECONDS: Final = 30
MARK: Final = b"samspill key mark "


class Unreadable(SamspillError):
    """A stored payload cannot be opened: its key was destroyed, its KEK is not there, or it was tampered with."""


class Destroyed(Unreadable):
    """A payload's key was destroyed: it is erased, and nothing brings it back."""


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """The keys of one installation: KEKs by id, the id of the one that wraps now, and the key of pseudonyms.

    The pseudonym key stays for as long as the database does: pseudonyms, idempotency keys and correlation rest on it.
    """

    wrapping: Mapping[str, bytes]
    current: str
    pseudonym: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload as it is stored: the ciphertext, its wrapped key and the id of the KEK that wrapped it."""

    body: bytes
    wrapped: bytes
    kek: str


def parse(text: str, where: str) -> Keyring:
    """Read a keyring: lines of `pseudonym BASE64` (one) and `kek ID BASE64` (the last one wraps); `#` comments.

    `where` is named in errors, which never repeat a key. Raises `ConfigurationError`.
    """
    wrapping: dict[str, bytes] = {}
    pseudonym = b""
    for number, line in enumerate(text.splitlines(), 1):
        match line.split():
            case [] | ["#", *_]:
                continue
            case ["pseudonym", encoded] if not pseudonym:
                pseudonym = _key(encoded, f"{where}, line {number}")
            case ["kek", name, encoded] if KEK_ID.fullmatch(name) and name not in wrapping:
                wrapping[name] = _key(encoded, f"{where}, line {number}")
            case _:
                raise ConfigurationError(
                    [f"{where}, line {number}: not a key; write `pseudonym KEY` once, `kek ID KEY` with a new id"]
                )
    if not pseudonym or not wrapping:
        raise ConfigurationError([f"{where}: a keyring needs one `pseudonym` line and at least one `kek` line"])
    return Keyring(wrapping, list(wrapping)[-1], pseudonym)


def _key(encoded: str, where: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY:
        raise ConfigurationError([f"{where}: a key is {KEY} bytes in base64"])
    return key


def fresh_key() -> str:
    """Give a new random key in base64."""
    return base64.b64encode(secrets.token_bytes(KEY)).decode()


def make(path: Path, kek: str = "kek-1") -> None:
    """Write a new keyring to `path`, readable by its owner alone. Raises `FileExistsError` rather than replace one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"pseudonym {fresh_key()}\nkek {kek} {fresh_key()}\n")
        file.flush()
        os.fsync(file.fileno())


def add_kek(path: Path, kek: str) -> None:
    """Append a new KEK, which wraps from now on; older ones stay readable. Raises `ConfigurationError`."""
    if not KEK_ID.fullmatch(kek) or kek in from_file(path).wrapping:
        raise ConfigurationError(
            [f"{path}: give the new key an id of letters, digits, `.`, `_` or `-` that is not in use"]
        )
    with path.open("a") as file:
        file.write(f"kek {kek} {fresh_key()}\n")
        file.flush()
        os.fsync(file.fileno())


def from_file(path: Path) -> Keyring:
    """Read the keyring in a file that only its owner may read. Raises `ConfigurationError`."""
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigurationError([f"{path}: others may read the keys; run `chmod 600` on it"])
        return parse(path.read_text(), str(path))
    except OSError as error:
        raise ConfigurationError([f"{path}: the keyring cannot be read: {error.strerror}"]) from None


def from_environment(name: str) -> Keyring:
    """Read the keyring in an environment variable. Raises `ConfigurationError`."""
    if name not in os.environ:
        raise ConfigurationError([f"the environment variable {name} is to hold the keyring and is not set"])
    return parse(os.environ[name], f"environment variable {name}")


def from_command(command: str) -> Keyring:
    """Run a command, without a shell, that prints the keyring. Raises `ConfigurationError`."""
    argv = shlex.split(command)
    where = f"key command {argv[0] if argv else '(empty)'}"
    try:
        done = subprocess.run(argv, capture_output=True, check=True, timeout=COMMAND_SECONDS, text=True)  # noqa: S603 - the operator's own command
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
        raise ConfigurationError([f"{where}: it did not give a keyring ({type(error).__name__})"]) from None
    return parse(done.stdout, where)


def keyring(setting: str) -> Keyring:
    """Give the keyring that a setting names, `file:PATH`, `env:NAME` or `command:COMMAND`, or `ConfigurationError`."""
    scheme, _, rest = setting.partition(":")
    match scheme:
        case "file":
            return from_file(Path(rest))
        case "env":
            return from_environment(rest)
        case "command":
            return from_command(rest)
    raise ConfigurationError([f"key provider `{scheme}` is not known; write file:PATH, env:NAME or command:COMMAND"])


def marks(keys: Keyring) -> dict[str, str]:
    """Give what a store may keep of each key to know it again: a digest that tells nothing of the key.

    The names are `pseudonym` and `kek ID`, as the lines of a keyring begin.
    """
    each = {"pseudonym": keys.pseudonym, **{f"kek {name}": key for name, key in keys.wrapping.items()}}
    return {name: hmac.digest(key, MARK + name.encode(), "sha256").hex() for name, key in each.items()}


class Vault:
    """Seals, opens and re-wraps payloads, and makes the keyed pseudonyms that stand in columns."""

    def __init__(self, keys: Keyring) -> None:
        self.current = keys.current
        self._pseudonym = keys.pseudonym
        self._keks = {name: AESGCM(key) for name, key in keys.wrapping.items()}

    def seal(self, table: str, record: str, plain: bytes) -> Envelope:
        """Encrypt a payload under a key of its own."""
        key, nonce = secrets.token_bytes(KEY), secrets.token_bytes(NONCE)
        body = VERSION + nonce + AESGCM(key).encrypt(nonce, plain, _bound("body", table, record))
        return Envelope(body, self._wrap(table, record, key), self.current)

    def open(self, table: str, record: str, body: bytes | None, wrapped: bytes | None) -> bytes:
        """Decrypt a payload. Raises `Unreadable`."""
        if body is None or wrapped is None:
            raise Destroyed(f"{table} {record}: its key was destroyed")
        if body[:1] != VERSION:
            raise Unreadable(f"{table} {record}: its envelope is of a version that is not known here")
        cipher = AESGCM(self._unwrap(table, record, wrapped))
        try:
            return cipher.decrypt(body[1 : 1 + NONCE], body[1 + NONCE :], _bound("body", table, record))
        except InvalidTag:
            raise Unreadable(f"{table} {record}: it does not match its key, or was changed or moved") from None

    def rewrap(self, table: str, record: str, wrapped: bytes) -> bytes:
        """Wrap a payload's key anew under the current KEK. Raises `Unreadable`."""
        return self._wrap(table, record, self._unwrap(table, record, wrapped))

    def mac(self, purpose: str, *parts: str | bytes) -> str:
        """Give the keyed pseudonym (HMAC-SHA-256, 128 bits, hexadecimal) of `parts`, apart for each `purpose`."""
        message = bytearray(purpose.encode())
        for part in parts:
            raw = part.encode() if isinstance(part, str) else part
            message += b"\0" + len(raw).to_bytes(8, "big") + raw
        return hmac.digest(self._pseudonym, bytes(message), "sha256")[:16].hex()

    def _wrap(self, table: str, record: str, key: bytes) -> bytes:
        nonce, name = secrets.token_bytes(NONCE), self.current.encode()
        wrapped = self._keks[self.current].encrypt(nonce, key, _bound("key", table, record))
        return VERSION + bytes([len(name)]) + name + nonce + wrapped

    def _unwrap(self, table: str, record: str, wrapped: bytes) -> bytes:
        if wrapped[:1] != VERSION:
            raise Unreadable(f"{table} {record}: its key is wrapped in a version that is not known here")
        end = 2 + wrapped[1]
        name = wrapped[2:end].decode(errors="replace")
        if name not in self._keks:
            raise Unreadable(f"{table} {record}: the keyring does not hold the key-encryption key `{name}`")
        try:
            return self._keks[name].decrypt(
                wrapped[end : end + NONCE], wrapped[end + NONCE :], _bound("key", table, record)
            )
        except InvalidTag:
            raise Unreadable(f"{table} {record}: its key was changed or moved, or `{name}` is another key") from None


def _bound(layer: str, table: str, record: str) -> bytes:
    return f"{layer}\0{table}\0{record}".encode()
