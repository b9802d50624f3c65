"""Absence files of systems that only write files: taken from a folder, here or over SFTP, and put away when handled.

A file is left alone until two looks see it the same, so that one which is still being written is not read. It is then
moved to `working`, which only one can do, handed in like any upload, and moved to `processed` or, with `….errors.csv`
beside it, to `failed`. A watcher that dies is gone on with: what it left in `working` is handed in again, and the same
file again is the same upload. File names may hold anything, so that they stand in no log.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from gateway.core.errors import Busy, Issue
from gateway.edge.absences.files import AbsenceFiles

WORKING, PROCESSED, FAILED = "working", "processed", "failed"
FOLDERS = (WORKING, PROCESSED, FAILED)
UNFINISHED = (".tmp", ".part", ".filepart", ".partial", ".crdownload", "~")
"""How names end while a file is being written, by custom of those who write."""

log = structlog.get_logger(__name__)

Lines = Callable[[Iterable[Issue]], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was seen: its name, size and time of change; one that changes is seen as another."""

    name: str
    size: int
    changed: float


class Folder(Protocol):
    """A folder, here or elsewhere. Raises `OSError` for what cannot be done."""

    async def prepare(self, names: Iterable[str]) -> None:
        """Make folders in it that are not there."""

    async def files(self, inside: str = "") -> list[Seen]:
        """Give the regular files in it, or in a folder of it."""

    async def move(self, name: str, to: str, *, out_of: str = "") -> str | None:
        """Move a file within it in one step, to a name that nobody has; nothing when it is gone."""

    def read(self, name: str, inside: str) -> AsyncIterator[bytes]:
        """Give the bytes of a file."""

    async def write(self, name: str, inside: str, body: bytes) -> None:
        """Write a file: whole, or not at all."""


class Pickup:
    """Takes the files of one party out of a folder, read by one profile."""

    def __init__(self, folder: Folder, files: AbsenceFiles, party: str, profile: str, lines: Lines) -> None:
        self._folder, self._files, self._lines = folder, files, lines
        self._party, self._profile = party, profile
        self._before: frozenset[Seen] = frozenset()

    async def begin(self) -> int:
        """Make the folders, and go on with what an earlier watcher left; give how many files that was."""
        await self._folder.prepare(FOLDERS)
        left = await self._folder.files(WORKING)
        for one in left:
            await self._hand_in(one.name)
        return len(left)

    async def look(self) -> int:
        """Look once; give how many files were handled: those that are as they were at the last look."""
        seen = frozenset(one for one in await self._folder.files() if _is_whole(one.name))
        ready = sorted(seen & self._before, key=lambda one: (one.changed, one.name))
        self._before = seen - frozenset(ready)
        handled = 0
        for one in ready:
            name = await self._folder.move(one.name, WORKING)
            if name is not None:
                await self._hand_in(name)
                handled += 1
        return handled

    async def _hand_in(self, name: str) -> None:
        chunks = self._folder.read(name, WORKING)
        file = await self._files.take(chunks, self._party, self._profile, whole=False)
        told = await self._handled(file)
        good = told["state"] == "done" and not told["refused"]
        put = await self._folder.move(name, PROCESSED if good else FAILED, out_of=WORKING)
        if put is not None and not good:
            issues = await asyncio.to_thread(lambda: list(self._files.issues(file, self._party)))
            body = "".join(self._lines(issues)).encode()
            await self._folder.write(f"{put}.errors.csv", FAILED, body)
        words = ("rows", "good", "repeated", "corrected", "refused")
        log.info("absence-file-handled", file=file, **{word: told[word] for word in words})

    async def _handled(self, file: str) -> Mapping[str, Any]:
        while True:
            told = await asyncio.to_thread(self._files.progress, file, self._party)
            if told["state"] in ("done", "refused"):
                return told
            await self._files.handle_some()


def _is_whole(name: str) -> bool:
    return not name.startswith(".") and not name.lower().endswith(UNFINISHED)


Opens = Callable[[], AbstractAsyncContextManager[Folder]]
"""Opens a folder, anew when it was lost."""


async def watch(opens: Opens, makes: Callable[[Folder], Pickup], every: float, stopping: asyncio.Event) -> None:
    """Look every so many seconds, whatever happens to the folder meanwhile. Raises `NotAcceptable`."""
    while not stopping.is_set():
        try:
            async with opens() as folder:
                pickup = makes(folder)
                await pickup.begin()
                while not stopping.is_set():
                    await pickup.look()
                    await _either(stopping, every)
        except (OSError, Busy) as error:
            log.warning("folder-away", error=type(error).__name__)
            await _either(stopping, every)


async def once(opens: Opens, makes: Callable[[Folder], Pickup], every: float) -> int:
    """Look twice, so many seconds apart, and give how many files were handled. Raises `OSError` or `Busy`."""
    async with opens() as folder:
        pickup = makes(folder)
        left = await pickup.begin()
        await pickup.look()
        await asyncio.sleep(every)
        return left + await pickup.look()


async def _either(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()
