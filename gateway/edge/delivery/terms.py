"""How a destination is delivered to, as values: how many at once, how fast, how often again, when it counts as down."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from tenacity import RetryCallState, stop_after_delay, wait_exponential_jitter
from tenacity.stop import stop_base
from tenacity.wait import wait_base

from gateway.core.errors import ChannelError, Rejected, Uncertain

HOUR: Final = 3600.0


class Acknowledges(StrEnum):
    """What tells that the recipient has taken a message over."""

    APPLICATION = "application"  # an application receipt, in the answer or later
    TRANSPORT = "transport"  # the transport's own answer


@dataclass(frozen=True, slots=True)
class Retry:
    """When to try again, computed and never slept: any of tenacity's waits and stops."""

    wait: wait_base = field(default_factory=lambda: wait_exponential_jitter(initial=1, max=HOUR / 4, jitter=2))
    stop: stop_base = field(default_factory=lambda: stop_after_delay(72 * HOUR))

    def after(self, attempt: int, age: float, error: ChannelError) -> float | None:
        """Give the seconds until the next attempt, or nothing to give up.

        `attempt` counts from 1; `age` is seconds since the message was sealed. A recipient that said no is not asked
        again.
        """
        if isinstance(error, Rejected):
            return None
        state = _call_state(attempt, age)
        return None if self.stop(state) else float(self.wait(state))


@dataclass(frozen=True, slots=True)
class Agreed:
    """When to send again by an agreement (CPA § 8.4.42, ebMS § 6.4): times in seconds.

    What may have arrived is sent again every `interval`, `retries` times at most; what surely did not arrive is tried
    as `usual` says. After `persist` seconds nothing is sent any more.
    """

    retries: int
    interval: float
    persist: float
    usual: Retry = field(default_factory=Retry)

    def after(self, attempt: int, age: float, error: ChannelError) -> float | None:
        """Give the seconds until the next attempt, or nothing to give up; see `Retry.after`."""
        if isinstance(error, Rejected) or age >= self.persist:
            return None
        if not isinstance(error, Uncertain):
            return self.usual.after(attempt, 0.0, error)
        # Attempts that never left count as none: so many intervals must also have passed.
        exhausted = attempt > self.retries and age >= self.retries * self.interval
        return None if exhausted else self.interval


def _call_state(attempt: int, age: float) -> RetryCallState:
    nothing: Any = None
    state = RetryCallState(nothing, None, (), {})
    state.attempt_number = attempt
    state.start_time = 0.0
    state.outcome_timestamp = age
    return state


@dataclass(frozen=True, slots=True)
class Breaker:
    """After `failures` failures in a row a destination is down; then one probe goes every `probe_every` seconds."""

    failures: int = 5
    probe_every: float = 15.0


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one destination. `rate` is messages a second from one node (0: no limit); times are in seconds.

    `patience` bounds one attempt, answer included; its lease is longer, so that no attempt outlives it. Where the
    recipient fetches, workers make no attempt.
    """

    concurrency: int = 16
    rate: float = 0.0
    patience: float = 30.0
    retry: Retry | Agreed = field(default_factory=Retry)
    breaker: Breaker = field(default_factory=Breaker)
    acknowledges: Acknowledges = Acknowledges.APPLICATION
    receipt_within: float = 72 * HOUR
    fetches: bool = False

    @property
    def lease(self) -> float:
        """For how long one attempt is held."""
        return 2 * self.patience


class Bucket:
    """Lets `rate` a second through, and a second's worth at once."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate, self._at, self._level = rate, now, max(rate, 1.0)

    def take(self, wanted: int, now: float) -> int:
        """Give how many of `wanted` may go now."""
        if not self._rate:
            return wanted
        self._level = min(max(self._rate, 1.0), self._level + (now - self._at) * self._rate)
        self._at = now
        allowed = min(wanted, int(self._level))
        self._level -= allowed
        return allowed

    def give_back(self, unused: int) -> None:
        """Return what was taken and not used."""
        self._level += unused

    def wait(self) -> float:
        """Give the seconds until one more may go."""
        return max(0.0, (1 - self._level) / self._rate) if self._rate else 0.0
