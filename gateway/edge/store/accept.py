"""T1: an incoming message and its outgoing ones are on disk before its sender gets an answer."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row

from gateway.core.audit import AuditAction, AuditEntry
from gateway.core.errors import SamspillError
from gateway.core.line import State
from gateway.edge.audit.append import append, fresh_id
from gateway.edge.store import journal, statements
from gateway.edge.store.rows import Accepted, Arrival, Destination, Inbound
from gateway.edge.store.writer import Step, Tx

_OTHER_UNDER_KEY: Final = "the key was used before, for a message with another content; give each message its own"
_OTHER_UNDER_ID: Final = "the id was used before, for a message with another content; give each message its own"


class Conflict(SamspillError):
    """The sender used an idempotency key, or the id of a message (`at` its place), for another content (HTTP 409)."""

    def __init__(self, what: str, at: str = "") -> None:
        self.at = at
        super().__init__(what)


def accept(tx: Tx, arrivals: Sequence[Arrival]) -> list[Accepted | Exception]:
    """Store what is new; give what was here before the same answer, or `Conflict` if its content differs.

    A message was here before when its sender's key was, or its id under whatever key.
    """
    keys, ids = _known(tx, arrivals)
    new: list[Arrival] = []
    answers: list[Accepted | Exception] = []
    for arrival in arrivals:
        key, this = (arrival.sender, arrival.key_mac), (arrival.id, arrival.content_mac)
        if before := keys.get(key):
            answers.append(_again(before, arrival, Conflict(_OTHER_UNDER_KEY)))
        elif arrival.once_mac and (before := ids.get(arrival.once_mac)):
            answers.append(_again(before, arrival, Conflict(_OTHER_UNDER_ID, arrival.id_at)))
        else:
            keys[key] = this
            ids |= {arrival.once_mac: this} if arrival.once_mac else {}
            new.append(arrival)
            answers.append(Accepted(arrival.id))
    if new:
        _store(tx, new)
    return answers


def _known(
    tx: Tx, arrivals: Sequence[Arrival]
) -> tuple[dict[tuple[str, str], tuple[str, str]], dict[str, tuple[str, str]]]:
    """Give what was stored under these senders' keys, and under these ids: its own id, and what it contains."""
    told = {
        "senders": sorted({arrival.sender for arrival in arrivals}),
        "keys": [arrival.key_mac for arrival in arrivals],
    }
    keys = tx.connection.execute(statements.KNOWN_KEYS, told)
    named = [arrival.once_mac for arrival in arrivals if arrival.once_mac]
    ids = tx.connection.execute(statements.KNOWN_IDS, {"ids": named}) if named else ()
    return (
        {(row.sender, row.key_mac): (row.id, row.content_mac) for row in keys},
        {row.once_mac: (row.id, row.content_mac) for row in ids},
    )


def _again(before: tuple[str, str], arrival: Arrival, otherwise: Conflict) -> Accepted | Exception:
    return Accepted(before[0], again=True) if before[1] == arrival.content_mac else otherwise


def _store(tx: Tx, arrivals: list[Arrival]) -> None:
    connection = tx.connection
    connection.execute(
        statements.ADD_PATIENT, [{"new_pseudonym": who} for who in sorted({a.patient for a in arrivals})]
    )
    connection.execute(statements.ADD_INBOUND, [_inbound(tx, arrival) for arrival in arrivals])
    journal.put(tx, "inbound", [(arrival.id, arrival.patient, arrival.payload) for arrival in arrivals])
    rows = [
        _outbound(tx, arrival.id, arrival.case_key, arrival.patient, name, destination)
        for arrival in arrivals
        for name, destination in arrival.destinations
    ]
    _queue(tx, rows)
    append(tx, [_entry(tx, arrival) for arrival in arrivals])


def _queue(tx: Tx, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    parties = sorted({row["destination"] for row in rows})
    tx.connection.execute(statements.ADD_DESTINATION, [{"new_name": party, "at": tx.at} for party in parties])
    tx.connection.execute(statements.ADD_OUTBOUND, rows)


def _inbound(tx: Tx, arrival: Arrival) -> dict[str, Any]:
    return {
        "id": arrival.id,
        "format": arrival.format,
        "sender": arrival.sender,
        "key_mac": arrival.key_mac,
        "content_mac": arrival.content_mac,
        "business_mac": arrival.business_mac,
        "case_key": arrival.case_key,
        "patient": arrival.patient,
        "received_at": tx.at,
        "once_mac": arrival.once_mac,
    }


def once_more(tx: Tx, copy: Row[Any], name: str, destination: Destination) -> str:
    """Add a copy more of a message to the same destination, an officer having cleared what was held of it."""
    row = _outbound(tx, copy.inbound, copy.case_key, copy.patient, name, destination)
    _queue(tx, [row | {"round": copy.round + 1}])
    return name


def _outbound(tx: Tx, source: str, case_key: str, patient: str, name: str, destination: Destination) -> dict[str, Any]:
    return {
        "id": name,
        "inbound": source,
        "destination": destination.party,
        "recipient": destination.recipient,
        "format": destination.format,
        "purpose": destination.purpose,
        "case_key": case_key,
        "patient": patient,
        "state": State.RECEIVED.value,
        "open": True,
        "due": tx.at,
        "token": 0,
        "failures": 0,
        "attempts": 0,
        "sending": False,
        "reason": "",
        "created_at": tx.at,
        "round": 0,
    }


def _entry(tx: Tx, arrival: Arrival) -> AuditEntry:
    return AuditEntry(
        id=fresh_id(),
        recorded_at=tx.at,
        action=AuditAction.ACCEPTED,
        actor=arrival.sender,
        patient=arrival.patient,
        message=arrival.id,
        digest=arrival.content_mac,
    )


def add_destination(tx: Tx, items: Sequence[tuple[Inbound, str, Destination]]) -> list[str | Exception]:
    """Add an outgoing message to a stored incoming one, for a later act of the patient; it starts at `received`."""
    return [_add(tx, source, name, destination) for source, name, destination in items]


def _add(tx: Tx, source: Inbound, name: str, destination: Destination) -> str:
    for row in tx.connection.execute(statements.MESSAGES_OF, {"id": source.id}):
        if (
            row.state != State.REFUSED
            and Destination(row.destination, row.recipient, row.format, row.purpose) == destination
        ):
            return str(row.id)
    _queue(tx, [_outbound(tx, source.id, source.case_key, source.patient, name, destination)])
    entry = AuditEntry(
        id=fresh_id(),
        recorded_at=tx.at,
        action=AuditAction.DESTINATION_ADDED,
        actor="patient",
        recipient=destination.party,
        patient=source.patient,
        message=name,
        purpose=destination.purpose,
    )
    append(tx, [entry])
    return name


ACCEPT: Step[Arrival, Accepted] = Step("accept", accept, announces=True)
ADD_DESTINATION: Step[tuple[Inbound, str, Destination], str] = Step("add-destination", add_destination, announces=True)
