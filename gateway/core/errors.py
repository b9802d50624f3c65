"""Every error of the gateway, as a tree, with who meets it.

    SamspillError
    ├── NotAcceptable          the peer's message is not acceptable; carries every issue (exit 3, HTTP 4xx)
    ├── Refused                the rules permit nothing of it (exit 4, HTTP 403)
    ├── ConfigurationError     our own mapping, code or rule data, or settings, are wrong (exit 5)
    ├── ChannelError           a delivery did not succeed
    │   ├── Unreachable        nothing reached the recipient: try again
    │   ├── Uncertain          it may have reached the recipient: try again with the same key
    │   │   └── Unacknowledged its server has it, and will say by itself that it took it
    │   └── Rejected           the recipient said no: a human looks at it
    └── Busy                   the gateway is full or its store is away: the sender tries again (HTTP 503)

An expected failure is one of these; anything else is our own fault (exit 1). No error ever carries a value
of a person: what, where and how to mend, never what stood there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """FHIR issue-severity, for every format."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong with somebody's message.

    `code` is a FHIR issue-type (`structure`, `required`, `value`, `code-invalid`, `not-supported`, …).
    `at` is the place in the caller's own terms: a FHIRPath expression, an XML path, or row and column.
    `what` says what is wrong, `mend` how to mend it; neither repeats a value. `field` is the canonical field concerned,
    where there is one, and `rule` the rule of the authority's that speaks.
    """

    code: str
    at: str
    what: str
    mend: str = ""
    severity: Severity = Severity.ERROR
    field: str = ""
    rule: str = ""

    def __str__(self) -> str:
        """One line: place, what, and how to mend it."""
        return f"{self.at or '(message)'}: {self.what}" + (f"; {self.mend}" if self.mend else "")


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in our own data files, at `file:line:column` (both counted from 1)."""

    file: str
    line: int
    column: int
    what: str
    mend: str = ""

    def __str__(self) -> str:
        """`file:line:column: what; mend`, the form editors turn into a link."""
        return f"{self.file}:{self.line}:{self.column}: {self.what}" + (f"; {self.mend}" if self.mend else "")


class SamspillError(Exception):
    """Any failure that was foreseen."""


class NotAcceptable(SamspillError):
    """The message cannot be accepted as it stands; `issues` holds every reason at once."""

    def __init__(self, issues: Iterable[Issue]) -> None:
        self.issues = tuple(issues)
        super().__init__("; ".join(map(str, self.issues)))


class Refused(SamspillError):
    """The rules permit nothing of this message to this recipient; `rules` names why.

    `held` is what an officer's clearing would let through, each a field's path and the rule that holds it.
    """

    def __init__(self, why: str, rules: Iterable[str] = (), held: Iterable[str] = ()) -> None:
        self.why = why
        self.rules = tuple(rules)
        self.held = tuple(held)
        super().__init__(why + (f" ({', '.join(self.rules)})" if self.rules else ""))


class ConfigurationError(SamspillError):
    """Our own data or settings are wrong; `faults` holds every one at once."""

    def __init__(self, faults: Iterable[Fault | str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


class ChannelError(SamspillError):
    """A delivery attempt did not succeed."""


class Unreachable(ChannelError):
    """Nothing reached the recipient."""


class Uncertain(ChannelError):
    """The recipient may or may not have the message; the same key makes a second attempt harmless."""


class Unacknowledged(Uncertain):
    """The recipient's server has the message; that it took it over comes on its own, or it is sent again."""


class Rejected(ChannelError):
    """The recipient answered, and the answer is no."""


class Busy(SamspillError):
    """Nothing was stored; the sender should try again after `retry_after` seconds."""

    def __init__(self, why: str, retry_after: int = 5) -> None:
        self.retry_after = retry_after
        super().__init__(why)
