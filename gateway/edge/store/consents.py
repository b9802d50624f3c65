"""What patients permit: every version of every consent, and what a change does to queued messages."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from gateway.core.audit import AuditAction, AuditEntry
from gateway.edge.audit.append import append, fresh_id
from gateway.edge.store import journal, statements
from gateway.edge.store.reopen import reopen
from gateway.edge.store.rows import Consent, ConsentIn, Recorded
from gateway.edge.store.writer import Step, Tx


def record(tx: Tx, items: Sequence[ConsentIn]) -> list[Recorded | Exception]:
    """Store consent versions, raise their patients' epochs, and re-open every queued message that they touch."""
    return [_record(tx, item) for item in items]


def _record(tx: Tx, item: ConsentIn) -> Recorded:
    reopened = changed(tx, item.patient, "consent-changed")
    version = (tx.connection.execute(statements.NEWEST_VERSION, {"id": item.id}).scalar_one() or 0) + 1
    row = {
        "id": item.id,
        "version": version,
        "record": item.record,
        "patient": item.patient,
        "party": item.actor,
        "status": item.status,
        "recorded_at": tx.at,
    }
    tx.connection.execute(statements.ADD_CONSENT, [row])
    journal.put(tx, "consent", [(item.record, item.patient, item.payload)])
    append(tx, [_entry(tx, item, version)])
    return Recorded(version, reopened)


def changed(tx: Tx, patient: str, reason: str) -> int:
    """Raise a patient's epoch, so that no attempt begins on what was decided before; give how many were re-opened."""
    tx.connection.execute(statements.ADD_PATIENT, [{"new_pseudonym": patient}])
    tx.connection.execute(statements.RAISE_EPOCH, {"who": patient})
    # What is leaving now is left alone: its next attempt, if there is one, meets the new epoch.
    queued = tx.connection.execute(statements.QUEUED_FOR, {"who": patient}).all()
    reopen(tx, queued, reason)
    return len(queued)


def _entry(tx: Tx, item: ConsentIn, version: int) -> AuditEntry:
    return AuditEntry(
        id=fresh_id(),
        recorded_at=tx.at,
        action=AuditAction.CONSENT,
        actor=item.actor,
        patient=item.patient,
        message=f"{item.id}/{version}",
        reason=item.status,
    )


def consent(row: Row[Any]) -> Consent:
    """Read a row of a consent version together with its payload."""
    return Consent(
        row.id, row.record, row.version, row.patient, row.party, row.status, row.recorded_at, row.body, row.wrapped
    )


RECORD: Step[ConsentIn, Recorded] = Step("consent", record, announces=True)
