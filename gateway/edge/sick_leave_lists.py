"""Sick leaves for care that treats (RIV-TA ListSickLeavesForPerson 1, ListActiveSickLeavesForCareUnit 1), from FK 7804.

Each certificate passes the enforcement point by itself, and the log tells of each, under its patient, before anything
is shown. What is not shown makes no difference to the answer, so that nobody learns from it that there is something.
Everything blocks.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Row

from gateway import flow
from gateway.core.errors import NotAcceptable, Refused
from gateway.core.message import Released, Route
from gateway.core.vocabulary import MessageKind, Obligation, Purpose, Role
from gateway.edge import soap
from gateway.edge.care_services import Reader, own_unit
from gateway.edge.gather import Gather
from gateway.edge.identity.access import Caller
from gateway.edge.keys import Unreadable, Vault
from gateway.edge.line import GatewayLine
from gateway.edge.pdl_log import SWEDEN, PdlLog, Told
from gateway.edge.sick_leave_calls import Asked, Contract, asked
from gateway.edge.store import absences, statements
from gateway.edge.store.database import Database
from gateway.edge.store.decide import inbound
from gateway.edge.store.rows import Inbound
from gateway.model.intyg import BenefitCertificate, CareUnit
from gateway.policy.facts import Facts

CARE: Final = (Role.CERTIFIER, Role.CAREGIVER)
NEWEST: Final = timedelta(days=730)
"""How long after it came a certificate is still looked at for what goes on at a unit."""
NOT_ALL: Final = (
    "det som är spärrat, återkallat eller saknar samtycke, och det där svar saknas, visas inte / what is blocked, "
    "withdrawn or without consent, and what nobody could tell about, is not shown"
)

Writes = Callable[[str, Sequence[Released[BenefitCertificate]], tuple[str, str], str], bytes]
"""Writes the answer by a contract (its name) to a care provider (HSA-id and name), with what it is told."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One certificate as it is stored: the id of the incoming message, whose it is, its sender's role, the record."""

    message: str
    patient: str
    sender: Role
    record: BenefitCertificate = field(repr=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """One certificate as it was released, with the id of the incoming message that it came in, and whose it is."""

    message: str
    patient: str
    released: Released[BenefitCertificate]


class SickLeaveLists:
    """Lists for callers. `write` gives the answer's body, and `pdl_log`, if any, is told of what is shown."""

    def __init__(
        self,
        line: GatewayLine,
        gather: Gather,
        stored: tuple[Database, Vault],
        write: Writes,
        pdl_log: PdlLog | None = None,
    ) -> None:
        self._line, self._gather, self._write, self._pdl_log = line, gather, write, pdl_log
        self._database, self._vault = stored

    def answer(self, caller: Caller, raw: bytes) -> bytes:
        """Answer a call. Raises `NotAcceptable` for one that is not complete, `Refused` or `Busy`.

        Nothing is shown that could not be logged.
        """
        role = next((one for one in CARE if one in caller.party.roles), None)
        if role is None:
            raise Refused("lists of sick leaves are for care", ["route-role"])
        call = asked(raw, caller.party.id)
        if not {call.reader.unit, call.reader.provider} <= caller.party.behalf:
            raise Refused("the caller does not act for this care unit", ["route-owner"])
        found = list(self._found(call, role))
        told = [self._log(one, call.reader) for one in found]
        if self._pdl_log is not None:
            self._pdl_log.tell(told)
        provider = (call.reader.provider, caller.party.name)
        return soap.wrap(self._write(call.contract, [one.released for one in found], provider, NOT_ALL))

    def _found(self, call: Asked, role: Role) -> Iterator[Listed]:
        for patient, group in groupby(self._wanted(call), key=lambda one: one.patient):
            kept = list(group)
            facts = self._gather.treating([one.record for one in kept], patient, call.reader)
            for one, known in zip(kept, facts, strict=True):
                if known.message.get("withdrawn") == "false":
                    with suppress(NotAcceptable, Refused):
                        yield Listed(one.message, patient, self._released(one, known, role))

    def _wanted(self, call: Asked) -> list[Kept]:
        """Give what is asked for, before anybody has asked whether it may be shown: by patient, the newest first."""
        if call.contract is Contract.FOR_PERSON:
            return list(self._kept(self._of_person(call.number)))
        today = datetime.now(SWEDEN).date()
        rows = self._of_person(call.number) if call.number else self._of_unit(call.reader.unit)
        wanted = (one for one in self._kept(rows) if own_unit(one.record, call.reader) == "true")
        return sorted((one for one in wanted if goes_on(one.record, today, call.ended)), key=lambda one: one.patient)

    def _of_person(self, number: str) -> list[Row[Any]]:
        return self._database.rows(statements.EARLIER, who=self._vault.mac("patient", number))

    def _of_unit(self, unit: str) -> list[Row[Any]]:
        """Give what came from those who may send for a unit."""
        senders = [party.id for party in self._line.acting_for(unit)]
        since = datetime.now(SWEDEN) - NEWEST
        return self._database.rows(statements.FROM_SENDERS, senders=senders, since=since.timestamp())

    def _kept(self, rows: Sequence[Row[Any]]) -> Iterator[Kept]:
        """Give every FK 7804 among stored messages that came from care and can be read, in their order, each once."""
        senders = {row.id: self._role(row.sender) for row in rows}
        seen: set[tuple[str, str | None]] = set()
        names = [name for name, role in senders.items() if role]
        for some in (names[at : at + 100] for at in range(0, len(names), 100)):
            found = {one.id: one for one in map(inbound, self._database.rows(statements.SOURCES, ids=some))}
            for source in (found[name] for name in some if name in found):
                record, role = self._record(source), senders[source.id]
                if role and isinstance(record, BenefitCertificate) and (source.sender, record.id) not in seen:
                    seen.add((source.sender, record.id))
                    yield Kept(source.id, source.patient, role, record)

    def _role(self, sender: str) -> Role | None:
        party = self._line.party(sender)
        return next((one for one in CARE if party is not None and one in party.roles), None)

    def _record(self, source: Inbound) -> Any:
        try:
            raw = self._vault.open("inbound", source.id, source.body, source.wrapped)
            return self._line.again(raw, source.format).record
        except (Unreadable, NotAcceptable):
            return None

    def _released(self, one: Kept, facts: Facts, role: Role) -> Released[BenefitCertificate]:
        rules = self._line.rules(Route(one.sender, role, MessageKind.CARE_RECORD, Purpose.TREATMENT))
        released = flow.minimise(one.record, flow.decide(rules.table, rules.route, facts, one.record))
        flow.check_duties(released, self._line.formats["canonical"], frozenset({Obligation.LOG}))
        return released

    def _log(self, one: Listed, reader: Reader) -> Told:
        shown = absences.Shown(
            reader.party,
            one.patient,
            Purpose.TREATMENT.value,
            self._line.disclosure(None, one.released, ()),
            message=one.message,
            person=self._vault.mac("employee", reader.employee),
        )
        entry = self._database.write_now(absences.SHOW, shown)
        record = one.released.record
        return Told(entry, record.patient, record.sender or CareUnit(), reader)


def goes_on(record: BenefitCertificate, today: date, ended: int) -> bool:
    """Whether somebody is on sick leave by a certificate today, or was at most so many days ago."""
    spans = ((one.start, one.end) for one in record.reductions)
    return any(start and end and start <= today <= end + timedelta(days=ended) for start, end in spans)
