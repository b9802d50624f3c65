"""What the pages read: the log, messages, the queue, consents and the rules. Blocks, and may raise `Busy`.

Whatever an officer looks at is in the log before it is read, by the rules' leave.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from gateway.console.sessions import Session, Standing
from gateway.console.tally import Tally
from gateway.console.verification import Verification
from gateway.core.audit import AuditAction
from gateway.core.checkpoint import Verifier
from gateway.core.errors import Refused
from gateway.core.vocabulary import MessageKind, Role
from gateway.edge.audit.anchors import Anchors
from gateway.edge.audit.guard import LogGuard
from gateway.edge.audit.reader import LOOK, PURPOSES, LogReader, Look
from gateway.edge.audit.search import Filter, Found, search
from gateway.edge.consents import ConsentService
from gateway.edge.identity.parties import Registry
from gateway.edge.identity.standing import Held
from gateway.edge.keys import Vault
from gateway.edge.review import Officer, ReviewQueue
from gateway.edge.rule_sets import Revision
from gateway.edge.rulebook import Rulebook
from gateway.edge.store.database import Database
from gateway.edge.store.register import ConsentRegister
from gateway.policy.routing import Routing


@dataclass(frozen=True, slots=True)
class Contents:
    """What a message holds: its kind, its sender's roles, and the canonical paths of its leaves with their classes."""

    kind: MessageKind
    senders: frozenset[Role]
    leaves: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The ports of the console, filled in by `gateway.wiring`.

    `contents` gives what a stored message holds, by the id of the incoming one; nothing when it can no longer be read.
    `key` is what the log's checkpoints are signed with. `bundle` gives entries as FHIR AuditEvents.
    `revision` says what the rules in force changed, `standings` how it stands with the register's certificates.
    """

    database: Database
    vault: Vault
    rulebook: Rulebook
    reader: LogReader
    review: ReviewQueue
    register: ConsentRegister
    consents: ConsentService
    registry: Registry
    routing: Routing
    key: Verifier
    anchors: Anchors
    contents: Callable[[str], Contents | None]
    bundle: Callable[[Iterable[Found]], Mapping[str, Any]]
    tally: Tally
    guard: LogGuard
    verification: Verification
    revision: Callable[[], Revision | None]
    standings: Callable[[], tuple[Held, ...]]

    def look(
        self,
        session: Session,
        page: str,
        *,
        patient: str = "",
        message: str = "",
        action: AuditAction = AuditAction.LOG_READ,
        sought: tuple[str, ...] = (),
    ) -> None:
        """Write that somebody looks at a page, before anything of it is read. `sought` names what is asked by.

        Raises `Refused` when the rules do not permit it, or when an officer looks at their own record.
        """
        role = Role.PATIENT if session.standing is Standing.PATIENT else Role.OFFICER
        if role is Role.OFFICER and patient and patient == session.person:
            raise Refused("nobody looks into their own record at work", ["own-record"])
        look = Look(
            action=action,
            actor=session.actor,
            purpose=PURPOSES[role],
            reason=session.reason if role is Role.OFFICER else "own-access",
            person=session.person,
            patient=patient,
            message=message,
            sought=(f"page:{page}", *sought),
            disclosure=None if session.standing is Standing.OPERATOR else self.reader.permitted(role, session.reason),
        )
        self.database.write_now(LOOK, look)

    def entries(self, wanted: Filter, limit: int) -> list[Found]:
        """Give entries, the newest first; the looking was logged before."""
        return search(self.database, wanted, limit)

    def party(self, party: str) -> str:
        """Give the name of a party, or the id when it is none of ours."""
        known = self.registry.party(party)
        return known.name if known else party

    def role(self, party: str) -> str:
        """Give the first role of a party, as a word; nothing when it is none of ours."""
        known = self.registry.party(party)
        return min(known.roles).value if known and known.roles else ""

    def pseudonym(self, number: str) -> str:
        """Give the pseudonym of a national number."""
        return self.vault.mac("patient", number)

    @staticmethod
    def officer(session: Session) -> Officer:
        """Give who works off the queue."""
        return Officer(session.actor, session.number)


def short(prefix: str, code: str) -> str:
    """Give a name short enough to say aloud for an id or a pseudonym: `P-7K2M4Q`, the same each time."""
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    digits = int(code[-12:] or "0", 16) if all(one in "0123456789abcdef" for one in code[-12:]) else hash_of(code)
    text = ""
    for _ in range(6):
        digits, place = divmod(digits, 32)
        text = letters[place] + text
    return f"{prefix}-{text}"


def hash_of(code: str) -> int:
    """Give a number for a code that is not hexadecimal, the same in every process."""
    return int.from_bytes(code.encode()[-8:], "big")


patient_name = partial(short, "P")
message_name = partial(short, "M")
case_name = partial(short, "S")
