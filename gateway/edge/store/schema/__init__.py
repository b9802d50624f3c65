"""The tables, once, for SQLite and PostgreSQL.

No column holds a value of a person in plain text. What a peer chose (business ids, idempotency keys, consent ids)
stands as a keyed pseudonym, since a peer may put anything there; what a message says stands encrypted in `payload`.
Times are seconds since the epoch, UTC, by the database's clock.
"""

from gateway.edge.store.schema.absences import absence, absence_file, absence_issue, worker
from gateway.edge.store.schema.base import SEQUENCE, WAITS, metadata
from gateway.edge.store.schema.log import audit, log_checkpoint, log_tree, log_verification
from gateway.edge.store.schema.messages import (
    attempt,
    destination,
    ebms_owed,
    ebms_received,
    edi_sent,
    edi_turn,
    event,
    inbound,
    key_mark,
    outbound,
    payload,
    proof,
    receipt,
)
from gateway.edge.store.schema.officers import follow_up, log_volume, log_watch, review, review_note, rule_set
from gateway.edge.store.schema.persons import consent, notice, patient

__all__ = [
    "SEQUENCE",
    "WAITS",
    "absence",
    "absence_file",
    "absence_issue",
    "attempt",
    "audit",
    "consent",
    "destination",
    "ebms_owed",
    "ebms_received",
    "edi_sent",
    "edi_turn",
    "event",
    "follow_up",
    "inbound",
    "key_mark",
    "log_checkpoint",
    "log_tree",
    "log_verification",
    "log_volume",
    "log_watch",
    "metadata",
    "notice",
    "outbound",
    "patient",
    "payload",
    "proof",
    "receipt",
    "review",
    "review_note",
    "rule_set",
    "worker",
]
