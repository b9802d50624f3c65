"""A patient's sick leaves for care that treats them (RIV-TA ListSickLeavesForPerson 1), from FK 7804 as it came here.

Who reads stands in a header of our own, since the contract has no place for it and the rules cannot do without. Each
certificate passes the enforcement point by itself, and the log tells of each before anything is shown. What is not
shown makes no difference to the answer, so that nobody learns from it that there is something. Everything blocks.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from gateway import flow
from gateway.core.errors import Issue, NotAcceptable, Refused
from gateway.core.identifiers import Kind, is_valid
from gateway.core.message import Released, Route
from gateway.core.vocabulary import MessageKind, Obligation, Purpose, Role
from gateway.edge import soap
from gateway.edge.care_services import Reader
from gateway.edge.gather import Gather
from gateway.edge.identity.access import Caller
from gateway.edge.keys import Unreadable, Vault
from gateway.edge.line import GatewayLine
from gateway.edge.pdl_log import PdlLog, Told
from gateway.edge.store import absences, statements
from gateway.edge.store.database import Database
from gateway.edge.store.decide import inbound
from gateway.edge.store.rows import Inbound
from gateway.model.intyg import BenefitCertificate, CareUnit
from gateway.policy.facts import Facts

FOR_PERSON: Final = "{urn:riv:clinicalprocess:healthcond:rehabilitation:ListSickLeavesForPersonResponder:1}"
READER: Final = "{urn:samspill:riv-ta:1}Reader"
CARE: Final = (Role.CERTIFIER, Role.CAREGIVER)
NOT_ALL: Final = (
    "det som är spärrat, återkallat eller saknar samtycke, och det där svar saknas, visas inte / what is blocked, "
    "withdrawn or without consent, and what nobody could tell about, is not shown"
)

Writes = Callable[[Sequence[Released[BenefitCertificate]], tuple[str, str], str], bytes]
"""Writes the answer to a care provider (HSA-id and name), with what it is told."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose sick leaves somebody asks for, and who reads."""

    number: str = field(repr=False)
    reader: Reader


@dataclass(frozen=True, slots=True)
class Kept:
    """One certificate as it is stored: the id of the incoming message, its sender's role, and the record."""

    message: str
    sender: Role
    record: BenefitCertificate = field(repr=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """One certificate as it was released, and the id of the incoming message that it came in."""

    message: str
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
        asked = _asked(raw, caller.party.id)
        if not {asked.reader.unit, asked.reader.provider} <= caller.party.behalf:
            raise Refused("the caller does not act for this care unit", ["route-owner"])
        patient = self._vault.mac("patient", asked.number)
        found = list(self._found(patient, role, asked.reader))
        told = [self._log(one, patient, asked.reader) for one in found]
        if self._pdl_log is not None:
            self._pdl_log.tell(told)
        provider = (asked.reader.provider, caller.party.name)
        return soap.wrap(self._write([one.released for one in found], provider, NOT_ALL))

    def _found(self, patient: str, role: Role, reader: Reader) -> Iterator[Listed]:
        kept = list(self._kept(patient))
        facts = self._gather.treating([one.record for one in kept], patient, reader)
        for one, known in zip(kept, facts, strict=True):
            if known.message.get("withdrawn") == "false":
                with suppress(NotAcceptable, Refused):
                    yield Listed(one.message, self._released(one, known, role))

    def _kept(self, patient: str) -> Iterator[Kept]:
        """Give every FK 7804 of a patient's that came from care and can be read, the newest first."""
        for row in self._database.rows(statements.EARLIER, who=patient):
            sender = self._role(row.sender)
            for source in map(inbound, self._database.rows(statements.SOURCES, ids=[row.id])) if sender else ():
                record = self._record(source)
                if sender and isinstance(record, BenefitCertificate):
                    yield Kept(source.id, sender, record)

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

    def _log(self, one: Listed, patient: str, reader: Reader) -> Told:
        shown = absences.Shown(
            reader.party,
            patient,
            Purpose.TREATMENT.value,
            self._line.disclosure(None, one.released, ()),
            message=one.message,
            person=self._vault.mac("employee", reader.employee),
        )
        entry = self._database.write_now(absences.SHOW, shown)
        record = one.released.record
        return Told(entry, record.patient, record.sender or CareUnit(), reader)


def _asked(raw: bytes, party: str) -> Asked:
    call = soap.content(raw)
    if call is None or call.tag != f"{FOR_PERSON}ListSickLeavesForPerson":
        what = "this service is not provided here"
        raise NotAcceptable([Issue("not-supported", "", what, "ListSickLeavesForPerson 1 is answered")])
    number = (call.findtext("{*}person-id/{*}extension") or "").strip()
    said = soap.header(raw, READER)
    read = {name: _one(said, name) for name in ("employee-id", "care-unit-id", "care-provider-id", "treats")}
    issues = [_missing(name) for name in list(read)[:3] if not is_valid(read[name], Kind.HSA)]
    if not any(is_valid(number, kind) for kind in (Kind.PERSONNUMMER, Kind.SAMORDNINGSNUMMER)):
        issues.append(Issue("value", "person-id/extension", "this is no personnummer or samordningsnummer"))
    if read["treats"] not in ("true", "1"):
        what = "nobody says that the employee takes part in the patient's care"
        issues.append(Issue("required", "Reader/treats", what, "say true, if it is so"))
    if issues:
        raise NotAcceptable(issues)
    employee, unit, provider, _ = read.values()
    return Asked(number, Reader(party, employee, unit, provider, treats=True))


def _missing(name: str) -> Issue:
    return Issue("required", f"Reader/{name}", "who reads is to be told by HSA-id in the header", "see docs/sweden.md")


def _one(said: Any, name: str) -> str:
    return "" if said is None else (said.findtext(f"{{*}}{name}") or "").strip()
