"""Where a message is, as a FHIR Task (FHIR R4, task.html): one output for each recipient."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.core.line import FINAL, WAITING, State


@dataclass(frozen=True, slots=True)
class Delivery:
    """One outgoing message: who it is for (a role or a registered name, never a person), and its state."""

    recipient: str
    state: State


def message_task(message_id: str, received: float, changed: float, deliveries: Sequence[Delivery]) -> dict[str, Any]:
    """Give the Task of a message; `received` and `changed` are epoch seconds, UTC."""
    return {
        "resourceType": "Task",
        "id": message_id,
        "status": _status([delivery.state for delivery in deliveries]),
        "intent": "order",
        "authoredOn": _instant(received),
        "lastModified": _instant(changed),
        **({"output": [_output(delivery) for delivery in deliveries]} if deliveries else {}),
    }


def _status(states: Sequence[State]) -> str:
    """In progress until every delivery is final; completed only if every recipient acknowledged."""
    if not states:
        return "completed"
    if any(state in WAITING for state in states):
        return "on-hold"
    if any(state not in FINAL for state in states):
        return "in-progress"
    if all(state is State.ACKNOWLEDGED for state in states):
        return "completed"
    return "rejected" if all(state is State.REFUSED for state in states) else "failed"


def _output(delivery: Delivery) -> dict[str, Any]:
    return {"type": {"text": delivery.recipient}, "valueCode": delivery.state.value}


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
