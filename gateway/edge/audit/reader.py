"""Reads the disclosure log for a caller: the rules are asked first, the reading is itself logged, then it is read."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.core.audit import AuditAction, AuditEntry, Disclosure
from gateway.core.decision import Effect
from gateway.core.errors import Refused
from gateway.core.message import Route
from gateway.core.vocabulary import DataClass, MessageKind, Obligation, Purpose, Role
from gateway.edge.audit.append import append, fresh_id
from gateway.edge.audit.search import Filter, Found, search
from gateway.edge.keys import Vault
from gateway.edge.rulebook import Rulebook
from gateway.edge.store.database import Database
from gateway.edge.store.writer import Step, Tx
from gateway.policy.elements import UNMARKED, Element
from gateway.policy.facts import Facts
from gateway.policy.pdp import decide_elements

CLASSES: Final = (DataClass.ENVELOPE, DataClass.IDENTITY, DataClass.DISCLOSURE_LOG)
PURPOSES: Final = {Role.PATIENT: Purpose.OWN_ACCESS, Role.OFFICER: Purpose.OVERSIGHT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Who looks into the log and why. `person` and `patient` are pseudonyms, `reason` is a code, `sought` filter names.

    `action` is `LOG_READ`, `LOG_EXPORT` for a copy that is taken along, or `REVIEW_READ` for what is held of a message.
    """

    action: AuditAction
    actor: str
    purpose: str
    reason: str = ""
    person: str = ""
    patient: str = ""
    message: str = ""
    sought: tuple[str, ...] = ()
    disclosure: Disclosure | None = None


def look(tx: Tx, items: Sequence[Look]) -> list[Exception | None]:
    """Write that somebody looks into the log, before they see anything of it."""
    append(tx, [_entry(tx, item) for item in items])
    return [None] * len(items)


def _entry(tx: Tx, item: Look) -> AuditEntry:
    return AuditEntry(
        id=fresh_id(),
        recorded_at=tx.at,
        action=item.action,
        actor=item.actor,
        patient=item.patient,
        message=item.message,
        purpose=item.purpose,
        reason=item.reason,
        person=item.person,
        sought=item.sought,
        disclosure=item.disclosure,
    )


LOOK: Step[Look, None] = Step("look", look)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: the party's id and role, and the national number of whoever is logged in (empty: nobody is)."""

    party: str
    role: Role
    number: str = ""


class LogReader:
    """Reads the log for callers, as the rules in force permit."""

    def __init__(self, database: Database, vault: Vault, rulebook: Rulebook) -> None:
        self._database, self._vault, self._rulebook = database, vault, rulebook

    async def read(self, reader: Reader, wanted: Filter, limit: int, reason: str) -> list[Found]:
        """Give up to `limit` entries, the newest first; to a patient, whatever they ask, only their own.

        Raises `Refused` when the rules do not permit it, and `Busy` when the reading cannot be logged or made.
        """
        mine = self.pseudonym(reader.number) if reader.number else ""
        if reader.role is Role.PATIENT:
            if not mine or wanted.patient not in {"", mine}:
                raise Refused("a patient sees their own entries only", ["route-owner"])
            wanted = replace(wanted, patient=mine)
        disclosure = self.permitted(reader.role, reason)
        item = Look(
            action=AuditAction.LOG_READ,
            actor=reader.party,
            purpose=PURPOSES[reader.role],
            reason=reason,
            person=mine,
            patient=wanted.patient,
            sought=wanted.names,
            disclosure=disclosure,
        )
        await self._database.write(LOOK, item)
        return await asyncio.to_thread(search, self._database, wanted, limit)

    def pseudonym(self, number: str) -> str:
        """Give the pseudonym that a person of this number is a patient by."""
        return self._vault.mac("patient", number)

    def permitted(self, role: Role, reason: str) -> Disclosure:
        """Ask the rules, and refuse unless they permit every class that an entry is of, with nothing unknown to do."""
        facts = {"standing": "self"} if role is Role.PATIENT else {"work-reason": "true"} if reason else {}
        route = Route(Role.GATEWAY, role, MessageKind.ACCESS_LOG, PURPOSES[role])
        decision = decide_elements(self._rulebook.table, route, Facts({**UNMARKED, **facts}), _elements())
        if any(one.effect is not Effect.PERMIT for one in decision.classes) or decision.obligations - {Obligation.LOG}:
            why = "the rules do not open the log to this reader" + ("" if reason else "; say why it is read")
            raise Refused(why, decision.rules)
        return Disclosure(policy=self._rulebook.version, permitted=tuple(sorted(decision.rules)))


def _elements() -> Iterable[Element]:
    return [Element(one) for one in CLASSES]
