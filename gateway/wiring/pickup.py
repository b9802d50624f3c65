"""Folders that a party's absence files are taken from, joined to an installation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.core.errors import ConfigurationError
from gateway.core.vocabulary import MessageKind
from gateway.edge.absences.folders import LocalFolder, sftp_folder, sftp_place
from gateway.edge.absences.pickup import Folder, Opens, Pickup
from gateway.mapping.nearest import nearest
from gateway.wiring.absences import error_lines
from gateway.wiring.gateway import Gateway


def opens(where: str, key: Path | None, host_keys: Path | None) -> Opens:
    """Give what opens a folder: a path, or `sftp://user@host/path`. Raises `ConfigurationError`."""
    if where.startswith("sftp:"):
        place = sftp_place(where, key, host_keys)
        return lambda: sftp_folder(place)
    path = Path(where)
    if not path.is_dir():
        raise ConfigurationError(["there is no such folder"])

    @asynccontextmanager
    async def local() -> AsyncIterator[Folder]:
        yield LocalFolder(path)

    return local


def pickup(gateway: Gateway, folder: Folder, party: str, profile: str) -> Pickup:
    """Give what takes a party's files out of a folder."""
    return Pickup(folder, gateway.absences, party, profile, error_lines)


def check(gateway: Gateway, party: str, profile: str) -> None:
    """Raise `ConfigurationError` unless there are such a party, which may send absences, and such a profile."""
    known, profiles = gateway.registry.parties, gateway.absences.profiles
    wrong = []
    if party not in known:
        wrong.append(f"there is no party {party}; {nearest(party, known)}".rstrip("; "))
    elif MessageKind.ABSENCE_EXPORT not in known[party].sends:
        wrong.append(f"{party} may not send absences; have the register of parties say that it may")
    if profile not in profiles:
        wrong.append(f"there is no profile {profile}; {nearest(profile, profiles)}".rstrip("; "))
    if wrong:
        raise ConfigurationError(wrong)
