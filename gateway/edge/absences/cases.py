"""What an employer may see of one employee's sick-leave case: its own absences, matched to the notes it was sent.

An illness that the employer did not call certified becomes so only by a note of the same person that the patient has
sent to this employer and that the rules still release to it today; that there are other notes is not told. Everything
passes the enforcement point before anything is reckoned from it, and the log tells of it before it is shown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import orjson

from gateway import flow
from gateway.core import identifiers
from gateway.core.audit import Disclosure
from gateway.core.errors import NotAcceptable, Refused
from gateway.core.line import State
from gateway.core.message import Released, Route
from gateway.core.vocabulary import MessageKind, Obligation, Purpose, Role
from gateway.edge.gather import Gather
from gateway.edge.identity.parties import Party
from gateway.edge.keys import Unreadable, Vault
from gateway.edge.line import GatewayLine
from gateway.edge.store import absences as store
from gateway.edge.store import statements
from gateway.edge.store.accept import Conflict
from gateway.edge.store.database import Database
from gateway.edge.store.decide import inbound
from gateway.edge.store.operate import NotThere
from gateway.edge.store.rows import Destination
from gateway.model.absence import Absence, CertifiedDays
from gateway.model.common import Identifier
from gateway.model.episode import Calendar, Spell, certified, episodes, self_certifications, spells
from gateway.model.messages import about, absent
from gateway.model.timeline import Entry, Law, Signal, signals, timeline
from gateway.policy.facts import Facts

ROUTE = Route(Role.EMPLOYER, Role.EMPLOYER, MessageKind.ABSENCE_EXPORT, Purpose.SICK_LEAVE_FOLLOW_UP)
SELF = replace(ROUTE, kind=MessageKind.EGENMELDING)
SENT = (State.DELIVERED, State.ACKNOWLEDGED)
NORWAY, SWEDEN = "norway", "sweden"
TWELVE = 12
"""How many digits a Swedish number has."""


@dataclass(frozen=True, slots=True)
class Case:
    """The latest case of a person: its spells of illness, what is to be done by which day, what there is to look at.

    `calendar` has the days off of the country. `self_certified` are all the days that the employee certified.
    """

    person: Identifier | None
    calendar: Calendar
    spells: tuple[Spell, ...]
    entries: tuple[Entry, ...]
    signals: tuple[Signal, ...]
    self_certified: tuple[CertifiedDays, ...] = ()


def employee_number(database: Database, vault: Vault, party: str, patient: str) -> str:
    """Give a party's own number of a patient (a pseudonym), as its files say it; nothing unless there is one alone."""
    found = database.rows(store.NUMBERS_OF, party=party, who=patient)
    try:
        [row] = found
        return str(orjson.loads(vault.open(store.WORKER, row.record, row.body, row.wrapped))[0])
    except (ValueError, Unreadable):
        return ""


class AbsenceCases:
    """Makes cases for employers, by the law of the country whose number the person has; `laws` gives both."""

    def __init__(
        self, line: GatewayLine, gather: Gather, stored: tuple[Database, Vault], laws: Mapping[str, Law]
    ) -> None:
        self._line, self._gather, self._laws = line, gather, laws
        self._database, self._vault = stored
        self._canonical = line.formats["canonical"]

    def of(self, party: Party, number: str, today: date) -> Case:
        """Give the latest case with an employer of the person with a personal number. Blocks.

        Raises `NotThere` when the employer has reported no illness of theirs, `Refused` when the rules release nothing
        of it, or `Busy`.
        """
        who, law = self._vault.mac("patient", number), self._laws[SWEDEN if len(number) == TWELVE else NORWAY]
        person = Identifier(kind=str(identifiers.kind_of(number)), value=number)
        reported = (replace(one, patient=replace(one.patient, id=person)) for one in self._absences(party, who))
        released = [self._released(one, ROUTE) for one in reported]
        own = [one.record for one in released]
        notes = list(self._notes(party, who))
        found = certified(spells(own, law.calendar), [span for note in notes for span in absent(note.record)])
        cases = episodes(found, law.between)
        if not cases:
            raise NotThere("this employer has reported no illness of this person")
        certified_by_self = [self._released(one, SELF) for one in self_certifications(own, law.calendar)]
        self._log(party, who, [*released, *notes, *certified_by_self])
        seen = tuple(signals(found, law.signals, today))
        days = tuple(day for one in certified_by_self for day in one.record.days)
        return Case(person, law.calendar, tuple(cases[-1]), tuple(timeline(cases[-1], law, today)), seen, days)

    def number_of(self, party: Party, employee: str) -> str:
        """Give the personal number of the person with an employee number, as the employer's files say it. Blocks.

        Raises `Conflict` when none says it, or they contradict each other, or `Busy`.
        """
        found = self._database.rows(
            store.WORKERS, party=party.id, employee=self._vault.mac("employee", party.id, "employee", employee)
        )
        if len(found) > 1:
            raise Conflict("files of this employer say of two persons that this number is theirs; upload a register")
        try:
            [row] = found
            return str(orjson.loads(self._vault.open(store.WORKER, row.record, row.body, row.wrapped))[1])
        except (ValueError, Unreadable):
            what = "no file of this employer says whose number this is, so that it has no case; upload a row with both"
            raise Conflict(what) from None

    def _absences(self, party: Party, who: str) -> Iterator[Absence]:
        for row in self._database.rows(store.OF_PERSON, party=party.id, who=who):
            try:
                raw = self._vault.open(store.RECORD, row.record, row.body, row.wrapped)
            except Unreadable:
                continue
            record = self._canonical.parse(raw).record if self._canonical.parse else None
            if isinstance(record, Absence):
                yield record

    def _released(self, record: Any, route: Route) -> Released[Any]:
        rules, known = self._line.rules(route), about(record)
        facts = self._gather.presumed(known, record) if known else Facts({})
        released = flow.minimise(record, flow.decide(rules.table, rules.route, facts, record))
        flow.check_duties(released, self._canonical, frozenset({Obligation.LOG}))
        return released

    def _notes(self, party: Party, who: str) -> Iterator[Released[Any]]:
        """Give the notes that were sent to the employer, as far as the rules release them to it now."""
        for row in self._database.rows(store.SENT_TO, party=party.id, who=who, states=SENT):
            for stored in self._database.rows(statements.SOURCES, ids=[row.inbound]):
                try:
                    yield self._again(inbound(stored), Destination(party.id, row.recipient, row.format, row.purpose))
                except (Unreadable, NotAcceptable, Refused):
                    continue

    def _again(self, source: Any, destination: Destination) -> Released[Any]:
        raw = self._vault.open("inbound", source.id, source.body, source.wrapped)
        record = self._line.again(raw, source.format).record
        gathered = self._gather(source, destination, record)
        rules = self._line.rules(gathered.route)
        released = flow.minimise(record, flow.decide(rules.table, rules.route, gathered.facts, record))
        flow.check_duties(released, self._line.formats[destination.format], flow.ON_THE_LINE)
        return released

    def _log(self, party: Party, who: str, released: list[Released[Any]]) -> None:
        each = [self._line.disclosure(None, one, ()) for one in released]
        disclosure = Disclosure(
            policy=self._line.policy,
            permitted=tuple(sorted({rule for one in each for rule in one.permitted})),
            forbade=tuple(sorted({rule for one in each for rule in one.forbade})),
            withheld=tuple(sorted({path for one in each for path in one.withheld})),
        )
        self._database.write_now(store.SHOW, store.Shown(party.id, who, ROUTE.purpose, disclosure))


def told(case: Case, today: date) -> Mapping[str, Any]:
    """Give a case as plain JSON."""
    return {
        "first-day": case.spells[0].start.isoformat(),
        "spells": [_spell(one, case.calendar, today) for one in case.spells],
        "self-certified": [_certified_days(one) for one in case.self_certified],
        "points": [_entry(one) for one in case.entries],
        "signals": [{"id": one.id, "basis": one.basis, "nb": one.nb, "en": one.en} for one in case.signals],
    }


def _certified_days(one: CertifiedDays) -> dict[str, Any]:
    days = (one.end - one.start).days + 1
    return {"start": one.start.isoformat(), "end": one.end.isoformat(), "calendar-days": days}


def _spell(one: Spell, calendar: Calendar, today: date) -> dict[str, Any]:
    last = min(one.end or today, today)
    return {
        "start": one.start.isoformat(),
        "end": one.end.isoformat() if one.end else None,
        "kind": one.kind,
        "degree": one.degree,
        "calendar-days": one.days(today),
        "working-days": calendar.working_days(one.start, last) if last >= one.start else 0,
    }


def _entry(one: Entry) -> dict[str, str]:
    point = one.point
    said = {"id": point.id, "by": one.by.isoformat(), "due": one.due.value, "who": point.who, "basis": point.basis}
    return said | {"status": point.status, "nb": point.nb, "en": point.en, "sv": point.sv}
