"""Signed checkpoints of a log: C2SP tlog-checkpoint, which is a C2SP signed-note. Pure; signing itself is handed in.

A checkpoint is text: origin, size and root (base64), a blank line, and one line for each signature. An Ed25519 key is
known by its name and by the first four bytes of SHA-256(name, newline, 0x01, public key). The text forms of keys are
those of Go's sumdb/note: `name+hash+base64` to verify with, `PRIVATE+KEY+name+hash+base64` to sign with.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.core.errors import SamspillError

ED25519: Final = b"\x01"
KEY_HASH: Final = 4
HASH: Final = 32
DASH: Final = "\N{EM DASH} "
SIZE: Final = re.compile(r"0|[1-9][0-9]{0,17}")
NAME: Final = re.compile(r"[^\s+]+")


class BadCheckpoint(SamspillError):
    """A checkpoint, or a key, is not well formed, or is not signed by the key that it was to be signed by."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: how many leaves it has, and their root."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """Give the text that is signed."""
        return f"{self.origin}\n{self.size}\n{_encoded(self.root)}\n"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key by name."""

    name: str
    public: bytes

    @property
    def hint(self) -> bytes:
        """The four bytes that a signature line begins with."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:KEY_HASH]

    def __str__(self) -> str:
        """Give the text form, which is for everybody."""
        return f"{self.name}+{self.hint.hex()}+{_encoded(ED25519 + self.public)}"

    def opened(self, note: str) -> Checkpoint:
        """Give the checkpoint of a note that this key has signed. Raises `BadCheckpoint`."""
        body, _, signatures = note.partition("\n\n")
        checkpoint = _parsed(body)
        if checkpoint.origin != self.name:
            raise BadCheckpoint("the checkpoint is of another log")
        for line in signatures.splitlines():
            signature = self._signature(line)
            if signature is not None:
                try:
                    Ed25519PublicKey.from_public_bytes(self.public).verify(signature, f"{body}\n".encode())
                except InvalidSignature:
                    raise BadCheckpoint("the checkpoint's signature is not right") from None
                return checkpoint
        raise BadCheckpoint("the checkpoint is not signed by the log's key")

    def _signature(self, line: str) -> bytes | None:
        """Give the signature on a line, if it is this key's; lines of other keys (witnesses) are passed over."""
        name, _, encoded = line.removeprefix(DASH).partition(" ")
        if not line.startswith(DASH) or name != self.name:
            return None
        raw = _decoded(encoded)
        return raw[KEY_HASH:] if raw[:KEY_HASH] == self.hint else None


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs. `sign` gives the Ed25519 signature (64 bytes) of a text."""

    verifier: Verifier
    sign: Callable[[bytes], bytes]

    def note(self, size: int, root: bytes) -> str:
        """Give the signed checkpoint of a tree."""
        body = Checkpoint(self.verifier.name, size, root).body()
        signature = _encoded(self.verifier.hint + self.sign(body.encode()))
        return f"{body}\n{DASH}{self.verifier.name} {signature}\n"


def verifier(text: str) -> Verifier:
    """Read the text form of a public key. Raises `BadCheckpoint`."""
    name, _, rest = text.strip().partition("+")
    hint, _, encoded = rest.partition("+")
    raw = _decoded(encoded)
    found = Verifier(name, raw[1:])
    if not NAME.fullmatch(name) or raw[:1] != ED25519 or len(raw) != 1 + HASH or found.hint.hex() != hint:
        raise BadCheckpoint("this is no public key of a log; it reads name+hash+key")
    return found


def signer(text: str) -> Signer:
    """Read the text form of a private key. Raises `BadCheckpoint`, which never repeats it."""
    head, name, hint, encoded = _private_parts(text.strip())
    raw = _decoded(encoded)
    if head != "PRIVATE+KEY" or not NAME.fullmatch(name) or raw[:1] != ED25519 or len(raw) != 1 + HASH:
        raise BadCheckpoint("this is no private key of a log; it reads PRIVATE+KEY+name+hash+key")
    private = Ed25519PrivateKey.from_private_bytes(raw[1:])
    found = Verifier(name, private.public_key().public_bytes_raw())
    if found.hint.hex() != hint:
        raise BadCheckpoint("the key does not belong to the name that stands with it")
    return Signer(found, private.sign)


def private_text(name: str, seed: bytes) -> str:
    """Give the text form of the private key made from 32 random bytes."""
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return f"PRIVATE+KEY+{name}+{Verifier(name, public).hint.hex()}+{_encoded(ED25519 + seed)}"


def _private_parts(text: str) -> tuple[str, str, str, str]:
    private, _, rest = text.partition("+")
    key, _, rest = rest.partition("+")
    name, _, rest = rest.partition("+")
    hint, _, encoded = rest.partition("+")
    return f"{private}+{key}", name, hint, encoded


def _parsed(body: str) -> Checkpoint:
    lines = body.split("\n")
    if len(lines) < 3 or not all(lines) or not SIZE.fullmatch(lines[1]):  # noqa: PLR2004 - origin, size and root
        raise BadCheckpoint("a checkpoint is an origin, a size and a root on lines of their own")
    root = _decoded(lines[2])
    if len(root) != HASH:
        raise BadCheckpoint("the checkpoint's root is not a SHA-256 hash")
    return Checkpoint(lines[0], int(lines[1]), root)


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadCheckpoint("base64 is expected where something else stands") from None
