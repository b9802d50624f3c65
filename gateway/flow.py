"""The line, top to bottom: what becomes of a message between its bytes coming in and its bytes going out.

    receive → parse → gather → decide → minimise → render → seal → deliver → receipt

Everything from `parse` to `render` is here and pure: the same input gives the same bytes. What the outside knows
(consents, registers, the time) is gathered before and handed in as facts; sealing and delivering come after, at the
edge.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from gateway.core.decision import Decision
from gateway.core.errors import Issue, NotAcceptable, Refused
from gateway.core.identifiers import PERSONS, is_valid
from gateway.core.message import Parsed, Released, Rendered, Route
from gateway.core.ports import Format
from gateway.core.vocabulary import DataClass, Obligation
from gateway.mapping.run.report import Report, join
from gateway.model import Identifier, SickLeaveCertificate
from gateway.model.intyg import ToEmployer, says_no_and_tells
from gateway.model.intyg_dialogue import Letter, astray
from gateway.model.messages import MESSAGES
from gateway.model.walk import fields_of, without_indices
from gateway.policy import pdp, pep
from gateway.policy.facts import Facts
from gateway.policy.origins import renamed
from gateway.policy.rules import Table

ON_THE_LINE = frozenset(Obligation) - {Obligation.SHOW_AS_BREAK_GLASS}
"""The obligations that are done on the line: here, by the store in the commit that decides, or by the format."""

MARKED = frozenset({Obligation.NO_REDISCLOSURE, Obligation.SHOW_AS_BREAK_GLASS})
"""The obligations that the recipient has to be told of, in what it gets."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """What the gateway adds: who the recipient is, and when it came; of an employer, its place among the organisations.

    `employee` is an employer's own number of the patient, where its files have told it.
    """

    name: str = ""
    identifiers: tuple[Identifier, ...] = ()
    employer: str = ""
    legal: str = ""
    employee: str = ""
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one route: the table, and the data classes that any state of it could ever release."""

    table: Table
    route: Route
    ceiling: frozenset[DataClass]


@dataclass(frozen=True, slots=True)
class Translation:
    """One message on its way: what was decided, what was released, what was written, and the account of it."""

    parsed: Parsed[Any]
    released: Released[Any]
    rendered: Rendered
    decision: Decision | None = None
    report: Report | None = None


def parse(source: Format, raw: bytes, *, report: bool = False) -> Parsed[Any]:
    """Read a message. Raises `NotAcceptable` with every reason when it cannot be accepted as it stands."""
    if source.parse is None:
        raise NotAcceptable([Issue("not-supported", "", f"{source.id} is written and never read")])
    parsed = source.parse(raw, report=report)
    if parsed.record is None:
        raise NotAcceptable(parsed.issues)
    return parsed


def named(parsed: Parsed[Any], source: Format, raw: bytes) -> Parsed[Any]:
    """Give a message of a format that has no place for an id one that its bytes imply: the same bytes, the same id."""
    record: Any = parsed.record
    if "id" not in source.lacks or type(record) not in MESSAGES or record.id:
        return parsed
    return replace(parsed, record=replace(record, id=str(uuid5(NAMESPACE_OID, sha256(raw).hexdigest()))))


def deliverable(parsed: Parsed[Any]) -> tuple[Issue, ...]:
    """Give what stands in the way of forwarding a message, each issue at the place in the sender's own terms.

    These are the gateway's demands beyond the format's: who it is about, for when, and what to call it.
    """
    if type(parsed.record) not in MESSAGES:
        return ()
    places = {row.field: row.at for row in parsed.rows if row.outcome == "carried"}
    wrong = [*_demands(parsed.record, places)]
    if isinstance(parsed.record, ToEmployer) and says_no_and_tells(parsed.record):
        what = "a diagnosis stands here, and the patient has not chosen to pass it on"
        wrong.append(Issue("business-rule", "", what, "take it out, or ask the patient anew"))
    if isinstance(parsed.record, Letter):
        wrong += [Issue("business-rule", places.get(at, ""), what, how) for at, what, how in astray(parsed.record)]
    if isinstance(parsed.record, SickLeaveCertificate):
        wrong += _periods(parsed.record, places)
    return tuple(wrong)


def missing_for(note: Any, source: Format, target: Format, to: Addressee) -> tuple[Issue, ...]:
    """Give what a target's format demands and the note does not have, each at the place in the source's own terms."""
    try:
        render(target, pep.unrestricted(address(note, to)), None)
    except NotAcceptable as error:
        return tuple(_in_terms_of(source, target, issue) for issue in error.issues)
    return ()


def _in_terms_of(source: Format, target: Format, issue: Issue) -> Issue:
    place = source.places.get(without_indices(issue.field), "") if issue.field else ""
    mend = f"give it at {place}" if place and issue.code == "required" else ""
    return replace(issue, at=place, what=f"{target.title}: {issue.what}", mend=mend)


def _demands(message: Any, places: dict[str, str]) -> Iterator[Issue]:
    if not message.id:
        yield Issue("required", places.get("id", ""), "the message has no id", "give it one that is never used again")
    if message.patient.id is None:
        yield Issue("required", "", "the patient has no national number or D-number", "give one")
    elif not any(is_valid(message.patient.id.value, kind) for kind in PERSONS):
        at = places.get("patient.id.value", "")
        yield Issue("value", at, "the patient's number is no national number or D-number", "check its digits")


def _periods(note: SickLeaveCertificate, places: dict[str, str]) -> Iterator[Issue]:
    if not note.periods:
        yield Issue("required", "", "there is no period of absence", "give at least one")
    for i, period in enumerate(note.periods):
        if period.end < period.start:
            at = places.get(f"periods[{i}].end", "")
            yield Issue("business-rule", at, "the period ends before it begins", "swap or mend the two dates")


def address(message: Any, to: Addressee) -> Any:
    """Give a message with what the gateway knows and its sender does not: the recipient, and when it was received."""
    if type(message) not in MESSAGES:
        return message
    receiver = _readdressed_to(message, to) if to.name else message.receiver
    if not isinstance(message, SickLeaveCertificate):
        return replace(message, receiver=receiver)
    return replace(
        message,
        receiver=receiver,
        received_at=to.received_at or message.received_at,
        employer_orgnr=to.employer or message.employer_orgnr,
        employee_number=to.employee or message.employee_number,
        legal_orgnr=to.legal or to.employer or message.legal_orgnr,
    )


def _readdressed_to(message: Any, to: Addressee) -> Any:
    """Give the receiver with the recipient's own name and numbers; the office or person in it stays as it was named."""
    if message.receiver is None:
        return fields_of(type(message))["receiver"].kinds[0](name=to.name, identifiers=to.identifiers)
    return replace(message.receiver, name=to.name, identifiers=to.identifiers)


def decide(table: Table, route: Route, facts: Facts, record: Any) -> Decision:
    """Say, for each data class of the message, whether this recipient may have it, and by which rules."""
    return pdp.decide(table, route, facts, record)


def minimise(record: Any, decision: Decision) -> Released[Any]:
    """Take away everything that was not permitted. Raises `Refused` when nothing is left that may go."""
    return pep.release(record, decision)


def holds(target: Format, record: Any) -> bool:
    """Whether a record is of a kind that a format writes."""
    return type(record).__name__ in target.models


def misfit(target: Format, record: Any) -> str:
    """Say that a record is of a kind that a format has no form for."""
    return f"{target.id} holds {' or '.join(target.models)}, and the message is {type(record).__name__}"


def render(
    target: Format, released: Released[Any], classes: frozenset[DataClass] | None, *, report: bool = False
) -> Rendered:
    """Write what was released, with a program that cannot write any data class outside `classes`.

    Raises `NotAcceptable` for a format that is never written or holds other records, and when it demands what is not
    there.
    """
    mend = "write another; `samspill formats` lists them"
    if target.render is None:
        why = ": the sheet of paper is the original" if target.on_paper else ""
        what = f"{target.id} is read and never written{why}"
        raise NotAcceptable([Issue("not-supported", "", what, mend)])
    if not holds(target, released.record):
        raise NotAcceptable([Issue("not-supported", "", misfit(target, released.record), mend)])
    return target.render(released, classes, report=report)


def check_duties(released: Released[Any], target: Format, kept: frozenset[Obligation]) -> None:
    """Raise `Refused` unless everything that the rules demand is done: by who forwards, and in the format itself."""
    undone = released.obligations - kept | released.obligations & MARKED - target.marks
    if undone:
        what = ", ".join(sorted(undone))
        raise Refused(f"the rules demand {what}, which cannot be done on this way in the format {target.id}")


def forward(parsed: Parsed[Any], target: Format, rules: Rules, facts: Facts, to: Addressee) -> Translation:
    """Take a message that was read the rest of the way: decide, minimise, render.

    Raises `Refused` when the rules let nothing through, `NotAcceptable` when the format demands what is not there.
    """
    reporting = bool(parsed.rows)
    record = address(parsed.record, to)
    decision = decide(rules.table, rules.route, replace(facts, unsaid=parsed.unsaid), record)
    released = minimise(record, decision)
    check_duties(released, target, ON_THE_LINE)
    rendered = render(target, released, rules.ceiling, report=reporting)
    if not reporting:
        return Translation(parsed, released, rendered, decision)
    rows = renamed(record, released, rendered.rows)
    report = join(_readdressed(parsed, to), released, rows, target.lacks)
    return Translation(parsed, released, rendered, decision, report)


def _readdressed(parsed: Parsed[Any], to: Addressee) -> Parsed[Any]:
    """Give the account of a reading whose receiver was replaced."""
    if not to.name:
        return parsed
    rows = (
        row._replace(outcome="dropped", field="", why="the gateway addresses the message itself")
        if row.field.startswith(("receiver.name", "receiver.identifiers")) and row.outcome == "carried"
        else row
        for row in parsed.rows
    )
    return replace(parsed, rows=tuple(rows))


def convert(parsed: Parsed[Any], target: Format) -> Translation:
    """Write a message in another format for an operator who asked for all of it (`--unrestricted`)."""
    reporting = bool(parsed.rows)
    released = pep.unrestricted(parsed.record)
    rendered = render(target, released, None, report=reporting)
    report = join(parsed, released, rendered.rows, target.lacks) if reporting else None
    return Translation(parsed, released, rendered, report=report)
