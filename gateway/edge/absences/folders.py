"""Folders that absence files are taken from: on this machine, and over SFTP."""

import asyncio
import contextlib
import os
import stat
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.core.errors import ConfigurationError
from gateway.edge.absences.pickup import Seen

CHUNK = 1 << 20


def names_for(name: str) -> Iterable[str]:
    """Give the name, and then others like it for when it is taken."""
    stem, dot, suffix = name.partition(".")
    yield name
    for number in count(2):
        yield f"{stem}-{number}{dot}{suffix}"


class LocalFolder:
    """A folder on this machine. Links are left alone: they may lead anywhere."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def prepare(self, names: Iterable[str]) -> None:
        """Make folders in it."""
        for name in names:
            await asyncio.to_thread((self._path / name).mkdir, mode=0o700, exist_ok=True)

    async def files(self, inside: str = "") -> list[Seen]:
        """Give the regular files."""
        return await asyncio.to_thread(self._files, inside)

    def _files(self, inside: str) -> list[Seen]:
        seen = []
        with os.scandir(self._path / inside) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    with contextlib.suppress(FileNotFoundError):  # another watcher has taken it
                        found = entry.stat(follow_symlinks=False)
                        seen.append(Seen(entry.name, found.st_size, found.st_mtime))
        return sorted(seen, key=lambda one: one.name)

    async def move(self, name: str, to: str, *, out_of: str = "") -> str | None:
        """Move a file: a link by the new name is made, which fails where there is one, and the old name goes."""
        return await asyncio.to_thread(self._move, name, to, out_of)

    def _move(self, name: str, to: str, out_of: str) -> str | None:
        source = self._path / out_of / name
        for free in names_for(name):
            try:
                os.link(source, self._path / to / free, follow_symlinks=False)
            except FileExistsError:
                continue
            except FileNotFoundError:
                return None
            try:
                source.unlink()
            except FileNotFoundError:  # somebody else was first
                (self._path / to / free).unlink(missing_ok=True)
                return None
            return free
        return None

    async def read(self, name: str, inside: str) -> AsyncIterator[bytes]:
        """Give the bytes of a file."""
        with await asyncio.to_thread((self._path / inside / name).open, "rb") as source:
            while chunk := await asyncio.to_thread(source.read, CHUNK):
                yield chunk

    async def write(self, name: str, inside: str, body: bytes) -> None:
        """Write a file beside its name, and rename it."""
        target = self._path / inside / name
        await asyncio.to_thread(_write, target.with_name(f".{name}.tmp"), target, body)


def _write(beside: Path, target: Path, body: bytes) -> None:
    beside.write_bytes(body)
    beside.replace(target)


class SftpFolder:
    """A folder of an SFTP server, by an open session (`asyncssh.SFTPClient`).

    Its own faults come as `OSError`. Moving is the server's rename, which refuses a name that is taken (SFTP 3).
    """

    def __init__(self, session: Any, path: str) -> None:
        import asyncssh  # noqa: PLC0415 - only installations that fetch over SFTP have it

        self._ssh, self._session, self._path = asyncssh, session, path.rstrip("/")

    async def prepare(self, names: Iterable[str]) -> None:
        """Make folders in it."""
        with _Faults(self._ssh):
            for name in names:
                if not await self._session.isdir(self._at(name)):
                    await self._session.mkdir(self._at(name))

    async def files(self, inside: str = "") -> list[Seen]:
        """Give the regular files."""
        with _Faults(self._ssh):
            found = await self._session.readdir(self._at(inside) if inside else self._path)
        seen = [
            Seen(str(one.filename), one.attrs.size or 0, float(one.attrs.mtime or 0))
            for one in found
            if one.attrs.permissions is not None and stat.S_ISREG(one.attrs.permissions)
        ]
        return sorted(seen, key=lambda one: one.name)

    async def move(self, name: str, to: str, *, out_of: str = "") -> str | None:
        """Move a file."""
        with _Faults(self._ssh):
            for free in names_for(name):
                if await self._session.exists(self._at(to, free)):
                    continue
                try:
                    await self._session.rename(self._at(out_of, name), self._at(to, free))
                except self._ssh.SFTPNoSuchFile:
                    return None
                except self._ssh.SFTPFailure:
                    if await self._session.exists(self._at(to, free)):
                        continue  # somebody was first to the name
                    return None
                return free
        return None

    async def read(self, name: str, inside: str) -> AsyncIterator[bytes]:
        """Give the bytes of a file."""
        with _Faults(self._ssh):
            async with self._session.open(self._at(inside, name), "rb") as source:
                while chunk := await source.read(CHUNK):
                    yield chunk

    async def write(self, name: str, inside: str, body: bytes) -> None:
        """Write a file beside its name, and rename it."""
        beside, target = self._at(inside, f".{name}.tmp"), self._at(inside, name)
        with _Faults(self._ssh):
            async with self._session.open(beside, "wb") as out:
                await out.write(body)
            if await self._session.exists(target):
                await self._session.remove(target)
            await self._session.rename(beside, target)

    def _at(self, *names: str) -> str:
        return "/".join((self._path, *(name for name in names if name)))


class _Faults:
    """Gives the faults of a session as `OSError`, without what the server says of them."""

    def __init__(self, ssh: Any) -> None:
        self._ssh = ssh

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Translate."""
        if isinstance(error, self._ssh.Error):
            raise OSError(type(error).__name__) from None


@dataclass(frozen=True, slots=True)
class SftpPlace:
    """Where a folder is: `sftp://user@host:port/path`, the key that opens it, and the host's own keys (known_hosts)."""

    host: str
    port: int
    user: str
    path: str
    key: Path
    host_keys: Path


def sftp_place(url: str, key: Path | None, host_keys: Path | None) -> SftpPlace:
    """Read the address of a folder. Raises `ConfigurationError` when anything that has to be said is missing."""
    said = urlsplit(url)
    wrong = []
    if said.scheme != "sftp" or not said.hostname or not said.username:
        wrong.append("the address is not of the form sftp://user@host/path")
    if said.password is not None:
        wrong.append("the address holds a password, which every list of processes shows; use a key")
    if key is None or not key.is_file():
        wrong.append("there is no private key; name its file with --key")
    if host_keys is None or not host_keys.is_file() or not host_keys.read_text("utf-8").strip():
        wrong.append("the host's key is not known; name a file in the form of known_hosts with --host-keys")
    if wrong or key is None or host_keys is None:
        raise ConfigurationError(wrong)
    return SftpPlace(said.hostname or "", said.port or 22, said.username or "", said.path or ".", key, host_keys)


@asynccontextmanager
async def sftp_folder(place: SftpPlace) -> AsyncIterator[SftpFolder]:
    """Connect, by a key and to a host whose key is known, and by nothing else.

    Raises `ConfigurationError` or `OSError`.
    """
    try:
        import asyncssh  # noqa: PLC0415 - as above
    except ImportError:
        raise ConfigurationError(["SFTP needs the package asyncssh; install samspill[sftp]"]) from None
    try:
        key = asyncssh.read_private_key(place.key)
    except (OSError, ValueError):
        raise ConfigurationError(
            ["the private key cannot be read; give an OpenSSH or PEM key without a passphrase"]
        ) from None
    options: dict[str, Any] = {"known_hosts": str(place.host_keys), "config": None, "agent_path": None}
    options |= {"client_keys": [key], "preferred_auth": "publickey", "login_timeout": 30}
    with _Faults(asyncssh):
        async with (
            asyncssh.connect(place.host, place.port, username=place.user, **options) as connection,
            connection.start_sftp_client() as session,
        ):
            yield SftpFolder(session, place.path)
