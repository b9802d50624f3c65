"""What the disclosure log says: one entry for each thing that happened to a person's data.

An entry is made in the transaction that it tells of, so neither exists without the other. It holds codes, paths and
pseudonyms and never a value of a person; `canonical` gives the bytes that the tamper-evident tree hashes.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class AuditAction(StrEnum):
    """What happened. The IHE BALP event that it is shown as stands beside it."""

    ACCEPTED = "accepted"  # Import (DCM 110107): a message came and is stored
    DECIDED = "decided"  # AuthZ decision (DCM 110113): what the rules said for one recipient
    DISCLOSED = "disclosed"  # Export (DCM 110106): one attempt to hand it over, written before a byte leaves
    HANDED_OVER = "handed-over"  # how that attempt ended
    RECEIPT = "receipt"  # the recipient's application receipt
    REOPENED = "reopened"  # a permit no longer held; the message is decided anew
    CONSENT = "consent"  # a consent was given, changed or withdrawn
    RESENT = "resent"  # an operator sends it back to be decided anew
    DISCARDED = "discarded"  # an operator closes a dead letter
    DESTINATION_ADDED = "destination-added"  # a later act of the patient adds a recipient
    REMINDED = "reminded"  # a request that nobody has answered comes once more
    GLASS_ASKED = "glass-asked"  # somebody who treats asks to break the glass, and is shown that there is something
    GLASS_OPENED = "glass-opened"  # Export (DCM 110106): the glass is broken, written before a byte is shown
    REVIEW_READ = "review-read"  # an officer looks at what is held
    CASE_NOTED = "case-noted"  # an officer takes a case, sets its day, or notes something; `reason` says which
    REVIEWED = "reviewed"  # an officer clears, refuses or closes what waited
    ERASED = "erased"  # the keys of a person's payloads were destroyed
    LOG_READ = "log-read"  # Audit Log Used (DCM 110101): somebody looked into this log
    LOG_EXPORT = "log-export"  # the same, and took a copy along


class Outcome(StrEnum):
    """How it went (FHIR AuditEvent.outcome 0, 4 and 8)."""

    SUCCESS = "success"
    DENIED = "denied"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """Why something was released, or was not: rule ids, paths and codes, never a value.

    `permitted` and `forbade` are rule ids, `withheld` canonical field paths, `consents` ids with their version,
    `basis` codes of the legal basis, `policy` the version of the rule set.
    """

    policy: str = ""
    permitted: tuple[str, ...] = ()
    forbade: tuple[str, ...] = ()
    obligations: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()
    basis: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One entry of the disclosure log.

    `recorded_at` is in seconds since the epoch, UTC, by the database's clock. `patient` is a keyed pseudonym.
    `message` is the id of the outgoing message, or of the incoming one where there is none yet. `digest` is a keyed
    digest of the payload. `reason` is a code. `person` is a keyed pseudonym of whoever acted, where the actor's system
    says who. `sought` are the names of what a search of the log asked by. A member that is empty is not in the bytes,
    so that a new one changes none that are there already.
    """

    id: str
    recorded_at: float
    action: AuditAction
    outcome: Outcome = Outcome.SUCCESS
    actor: str
    recipient: str = ""
    patient: str = ""
    message: str = ""
    purpose: str = ""
    digest: str = ""
    reason: str = ""
    person: str = ""
    sought: tuple[str, ...] = ()
    disclosure: Disclosure | None = None

    def canonical(self) -> bytes:
        """Give the one byte form of the entry: JSON with sorted keys, no spaces and no empty members, in UTF-8."""
        members = _members(self)
        if self.disclosure is not None:
            members["disclosure"] = _members(self.disclosure)
        return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def entry_of(raw: bytes) -> AuditEntry:
    """Read what `canonical` gave. Raises `ValueError` for bytes that it never gives."""
    try:
        members = json.loads(raw)
        disclosure = members.pop("disclosure", None)
        if disclosure is not None:
            named: dict[str, Any] = {n: v if n == "policy" else tuple(v) for n, v in disclosure.items()}
            members["disclosure"] = Disclosure(**named)
        members["sought"] = tuple(members.get("sought", ()))
        entry = AuditEntry(
            **members | {"action": AuditAction(members["action"]), "outcome": Outcome(members["outcome"])}
        )
        same = entry.canonical() == raw
    except (TypeError, KeyError, AttributeError, RecursionError):
        same = False
    if not same:
        raise ValueError("these are not the bytes of an entry")
    return entry


def _members(record: Any) -> dict[str, Any]:
    return {name: value for name in record.__slots__ if (value := getattr(record, name))}
