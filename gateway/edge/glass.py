"""Breaking the glass: whoever treats a patient in an emergency sees what the gateway holds, and everybody hears of it.

Two steps, as the law has it: ask first, and be shown only that there is something; then open one record by name. Both
need a person who is logged in, a reason from a short list, and the caller's word that the person treats the patient.
The rules decide, as on any route, and theirs is `care-record` for `treatment`: an employer, NAV or anybody else has no
such route. The log is written and the patient told before a byte is shown; an officer looks into each case.

Everything here blocks; call it from a thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Row

from gateway import flow
from gateway.core.errors import Issue, NotAcceptable, Refused
from gateway.core.message import Rendered, Route
from gateway.core.ports import Format
from gateway.core.vocabulary import MessageKind, Obligation, Purpose, Role
from gateway.edge.audit.append import fresh_id
from gateway.edge.gather import Gather
from gateway.edge.identity.access import Caller
from gateway.edge.keys import Destroyed, Vault
from gateway.edge.line import GatewayLine
from gateway.edge.store import review, statements
from gateway.edge.store.database import Database
from gateway.edge.store.decide import inbound
from gateway.edge.store.operate import NotThere
from gateway.edge.store.review import GLASS, Asked, Opened, Status
from gateway.edge.store.rows import Inbound
from gateway.model.messages import about
from gateway.policy.facts import Facts

REASONS: Final = ("danger-to-life", "unconscious", "cannot-consent", "serious-harm")
"""Why somebody may have to open: the codes that the log and the officer see. There is no free text."""
LASTS: Final = 900.0
"""Seconds from asking until records can no longer be opened on it."""
MOST: Final = 50
DONE_HERE: Final = frozenset({Obligation.LOG, Obligation.NOTIFY_PATIENT, Obligation.SHOW_AS_BREAK_GLASS})
CARE: Final = (Role.CERTIFIER, Role.CAREGIVER)


@dataclass(frozen=True, slots=True)
class Plea:
    """What the caller says: whose records, why, and that the person who is logged in treats the patient."""

    number: str = field(repr=False)
    reason: str
    treats: bool


@dataclass(frozen=True, slots=True)
class There:
    """One record that could be opened: its id here, what kind of message it is, and when it came (epoch seconds)."""

    id: str
    kind: str
    received_at: float


@dataclass(frozen=True, slots=True)
class Opening:
    """The answer to a plea: by which name records are opened, until when (epoch seconds), and what there is."""

    id: str
    until: float
    records: tuple[There, ...]


class Glass:
    """Breaks the glass for callers. `target` is the format that records are shown in."""

    def __init__(self, database: Database, vault: Vault, line: GatewayLine, gather: Gather, target: Format) -> None:
        self._database, self._vault, self._line, self._gather, self._target = database, vault, line, gather, target

    def ask(self, caller: Caller, role: Role, plea: Plea) -> Opening:
        """Take a plea, put it before an officer, and say what there is.

        Raises `NotAcceptable` for a plea that is not complete, `Refused` when nobody is logged in or the rules open
        nothing to this role, or `Busy` when it cannot be logged.
        """
        person = self._person(caller)
        _complete(plea)
        if not self._line.rules(_route(role, role)).ceiling:
            raise Refused("the rules open nothing here, whatever the reason", ["glass-opens-care"])
        patient = self._vault.mac("patient", plea.number)
        asked = Asked(
            id=fresh_id(),
            party=caller.party.id,
            role=role.value,
            person=person,
            patient=patient,
            reason=plea.reason,
            policy=self._line.policy,
        )
        at = self._database.write_now(review.ASK, asked)
        return Opening(asked.id, at + LASTS, tuple(self._there(patient)))

    def open(self, caller: Caller, role: Role, opening: str, message: str) -> Rendered:
        """Give one record as far as the rules release it to this role, after it was logged and its patient told.

        Raises `NotThere` for an opening that is not this person's, is too old or was closed, and for a record that is
        not this patient's; `Refused` when the rules permit nothing; `NotAcceptable` or `Busy`.
        """
        row = self._opening(caller, opening)
        source = self._source(message)
        sender = self._sender(source)
        if source.patient != row.patient or sender is None:
            raise NotThere("no record of this patient has this id")
        record = self._record(source)
        known = about(record)
        if known is None:
            raise NotThere("no record of this patient has this id")
        opened = {"glass": "opened", "work-reason": "true"}
        facts = Facts({**self._gather.presumed(known, record).message, **opened})
        rules = self._line.rules(_route(sender, role))
        decision = flow.decide(rules.table, rules.route, facts, record)
        released = flow.minimise(record, decision)
        if Obligation.SHOW_AS_BREAK_GLASS not in released.obligations:
            raise Refused("the rules do not ask that this is shown as breaking the glass", decision.rules)
        flow.check_duties(released, self._target, DONE_HERE)
        rendered = flow.render(self._target, released, rules.ceiling)
        disclosure = self._line.disclosure(decision, released, ())
        self._log(Opened(opening, message, self._vault.mac("sent", rendered.body), disclosure))
        return rendered

    def _log(self, opened: Opened) -> None:
        self._database.write_now(review.OPEN, opened)

    def _person(self, caller: Caller) -> str:
        if not caller.person:
            raise Refused("breaking the glass needs a person who is logged in", ["glass-person"])
        return self._vault.mac("patient", caller.person)

    def _opening(self, caller: Caller, opening: str) -> Row[Any]:
        person = self._person(caller)
        for row in self._database.rows_now(review.OPENING, id=opening, since=LASTS):
            if (row.kind, row.status, row.party, row.person) == (GLASS, Status.OPEN, caller.party.id, person):
                return row
        raise NotThere("no opening of this person has this id, or it is over")

    def _there(self, patient: str) -> list[There]:
        rows = self._database.rows(review.RECORDS_OF, who=patient, limit=MOST)
        found = []
        for row in rows:
            source = inbound(row)
            try:
                known = about(self._record(source)) if self._sender(source) is not None else None
            except (NotAcceptable, Destroyed):
                continue
            if known is not None:
                found.append(There(source.id, known.kind.value, source.received_at))
        return found

    def _source(self, message: str) -> Inbound:
        rows = self._database.rows(statements.SOURCES, ids=[message])
        if not rows:
            raise NotThere("no record of this patient has this id")
        return inbound(rows[0])

    def _sender(self, source: Inbound) -> Role | None:
        """Give the role of care in which a record was sent; nothing when it did not come from care."""
        party = self._line.party(source.sender)
        return next((role for role in CARE if party is not None and role in party.roles), None)

    def _record(self, source: Inbound) -> Any:
        raw = self._vault.open("inbound", source.id, source.body, source.wrapped)
        return self._line.again(raw, source.format).record


def _route(sender: Role, recipient: Role) -> Route:
    return Route(sender, recipient, MessageKind.CARE_RECORD, Purpose.TREATMENT)


def _complete(plea: Plea) -> None:
    issues = []
    if plea.reason not in REASONS:
        issues.append(
            Issue("code-invalid", "reason", "the reason is not on the list", f"use one of {', '.join(REASONS)}")
        )
    if not plea.treats:
        what = "nobody says that the person treats the patient"
        issues.append(Issue("required", "treats", what, "say true, if it is so; an officer will ask"))
    if not plea.number:
        issues.append(Issue("required", "patient", "no patient is named", "give the national number or D-number"))
    if issues:
        raise NotAcceptable(issues)


def plea_of(body: Any) -> Plea:
    """Read a plea from JSON: `patient`, `reason` and `treats`. Raises `NotAcceptable` for anything else."""
    if not isinstance(body, Mapping) or not all(isinstance(body.get(name), str) for name in ("patient", "reason")):
        what = "a JSON object with patient, reason and treats is expected"
        raise NotAcceptable([Issue("structure", "", what, "see docs/privacy/break-the-glass.md")])
    return Plea(body["patient"], body["reason"], treats=body.get("treats") is True)
