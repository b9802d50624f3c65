"""Absence files on disk: their bytes as they come in, how far each is handled, and the absences in them, once each."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, FromClause, bindparam, delete, exists, func, insert, select, update

from gateway.core.audit import AuditAction, AuditEntry, Disclosure
from gateway.core.errors import Issue
from gateway.edge.audit.append import append, fresh_id
from gateway.edge.keys import Envelope
from gateway.edge.store import journal, statements
from gateway.edge.store.schema import absence, absence_file, absence_issue, outbound, payload, worker
from gateway.edge.store.writer import Stale, Step, Tx

PART = "absence-part"
RECORD = "absence"
WORKER = "worker"
RECEIVING, WAITING, DONE, REFUSED = "receiving", "waiting", "done", "refused"
ABANDONED = 86_400.0
"""Seconds after which an upload that did not come to its end is forgotten."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """An upload that begins: who sends it, by which profile it is to be read, and whether all rows or none count."""

    id: str
    party: str
    profile: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the bytes of an upload, sealed."""

    file: str
    number: int
    payload: Envelope


@dataclass(frozen=True, slots=True)
class Received:
    """An upload that has come to its end."""

    file: str
    party: str
    digest: str
    parts: int


@dataclass(frozen=True, slots=True)
class NewAbsence:
    """One absence: its id, whom it is about (a pseudonym), its row, sealed.

    `row_mac` is what makes it the same as another, `source_mac` what makes it a correction of one. `alone` says that
    an employee number alone tells whom it is about.
    """

    record: str
    patient: str
    row_mac: str
    source_mac: str
    row: int
    payload: Envelope
    alone: bool = False


@dataclass(frozen=True, slots=True)
class NewWorker:
    """Whose an employee number is (both as pseudonyms), and both numbers, sealed.

    A register says all of it anew: what earlier files said of the number counts no more.
    """

    record: str
    employee: str
    patient: str
    payload: Envelope
    register: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a file, the first of which is the one after the first `before`, and what they came to.

    `sent` says of each message that was forwarded whether it is new.
    """

    before: int = 0
    count: int = 0
    absences: tuple[NewAbsence, ...] = ()
    issues: tuple[Issue, ...] = ()
    refused: int = 0
    ignored: int = 0
    noted: tuple[str, ...] = ()
    workers: tuple[NewWorker, ...] = ()
    sent: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Handled:
    """That rows of a file are handled, and the state that the file is in then; `whole`, it was read to its end."""

    file: str
    party: str
    rows: Rows
    state: str
    whole: bool = True


def part_name(file: str, number: int) -> str:
    """Give the name under which a part of a file is kept."""
    return f"{file}/{number}"


def begin(tx: Tx, items: Sequence[NewFile]) -> list[str | Exception]:
    """Note that uploads begin."""
    counts = dict.fromkeys(("parts", "rows", "good", "repeated", "refused", "ignored"), 0)
    rows = [
        {"id": one.id, "party": one.party, "digest": one.id, "profile": one.profile, "whole": one.whole}
        | {"state": RECEIVING, "began_at": tx.at, **counts}
        for one in items
    ]
    tx.connection.execute(insert(absence_file), rows)
    return [one.id for one in items]


def keep(tx: Tx, items: Sequence[Part]) -> list[Exception | None]:
    """Keep parts of uploads."""
    journal.put(tx, PART, [(part_name(one.file, one.number), "", one.payload) for one in items])
    return [None for _ in items]


def receive(tx: Tx, items: Sequence[Received]) -> list[str | Exception]:
    """Let whole uploads wait to be handled; give the id of each, which is an earlier one's if it came before."""
    return [_receive(tx, item) for item in items]


def _receive(tx: Tx, item: Received) -> str:
    file = absence_file.c
    known = tx.connection.execute(
        select(file.id).where(file.party == item.party, file.digest == item.digest, file.state != REFUSED)
    ).first()
    if known is not None:
        _forget(tx, item.file)
        return str(known.id)
    again = (file.party == item.party) & (file.digest == item.digest)
    tx.connection.execute(update(absence_file).where(again).values(digest=file.id))
    values = {"digest": item.digest, "parts": item.parts, "state": WAITING}
    tx.connection.execute(update(absence_file).where(file.id == item.file).values(values))
    entry = AuditEntry(
        id=fresh_id(),
        recorded_at=tx.at,
        action=AuditAction.ACCEPTED,
        actor=item.party,
        message=item.file,
        digest=item.digest,
    )
    append(tx, [entry])
    return item.file


def handle(tx: Tx, items: Sequence[Handled]) -> list[int | Exception]:
    """Keep what some rows said, and that they are handled, in one; give how many absences are new.

    Raises `Stale` for rows that somebody else has handled meanwhile.
    """
    return [_handle(tx, item) for item in items]


def _handle(tx: Tx, item: Handled) -> int | Exception:
    file = absence_file.c
    rows, row = item.rows, tx.connection.execute(select(absence_file).where(file.id == item.file)).one()
    if row.rows != rows.before or row.state != WAITING:
        return Stale("these rows have been handled")
    new = _unknown(tx, item.party, item.file, rows.absences)
    workers = _new_workers(tx, item.party, item.file, rows.workers)
    for one in sorted({one.patient for one in new} | {one.patient for one in workers}):
        tx.connection.execute(statements.ADD_PATIENT, [{"new_pseudonym": one}])
    if new:
        same = {"party": item.party, "file": item.file}
        names = ("record", "patient", "row_mac", "source_mac", "row", "alone")
        values = [{name: getattr(one, name) for name in names} | same for one in new]
        tx.connection.execute(insert(absence), values)
        journal.put(tx, RECORD, [(one.record, one.patient, one.payload) for one in new])
    if workers:
        known = [{name: getattr(one, name) for name in ("record", "employee", "patient")} for one in workers]
        tx.connection.execute(insert(worker), [one | {"party": item.party, "file": item.file} for one in known])
        journal.put(tx, WORKER, [(one.record, one.patient, one.payload) for one in workers])
    _tell(tx, item.file, rows.issues)
    corrected = _correct(tx, item) if item.state == DONE and item.whole else 0
    counts = {
        "rows": row.rows + rows.count,
        "good": row.good + len(new) + sum(rows.sent),
        "repeated": row.repeated + len(rows.absences) - len(new) + len(rows.sent) - sum(rows.sent),
        "refused": row.refused + rows.refused,
        "ignored": row.ignored + rows.ignored,
        "corrected": corrected,
        "noted": "\n".join(rows.noted),
        "state": item.state,
    }
    tx.connection.execute(update(absence_file).where(file.id == item.file).values(counts))
    if item.state != WAITING:
        tx.connection.execute(delete(payload).where(payload.c.kind == PART, _of(item.file)))
    return len(new)


def _correct(tx: Tx, item: Handled) -> int:
    """Let go of absences of earlier files that this file has in another form, and not as they were; give how many."""
    newer = absence.alias()
    same = (newer.c.party == absence.c.party) & (newer.c.source_mac == absence.c.source_mac)
    gone = (absence.c.party == item.party) & (absence.c.source_mac != "") & (absence.c.file != item.file)
    gone &= exists().where(same, newer.c.file == item.file)
    records = select(absence.c.record).where(gone)
    tx.connection.execute(delete(payload).where(payload.c.kind == RECORD, payload.c.record.in_(records)))
    return tx.connection.execute(delete(absence).where(absence.c.record.in_(records))).rowcount


def _unknown(tx: Tx, party: str, file: str, absences: tuple[NewAbsence, ...]) -> list[NewAbsence]:
    """Give the absences that this party has not reported before, each once; the others stand in this file, too."""
    there = (absence.c.party == party) & absence.c.row_mac.in_([one.row_mac for one in absences])
    known = {row.row_mac for row in tx.connection.execute(select(absence.c.row_mac).where(there))}
    if known:
        tx.connection.execute(update(absence).where(there).values(file=file))
    new = {one.row_mac: one for one in reversed(absences) if one.row_mac not in known}
    return list(reversed(new.values()))


def _new_workers(tx: Tx, party: str, file: str, workers: tuple[NewWorker, ...]) -> list[NewWorker]:
    """Give those that no file has said before, each once; let go of what a register says otherwise."""
    said = {(one.employee, one.patient): one for one in reversed(workers)}
    own = (worker.c.party == party) & worker.c.employee.in_([one.employee for one in workers])
    for row in tx.connection.execute(select(worker.c.record, worker.c.employee, worker.c.patient).where(own)).all():
        if said.pop((row.employee, row.patient), None):
            tx.connection.execute(update(worker).where(worker.c.record == row.record).values(file=file))
    anew = sorted({one.employee for one in workers if one.register})
    gone = select(worker.c.record).where(worker.c.party == party, worker.c.employee.in_(anew), worker.c.file != file)
    tx.connection.execute(delete(payload).where(payload.c.kind == WORKER, payload.c.record.in_(gone)))
    tx.connection.execute(delete(worker).where(worker.c.record.in_(gone)))
    return list(reversed(said.values()))


def _tell(tx: Tx, file: str, issues: tuple[Issue, ...]) -> None:
    if not issues:
        return
    numbers = select(absence_issue.c.number).where(absence_issue.c.file == file)
    first = tx.connection.execute(numbers.order_by(absence_issue.c.number.desc()).limit(1)).scalar() or 0
    rows = [
        {"file": file, "number": number, "place": one.at, "what": one.what, "mend": one.mend}
        for number, one in enumerate(issues, first + 1)
    ]
    tx.connection.execute(insert(absence_issue), rows)


def _of(file: str) -> ColumnElement[bool]:
    return payload.c.record.startswith(f"{file}/", autoescape=True)


def forget(tx: Tx, items: Sequence[str]) -> list[Exception | None]:
    """Forget uploads that did not come to their end: those named, and those that began long ago."""
    for one in items:
        _forget(tx, one)
    old = select(absence_file.c.id).where(
        absence_file.c.state == RECEIVING, absence_file.c.began_at < tx.at - ABANDONED
    )
    for row in tx.connection.execute(old).all():
        _forget(tx, row.id)
    return [None for _ in items]


def _forget(tx: Tx, file: str) -> None:
    tx.connection.execute(delete(payload).where(payload.c.kind == PART, _of(file)))
    tx.connection.execute(delete(absence_file).where(absence_file.c.id == file, absence_file.c.state == RECEIVING))


@dataclass(frozen=True, slots=True)
class Shown:
    """That somebody is about to be shown a person's case: who, about whom (a pseudonym), what for, and why.

    `message` is the incoming message that it is of, if one, and `person` a pseudonym of the reader, where one is named.
    """

    party: str
    patient: str
    purpose: str
    disclosure: Disclosure
    message: str = ""
    person: str = ""


def show(tx: Tx, items: Sequence[Shown]) -> list[str | Exception]:
    """Record that cases are about to be shown; give the id of each entry in the log."""
    entries = [
        AuditEntry(
            id=fresh_id(),
            recorded_at=tx.at,
            action=AuditAction.DISCLOSED,
            actor=one.party,
            recipient=one.party,
            patient=one.patient,
            purpose=one.purpose,
            message=one.message,
            person=one.person,
            disclosure=one.disclosure,
        )
        for one in items
    ]
    append(tx, entries)
    return [entry.id for entry in entries]


BEGIN: Step[NewFile, str] = Step("absence-begin", begin)
KEEP: Step[Part, None] = Step("absence-keep", keep)
RECEIVE: Step[Received, str] = Step("absence-receive", receive, announces=True)
HANDLE: Step[Handled, int] = Step("absence-handle", handle)
FORGET: Step[str, None] = Step("absence-forget", forget)
SHOW: Step[Shown, str] = Step("absence-show", show)

FILE = select(absence_file)
WAITS = select(absence_file).where(absence_file.c.state == WAITING).order_by(absence_file.c.began_at).limit(1)


def _another_than(one: FromClause) -> ColumnElement[bool]:
    """Whether files say of an employee number that it is somebody else's, too."""
    other = worker.alias()
    same = (other.c.party == one.c.party) & (other.c.employee == one.c.employee)
    return exists().where(same, other.c.patient != one.c.patient)


OWN_NUMBERS = (
    select(worker.c.employee)
    .where(worker.c.party == bindparam("party"), worker.c.patient == bindparam("who"))
    .where(~_another_than(worker))
)
"""The employee numbers of a person that are nobody else's."""

OF_PERSON = (
    select(absence.c.record, payload.c.body, payload.c.wrapped)
    .join_from(absence, payload, payload.c.record == absence.c.record)
    .where(absence.c.party == bindparam("party"))
    .where((absence.c.patient == bindparam("who")) | absence.c.patient.in_(OWN_NUMBERS))
    .order_by(absence.c.record)
)
APART = (
    select(func.count())
    .select_from(absence)
    .where(absence.c.file == bindparam("file"), absence.c.alone)
    .where(
        absence.c.patient.not_in(
            select(worker.c.employee).where(worker.c.party == bindparam("party")).where(~_another_than(worker))
        )
    )
)
"""How many absences of a file are of somebody whom no file tells by a personal number."""

NUMBERS_OF = (
    select(worker.c.record, payload.c.body, payload.c.wrapped)
    .join_from(worker, payload, (payload.c.record == worker.c.record) & (payload.c.kind == WORKER))
    .where(worker.c.party == bindparam("party"), worker.c.patient == bindparam("who"), ~_another_than(worker))
)
"""A person's employee numbers with a party that are nobody else's."""

WORKERS = (
    select(worker.c.patient, worker.c.record, payload.c.body, payload.c.wrapped)
    .join_from(worker, payload, (payload.c.record == worker.c.record) & (payload.c.kind == WORKER))
    .where(worker.c.party == bindparam("party"), worker.c.employee == bindparam("employee"))
)
"""Whose an employee number is; more than one where files contradict each other."""
SENT_TO = (
    select(outbound.c.inbound, outbound.c.recipient, outbound.c.format, outbound.c.purpose)
    .where(
        outbound.c.destination == bindparam("party"),
        outbound.c.patient == bindparam("who"),
        outbound.c.state.in_(bindparam("states", expanding=True)),
    )
    .order_by(outbound.c.seq)
)
