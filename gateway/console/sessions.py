"""Who is logged in: sessions on the server's side, which end when nobody uses them, or after a day's work.

The browser holds a random name and nothing else. Sessions live in this process alone: a restart logs everybody out, and
what a session knows of a person is never on disk. `Clock` is in seconds.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from gateway.core.errors import SamspillError
from gateway.core.ports import Clock

IDLE: Final = 20 * 60.0
ABSOLUTE: Final = 8 * 3600.0
MOST: Final = 10_000
PENDING: Final = 600.0


class NotLoggedIn(SamspillError):
    """Nobody is logged in, or the session is over."""


class Standing(StrEnum):
    """As what somebody is logged in."""

    OFFICER = "officer"
    OPERATOR = "operator"
    PATIENT = "patient"


@dataclass(slots=True)
class Session:
    """One log-in. `actor` is how the log names whoever it is, `number` their national number where the issuer says it.

    `reason` is the code that an officer's looking is logged with. `csrf` stands in every form. Handles stand for
    pseudonyms in addresses, and mean nothing outside the session.
    """

    standing: Standing
    actor: str
    name: str
    number: str = field(repr=False)
    person: str
    begun: float
    seen: float
    reason: str = "ongoing-review"
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    flash: str = ""
    _of: dict[str, str] = field(default_factory=dict, repr=False)
    _to: dict[str, str] = field(default_factory=dict, repr=False)

    def handle(self, pseudonym: str) -> str:
        """Give what stands for a pseudonym in this session's addresses."""
        if pseudonym not in self._of:
            handle = secrets.token_urlsafe(9)
            self._of[pseudonym], self._to[handle] = handle, pseudonym
        return self._of[pseudonym]

    def pseudonym(self, handle: str) -> str:
        """Give what a handle stands for; nothing for one that this session did not give."""
        return self._to.get(handle, "")

    def told(self) -> str:
        """Give, once, the code of what is to be said on the next page."""
        said, self.flash = self.flash, ""
        return said


@dataclass(frozen=True, slots=True)
class Pending:
    """A log-in under way: the provider, and what its answer is held against (RFC 7636, OpenID Connect Core § 3.1)."""

    provider: str
    state: str
    nonce: str
    verifier: str = field(repr=False)
    begun: float


class Sessions:
    """The sessions of a process. `clock` may stand still, but not run backwards."""

    def __init__(self, clock: Clock, fresh: Callable[[], str] = lambda: secrets.token_urlsafe(32)) -> None:
        self._clock, self._fresh = clock, fresh
        self._open: dict[str, Session] = {}
        self._pending: dict[str, Pending] = {}

    def begin(self, provider: str) -> tuple[str, Pending]:
        """Begin a log-in: a name for the cookie, and what is sent along."""
        now = self._clock()
        self._pending = {name: one for name, one in self._pending.items() if now - one.begun < PENDING}
        while len(self._pending) >= MOST:
            self._pending.pop(next(iter(self._pending)))
        name = self._fresh()
        self._pending[name] = Pending(provider, self._fresh(), self._fresh(), secrets.token_urlsafe(48), now)
        return name, self._pending[name]

    def pending(self, name: str) -> Pending:
        """Give a log-in under way, once. Raises `NotLoggedIn`."""
        found = self._pending.pop(name, None)
        if found is None or self._clock() - found.begun >= PENDING:
            raise NotLoggedIn("there is no log-in under way, or it took too long")
        return found

    def open(self, session: Session) -> str:
        """Keep a new session, under a name that nobody has had; give the name."""
        self._drop_old()
        name = self._fresh()
        self._open[name] = session
        return name

    def now(self) -> float:
        """Give the time by the sessions' clock."""
        return self._clock()

    def find(self, name: str) -> Session:
        """Give a session that is not over, and note that it is used. Raises `NotLoggedIn`."""
        found, now = self._open.get(name), self._clock()
        if found is None or now - found.seen >= IDLE or now - found.begun >= ABSOLUTE:
            self._open.pop(name, None)
            raise NotLoggedIn("nobody is logged in, or the session is over")
        found.seen = now
        return found

    def close(self, name: str) -> None:
        """End a session."""
        self._open.pop(name, None)

    def _drop_old(self) -> None:
        now = self._clock()
        kept = {n: s for n, s in self._open.items() if now - s.seen < IDLE and now - s.begun < ABSOLUTE}
        while len(kept) >= MOST:
            kept.pop(min(kept, key=lambda name: kept[name].seen))
        self._open = kept
