"""Every statement the store runs, named, once for both databases.

`FOR UPDATE … SKIP LOCKED` compiles to nothing on SQLite, whose one writer needs none. States stand as literals, so that
both planners recognise the partial indexes.
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    Select,
    Text,
    Update,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from gateway.core.line import State
from gateway.edge.store.schema import (
    WAITS,
    attempt,
    audit,
    consent,
    destination,
    event,
    inbound,
    outbound,
    patient,
    payload,
    receipt,
)

HELD_BACK_BY = outbound.alias("earlier")


def _in(state: State) -> ColumnElement[bool]:
    return outbound.c.state == literal(state.value, literal_execute=True)


def _many(name: str) -> Any:
    return bindparam(name, expanding=True)


# Intake

KNOWN_KEYS = select(inbound.c.id, inbound.c.sender, inbound.c.key_mac, inbound.c.content_mac).where(
    inbound.c.sender.in_(_many("senders")), inbound.c.key_mac.in_(_many("keys"))
)
KNOWN_IDS = select(inbound.c.id, inbound.c.once_mac, inbound.c.content_mac).where(inbound.c.once_mac.in_(_many("ids")))
ADD_INBOUND = insert(inbound)
ADD_OUTBOUND = insert(outbound)
ADD_PAYLOAD = insert(payload)
ADD_PATIENT = insert(patient).from_select(
    ["pseudonym", "epoch"],
    select(cast(bindparam("new_pseudonym"), Text), literal(0)).where(
        ~exists().where(patient.c.pseudonym == bindparam("new_pseudonym"))
    ),
)
ADD_DESTINATION = insert(destination).from_select(
    ["name", "up", "since", "retry_at"],
    select(cast(bindparam("new_name"), Text), literal(True), cast(bindparam("at"), Double), literal(0.0)).where(
        ~exists().where(destination.c.name == bindparam("new_name"))
    ),
)
INBOUND = select(inbound).where(inbound.c.id == bindparam("id"))
EARLIER = (
    select(inbound.c.id, inbound.c.sender, inbound.c.business_mac)
    .where(inbound.c.patient == bindparam("who"))
    .order_by(inbound.c.received_at.desc(), inbound.c.id)
)
FROM_SENDERS = (
    select(inbound.c.id, inbound.c.sender, inbound.c.patient)
    .where(inbound.c.sender.in_(_many("senders")), inbound.c.received_at >= bindparam("since"))
    .order_by(inbound.c.received_at.desc(), inbound.c.id)
)
NOTES_OF = (
    select(inbound.c.id, inbound.c.business_mac).where(inbound.c.patient == bindparam("who")).order_by(inbound.c.id)
)

# The log

ADD_EVENT = insert(event)
ADD_AUDIT = insert(audit)
LAST_RECORDED = select(audit.c.recorded_at).order_by(audit.c.seq.desc()).limit(1)

# Decision

CLAIM_RECEIVED = (
    select(outbound)
    .where(_in(State.RECEIVED), outbound.c.due <= bindparam("at"))
    .order_by(outbound.c.due, outbound.c.seq)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
HOLD_RECEIVED = (
    update(outbound)
    .where(outbound.c.id == bindparam("key"))
    .values(due=bindparam("until"), token=outbound.c.token + 1, failures=outbound.c.failures + 1)
)
SOURCES = (
    select(inbound, payload.c.body, payload.c.wrapped)
    .join_from(inbound, payload, payload.c.record == inbound.c.id, isouter=True)
    .where(inbound.c.id.in_(_many("ids")))
)
EPOCHS = (
    select(patient.c.pseudonym, patient.c.epoch)
    .where(patient.c.pseudonym.in_(_many("patients")))
    .order_by(patient.c.pseudonym)
)
HOLD_EPOCHS = EPOCHS.with_for_update(read=True)
DROP_PAYLOADS = delete(payload).where(payload.c.record.in_(_many("records")))


@lru_cache(maxsize=64)
def move(columns: tuple[str, ...]) -> Update:
    """Give the update that moves a message by its id, token and state and sets `columns`, given as `to_…`."""
    return (
        update(outbound)
        .where(
            outbound.c.id == bindparam("key"),
            outbound.c.token == bindparam("held"),
            outbound.c.state == bindparam("was"),
        )
        .values({name: bindparam(f"to_{name}") for name in columns})
    )


# Delivery

READY_DESTINATIONS = select(destination.c.name).where(
    destination.c.retry_at <= bindparam("at"),
    exists().where(_in(State.SEALED), outbound.c.destination == destination.c.name, outbound.c.due <= bindparam("at")),
)
DESTINATION = select(destination).where(destination.c.name == bindparam("party")).with_for_update()
CLAIM_SEALED = (
    select(outbound)
    .where(
        _in(State.SEALED),
        outbound.c.destination == bindparam("party"),
        outbound.c.due <= bindparam("at"),
        ~exists().where(
            HELD_BACK_BY.c.destination == outbound.c.destination,
            HELD_BACK_BY.c.case_key == outbound.c.case_key,
            HELD_BACK_BY.c.seq < outbound.c.seq,
            HELD_BACK_BY.c.open,
        ),
    )
    .order_by(outbound.c.due, outbound.c.seq)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True, of=outbound)
)
BODIES = select(payload.c.record, payload.c.body, payload.c.wrapped).where(payload.c.record.in_(_many("records")))
ADD_ATTEMPT = insert(attempt)
END_ATTEMPT = (
    update(attempt)
    .where(attempt.c.outbound == bindparam("key"), attempt.c.token == bindparam("held"), attempt.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"), outcome=bindparam("ended"))
)
DEFER_FOLLOWERS = (
    update(outbound)
    .where(
        outbound.c.destination == bindparam("party"),
        outbound.c.case_key == bindparam("case"),
        outbound.c.open,
        _in(State.SEALED),
        outbound.c.seq > bindparam("after"),
        outbound.c.due < bindparam("until"),
    )
    .values(due=bindparam("until"))
)
FREE_FOLLOWERS = (
    update(outbound)
    .where(
        outbound.c.destination == bindparam("party"),
        outbound.c.case_key == bindparam("case"),
        outbound.c.open,
        _in(State.SEALED),
        outbound.c.seq > bindparam("after"),
        outbound.c.due > bindparam("now"),
        ~outbound.c.sending,
    )
    .values(due=bindparam("now"))
)
PLACES = select(outbound.c.id, outbound.c.seq, outbound.c.destination, outbound.c.case_key).where(
    outbound.c.id.in_(_many("ids"))
)
PROBE_LATER = update(destination).where(destination.c.name == bindparam("party")).values(retry_at=bindparam("until"))
MARK_DOWN = (
    update(destination)
    .where(destination.c.name == bindparam("party"), destination.c.up)
    .values(up=False, since=bindparam("at"), retry_at=bindparam("until"))
)
MARK_UP = (
    update(destination)
    .where(destination.c.name == bindparam("party"), ~destination.c.up)
    .values(up=True, since=bindparam("at"), retry_at=0.0)
)
DESTINATIONS = select(destination).order_by(destination.c.name)

# Receipts

CORRELATED = (
    select(outbound)
    .where(outbound.c.correlation == bindparam("correlation"), outbound.c.destination == bindparam("party"))
    .order_by(outbound.c.seq.desc())
    .limit(1)
    .with_for_update()
)
KNOWN_RECEIPT = select(receipt.c.outbound).where(
    receipt.c.destination == bindparam("party"), receipt.c.content_mac == bindparam("content")
)
KNOWN_RECEIPTS = select(receipt.c.destination, receipt.c.content_mac).where(
    receipt.c.content_mac.in_(_many("contents"))
)
ADD_RECEIPT = insert(receipt)
EARLY_RECEIPTS = select(receipt.c.outbound).where(
    receipt.c.outbound.in_(_many("ids")), receipt.c.verdict == "late", receipt.c.positive
)
OVERDUE = (
    select(outbound)
    .where(_in(State.DELIVERED), outbound.c.due <= bindparam("at"))
    .order_by(outbound.c.due)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)

# Consent

NEWEST_VERSION = select(func.max(consent.c.version)).where(consent.c.id == bindparam("id"))
ADD_CONSENT = insert(consent)
RAISE_EPOCH = update(patient).where(patient.c.pseudonym == bindparam("who")).values(epoch=patient.c.epoch + 1)
QUEUED_FOR = (
    select(outbound)
    .where(_in(State.SEALED), outbound.c.patient == bindparam("who"), ~outbound.c.sending)
    .with_for_update(skip_locked=True)
)
LEAVING_FOR = select(func.count()).where(
    _in(State.SEALED), outbound.c.patient == bindparam("who"), outbound.c.sending, outbound.c.due > bindparam("at")
)


def _consents() -> Select[Any]:
    return select(consent, payload.c.body, payload.c.wrapped).join_from(
        consent, payload, payload.c.record == consent.c.record, isouter=True
    )


CONSENT_HISTORY = _consents().where(consent.c.id == bindparam("id")).order_by(consent.c.version)
CONSENTS_OF = _consents().where(consent.c.patient.in_(_many("patients"))).order_by(consent.c.id, consent.c.version)

# Operators

MESSAGE = select(outbound).where(outbound.c.id == bindparam("id"))
MESSAGE_TO_MOVE = MESSAGE.with_for_update()
EVENTS_OF = select(event).where(event.c.outbound == bindparam("id")).order_by(event.c.seq)
ATTEMPTS_OF = select(attempt).where(attempt.c.outbound == bindparam("id")).order_by(attempt.c.token)
RECEIPTS_OF = select(receipt).where(receipt.c.outbound == bindparam("id")).order_by(receipt.c.received_at)
REASONS_OF = (
    select(receipt.c.id, receipt.c.outbound, payload.c.body, payload.c.wrapped)
    .join_from(receipt, payload, payload.c.record == receipt.c.id)
    .where(receipt.c.outbound.in_(_many("ids")), ~receipt.c.positive)
    .order_by(receipt.c.received_at)
)
MESSAGES_OF = select(outbound).where(outbound.c.inbound == bindparam("id")).order_by(outbound.c.seq)
NEWEST = select(outbound).order_by(outbound.c.seq.desc()).limit(bindparam("limit"))
NEWEST_IN = NEWEST.where(outbound.c.state == bindparam("state"))
DEAD_LETTERS = select(outbound).where(WAITS).order_by(outbound.c.seq.desc()).limit(bindparam("limit"))
BACKLOG = select(func.count()).select_from(
    select(literal(1)).select_from(outbound).where(outbound.c.open).limit(bindparam("limit")).subquery()
)
CENSUS = select(outbound.c.state, func.count().label("messages")).group_by(outbound.c.state)

# Keys

WRAPPED_BY_OTHERS = (
    select(payload.c.record, payload.c.kind, payload.c.wrapped)
    .where(payload.c.kek != bindparam("kek"), payload.c.wrapped.is_not(None))
    .limit(bindparam("limit"))
    .with_for_update()
)
REWRAP = (
    update(payload)
    .where(payload.c.record == bindparam("key"))
    .values(wrapped=bindparam("to_wrapped"), kek=bindparam("to_kek"))
)
DESTROY = (
    update(payload)
    .where(payload.c.patient == bindparam("who"), payload.c.wrapped.is_not(None))
    .values(wrapped=None, body=None)
)
MARK_ERASED = update(patient).where(patient.c.pseudonym == bindparam("who")).values(erased_at=bindparam("at"))
